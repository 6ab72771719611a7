"""How products are ordered, as their table and that of the suppliers say, up to the panel."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from data.errors import FewJoinsError, TooManyBadRowsError
from data.history.clean import clean_history
from data.history.fact_tables import LOAD
from data.history.folder import DeliveryFolder
from data.history.history import open_history
from data.history.load import load_delivery
from data.ingest.contracts import RejectionReason
from data.ingest.generic import ingest_generic
from data.panel import Panel, Supplier
from data.panel.build import build_panel

MONDAY = dt.date(2024, 1, 1)
PRODUCTS = """product_id,category,supplier_id,pack_size,minimum_order_units,maximum_order_units,unit_cost,service_level
a,toys,s,6,12,60,"2,50",0.95
b,toys,t,,,,,
c,toys,,,,,3,
"""
SUPPLIERS = "supplier_id,name,lead_time_days,minimum_order_value\ns,Sam & Co,21,250\nt,,,\n"


def shop(folder: Path, products: str = PRODUCTS, suppliers: str = SUPPLIERS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    days = [MONDAY + dt.timedelta(days=day) for day in range(21)]
    sales = [f"{product},{day},1,5" for product in "abc" for day in days]
    (folder / "sales.csv").write_text("\n".join(["product_id,sold_at,quantity,unit_price", *sales]) + "\n")
    (folder / "products.csv").write_text(products)
    (folder / "suppliers.csv").write_text(suppliers)
    (folder / "lead_times.csv").write_text("product_id,lead_time_days\nb,4\n")
    return folder


def files(folder: Path) -> DeliveryFolder:
    return DeliveryFolder("generic", folder, folder.parent / "quarantine.parquet", None, "UTC", 0.2)


def panel_of(folder: Path) -> Panel:
    ingested = ingest_generic(folder, quarantine_file=folder.parent / "quarantine.parquet", time_zone="UTC")
    return build_panel(ingested, as_of_week=MONDAY + dt.timedelta(weeks=2))


def test_terms_and_suppliers_come_into_the_panel_and_a_lead_time_of_its_own_counts_first(tmp_path: Path) -> None:
    panel = panel_of(shop(tmp_path / "in"))

    assert panel.product_ids == ("a", "b", "c")
    assert panel.lead_time_days == (21, 4, None)
    assert panel.supplier_ids == ("s", "t", "")
    assert panel.suppliers == {"s": Supplier("Sam & Co", 250.0)}
    assert panel.order_terms == {
        "pack_size": (6.0, None, None),
        "minimum_order_units": (12.0, None, None),
        "maximum_order_units": (60.0, None, None),
        "unit_cost": (2.5, None, 3.0),
        "service_level": (0.95, None, None),
    }


def test_a_table_of_products_as_it_was_before_says_nothing_of_orders(tmp_path: Path) -> None:
    folder = shop(tmp_path / "in", products="product_id,category\na,toys\nb,toys\nc,toys\n")
    (folder / "suppliers.csv").unlink()

    panel = panel_of(folder)

    assert (panel.order_terms, panel.supplier_ids, panel.suppliers) == ({}, (), {})
    assert "order_terms" not in panel.products().to_json()


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("pack_size", "0", RejectionReason.ORDER_TERM_OUT_OF_RANGE),
        ("pack_size", "box", RejectionReason.UNPARSABLE_QUANTITY),
        ("minimum_order_units", "-1", RejectionReason.NEGATIVE_QUANTITY),
        ("unit_cost", "-0.5", RejectionReason.NEGATIVE_PRICE),
        ("service_level", "95", RejectionReason.ORDER_TERM_OUT_OF_RANGE),
        ("service_level", "1", RejectionReason.ORDER_TERM_OUT_OF_RANGE),
    ],
)
def test_a_term_that_cannot_be_goes_to_quarantine_with_its_column(
    tmp_path: Path, column: str, value: str, reason: RejectionReason
) -> None:
    folder = shop(tmp_path / "in", products=f"product_id,category,{column}\na,toys,{value}\nb,toys,\nc,toys,\n")

    with pytest.raises(TooManyBadRowsError):  # one of three
        panel_of(folder)

    bad = pl.read_parquet(tmp_path / "quarantine.parquet")
    assert bad.select("source_file", "reason", "column").rows() == [("products.csv", reason.value, column)]


def test_a_product_of_which_no_order_is_possible_is_warned_of(tmp_path: Path) -> None:
    header = "product_id,category,pack_size,minimum_order_units,maximum_order_units\n"
    folder = shop(tmp_path / "in", products=f"{header}a,toys,6,10,11\nb,toys,6,,5\nc,toys,6,12,12\n")

    ingested = ingest_generic(folder, quarantine_file=tmp_path / "quarantine.parquet", time_zone="UTC")

    warning = next(each for each in ingested.report.warnings if "no order" in each)
    assert warning.startswith("no order of 2 products of products.csv is possible, so none is suggested: of 'a'")


def test_suppliers_that_products_name_otherwise_are_refused_with_what_would_make_them_meet(tmp_path: Path) -> None:
    suppliers = "supplier_id,name,lead_time_days,minimum_order_value\nS,Sam,21,250\nT,,,\n"

    with pytest.raises(FewJoinsError, match=r"suppliers in products.csv .* if capitals did not matter"):
        panel_of(shop(tmp_path / "in", suppliers=suppliers))


def test_a_history_that_grows_takes_the_newest_terms_and_suppliers(tmp_path: Path) -> None:
    history = open_history(tmp_path / "work", {})
    load_delivery(history, files(shop(tmp_path / "first")))
    second = tmp_path / "second"
    second.mkdir()
    (second / "products.csv").write_text("product_id,category,supplier_id,pack_size\na,toys,t,8\n")
    (second / "suppliers.csv").write_text("supplier_id,name,lead_time_days\nt,Tim,9\n")
    load_delivery(history, files(second))

    panel = build_panel(clean_history(history, history.ledger.loads()), as_of_week=MONDAY + dt.timedelta(weeks=2))

    assert panel.order_terms["pack_size"] == (8.0, None, None)
    assert panel.order_terms["unit_cost"] == (None, None, 3.0)
    assert panel.supplier_ids == ("t", "t", "")
    assert panel.suppliers == {"t": Supplier("Tim", None)}
    assert panel.lead_time_days == (9, 4, None)


def test_facts_of_a_history_that_was_begun_before_there_were_terms_are_read_and_added_to(tmp_path: Path) -> None:
    history = open_history(tmp_path / "work", {})
    before = pl.DataFrame({"product_id": ["a"], "category": ["toys"], LOAD: [1]}).with_columns(
        pl.col(LOAD).cast(pl.Int64)
    )
    Path(history.tables.place("products")).parent.mkdir(parents=True)
    before.write_delta(history.tables.place("products"))

    assert history.tables.facts("products").collect()["pack_size"].to_list() == [None]

    terms = {"product_id": ["b"], "category": ["toys"], "supplier_id": ["s"], "pack_size": [6.0]}
    nothing = [name for name in history.tables.facts("products").collect_schema().names() if name not in (*terms, LOAD)]
    history.tables.append_facts(
        "products", 2, pl.DataFrame(terms).with_columns(pl.lit(None).alias(name) for name in nothing)
    )
    assert history.tables.facts("products").sort(LOAD).collect()["pack_size"].to_list() == [None, 6.0]
