from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from letters import ALARM, RECEIPT, Order

from verf.database import transaction
from verf.jobs import drain
from verf.notifications import notify, recent_mails
from verf.notifications.manifest import room
from verf.web import install

TEA = Order(number=7, customer="Anna")


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install(app)
    for router in room.routers:
        app.include_router(router)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


async def tell(person, notice=RECEIPT, key="7") -> None:
    async with transaction() as session:
        await notify(session, person.id, notice, TEA, key=key)
    await drain()


async def states() -> list[str]:
    async with transaction() as session:
        return [mail.state for mail in await recent_mails(session)]


def way_out(mailbox) -> str:
    head = mailbox.source(mailbox.newest()[0].id).decode()
    [line] = [line for line in head.splitlines() if line.startswith("List-Unsubscribe: ")]
    return line.removeprefix("List-Unsubscribe: <").removesuffix(">").partition("127.0.0.1:8000")[2]


async def test_one_click_from_a_mail_program_works_at_once(person, mailbox, browser):
    anna = await person()
    await tell(anna)
    link = way_out(mailbox)
    answer = await browser.post(
        link, content="List-Unsubscribe=One-Click", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 200
    await tell(anna, key="8")
    assert await states() == ["unwanted", "sent"]


async def test_looking_at_the_link_changes_nothing(person, mailbox, browser):
    anna = await person()
    await tell(anna)
    for _ in range(2):
        answer = await browser.get(way_out(mailbox))
        assert answer.status_code == 200
        assert "Stop these messages" in answer.text
    await tell(anna, key="8")
    assert await states() == ["sent", "sent"]


async def test_a_change_of_mind_is_one_click_too(person, mailbox, browser):
    anna = await person()
    await tell(anna)
    link = way_out(mailbox)
    await browser.post(link)
    await browser.post(link)
    assert "have stopped" in (await browser.get(link)).text
    assert "Stop these messages" in (await browser.post(f"{link}/undo")).text
    await tell(anna, key="8")
    assert await states() == ["sent", "sent"]


async def test_other_kinds_and_other_people_are_not_concerned(person, mailbox, browser):
    anna, boris = await person(), await person("boris@example.org")
    await tell(anna)
    await browser.post(way_out(mailbox))
    await tell(anna, ALARM)
    await tell(boris)
    assert await states() == ["sent", "sent", "sent"]


@pytest.mark.parametrize("token", ["x", "a" * 500, "%00", "%D0%B9"])
async def test_a_link_that_is_not_ours_is_a_404(database, browser, token):
    assert (await browser.post(f"/unsubscribe/{token}")).status_code == 404


async def test_another_site_cannot_unsubscribe_with_a_form(person, mailbox, browser):
    anna = await person()
    await tell(anna)
    answer = await browser.post(
        way_out(mailbox), headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
