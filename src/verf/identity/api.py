"""/api/v1/auth for programs: bearer tokens out and in. Signing up is in organisations, which it also needs."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from verf.database import transaction
from verf.identity import credentials
from verf.identity.access import SignedIn, viewer_of
from verf.identity.answers import (
    AddressRequest,
    ChangeRequest,
    Credentials,
    LinkRequest,
    LogoutRequest,
    MeAnswer,
    RefreshRequest,
    ResetRequest,
    SessionAnswer,
    StatusAnswer,
    TokenAnswer,
    answer_of,
    me,
)
from verf.identity.cookies import DEVICE, device_of, keep_device, origin_of
from verf.identity.facts import FindAccountToReset
from verf.identity.links import look_at
from verf.identity.password_changes import reset_password
from verf.identity.people import find_person
from verf.identity.registration import confirm, resend_verification
from verf.identity.rotation import revoke, rotate
from verf.identity.sessions import end, end_all, end_own, sessions_of
from verf.jobs import enqueue
from verf.limits import guard
from verf.web import Transaction, problem_responses, read_cookie

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], responses=problem_responses(401, 429))


@router.post("/login")
async def login(request: Request, response: Response, body: Credentials) -> TokenAnswer:
    device = device_of(request)
    tokens = await credentials.sign_in(
        request, body.email, body.password.get_secret_value(), origin_of(request, device)
    )
    keep_device(response, device)
    return answer_of(tokens)


@router.post("/refresh", responses=problem_responses(409))
async def refresh(request: Request, body: RefreshRequest) -> TokenAnswer:
    """A new pair for an old one. The old refresh token ends; sent twice within seconds it gives the same new one."""
    async with transaction() as session:
        rotation = await rotate(session, body.refresh_token, device=read_cookie(request, DEVICE))
    # Outside: if the token was stolen, the end of the session is committed before anybody is told.
    return answer_of(rotation.granted())


@router.post("/logout", status_code=204)
async def logout(request: Request, session: Transaction, body: LogoutRequest | None = None) -> None:
    """Ends the session of the access token, or of the refresh token in the body; both stop working at once."""
    if body and body.refresh_token:
        await revoke(session, body.refresh_token)
        return
    await end(session, viewer_of(request).session, because="signed-out")


@router.post("/logout-everywhere", status_code=204)
async def logout_everywhere(viewer: SignedIn, session: Transaction) -> None:
    await end_all(session, viewer.person.id, because="signed-out")


@router.get("/me")
async def who_am_i(viewer: SignedIn) -> MeAnswer:
    return me(viewer)


@router.post("/verify-email", responses=problem_responses(409))
async def verify_email(body: LinkRequest, session: Transaction) -> StatusAnswer:
    await confirm(session, body.token, device=None)
    return StatusAnswer(status="verified")


@router.post("/resend-verification", status_code=202)
async def resend(request: Request, session: Transaction, body: AddressRequest | None = None) -> StatusAnswer:
    """For the person signed in, or for an address. The answer is the same whether or not the address is known."""
    if body and body.email:
        email = await credentials.count(request, body.email)
        person = await find_person(session, email)
    else:
        person = viewer_of(request).person
        await credentials.count(request, person.email)
    if person:
        await resend_verification(session, person)
    return StatusAnswer(status="verification-sent")


@router.post("/forgot-password", status_code=202)
async def forgot_password(request: Request, session: Transaction, body: AddressRequest) -> StatusAnswer:
    """The same answer for every address."""
    email = await credentials.count(request, body.email or "")
    await enqueue(session, FindAccountToReset(email))
    return StatusAnswer(status="reset-sent")


@router.post("/reset-password", responses=problem_responses(409))
async def reset(request: Request, body: ResetRequest) -> StatusAnswer:
    await guard(request, "credentials")
    async with transaction() as session:
        await look_at(session, body.token, "reset")
    password_hash = await credentials.new_hash(body.password.get_secret_value())
    async with transaction() as session:
        await reset_password(session, body.token, password_hash)
    return StatusAnswer(status="password-changed")


@router.post("/change-password", status_code=204)
async def change(request: Request, viewer: SignedIn, body: ChangeRequest) -> None:
    await credentials.change(
        request,
        viewer,
        current=body.current_password.get_secret_value(),
        new=body.new_password.get_secret_value(),
        end_others=body.end_other_sessions,
    )


@router.get("/sessions")
async def sessions(viewer: SignedIn, session: Transaction) -> list[SessionAnswer]:
    return [
        SessionAnswer(
            id=each.id,
            device=each.device,
            ip=each.ip,
            created_at=each.created_at,
            last_seen_at=each.seen_at,
            current=each.id == viewer.session,
        )
        for each in await sessions_of(session, viewer.person.id)
    ]


@router.delete("/sessions/{session_id}", status_code=204, responses=problem_responses(404))
async def end_session(session_id: UUID, viewer: SignedIn, session: Transaction) -> None:
    await end_own(session, viewer.person.id, session_id)
