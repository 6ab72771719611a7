"""The invented sellers: reproducible, complete, and shaped like a shop."""

import datetime as dt
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from data.ingest.olist import ingest_olist
from data.panel import UNITS_SOLD
from data.panel.build import build_panel
from data.synthetic.__main__ import main
from data.synthetic.olist import write_synthetic_olist


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        write_synthetic_olist(tmp_path / name, seed=seed, products=30, weeks=12)

    def contents(name: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((tmp_path / name).iterdir())]

    assert contents("one") == contents("same")
    assert contents("one")[0] != contents("other")[0]


def test_the_files_pass_the_contract_without_a_bad_row_and_hold_what_real_ones_hold(tmp_path: Path) -> None:
    write_synthetic_olist(tmp_path, seed=1, products=600)

    ingested = ingest_olist(tmp_path, quarantine_file=tmp_path / "q", max_bad_share=0)
    panel = build_panel(ingested, as_of_week=dt.date(2018, 8, 20))

    report = ingested.report
    assert report.products_total == 600
    assert report.orders_without_items > 0
    assert report.items_excluded_by_status > 0
    assert len(set(panel.categories)) > 5
    units = panel.fields[UNITS_SOLD]
    assert np.isnan(units[:, 0]).mean() > 0.3, "most products are launched later"
    assert (units[~np.isnan(units)] == 0).mean() > 0.5, "most weeks of most products see no sale"
    total = np.nansum(units, axis=0)
    black_friday = list(panel.weeks).index(np.datetime64("2017-11-20"))
    assert total[black_friday] > 1.3 * total[black_friday - 4 : black_friday].mean()


def test_the_command_writes_the_files_and_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path), "--products", "5", "--weeks", "3", "--first-week", "2020-02-05"])

    assert result.exit_code == 0
    assert "5 invented products" in result.output
    assert len(list(tmp_path.iterdir())) == 4


def test_a_shop_without_any_sale_is_written_too(tmp_path: Path) -> None:
    write_synthetic_olist(tmp_path, seed=11, products=1, weeks=1)

    assert len(list(tmp_path.iterdir())) == 4
