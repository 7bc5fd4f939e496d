"""The order feed: real time, newest first, paged within a snapshot."""

HOST, PATH = "seller-analytics-api", "/api/analytics/v1/order-feed"


async def feed(wb, **pagination):
    await wb.without_limits()
    body = {"selectedPeriod": {"start": "2026-11-10T00:00:00+03:00"}, "pagination": {"limit": 10_000, **pagination}}
    answer = await wb.ask("POST", HOST, PATH, json=body)
    assert answer.status_code == 200
    return answer.json()["data"]


async def test_rows_come_newest_state_first(wb):
    rows = (await feed(wb))["orders"]
    moments = [row["updatedAt"] for row in rows]
    assert moments == sorted(moments, reverse=True)
    assert {"created", "buyout", "cancel", "return"} <= {row["status"] for row in rows}
    assert all(("cancelType" in row) == (row["status"] == "cancel") for row in rows)
    assert all(row["createdAt"] == row["updatedAt"] for row in rows if row["status"] == "created")


async def test_the_feed_is_ahead_of_the_statistics(wb):
    fed = {row["srid"] for row in (await feed(wb))["orders"]}
    wb.wait(minutes=20)
    later = {row["srid"] for row in (await feed(wb))["orders"]}
    reported = {row["srid"] for row in (await wb.orders()).json()}
    assert later - fed
    assert not (later - fed) & reported


async def test_pages_of_one_snapshot_neither_repeat_nor_miss(wb):
    first = await feed(wb, limit=50)
    wb.wait(minutes=20)
    second = await feed(wb, limit=10_000, offset=50, snapshotTime=first["snapshotTime"])
    srids = [row["srid"] for row in first["orders"] + second["orders"]]
    assert len(set(srids)) == len(srids)
    assert second["snapshotTime"] == first["snapshotTime"]


async def test_a_service_that_ignores_the_snapshot_repeats_rows(wb):
    first = await feed(wb, limit=50)
    wb.wait(hours=5)
    await wb.fault("snapshot-ignored")
    second = await feed(wb, limit=10_000, offset=50, snapshotTime=first["snapshotTime"])
    srids = [row["srid"] for row in first["orders"] + second["orders"]]
    assert len(set(srids)) < len(srids)


async def test_a_period_before_31_days_is_refused(wb):
    body = {"selectedPeriod": {"start": "2026-10-01T00:00:00+03:00"}}
    answer = await wb.ask("POST", HOST, PATH, json=body)
    assert answer.status_code == 400
