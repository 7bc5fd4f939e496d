"""One's own account: name, language, password, and where one is signed in."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from verf.errors import Invalid
from verf.identity import credentials
from verf.identity.access import SignedIn
from verf.identity.cookies import drop_tokens
from verf.identity.people import introduce
from verf.identity.sessions import end_all, end_own, sessions_of
from verf.identity.viewers import Viewer
from verf.web import LOCALES, Form, Transaction, _, blank, form, page, redirect, set_cookie

router = APIRouter(prefix="/account", include_in_schema=False)

YEAR = 365 * 24 * 60 * 60


class AccountForm(BaseModel):
    name: str = Field(default="", max_length=120)
    language: str = "en"


class PasswordForm(BaseModel):
    current_password: SecretStr = Field(min_length=1, max_length=1024)
    password: SecretStr = Field(min_length=1, max_length=1024)
    end_others: bool = False


@router.get("")
async def show(request: Request, viewer: SignedIn) -> Response:
    return await _account(request, viewer)


@router.post("")
async def save(request: Request, viewer: SignedIn, session: Transaction) -> Response:
    sent = await form(request, AccountForm)
    if sent.ok and sent.data.language not in LOCALES:
        sent.refuse(_("Choose one of the options."), "language")
    if not sent.ok:
        return await _account(request, viewer, account=sent)
    await introduce(session, viewer.person.id, name=sent.data.name, locale=sent.data.language)
    response = redirect(request, "/account", toast=_("Saved."))
    set_cookie(response, "locale", sent.data.language, max_age=YEAR)
    return response


@router.post("/password")
async def change_password(request: Request, viewer: SignedIn) -> Response:
    sent = await form(request, PasswordForm)
    if sent.ok:
        try:
            await _change(request, viewer, sent.data)
        except Invalid as problem:
            sent.refuse(problem)
    if not sent.ok:
        return await _account(request, viewer, password=sent)
    return redirect(request, "/account", toast=_("Your password is changed."))


@router.get("/sessions")
async def show_sessions(request: Request, viewer: SignedIn, session: Transaction) -> Response:
    sessions = await sessions_of(session, viewer.person.id)
    # The one in use first.
    sessions.sort(key=lambda each: each.id != viewer.session)
    return await page(request, "identity/sessions.html", sessions=sessions)


@router.post("/sessions/end-others")
async def end_others(request: Request, viewer: SignedIn, session: Transaction) -> Response:
    await end_all(session, viewer.person.id, because="ended-by-person", keep=viewer.session)
    return redirect(request, "/account/sessions", toast=_("You are signed out everywhere else."))


@router.post("/sessions/{session_id}/end")
async def end_one(request: Request, session_id: UUID, viewer: SignedIn, session: Transaction) -> Response:
    await end_own(session, viewer.person.id, session_id)
    if session_id != viewer.session:
        return redirect(request, "/account/sessions", toast=_("That session is over."))
    response = redirect(request, "/sign-in", toast=_("You are signed out."))
    drop_tokens(response)
    return response


async def _change(request: Request, viewer: Viewer, wish: PasswordForm) -> None:
    await credentials.change(
        request,
        viewer,
        current=wish.current_password.get_secret_value(),
        new=wish.password.get_secret_value(),
        end_others=wish.end_others,
    )


async def _account(
    request: Request,
    viewer: Viewer,
    *,
    account: Form[AccountForm] | None = None,
    password: Form[PasswordForm] | None = None,
) -> Response:
    status = 422 if account or password else 200
    person = viewer.person
    return await page(
        request,
        "identity/account.html",
        status,
        account=account or blank({"name": person.name, "language": person.locale}),
        password=password or blank(),
    )
