import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_service.json_record import RecordError, read_record


@dataclass(frozen=True)
class Label:
    name: str
    horizon_weeks: int


@dataclass(frozen=True)
class Model:
    label: Label
    features: tuple[str, ...]
    window: tuple[dt.date, dt.date]
    published_at: dt.datetime
    metrics: Mapping[str, float]
    counts: dict[str, dict[str, int]]
    lead_times: tuple[int | None, ...]
    labels: tuple[Label, ...]
    parameters: Any
    unknown_allowed: bool = False
    previous: Label | None = None


LABELS = st.builds(Label, st.text(), st.integers())
FINITE = st.floats(allow_nan=False, allow_infinity=False)
MODELS = st.builds(
    Model,
    label=LABELS,
    features=st.lists(st.text()).map(tuple),
    window=st.tuples(st.dates(), st.dates()),
    published_at=st.datetimes(timezones=st.just(dt.UTC)),
    metrics=st.dictionaries(st.text(), FINITE),
    counts=st.dictionaries(st.text(), st.dictionaries(st.text(), st.integers())),
    lead_times=st.lists(st.none() | st.integers()).map(tuple),
    labels=st.lists(LABELS).map(tuple),
    parameters=st.dictionaries(st.text(), FINITE | st.text()),
    unknown_allowed=st.booleans(),
    previous=st.none() | LABELS,
)
MODEL = Model(
    label=Label("zero_sales", 1),
    features=("margin",),
    window=(dt.date(2018, 8, 6), dt.date(2018, 8, 20)),
    published_at=dt.datetime(2018, 8, 27, 6, 30, tzinfo=dt.UTC),
    metrics={"auc": 0.9},
    counts={"sales": {"MISSING_ID": 2}},
    lead_times=(7, None),
    labels=(Label("inventory", 2),),
    parameters={"depth": 3},
)


def as_json(model: Model) -> dict[str, Any]:
    text = json.dumps(dataclasses.asdict(model), default=lambda day: day.isoformat())
    fields: dict[str, Any] = json.loads(text)
    return fields


@given(MODELS)
def test_a_record_comes_back_from_json_as_it_was(model: Model) -> None:
    assert read_record(Model, as_json(model)) == model


def test_a_field_with_a_default_may_be_missing() -> None:
    fields = as_json(MODEL)
    del fields["unknown_allowed"], fields["previous"]
    assert read_record(Model, fields) == MODEL


def test_a_whole_number_is_a_number() -> None:
    (value,) = read_record(Model, {**as_json(MODEL), "metrics": {"auc": 1}}).metrics.values()
    assert isinstance(value, float)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"label": {"name": "x", "horizon_weeks": "1"}}, 'label.horizon_weeks must be a whole number, not "1"'),
        ({"label": {"name": "x", "horizon_weeks": True}}, "label.horizon_weeks must be a whole number, not true"),
        ({"label": {"name": 1, "horizon_weeks": 1}}, "label.name must be text, not 1"),
        ({"label": {"name": "x"}}, "label.horizon_weeks is missing"),
        ({"label": {"name": "x", "horizon_weeks": 1, "more": 2}}, "label.more is not a known field"),
        ({"label": None}, "label must be an object, not null"),
        ({"previous": "x"}, 'previous must be an object, not "x"'),
        ({"features": "margin"}, 'features must be a list, not "margin"'),
        ({"features": ["margin", 2]}, "features[1] must be text, not 2"),
        ({"labels": [{"name": "x", "horizon_weeks": 1.5}]}, "labels[0].horizon_weeks must be a whole number, not 1.5"),
        ({"lead_times": [7, None, 1.5]}, "lead_times[2] must be a whole number, not 1.5"),
        ({"window": ["2018-08-06"]}, "window must have 2 values, not 1"),
        ({"window": ["2018-08-06", "August"]}, 'window[1] must be a date such as 2018-08-26, not "August"'),
        ({"published_at": 3}, "published_at must be a time such as 2018-08-26T12:00:00+00:00, not 3"),
        ({"metrics": {"auc": "high"}}, 'metrics.auc must be a number, not "high"'),
        ({"metrics": {"auc": None}}, "metrics.auc must be a number, not null"),
        ({"metrics": [0.9]}, "metrics must be an object, not [0.9]"),
        ({"counts": {"sales": {"MISSING_ID": []}}}, "counts.sales.MISSING_ID must be a whole number, not []"),
        ({"unknown_allowed": 1}, "unknown_allowed must be true or false, not 1"),
    ],
)
def test_an_error_names_the_path_what_is_expected_and_what_was_found(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecordError) as raised:
        read_record(Model, {**as_json(MODEL), **change})
    assert str(raised.value) == sentence


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(RecordError, match=r"metrics\.auc must be a number, not 1000"):
        read_record(Model, {**as_json(MODEL), "metrics": {"auc": 10**400}})


def test_what_is_no_object_is_no_record() -> None:
    with pytest.raises(RecordError, match="the record must be an object, not null"):
        read_record(Model, None)
