"""Payment links: open until the first payment (OneTime) or their end, and then not there any more."""

from datetime import datetime
from typing import Any

from verf.kit import now
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.wata.errors import no_entity
from verf.sandbox.payments.wata.terminal import TERMINAL, TERMINAL_NAME, Terminal, number, zulu

SHOWN = ("orderId", "description", "successRedirectUrl", "failRedirectUrl")


class Links:
    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def create(self, wanted: Document) -> Document:
        identity, at = self._terminal.identity(), now()
        link = {"id": identity, **wanted, "status": "Opened", "created_at": at.isoformat()}
        self._terminal.store.put("link", identity, link)
        self._terminal.agenda.plan(f"link {identity}", datetime.fromisoformat(link["expires_at"]), "link", identity)
        return link

    def find(self, identity: str) -> Document:
        link = self._terminal.store.get("link", identity)
        if link is None:
            raise no_entity("PaymentLink", identity)
        return link

    def all(self) -> list[Document]:
        return self._terminal.store.all("link")

    def close(self, link: Document) -> None:
        self._terminal.store.put("link", link["id"], {**link, "status": "Closed"})

    def remove(self, identity: str) -> None:
        self._terminal.agenda.forget(f"link {identity}")
        self._terminal.store.remove("link", identity)

    def shown(self, link: Document) -> dict[str, Any]:
        return {
            "id": link["id"],
            "type": link["type"],
            "amount": number(link["amount"], link["currency"]),
            "currency": link["currency"],
            "status": link["status"],
            "url": f"{self._terminal.address}/pay/{link['id']}",
            "terminalName": TERMINAL_NAME,
            "terminalPublicId": TERMINAL,
            "creationTime": zulu(datetime.fromisoformat(link["created_at"])),
            **{name: link.get(name) for name in SHOWN},
            "expirationDateTime": zulu(datetime.fromisoformat(link["expires_at"])),
        }
