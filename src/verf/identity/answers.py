"""What programs send and get: the shapes of the API."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from verf.identity.sessions import Tokens
from verf.identity.settings import IdentitySettings
from verf.identity.viewers import Viewer
from verf.settings import load

# Longer than any we take, short enough that nobody sends megabytes to be hashed; the rules of passwords say the rest.
Password = Field(max_length=1024)
Email = Field(max_length=320, examples=["seller@example.com"])


class Credentials(BaseModel):
    email: str = Email
    password: SecretStr = Password


class TokenAnswer(BaseModel):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # a kind of token, not a token
    expires_in: int = Field(description="Seconds the access token lives.")


class RefreshRequest(BaseModel):
    refresh_token: str = Field(max_length=400)


class LogoutRequest(BaseModel):
    refresh_token: str | None = Field(default=None, max_length=400)


class LinkRequest(BaseModel):
    token: str = Field(max_length=400, description="The part after `token=` in the link of the mail.")


class AddressRequest(BaseModel):
    email: str | None = Field(default=None, max_length=320)


class ResetRequest(LinkRequest):
    password: SecretStr = Password


class ChangeRequest(BaseModel):
    current_password: SecretStr = Password
    new_password: SecretStr = Password
    end_other_sessions: bool = True


class StatusAnswer(BaseModel):
    status: str


class OrganisationAnswer(BaseModel):
    id: UUID
    name: str
    role: str


class MeAnswer(BaseModel):
    id: UUID
    email: str
    name: str
    locale: str
    verified: bool
    staff_role: str | None
    organisation: OrganisationAnswer | None


class SessionAnswer(BaseModel):
    id: UUID
    device: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


def answer_of(tokens: Tokens) -> TokenAnswer:
    lifetime = load(IdentitySettings).access_lifetime
    return TokenAnswer(
        access_token=tokens.access, refresh_token=tokens.refresh, expires_in=int(lifetime.total_seconds())
    )


def me(viewer: Viewer) -> MeAnswer:
    person = viewer.person
    organisation = None
    if viewer.organisation and viewer.role:
        organisation = OrganisationAnswer(id=viewer.organisation, name=viewer.organisation_name, role=viewer.role)
    return MeAnswer(
        id=person.id,
        email=person.email,
        name=person.name,
        locale=person.locale,
        verified=person.verified,
        staff_role=person.staff_role,
        organisation=organisation,
    )
