"""The provider's own page, where a customer changes cards and addresses that we never see."""

from dataclasses import dataclass
from uuid import UUID

from verf.billing.mirroring import live_subscription
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
        name = row.provider
    source = provider(name)
    if not source.abilities.has_portal or not customer:
        raise NotAble(_("%(provider)s has no such page.", provider=source.title))
    return Portal(await source.portal(customer, f"{load(House).url}/billing?product={product}"), name)
