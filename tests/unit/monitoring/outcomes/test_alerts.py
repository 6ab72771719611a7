"""How long it is waited for what becomes of an alert, by the calendar of the data."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from monitoring.outcomes.alerts import product_episodes
from monitoring.outcomes.episodes import Fate
from monitoring.outcomes.predictions import PREDICTION_COLUMNS, PredictionsNote, keep_predictions
from tests.support.outcomes import note

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
