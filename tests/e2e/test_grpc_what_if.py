"""What if: other deliveries, another price, more demand, answered at once by a server of counted shops."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from feature_service.client import ExpectedDelivery, Item, NextDelivery, ProductRisk, RefusedError, RiskClient
from tests.support.shell import shell
from tests.support.shops import LAST_DAY, Shops


@pytest.fixture(scope="module")
def known(shops: Shops) -> list[ProductRisk]:
    """What is answered of products at risk that sell a unit in a week at least."""
    with RiskClient(shops.target) as client:
        results = client.assess(shops.panel.product_ids).results
    return [each for each in results if each.probability is not None and (each.expected_demand_units or 0) >= 1]


def what_if(shops: Shops, known: Sequence[ProductRisk], **said: object) -> list[ProductRisk]:
    with RiskClient(shops.target) as client:
        items = [Item(each.product_id, **said) for each in known]  # type: ignore[arg-type]
        return list(client.assess(items).results)


def test_what_a_caller_expects_to_come_is_netted_from_its_day_on(shops: Shops, known: list[ProductRisk]) -> None:
    soon = what_if(shops, known, deliveries=[ExpectedDelivery(5, 30.0), ExpectedDelivery(40, 500.0)])
    late = what_if(shops, known, deliveries=[ExpectedDelivery(200, 30.0)])

    hurried = 0
    for plain, with_soon, with_late in zip(known, soon, late, strict=True):
        coming = LAST_DAY + dt.timedelta(days=5)
        assert with_soon.next_delivery == NextDelivery(coming, 30.0, on_order_units=530.0)
        assert with_soon.units_on_hand == plain.units_on_hand
        assert with_soon.weeks_of_cover == plain.weeks_of_cover
        assert plain.expected_units_lost is not None
        assert (with_soon.expected_units_lost or 0) <= plain.expected_units_lost + 1e-9
        assert plain.suggested_order
        assert with_soon.suggested_order
        assert with_soon.suggested_order.units <= plain.suggested_order.units
        out = plain.expected_stockout_date
        assert out is not None
        assert with_soon.expected_stockout_date is None or with_soon.expected_stockout_date >= out
        hurried += with_soon.expedite_by is not None
        assert with_late.expected_stockout_date == out
        if out < LAST_DAY + dt.timedelta(days=200):
            assert with_late.expedite_by is not None
            assert with_late.expedite_by in (max(out - dt.timedelta(days=1), LAST_DAY + dt.timedelta(days=1)), out)
    assert 0 < hurried < len(known)


def test_more_deliveries_or_sooner_ones_never_raise_the_risk(shops: Shops, known: list[ProductRisk]) -> None:
    supposed = [
        [],
        [ExpectedDelivery(30, 5.0)],
        [ExpectedDelivery(9, 5.0)],
        [ExpectedDelivery(4, 2.0), ExpectedDelivery(4, 3.0)],
        [ExpectedDelivery(4, 5.0)],
        [ExpectedDelivery(2, 50.0)],
        [ExpectedDelivery(1, 3000.0)],
    ]
    answers = [what_if(shops, known, deliveries=each) for each in supposed]

    for fewer, more in pairwise(answers):
        for before, after in zip(fewer, more, strict=True):
            assert after.probability is not None
            assert after.probability <= (before.probability or 0) + 1e-6
            curves = zip(before.run_out_probabilities, after.run_out_probabilities, strict=True)
            assert all(now <= then + 1e-6 for then, now in curves)
            assert list(after.run_out_probabilities) == sorted(after.run_out_probabilities)
    for nothing, *others in zip(*answers, strict=True):
        most = (nothing.expected_units_lost_before_relief or 0) + 1e-6
        assert all((each.expected_units_lost_before_relief or 0) <= most for each in others)
    assert [each.probability for each in answers[3]] == pytest.approx([each.probability for each in answers[4]])
    much = [each.probability or 0 for each in answers[-1]]
    assert np.mean(much) < 0.2 * np.mean([each.probability or 0 for each in answers[0]])


def test_a_caller_can_say_that_nothing_comes(shops: Shops, known: list[ProductRisk]) -> None:
    nothing = what_if(shops, known, deliveries=[])

    assert all(each.next_delivery is None for each in nothing)
    assert [each.expected_stockout_date for each in nothing] == [each.expected_stockout_date for each in known]
    assert [each.probability for each in nothing] == pytest.approx([each.probability for each in known])


def test_without_orders_the_next_delivery_is_inferred_from_the_counts_and_enters_nothing(
    known: list[ProductRisk],
) -> None:
    inferred = [each.next_delivery for each in known if each.next_delivery]

    assert len(inferred) > len(known) / 2
    assert all(each.inferred and each.on_order_units is None for each in inferred)
    assert all(each.expected_on > LAST_DAY and each.units > 0 for each in inferred)
    assert all(each.expedite_by is None for each in known)


def test_more_demand_raises_the_risk_and_all_that_follows_from_demand(shops: Shops, known: list[ProductRisk]) -> None:
    doubled = what_if(shops, known, demand_factor=2.0)

    for before, after in zip(known, doubled, strict=True):
        assert after.expected_demand_units == pytest.approx(2 * (before.expected_demand_units or 0))
        assert (after.expected_units_lost or 0) >= (before.expected_units_lost or 0)
        assert after.weeks_of_cover == pytest.approx((before.weeks_of_cover or 0) / 2)
    mean_before, mean_after = (np.mean([each.probability for each in some]) for some in (known, doubled))
    assert mean_after > 1.2 * mean_before
    assert what_if(shops, known, demand_factor=1.0) == what_if(shops, known)
    answers = [what_if(shops, known, demand_factor=factor) for factor in (0.2, 0.95, 0.99, 1.0, 1.05, 1.5, 4.0)]
    for fewer, more in pairwise(answers):
        for before, after in zip(fewer, more, strict=True):
            curves = zip(before.run_out_probabilities, after.run_out_probabilities, strict=True)
            assert all(then <= now + 1e-6 for then, now in curves)
            assert (before.relief_probability or 0) <= (after.relief_probability or 0) + 1e-6


def test_what_is_lost_before_a_later_relief_is_no_less_than_what_is_lost_in_the_coming_week(
    known: list[ProductRisk],
) -> None:
    later = [each for each in known if each.relief_date and each.relief_date > LAST_DAY + dt.timedelta(days=7)]

    assert len(later) > 20
    for each in later:
        if each.expected_units_lost_before_relief is not None:
            assert each.expected_units_lost_before_relief >= (each.expected_units_lost or 0) - 1e-9


def test_a_delivery_of_nothing_is_none(shops: Shops, known: list[ProductRisk]) -> None:
    nothing = what_if(shops, known, deliveries=[])

    assert what_if(shops, known, deliveries=[ExpectedDelivery(2, 0.0), ExpectedDelivery(5, 0.0)]) == nothing


def test_a_delivery_that_comes_with_the_next_order_changes_nothing_of_this_one(
    shops: Shops, known: list[ProductRisk]
) -> None:
    nothing = what_if(shops, known, deliveries=[], lead_time_days=10)
    last_day, day_before = (
        what_if(shops, known, deliveries=[ExpectedDelivery(day, 500.0)], lead_time_days=10) for day in (17, 16)
    )

    for without, then, sooner in zip(nothing, last_day, day_before, strict=True):
        assert without.suggested_order is not None
        assert then.suggested_order == without.suggested_order
        assert sooner.suggested_order is not None
        helped = sooner.suggested_order.expected_left_units - without.suggested_order.expected_left_units
        assert 0 <= helped <= max(2, without.suggested_order.order_up_to_units / 2)


def test_what_is_said_of_one_product_is_of_no_other(shops: Shops, known: list[ProductRisk]) -> None:
    with RiskClient(shops.target) as client:
        first = Item(known[0].product_id, deliveries=[ExpectedDelivery(3, 9.0)], demand_factor=3.0, unit_price=1.0)
        answers = client.assess([first, *(Item(each.product_id) for each in known[1:])]).results
        alone = client.assess([Item(each.product_id) for each in known[1:]]).results

    assert answers[0].next_delivery != known[0].next_delivery
    assert answers[1:] == alone


def test_money_is_counted_by_the_price_that_a_caller_says(shops: Shops, known: list[ProductRisk]) -> None:
    for each, told in zip(known, what_if(shops, known, unit_price=10.0), strict=True):
        assert told.probability == each.probability
        assert told.expected_units_lost is not None
        assert told.revenue_at_risk == pytest.approx(10 * told.expected_units_lost)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"deliveries": [ExpectedDelivery(0, 1.0)]}, "in_days"),
        ({"deliveries": [ExpectedDelivery(3, -1.0)]}, "units"),
        ({"deliveries": [ExpectedDelivery(3, 1.0)] * 101}, "deliveries"),
        ({"unit_price": float("nan")}, "unit_price"),
        ({"demand_factor": 0.0}, "demand_factor"),
    ],
)
def test_what_cannot_be_is_refused(shops: Shops, known: list[ProductRisk], said: dict[str, object], named: str) -> None:
    with pytest.raises(RefusedError, match=named):
        what_if(shops, known[:1], **said)


def test_the_shell_asks_what_if(shops: Shops, known: list[ProductRisk]) -> None:
    product = known[0].product_id
    asked = ("--delivery", f"{product}=3:40", "--demand-factor", "2", "--unit-price", f"{product}=9")

    told = shell("assess", "--target", shops.target, *asked)

    assert f"40 units expected on {LAST_DAY + dt.timedelta(days=3)}" in told.stdout
    wrong = shell("assess", "--target", shops.target, "--delivery", f"{product}=0:40")
    assert wrong.returncode == 2
    assert "must be ID=DAYS:UNITS" in wrong.stderr
