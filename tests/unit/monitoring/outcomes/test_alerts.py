"""How long it is waited for what becomes of an alert, by the calendar of the data."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from monitoring.outcomes.alerts import product_episodes
from monitoring.outcomes.episodes import Episode, Fate
from monitoring.outcomes.files import OUTCOMES, write_file
from monitoring.outcomes.predictions import PREDICTION_COLUMNS, PredictionsNote, keep_predictions
from monitoring.outcomes.week_outcomes import OUTCOME_COLUMNS, OutcomesNote
from tests.support.outcomes import note, until, week

TWO_YEARS = 728


def fate_after(folder: Path, said: PredictionsNote, wait: dt.timedelta) -> Fate:
    row = dict.fromkeys(PREDICTION_COLUMNS) | {"product_id": "p", "probability": 0.9, "alert": True}
    row |= {"alert_probability": 0.9, "alert_until": said.horizon_end}
    keep_predictions(pl.DataFrame([row], schema=PREDICTION_COLUMNS), said, folder)
    (found,) = product_episodes(folder, [said], said.published_at + wait)
    return found.episode.fate


@pytest.mark.parametrize("published", [0, TWO_YEARS])
def test_an_alert_of_an_old_history_waits_for_its_outcome_like_one_of_today(tmp_path: Path, published: int) -> None:
    said = note(0, published)
    assert fate_after(tmp_path, said, dt.timedelta(hours=1)) is Fate.OPEN
    assert fate_after(tmp_path, said, dt.timedelta(weeks=9)) is Fate.OPEN
    assert fate_after(tmp_path, said, dt.timedelta(weeks=9, days=1)) is Fate.UNKNOWN


RELIEF = until(0, 24)


def told(folder: Path, data_until: dt.date, **outcome: object) -> Episode:
    """Of an alert that is about 24 days, by what data up to a day tell."""
    said = note(0)
    row = dict.fromkeys(PREDICTION_COLUMNS) | {"product_id": "p", "probability": 0.1, "alert": True}
    row |= {"alert_probability": 0.6, "alert_until": RELIEF}
    keep_predictions(pl.DataFrame([row], schema=PREDICTION_COLUMNS), said, folder)
    row = dict.fromkeys(OUTCOME_COLUMNS) | {"product_id": "p", "outcome": 0.0, "is_in_data": True} | outcome
    known = OutcomesNote(said.snapshot_id, said.as_of_week, data_until, is_over=True, alerts_over=False)
    write_file(pl.DataFrame([row], schema=OUTCOME_COLUMNS), known, folder / OUTCOMES / f"{said.snapshot_id}.parquet")
    keep_predictions(pl.DataFrame(schema=PREDICTION_COLUMNS), note(4), folder)
    (found,) = product_episodes(folder, [said, note(4)], said.published_at + dt.timedelta(weeks=4))
    assert found.highest_probability == pytest.approx(0.6), "the risk that it was raised on"
    return found.episode


def test_an_alert_until_relief_is_open_until_then_though_the_question_is_answered(tmp_path: Path) -> None:
    episode = told(tmp_path, week(1) + dt.timedelta(days=6), alert_is_over=False)
    assert (episode.fate, episode.ended_in) == (Fate.OPEN, None)
    assert f"it looks ahead to the {RELIEF}" in episode.reason


def test_an_alert_until_relief_comes_true_as_soon_as_it_does(tmp_path: Path) -> None:
    out_on = week(2) + dt.timedelta(days=3)
    episode = told(tmp_path, week(2) + dt.timedelta(days=6), alert_is_over=False, alert_outcome=1.0, out_on=out_on)
    assert (episode.fate, episode.happened_on, episode.ended_in) == (Fate.CAME_TRUE, out_on, week(2))
    assert episode.warning_days == 11


def test_an_alert_until_relief_ends_in_the_week_of_relief(tmp_path: Path) -> None:
    episode = told(tmp_path, week(4) + dt.timedelta(days=6), alert_is_over=True, alert_outcome=0.0)
    assert (episode.fate, episode.ended_in) == (Fate.DID_NOT, week(4))
