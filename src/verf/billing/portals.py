"""The provider's own page, where a customer changes cards and addresses that we never see."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from verf.billing.mirroring import live_subscription
from verf.billing.models import Subscription
from verf.billing.owners import customer_of
from verf.billing.providers.events import NotAble
from verf.billing.providers.registry import provider
from verf.billing.steering import NotSubscribed
from verf.database import transaction
from verf.settings import House, load
from verf.web import _


@dataclass(frozen=True)
class Portal:
    url: str
    provider: str


async def open_portal(organisation: UUID, product: str) -> Portal:
    """Calls outside: not inside a transaction."""
    async with transaction(organisation=organisation) as session:
        row = await live_subscription(session, organisation, product)
        if row is None or row.provider == "house":
            raise NotSubscribed(_("There is no paid subscription yet."))
        account = (row.provider, row.account, row.is_live)
        customer = row.customer or await customer_of(session, organisation, account)
        name, ref, subscription = row.provider, row.ref, row.id
    source = provider(name)
    if not source.abilities.has_portal or not customer:
        raise NotAble(_("%(provider)s has no such page.", provider=source.title))
    only = ref if await _is_shared(subscription) else ""
    return Portal(await source.portal(customer, f"{load(House).url}/billing?product={product}", only=only), name)


async def _is_shared(subscription: UUID) -> bool:
    """Some providers keep one customer for an address of mail: another organisation may pay from the same."""
    ours, theirs = aliased(Subscription), aliased(Subscription)
    same = (
        theirs.provider == ours.provider,
        theirs.account == ours.account,
        theirs.is_live == ours.is_live,
        theirs.customer == ours.customer,
        theirs.organisation_id != ours.organisation_id,
    )
    query = select(theirs.id).join(ours, and_(*same)).where(ours.id == subscription, ours.customer != "").limit(1)
    async with transaction(system="billing: whether a provider's customer is that of two organisations") as session:
        return await session.scalar(query) is not None
