from dataclasses import dataclass

from verf.database import transaction
from verf.jobs import handles
from verf.limits.answers import forget_old


@dataclass(frozen=True)
class ForgetAnswers:
    """Answers whose day is over go, once an hour."""


@handles(ForgetAnswers)
async def forget_answers(message: ForgetAnswers) -> None:
    async with transaction(system="limits: answers whose day is over") as session:
        await forget_old(session)
