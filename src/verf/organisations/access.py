"""Dependencies that say which organisation a request acts for, and open a transaction that sees only its rows."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction
from verf.errors import NotAllowed
from verf.identity import CurrentViewer
from verf.manifest import Role
from verf.organisations.tenants import OrganisationId, Tenant
from verf.web import _


class RoleMissing(NotAllowed):
    """`permission` names the role that is needed."""


async def current_tenant(viewer: CurrentViewer) -> Tenant:
    if viewer.organisation is None or viewer.role is None:
        message = _("You do not belong to an organisation yet.")
        raise RoleMissing(message, permission="organisation:viewer")
    return Tenant(viewer.person.id, OrganisationId(viewer.organisation), cast("Role", viewer.role))


CurrentTenant = Annotated[Tenant, Depends(current_tenant)]


def require(role: Role) -> Callable[[Tenant], Awaitable[Tenant]]:
    """A dependency: the current tenant, with at least this role. `Annotated[Tenant, Depends(require("admin"))]`."""

    async def allowed(tenant: CurrentTenant) -> Tenant:
        if not tenant.may(role):
            message = _("Your role in this organisation does not allow this. Ask an owner or an administrator.")
            raise RoleMissing(message, permission=f"organisation:{role}")
        return tenant

    return allowed


async def tenant_transaction(tenant: CurrentTenant) -> AsyncIterator[AsyncSession]:
    async with transaction(organisation=tenant.organisation) as session:
        yield session


# scope="function": committed before the answer leaves.
TenantTransaction = Annotated[AsyncSession, Depends(tenant_transaction, scope="function")]
