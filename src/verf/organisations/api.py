"""Signing up, and the organisation, for programs."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr

from verf.identity import SignedIn, choose_organisation, keep_device
from verf.manifest import Role
from verf.organisations import membership
from verf.organisations.access import CurrentTenant, TenantTransaction, require
from verf.organisations.registering import receive
from verf.organisations.tenants import Tenant
from verf.web import Transaction, problem_responses

router = APIRouter(prefix="/api/v1", responses=problem_responses(401, 403, 429))

Admin = Annotated[Tenant, Depends(require("admin"))]


class RegisterRequest(BaseModel):
    email: str = Field(max_length=320, examples=["seller@example.com"])
    password: SecretStr = Field(max_length=1024)
    name: str = Field(default="", max_length=120)
    organisation: str = Field(default="", max_length=120)


class RegisterAnswer(BaseModel):
    status: Literal["verification-sent"] = "verification-sent"
    email: str


class OrganisationAnswer(BaseModel):
    id: UUID
    name: str
    role: Role


class NameRequest(BaseModel):
    name: str = Field(max_length=200)


class RoleRequest(BaseModel):
    role: Role


class MemberAnswer(BaseModel):
    id: UUID
    email: str
    name: str
    role: Role


@router.post("/auth/register", status_code=201, tags=["auth"])
async def register(request: Request, response: Response, body: RegisterRequest) -> RegisterAnswer:
    """A link goes to the address. The answer is the same when the address is taken; its owner is told by mail."""
    application = await receive(
        request,
        email=body.email,
        password=body.password.get_secret_value(),
        name=body.name,
        organisation=body.organisation,
    )
    keep_device(response, application.device)
    return RegisterAnswer(email=application.email)


@router.get("/organisations", tags=["organisations"])
async def mine(viewer: SignedIn, session: Transaction) -> list[OrganisationAnswer]:
    return [
        OrganisationAnswer(id=each.organisation, name=each.name, role=each.role)
        for each in await membership.memberships_of(session, viewer.person.id)
    ]


@router.post("/organisations/{organisation_id}/choose", status_code=204, tags=["organisations"])
async def choose(organisation_id: UUID, viewer: SignedIn, session: Transaction) -> None:
    """Work in this organisation from now on, in this session."""
    await membership.check_membership(session, organisation_id, viewer.person.id)
    await choose_organisation(session, viewer.session, organisation_id)


@router.get("/organisation", tags=["organisations"])
async def current(tenant: CurrentTenant, session: TenantTransaction) -> OrganisationAnswer:
    organisation = await membership.organisation_of(session, tenant.organisation)
    return OrganisationAnswer(id=organisation.id, name=organisation.name, role=tenant.role)


@router.patch("/organisation", status_code=204, tags=["organisations"])
async def rename(tenant: Admin, session: TenantTransaction, body: NameRequest) -> None:
    await membership.rename(session, tenant.organisation, body.name)


@router.get("/organisation/members", tags=["organisations"])
async def members(tenant: CurrentTenant, session: TenantTransaction) -> list[MemberAnswer]:
    return [
        MemberAnswer(id=each.person.id, email=each.person.email, name=each.person.name, role=each.role)
        for each in await membership.members_of(session, tenant.organisation)
    ]


@router.patch("/organisation/members/{person_id}", status_code=204, tags=["organisations"])
async def change_role(person_id: UUID, tenant: Admin, session: TenantTransaction, body: RoleRequest) -> None:
    await membership.change_role(session, tenant, person_id, body.role)


@router.delete("/organisation/members/{person_id}", status_code=204, tags=["organisations"])
async def remove(person_id: UUID, tenant: CurrentTenant, session: TenantTransaction) -> None:
    """Administrators remove others; everyone may leave."""
    if person_id != tenant.person:
        await require("admin")(tenant)
    await membership.remove(session, tenant, person_id)
