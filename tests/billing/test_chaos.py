"""Lives in bad weather end as they do in good: the same money, access, mails and ledger."""

import zlib
from datetime import UTC, datetime, timedelta

import pytest
from harbour import open_harbour
from staging import begin_at, staged

from verf.billing import start_afresh
from verf.cli.chaos import LIVES, WEATHERS, Lab, differences, play
from verf.kit import now

FIRST_DAY = datetime(2030, 1, 15, 9, tzinfo=UTC)
STEP = timedelta(days=4)
SEED = "7"
CAST = [
    ("trial, paid, up, cancelled", "stripe"),
    ("disputed and lost", "paddle"),
    ("fails and recovers", "yookassa"),
    ("refunded in parts", "wata"),
]
CAST = [(life, provider) for name, provider in CAST for life in LIVES if life.name == name]
_clean = {}


async def played(site, weather):
    async with open_harbour(site) as harbour:
        begin_at(FIRST_DAY)
        async with staged(harbour, zlib.crc32(SEED.encode())) as stage:
            return await play(stage, CAST, weather, seed=SEED, step=STEP)


# The others are in `verf chaos billing`, with all the lives.
SOME = [None, *(each for each in WEATHERS if each.name in ("lost", "crowded", "provider down", "killed"))]


@pytest.mark.parametrize("weather", SOME, ids=[each.name if each else "fair" for each in SOME])
async def test_lives_end_alike_in_every_weather(site, database, weather):
    if not _clean:
        _clean.update(await played(site, None))
        # As it was before the fair lives, of which nothing may help or hinder the others.
        await database.empty()
        start_afresh()
    faces = await played(site, weather)
    wrong = {who: found for who, face in _clean.items() if (found := differences(face, faces[who]))}
    assert wrong == {}


async def test_who_tries_for_longer_than_a_token_lives_signs_in_again(site):
    async with open_harbour(site) as harbour, staged(harbour, zlib.crc32(SEED.encode())) as stage:
        lab = await Lab.on(stage)
        who = await lab.customer("anna", "stripe")
        await lab.buy(who, "pro")
        began = now()
        await harbour.control("stripe", "knobs", fail={"rate": 1, "count": 60})
        assert (await lab.ask(who, "pause", {}))["paused_at"]
        assert now() - began > timedelta(minutes=15)
