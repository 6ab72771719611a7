"""Invented shops: units balance, an empty shelf sells nothing, and what the files say is what happened."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from data.ingest.generic import ingest_generic
from data.panel.build import build_panel
from data.synthetic.__main__ import main
from data.synthetic.demand import Turn, simulate_demand
from data.synthetic.shops import LOST_SALES_FILE, Outage, simulate_shelf, write_synthetic_generic

WEEKS = 20
FIRST = dt.date(2024, 1, 1)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shops")
    write_synthetic_generic(folder, seed=3, products=120, weeks=WEEKS, first_week=FIRST)
    return folder


def test_no_more_is_sold_than_was_there_and_units_balance() -> None:
    rng = np.random.default_rng(5)
    demand = rng.poisson(rng.gamma(0.5, 2, (50, 1)), (50, 150))
    shelf = simulate_shelf(rng, demand, rng.integers(3, 22, 50))
    assert (shelf.on_hand >= 0).all()
    assert (shelf.sales <= demand).all()
    lost = shelf.sales < demand
    assert lost.any()
    assert (shelf.on_hand[lost] == 0).all()
    received = np.diff(shelf.on_hand, axis=1) + shelf.sales[:, 1:]
    assert (received >= 0).all()


def test_in_a_market_that_turns_demand_is_another_and_shelves_are_empty_more_often() -> None:
    turn = Turn(week=10, longest_delay_days=21)
    seen = {}
    for name, each in (("as ever", None), ("turned", turn)):
        rng = np.random.default_rng(5)
        demand = simulate_demand(rng, products=300, weeks=WEEKS, first_week=FIRST, scale=9.0, turn=each)
        wanted = np.zeros((300, 7 * WEEKS), dtype=np.int64)
        np.add.at(wanted, (demand.product, demand.day), 1)
        shelf = simulate_shelf(rng, wanted, rng.integers(3, 22, 300), each)
        before, after = wanted[:, :70].sum(axis=1), wanted[:, 70:].sum(axis=1)
        seen[name] = (np.corrcoef(before, after)[0, 1], 1 - shelf.sales[:, 91:].sum() / shelf.demand[:, 91:].sum())
    assert seen["turned"][0] < seen["as ever"][0]
    assert seen["turned"][1] > 1.2 * seen["as ever"][1]


def test_while_suppliers_are_out_nothing_arrives_and_with_their_end_what_was_due() -> None:
    demand = np.random.default_rng(5).poisson(2, (50, 150))
    shelf = simulate_shelf(np.random.default_rng(6), demand, np.full(50, 7), outage=Outage(week=10, weeks=3))
    received = (np.diff(shelf.on_hand, axis=1) + shelf.sales[:, 1:]).sum(axis=0)
    assert received[69:90].sum() == 0
    assert received[90] > 3 * received[:69].mean()


def test_the_files_are_read_whole_and_name_shops_and_items(shops: Path) -> None:
    ingested = ingest_generic(shops, quarantine_file=shops / "q.parquet", max_bad_share=0)
    panel = build_panel(ingested, as_of_week=FIRST + dt.timedelta(weeks=WEEKS - 1))
    assert set(panel.groups) == {"location", "item"}
    assert len(set(panel.categories)) > 1
    assert all(panel.lead_time_days)
    assert 0.8 < np.nanmean(panel.fields["count_days"]) / 7 < 1
    out = panel.fields["min_on_hand"] <= 0
    assert 0.01 < out.mean() < 0.4


def test_the_lost_sales_lie_on_days_with_an_empty_shelf(shops: Path) -> None:
    lost = pl.read_csv(shops / LOST_SALES_FILE)
    counts = pl.read_csv(shops / "inventory.csv")
    on_that_day = lost.join(counts, left_on=["product_id", "day"], right_on=["product_id", "counted_on"])
    assert len(on_that_day) > 100
    # counts are wrong now and then
    assert (on_that_day["units_on_hand"] <= 0).to_numpy().mean() > 0.97
    assert (counts["units_on_hand"] < 0).any()


def test_the_same_seed_gives_the_same_files(shops: Path, tmp_path: Path) -> None:
    arguments = ["--layout=generic", "--seed=3", "--products=120", f"--weeks={WEEKS}", f"--first-week={FIRST}"]
    completed = CliRunner().invoke(main, [str(tmp_path), *arguments])
    assert completed.exit_code == 0, completed.output
    names = ["sales.csv", "inventory.csv", "products.csv", "lead_times.csv", str(LOST_SALES_FILE)]
    assert all((tmp_path / name).read_bytes() == (shops / name).read_bytes() for name in names)


def test_orders_say_how_the_shelves_were_filled_and_change_no_other_file(shops: Path, tmp_path: Path) -> None:
    arguments = ["--layout", "generic", "--seed", "3", "--products", "120", "--weeks", str(WEEKS)]
    written = CliRunner().invoke(main, [str(tmp_path), *arguments, "--first-week", f"{FIRST}", "--purchase-orders"])
    assert written.exit_code == 0, written.output
    for path in shops.rglob("*.csv"):
        assert (tmp_path / path.relative_to(shops)).read_bytes() == path.read_bytes()

    history = ingest_generic(tmp_path, quarantine_file=tmp_path / "quarantine.parquet")
    orders, end = history.purchase_orders, FIRST + dt.timedelta(weeks=WEEKS)
    in_part = (orders["received_units"] < orders["units"]).drop_nulls().to_numpy()
    assert 0.05 < in_part.mean() < 0.12
    late = (orders["received_on"] - orders["expected_on"]).dt.total_days().drop_nulls().to_numpy()
    assert (late.min(), late.max()) == (0, 7)
    assert 0.15 < (late > 0).mean() < 0.35
    still_open = orders.filter(pl.col("received_on").is_null())
    assert still_open.height > 0
    assert (still_open["expected_on"] >= end - dt.timedelta(days=7)).all()

    # where two days that follow each other were counted, what more is there than was left is what came
    sold = history.sales.group_by("product_id", pl.col("sold_on").alias("day")).agg(pl.col("units").sum())
    came = orders.group_by("product_id", pl.col("received_on").alias("day")).agg(pl.col("received_units").sum())
    by_day = (
        history.counts.rename({"counted_on": "day"})
        .sort("product_id", "day")
        .with_columns(
            grown=pl.col("units_on_hand").diff().over("product_id"),
            pause=pl.col("day").diff().dt.total_days().over("product_id"),
        )
        .join(sold, on=["product_id", "day"], how="left")
        .join(came, on=["product_id", "day"], how="left")
        .filter(pl.col("pause") == 1)
        .with_columns(pl.col("units", "received_units").fill_null(0))
    )
    is_even = (by_day["grown"] + by_day["units"] == by_day["received_units"]).to_numpy()
    has_come = (by_day["received_units"] > 0).to_numpy()
    assert min(is_even.mean(), is_even[has_come].mean()) > 0.95, "but for counts that are wrong"
