from email.message import EmailMessage

from verf.sandbox import Mailbox

NASTY = "<script>alert(1)</script>"


def keep(folder, subject="Hello", html="<p>Hi</p>") -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", "anna@example.org", subject
    message.set_content(f"words {NASTY}")
    message.add_alternative(html, subtype="html")
    return Mailbox(folder).keep("shop@example.com", ["anna@example.org"], message.as_bytes())


async def test_all_pages_have_a_strict_policy_and_no_inline_script_or_style(browser, tmp_path):
    mail = keep(tmp_path)
    for path in ("/", "/mail", "/docs", f"/mail/{mail}"):
        answer = await browser.get(path)
        assert answer.status_code == 200, path
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "<style" not in answer.text
        assert " style=" not in answer.text
        assert "<script>" not in answer.text
        assert " onclick" not in answer.text


async def test_what_a_mail_says_is_never_markup_of_the_page(browser, tmp_path):
    mail = keep(tmp_path, subject=NASTY)
    for path in ("/mail", f"/mail/{mail}", "/mail?q=" + NASTY):
        assert NASTY not in (await browser.get(path)).text


async def test_the_html_of_a_mail_runs_nothing_and_loads_nothing(browser, tmp_path):
    mail = keep(tmp_path, html=f"<p>Hi</p>{NASTY}<img src='https://tracker.example/1.png'>")
    policy = (await browser.get(f"/mail/{mail}/html")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "script-src" not in policy


async def test_mails_are_found_by_words_in_any_case(browser, tmp_path):
    keep(tmp_path, subject="ПОДТВЕРДИТЕ адрес")
    keep(tmp_path, subject="Receipt")
    found = (await browser.get("/mail", params={"q": "подтвердите"})).text
    assert "ПОДТВЕРДИТЕ" in found
    assert "Receipt" not in found
    assert "No mail matches" in (await browser.get("/mail", params={"q": "100%_"})).text


async def test_long_lists_are_paged(browser, tmp_path):
    for number in range(51):
        keep(tmp_path, subject=f"Subject-{number:02}")
    assert "Subject-00" not in (await browser.get("/mail")).text
    assert "Subject-00" in (await browser.get("/mail?page=2")).text


async def test_an_empty_mailbox_says_what_to_do(browser):
    assert "Sign up" in (await browser.get("/mail")).text
