"""Every row of the files is used, excluded by its order's status, or in quarantine with a reason."""

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from data.errors import EmptyInputError, IngestSettingError, TooManyBadRowsError
from data.ingest.contracts import ITEMS, RejectionReason
from data.ingest.olist import ingest_olist
from data.ingest.result import CleanHistory
from data.synthetic.olist import write_synthetic_olist
from tests.support.generic import GENERIC_ONLY, SETTINGS_ONLY, TERMS_ONLY
from tests.support.olist import Row, item, order, real_olist, write_olist


def ingest(folder: Path, max_bad_share: float = 1.0) -> tuple[CleanHistory, pl.DataFrame]:
    quarantine_file = folder / "out" / "quarantine.parquet"
    ingested = ingest_olist(folder, quarantine_file=quarantine_file, max_bad_share=max_bad_share)
    return ingested, pl.read_parquet(quarantine_file)


def assert_accounted(ingested: CleanHistory) -> None:
    report = ingested.report
    assert report.items_total == report.items_used + report.items_excluded_by_status + report.items_quarantined
    assert report.items_used == ingested.sales.height
    assert report.products_total == report.products_sold + sum(report.products_excluded.values())
    assert sum(report.quarantined["items"].values()) == report.items_quarantined
    assert sum(report.quarantined["orders"].values()) == report.orders_quarantined


BAD_ITEMS: list[tuple[Row, RejectionReason]] = [
    (("", 1, "a", 10), RejectionReason.MISSING_ID),
    (("o1", "", "a", 10), RejectionReason.MISSING_ID),
    (("o1", 2, "", 10), RejectionReason.MISSING_ID),
    (("o1", 2, '""', 10), RejectionReason.MISSING_ID),
    (("o1", 2, "\N{REPLACEMENT CHARACTER}", 10), RejectionReason.UNREADABLE_TEXT),
    (("o1", 2, "a\x1b[2J", 10), RejectionReason.CONTROL_CHARACTER),
    (("o1", 2, "a\0", 10), RejectionReason.CONTROL_CHARACTER),
    (("o1", 2, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 129, 10), RejectionReason.ID_TOO_LONG),
    (("o1", 2, "a", "ten"), RejectionReason.UNPARSABLE_PRICE),
    (("o1", 2, "a", ""), RejectionReason.UNPARSABLE_PRICE),
    (("o1", 2, "a", "nan"), RejectionReason.UNPARSABLE_PRICE),
    (("o1", 2, "a", "inf"), RejectionReason.UNPARSABLE_PRICE),
    (("o1", 2, "a", '"1,5,5"'), RejectionReason.UNPARSABLE_PRICE),
    (("o1", 2, "a", -0.01), RejectionReason.NEGATIVE_PRICE),
    (("o1", 2, "a", "1e300"), RejectionReason.PRICE_OUT_OF_RANGE),
    (("o1", 1, "b", 12), RejectionReason.DUPLICATE_ITEM),
    (("o9", 1, "a", 10), RejectionReason.ITEM_WITHOUT_ORDER),
    (("o1", 2, "a", 10, "too much"), RejectionReason.MALFORMED_ROW),
    (('"o1', 2, "a", 10), RejectionReason.MALFORMED_ROW),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_ITEMS)
def test_a_bad_item_goes_to_quarantine_with_its_reason_and_its_raw_row(
    tmp_path: Path, bad: Row, reason: RejectionReason
) -> None:
    write_olist(tmp_path, [order(1)], [item(1), bad])

    ingested, quarantine = ingest(tmp_path)

    assert quarantine.select("source_file", "row_number", "reason").rows() == [(f"{ITEMS.stem}.csv", 2, reason)]
    assert json.loads(quarantine["raw"].item())
    assert ingested.sales.height == 1
    assert_accounted(ingested)


