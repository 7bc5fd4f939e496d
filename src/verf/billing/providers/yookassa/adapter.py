"""YooKassa: payments and saved methods, no subscriptions. The calendar is ours."""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from verf.billing.providers.calls import reading
from verf.billing.providers.events import Event, NotAble, ProviderRefused
from verf.billing.providers.orders import Charge, Opened, Order
from verf.billing.providers.pictures import Payment, Picture, Refund, Subject
from verf.billing.providers.provider import Abilities
from verf.billing.providers.readings import made_at, moment, written
from verf.billing.providers.unable import Unable
from verf.billing.providers.yookassa.answers import checkout_of, order_of, payment_of, refund_of, without_secrets
from verf.billing.providers.yookassa.bodies import charge_body, checkout_body, refund_body
from verf.billing.providers.yookassa.notifications import came_from, read
from verf.billing.providers.yookassa.settings import YooKassaSettings
from verf.billing.providers.yookassa.wire import TITLE, Wire
from verf.billing.states import Engine
from verf.kit import Money, now
from verf.settings import House, load
from verf.web import _

# YooKassa remembers a key for 24 hours; a little less, so that the answer still comes in time.
KEY_LIVES = timedelta(hours=23)
# A page that nobody confirms ends after this long.
PAGE_LIVES = timedelta(hours=1)
LONGEST_REASON = 200


