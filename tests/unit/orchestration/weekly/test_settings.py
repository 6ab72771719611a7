"""``stockout.toml`` is checked when it is read, and what it cannot mean is told in a sentence."""

from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.weekly.__main__ import main
from orchestration.weekly.settings import SETTINGS_FILE, SettingsError, read_settings

ASKED = '[[question]]\nlabel = "inventory"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / SETTINGS_FILE
    file.write_text(text, encoding="utf-8")
    return file


def test_the_commented_file_to_begin_with_can_be_read(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, files("orchestration.weekly").joinpath(SETTINGS_FILE).read_text()))
    (source,), (question,) = settings.sources, settings.questions
    assert settings.folder_of(source) == tmp_path / "landing"
    assert settings.work_dir == tmp_path / "work"
    assert question.options["alert_budget"] == 20
    assert question.options["lead_time_days"] == 14


def test_what_the_file_to_begin_with_sets_is_what_counts_where_it_is_left_out(tmp_path: Path) -> None:
    first = read_settings(written(tmp_path, files("orchestration.weekly").joinpath(SETTINGS_FILE).read_text()))
    bare = read_settings(written(tmp_path, f'[[source]]\nfolder = "landing"\n{ASKED}threshold_by = "budget"\n'))
    assert bare.work_dir == first.work_dir
    assert bare.sources == first.sources
    assert bare.retention == first.retention
    assert bare.questions[0].train_every_weeks == first.questions[0].train_every_weeks


def test_a_question_goes_before_what_all_share_and_the_command_line_before_both(tmp_path: Path) -> None:
    file = written(
        tmp_path, f"[run]\nseed = 1\nrow_budget = 9000\nlead_time_days = 3\n{ASKED}seed = 2\nrow_budget = 8000\n"
    )
    (question,) = read_settings(file, "row-budget=7000", tmp_path / "other").questions
    assert question.options == {"label": "inventory", "seed": 2, "row_budget": 7000, "lead_time_days": 3}
    assert read_settings(file, "", tmp_path / "other").work_dir == tmp_path / "other"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"nothing is asked; add \[\[question\]\]"),
        ("[[question]]\nseed = 3\n", "has no label"),
        ('[[question]]\nlabel = "sales"\n', r"\[\[question\]\] sales: "),
        (f"{ASKED}horizon = 2\n", r"\[\[question\]\] inventory: there is no setting horizon; there is "),
        (f'{ASKED}alert_budget = "many"\n', "inventory: --alert-budget is 'many'; it must be a whole number"),
        (f"{ASKED}horizon_weeks = 0\n", "inventory: "),
        (f"{ASKED}train_every_weeks = 0\n", "train_every_weeks is 0; it must be 1 or more"),
        (f'{ASKED}train_every_weeks = "often"\n', "train_every_weeks must be a whole number"),
        (f"{ASKED}{ASKED}", "the question inventory stands there twice"),
        (f"{ASKED}work_dir = 1\n", "there is no setting work_dir"),
        (f'{ASKED}engine = "spark"\n', "there is no setting engine"),
        (f"{ASKED}publish_past = true\n", "there is no setting publish_past"),
        (f"surprise = 1\n{ASKED}", "surprise"),
        (
            f'[[source]]\nfolder = "a"\nlayout = "amazon"\n{ASKED}',
            "'amazon'; it must be one of generic, olist",
        ),
        (f'[[source]]\nfolder = "a"\nlate_after_days = 0\n{ASKED}', "late_after_days is 0"),
        (f"[retention]\nkeep_weeks = 0\n{ASKED}", "keep_weeks is 0"),
        ("[[question]\n", "is no TOML"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_table_and_key(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        read_settings(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told_how_to_get(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="stockout-runs init writes a commented file"):
        read_settings(tmp_path / SETTINGS_FILE)


def test_an_override_that_names_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"--override holds 'seed'; it must be NAME=VALUE"):
        read_settings(written(tmp_path, ASKED), "seed")


def test_the_command_says_who_is_told_before_there_is_anything_to_tell(tmp_path: Path) -> None:
    def said(*words: str) -> str:
        return CliRunner().invoke(main, words).output

    file = tmp_path / SETTINGS_FILE
    assert "is written" in said("init", str(file))
    assert "nobody: no channel stands below [notify]" in said("check", "--settings", str(file))
    refused = CliRunner().invoke(main, ["check", "--settings", str(file)])
    assert refused.exit_code == 1
    assert f"a run would fail, since there is no folder {tmp_path / 'landing'}" in refused.output
    (tmp_path / "landing").mkdir()
    assert CliRunner().invoke(main, ["check", "--settings", str(file)]).exit_code == 0
    with file.open("a", encoding="utf-8") as end:
        end.write('[[notify.webhook]]\nname = "till"\nurl = "http://127.0.0.1/"\non = ["drift"]\n')
        end.write('secret_env = "SECRET"\n')
    assert "  - till: of drift\n" in said("check", "--settings", str(file))
