"""The figures of past weeks, logged with the run of the model that gave the answers.

A week is the step: ``202423`` is the ISO week 23 of 2024. What is logged already is not logged again; where later data
changed a figure it is logged anew, and MLflow shows the newer one.
"""

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

from training.registry.client import registry_client

PREFIX = "live_"

_MOST_AT_ONCE = 1000
_GONE = "RESOURCE_DOES_NOT_EXIST"


@dataclass(frozen=True)
class WeekFigures:
    """How a model did on one week.

    Attributes:
        run_id: MLflow's run of the model.
        week: Monday of the ``as_of`` week.
        figures: By name.
    """

    run_id: str
    week: dt.date
    figures: Mapping[str, float]


def log_live_figures(weeks: Sequence[WeekFigures], tracking_uri: str) -> int:
    """Log figures as ``live_<name>`` with the runs of their models; runs that are gone are left out.

    Returns:
        How many were logged; those that are there already are not counted.
    Raises:
        RegistryError: If the server cannot be reached or refuses.
    """
    by_run: dict[str, list[WeekFigures]] = {}
    for each in weeks:
        by_run.setdefault(each.run_id, []).append(each)
    if not by_run:
        return 0
    with registry_client(tracking_uri) as client:
        return sum(_log(client, run_id, of_run) for run_id, of_run in by_run.items() if _is_there(client, run_id))


def step_of(week: dt.date) -> int:
    """The step that a week is logged as."""
    year, number, _ = week.isocalendar()
    return year * 100 + number


def _is_there(client: MlflowClient, run_id: str) -> bool:
    try:
        return bool(client.get_run(run_id).info.lifecycle_stage == "active")
    except MlflowException as error:
        if error.error_code != _GONE:
            raise
        return False


def _log(client: MlflowClient, run_id: str, weeks: Sequence[WeekFigures]) -> int:
    now = int(time.time() * 1000)
    names = sorted({name for week in weeks for name in week.figures})
    known = {name: _logged(client, run_id, f"{PREFIX}{name}") for name in names}
    new = [
        Metric(f"{PREFIX}{name}", value, now, step_of(week.week))
        for week in weeks
        for name, value in week.figures.items()
        if known[name].get(step_of(week.week)) != value
    ]
    for first in range(0, len(new), _MOST_AT_ONCE):
        client.log_batch(run_id, metrics=new[first : first + _MOST_AT_ONCE])
    return len(new)


def _logged(client: MlflowClient, run_id: str, name: str) -> dict[int, float]:
    """The newest value of each step."""
    history = sorted(client.get_metric_history(run_id, name), key=lambda each: each.timestamp)
    return {each.step: each.value for each in history}
