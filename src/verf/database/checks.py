from sqlalchemy import text

from verf.database.transactions import reading, transaction
from verf.errors import Unavailable


async def database_answers() -> None:
    async with transaction() as session:
        await session.execute(text("SELECT 1"))
    async with reading() as connection:
        await connection.execute(text("SELECT 1"))


async def app_cannot_step_around_row_security() -> None:
    """The tenants' walls stand only for a role that neither is a superuser nor owns the tables."""
    async with transaction() as session:
        strong = await session.scalar(
            text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user::text")
        )
    if strong:
        raise Unavailable("The app's database role can step around row-level security; connect as verf_app.")
