"""Whatever the width, no figure of a table is cut: it is whole, or its column is left out and named."""

import dataclasses
import datetime as dt
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from feature_service.client.output import tables
from feature_service.client.results import (
    FeatureAnswer,
    ProductFeatures,
    ProductProblem,
    ProductRisk,
    Provenance,
    RankedAnswer,
    RankedRisk,
    RiskAnswer,
)

WIDTHS = st.integers(12, 200)
IDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=60)
AMOUNTS = st.one_of(st.none(), st.floats(0, 1e9), st.integers(0, 10**7).map(float))
DATES = st.one_of(st.none(), st.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)))
PROVENANCE = Provenance(
    model_name="stockout_risk",
    model_version="1",
    feature_set="stock-1",
    label="inventory",
    threshold=0.061,
    snapshot_id="2018-W34-bba90351d6de",
    as_of_week=dt.date(2018, 8, 20),
    horizon_weeks=1,
    evidence="STOCK_AWARE",
    published_at=dt.datetime(2018, 8, 27, tzinfo=dt.UTC),
    stale=False,
)
RISKS = st.lists(
    st.builds(
        ProductRisk,
        product_id=IDS,
        probability=st.floats(0, 1),
        alert=st.booleans(),
        error=st.none(),
        units_on_hand=AMOUNTS,
        revenue_at_risk=AMOUNTS,
        weeks_of_cover=AMOUNTS,
        expected_stockout_date=DATES,
        reorder_by_date=DATES,
        category=st.one_of(st.just(""), IDS),
    ),
    min_size=1,
    max_size=7,
)
DAY, WIDE = dt.date(2018, 8, 12), "fashion_bags_and_accessories"
HEADERS = {"on hand": "units_on_hand", "weeks left": "weeks_of_cover", "revenue at risk": "revenue_at_risk"}
HEADERS |= {"runs out": "expected_stockout_date", "reorder by": "reorder_by_date", "category": "category"}


def printed(what: RenderableType, width: int) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(what, crop=False)
    return file.getvalue()


def left_out(text: str) -> set[str]:
    found = re.search(r"no room for: (.*?) \(", " ".join(text.split()))
    return {name for name in HEADERS if found and name in found[1]}


def words(text: str) -> set[str]:
    return set(text.split())


def figures(risk: ProductRisk, without: set[str]) -> set[str]:
    """What stands in the row of a product, each as the whole word that it must be."""
    shown = {name: getattr(risk, field) for name, field in HEADERS.items() if name not in without}
    styles = {"on hand": "g", "weeks left": ".1f", "revenue at risk": ",.0f", "runs out": "", "reorder by": ""}
    cells = {format(shown[name], style) for name, style in styles.items() if shown.get(name) is not None}
    return cells | {f"{risk.probability:.3f}{'*' if risk.alert else ''}"}


@given(risks=RISKS, width=WIDTHS)
def test_every_figure_is_whole_or_its_column_is_named_as_left_out(risks: list[ProductRisk], width: int) -> None:
    ranked = RankedAnswer(PROVENANCE, len(risks), [RankedRisk(number, each) for number, each in enumerate(risks, 1)])
    for table in (tables.ranked_table(ranked), tables.risk_table(RiskAnswer(PROVENANCE, risks))):
        text = printed(table, width)
        for each in risks:
            assert figures(each, left_out(text)) <= words(text)


@given(product_id=IDS, width=WIDTHS)
def test_every_id_is_there_to_its_last_character(product_id: str, width: int) -> None:
    text = printed(tables.risk_table(RiskAnswer(PROVENANCE, [ProductRisk(product_id, 0.5, False, None)])), width)
    rows = text.split("─\n", 1)[1].splitlines()
    of_product = rows[: next(number for number, row in enumerate(rows) if not row.strip())]
    assert "".join(row.split()[0] for row in of_product) == product_id


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_a_usual_window(width: int) -> None:
    risk = ProductRisk(
        "0123456789abcdef" * 2, 0.5, True, None, 29, 10, 1, 123_456, 1.5, reorder_by_date=DAY, category=WIDE
    )
    text = printed(tables.risk_table(RiskAnswer(PROVENANCE, [risk] * 3)), width)
    assert max(map(len, text.splitlines())) <= width


@given(
    values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=5), width=WIDTHS
)
def test_every_feature_value_is_whole(values: list[float], width: int) -> None:
    names = tuple(f"a_feature_with_a_long_name_{number}" for number in range(len(values)))
    answer = FeatureAnswer(PROVENANCE, names, [ProductFeatures("x" * 40, tuple(values), True, None)])
    assert {f"{value:g}" for value in values} <= words(printed(tables.feature_table(answer), width))


def test_a_product_without_an_answer_is_told_in_a_sentence_and_never_as_a_zero() -> None:
    problem = ProductProblem("NOT_FOUND", "UNKNOWN_PRODUCT", "no such product")
    text = printed(tables.risk_table(RiskAnswer(PROVENANCE, [ProductRisk("zzz", None, None, problem)])), 80)
    assert "zzz: UNKNOWN_PRODUCT: no such product" in text
    assert re.search(r"^zzz +unknown", text, re.MULTILINE)
    assert "left out" not in text


def test_a_day_to_order_by_that_was_over_with_the_newest_week_is_overdue() -> None:
    last, next_day = dt.date(2018, 8, 26), dt.date(2018, 8, 27)
    risks = [ProductRisk(day.isoformat(), 0.5, False, None, reorder_by_date=day) for day in (last, next_day)]
    text = printed(tables.risk_table(RiskAnswer(PROVENANCE, risks)), 80)
    assert re.findall(r"(\S+) overdue *$", text, re.MULTILINE) == ["2018-08-26"]
    assert "the data's newest week, on 2018-08-26" in text


def test_a_table_tells_until_when_there_is_data() -> None:
    answer = RiskAnswer(dataclasses.replace(PROVENANCE, data_until=dt.date(2018, 8, 24)), [])
    assert "data until 2018-08-24" in printed(tables.risk_table(answer), 120)
    assert "data until" not in printed(tables.risk_table(RiskAnswer(PROVENANCE, [])), 120), "an older server"


def test_sales_alone_are_never_shown_as_a_stock_out() -> None:
    provenance = dataclasses.replace(PROVENANCE, evidence="SALES_ONLY", label="zero_sales")
    text = printed(tables.risk_table(RiskAnswer(provenance, [ProductRisk("a", 0.5, False, None)])), 80)
    assert text.startswith("probability of no sale (zero_sales), 2018-08-27 to 2018-09-02\n")
    assert "A week without a sale need not be a stock-out." in text
    assert "risk of a stock-out" not in text
