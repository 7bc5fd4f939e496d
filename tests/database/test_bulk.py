import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from tests.database.conftest import Level, LevelChange, Pair

from verf.database import Absent, History, reading, transaction, upsert

COLUMNS = ["shelf", "item", "quantity", "note"]


async def write(organisation, rows, **options):
    async with transaction(organisation) as session:
        return await upsert(
            session, Level, rows, columns=COLUMNS, by=["shelf", "item"], changed=["quantity"], **options
        )


async def levels(organisation):
    async with reading(organisation) as connection:
        rows = await connection.execute(select(Level.shelf, Level.item, Level.quantity))
        return {(shelf, item): quantity for shelf, item, quantity in rows}


async def test_new_rows_are_written_and_told(workshop):
    organisation = uuid4()
    moved = await write(organisation, [(1, "nail", 5, None), (1, "ёж", 7, "sharp")])
    assert sorted(moved) == [((1, "nail"), None, (5,)), ((1, "ёж"), None, (7,))]
    assert await levels(organisation) == {(1, "nail"): 5, (1, "ёж"): 7}


async def test_only_what_differs_is_written(workshop):
    organisation = uuid4()
    await write(organisation, [(1, "nail", 5, None), (2, "bolt", 7, None)])
    before = await versions(organisation)
    assert await write(organisation, [(1, "nail", 5, "ignored"), (2, "bolt", 8, "written")]) == [
        ((2, "bolt"), (7,), (8,))
    ]
    after = await versions(organisation)
    assert before[1] == after[1]
    assert before[2] != after[2]
    async with reading(organisation) as connection:
        notes = dict(await connection.execute(select(Level.item, Level.note)))
    assert notes == {"nail": None, "bolt": "written"}


async def versions(organisation):
    async with reading(organisation) as connection:
        rows = await connection.execute(text("SELECT shelf, xmin::text FROM workshop.levels"))
        return dict(rows)


async def test_no_rows_are_no_work(workshop):
    assert await write(uuid4(), []) == []


async def test_the_last_row_of_a_key_counts(workshop):
    organisation = uuid4()
    await write(organisation, [(1, "nail", 5, None), (1, "nail", 6, None)])
    assert await levels(organisation) == {(1, "nail"): 6}


async def test_two_writes_of_one_transaction_do_not_mix(workshop):
    organisation = uuid4()
    async with transaction(organisation) as session:
        for quantity, shelf in [(1, 1), (2, 2)]:
            rows = [(shelf, "nail", quantity, None)]
            await upsert(session, Level, rows, columns=COLUMNS, by=["shelf", "item"], changed=["quantity"])
    assert await levels(organisation) == {(1, "nail"): 1, (2, "nail"): 2}


async def test_a_rollback_leaves_nothing(workshop):
    organisation = uuid4()
    with pytest.raises(LookupError):
        async with transaction(organisation) as session:
            rows = [(1, "nail", 1, None)]
            await upsert(session, Level, rows, columns=COLUMNS, by=["shelf", "item"], changed=["quantity"])
            raise LookupError
    assert await levels(organisation) == {}
    assert len(await write(organisation, [(1, "nail", 1, None)])) == 1


async def test_rows_missing_from_a_part_stay_as_they_are(workshop):
    organisation = uuid4()
    await write(organisation, [(1, "nail", 5, None), (1, "bolt", 6, None)])
    await write(organisation, [(1, "nail", 5, None)])
    assert await levels(organisation) == {(1, "nail"): 5, (1, "bolt"): 6}


async def test_rows_missing_from_a_complete_snapshot_of_a_scope_become_what_is_said(workshop):
    organisation = uuid4()
    await write(organisation, [(1, "nail", 5, None), (1, "bolt", 6, None), (2, "nail", 7, None)])
    shelf_is_complete = Absent(scope={"shelf": 1}, values={"quantity": 0})
    moved = await write(organisation, [(1, "nail", 5, None)], absent=shelf_is_complete)
    assert moved == [((1, "bolt"), (6,), (0,))]
    assert await levels(organisation) == {(1, "nail"): 5, (1, "bolt"): 0, (2, "nail"): 7}
    assert await write(organisation, [(1, "nail", 5, None)], absent=shelf_is_complete) == []


async def test_an_empty_complete_snapshot_empties_its_scope(workshop):
    organisation = uuid4()
    await write(organisation, [(1, "nail", 5, None), (2, "nail", 7, None)])
    await write(organisation, [], absent=Absent(scope={"shelf": 1}, values={"quantity": 0}))
    assert await levels(organisation) == {(1, "nail"): 0, (2, "nail"): 7}


