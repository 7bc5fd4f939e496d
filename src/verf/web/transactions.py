"""One transaction per request, committed before the answer leaves."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction


async def request_transaction() -> AsyncIterator[AsyncSession]:
    async with transaction() as session:
        yield session


# scope="function": the default commits after the response has left, so that a failed commit looks like success.
Transaction = Annotated[AsyncSession, Depends(request_transaction, scope="function")]
