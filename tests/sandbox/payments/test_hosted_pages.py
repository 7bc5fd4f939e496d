"""The hosted pages in a real browser: everywhere, for everybody."""

import asyncio
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from browsing import Visitor, open_browser
from fastapi import FastAPI

from verf.sandbox import create_sandbox
from verf.sandbox.payments.wata import WATA
from verf.sandbox.payments.yookassa import YOOKASSA

RECEIPT_ITEM = {
    "description": "Stock tracker Pro, a month",
    "quantity": "1",
    "amount": {"value": "2990.00", "currency": "RUB"},
    "vat_code": 1,
    "payment_subject": "service",
    "payment_mode": "full_payment",
}


@pytest.fixture
async def address(tmp_path) -> AsyncIterator[str]:
    house = FastAPI()
    house.mount("/sandbox", create_sandbox([WATA, YOOKASSA], tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(house, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/sandbox"
        server.should_exit = True
        await serving


async def yookassa_page(address: str) -> str:
    body = {
        "amount": RECEIPT_ITEM["amount"],
        "capture": True,
        "save_payment_method": True,
        "description": RECEIPT_ITEM["description"],
        "confirmation": {"type": "redirect", "return_url": f"{address}/mail"},
        "receipt": {"customer": {"email": "anna@example.org"}, "items": [RECEIPT_ITEM]},
    }
    async with httpx.AsyncClient(auth=("100500", "test_sandbox")) as http:
        answer = await http.post(f"{address}/yookassa/v3/payments", json=body, headers={"Idempotence-Key": "k"})
    return f"/yookassa/checkout/payments/v2/contract?orderId={answer.json()['id']}"


async def wata_page(address: str) -> str:
    body = {"amount": 2990, "currency": "RUB", "description": "Очень длинное описание заказа " * 8, "orderId": "1" * 60}
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sandbox"}) as http:
        redirects = {"successRedirectUrl": f"{address}/mail", "failRedirectUrl": f"{address}/mail"}
        answer = await http.post(f"{address}/wata/api/h2h/links", json={**body, **redirects})
        await http.post(f"{address}/api/wata/settings", json={"asks_first": False})
    return f"/wata/pay/{answer.json()['id']}"


@pytest.mark.browser
@pytest.mark.parametrize("screen", [{"theme": "light"}, {"theme": "dark", "phone": True}])
@pytest.mark.parametrize("page_of", [yookassa_page, wata_page])
async def test_a_person_is_declined_and_pays(chromium, tmp_path, address, screen, page_of):
    async with open_browser(chromium, tmp_path) as browser:
        visitor = await Visitor.arrive(browser, address, **screen)
        await visitor.go(await page_of(address))
        await visitor.look(f"checkout-{page_of.__name__}")
        if page_of is wata_page:
            await visitor.page.get_by_label("Decline: stolen card").check()
            await visitor.page.get_by_role("button", name="Pay").click()
            await visitor.page.get_by_role("alert").wait_for()
            await visitor.look(f"checkout-{page_of.__name__}-declined")
        await visitor.page.get_by_label("The bank says yes").check()
        await visitor.page.get_by_role("button", name="Pay").click()
        await visitor.page.wait_for_url("**/mail")
        await visitor.page.go_back()
        await visitor.page.reload()
        await visitor.page.get_by_role("status").wait_for()
        await visitor.look(f"checkout-{page_of.__name__}-paid")
        await visitor.leave()
