"""The hand of the test: sellers and tokens to read, the truth to compare with, faults and changes to make.

Mounted at /sandbox/api/wildberries. Reading the truth never counts against any limit.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request

from stock.simulators.wildberries.bodies import (
    CardChange,
    CardName,
    DemandChange,
    NewFault,
    NewSecret,
    NewSeller,
    SettingsChange,
    StockChange,
    TokenName,
)
from stock.simulators.wildberries.calls import Settings
from stock.simulators.wildberries.catalogue import Card
from stock.simulators.wildberries.gateway import Gateway
from stock.simulators.wildberries.methods import METHODS
from stock.simulators.wildberries.moments import when_of
from stock.simulators.wildberries.places import HIDDEN_ID
from stock.simulators.wildberries.sellers import Seller, Spec
from stock.simulators.wildberries.shelves import WB
from stock.simulators.wildberries.shop import Shop
from stock.simulators.wildberries.statistics import by_day
from verf.errors import Unavailable

router = APIRouter(tags=["wildberries"])
_running: list[Gateway] = []


def create(folder: Path) -> Gateway:
    """The simulated service, keeping its state in a folder. The control router speaks to the one made last."""
    gateway = Gateway(Path(folder), METHODS)
    _running[:] = [gateway]
    return gateway


def running(request: Request) -> Gateway:
    """The sandbox keeps its simulators in the state of its application; elsewhere it is the one made last."""
    mounted = getattr(request.app.state, "simulators", {}).get("wildberries")
    if isinstance(mounted, Gateway):
        return mounted
    if not _running:
        raise Unavailable("The Wildberries simulator is not running.")
    return _running[0]


Running = Annotated[Gateway, Depends(running)]


def found(gateway: Running, seller: str) -> Seller:
    return gateway.sellers.find(seller)


Found = Annotated[Seller, Depends(found)]


# Sellers


def _summary(gateway: Gateway, seller: Seller) -> dict[str, Any]:
    spec = seller.spec
    return {
        "id": seller.id,
        "alias": spec.alias,
        "name": spec.name,
        "products": spec.products,
        "tokens": gateway.tokens.of(seller.id),
    }


@router.get("/sellers")
def list_sellers(gateway: Running) -> list[dict[str, Any]]:
    """All sellers with one token of each kind; a token that has ended or was revoked is replaced by a fresh one."""
    return [_summary(gateway, seller) for seller in gateway.sellers]


@router.post("/sellers", status_code=201)
def create_seller(gateway: Running, wanted: NewSeller) -> dict[str, Any]:
    """Make another seller, with a history like the others."""
    spec = Spec(**wanted.model_dump(), seed=gateway.sellers.seed)
    return _summary(gateway, gateway.sellers.create(spec))


@router.get("/sellers/{seller}")
def show_seller(gateway: Running, seller: Found) -> dict[str, Any]:
    """One seller, by id or alias."""
    return _summary(gateway, seller)


# Truth


@router.get("/sellers/{seller}/truth")
def truth(
    gateway: Running, seller: Found, zeros: bool = True, own: Literal["live", "report"] = "live"
) -> list[dict[str, int]]:
    """What a perfect reader knows. Rows of warehouse -999999 as of the last refresh; own warehouses as they are now
    (`own=live`, what /api/v3/stocks says) or as of the last refresh (`own=report`, what seller-warehouses says)."""
    with gateway.sellers.visit(seller) as shop:
        rows = _stock_rows(shop, WB, HIDDEN_ID, shop.view.shelf[WB].tolist())
        for source, warehouse in enumerate(shop.warehouses, start=1):
            shelf = shop.shelf if own == "live" else shop.view.shelf
            rows += _stock_rows(shop, source, warehouse.id, shelf[source].tolist())
    return [row for row in rows if zeros or row["quantity"]]


def _stock_rows(shop: Shop, source: int, warehouse_id: int, quantities: list[int]) -> list[dict[str, int]]:
    cards, owner = shop.catalogue.cards, shop.catalogue.card_of_size
    return [
        {
            "nm_id": cards[owner[size]].nm_id,
            "chrt_id": shop.catalogue.chrt_ids[size],
            "warehouse_id": warehouse_id,
            "quantity": quantity,
        }
        for size, quantity in enumerate(quantities)
        if not cards[owner[size]].trashed_at and (source == WB or quantity or shop.is_own[source, size])
    ]


@router.get("/sellers/{seller}/truth/orders")
def truth_of_orders(gateway: Running, seller: Found) -> dict[str, Any]:
    """Orders, cancellations (by day of order), sales and returns (by their own day) of each Moscow day, as visible."""
    with gateway.sellers.visit(seller) as shop:
        days = list(by_day(shop, shop.view.at))
        moment = shop.view.at
    totals = {name: sum(day[name] for day in days) for name in ("orders", "cancelled", "sales", "returns")}
    return {"visible_at": when_of(moment).isoformat(), "days": days, "totals": totals}


@router.get("/sellers/{seller}/world")
def world(gateway: Running, seller: Found) -> dict[str, Any]:
    """Where this seller's world stands, and whether its units still add up."""
    with gateway.sellers.visit(seller) as shop:
        return {
            "at": when_of(shop.at).isoformat(),
            "visible_at": when_of(shop.view.at).isoformat(),
            "cards": sum(not card.trashed_at for card in shop.catalogue.cards),
            "sizes": len(shop.catalogue.chrt_ids),
            "orders": len(shop.orders),
            "supplies": len(shop.supplies),
            "is_balanced": shop.is_balanced(),
            "warehouses": [{"id": warehouse.id, "name": warehouse.name} for warehouse in shop.warehouses],
        }


