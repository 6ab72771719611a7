import dataclasses
import datetime as dt
from collections.abc import Callable

import numpy as np
import pytest

from data.panel import PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from feature_service.kernel.sets import stock_1
from monitoring.drift import DRIFTED, STEADY, UNKNOWN, WATCH, ColumnReport, DriftReport, Watched, watch
from tests.support.drift import Fields, changed, of_shop, steady_panel
from training.labels import label

PANEL = steady_panel()
WEEK = dt.timedelta(weeks=1)
SEED_18 = Watched(label("zero_sales"), "seed-18")


def column(report: DriftReport, name: str) -> ColumnReport:
    return next(each for each in report.columns if each.name == name)


def prices_rise(panel: Panel, weeks: int, factor: float = 1.15) -> Panel:
    def change(fields: Fields) -> None:
        fields[PRICE_MEAN][:, -weeks:] *= np.float32(factor)

    return changed(panel, change)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_named_where_nothing_changed(seed: int) -> None:
    report = watch(steady_panel(seed=seed), SEED_18)
    assert report.findings == ()
    assert not report.asks_for_refresh
    assert {each.state for each in report.columns} <= {STEADY, WATCH, UNKNOWN}


def test_a_price_level_is_named_with_its_size_and_first_week_and_its_features_follow() -> None:
    report = watch(prices_rise(PANEL, 2, 1.31), SEED_18)
    (finding,) = report.drifted
    assert finding.sentence.startswith(
        "price_mean: level x1.31 of what the same products cost before, since 2024-06-03"
    )
    assert {"price_mean_lag_1", "price_mean_roll_mean_2"} <= set(finding.followers)
    assert not any("sales" in each for each in finding.followers)


def test_the_first_week_is_watched_and_the_second_one_named() -> None:
    first, second = watch(prices_rise(PANEL, 1)), watch(prices_rise(PANEL, 2))
    assert column(first, "price_mean").state == WATCH
    assert not first.asks_for_refresh
    assert column(second, "price_mean").state == DRIFTED


def test_two_weeks_that_go_different_ways_are_no_drift() -> None:
    def change(fields: Fields) -> None:
        fields[PRICE_MEAN][:, -2] *= np.float32(1.3)
        fields[PRICE_MEAN][:, -1] *= np.float32(0.7)

    assert column(watch(changed(PANEL, change)), "price_mean").state == WATCH


def test_a_change_below_the_floor_is_of_no_interest_however_sure_it_is() -> None:
    found = column(watch(prices_rise(PANEL, 2, 1.03)), "price_mean")
    assert found.p is not None
    assert found.p < 1e-4
    assert found.state == STEADY


def shop_sends_cents(fields: Fields) -> None:
    fields[PRICE_MEAN][of_shop(PANEL, "2"), -2:] *= 100


def shop_sends_dozens(fields: Fields) -> None:
    fields[UNITS_SOLD][of_shop(PANEL, "2"), -2:] /= 12


def shop_is_missing(fields: Fields) -> None:
    for name in (UNITS_SOLD, PRICE_MEAN, "orders", "count_days"):
        fields[name][of_shop(PANEL, "2"), -2:] = 0


def demand_rises(fields: Fields) -> None:
    fields[UNITS_SOLD][:, -2:] *= np.float32(1.3)


def prices_are_one_default(fields: Fields) -> None:
    fields[PRICE_MEAN][:, -2:] = np.where(fields[PRICE_MEAN][:, -2:] > 0, 9.99, 0)


def counts_are_lost(fields: Fields) -> None:
    fields[UNITS_ON_HAND][::5, -2:] = np.nan


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (shop_sends_cents, "price_mean of location 2: level x100 of what the same products cost before"),
        (shop_sends_dozens, "units_sold of location 2: "),
        (shop_is_missing, "units_sold of location 2: none, "),
        (demand_rises, "units_sold: "),
        (prices_are_one_default, "price_mean by product: constant: 9.99 for every product"),
        (counts_are_lost, "units_on_hand unknown: 20% of products, 0.0% before"),
    ],
)
def test_the_input_that_changed_is_the_first_to_be_named(change: Callable[[Fields], None], sentence: str) -> None:
    report = watch(changed(PANEL, change), SEED_18)
    assert report.drifted[0].sentence.startswith(sentence)
    assert all(each.column.startswith("label rate") for each in report.drifted[1:])


def test_a_feature_may_have_the_name_of_an_input() -> None:
    random = np.random.default_rng(5)
    stock = {name: random.poisson(4, PANEL.fields[UNITS_SOLD].shape).astype(np.float32) for name in stock_1.FIELDS}
    panel = dataclasses.replace(PANEL, fields=stock | dict(PANEL.fields))

    def shelves_fill(fields: Fields) -> None:
        fields[UNITS_ON_HAND][of_shop(panel, "2"), -2:] *= 10

    report = watch(changed(panel, shelves_fill), Watched(label("inventory"), "stock-1"))
    names = [each.name for each in report.columns]
    assert len(names) == len(set(names))
    assert report.drifted[0].column == "units_on_hand of location 2"
    assert column(report, "units_on_hand (feature)").state == DRIFTED


def test_a_feature_that_a_longer_history_makes_known_is_no_drift() -> None:
    panel = steady_panel(120, weeks=57)
    since = np.where(panel.fields[UNITS_SOLD] > 0, np.float32(2), np.float32(9))
    fields = {**panel.fields, "sale_days": panel.fields["orders"], "days_since_sale": since}
    report = watch(dataclasses.replace(panel, fields=fields), Watched(label("zero_sales"), "sales-2"))
    assert column(report, "market_year_ago_step unknown").state == STEADY
    assert report.findings == ()


