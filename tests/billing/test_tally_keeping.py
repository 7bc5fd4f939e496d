"""The numbers of the business as they are kept: the same as counted anew, whenever somebody looks."""

from datetime import timedelta

from lives import DAY, somebody
from sqlalchemy import func, select, update

from verf.billing.ending import cancel
from verf.billing.metric_sources import read_ledger, read_lives
from verf.billing.metrics import month_of, next_month
from verf.billing.models import Tally
from verf.billing.tallies import tallies_of
from verf.billing.tally_keeping import SETTLED_AFTER, recount, recount_numbers, settle, tallies_since
from verf.database import noted_statements, transaction
from verf.kit import advance, now

LONG_AGO = timedelta(days=400)


async def looked_at():
    async with transaction(system="test looks") as session:
        return {key: value for key, value in (await tallies_since(session, now() - LONG_AGO)).items() if value}


async def counted_anew():
    async with transaction(system="test counts") as session:
        moment = now()
        found = tallies_of(*await read_lives(session, None, moment), moment)
        found.update(await read_ledger(session, None, moment))
    return {key: value for key, value in found.items() if value}


async def brought_up_to_date():
    advance(SETTLED_AFTER + timedelta(minutes=1))
    async with transaction(system="test settles") as session:
        await settle(session)


async def test_whoever_looks_sees_what_a_recount_would_say(harbour):
    anna, boris = await somebody(harbour), await somebody(harbour, "Boris")
    await harbour.buy(anna, "starter", provider="yookassa")
    assert await looked_at() == await counted_anew() != {}
    await brought_up_to_date()
    assert await looked_at() == await counted_anew()
    await harbour.live(20 * DAY, step=10 * DAY)
    await harbour.buy(boris, "pro", provider="stripe")
    assert await looked_at() == await counted_anew()
    # Months pass, with renewals, an end, and nobody who settles.
    await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="k")
    await harbour.live(45 * DAY, step=15 * DAY)
    assert await looked_at() == await counted_anew()
    for _time in range(2):
        await brought_up_to_date()
        assert await looked_at() == await counted_anew()
    async with transaction(system="test recounts") as session:
        assert await recount(session) == []
    assert await looked_at() == await counted_anew()


async def test_looking_reads_what_has_changed_and_no_more(harbour):
    for name in ("Anna", "Boris", "Clara"):
        await harbour.buy(await somebody(harbour, name), "pro", provider="yookassa")
    await brought_up_to_date()
    async with transaction(system="test looks") as session:
        assert await session.scalar(select(func.count()).select_from(Tally)) < 40
        with noted_statements() as quiet:
            await tallies_since(session, month_of(now()))
    assert not [each for each in quiet if "subscription_log.changes" in each]
    assert len(quiet) == 4
    dora = await somebody(harbour, "Dora")
    await harbour.buy(dora, "pro", provider="yookassa")
    async with transaction(system="test looks") as session:
        with noted_statements() as busy:
            await tallies_since(session, month_of(now()))
        lives, _begun = await read_lives(session, {(dora.organisation, "stock")}, now())
    assert len(busy) == len(quiet) + 4
    assert {life.organisation for life in lives} == {dora.organisation}


async def test_a_month_that_begins_without_news_begins_where_the_last_one_ended(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    await brought_up_to_date()
    advance(next_month(month_of(now())) - now() + timedelta(hours=3))
    assert await looked_at() == await counted_anew()
    await brought_up_to_date()
    assert await looked_at() == await counted_anew()


async def test_a_recount_says_what_had_been_kept_otherwise_and_mends_it(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    assert await recount_numbers() == [], "nothing was kept yet"
    await brought_up_to_date()
    assert await recount_numbers() == []
    async with transaction(system="test spoils a number") as session:
        spoilt = await session.scalar(select(Tally).order_by(Tally.id).limit(1))
        right = spoilt.value
        await session.execute(update(Tally).where(Tally.id == spoilt.id).values(value=right + 7))
    [told] = await recount_numbers()
    assert told == (
        f"{spoilt.at:%Y-%m} {spoilt.kind} {spoilt.product} {spoilt.about} {spoilt.name}: "
        f"kept {right + 7}, counted {right}"
    ).replace("  ", " ")
    assert await recount_numbers() == []
    assert await looked_at() == await counted_anew()
