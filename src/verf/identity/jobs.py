"""Forgetting what is over; and looking up who forgot a password, after we have answered, alike for all."""

from sqlalchemy.ext.asyncio import AsyncSession

from verf.identity.facts import FindAccountToReset, ForgetOldSessions
from verf.identity.links import forget_old_links
from verf.identity.password_changes import request_reset
from verf.identity.sessions import forget_old_sessions
from verf.jobs import handles


@handles(FindAccountToReset)
async def find_account(message: FindAccountToReset, session: AsyncSession) -> None:
    await request_reset(session, message.email)


@handles(ForgetOldSessions)
async def forget(message: ForgetOldSessions, session: AsyncSession) -> None:
    await forget_old_links(session)
    await forget_old_sessions(session)
