"""What a run takes where there are orders with suppliers: their feature set, and a lead time in the panel's name."""

import datetime as dt
from pathlib import Path

import pytest

from data.history.folder import DeliveryFolder
from data.history.history import open_history
from data.history.load import load_delivery
from orchestration import WeeklyPanel
from tests.support.generic import write_generic

SALES = [("a", "2024-01-01", 1, 5), ("a", "2024-01-09", 1, 5)]
ORDERS = [("a", "2024-01-01", 6, "", "", "", "")]


def stage(source: str, folder: Path, label: str = "inventory", **options: object) -> WeeklyPanel:
    data_dir = {} if source == "history" else {"data_dir": folder}
    options |= {"source": source, "work_dir": folder.parent / "work", "label": label, "as_of": dt.date(2024, 1, 14)}
    return WeeklyPanel(**data_dir, **options)  # type: ignore[no-untyped-call]


def test_files_with_orders_take_the_feature_set_that_looks_at_them_unless_another_is_named(tmp_path: Path) -> None:
    folder = write_generic(tmp_path / "in", sales=SALES)
    without = stage("generic", folder)
    assert without.feature_set_name == "stock-1"
    assert without.panel_name == stage("generic", folder, lead_time_days=9).panel_name

    write_generic(folder, purchase_orders=ORDERS)

    assert stage("generic", folder).feature_set_name == "stock-2"
    assert stage("generic", folder, feature_set="stock-1").feature_set_name == "stock-1"
    assert stage("generic", folder, "zero_sales").feature_set_name == "seed-18"
    assert stage("generic", folder).panel_name != stage("generic", folder, lead_time_days=9).panel_name


def test_a_history_takes_it_from_the_load_on_that_brings_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_dir = tmp_path / "work"
    for name in ("STOCKOUT_HISTORY_URL", "STOCKOUT_STATE_URL"):
        monkeypatch.delenv(name, raising=False)
    history = open_history(work_dir, {})
    for name, tables in (("first", {"sales": SALES}), ("second", {"purchase_orders": ORDERS})):
        folder = write_generic(tmp_path / name, **tables)
        load_delivery(history, DeliveryFolder("generic", folder, tmp_path / "bad.parquet", None, "UTC", 0.2))
    before = history.ledger.loads()[0].known_from_us

    known_at = f"{dt.datetime.fromtimestamp(before / 1e6, dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    assert stage("history", work_dir, known_at=known_at).feature_set_name == "stock-1"
    assert stage("history", work_dir).feature_set_name == "stock-2"