def test_a_raw_row_holds_every_column_of_the_file_also_those_that_nothing_reads(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1)], [])
    rows = ["seller,order_id,order_item_id,product_id,price,freight", "s,o1,1,a,10,1.5", "t,o1,2,a,ten,2.5"]
    (tmp_path / f"{ITEMS.stem}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    _, quarantine = ingest(tmp_path)

    assert list(json.loads(quarantine["raw"].item()).items()) == [
        *(("seller", "t"), ("order_id", "o1"), ("order_item_id", "2"), ("product_id", "a"), ("price", "ten")),
        ("freight", "2.5"),
    ]


BAD_ORDERS: list[tuple[Row, RejectionReason]] = [
    (("", "delivered", "2018-01-10 12:00:00"), RejectionReason.MISSING_ID),
    (("o2", "lost", "2018-01-10 12:00:00"), RejectionReason.UNKNOWN_STATUS),
    (("o2", "", "2018-01-10 12:00:00"), RejectionReason.UNKNOWN_STATUS),
    (("o2", "delivered", "2018-02-30 12:00:00"), RejectionReason.UNPARSABLE_TIME),
    (("o2", "delivered", ""), RejectionReason.UNPARSABLE_TIME),
    (("o2", "delivered", "10/01/2018 12:00"), RejectionReason.UNPARSABLE_TIME),
    (("o2", "delivered", "1970-01-01 00:00:00"), RejectionReason.TIME_OUT_OF_RANGE),
    (("o2", "delivered", "9999-01-01 00:00:00"), RejectionReason.TIME_OUT_OF_RANGE),
    (("o1", "delivered", "2018-01-11 12:00:00"), RejectionReason.DUPLICATE_ORDER),
]


@pytest.mark.parametrize(("bad", "reason"), BAD_ORDERS)
def test_a_bad_order_goes_to_quarantine_with_its_reason(tmp_path: Path, bad: Row, reason: RejectionReason) -> None:
    write_olist(tmp_path, [order(1), bad], [item(1)])

    ingested, quarantine = ingest(tmp_path)

    assert quarantine.select("row_number", "reason").rows() == [(2, reason)]
    assert ingested.sales["sold_on"].to_list() == [dt.date(2018, 1, 10)]
    assert_accounted(ingested)


def test_every_reason_of_the_contract_has_an_example_here() -> None:
    reasons = {reason for _, reason in BAD_ITEMS + BAD_ORDERS}
    assert set(RejectionReason) - reasons - GENERIC_ONLY - SETTINGS_ONLY - TERMS_ONLY == {
        RejectionReason.ITEM_OF_QUARANTINED_ORDER,
        RejectionReason.DUPLICATE_PRODUCT,
    }


def test_items_of_a_quarantined_order_are_told_from_items_without_an_order(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1), order(2, bought="never")], [item(1), item(2), item(3)])

    ingested, quarantine = ingest(tmp_path)

    of_items = quarantine.filter(pl.col("source_file") == f"{ITEMS.stem}.csv")
    assert of_items["reason"].to_list() == [
        RejectionReason.ITEM_OF_QUARANTINED_ORDER,
        RejectionReason.ITEM_WITHOUT_ORDER,
    ]
    assert_accounted(ingested)


def test_a_broken_row_does_not_push_out_its_corrected_repeat(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1)], [item(1, price="?"), item(1, price=12)])

    ingested, quarantine = ingest(tmp_path)

    assert ingested.sales["unit_price"].to_list() == [12]
    assert quarantine["reason"].to_list() == [RejectionReason.UNPARSABLE_PRICE]


def test_a_repeated_product_row_is_quarantined_and_the_first_one_counts(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1)], [item(1)], products=[("a", "toys"), ("a", "auto")])

    ingested, quarantine = ingest(tmp_path)

    assert ingested.products.select("product_id", "category", "exclusion", "lead_time_days").rows() == [
        ("a", "toys", None, None)
    ]
    assert quarantine["reason"].to_list() == [RejectionReason.DUPLICATE_PRODUCT]


def test_an_order_without_items_is_counted_and_no_error(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1), order(2), order(3, status="unavailable")], [item(1)])

    ingested, quarantine = ingest(tmp_path, max_bad_share=0)

    assert ingested.report.orders_without_items == 2
    assert quarantine.is_empty()


