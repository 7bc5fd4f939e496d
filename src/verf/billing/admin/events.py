import json
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from verf.audit import record
from verf.billing import casebook, words
from verf.billing.admin.lists import provider_options, table_of
from verf.billing.customers import names_of
from verf.billing.handling import rehearse
from verf.billing.mending import dismiss, repair, replay
from verf.billing.models import ProviderEvent
from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.refusals import Refused, tried
from verf.database import transaction
from verf.errors import NotFound
from verf.identity import StaffMember, staff
from verf.telemetry import mask
from verf.web import _, page, redirect

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("support"))])


class EventUnknown(NotFound):
    """There is no such webhook, or its 90 days are over."""


@router.get("/webhooks")
async def show_events(request: Request) -> Response:
    table = table_of(request, state=casebook.EVENT_STATES)
    async with transaction(system="staff list of webhooks") as session:
        rows, total = await casebook.events(session, table)
        names = await names_of(session, [row.organisation_id for row in rows])
    return await page(
        request,
        "billing/staff/webhooks.html",
        table=table.of(total),
        rows=rows,
        names=names,
        states=casebook.EVENT_STATES,
        providers=provider_options(),
        words=words,
    )


@router.get("/webhooks/{event}")
async def show_event(request: Request, event: UUID) -> Response:
    return await _show(request, event)


@router.post("/webhooks/{event}/dry-run", dependencies=[Depends(staff("admin"))])
async def try_event(request: Request, event: UUID) -> Response:
    """Asks the provider and shows what would change; nothing does."""
    await _one(event)
    try:
        outcome = await rehearse(event)
    except (ProviderUnreachable, ProviderRefused) as error:
        outcome = {"found": False, "problem": str(error)}
    return await _show(request, event, outcome=outcome)


@router.post("/webhooks/{event}/replay", dependencies=[Depends(staff("admin"))])
async def replay_event(request: Request, event: UUID, member: StaffMember) -> Response:
    async with transaction(system="staff replays a webhook") as session:
        row = await session.get(ProviderEvent, event)
        if row is None:
            raise EventUnknown(_("There is no such webhook any more."))
        await replay(session, row)
        await record(session, f"staff:{member.id}", "billing.webhook-replayed", f"webhook:{event}")
    return redirect(request, f"/staff/billing/webhooks/{event}", toast=_("It is queued again."))


@router.get("/findings")
async def show_findings(request: Request) -> Response:
    table = table_of(request, state=casebook.FINDING_STATES)
    async with transaction(system="staff list of findings") as session:
        rows, total = await casebook.findings(session, table)
        names = await names_of(session, [row.organisation_id for row in rows])
    return await page(
        request,
        "billing/staff/findings.html",
        table=table.of(total),
        rows=rows,
        names=names,
        states=casebook.FINDING_STATES,
        providers=provider_options(),
        words=words,
    )


@router.post("/findings/{finding}/dismiss", dependencies=[Depends(staff("admin"))])
async def dismiss_finding(request: Request, finding: UUID, member: StaffMember) -> Response:
    async with transaction(system="staff dismisses a finding") as session:
        await dismiss(session, finding, by=f"staff:{member.id}")
        await record(session, f"staff:{member.id}", "billing.finding-dismissed", f"finding:{finding}")
    return redirect(request, "/staff/billing/findings", toast=_("Dismissed."))


@router.post("/findings/{finding}/repair", dependencies=[Depends(staff("admin"))])
async def repair_finding(request: Request, finding: UUID, member: StaffMember) -> Response:
    """Reads the object at its provider again and applies what it says."""
    done = await tried(repair(finding), (ProviderUnreachable, ProviderRefused))
    if isinstance(done, Refused):
        return done.told(request, "/staff/billing/findings")
    async with transaction(system="staff repairs a finding") as session:
        await record(session, f"staff:{member.id}", "billing.finding-repaired", f"finding:{finding}")
    told = _("Read again and applied.") if done else _("The provider knows nothing more. Look at it by hand.")
    return redirect(request, "/staff/billing/findings", toast=told, kind="success" if done else "warning")


async def _show(request: Request, event: UUID, *, outcome: object = None) -> Response:
    row = await _one(event)
    async with transaction(system="staff looks at a webhook") as session:
        names = await names_of(session, [row.organisation_id])
    return await page(
        request,
        "billing/staff/webhook.html",
        event=row,
        body=_pretty(row.body),
        headers=sorted(mask(row.headers).items()),
        names=names,
        outcome=outcome,
        words=words,
    )


async def _one(event: UUID) -> ProviderEvent:
    return await casebook.found(ProviderEvent, event, EventUnknown(_("There is no such webhook any more.")))


def _pretty(body: bytes) -> str:
    text = body.decode(errors="replace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
