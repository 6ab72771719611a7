"""A load that dies, two at once, a database that restarts, a full disk, a damaged log: every row once."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.errors import DeliveryError
from data.history.account import account
from data.history.folder import DeliveryFolder
from data.history.history import STATE_URL, History, open_history
from data.history.load import load_delivery
from data.ingest.facts import SCHEMAS
from tests.support.databases import own_postgres
from tests.support.disks import small_disk
from tests.support.preloaded import run_preloaded, start_preloaded, wait_for
from tests.support.processes import BIN, environment, run

DAYS = range(1, 29)
SALES = "product_id,sold_at,quantity,unit_price\n" + "".join(f"A,2024-01-{day:02},2,5.00\n" for day in DAYS)
COUNTS = "product_id,counted_on,units_on_hand\n" + "".join(f"A,2024-01-{day:02},{40 - day}\n" for day in DAYS)

DYING = """
import os, signal, sys
from pathlib import Path
from data.history.fact_tables import FactTables
from data.history.folder import DeliveryFolder
from data.history.history import open_history
from data.history.ledger import Ledger
from data.history.load import load_delivery

work, landing, owner, name, when, call = sys.argv[1:]
owner = {"FactTables": FactTables, "Ledger": Ledger}[owner]
original, calls = getattr(owner, name), []

def dying(*arguments):
    calls.append(name)
    if len(calls) == int(call) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*arguments)
    if len(calls) == int(call):
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, dying)
folder = DeliveryFolder("generic", Path(landing), Path(work) / "quarantine.parquet", None, None, 0.2)
load_delivery(open_history(Path(work), os.environ), folder)
"""


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "sales.csv").write_text(SALES + "A,2024-01-28,many,5.00\n")
    (folder / "inventory.csv").write_text(COUNTS)
    return folder


def delivery(landing: Path) -> DeliveryFolder:
    return DeliveryFolder("generic", landing, landing.parent / "quarantine.parquet", None, None, 0.2)


def load_command(landing: Path, work: Path) -> list[str | Path]:
    task = ["--module", "orchestration", "LoadHistory", "--local-scheduler", "--source", "generic"]
    return [BIN / "luigi", *task, "--data-dir", landing, "--work-dir", work, "--max-bad-share", "0.2"]


def luigi_load(landing: Path, work: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return run_preloaded(load_command(landing, work), environment(**extra))


def assert_every_row_once(history: History) -> None:
    """Nothing twice, nothing lost, and no row of a load that died."""
    assert all(line.is_even for line in account(history))
    stored = {name: history.tables.facts(name).collect() for name in SCHEMAS}
    assert stored["sales"].height == stored["inventory"].height == len(DAYS)
    assert history.tables.found().collect().height == 2 * len(DAYS) + 1
    assert history.tables.quarantine().collect().height == 1
    known = history.known_table("sales", history.ledger.loads())
    assert_frame_equal(known, stored["sales"], check_row_order=False)


@pytest.mark.parametrize(
    ("owner", "name", "when", "call"),
    [
        ("Ledger", "begin", "before", 1),
        ("Ledger", "begin", "after", 1),
        ("FactTables", "append_found", "after", 1),
        ("FactTables", "append_quarantine", "after", 1),
        ("FactTables", "append_found", "after", 2),
        ("FactTables", "append_facts", "before", 1),
        ("FactTables", "append_facts", "after", 1),
        ("FactTables", "append_facts", "after", 2),
        ("Ledger", "commit", "before", 1),
        ("Ledger", "commit", "after", 1),
    ],
)
def test_a_load_that_is_killed_at_any_step_is_done_by_the_next_one(
    landing: Path, tmp_path: Path, owner: str, name: str, when: str, call: int
) -> None:
    work = tmp_path / "work"
    open_history(work, {})
    killed = run_preloaded([sys.executable, "-c", DYING, work, landing, owner, name, when, str(call)])
    assert killed.returncode == -9, killed.stdout

    again = load_delivery(open_history(work, {}), delivery(landing))

    assert (again is None) == ((name, when) == ("commit", "after"))
    assert_every_row_once(open_history(work, {}))


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of a PostgreSQL of this test's own, and what restarts it."""
    with own_postgres(tmp_path / "pg") as server:
        yield server


def test_two_loaders_at_once_load_every_row_once(
    landing: Path, tmp_path: Path, postgres: tuple[str, Callable[[], None]]
) -> None:
    for work, extra in ((tmp_path / "lite", {}), (tmp_path / "pg_work", {STATE_URL: postgres[0]})):
        program = DYING.replace("int(call)", "-1")
        words: list[str | Path] = [sys.executable, "-c", program, work, landing, "Ledger", "begin", "after", "1"]
        loaders = [start_preloaded(words, environment(**extra)) for _ in range(3)]
        assert [wait_for(loader) for loader in loaders] == [0, 0, 0]
        assert_every_row_once(open_history(work, extra))


