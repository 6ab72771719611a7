"""What a run prints: its own lines, and one sentence where the command was typed wrongly."""

import re
from pathlib import Path

import pytest

from data.synthetic.olist import write_synthetic_olist
from tests.support.preloaded import run_preloaded
from tests.support.processes import BIN, pipeline_command, run


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("orders")
    write_synthetic_olist(folder, seed=3, products=30)
    return folder


def test_a_run_prints_one_line_for_each_stage_and_nothing_of_luigis(orders: Path, tmp_path: Path) -> None:
    first, again = (run(pipeline_command("WeeklyPanel", orders, tmp_path)) for _ in range(2))
    assert [first.returncode, again.returncode] == [0, 0]
    stages = [re.sub(r"^\d\d:\d\d:\d\d  (\w+) .*$", r"\1", line) for line in first.stdout.splitlines()]
    assert stages == ["ingest", "weeklypanel"]
    (line,) = again.stdout.splitlines()
    assert line.endswith("  weeklypanel was done before")


def test_luigis_own_lines_come_where_they_are_asked_for(orders: Path, tmp_path: Path) -> None:
    told = run([*pipeline_command("Ingest", orders, tmp_path), "--log-level", "INFO"])
    assert "===== Luigi Execution Summary =====" in told.stdout


@pytest.mark.parametrize(
    ("task", "options", "sentence"),
    [
        ("Ingest", ("--as-of", "2024-13-40"), "--as-of is '2024-13-40'; it must be a day of the calendar, such as"),
        ("Ingest", ("--as-of", "next week"), "--as-of is 'next week'; it must be a day of the calendar, such as"),
        ("Ingest", ("--horizon-weeks", "two"), "--horizon-weeks is 'two'; it must be a whole number"),
        ("Ingest", ("--alpha", "5%"), "--alpha is '5%'; it must be a number"),
        ("Ingest", ("--source", "excel"), "--source is 'excel'; it must be one of generic, history, olist"),
        ("Ingest", ("--foo", "1"), "there is no option --foo: --help says which there are"),
        ("Ingest", ("--horizon_week=2",), "there is no option --horizon_week: did you mean --horizon-weeks?"),
        ("Ingest", ("--columns", "my", "file.toml"), "'file.toml' belongs to no option: a value that holds blanks"),
        ("Ingest", ("--seed",), "argument --seed: expected one argument"),
        ("StockoutPipline", (), "No task StockoutPipline. Did you mean StockoutPipeline"),
        ("Sausages", (), "No task Sausages. "),
    ],
)
def test_what_is_typed_wrongly_is_one_sentence_and_an_exit_code(
    orders: Path, tmp_path: Path, task: str, options: tuple[str, ...], sentence: str
) -> None:
    told = run_preloaded(pipeline_command(task, orders, tmp_path, "--local-scheduler", *options))
    assert told.returncode != 0
    (line,) = told.stdout.splitlines()
    assert line.startswith(f"ERROR: {sentence}")
    assert not list(tmp_path.iterdir())


def test_an_option_that_is_missing_is_named(orders: Path, tmp_path: Path) -> None:
    command: list[str | Path] = [
        BIN / "luigi",
        "--module",
        "orchestration",
        "Ingest",
        "--source",
        "olist",
        "--data-dir",
        orders,
    ]
    told = run([*command, "--data-dir", orders, "--work-dir", tmp_path, "--as-of", "2018-08-26", "--local-scheduler"])
    assert told.returncode != 0
    (line,) = told.stdout.splitlines()
    assert line.startswith("ERROR: --label is missing")
