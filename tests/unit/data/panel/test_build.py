"""The weekly panel: complete calendar, zero is not unknown, nothing after as_of."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data.errors import AsOfOutsideDataError, PanelFileError
from data.ingest.generic import ingest_generic
from data.ingest.olist import ingest_olist
from data.ingest.result import CleanHistory
from data.panel import PRICE_MEAN, UNITS_SOLD, Panel
from data.panel.build import build_panel, panel_blocks
from data.panel.file import read_panel, write_panel
from data.synthetic.olist import write_synthetic_olist
from data.weeks import last_complete_week
from tests.support.generic import write_generic
from tests.support.olist import Row, real_olist, write_olist

NAN = float("nan")
A_WEEK = dt.date(2018, 1, 1)
Sale = tuple[str, str, float]


def history(
    folder: Path, *sales: Sale, products: list[Row] | None = None, also: list[Row] | None = None
) -> CleanHistory:
    """Sales as (product, time, price); ``also`` are orders of their own."""
    orders: list[Row] = [(f"o{number}", "delivered", bought) for number, (_, bought, _) in enumerate(sales)]
    items: list[Row] = [(f"o{number}", 1, product, price) for number, (product, _, price) in enumerate(sales)]
    write_olist(folder, orders + (also or []), items, products)
    return ingest_olist(folder, quarantine_file=folder / "q")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def row(panel: Panel, product: str, field: str = UNITS_SOLD) -> list[float]:
    return [float(value) for value in panel.fields[field][panel.product_ids.index(product)]]


def test_the_week_of_the_turn_of_the_year_is_one_week(tmp_path: Path) -> None:
    days = ["2017-12-24 12:00:00", "2017-12-25 00:00:00", "2017-12-31 23:59:59", "2018-01-01 00:00:00"]
    panel = build_panel(history(tmp_path, *(("a", day, 5) for day in days)), as_of_week=dt.date(2018, 1, 1))

    assert [str(week) for week in panel.weeks] == ["2017-12-18", "2017-12-25", "2018-01-01"]
    assert row(panel, "a") == [1, 2, 1]


def test_a_week_in_which_nobody_sold_is_there_with_zeros(tmp_path: Path) -> None:
    ingested = history(tmp_path, ("a", "2018-01-02", 5), ("a", "2018-01-23", 7))
    panel = build_panel(ingested, as_of_week=dt.date(2018, 1, 22))

    assert row(panel, "a") == [1, 0, 0, 1]
    assert row(panel, "a", PRICE_MEAN) == [5, 0, 0, 7]


def test_weeks_before_a_products_first_sale_are_unknown_and_those_after_are_zero(tmp_path: Path) -> None:
    ingested = history(tmp_path, ("a", "2018-01-02", 5), ("late", "2018-01-16", 5), ("a", "2018-01-23", 5))
    panel = build_panel(ingested, as_of_week=dt.date(2018, 1, 22))

    np.testing.assert_array_equal(row(panel, "late"), [NAN, NAN, 1, 0])
    np.testing.assert_array_equal(row(panel, "late", PRICE_MEAN), [NAN, NAN, 5, 0])
    assert np.isfinite(panel.fields[UNITS_SOLD]).sum(axis=1).tolist() == [4, 2]


def test_the_mean_price_is_over_the_units_of_the_week(tmp_path: Path) -> None:
    ingested = history(tmp_path, *(("a", "2018-01-02", price) for price in (1, 1, 4)))

    assert row(build_panel(ingested, as_of_week=dt.date(2018, 1, 1)), "a", PRICE_MEAN) == [2]


def test_sales_after_as_of_are_not_looked_at(tmp_path: Path) -> None:
    early = [("a", "2018-01-02", 5.0), ("b", "2018-01-09", 6.0)]
    later = [("a", "2018-01-15", 50.0), ("new", "2018-01-16", 1.0)]
    known = build_panel(history(tmp_path / "known", *early), as_of_week=dt.date(2018, 1, 8))
    with_later_rows = build_panel(history(tmp_path / "seen", *early, *later), as_of_week=dt.date(2018, 1, 8))

    assert with_later_rows.product_ids == known.product_ids
    for field in (UNITS_SOLD, PRICE_MEAN):
        np.testing.assert_array_equal(with_later_rows.fields[field], known.fields[field])
    assert with_later_rows.excluded == {"new": "NOT_LAUNCHED"}


def test_every_product_that_is_named_has_a_row_or_a_reason(tmp_path: Path) -> None:
    ingested = history(tmp_path, ("a", "2018-01-02", 5), products=[("a", "toys"), ("shelf", "")])
    panel = build_panel(ingested, as_of_week=dt.date(2018, 1, 1))

    assert panel.product_ids == ("a",)
    assert panel.categories == ("toys",)
    assert panel.excluded == {"shelf": "NEVER_ORDERED"}


def test_the_panel_is_float32_in_the_order_of_the_ids(tmp_path: Path) -> None:
    panel = build_panel(history(tmp_path, *((p, "2018-01-02", 5) for p in "cBa")), as_of_week=dt.date(2018, 1, 1))

    assert panel.product_ids == ("B", "a", "c")
    assert {matrix.dtype for matrix in panel.fields.values()} == {np.dtype(np.float32)}


def test_an_as_of_before_the_first_week_is_refused_and_the_earliest_usable_named(tmp_path: Path) -> None:
    ingested = history(tmp_path, ("a", "2018-01-02", 5))

    with pytest.raises(AsOfOutsideDataError, match="earliest usable --as-of is 2018-01-07") as caught:
        build_panel(ingested, as_of_week=dt.date(2017, 12, 25))
    build_panel(ingested, as_of_week=last_complete_week(caught.value.usable))


def test_an_order_that_is_no_sale_does_not_show_that_the_sales_go_on(tmp_path: Path) -> None:
    ingested = history(tmp_path, ("a", "2018-01-02", 5), also=[("x", "canceled", "2018-03-01 10:00:00")])

    with pytest.raises(AsOfOutsideDataError, match="last record of orders up to 2018-03-11") as caught:
        build_panel(ingested, as_of_week=dt.date(2018, 3, 5))
    assert caught.value.usable == dt.date(2018, 1, 7)


def test_a_written_panel_reads_back_the_same_and_is_the_same_file_each_time(tmp_path: Path) -> None:
    write_synthetic_olist(tmp_path / "olist", seed=5, products=60, weeks=20)
    ingested = ingest_olist(tmp_path / "olist", quarantine_file=tmp_path / "q")
    panel = build_panel(ingested, as_of_week=dt.date(2017, 5, 1))

    write_panel(panel, tmp_path / "panel")
    write_panel(build_panel(ingested, as_of_week=dt.date(2017, 5, 1)), tmp_path / "again")
    read = read_panel(tmp_path / "panel")

    assert contents(tmp_path / "panel") == contents(tmp_path / "again")
    assert (read.product_ids, read.categories, read.excluded) == (panel.product_ids, panel.categories, panel.excluded)
    np.testing.assert_array_equal(read.weeks, panel.weeks)
    assert read.data_until == panel.data_until == dt.date(2017, 5, 7)
    for name, matrix in panel.fields.items():
        np.testing.assert_array_equal(read.fields[name], matrix)


@pytest.mark.parametrize("name", ["panel.json", "products.json", "units_sold.npy"])
@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda whole: whole[:-3], lambda whole: whole[:-9] + b"9" + whole[-8:]]
)
def test_a_broken_panel_is_told_in_a_sentence(tmp_path: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    write_panel(build_panel(history(tmp_path, ("a", "2018-01-02", 5)), as_of_week=A_WEEK), tmp_path / "panel")
    path = tmp_path / "panel" / name
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(PanelFileError, match="build it again"):
        read_panel(tmp_path / "panel")


def test_a_panel_without_one_of_its_files_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PanelFileError, match="build it again"):
        read_panel(tmp_path / "panel")


def test_a_panel_of_many_blocks_is_the_panel_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_generic(
        tmp_path / "shops",
        sales=[
            ("a", "2018-01-01", 2, 5),
            ("b", "2018-01-02", 1, 5.5),
            ("c", "2018-01-09", 3, 1),
            ("a", "2018-01-10", 1, 6),
        ],
        inventory=[("a", "2018-01-01", 7), ("b", "2018-01-09", 3), ("d", "2018-01-08", 2)],
        availability=[("a", "2018-01-01", 1), ("b", "2018-01-08", 0)],
    )
    ingested = ingest_generic(tmp_path / "shops", quarantine_file=tmp_path / "q")
    whole = build_panel(ingested, as_of_week=dt.date(2018, 1, 8), max_missing_days=6)

    monkeypatch.setattr("data.panel.build._CELLS_PER_BLOCK", 1)
    write_panel(panel_blocks(ingested, as_of_week=dt.date(2018, 1, 8), max_missing_days=6), tmp_path / "panel")
    read = read_panel(tmp_path / "panel")

    assert len(whole.product_ids) > 1
    assert read.products() == whole.products()
    assert read.fields.keys() == whole.fields.keys()
    for name, matrix in whole.fields.items():
        np.testing.assert_array_equal(read.fields[name], matrix)


def test_every_product_of_a_large_history_has_a_row_or_a_reason(tmp_path: Path) -> None:
    """On the real Olist files where they are there, else on invented ones."""
    real = real_olist()
    folder = real or tmp_path / "olist"
    if real is None:
        write_synthetic_olist(folder, seed=3, products=2_000)

    ingested = ingest_olist(folder, quarantine_file=tmp_path / "q")
    panel = build_panel(ingested, as_of_week=last_complete_week(dt.date(2018, 8, 26)))

    assert len(panel.product_ids) + len(panel.excluded) == ingested.report.products_total
    assert (
        np.nansum(panel.fields[UNITS_SOLD])
        == ingested.sales.filter(ingested.sales["sold_on"] <= dt.date(2018, 8, 26)).height
    )
    if real is not None:
        assert len(panel.product_ids) + len(panel.excluded) == 32_951
        assert panel.fields[UNITS_SOLD].shape[1] == 104
