import asyncio
import socket
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
import uvicorn
from browsing import Visitor, open_browser
from fastapi import FastAPI
from starlette.responses import RedirectResponse

from verf.kit import now
from verf.manifest import Simulator
from verf.sandbox import Mailbox, create_sandbox

MARKET = Simulator(
    name="market", title="The Market", create=lambda _folder: RedirectResponse("/"), documentation="Sells things."
)


@pytest.fixture
async def address(tmp_path) -> AsyncIterator[str]:
    """The sandbox on a port of its own, in this event loop."""
    house = FastAPI()
    house.mount("/sandbox", create_sandbox([MARKET], tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(house, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/sandbox"
        server.should_exit = True
        await serving


@pytest.fixture
def mail(tmp_path) -> str:
    message = EmailMessage()
    message["From"], message["To"] = "verf <no-reply@verf.localhost>", "anna@example.org"
    message["Subject"] = "Подтвердите адрес электронной почты, пожалуйста " * 3
    message.set_content("Слова " * 200)
    message.add_alternative("<script>document.title = 'stolen'</script><p>Words</p>", subtype="html")
    return Mailbox(tmp_path).keep("no-reply@verf.localhost", ["anna@example.org"], message.as_bytes())


@pytest.mark.browser
@pytest.mark.parametrize("screen", [{"theme": "light"}, {"theme": "dark", "phone": True}])
async def test_the_pages_look_right_everywhere(chromium, tmp_path, address, mail, screen):
    async with open_browser(chromium, tmp_path) as browser:
        visitor = await Visitor.arrive(browser, address, **screen)
        visitor.expected = ["Blocked script execution"]  # the script in the mail, which is what we want
        for path in ("/", "/mail", "/docs", f"/mail/{mail}"):
            await visitor.go(path)
            await visitor.look(f"sandbox{path.replace('/', '-')[:6]}")
        await visitor.page.get_by_role("tab", name="Headers").click()
        await visitor.look("sandbox-headers")
        assert "stolen" not in await visitor.page.title()
        await visitor.leave()


@pytest.mark.browser
async def test_new_mail_appears_and_the_clock_moves_by_itself(chromium, tmp_path, address):
    async with open_browser(chromium, tmp_path) as browser:
        visitor = await Visitor.arrive(browser, address)
        await visitor.go("/mail")
        Mailbox(tmp_path).keep("a@example.org", ["b@example.org"], b"Subject: Fresh\r\n\r\nNews")
        await visitor.page.get_by_role("link", name="Fresh").click()
        assert "News" in await visitor.page.content()
        await visitor.go("/")
        before = now()
        await visitor.page.get_by_role("button", name="+1 day").click()
        await visitor.page.get_by_text("86400 seconds ahead").wait_for()
        assert (now() - before).days >= 1
        await visitor.leave()