@router.get("/sellers/{seller}/cards")
def list_cards(
    gateway: Running,
    seller: Found,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 1000,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[dict[str, Any]]:
    """Articles with their sizes, prices, what lies on all shelves now and how fast they sell on an ordinary day."""
    with gateway.sellers.visit(seller) as shop:
        return [_card(shop, card) for card in shop.catalogue.cards[offset : offset + limit]]


def _card(shop: Shop, card: Card) -> dict[str, Any]:
    return {
        "nm_id": card.nm_id,
        "vendor_code": card.vendor_code,
        "title": card.title,
        "is_trashed": bool(card.trashed_at),
        "price": card.price,
        "discount": card.discount,
        "chrt_ids": [shop.catalogue.chrt_ids[size] for size in card.size_numbers],
        "orders_a_day": round(float(shop.appetite.rate[list(card.size_numbers)].sum()), 3),
        "quantity": int(shop.shelf[:, list(card.size_numbers)].sum()),
    }


# Changes


@router.post("/sellers/{seller}/stock", status_code=204)
def set_stock(gateway: Running, seller: Found, change: StockChange) -> None:
    """Put exactly so many units on the shelf, for one size or for each size of a card. Seen at the next refresh."""
    gateway.sellers.change(seller, "stock", **change.model_dump())


@router.post("/sellers/{seller}/demand", status_code=204)
def set_demand(gateway: Running, seller: Found, change: DemandChange) -> None:
    """From now on the card sells `factor` times as fast as by itself."""
    gateway.sellers.change(seller, "demand", **change.model_dump())


@router.post("/sellers/{seller}/card", status_code=204)
def edit_card(gateway: Running, seller: Found, change: CardChange) -> None:
    """Change a card. Prices do not move its moment of change, everything else does."""
    fields = change.model_dump(exclude={"nm_id"}, exclude_none=True)
    gateway.sellers.change(seller, "card", nm_id=change.nm_id, fields=fields)


@router.post("/sellers/{seller}/trash", status_code=204)
def trash_card(gateway: Running, seller: Found, card: CardName) -> None:
    """Throw a card into the trash; what lay on its shelves is written off."""
    gateway.sellers.change(seller, "trash", nm_id=card.nm_id)


@router.post("/sellers/{seller}/recover", status_code=204)
def recover_card(gateway: Running, seller: Found, card: CardName) -> None:
    """Take a card out of the trash, with empty shelves."""
    gateway.sellers.change(seller, "recover", nm_id=card.nm_id)


# Tokens


@router.post("/tokens/revoke", status_code=204)
def revoke_token(gateway: Running, wanted: TokenName) -> None:
    """The owner withdraws a token: it answers 401 from now on."""
    gateway.tokens.revoke(wanted.token)


@router.post("/sellers/{seller}/user", status_code=204)
def restore_user(gateway: Running, seller: Found) -> None:
    """The deleted user is back."""
    gateway.tokens.restore_user(seller.id)


@router.delete("/sellers/{seller}/user", status_code=204)
def delete_user(gateway: Running, seller: Found) -> None:
    """The user who made this seller's tokens is deleted: all calls answer 403 until restored."""
    gateway.tokens.delete_user(seller.id)


@router.post("/secrets", status_code=201)
def new_secret(gateway: Running, wanted: NewSecret) -> dict[str, str]:
    """A service secret for X-Client-Secret; several are valid side by side until their own ends."""
    secret, until = gateway.tokens.new_secret(days=wanted.days)
    return {"secret": secret, "expires_at": when_of(until).isoformat()}


# Faults


@router.get("/faults")
def list_faults(gateway: Running) -> list[dict[str, Any]]:
    """Faults that can still strike."""
    return gateway.faults.active()


@router.post("/faults", status_code=201)
def add_fault(gateway: Running, wanted: NewFault) -> dict[str, int]:
    """Let something go wrong: for one seller or all, on paths like a pattern, so many times or so long."""
    fields = wanted.model_dump(exclude={"kind"})
    fields["seller"] = gateway.sellers.find(wanted.seller).id if wanted.seller else ""
    return {"id": gateway.faults.add(wanted.kind, **fields).id}


@router.delete("/faults", status_code=204)
def clear_faults(gateway: Running) -> None:
    """Nothing goes wrong any more."""
    gateway.faults.clear()


@router.delete("/faults/{number}", status_code=204)
def clear_fault(gateway: Running, number: int) -> None:
    """Clear one fault."""
    gateway.faults.clear(number)


@router.post("/modes/{mode}", status_code=204)
def set_mode(gateway: Running, mode: Literal["golden", "soak", "hostile"]) -> None:
    """All faults at once: `golden` none, `soak` as in real life, `hostile` everything that can go wrong."""
    gateway.faults.set_mode(mode)


# The log and the switches


@router.get("/requests")
def list_requests(
    gateway: Running, seller: str = "", limit: Annotated[int, Query(ge=1, le=200_000)] = 200_000
) -> list[dict[str, Any]]:
    """Requests in the order they came, oldest first; `was_early` when one was sent before the limit allowed it."""
    sid = gateway.sellers.find(seller).id if seller else ""
    chosen = [entry.shown() for entry in list(gateway.log) if sid in ("", entry.seller)]
    return chosen[-limit:]


@router.delete("/requests", status_code=204)
def forget_requests(gateway: Running) -> None:
    """Empty the log of requests."""
    gateway.log.clear()


@router.get("/settings")
def show_settings(gateway: Running) -> dict[str, Any]:
    """The switches of the whole simulated marketplace."""
    return {name: getattr(gateway.settings, name) for name in Settings.__dataclass_fields__}


@router.patch("/settings")
def change_settings(gateway: Running, change: SettingsChange) -> dict[str, Any]:
    """Turn switches; those not named stay as they are."""
    for name, value in change.model_dump(exclude_none=True).items():
        setattr(gateway.settings, name, value)
    return show_settings(gateway)


@router.delete("/limits", status_code=204)
def fill_buckets(gateway: Running) -> None:
    """Every bucket is full again."""
    gateway.limits.forget()


@router.post("/pause", status_code=204)
def pause(gateway: Running) -> None:
    """The worlds stand still (limits and tokens do not), so that a comparison is not overtaken by a refresh."""
    gateway.sellers.pause()


@router.delete("/pause", status_code=204)
def resume(gateway: Running) -> None:
    """The worlds go on and catch up with the clock."""
    gateway.sellers.resume()
