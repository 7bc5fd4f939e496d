"""What is said on every page while something about money wants a person: kept in memory, forgotten on a change."""

import time
from typing import Any
from uuid import UUID

from verf.billing.price_list import selling
from verf.billing.standing import Standing, standing_of
from verf.database import transaction
from verf.realtime import Event, is_listening, overhear

HEARD_FOR = 5.0
UNHEARD_FOR = 0.5
LARGEST = 20_000

_known: dict[UUID, tuple[tuple[Standing, ...], float]] = {}


async def alarms(request: Any) -> tuple[Standing, ...]:
    """The products of this organisation of which its people should hear."""
    organisation: UUID = request.state.viewer.organisation
    kept = _known.get(organisation)
    if kept and time.monotonic() - kept[1] < (HEARD_FOR if is_listening() else UNHEARD_FOR):
        return kept[0]
    read_at = time.monotonic()
    async with transaction(organisation=organisation) as session:
        found = [await standing_of(session, organisation, product.name) for product in selling()]
    shown = tuple(standing for standing in found if standing.alarm)
    if len(_known) >= LARGEST:
        _known.clear()
    _known[organisation] = (shown, read_at)
    return shown


@overhear
def forget_alarms(event: Event) -> None:
    if event.name == "resync":
        _known.clear()
    elif event.topic.startswith("organisation:") and event.topic.endswith("/access"):
        _known.pop(UUID(event.topic.removeprefix("organisation:").removesuffix("/access")), None)