def test_which_shop_is_missing_is_told_by_the_number_of_shops_too() -> None:
    report = watch(changed(PANEL, shop_is_missing))
    found = column(report, "locations with records")
    assert found.state == DRIFTED
    assert found.sentence == "3.0, 4.0 before (x0.75); missing: 2"
    assert "locations with records" in report.drifted[0].followers


def test_a_week_that_only_went_by_is_no_drift_of_the_features_that_still_see_it() -> None:
    def change(fields: Fields) -> None:
        fields[UNITS_SOLD][:, -3] *= 4

    report = watch(changed(PANEL, change), SEED_18)
    assert column(report, "sales_qtd_roll_sum_4").state == DRIFTED
    assert not report.asks_for_refresh
    (passing,) = report.findings
    assert passing.state == WATCH
    assert passing.sentence.startswith("units_sold was out of the ordinary in the week of 2024-05-27; ")


def test_of_a_week_that_only_went_by_the_shop_is_named_that_made_it() -> None:
    def change(fields: Fields) -> None:
        fields[PRICE_MEAN][of_shop(PANEL, "2"), -3] *= 100

    (passing,) = watch(changed(PANEL, change), SEED_18).findings
    assert passing.sentence.startswith("price_mean of location 2 was out of the ordinary in the week of 2024-05-27; ")


def test_a_week_of_wrong_prices_does_not_make_the_right_ones_after_it_look_wrong() -> None:
    def change(fields: Fields) -> None:
        fields[PRICE_MEAN][of_shop(PANEL, "2"), -6] *= 100

    report = watch(changed(PANEL, change))
    assert column(report, "price_mean of location 2").state == STEADY
    assert report.findings == ()


def test_a_drift_is_named_with_its_whole_size_until_a_quarter_has_made_it_usual() -> None:
    said = {weeks: watch(prices_rise(PANEL, weeks, 1.2)) for weeks in (2, 6, 12, 30)}
    sentence = "price_mean: level x1.20 of what the same products cost before"
    assert [said[weeks].drifted[0].sentence.startswith(sentence) for weeks in (2, 6, 12)] == [True] * 3
    assert said[30].drifted == ()


def test_a_feature_that_became_constant_is_named_though_its_input_went_by_lately() -> None:
    def change(fields: Fields) -> None:
        fields[PRICE_MEAN][:, -6] *= np.float32(1.3)
        fields[UNITS_ON_HAND][:, -2:] = 5

    assert (
        watch(changed(PANEL, change)).drifted[0].sentence.startswith("units_on_hand by product: constant: 5 for every")
    )


@pytest.mark.parametrize("shape", [(8, 44), (240, 9)], ids=["few products", "few weeks"])
def test_below_a_least_size_nothing_is_claimed(shape: tuple[int, int]) -> None:
    report = watch(prices_rise(steady_panel(*shape), 2, 3.0))
    found = column(report, "price_mean")
    assert found.state == UNKNOWN
    assert found.sentence in (
        "too few products, or too few weeks before, to compare",
        "3 past weeks say what is usual, 6 are needed",
    )
    assert report.findings == ()


def test_where_nothing_can_be_compared_that_is_what_is_said() -> None:
    for panel in (steady_panel(products=2, weeks=5), steady_panel(products=0)):
        assert watch(panel).summary() == "whether anything drifted is unknown: there are too few products or weeks"


def test_the_same_panel_and_seed_give_the_same_report() -> None:
    panel = prices_rise(PANEL, 2)
    assert watch(panel, SEED_18, seed=3).to_json() == watch(panel, SEED_18, seed=3).to_json()


def test_the_order_of_the_products_does_not_matter() -> None:
    order = np.random.default_rng(1).permutation(len(PANEL.product_ids))
    shuffled = dataclasses.replace(
        PANEL,
        product_ids=tuple(PANEL.product_ids[row] for row in order),
        fields={name: matrix[order] for name, matrix in PANEL.fields.items()},
        categories=tuple(PANEL.categories[row] for row in order),
        groups={name: tuple(values[row] for row in order) for name, values in PANEL.groups.items()},
    )
    before, after = watch(PANEL, SEED_18), watch(shuffled, SEED_18)
    assert [each.state for each in after.columns] == [each.state for each in before.columns]
    for one, other in zip(before.columns, after.columns, strict=True):
        assert other.distance == pytest.approx(one.distance, abs=1e-5), one.name


def test_a_week_is_judged_by_its_own_data_alone() -> None:
    """Weeks that were never watched change nothing: the report of a week is that of a panel that ends there."""
    risen = prices_rise(PANEL, 5)
    ends = dataclasses.replace(
        risen, weeks=risen.weeks[:-3], fields={name: matrix[:, :-3] for name, matrix in risen.fields.items()}
    )
    then, now = watch(ends).drifted[0], watch(risen).drifted[0]
    assert (then.id, now.id) == ("price_mean 2024-05-13",) * 2


def test_what_a_model_learned_from_for_four_weeks_asks_for_no_further_refresh() -> None:
    report = watch(prices_rise(PANEL, 6), SEED_18)
    first_week = report.drifted[0].since
    asked = {weeks: dataclasses.replace(report, learned_until=first_week + weeks * WEEK) for weeks in (-1, 2, 3)}
    assert [each.asks_for_refresh for each in (report, *asked.values())] == [True, True, True, False]
    assert asked[3].summary().startswith("DRIFT, which the model has learned from: price_mean: level x1.15")


def test_a_report_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    report = watch(prices_rise(PANEL, 2), SEED_18)
    path = tmp_path_factory.mktemp("drift") / "2024-W24.json"
    path.write_text(report.to_json(), encoding="utf-8")
    assert DriftReport.read(path) == report
