"""What comes over the webhook, and what is let in."""

from contextlib import suppress
from datetime import timedelta

import pytest
from starlette.datastructures import Headers

from verf.billing.providers.events import Forged, Malformed, Stale, WebhookRefused

OUTSIDE = "8.8.8.8"


@pytest.fixture
async def told(world):
    """A world in which somebody has paid and the provider has said so."""
    world.bought = await world.buy()
    return world


async def test_authentic_webhooks_are_accepted_and_lead_to_the_root(told):
    assert told.letters
    assert [letter.refused for letter in told.letters if letter.refused] == []
    roots = [await told.provider.locate(letter.event) for letter in told.letters]
    assert told.bought.root in roots


async def test_an_event_says_who_it_concerns_and_in_which_mode(told):
    event = told.telling().event
    assert (event.account, event.is_live) == (told.provider.account, told.provider.is_live)
    assert event.key
    assert event.id
    assert event.kind


async def test_a_changed_body_is_forged(told):
    letter = told.telling()
    changed = letter.body[:-1] + b" }"
    told.at(letter.at)
    if told.abilities.signs:
        with pytest.raises(Forged):
            await told.event(letter.headers, changed)
    else:
        # A hint like any other: it says nothing that is believed, the object is read again.
        assert (await told.event(letter.headers, changed)).subject == letter.event.subject


async def test_without_its_signature_it_is_forged(told):
    letter = told.telling()
    plain = {"content-type": "application/json"}
    told.at(letter.at)
    with pytest.raises(Forged):
        await told.event(plain, letter.body, sender="127.0.0.1" if told.abilities.signs else OUTSIDE)


async def test_a_signature_by_another_secret_is_forged(told):
    letter = told.telling()
    told.at(letter.at)
    if told.case.name == "wata":
        # Its key is public and fetched: the stranger is a sender with a key of his own.
        headers = {**letter.headers, "x-signature": "QUJD" * 80}
        with pytest.raises(Forged):
            await told.event(headers, letter.body)
    elif told.abilities.signs:
        with pytest.raises(Forged):
            await told.event(letter.headers, letter.body, provider=told.case.stranger())
    else:
        with pytest.raises(Forged):
            await told.event(letter.headers, letter.body, sender=OUTSIDE)


async def test_while_secrets_are_rotated_both_are_good(told):
    letter = told.telling()
    told.at(letter.at)
    fresh = told.case.rotated or told.case.provider
    assert (await told.event(letter.headers, letter.body, provider=fresh())).id == letter.event.id


@pytest.mark.parametrize("off", [timedelta(minutes=-20), timedelta(minutes=20)], ids=["early", "late"])
async def test_a_webhook_out_of_time_is_stale(told, off):
    letter = told.telling()
    told.at(letter.at + off)
    if told.case.signs_time:
        with pytest.raises(Stale):
            await told.event(letter.headers, letter.body)
    else:
        # Nothing in it is signed with a time, and what it says is read again anyway.
        assert (await told.event(letter.headers, letter.body)).id == letter.event.id


async def test_a_webhook_just_in_time_is_taken(told):
    letter = told.telling()
    for off in (timedelta(seconds=-4), timedelta(seconds=4)):
        told.at(letter.at + off)
        assert (await told.event(letter.headers, letter.body)).id == letter.event.id


async def test_a_webhook_cut_off_is_refused(told):
    letter = told.telling()
    told.at(letter.at)
    for length in (1, len(letter.body) // 2, len(letter.body) - 1):
        with pytest.raises(WebhookRefused):
            await told.event(letter.headers, letter.body[:length])


@pytest.mark.parametrize("body", [b"not json", b"[]", b"null", b"7", b"{}", b'"text"', b"\xff\xfe", b"[" * 50_000])
async def test_what_is_signed_and_no_message_is_malformed(told, body):
    headers, body = told.signed(body)
    with pytest.raises(Malformed):
        await told.event(headers, body)


async def test_an_empty_body_is_refused(told):
    letter = told.telling()
    told.at(letter.at)
    with pytest.raises(WebhookRefused):
        await told.event(letter.headers, b"")
    headers, body = told.signed(b"")
    with pytest.raises(WebhookRefused):
        await told.event(headers, body)


async def test_an_unknown_kind_is_taken_and_names_nothing(told):
    headers, body = told.signed(told.altered(told.telling(), "unknown"))
    event = await told.event(headers, body)
    assert event.subject is None
    assert event.id
    assert await told.provider.locate(event) is None


async def test_a_webhook_for_another_account_says_so(told):
    letter = told.telling()
    if "account" in told.case.alter:
        headers, body = told.signed(told.altered(letter, "account"))
        assert (await told.event(headers, body)).account != told.provider.account
    else:
        # The body names no account: the secret is the account's own.
        told.at(letter.at)
        with pytest.raises(Forged):
            await told.event(letter.headers, letter.body, provider=told.case.stranger())


async def test_a_webhook_of_the_other_mode_says_so(told):
    letter = told.telling()
    if "mode" in told.case.alter:
        headers, body = told.signed(told.altered(letter, "mode"))
        assert (await told.event(headers, body)).is_live != told.provider.is_live
    else:
        # The body names no mode: each mode signs with a key of its own.
        headers = {**letter.headers, **dict.fromkeys(told.signed(b"{}")[0], "")}
        told.at(letter.at)
        with pytest.raises(Forged):
            await told.event(headers, letter.body)


async def test_an_event_that_comes_twice_has_one_id(world):
    await world.turn(duplicate={})
    await world.buy()
    ids = [letter.event.id for letter in world.letters if not letter.event.question]
    assert len(ids) >= 2
    assert all(ids.count(each) % 2 == 0 for each in ids)


async def test_a_redelivery_is_the_same_event(told):
    before = {letter.event.id for letter in told.letters}
    await told.live(minutes=30)
    for delivery in (await told.http.get(f"/sandbox/api/{told.case.name}/deliveries")).json():
        await told.control(f"deliveries/{delivery['id']}/again")
    assert len(told.letters) >= 2 * len(before)
    assert {letter.event.id for letter in told.letters} == before


async def test_different_events_have_different_ids(told):
    by_body = {letter.body: letter.event.id for letter in told.letters}
    assert len(set(by_body.values())) == len(by_body)


async def test_header_names_are_found_in_whatever_letters_they_came(told):
    letter = told.telling()
    told.at(letter.at)
    shouted = [(name.upper().encode(), value.encode()) for name, value in letter.headers.items()]
    lowered = Headers(raw=[(name.lower(), value) for name, value in shouted])
    assert (await told.event(lowered, letter.body)).id == letter.event.id


async def test_a_refusal_tells_the_sender_nothing(told):
    letter = told.telling()
    told.at(letter.at + timedelta(days=3))
    for headers, body, sender in (({}, letter.body, OUTSIDE), (letter.headers, b"", "127.0.0.1")):
        with pytest.raises(WebhookRefused) as refused:
            await told.event(headers, body, sender=sender)
        assert str(refused.value) == "The webhook was refused."
        assert refused.value.reason
        assert refused.value.status == 400


async def test_garbage_in_every_field_is_never_a_crash(told):
    said = told.telling().said
    for name in list(said):
        for garbage in (None, 7, "", [], {}, {"id": 7}, "x" * 10_000):
            headers, body = told.signed(said | {name: garbage})
            with suppress(WebhookRefused):
                event = await told.event(headers, body)
                assert isinstance(event.id, str)
                assert isinstance(event.kind, str)
