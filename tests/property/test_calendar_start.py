"""What is known of a product does not depend on how long before its launch the files begin."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.ingest.generic import ingest_generic
from data.panel import UNITS_SOLD, Panel
from data.panel.build import build_panel
from data.synthetic.shops import write_synthetic_generic
from data.weeks import last_complete_week
from feature_service.kernel import PanelFeatures, feature_set
from tests.support.generic import HEADERS

FIRST = dt.date(2024, 1, 1)
WEEKS = 26
LAST_DAY = FIRST + dt.timedelta(weeks=WEEKS, days=-1)
LAUNCHED_LATE = 12
DATES = {"sales": "sold_at", "inventory": "counted_on"}
SETS = ("seed-18", "sales-2", "availability-1", "stock-1")


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shops of which every third product has neither sales nor counts before week 12; flags from the counts."""
    written = tmp_path_factory.mktemp("written")
    write_synthetic_generic(written, seed=5, products=120, weeks=WEEKS, first_week=FIRST)
    folder = tmp_path_factory.mktemp("shops")
    is_late = pl.col("product_id").hash(seed=1) % 3 == 0
    for table, date in DATES.items():
        rows = pl.concat([pl.read_csv(path, infer_schema=False) for path in written.glob(f"{table}.csv*")])
        is_early = pl.col(date).str.slice(0, 10) < f"{FIRST + dt.timedelta(weeks=LAUNCHED_LATE)}"
        rows.filter(~(is_late & is_early)).write_csv(folder / f"{table}.csv")
    counts = pl.read_csv(folder / "inventory.csv", try_parse_dates=True)
    week = pl.col("counted_on").cast(pl.Date).dt.truncate("1w").alias("week_start")
    flags = counts.group_by("product_id", week, maintain_order=True).agg(
        in_stock=(pl.col("units_on_hand").min() > 0).cast(pl.Int8)
    )
    flags.write_csv(folder / "availability.csv")
    return folder


def panel_of(folder: Path, scratch: Path) -> Panel:
    history = ingest_generic(folder, quarantine_file=scratch / "q.parquet")
    return build_panel(history, as_of_week=last_complete_week(LAST_DAY))


@pytest.mark.parametrize("empty_weeks", [1, 9, 60])
def test_files_that_begin_earlier_give_the_same_panel_and_the_same_features(
    shops: Path, tmp_path: Path, empty_weeks: int
) -> None:
    longer = tmp_path / "longer"
    longer.mkdir()
    for path in shops.iterdir():
        (longer / path.name).write_bytes(path.read_bytes())
    with (longer / "availability.csv").open("a") as flags:  # of a product that nobody ever sold: it has no row
        assert (longer / "availability.csv").read_text().startswith(HEADERS["availability"])
        flags.write(f"not-listed,{FIRST - dt.timedelta(weeks=empty_weeks)},0\n")

    panel, of_longer = panel_of(shops, tmp_path), panel_of(longer, tmp_path)

    assert len(of_longer.weeks) == len(panel.weeks) + empty_weeks
    assert (of_longer.product_ids, set(of_longer.fields)) == (panel.product_ids, set(panel.fields))
    for name, matrix in panel.fields.items():
        np.testing.assert_array_equal(of_longer.fields[name][:, empty_weeks:], matrix, err_msg=name)
    for name in SETS:
        every, again = (
            PanelFeatures(feature_set(name), each.fields, each.groups).of_all_weeks() for each in (panel, of_longer)
        )
        assert again[:, :, empty_weeks:].tobytes() == every.tobytes(), name


def test_a_product_is_known_from_its_launch_on_however_late_that_is(shops: Path, tmp_path: Path) -> None:
    """In files that begin in its launch week a product has the same fields as in those that begin weeks before."""
    panel = panel_of(shops, tmp_path)
    launch = np.isfinite(panel.fields[UNITS_SOLD]).argmax(axis=1)
    late = np.flatnonzero(launch >= LAUNCHED_LATE)
    assert len(late) > 10

    for row in late[:6]:
        monday, own = panel.weeks[launch[row]], tmp_path / f"of-{row}"
        own.mkdir()
        for path in shops.iterdir():
            of_product = pl.col("product_id") == panel.product_ids[row]
            pl.read_csv(path, infer_schema=False).filter(of_product).write_csv(own / path.name)
        with (own / "sales.csv").open("a") as sales:  # before the first sale of all products no sales are known
            sales.write(f"another,{monday},1,1\nanother,{LAST_DAY},1,1\n")
        alone = panel_of(own, tmp_path)
        assert alone.weeks[0] == monday
        for name, matrix in panel.fields.items():
            np.testing.assert_array_equal(alone.fields[name][0], matrix[row, launch[row] :], err_msg=name)
