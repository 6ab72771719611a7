"""The Spark engine publishes, bit for bit, what one machine publishes; where it cannot run it says what it lacks."""

import datetime as dt
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from data.snapshots import current_id, load
from data.snapshots.snapshot import BUNDLE
from data.synthetic.shops import write_synthetic_generic
from feature_service.bundle import CONTRACT_FILE
from tests.support.generic import real_generic
from tests.support.java import QUICK_START, java_environment, java_from_pypi
from tests.support.olist import real_olist
from tests.support.preloaded import run_preloaded
from tests.support.processes import BIN, environment, run

FIRST_MONDAY = dt.date(2024, 1, 1)
QUICK = ("--backtest-weeks", "8", "--refit-every", "8")
INVENTORY = ("--label", "inventory")
ZERO_SALES = ("--label", "zero_sales", "--feature-set", "sales-2")
SPARK = ("--engine", "spark", "--spark-master", "local[2]")


def command(task: str, work_dir: Path, *options: str | Path) -> list[str | Path]:
    return [BIN / "luigi", "--module", "orchestration", task, "--local-scheduler", "--work-dir", work_dir, *options]


def luigi(task: str, work_dir: Path, *options: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return run_preloaded(command(task, work_dir, *options), environment(**extra))


@pytest.fixture(scope="module")
def champions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work dir with a champion of each of two questions."""
    files, work_dir = tmp_path_factory.mktemp("shops"), tmp_path_factory.mktemp("champions")
    write_synthetic_generic(files, seed=5, products=240, weeks=30, first_week=FIRST_MONDAY, with_purchase_orders=True)
    reading = ("--source", "generic", "--data-dir", files, "--as-of", "2024-07-28")
    for question in (INVENTORY, ZERO_SALES):
        trained = luigi("StockoutPipeline", work_dir, *reading, *QUICK, *question)
        assert trained.returncode == 0, trained.stdout
    return work_dir


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return java_environment(tmp_path_factory.mktemp("java"))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work dir with a history of four weeks, and nothing else."""
    files, work_dir = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("loaded")
    write_synthetic_generic(files, seed=9, products=8, weeks=4, first_week=FIRST_MONDAY)
    assert luigi("LoadHistory", work_dir, "--source", "generic", "--data-dir", files).returncode == 0
    return work_dir


class TwoEngines:
    """A history of its own beside the champions' work dir, scored by one machine, then by Spark."""

    def __init__(self, champions: Path, folder: Path, java: dict[str, str]) -> None:
        self.work_dir = folder / "work"
        shutil.copytree(champions, self.work_dir)
        self._environment = java | {
            "STOCKOUT_HISTORY_URL": str(folder / "history"),
            "STOCKOUT_STATE_URL": f"sqlite:///{folder / 'state.db'}",
        }

    def load(self, *reading: str | Path) -> None:
        loaded = luigi("LoadHistory", self.work_dir, *reading, **self._environment)
        assert loaded.returncode == 0, loaded.stdout

    def results(
        self, root: Path, *options: str | Path, tasks: Sequence[str] = ("ScoreWeek",)
    ) -> tuple[str, dict[str, str]]:
        """What runs make that find nothing done: the snapshot's id, and the SHA-256 of panel and training table."""
        for name in ("ingest", "panel", "clean", "parts", "features", "scored"):
            shutil.rmtree(self.work_dir / name, ignore_errors=True)
        (root / "CURRENT").unlink()
        for task in tasks:
            done = luigi(task, self.work_dir, "--source", "history", *options, **self._environment)
            assert done.returncode == 0, done.stdout
            assert ("panelparts" in done.stdout) == ("spark" in options)
        files = [path for name in ("panel", "features") for path in (self.work_dir / name).rglob("*") if path.is_file()]
        digests = {
            str(path.relative_to(self.work_dir)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        }
        return current_id(root), digests


def deliver(whole: Path, folder: Path, until: dt.date, **tables: str) -> Path:
    """The files as they would have been exported on a day."""
    folder.mkdir(exist_ok=True)
    for table, day in tables.items():
        rows = pl.read_csv(next(whole.glob(f"{table}.csv*")), infer_schema=False)
        rows.filter(pl.col(day).str.slice(0, 10) <= str(until)).write_csv(folder / f"{table}.csv")
    return folder


def write_orders(products: Path, folder: Path) -> Path:
    """Orders of every second product of a table, every ninth day, some of which come late or not at all."""
    folder.mkdir()
    ids = pl.read_csv(products, columns=["product_id"], infer_schema=False).unique().sort("product_id").gather_every(2)
    days = pl.date_range(FIRST_MONDAY, FIRST_MONDAY + dt.timedelta(days=360), "9d", eager=True).alias("ordered_on")
    orders = ids.join(days.to_frame(), how="cross").with_row_index("order_id")
    late = pl.duration(days=pl.col("order_id") % 7)
    orders.select(
        "product_id",
        "ordered_on",
        "order_id",
        units=pl.col("order_id") % 5 + 1,
        expected_on=pl.when(pl.col("order_id") % 3 > 0).then(pl.col("ordered_on").dt.offset_by("8d")),
        received_on=pl.when(pl.col("order_id") % 11 > 0).then(pl.col("ordered_on").dt.offset_by("8d") + late),
    ).write_csv(folder / "purchase_orders.csv")
    return folder


def test_stores_of_which_two_deliveries_came(champions: Path, tmp_path: Path, java: dict[str, str]) -> None:
    whole = real_generic("store_inventory")
    if whole is None:
        whole = tmp_path / "whole"
        whole.mkdir()
        write_synthetic_generic(whole, seed=6, products=320, weeks=20, first_week=FIRST_MONDAY)
    engines = TwoEngines(champions, tmp_path, java)
    ordered = write_orders(next(whole.glob("inventory.*")), tmp_path / "ordered")
    for day in (dt.date(2024, 4, 28), dt.date(2024, 12, 31)):
        landing = deliver(whole, tmp_path / "landing", day, sales="sold_at", inventory="counted_on")
        deliver(ordered, landing, day, purchase_orders="ordered_on")
        engines.load("--source", "generic", "--data-dir", landing)
    root, asked = engines.work_dir / "snapshots", (*INVENTORY, "--as-of", "latest", "--shards", "3")
    both = ("Features", "ScoreWeek")
    one_machine = engines.results(root, *asked, tasks=both)
    assert len(one_machine[1]) > 2
    assert any(name.endswith("purchase_orders.npy") for name in one_machine[1])
    assert '"stock-2"' in (root / one_machine[0] / BUNDLE / CONTRACT_FILE).read_text(encoding="utf-8")
    assert engines.results(root, *asked, *SPARK, tasks=both) == one_machine


def test_olist(champions: Path, tmp_path: Path, java: dict[str, str]) -> None:
    olist = real_olist()
    if olist is None:
        pytest.skip("the real Olist files are not here")
    engines = TwoEngines(champions, tmp_path, java)
    engines.load("--source", "olist", "--data-dir", olist)
    root, asked = engines.work_dir / "snapshots" / "zero_sales", (*ZERO_SALES, "--as-of", "2018-08-26")
    one_machine, _ = engines.results(root, *asked)
    of_spark, _ = engines.results(root, *asked, *SPARK)
    assert of_spark == one_machine


def test_a_line_that_moves_to_another_product_counts_once_also_with_the_java_from_pypi(
    champions: Path, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    write_synthetic_generic(files, seed=8, products=40, weeks=18, first_week=FIRST_MONDAY)
    named = pl.read_csv(files / "sales.csv", infer_schema=False).with_row_index("line")
    ids = named["product_id"].unique().sort()
    terms = {"supplier_id": [f"s{number % 3}" for number in range(len(ids))], "pack_size": [6.0] * len(ids)}
    pl.DataFrame({"product_id": ids, "category": "toys", **terms}).write_csv(files / "products.csv")
    (files / "suppliers.csv").write_text(
        "supplier_id,name,lead_time_days\ns0,Sam,30\ns1,Tim,\ns2,,3\n", encoding="utf-8"
    )
    (files / "lead_times.csv").unlink()
    (files / "source.toml").write_text('[sales]\nkey = "line"\n', encoding="utf-8")
    engines = TwoEngines(champions, tmp_path, {"JAVA_HOME": str(java_from_pypi(tmp_path))} | QUICK_START)
    moved = pl.when(pl.col("line") % 50 == 0).then(pl.lit(ids[-1])).otherwise("product_id")
    for lines in (named, named.with_columns(product_id=moved)):
        lines.write_csv(files / "sales.csv")
        engines.load("--source", "generic", "--data-dir", files)
    root, asked = engines.work_dir / "snapshots" / "zero_sales", (*ZERO_SALES, "--as-of", "latest")
    one_machine, _ = engines.results(root, *asked)
    of_spark, _ = engines.results(root, *asked, *SPARK)
    assert of_spark == one_machine
    panel = load(root, of_spark).panel
    days = dict(zip(panel.product_ids, panel.lead_time_days, strict=True))
    assert (days[ids[0]], days[ids[2]], panel.suppliers["s0"].name) == (30, 3, "Sam")


@pytest.mark.parametrize(
    ("home", "found"), [("/nowhere", "/nowhere/bin/java was not found"), (None, "is Java 11")], ids=["none", "old"]
)
def test_without_a_java_that_spark_runs_on_a_sentence_says_so(
    loaded: Path, tmp_path: Path, home: str | None, found: str
) -> None:
    if home is None:
        java = tmp_path / "bin" / "java"
        java.parent.mkdir()
        java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n", encoding="utf-8")
        java.chmod(0o755)
        home = str(tmp_path)
    refused = _refused(loaded, run_preloaded, JAVA_HOME=home)
    assert "ERROR: --engine spark needs Java 17 or later, and" in refused
    assert found in refused


def test_without_pyspark_a_sentence_says_so(loaded: Path, tmp_path: Path) -> None:
    (tmp_path / "pyspark").mkdir()
    (tmp_path / "pyspark" / "__init__.py").write_text("raise ImportError", encoding="utf-8")
    refused = _refused(loaded, run, PYTHONPATH=str(tmp_path))  # a process reads this path when it starts
    assert "ERROR: --engine spark needs PySpark, which is not installed: pip install" in refused


def _refused(work_dir: Path, run: Callable[..., subprocess.CompletedProcess[str]], **extra: str) -> str:
    asked_for = ("--source", "history", *INVENTORY, "--as-of", "2024-01-28", *SPARK)
    asked = run(command("ScoreWeek", work_dir, *asked_for), environment(**extra))
    assert asked.returncode != 0
    assert "Traceback" not in asked.stdout
    assert not list((work_dir / "clean").glob("[!.]*"))
    return asked.stdout


def test_what_spark_does_not_do_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    asked = ("--as-of", "2024-01-28", *SPARK)
    files = luigi("ScoreWeek", tmp_path, "--source", "generic", "--data-dir", tmp_path, *INVENTORY, *asked)
    assert files.returncode != 0
    assert "--engine is spark; it must be local where --source is not history" in files.stdout
    label = luigi("ScoreWeek", tmp_path, "--source", "history", "--label", "unusual_zero", *asked)
    assert label.returncode != 0
    assert "--engine is spark; it must be local with --label unusual_zero, which looks at all products" in label.stdout
    assert not list(tmp_path.iterdir())
