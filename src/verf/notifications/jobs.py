from sqlalchemy.ext.asyncio import AsyncSession

from verf.identity import EmailVerificationRequested, PasswordResetRequested, SessionStolen, SignUpRepeated
from verf.jobs import handles, on
from verf.notifications.delivering import deliver
from verf.notifications.identity_mails import tell
from verf.notifications.messages import Deliver


@handles(Deliver)
async def deliver_mail(message: Deliver) -> None:
    await deliver(message.delivery)


@on(EmailVerificationRequested)
async def ask_to_confirm(fact: EmailVerificationRequested, session: AsyncSession) -> None:
    await tell(session, fact.person, "verify_email", fact.token)


@on(PasswordResetRequested)
async def offer_a_new_password(fact: PasswordResetRequested, session: AsyncSession) -> None:
    await tell(session, fact.person, "reset_password", fact.token)


@on(SignUpRepeated)
async def mention_the_account_there_is(fact: SignUpRepeated, session: AsyncSession) -> None:
    await tell(session, fact.person, "sign_up_repeated", fact.attempt)


@on(SessionStolen)
async def warn_of_a_thief(fact: SessionStolen, session: AsyncSession) -> None:
    await tell(session, fact.person, "session_stolen", fact.session)