def test_products_without_sales_are_excluded_with_the_reason(tmp_path: Path) -> None:
    orders = [order(1), order(2, status="canceled"), order(3, status="unavailable")]
    items = [item(1, "sold"), item(2, "cancelled"), item(3, "sold"), item(1, "broken", price="?", line=2)]
    write_olist(tmp_path, orders, items, products=[("listed", "toys"), ("sold", "toys")])

    ingested, _ = ingest(tmp_path)

    assert dict(ingested.products.select("product_id", "exclusion").iter_rows()) == {
        "sold": None,
        "cancelled": "NO_COUNTED_SALES",
        "broken": "QUARANTINED",
        "listed": "NEVER_ORDERED",
    }
    assert ingested.report.items_excluded_by_status == 2
    assert_accounted(ingested)


def test_which_statuses_count_as_a_sale_is_a_setting(tmp_path: Path) -> None:
    write_olist(
        tmp_path, [order(1), order(2, status="canceled"), order(3, status="shipped")], [item(1), item(2), item(3)]
    )

    report = ingest_olist(tmp_path, quarantine_file=tmp_path / "q", excluded_statuses={"shipped"}).report

    assert (report.items_used, report.items_excluded_by_status) == (2, 1)


def test_product_ids_are_any_text_and_stay_as_they_are(tmp_path: Path) -> None:
    ids = [" store 1/item 2 ", "é🎈", "NULL", "0012", "null", "a'b"]
    write_olist(tmp_path, [order(1)], [item(1, product, line=line) for line, product in enumerate(ids, start=1)])

    ingested, _ = ingest(tmp_path, max_bad_share=0)

    assert sorted(ids) == ingested.products["product_id"].to_list()


def test_too_many_bad_rows_stop_the_run_and_the_quarantine_is_there_to_look_at(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1)], [item(1), item(1, price=-1, line=2), item(1, price=-2, line=3), item(7)])

    with pytest.raises(
        TooManyBadRowsError, match=r"3 of the 4 rows .*75.0%.*allowed are 10.0%.*NEGATIVE_PRICE"
    ) as caught:
        ingest(tmp_path, max_bad_share=0.1)

    assert str(caught.value.quarantine_file) in str(caught.value)
    assert pl.read_parquet(caught.value.quarantine_file).height == 3


def test_bad_orders_are_judged_by_themselves(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1), order(2, bought="?")], [item(1, line=line) for line in range(100)])

    with pytest.raises(TooManyBadRowsError, match=r"1 of the 2 rows of .*orders_dataset"):
        ingest(tmp_path, max_bad_share=0.1)


def test_files_in_which_nothing_counts_as_a_sale_are_refused(tmp_path: Path) -> None:
    write_olist(tmp_path, [order(1, status="canceled")], [item(1)])

    with pytest.raises(EmptyInputError, match="counts as a sale"):
        ingest(tmp_path)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"time_zone": "Brazil/Atlantis"}, "Brazil/Atlantis"),
        ({"excluded_statuses": {"cancelled"}}, "cancelled"),
        ({"max_bad_share": 1.5}, "between 0 and 1"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(tmp_path: Path, setting: dict[str, object], sentence: str) -> None:
    write_olist(tmp_path, [order(1)], [item(1)])

    with pytest.raises(IngestSettingError, match=sentence):
        ingest_olist(tmp_path, quarantine_file=tmp_path / "q", **setting)  # type: ignore[arg-type]


def test_all_rows_of_a_large_history_are_accounted_for(tmp_path: Path) -> None:
    """On the real Olist files where they are there, else on as many invented rows."""
    real = real_olist()
    folder = real or tmp_path / "olist"
    if real is None:
        write_synthetic_olist(folder, seed=3, products=2_000)

    quarantine_file = tmp_path / "quarantine.parquet"
    ingested = ingest_olist(folder, quarantine_file=quarantine_file, max_bad_share=0)

    assert_accounted(ingested)
    if real is not None:
        assert ingested.report.items_total == 112_650
        assert ingested.report.orders_without_items == 775
        assert ingested.report.products_total == 32_951
