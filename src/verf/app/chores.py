"""What an operator does from a terminal beside the running house."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from verf.app.house import open_house
from verf.app.rooms import all_rooms
from verf.app.web import furnish
from verf.billing import Outcome, reasons_for, reconcile, recount_numbers
from verf.database import migrate, transaction
from verf.identity import Application, StaffRole, add_staff, new_hash
from verf.kit import now
from verf.organisations import settle
from verf.settings import House, kept_secret, load

SANDBOX_STAFF = "staff@example.com"
PASSWORD_LENGTH = 16


@dataclass(frozen=True)
class Login:
    email: str
    password: str


async def sandbox_staff() -> Login:
    """Somebody who may see the staff console of this sandbox; the same login at every start."""
    login = Login(SANDBOX_STAFF, kept_secret(load(House).data / "secrets" / "staff").decode()[:PASSWORD_LENGTH])
    hashed = await new_hash(login.password)
    application = Application(email=login.email, password_hash=hashed, name="Sandbox staff")
    async with transaction(system="sandbox staff login") as session:
        await settle(session, application, organisation="verf staff")
        await add_staff(session, login.email, "owner")
    return login


async def migrate_house() -> list[str]:
    rooms = all_rooms()
    async with open_house(rooms, quiet=True):
        return await migrate(rooms)


async def give_staff_role(email: str, role: StaffRole) -> str:
    async with open_house(all_rooms(), quiet=True):
        async with transaction(system="verf staff add") as session:
            person = await add_staff(session, email, role)
        return f"{person.email} is {role} in the staff console: {load(House).url}/staff/"


async def explain_access(email: str, feature: str) -> list[str]:
    rooms = all_rooms()
    async with open_house(rooms, quiet=True):
        furnish(rooms)
        return await reasons_for(email, feature)


async def reconcile_payments(
    name: str, since: datetime | None, looks_back: timedelta, *, is_dry: bool = False
) -> list[Outcome]:
    """One provider, or all. In the sandbox the house must run, since the providers live in it."""
    rooms = all_rooms()
    async with open_house(rooms, quiet=True):
        furnish(rooms)
        until = now()
        return await reconcile(name, since or until - looks_back, until, is_dry=is_dry)


async def recount_house() -> list[str]:
    """The numbers of the business, from the log and the ledger alone."""
    async with open_house(all_rooms(), quiet=True):
        return await recount_numbers()