async def test_moves_are_recorded_with_old_and_new_values(workshop):
    organisation, at = uuid4(), datetime(2026, 5, 4, tzinfo=UTC)
    history = History(record=LevelChange, values={"at": at})
    await write(organisation, [(1, "nail", 5, None)], history=history)
    await write(organisation, [(1, "nail", 5, None)], history=history)
    await write(organisation, [(1, "nail", 9, None)], history=history)
    async with transaction(organisation) as session:
        changes = (await session.scalars(select(LevelChange).order_by(LevelChange.id))).all()
    assert [(change.quantity_before, change.quantity, change.at) for change in changes] == [(None, 5, at), (5, 9, at)]


async def test_documents_are_compared_by_value(workshop):
    organisation = uuid4()
    options = {"columns": ["shelf", "item", "quantity", "facts"], "by": ["shelf", "item"], "changed": ["facts"]}
    for facts, count in [({"a": 1, "b": "ё"}, 1), ({"b": "ё", "a": 1}, 0), ({"a": 2}, 1), (None, 1)]:
        async with transaction(organisation) as session:
            assert len(await upsert(session, Level, [(1, "nail", 1, facts)], **options)) == count
    async with reading(organisation) as connection:
        assert await connection.scalar(text("SELECT facts IS NULL FROM workshop.levels"))


async def test_documents_may_hold_ids_and_moments(workshop):
    organisation = uuid4()
    facts = {"run": organisation, "at": datetime(2026, 5, 4, tzinfo=UTC)}
    async with transaction(organisation) as session:
        options = {"columns": ["shelf", "item", "quantity", "facts"], "by": ["shelf", "item"], "changed": ["facts"]}
        await upsert(session, Level, [(1, "nail", 1, facts)], **options)
        kept = await session.scalar(select(Level.facts))
    assert kept == {"run": str(organisation), "at": "2026-05-04T00:00:00+00:00"}


async def test_another_organisation_is_never_touched(workshop):
    mine, theirs = uuid4(), uuid4()
    await write(theirs, [(1, "nail", 5, None)])
    moved = await write(mine, [(1, "nail", 9, None)], absent=Absent(scope={"shelf": 1}, values={"quantity": 0}))
    assert moved == [((1, "nail"), None, (9,))]
    assert await levels(theirs) == {(1, "nail"): 5}


async def test_the_system_names_the_organisation_itself(workshop):
    mine, theirs = uuid4(), uuid4()
    rows = [(mine, 1, "nail", 1), (theirs, 1, "nail", 2)]
    async with transaction(system="loads two organisations") as session:
        await upsert(
            session,
            Level,
            rows,
            columns=["organisation_id", "shelf", "item", "quantity"],
            by=["organisation_id", "shelf", "item"],
            changed=["quantity"],
        )
    assert await levels(mine) == {(1, "nail"): 1}
    assert await levels(theirs) == {(1, "nail"): 2}


async def test_a_table_without_organisation_is_written_by_anyone(workshop):
    async with transaction() as session:
        await upsert(session, Pair, [(1, 2), (3, 4)], columns=["left", "right"], by=["left"], changed=["right"])
        moved = await upsert(session, Pair, [(1, 2), (3, 5)], columns=["left", "right"], by=["left"], changed=["right"])
    assert moved == [((3,), (4,), (5,))]


async def test_writers_of_the_same_rows_queue(workshop):
    organisation = uuid4()
    writes = (write(organisation, [(shelf, "nail", n, None) for shelf in range(50)]) for n in range(1, 9))
    moved = await asyncio.gather(*writes)
    assert sum(move.before is None for moves in moved for move in moves) == 50
    assert len(set((await levels(organisation)).values())) == 1


async def test_a_key_that_may_be_null_is_refused(workshop):
    async with transaction(uuid4()) as session:
        with pytest.raises(ValueError, match="cannot be a key"):
            await upsert(session, Level, [(1,)], columns=["note", "quantity"], by=["note"], changed=["quantity"])


KEYS = st.tuples(st.integers(1, 3), st.sampled_from(["nail", "bolt", "ёж"]))
SNAPSHOTS = st.tuples(st.dictionaries(KEYS, st.integers(0, 3)), st.sampled_from([None, 1, 2]))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(snapshots=st.lists(SNAPSHOTS, max_size=4))
async def test_any_row_of_writes_leaves_what_a_dictionary_would_hold(workshop, snapshots):
    organisation, model = uuid4(), {}
    for rows, complete in snapshots:
        absent = Absent(scope={"shelf": complete}, values={"quantity": 0}) if complete else None
        expected = model | rows
        if complete:
            expected |= {key: 0 for key in model if key[0] == complete and key not in rows}
        moved = await write(organisation, [(*key, quantity, None) for key, quantity in rows.items()], absent=absent)
        assert {move.key: move.after[0] for move in moved} == {
            key: value for key, value in expected.items() if model.get(key) != value
        }
        assert all(model.get(move.key) == (move.before[0] if move.before else None) for move in moved)
        model = expected
        assert await levels(organisation) == model
