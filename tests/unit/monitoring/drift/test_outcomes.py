import dataclasses

import numpy as np
import pytest

from data.panel import PRICE_MEAN, UNITS_SOLD
from feature_service.bundle import Bundle
from feature_service.kernel import PanelFeatures, feature_set
from monitoring.drift import DRIFTED, UNKNOWN, Watched, WatchedModel, watch
from monitoring.drift.columns.outcomes import probabilities
from tests.support.training_fixtures import Trained
from training.backtest.predictions import read_predictions
from training.errors import TrainingFileError
from training.labels import label

TARGET = label("zero_sales")


def model_of(trained: Trained) -> WatchedModel:
    return WatchedModel("stockout_risk version 1", Bundle.load(trained.bundle_dir), trained.predictions)


def test_weeks_that_the_model_learned_from_are_told_by_its_out_of_fold_predictions(trained: Trained) -> None:
    panel, model = trained.panel, model_of(trained)
    features = PanelFeatures(feature_set("seed-18"), panel.fields, panel.groups).of_all_weeks()
    eligible = TARGET.eligible(panel)
    found = probabilities(model, features, eligible, panel.product_ids, panel.weeks)

    out_of_fold = read_predictions(trained.predictions)
    rows = {product: row for row, product in enumerate(panel.product_ids)}
    row = np.array([rows[each] for each in out_of_fold.product_ids.to_pylist()])
    week = np.searchsorted(panel.weeks, out_of_fold.as_of_week)
    assert (found[row, week] == out_of_fold.model.values).all()
    learned_until = np.datetime64(model.bundle.contract.training_window[1])
    others = np.isfinite(found)
    others[row, week] = False
    assert (panel.weeks[others.any(axis=0)] > learned_until).all()
    newest = np.flatnonzero(eligible[:, -1] & np.isfinite(features[:, :, -1]).all(axis=0))
    of_newest = np.ascontiguousarray(features[:, newest, -1].T)
    assert (found[newest, -1] == model.bundle.predict(of_newest)).all()


def test_scores_and_outcomes_are_watched_once_enough_weeks_tell_of_them(trained: Trained) -> None:
    report = watch(trained.panel, Watched(TARGET, "seed-18", model_of(trained)))
    states = {each.name: each.state for each in report.columns}
    assert states["label rate"] != UNKNOWN
    assert {"probability", "calibration"} <= states.keys()
    assert (report.question, report.model, report.feature_set) == ("zero_sales", "stockout_risk version 1", "seed-18")
    rate = next(each for each in report.columns if each.name == "label rate")
    assert rate.week < report.as_of_week  # the last outcome that is known is of the week before


def test_products_that_stop_selling_are_named_by_their_outcomes_too(trained: Trained) -> None:
    panel = trained.panel
    fields = {name: matrix.copy() for name, matrix in panel.fields.items()}
    for name in (UNITS_SOLD, PRICE_MEAN):
        fields[name][::2, -3:] = np.where(np.isnan(fields[name][::2, -3:]), np.nan, 0)
    report = watch(dataclasses.replace(panel, fields=fields), Watched(TARGET, "seed-18", model_of(trained)))
    named = [each.column for each in report.drifted]
    assert "label rate" in named
    assert next(each for each in report.columns if each.name == "units_sold").state == DRIFTED
    assert report.drifted[0].column == "units_sold"


def test_predictions_that_are_no_file_are_refused_in_a_sentence(trained: Trained) -> None:
    model = dataclasses.replace(model_of(trained), predictions=trained.candidate / "none.parquet")
    with pytest.raises(TrainingFileError, match="holds no predictions of a backtest"):
        watch(trained.panel, Watched(TARGET, "seed-18", model))
