import re
from html import unescape
from uuid import uuid4

import pytest
from letters import Order

from verf.notifications.catalogue import entry_of
from verf.notifications.composing import Reader, envelope, write

ANNA = Reader("anna@example.org", "Anna", "en")


def receipt(customer="Anna", **more):
    return write(entry_of("receipt"), Order(number=7, customer=customer), ANNA, **more)


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "Анна Ёлкина",
        "👩‍🚀🌍",
        'O\'Neill & "Söhne"',
        "x" * 5000,
        "</mj-text></mjml>",
        "{{ 7*7 }}",
    ],
)
def test_any_name_arrives_as_it_was_written_and_is_never_markup(name):
    letter = receipt(name)
    assert name in letter.text
    assert name in unescape(letter.html)
    assert "<script" not in letter.html
    assert letter.subject.startswith(f"Order 7 & thanks, {name}"[:200])
    assert "See the order" in letter.html


def test_control_characters_do_not_break_a_mail():
    letter = receipt("An\x00\x0b\x1bna")
    assert "Dear Anna" in letter.html
    assert "Dear Anna" in letter.text


@pytest.mark.parametrize("name", ["Anna\r\nBcc: victim@example.org", "Anna\nX-Evil: 1", "Anna\x85Bcc: a@b.example"])
def test_a_name_cannot_add_headers(name):
    message = envelope(receipt(name), ANNA, uuid4())
    assert message["Bcc"] is None
    assert message["X-Evil"] is None
    assert "\n" not in message["Subject"]
    head = message.as_bytes().partition(b"\r\n\r\n")[0]
    assert not re.search(rb"(?m)^(Bcc|X-Evil)", head)


@pytest.mark.parametrize("address", ["anna@example.org\r\nBcc: victim@example.org", "anna@example.org\nX: 1", "", "no"])
def test_an_address_cannot_add_headers(address):
    with pytest.raises(ValueError):  # noqa: PT011 - the library says it in several ways
        envelope(receipt(), Reader(address, "Anna", "en"), uuid4()).as_bytes()


def test_the_text_says_all_that_the_html_says():
    text = receipt().text
    assert "Dear Anna, thank you for order 7." in text
    assert "See the order: https://shop.example/orders/7?from=mail&kind=receipt" in text
    assert "- First point\n- Second point" in text
    assert "Ask us: https://shop.example/help" in text
    assert re.search(r"Tea\s+2\nCake\s+1", text)
    assert "It is on its way" not in text
    assert "color" not in text
    assert "\n\n\n" not in text


def test_a_notice_may_bring_its_own_text():
    letter = write(entry_of("alarm"), Order(1, "x"), Reader("a@example.org", "Anna & Co", "en"))
    assert letter.text == "Change your password, Anna & Co. (& stay calm)\n"


def test_no_tag_of_the_mail_language_is_left_over():
    assert "<mj-" not in receipt(unsubscribe_url="https://verf.example/unsubscribe/x").html


def test_the_way_out_stands_in_the_mail_when_there_is_one():
    letter = receipt(unsubscribe_url="https://verf.example/unsubscribe/x")
    assert 'href="https://verf.example/unsubscribe/x"' in letter.html
    assert "https://verf.example/unsubscribe/x" in letter.text
    assert "unsubscribe" not in receipt().html


def test_a_mail_loads_nothing_from_elsewhere():
    html = receipt().html
    assert "fonts.googleapis" not in html
    assert "<img" not in html


def test_writing_in_one_language_leaves_the_callers_alone():
    write(entry_of("alarm"), Order(1, "x"), Reader("a@example.org", "Анна", "ru"))
    assert write(entry_of("alarm"), Order(1, "x"), ANNA).subject == "Somebody else is in your account"


def test_an_unknown_notice_is_named():
    with pytest.raises(LookupError, match="no-such-notice"):
        entry_of("no-such-notice")
