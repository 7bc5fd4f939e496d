"""The lookup behind "forgot password" happens here, so that answering takes equally long for every address."""

from sqlalchemy.ext.asyncio import AsyncSession

from verf.identity.facts import FindAccountToReset
from verf.identity.password_changes import request_reset
from verf.jobs import handles


@handles(FindAccountToReset)
async def find_account(message: FindAccountToReset, session: AsyncSession) -> None:
    await request_reset(session, message.email)
