import asyncio
from datetime import timedelta

import pytest

from verf.kit import new_id
from verf.limits import forget, remember

MINUTE = timedelta(minutes=1)


class Maker:
    def __init__(self, value):
        self.value = value
        self.calls = 0

    async def __call__(self):
        self.calls += 1
        await asyncio.sleep(0.01)
        return self.value


@pytest.fixture
def key():
    return f"test:{new_id()}"


async def test_fifty_who_ask_at_once_wait_for_one_answer(key):
    make = Maker(("a", 1))
    assert set(await asyncio.gather(*[remember(key, MINUTE, make) for _ in range(50)])) == {("a", 1)}
    assert make.calls == 1


async def test_nothing_is_kept_as_well_as_something(key):
    make = Maker(None)
    assert [await remember(key, MINUTE, make) for _ in range(3)] == [None] * 3
    assert make.calls == 1


async def test_what_is_forgotten_is_made_again(key):
    make = Maker("a")
    await remember(f"{key}:one", MINUTE, make)
    await forget(f"{key}:one")
    await remember(f"{key}:one", MINUTE, make)
    await forget(f"{key}:*")
    await remember(f"{key}:one", MINUTE, make)
    assert make.calls == 3


async def test_what_could_be_changed_by_its_reader_is_not_kept(key):
    with pytest.raises(TypeError):
        await remember(key, MINUTE, Maker(["a"]))
    with pytest.raises(TypeError):
        await remember(key, MINUTE, Maker(("a", {})))


async def test_a_failure_is_not_kept(key):
    async def fail():
        raise LookupError

    with pytest.raises(LookupError):
        await remember(key, MINUTE, fail)
    assert await remember(key, MINUTE, Maker("a")) == "a"
