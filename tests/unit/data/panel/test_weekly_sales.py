"""The weekly fields of sales against pandas, which counts them from the sale lines in its own way."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from data.ingest.olist import ingest_olist
from data.ingest.result import CleanHistory
from data.panel import DAYS_SINCE_SALE, UNITS_SOLD, Panel
from data.panel.build import build_panel
from data.synthetic.olist import write_synthetic_olist
from data.weeks import last_complete_week
from tests.support.olist import real_olist

AS_OF = dt.date(2018, 8, 26)


@pytest.fixture(scope="module", params=["synthetic", "real"])
def olist(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[CleanHistory, Panel]:
    """Order files and their panel; synthetic ones twice where the real ones are not there."""
    scratch = tmp_path_factory.mktemp("olist")
    folder = real_olist() if request.param == "real" else None
    if folder is None:
        folder = scratch / "files"
        folder.mkdir()
        write_synthetic_olist(folder, seed=3, products=300)
    history = ingest_olist(folder, quarantine_file=scratch / "q.parquet")
    return history, build_panel(history, as_of_week=last_complete_week(AS_OF))


def sale_lines(history: CleanHistory) -> pd.DataFrame:
    lines = pd.DataFrame({name: history.sales[name].to_list() for name in ("product_id", "sold_on")})
    lines["sold_on"] = pd.to_datetime(lines["sold_on"]).astype("datetime64[ns]")
    return lines.sort_values("sold_on")


def test_days_since_the_last_sale_are_what_pandas_counts_however_late_the_launch(
    olist: tuple[CleanHistory, Panel],
) -> None:
    history, panel = olist
    sundays = pd.to_datetime(panel.weeks.astype("datetime64[ns]")) + pd.Timedelta(days=6)
    asked = pd.MultiIndex.from_product([panel.product_ids, sundays], names=["product_id", "sunday"]).to_frame(
        index=False
    )
    last = pd.merge_asof(
        asked.assign(sunday=asked["sunday"].astype("datetime64[ns]")).sort_values("sunday"),
        sale_lines(history),
        left_on="sunday",
        right_on="sold_on",
        by="product_id",
    ).sort_values(["product_id", "sunday"])
    expected = (last["sunday"] - last["sold_on"]).dt.days.to_numpy(dtype=float).reshape(len(panel.product_ids), -1)

    np.testing.assert_array_equal(panel.fields[DAYS_SINCE_SALE], expected)
    first_week = np.isfinite(expected).argmax(axis=1)
    assert (first_week > 0).mean() > 0.5  # nearly all are launched after the calendar's first week
    np.testing.assert_array_equal(np.isfinite(expected), np.isfinite(panel.fields[UNITS_SOLD]))