def test_a_database_that_restarts_in_the_middle_loses_nothing(
    landing: Path, tmp_path: Path, postgres: tuple[str, Callable[[], None]]
) -> None:
    url, restart = postgres
    history = open_history(tmp_path / "work", {STATE_URL: url})
    append = history.tables.append_facts

    def restarting(table: str, load: int, facts: pl.DataFrame) -> None:
        restart()
        append(table, load, facts)

    history.tables.append_facts = restarting  # type: ignore[method-assign]
    load_delivery(history, delivery(landing))

    fresh = open_history(tmp_path / "work", {STATE_URL: url})
    assert load_delivery(fresh, delivery(landing)) is None
    assert_every_row_once(fresh)


def test_a_loader_whose_lock_was_lost_to_another_gives_way(
    landing: Path, tmp_path: Path, postgres: tuple[str, Callable[[], None]]
) -> None:
    url, restart = postgres
    history = open_history(tmp_path / "work", {STATE_URL: url})
    commit = history.ledger.commit

    def overtaken(*arguments: object) -> bool:
        restart()  # the lock goes with its connection, and another loader takes it
        assert load_delivery(open_history(tmp_path / "work", {STATE_URL: url}), delivery(landing)) is not None
        return commit(*arguments)  # type: ignore[arg-type]

    history.ledger.commit = overtaken  # type: ignore[method-assign, assignment]
    with pytest.raises(DeliveryError, match="load 1 was given up by another process"):
        load_delivery(history, delivery(landing))

    assert_every_row_once(open_history(tmp_path / "work", {STATE_URL: url}))


def test_a_full_disk_is_a_sentence_and_the_next_load_goes_on(landing: Path, tmp_path: Path) -> None:
    mount = tmp_path / "disk"
    mount.mkdir()
    with small_disk(mount, 4096) as disk:
        load = disk.command(load_command(landing, mount / "work"))
        disk.fill()
        full = run(load)
        assert full.returncode != 0
        assert "full" in full.stdout or "No space left" in full.stdout
        assert "Traceback" not in full.stdout

        disk.make_room()
        loaded = run(load)
        assert loaded.returncode == 0, loaded.stdout
        account = run(disk.command([BIN / "stockout-data", "reconcile", mount / "work"]))
        assert "every row and cent is accounted for" in account.stdout


def test_a_damaged_log_is_named_and_nothing_is_changed(landing: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert luigi_load(landing, work).returncode == 0
    log = work / "history" / "silver" / "sales" / "_delta_log" / f"{0:020}.json"
    whole = log.read_bytes()
    log.write_bytes(b"\x00" * 100)
    (landing / "sales.csv").write_text(SALES + "A,2024-02-01,2,5.00\n")

    damaged = luigi_load(landing, work)
    assert damaged.returncode != 0
    assert "the history's table" in damaged.stdout
    assert "silver/sales cannot be read" in damaged.stdout
    assert "Traceback" not in damaged.stdout

    log.write_bytes(whole)
    shutil.copytree(work, tmp_path / "copy")
    assert_every_row_once(open_history(tmp_path / "copy", {}))
    assert luigi_load(landing, work).returncode == 0
    assert len(open_history(work, {}).ledger.loads()) == 2


def test_facts_that_are_gone_are_missed_and_never_silently_left_out(landing: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert luigi_load(landing, work).returncode == 0
    for part in (work / "history" / "silver" / "sales").glob("*.parquet"):
        part.unlink()
    (landing / "sales.csv").write_text(SALES + "A,2024-02-01,2,5.00\n")
    gone = luigi_load(landing, work)
    assert gone.returncode != 0
    assert "silver/sales cannot be read" in gone.stdout
    assert "Traceback" not in gone.stdout

    shutil.rmtree(work / "history" / "silver" / "sales")
    emptied = luigi_load(landing, work)
    assert emptied.returncode != 0
    assert "holds 0 rows of load 1, which brought 28" in emptied.stdout
    reconciled = run_preloaded([BIN / "stockout-data", "reconcile", work])
    assert reconciled.returncode == 2
    assert "NOT every row" in reconciled.stdout


def test_a_state_that_cannot_be_reached_is_a_sentence_without_the_password(landing: Path, tmp_path: Path) -> None:
    nowhere = luigi_load(landing, tmp_path / "work", **{STATE_URL: "postgresql://me:hunter2@127.0.0.1:1/shop"})
    assert nowhere.returncode != 0
    assert "the state at postgresql+psycopg://me:***@127.0.0.1:1/shop cannot be used" in nowhere.stdout
    assert "hunter2" not in nowhere.stdout
    assert "Traceback" not in nowhere.stdout
