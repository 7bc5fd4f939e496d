"""A real SMTP server which accepts everything and delivers nothing, unless told to misbehave."""

import asyncio
from logging import WARNING, getLogger
from pathlib import Path
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session

from verf.sandbox.files import read_json, write_json
from verf.sandbox.mailbox import Mailbox
from verf.sandbox.settings import SandboxSettings
from verf.settings import House, load

HOST = "127.0.0.1"
LARGEST_MAIL = 30 * 2**20
SLOW_SECONDS = 3.0
# It would log every address it hears.
getLogger("mail.log").setLevel(WARNING)
DEFAULT_DISTANCE = 25


def smtp_address(folder: Path) -> tuple[str, int] | None:
    """Where the sandbox in `folder` takes mail, for processes that did not start it."""
    address = read_json(folder / "smtp.json")
    return (str(address["host"]), int(address["port"])) if address else None


class SmtpServer:
    """`async with SmtpServer(folder) as smtp: smtp.port`; runs in the caller's event loop."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self._folder = folder
        self._wanted = load(SandboxSettings).smtp_port if port is None else port
        self._mailbox = Mailbox(folder)
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self.host = HOST
        self.port = 0

    async def start(self) -> None:
        self._server = await self._listen()
        self.port = self._server.sockets[0].getsockname()[1]
        write_json(self._folder / "smtp.json", {"host": self.host, "port": self.port})

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._open):
            connection.hang_up()
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _listen(self) -> asyncio.Server:
        loop, house_port = asyncio.get_running_loop(), load(House).port
        if self._wanted or not house_port:
            return await loop.create_server(self._connection, HOST, self._wanted)
        try:
            return await loop.create_server(self._connection, HOST, house_port + DEFAULT_DISTANCE)
        except (OSError, OverflowError):
            return await loop.create_server(self._connection, HOST, 0)

    def _connection(self) -> "_Connection":
        return _Connection(self._mailbox, self._open)


class _Connection(SMTP):
    def __init__(self, mailbox: Mailbox, connections: "set[_Connection]") -> None:
        super().__init__(
            _Postman(mailbox),
            hostname="sandbox.localhost",
            ident="verf sandbox",
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )
        self._mailbox = mailbox
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.add(self)
        super().connection_made(transport)
        if self._mailbox.suffer("down"):
            self.hang_up()

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        super().connection_lost(error)

    def hang_up(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class _Postman:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    # The names and parameters are aiosmtpd's.
    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        match await asyncio.to_thread(self._mailbox.suffer, "reject", "greylist"):
            case "reject":
                return "550 5.1.1 No such mailbox here (sandbox fault: reject)"
            case "greylist":
                return "451 4.7.1 Try again later (sandbox fault: greylist)"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        if await asyncio.to_thread(self._mailbox.suffer, "slow"):
            await asyncio.sleep(SLOW_SECONDS)
        raw = envelope.original_content or b""
        recipients = [str(address) for address in envelope.rcpt_tos]
        identity = await asyncio.to_thread(self._mailbox.keep, envelope.mail_from or "", recipients, raw)
        return f"250 2.0.0 Kept as {identity}"
