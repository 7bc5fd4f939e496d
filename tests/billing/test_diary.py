"""What happened to money and access is told in its order, in words."""

from datetime import timedelta

from lives import somebody

from verf.billing import diary_of
from verf.kit import now


async def test_a_month_with_a_renewal_and_a_refund_can_be_read(harbour):
    began = now()
    anna = await somebody(harbour)
    await harbour.buy(anna, provider="yookassa")
    await harbour.live(timedelta(days=32), step=timedelta(days=4))
    lines = await diary_of(began, now())
    assert {line.organisation for line in lines} == {anna.organisation}
    assert [line.text for line in lines if line.kind == "charge"] == [
        "paid 2690.00 RUB: Pro initial through yookassa",
        "paid 2690.00 RUB: Pro renewal through yookassa",
    ]
    assert "new → active" in [line.text for line in lines if line.kind == "subscription"]
    assert len([line for line in lines if line.kind == "access" and "given until" in line.text]) == 2
    moments = [line.at.replace(microsecond=0) for line in lines]
    assert moments == sorted(moments)
    assert await diary_of(began - timedelta(days=2), began - timedelta(days=1)) == []
