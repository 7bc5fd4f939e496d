import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock.demand import (
    History,
    Policy,
    Shelf,
    buyout_share,
    days_of_cover,
    likely_in_stock,
    lost_units,
    reorder,
    revenue_classes,
    run_out,
    velocity,
    weekday_profile,
)

FLAT = np.ones(7)


def simulated_shop(out_share, *, products=2000, days=30, seed=7):
    """Poisson demand on shelves that are empty for a known share of random days."""
    random = np.random.default_rng(seed)
    rate = random.gamma(2.0, 1.5, products)
    available = (random.random((products, days)) >= out_share).astype(float)
    orders = random.poisson(rate[:, None] * available).astype(float)
    return rate, History(orders, available)


@pytest.mark.parametrize("out_share", [0.2, 0.4, 0.6])
def test_empty_shelves_do_not_lower_the_velocity(out_share):
    rate, history = simulated_shop(out_share)
    known = velocity(history, np.full(rate.shape, 30.0), windows={30: 1.0})
    naive = history.orders.sum(axis=1) / history.days
    bias = known.per_day.sum() / rate.sum() - 1
    assert abs(bias) < 0.02
    assert naive.sum() / rate.sum() - 1 < -out_share * 0.9


def test_a_young_product_leans_on_the_others():
    orders = np.zeros((2, 28))
    orders[0] = 10.0
    orders[1, -1] = 40.0
    seen = velocity(History(orders, np.ones_like(orders)), np.array([28.0, 1.0]))
    assert seen.per_day[0] == pytest.approx(10.0)
    assert 10.0 < seen.per_day[1] < 20.0
    assert list(seen.known) == [True, False]


def test_a_long_silence_before_we_watched_is_an_empty_shelf():
    orders = np.full((1, 60), 5.0)
    orders[0, 20:40] = 0.0
    shares = likely_in_stock(History(orders, np.full_like(orders, np.nan)))
    assert shares[0, 20:40].sum() == 0
    assert shares[0, :20].sum() == 20


def test_a_slow_seller_is_not_taken_for_an_empty_shelf():
    orders = np.zeros((1, 60))
    orders[0, ::15] = 1.0
    assert likely_in_stock(History(orders, np.full_like(orders, np.nan))).sum() == 60


def first_lost_order(buyout, *, quantity=300, rate=10.0, runs=300, seed=11):
    """A day-by-day shop: 4 days out, 6 days back, every return sold again."""
    random = np.random.default_rng(seed)
    days = []
    for _ in range(runs):
        shelf = quantity
        back = [random.poisson(rate * (1 - buyout)) for _ in range(10)]
        for day in range(400):
            shelf += back.pop(0)
            demand = random.poisson(rate)
            if demand > shelf:
                days.append(day + shelf / demand)
                break
            shelf -= demand
            back.append(random.binomial(demand, 1 - buyout))
    return float(np.mean(days))


@pytest.mark.parametrize("buyout", [0.95, 0.60, 0.35])
def test_the_forecast_meets_a_simulated_shop(buyout):
    """31.0, 49.5 and 85.3 days were measured; the forecast answers within a few per cent."""
    ahead = run_out(
        Shelf(np.array([300.0]), np.array([40.0]), np.array([10.0 * (1 - buyout) * 6])),
        np.array([10.0]),
        np.array([buyout]),
        weekdays=FLAT,
    )
    truth = first_lost_order(buyout)
    assert ahead.middle[0] == pytest.approx(truth, rel=0.04)
    assert ahead.early[0] < truth < ahead.late[0]


def test_the_quick_formula_leaves_out_what_is_on_its_way():
    quantity, per_day = np.array([300.0, 80.0, 5.0]), np.array([10.0, 10.0, 0.0])
    cover = days_of_cover(quantity, per_day, np.array([0.6, 1.0, 0.5]))
    assert cover[0] == pytest.approx(50.0)
    assert cover[1] == pytest.approx(8.0)
    assert np.isinf(cover[2])


quantities = st.floats(0, 1e5)
rates = st.floats(0, 500)


@given(quantities, rates, st.floats(0.05, 1.0), st.integers(0, 6))
def test_early_comes_before_late(quantity, rate, buyout, tomorrow):
    zero = np.zeros(1)
    ahead = run_out(
        Shelf(np.array([quantity]), zero, zero),
        np.array([rate]),
        np.array([buyout]),
        weekdays=FLAT,
        tomorrow=tomorrow,
    )
    assert 0 <= ahead.early[0] <= ahead.middle[0] <= ahead.late[0]


@given(quantities, st.floats(0.1, 500))
def test_more_stock_lasts_longer(quantity, rate):
    zero = np.zeros(2)
    ahead = run_out(
        Shelf(np.array([quantity, quantity + 10]), zero, zero),
        np.full(2, rate),
        np.ones(2),
        weekdays=FLAT,
    )
    assert ahead.middle[0] <= ahead.middle[1]


@given(rates, st.floats(0, 50), quantities, st.floats(1, 90))
def test_an_order_fills_the_shelf_for_the_lead_time_and_the_review(rate, deviation, position, lead):
    policy = Policy(lead_days=lead)
    answer = reorder(np.array([rate]), np.array([deviation]), np.array([position]), policy)
    assert answer.quantity[0] >= 0
    if answer.quantity[0] > 0:
        assert position + answer.quantity[0] >= rate * (lead + policy.review_days) + answer.safety_stock[0] - 1
    if rate == 0:
        assert answer.quantity[0] == 0


def test_safety_stock_follows_the_textbook():
    """z·sqrt(L·sd² + d²·sdL²): 1.645·sqrt(9·4² + 10²·2²) = 38.4."""
    policy = Policy(lead_days=9, lead_deviation=2, review_days=0)
    answer = reorder(np.array([10.0]), np.array([4.0]), np.array([0.0]), policy)
    assert answer.safety_stock[0] == 39
    assert answer.point[0] == 129


def test_only_watched_empty_days_lose_orders():
    available = np.array([[1.0, 0.0, 0.5, np.nan]])
    assert lost_units(np.array([4.0]), available)[0] == pytest.approx(6.0)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1))
def test_a_buyout_share_stays_a_share(pairs):
    orders = np.array([max(pair) for pair in pairs], dtype=float)
    bought = np.array([min(pair) for pair in pairs], dtype=float)
    share = buyout_share(orders, bought)
    assert ((share >= 0.05) & (share <= 1)).all()


def test_the_products_that_bring_the_money_are_class_a():
    assert revenue_classes(np.array([80.0, 15.0, 5.0, 0.0])) == ["A", "B", "C", "C"]
    assert revenue_classes(np.zeros(2)) == ["C", "C"]


def test_a_week_has_a_shape_only_after_many_orders():
    week = np.array([1, 1, 1, 1, 1, 3, 3], dtype=float)
    many = weekday_profile(np.tile(week * 100, (1, 4)), np.ones((1, 28)), 0)
    few = weekday_profile(np.tile(week, (1, 1)), np.ones((1, 7)), 0)
    assert many[5] == pytest.approx(3 / week.mean(), rel=0.05)
    assert few[5] < 1.2
    assert many.mean() == pytest.approx(1.0)
