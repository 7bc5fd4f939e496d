from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from verf.admin.listings import PAGE, Wanted
from verf.database import transaction
from verf.errors import NotFound
from verf.identity import StaffMember, list_people, staff
from verf.jobs import JobId, discard, failed, retry, statistics
from verf.notifications import recent_mails
from verf.operations import readiness
from verf.organisations import list_organisations
from verf.telemetry import log
from verf.web import _, page, redirect

router = APIRouter(prefix="/staff", include_in_schema=False, dependencies=[Depends(staff("support"))])

MAIL_STATES = ("waiting", "sent", "bounced", "failed", "suppressed", "unwanted", "nobody")


@router.get("/")
async def show_overview(request: Request) -> Response:
    findings = await readiness(request.app.state.rooms)
    async with transaction(system="staff overview") as session:
        numbers = await statistics(session)
        people = await list_people(session, limit=8)
        mails = await recent_mails(session, limit=8)
    return await page(request, "admin/overview.html", findings=findings, numbers=numbers, people=people, mails=mails)


@router.get("/people")
async def show_people(request: Request) -> Response:
    wanted = Wanted.read(request)
    async with transaction(system="staff list of people") as session:
        people = await list_people(session, search=wanted.search, after=wanted.after, limit=PAGE + 1)
    return await page(
        request, "admin/people.html", wanted=wanted, people=people[:PAGE], older=wanted.older_than(people)
    )


@router.get("/organisations")
async def show_organisations(request: Request) -> Response:
    wanted = Wanted.read(request)
    async with transaction(system="staff list of organisations") as session:
        found = await list_organisations(session, search=wanted.search, after=wanted.after, limit=PAGE + 1)
    return await page(
        request, "admin/organisations.html", wanted=wanted, organisations=found[:PAGE], older=wanted.older_than(found)
    )


@router.get("/jobs")
async def show_jobs(request: Request) -> Response:
    async with transaction(system="staff job monitor") as session:
        numbers, dead = await statistics(session), await failed(session)
    return await page(request, "admin/jobs.html", numbers=numbers, dead=dead)


@router.post("/jobs/{job}/retry", dependencies=[Depends(staff("admin"))])
async def retry_job(request: Request, job: int, member: StaffMember) -> Response:
    async with transaction(system="staff retries a job") as session:
        if not await retry(session, JobId(job)):
            raise NotFound(_("This job is not among the failed ones any more."))
    log(__name__).info("job retried", job=job, by=str(member.id))
    return redirect(request, "/staff/jobs", toast=_("The job is queued again."))


@router.post("/jobs/{job}/discard", dependencies=[Depends(staff("admin"))])
async def discard_job(request: Request, job: int, member: StaffMember) -> Response:
    async with transaction(system="staff discards a job") as session:
        if not await discard(session, JobId(job)):
            raise NotFound(_("This job is not among the failed ones any more."))
    log(__name__).info("job discarded", job=job, by=str(member.id))
    return redirect(request, "/staff/jobs", toast=_("The job is gone."))


@router.get("/mails")
async def show_mails(request: Request) -> Response:
    wanted = Wanted.read(request, states=MAIL_STATES)
    async with transaction(system="staff list of mails") as session:
        mails = await recent_mails(
            session, search=wanted.search, state=wanted.state, before=wanted.after, limit=PAGE + 1
        )
    return await page(
        request,
        "admin/mails.html",
        wanted=wanted,
        states=MAIL_STATES,
        mails=mails[:PAGE],
        older=wanted.older_than(mails),
    )


@router.get("/health")
async def show_health(request: Request) -> Response:
    return await page(request, "admin/health.html", findings=await readiness(request.app.state.rooms))
