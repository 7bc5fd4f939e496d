import os
import signal
import subprocess
import sys
from email.message import EmailMessage

import aiosmtplib
import pytest

from verf.sandbox import Mailbox, SmtpServer, smtp_address

KEEPER = """
import sys, asyncio
from pathlib import Path
from verf.sandbox import SmtpServer
async def main():
    async with SmtpServer(Path(sys.argv[1]), port=0) as server:
        print(server.port, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def letter(subject="Hello", to="anna@example.org", **more) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", to, subject
    message.set_content(more.get("text", "Plain words"))
    if "html" in more:
        message.add_alternative(more["html"], subtype="html")
    return message


async def post(smtp, message, **more):
    return await aiosmtplib.send(message, hostname=smtp.host, port=smtp.port, start_tls=False, timeout=10, **more)


async def test_a_mail_is_shown_as_outside_scripts_expect(browser, smtp):
    await post(smtp, letter("Привет, мир 🌍", text="Ваш код 1", html="<p>Ваш <b>код</b></p>"))
    [mail] = (await browser.get("/api/mail")).json()
    assert list(mail) == ["id", "to", "subject", "text", "html", "at"]
    assert mail["to"] == "anna@example.org"
    assert mail["subject"] == "Привет, мир 🌍"
    assert mail["text"] == "Ваш код 1\n"
    assert mail["html"] == "<p>Ваш <b>код</b></p>\n"


async def test_mails_come_newest_first_and_can_be_asked_for_by_address(browser, smtp):
    for number, to in enumerate(["anna@example.org", "boris@example.org", "anna@example.org"]):
        await post(smtp, letter(f"Number {number}", to=to))
    everything = (await browser.get("/api/mail")).json()
    assert [mail["subject"] for mail in everything] == ["Number 2", "Number 1", "Number 0"]
    annas = (await browser.get("/api/mail", params={"to": "Anna@Example.org", "limit": 1})).json()
    assert [mail["subject"] for mail in annas] == ["Number 2"]


async def test_a_mail_is_dated_by_the_business_clock(browser, smtp):
    await browser.post("/api/clock", json={"advance_seconds": 40 * 86400})
    await post(smtp, letter())
    [mail] = (await browser.get("/api/mail")).json()
    assert mail["at"] <= (await browser.get("/api/clock")).json()["now"]
    assert mail["at"] > "2026"


async def test_one_mail_shows_headers_links_and_attachments(browser, smtp):
    message = letter(html='<a href="https://verf.example/verify?token=1&amp;x=2">Confirm</a>')
    message.add_attachment(b"1,2", maintype="text", subtype="csv", filename="отчёт.csv")
    await post(smtp, message)
    [summary] = (await browser.get("/api/mail")).json()
    mail = (await browser.get(f"/api/mail/{summary['id']}")).json()
    assert mail["links"] == ["https://verf.example/verify?token=1&x=2"]
    assert mail["attachments"] == [{"name": "отчёт.csv", "type": "text/csv", "size": 3}]
    assert {"name": "From", "value": "shop@example.com"} in mail["headers"]
    source = await browser.get(f"/api/mail/{summary['id']}/source")
    assert source.headers["content-type"] == "message/rfc822"
    assert b"Subject: Hello" in source.content


async def test_a_mail_that_nobody_can_parse_is_kept_all_the_same(browser, smtp):
    head = b"From: a@example.org\r\nContent-Type: text/plain; charset=no-such\r\nSubject: =?x?q?\xff\x00"
    raw = head + b"\r\n\r\n\xff\xfe\x00 body"
    async with aiosmtplib.SMTP(hostname=smtp.host, port=smtp.port, start_tls=False) as client:
        await client.sendmail("a@example.org", ["anna@example.org"], raw)
    [mail] = (await browser.get("/api/mail")).json()
    assert "body" in mail["text"]
    assert (await browser.get(f"/mail/{mail['id']}")).status_code == 200


async def test_the_mailbox_can_be_emptied(browser, smtp):
    await post(smtp, letter())
    assert (await browser.delete("/api/mail")).status_code == 204
    assert (await browser.get("/api/mail")).json() == []


async def test_an_unknown_mail_is_a_404_with_a_sentence(browser):
    answer = await browser.get("/api/mail/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "not in the sandbox" in answer.json()["detail"]


async def test_accepted_mail_survives_kill_9(tmp_path):
    keeper = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs meanwhile
        [sys.executable, "-c", KEEPER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(keeper.stdout.readline())
        assert smtp_address(tmp_path) == ("127.0.0.1", port)
        await aiosmtplib.send(letter("Survivor"), hostname="127.0.0.1", port=port, start_tls=False)
    finally:
        os.kill(keeper.pid, signal.SIGKILL)
        keeper.wait()
        keeper.stdout.close()
    assert [mail.subject for mail in Mailbox(tmp_path).newest()] == ["Survivor"]


@pytest.mark.parametrize("mode, code", [("reject", 550), ("greylist", 451)])
async def test_recipients_can_be_refused_a_number_of_times(browser, smtp, mode, code):
    answer = await browser.post("/api/mail/faults", json={"mode": mode, "count": 1})
    assert answer.json() == {"mode": mode, "count": 1}
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await post(smtp, letter())
    assert refused.value.recipients[0].code == code
    await post(smtp, letter())
    assert (await browser.get("/api/mail/faults")).json() == {"mode": None, "count": None}


async def test_the_server_can_be_down_until_told_otherwise(browser, smtp):
    await browser.post("/api/mail/faults", json={"mode": "down"})
    for _ in range(2):
        with pytest.raises((aiosmtplib.SMTPException, OSError)):
            await post(smtp, letter())
    await browser.post("/api/mail/faults", json={"mode": None})
    await post(smtp, letter())
    assert len((await browser.get("/api/mail")).json()) == 1


@pytest.mark.parametrize("wish", [{"mode": "explode"}, {"mode": "down", "count": 0}, {}, {"mode": None, "x": 1}])
async def test_an_unknown_fault_is_refused(browser, wish):
    assert (await browser.post("/api/mail/faults", json=wish)).status_code == 422


async def test_a_taken_port_is_no_reason_not_to_start(tmp_path, monkeypatch):
    async with SmtpServer(tmp_path) as first, SmtpServer(tmp_path / "other") as second:
        assert first.port != second.port


async def test_time_moves_mail_only_forward(browser, smtp):
    await post(smtp, letter("Before"))
    await browser.post("/api/clock", json={"advance_seconds": 60})
    await post(smtp, letter("After"))
    after, before = (await browser.get("/api/mail")).json()
    assert after["at"] > before["at"]
