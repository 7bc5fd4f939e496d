"""Signing up, and the page of the organisation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr

from verf.database import transaction
from verf.errors import Invalid
from verf.identity import Application, SignedIn, choose_organisation, keep_device
from verf.manifest import Role
from verf.organisations import invitations, membership
from verf.organisations.access import CurrentTenant, TenantTransaction, require
from verf.organisations.registering import receive
from verf.organisations.tenants import ROLES, Tenant
from verf.web import Form, Transaction, _, blank, form, page, redirect

router = APIRouter(include_in_schema=False)

Admin = Annotated[Tenant, Depends(require("admin"))]


class SignUpForm(BaseModel):
    email: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(min_length=1, max_length=1024)
    name: str = Field(default="", max_length=120)
    organisation: str = Field(default="", max_length=120)


class NameForm(BaseModel):
    name: str = Field(min_length=1, max_length=120)


class InvitationForm(BaseModel):
    email: str = Field(min_length=1, max_length=320)
    role: Role = "member"


class TokenForm(BaseModel):
    token: str = Field(default="", max_length=400)


class RoleForm(BaseModel):
    role: Role


async def my_organisations(tenant: CurrentTenant) -> list[membership.Membership]:
    """Read outside of the scope, in which one's other organisations do not exist, and before it opens."""
    async with transaction() as session:
        return await membership.memberships_of(session, tenant.person)


MyOrganisations = Annotated[list[membership.Membership], Depends(my_organisations)]


@router.get("/sign-up")
async def show_sign_up(request: Request) -> Response:
    if request.state.viewer:
        return redirect(request, "/")
    return await page(request, "organisations/sign-up.html", form=blank())


@router.post("/sign-up")
async def sign_up(request: Request) -> Response:
    sent = await form(request, SignUpForm)
    if not sent.ok:
        return await page(request, "organisations/sign-up.html", 422, form=sent)
    try:
        application = await _receive(request, sent.data)
    except Invalid as problem:
        sent.refuse(problem)
        return await page(request, "organisations/sign-up.html", 422, form=sent)
    response = await page(request, "identity/mail-sent.html", email=application.email, what="verify")
    keep_device(response, application.device)
    return response


@router.get("/organisation")
async def show(
    request: Request, tenant: CurrentTenant, organisations: MyOrganisations, session: TenantTransaction
) -> Response:
    return await _show(request, tenant, organisations, session)


@router.post("/organisation/name")
async def rename(
    request: Request, tenant: Admin, organisations: MyOrganisations, session: TenantTransaction
) -> Response:
    sent = await form(request, NameForm)
    if not sent.ok:
        return await _show(request, tenant, organisations, session, name=sent)
    await membership.rename(session, tenant.organisation, sent.data.name)
    return redirect(request, "/organisation", toast=_("Saved."))


@router.post("/organisation/members/{person_id}/role")
async def change_role(request: Request, person_id: UUID, tenant: Admin, session: TenantTransaction) -> Response:
    sent = await form(request, RoleForm)
    await membership.change_role(session, tenant, person_id, sent.data.role)
    return redirect(request, "/organisation", toast=_("Saved."))


@router.post("/organisation/members/{person_id}/remove")
async def remove(request: Request, person_id: UUID, tenant: CurrentTenant, session: TenantTransaction) -> Response:
    if person_id == tenant.person:
        await membership.remove(session, tenant, person_id)
        return redirect(request, "/", toast=_("You left the organisation."))
    await membership.remove(session, await require("admin")(tenant), person_id)
    return redirect(request, "/organisation", toast=_("Removed."))


@router.post("/organisation/invitations")
async def invite(
    request: Request, tenant: Admin, organisations: MyOrganisations, session: TenantTransaction
) -> Response:
    sent = await form(request, InvitationForm)
    if sent.ok:
        try:
            await invitations.invite(session, tenant, sent.data.email, sent.data.role)
        except Invalid as problem:
            sent.refuse(problem)
    if not sent.ok:
        return await _show(request, tenant, organisations, session, invitation=sent)
    return redirect(request, "/organisation", toast=_("The link is ready: send it to them."))


@router.post("/organisation/invitations/{invitation_id}/withdraw")
async def withdraw(request: Request, invitation_id: UUID, tenant: Admin, session: TenantTransaction) -> Response:
    await invitations.withdraw(session, tenant, invitation_id)
    return redirect(request, "/organisation", toast=_("The invitation is withdrawn."))


@router.get("/invitation")
async def show_invitation(request: Request, _viewer: SignedIn, token: str = "") -> Response:
    organisation, wanted = invitations.unsign(token)
    async with transaction(organisation=organisation) as session:
        invitation, name = await invitations.look_at(session, wanted)
    return await page(request, "organisations/invitation.html", invitation=invitation, name=name, token=token)


@router.post("/invitation")
async def accept(request: Request, viewer: SignedIn) -> Response:
    sent = await form(request, TokenForm)
    organisation, wanted = invitations.unsign(sent.data.token)
    async with transaction(organisation=organisation) as session:
        await invitations.accept(session, wanted, viewer.person.id)
        await choose_organisation(session, viewer.session, organisation)
    return redirect(request, "/organisation", toast=_("Welcome!"))


@router.post("/organisation/choose/{organisation_id}")
async def choose(request: Request, organisation_id: UUID, viewer: SignedIn, session: Transaction) -> Response:
    await membership.check_membership(session, organisation_id, viewer.person.id)
    await choose_organisation(session, viewer.session, organisation_id)
    return redirect(request, "/")


async def _receive(request: Request, sent: SignUpForm) -> Application:
    return await receive(
        request,
        email=sent.email,
        password=sent.password.get_secret_value(),
        name=sent.name,
        organisation=sent.organisation,
    )


async def _show(
    request: Request,
    tenant: Tenant,
    organisations: list[membership.Membership],
    session: TenantTransaction,
    *,
    name: Form[NameForm] | None = None,
    invitation: Form[InvitationForm] | None = None,
) -> Response:
    organisation = await membership.organisation_of(session, tenant.organisation)
    return await page(
        request,
        "organisations/organisation.html",
        422 if name or invitation else 200,
        tenant=tenant,
        name=name or blank({"name": organisation.name}),
        invitation=invitation or blank({"role": "member"}),
        members=await membership.members_of(session, tenant.organisation),
        invitations=await invitations.open_invitations(session, tenant.organisation),
        organisations=organisations,
        roles=[role for role in ROLES if tenant.may(role)],
    )
