"""Bringing a shop in: look at the token, ask Wildberries who it belongs to, put it into the vault, start reading."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stock.alerts import add_first_rule
from stock.connections import ERASING, MARKETPLACES, ConnectionView, row_of, view
from stock.models import Connection
from stock.permits import demand_plan, sync_every
from stock.sync import Account, NotYet, ask, next_sync, start_run
from stock.wildberries import (
    Group,
    MarketError,
    SellerToken,
    TokenRefused,
    Verdict,
    decode,
    judge,
    open_market,
)
from stock.wildberries.rows import text
from stock.wildberries.tokens import refusal
from verf.database import transaction
from verf.errors import Conflict, Invalid, Unavailable
from verf.kit import new_id, now
from verf.organisations import Tenant, fingerprint, forget, keep_secret, reveal
from verf.web import _

KIND = "wildberries-token"


class AlreadyConnected(Conflict):
    """This organisation follows this shop already."""


@dataclass(frozen=True)
class Introduction:
    """A token that may be used, and what it says of itself."""

    token: SellerToken
    verdict: Verdict
    seller_name: str


def inspect(marketplace: str, token: str) -> tuple[SellerToken, Verdict]:
    """Everything that can be known without asking anybody; raises Invalid with all reasons against the token."""
    if marketplace not in MARKETPLACES:
        message = _("We only know Wildberries so far.")
        raise Invalid(message, fields={"marketplace": message})
    seller = decode(token)
    verdict = judge(seller, now())
    if verdict.refusals:
        raise refusal(" ".join(verdict.refusals))
    return seller, verdict


async def introduce(marketplace: str, token: str) -> Introduction:
    """Ask Wildberries once whose token this is. The only question at onboarding: automated pings are punished."""
    seller, verdict = inspect(marketplace, token)
    account = Account(marketplace, seller.seller, seller.kind)
    try:
        answer = await ask(open_market(token), account, Group.SELLER_INFO, lambda market: market.seller_info())
    except NotYet:
        # Base tokens may ask once a day. The first page of cards will tell whether the token works.
        return Introduction(seller, verdict, "")
    except TokenRefused as error:
        raise refusal(
            _("Wildberries refused this token: it was revoked, or is not complete. Issue a new one.")
        ) from error
    except MarketError as error:
        if error.status == 429:
            return Introduction(seller, verdict, "")
        if 400 <= error.status < 500:
            raise refusal(_("Wildberries does not accept this token: %(reason)s", reason=str(error))) from error
        raise Unavailable(_("Wildberries did not answer. Your token looks right; try again in a minute.")) from error
    body = answer.body if isinstance(answer.body, dict) else {}
    return Introduction(seller, verdict, text(body.get("tradeMark") or body.get("name"), 100))


async def connect(tenant: Tenant, marketplace: str, token: str) -> ConnectionView:
    """Connect the shop and start its first sync. A shop whose token has died gets its new one the same way."""
    seller, _verdict = inspect(marketplace, token)
    async with transaction(organisation=tenant.organisation) as session:
        await demand_plan(session, tenant)
        await _refuse_known(session, marketplace, seller, token)
    introduction = await introduce(marketplace, token)
    async with transaction(organisation=tenant.organisation) as session:
        known = await _refuse_known(session, marketplace, seller, token)
        row = known or _new(tenant, marketplace, seller)
        await _take_token(session, row, introduction, token)
        if known is None:
            await add_first_rule(session, tenant)
        try:
            await start_run(session, row, trigger="first" if row.first_synced_at is None else "manual")
        except Conflict:
            row.next_sync_at = now()
        return view(row)


async def _refuse_known(session: AsyncSession, marketplace: str, seller: SellerToken, token: str) -> Connection | None:
    """The row to revive if this shop was here before and its token is dead; AlreadyConnected if it is alive."""
    print_ = fingerprint(KIND, token).hex()
    query = select(Connection).where(
        or_(Connection.seller == seller.seller, Connection.fingerprint == print_),
        Connection.marketplace == marketplace,
    )
    row = await session.scalar(query.with_for_update())
    if row is None:
        return None
    if row.state == ERASING:
        raise Conflict(_("The data of this shop is being deleted. Try again in a minute."))
    if row.state in ("disconnected", "invalid") or row.expires_at <= now():
        return row
    raise AlreadyConnected(
        _("This shop is connected already, as “%(name)s”. To change its token, replace it there.", name=view(row).name)
    )


def _new(tenant: Tenant, marketplace: str, seller: SellerToken) -> Connection:
    return Connection(
        id=new_id(),
        organisation_id=tenant.organisation,
        marketplace=marketplace,
        seller=seller.seller,
        seller_name="",
        state_reason="",
        created_by=tenant.person,
        created_at=now(),
    )


async def _take_token(session: AsyncSession, row: Connection, introduction: Introduction, token: str) -> None:
    seller = introduction.token
    if row.credential_id is not None:
        await forget(session, row.credential_id)
    row.credential_id = await keep_secret(session, row.organisation_id, KIND, token)
    row.fingerprint = fingerprint(KIND, token).hex()
    row.seller_name = introduction.seller_name or row.seller_name
    row.token_kind = seller.kind
    row.scopes = seller.scope_names
    row.read_only = seller.read_only
    row.expires_at = seller.expires_at
    row.warned_days = None
    row.state, row.state_at, row.state_reason = "active", now(), ""
    every = await sync_every(session, row.organisation_id)
    row.next_sync_at = next_sync(seller.kind, row.id, now(), every)
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise AlreadyConnected(_("This shop is connected already.")) from error


async def replace_token(tenant: Tenant, connection: UUID, marketplace: str, token: str) -> ConnectionView:
    """A new token for the same shop, before or after the old one has died."""
    async with transaction(organisation=tenant.organisation) as session:
        await demand_plan(session, tenant)
        await row_of(session, connection)
    introduction = await introduce(marketplace, token)
    async with transaction(organisation=tenant.organisation) as session:
        row = await row_of(session, connection, for_update=True)
        if row.seller != introduction.token.seller:
            raise refusal(_("This token belongs to another shop. Connect that shop instead."))
        await _take_token(session, row, introduction, token)
        try:
            await start_run(session, row, trigger="manual")
        except Conflict:
            row.next_sync_at = now()
        return view(row)


async def test(tenant: Tenant, connection: UUID) -> tuple[str, Literal["success", "info", "warning", "error"]]:
    """Whether the token of a shop still works, as a sentence; a dead one is noted at once."""
    async with transaction(organisation=tenant.organisation) as session:
        row = await row_of(session, connection)
        if row.credential_id is None:
            return _("This shop is disconnected. Connect it again first."), "warning"
        token = await reveal(session, row.credential_id)
    try:
        introduction = await introduce(row.marketplace, token)
    except (Invalid, Unavailable) as error:
        if isinstance(error, Invalid):
            async with transaction(organisation=tenant.organisation) as session:
                kept = await row_of(session, connection)
                kept.state, kept.state_reason, kept.state_at = "invalid", "token-refused", now()
        return str(error), "error"
    if not introduction.seller_name:
        return _("The token looks right. Wildberries lets us ask again later; the next sync will tell."), "info"
    return _("The token works: it belongs to %(name)s.", name=introduction.seller_name), "success"
