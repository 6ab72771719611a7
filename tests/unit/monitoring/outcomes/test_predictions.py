"""What was said of a week is kept once, and what counts of it is what planners saw."""

from pathlib import Path

import polars as pl
import pytest

from monitoring.outcomes.errors import OutcomesError
from monitoring.outcomes.files import OUTCOMES, write_file
from monitoring.outcomes.predictions import (
    PREDICTION_COLUMNS,
    counted_weeks,
    keep_predictions,
    read_predictions,
    those_that_count,
)
from monitoring.outcomes.week_outcomes import OUTCOME_COLUMNS, OutcomesNote, read_outcomes
from tests.support.outcomes import note, until, week


def rows(probability: float) -> pl.DataFrame:
    row = dict.fromkeys(PREDICTION_COLUMNS) | {"product_id": "p", "probability": probability, "alert": True}
    return pl.DataFrame([row], schema=PREDICTION_COLUMNS)


def test_of_a_week_that_was_published_twice_the_last_counts_that_came_before_a_newer_week() -> None:
    first, corrected, newer = note(0, 0), note(0, 1, "b"), note(1, 7)
    in_hindsight = note(0, 30, "c")
    assert those_that_count([in_hindsight, newer, corrected, first]) == [corrected, newer]
    assert those_that_count([first, newer, in_hindsight]) == [first, newer]
    assert those_that_count([newer, in_hindsight]) == [newer]


def test_what_a_newer_week_was_published_as_later_does_not_let_hindsight_in() -> None:
    said, newer, newer_again, in_hindsight = note(0, 0), note(1, 7), note(1, 12, "b"), note(0, 9, "c")
    assert those_that_count([said, newer, in_hindsight, newer_again]) == [said, newer_again]


def test_weeks_that_were_published_within_one_second_all_count() -> None:
    assert those_that_count([note(1, 0), note(0, 0)]) == [note(0, 0), note(1, 0)]


def test_what_was_kept_stays_as_it_is(tmp_path: Path) -> None:
    assert keep_predictions(rows(0.75), note(0, 0), tmp_path)
    assert not keep_predictions(rows(0.25), note(0, 9), tmp_path)
    assert counted_weeks(tmp_path) == [note(0, 0)]
    assert read_predictions(tmp_path, note(0, 0), ["probability"])["probability"].to_list() == [0.75]


def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    keep_predictions(rows(0.75), note(0, 0), tmp_path)
    (path,) = tmp_path.glob("predictions/*.parquet")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(OutcomesError, match=r"2024-W19-aaaaaaaaaaaa\.parquet cannot be read .* put back a copy of it"):
        counted_weeks(tmp_path)


def test_files_of_before_alerts_were_about_relief_tell_of_the_question(tmp_path: Path) -> None:
    said, of_alert = note(0, 0), ["alert_probability", "alert_until"]
    keep_predictions(rows(0.75).drop(of_alert), said, tmp_path)
    (row,) = read_predictions(tmp_path, said, ["product_id", *of_alert]).iter_rows()
    assert row == ("p", 0.75, until(0))
    outcome = dict.fromkeys(OUTCOME_COLUMNS) | {"product_id": "p", "outcome": 1.0, "is_in_data": True}
    told = pl.DataFrame([outcome], schema=OUTCOME_COLUMNS).drop("alert_outcome", "alert_is_over")
    known = OutcomesNote(said.snapshot_id, said.as_of_week, week(1), is_over=True)
    write_file(told, known, tmp_path / OUTCOMES / f"{said.snapshot_id}.parquet")
    found = read_outcomes(tmp_path, said, pl.Series("product_id", ["p"]))
    assert found is not None
    assert found.select("outcome", "alert_outcome", "alert_is_over").row(0) == (1.0, 1.0, True)