class YooKassa(Unable):
    name = "yookassa"
    title = TITLE
    abilities = Abilities(
        engine=Engine.OWN,
        currencies=frozenset({"RUB"}),
        can_save_methods=True,
        can_close_checkouts=False,
        signs=False,
    )

    def __init__(self, settings: YooKassaSettings) -> None:
        self._settings = settings
        self._wire = Wire(settings)
        self.account = settings.shop_id
        self.abilities = replace(type(self).abilities, can_save_methods=settings.recurring)
        self.is_live = settings.secret_key.get_secret_value().startswith("live_")

    def __repr__(self) -> str:
        return f"YooKassa(shop {self.account})"

    async def verify(self, headers: Mapping[str, str], body: bytes, *, sender: str) -> Event:
        came_from(sender, self._settings.networks, allow_loopback=load(House).is_sandbox)
        return read(body, account=self.account, is_live=self.is_live)

    async def locate(self, event: Event) -> Subject | None:
        return event.subject

    async def fetch(self, subject: Subject) -> Picture | None:
        """A checkout is its payment. Of a method there is nothing to keep that a payment would not bring."""
        taken_at = now()
        if subject.kind not in ("payment", "checkout"):
            return None
        seen = await self._wire.get("payments", subject.ref)
        if seen is None:
            return None
        refunds = [each async for each in self._wire.pages("refunds", payment_id=subject.ref)]
        return reading(TITLE, lambda found: self._picture(found, refunds, taken_at), seen)

    async def list_changes(self, since: datetime) -> AsyncIterator[Subject]:
        """What was made, was paid or given back since then; a page lives an hour, so a failed one is at most so old."""
        moved: dict[str, datetime] = {}
        for asked in ({"created_at.gte": written(since - PAGE_LIVES)}, {"captured_at.gte": written(since)}):
            async for seen in self._wire.pages("payments", **asked):
                moved[seen["id"]] = moment(seen.get("captured_at") or seen["created_at"])
        async for seen in self._wire.pages("refunds", **{"created_at.gte": written(since)}):
            moved[seen["payment_id"]] = moment(seen["created_at"])
        for ref in sorted(moved, key=lambda ref: (moved[ref], ref)):
            yield Subject("payment", ref)

    async def list_payments(self, since: datetime, until: datetime) -> AsyncIterator[Payment]:
        refunds: dict[str, list[dict[str, Any]]] = defaultdict(list)
        async for refund in self._wire.pages("refunds", **{"created_at.gte": written(since)}):
            refunds[refund["payment_id"]].append(refund)
        window = {"created_at.gte": written(since), "created_at.lt": written(until)}
        async for seen in self._wire.pages("payments", **window):
            yield reading(TITLE, lambda found: payment_of(found, refunds[found["id"]]), seen)

    async def open_checkout(self, order: Order) -> Opened:
        self._must_be_able(order)
        seen = await self._made_before(str(order.id), str(order.id))
        if seen is None:
            seen = await self._wire.post("payments", body=checkout_body(order, self._settings), key=str(order.id))
        return reading(TITLE, lambda found: _opened(found, order), seen)

    async def close_checkout(self, ref: str) -> None:
        """YooKassa takes back held money only. A page nobody has paid ends by itself within the hour: NotAble.

        Who pays on it nevertheless has paid an order of ours, and the house decides what that means.
        """
        seen = await self._wire.get("payments", ref)
        status = (seen or {}).get("status", "canceled")
        if status == "succeeded":
            raise ProviderRefused(_("This order has been paid."), provider_code="paid")
        if status == "waiting_for_capture":
            await self._wire.post("payments", ref, "cancel", body={}, key=f"cancel:{ref}")
        if status == "pending":
            raise NotAble(_("%(provider)s cannot take a payment page back.", provider=TITLE), provider_code=status)

    async def charge(self, charge: Charge) -> Payment:
        self._must_be_able(charge)
        seen = await self._made_before(str(charge.id), charge.key)
        if seen is None:
            seen = await self._wire.post("payments", body=charge_body(charge, self._settings), key=charge.key)
        return reading(TITLE, payment_of, seen)

    async def refund(self, payment: str, money: Money, *, key: str, reason: str, email: str = "") -> Refund:
        # A refund knows no metadata: its key, shortened, ends its description.
        mark = hashlib.sha256(key.encode()).hexdigest()[:8]
        made = await self._refunded_before(payment, mark) if is_old(key) else None
        if made is None:
            paid = await self._wire.get("payments", payment)
            title = (paid or {}).get("description") or reason
            description = f"{reason[:LONGEST_REASON]} · {mark}"
            body = refund_body(
                payment, money, description=description, title=title, email=email, settings=self._settings
            )
            made = await self._wire.post("refunds", body=body, key=key)
        return reading(TITLE, refund_of, made)

    async def _made_before(self, order: str, key: str) -> Any | None:
        """A payment made by an earlier try whose key YooKassa may have forgotten: repeating it would charge twice."""
        made = made_at(order)
        if made is None or now() - made < KEY_LIVES:
            return None
        # The clock of YooKassa may be a little behind ours.
        window = {"created_at.gte": written(made - timedelta(minutes=5))}
        async for seen in self._wire.pages("payments", **window):
            told = seen.get("metadata") or {}
            if told.get("order_id") == order and told.get("charge", key) == key:
                return seen
        return None

    async def _refunded_before(self, payment: str, mark: str) -> Any | None:
        async for seen in self._wire.pages("refunds", payment_id=payment):
            if str(seen.get("description") or "").endswith(mark):
                return seen
        return None

    def _picture(self, seen: Mapping[str, Any], refunds: list[dict[str, Any]], taken_at: datetime) -> Picture:
        return Picture(
            provider=self.name,
            account=str((seen.get("recipient") or {}).get("account_id") or self.account),
            is_live=not seen.get("test", not self.is_live),
            subject=Subject("payment", seen["id"]),
            taken_at=taken_at,
            checkout=checkout_of(seen),
            payments=(payment_of(seen, refunds),),
            raw={"payment": without_secrets(seen), "refunds": refunds},
        )


def is_old(key: str) -> bool:
    made = made_at(key)
    return made is not None and now() - made >= KEY_LIVES


def _opened(seen: Mapping[str, Any], order: Order) -> Opened:
    url = (seen.get("confirmation") or {}).get("confirmation_url")
    if not url or seen["status"] != "pending" or order_of(seen) != order.id:
        raise ProviderRefused(_("This checkout is over. Start a new one."), provider_code=str(seen["status"]))
    ends = moment(seen["created_at"]) + PAGE_LIVES
    return Opened(ref=seen["id"], url=url, expires_at=min(order.expires_at, ends))
