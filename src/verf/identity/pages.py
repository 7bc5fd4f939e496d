"""Signing in and out, confirming an address, replacing a lost password. A GET never changes anything."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from verf.database import transaction
from verf.errors import Conflict, Invalid, VerfError
from verf.identity import credentials
from verf.identity.access import SignedIn
from verf.identity.cookies import device_of, drop_tokens, keep_device, keep_tokens, origin_of
from verf.identity.email_addresses import AddressNotValid
from verf.identity.facts import FindAccountToReset
from verf.identity.links import look_at
from verf.identity.next_pages import safe_next
from verf.identity.password_changes import reset_password
from verf.identity.people import find_person
from verf.identity.registration import confirm, resend_verification
from verf.identity.sessions import begin, end
from verf.identity.sign_in import AccountDisabled, WrongCredentials
from verf.jobs import enqueue
from verf.limits import guard
from verf.web import Transaction, _, blank, form, page, redirect

router = APIRouter(include_in_schema=False)


class SignInForm(BaseModel):
    email: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(min_length=1, max_length=1024)
    next: str = ""


class AddressForm(BaseModel):
    email: str = Field(min_length=1, max_length=320)


class TokenForm(BaseModel):
    token: str = Field(default="", max_length=400)


class ResetForm(TokenForm):
    password: SecretStr = Field(min_length=1, max_length=1024)


@router.get("/sign-in")
async def show_sign_in(request: Request, next: str = "") -> Response:  # noqa: A002  # the name in the address
    if request.state.viewer:
        return redirect(request, safe_next(next))
    return await page(request, "identity/sign-in.html", form=blank({"next": safe_next(next, "")}))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    sent = await form(request, SignInForm)
    if not sent.ok:
        return await page(request, "identity/sign-in.html", 422, form=sent)
    device = device_of(request)
    try:
        password = sent.data.password.get_secret_value()
        tokens = await credentials.sign_in(request, sent.data.email, password, origin_of(request, device))
    except (WrongCredentials, AccountDisabled, AddressNotValid) as problem:
        sent.refuse(problem) if isinstance(problem, Invalid) else sent.refuse(str(problem))
        return await page(request, "identity/sign-in.html", problem.status, form=sent)
    response = redirect(request, safe_next(sent.data.next))
    keep_tokens(response, tokens)
    keep_device(response, device)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, session: Transaction) -> Response:
    viewer = request.state.viewer
    if viewer:
        await end(session, viewer.session, because="signed-out")
    response = redirect(request, "/sign-in", toast=_("You are signed out."))
    drop_tokens(response)
    return response


@router.get("/verify")
async def show_link(request: Request, session: Transaction, token: str = "") -> Response:
    """Mail scanners open links; so opening shows a button, and only pressing it counts."""
    try:
        await look_at(session, token, "verify")
    except VerfError as problem:
        return await page(request, "identity/verify.html", problem.status, token="", problem=str(problem))
    return await page(request, "identity/verify.html", token=token, problem="")


@router.post("/verify")
async def verify(request: Request) -> Response:
    """In the browser that signed up the link also signs in; elsewhere the password is asked for."""
    sent = await form(request, TokenForm)
    device = device_of(request)
    try:
        async with transaction() as session:
            confirmed = await confirm(session, sent.data.token, device=device)
            known_here = confirmed.same_device and request.state.viewer is None
            tokens = await begin(session, confirmed.person.id, origin_of(request, device)) if known_here else None
    except (Conflict, Invalid) as problem:
        return await page(request, "identity/verify.html", problem.status, token="", problem=str(problem))
    thanks = _("Your address is confirmed.")
    if tokens is None and request.state.viewer is None:
        return redirect(request, "/sign-in", toast=thanks)
    response = redirect(request, "/", toast=thanks)
    if tokens:
        keep_tokens(response, tokens)
    return response


@router.post("/resend-verification")
async def resend(request: Request, viewer: SignedIn, session: Transaction) -> Response:
    await credentials.count(request, viewer.email)
    await resend_verification(session, viewer.person)
    toast = _("A new link is on its way to %(email)s.", email=viewer.email)
    return redirect(request, safe_next(request.headers.get("x-return-to"), "/account"), toast=toast)


@router.post("/verify/again")
async def ask_again(request: Request, session: Transaction) -> Response:
    """For somebody whose link has expired: the same answer for every address."""
    sent = await form(request, AddressForm)
    if not sent.ok:
        return await page(request, "identity/verify.html", 422, token="", problem=_("Which address is it?"))
    email = await credentials.count(request, sent.data.email)
    person = await find_person(session, email)
    if person:
        await resend_verification(session, person)
    return await page(request, "identity/mail-sent.html", email=email, what="verify")


@router.get("/forgot-password")
async def show_forgotten(request: Request) -> Response:
    return await page(request, "identity/forgot-password.html", form=blank())


@router.post("/forgot-password")
async def forgotten(request: Request, session: Transaction) -> Response:
    sent = await form(request, AddressForm)
    if sent.ok:
        try:
            email = await credentials.count(request, sent.data.email)
        except AddressNotValid as problem:
            sent.refuse(problem)
    if not sent.ok:
        return await page(request, "identity/forgot-password.html", 422, form=sent)
    await enqueue(session, FindAccountToReset(email))
    return await page(request, "identity/mail-sent.html", email=email, what="reset")


@router.get("/reset-password")
async def show_reset(request: Request, session: Transaction, token: str = "") -> Response:
    try:
        await look_at(session, token, "reset")
    except VerfError as problem:
        return await page(
            request, "identity/reset-password.html", problem.status, token="", problem=str(problem), form=blank()
        )
    return await page(request, "identity/reset-password.html", token=token, problem="", form=blank())


@router.post("/reset-password")
async def reset(request: Request) -> Response:
    sent = await form(request, ResetForm)
    token = str(sent.values.get("token", ""))
    if sent.ok:
        try:
            await _replace_password(request, sent.data)
        except Conflict as problem:
            return await page(
                request, "identity/reset-password.html", problem.status, token="", problem=str(problem), form=sent
            )
        except Invalid as problem:
            sent.refuse(problem)
    if not sent.ok:
        return await page(request, "identity/reset-password.html", 422, token=token, problem="", form=sent)
    response = redirect(request, "/sign-in", toast=_("Your password is changed. Sign in with the new one."))
    drop_tokens(response)
    return response


async def _replace_password(request: Request, wish: ResetForm) -> None:
    await guard(request, "credentials")
    async with transaction() as session:
        await look_at(session, wish.token, "reset")
    password_hash = await credentials.new_hash(wish.password.get_secret_value())
    async with transaction() as session:
        await reset_password(session, wish.token, password_hash)
