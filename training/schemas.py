"""Versions of the files that the training stages write: raised with every change that an older program cannot read.

They are part of the names of the stages' folders, so that after an upgrade no stage is finished whose files nothing
reads any more. They stand apart from the writers, whose modules load scikit-learn: to find a finished run finished
takes no model.
"""

TABLE_SCHEMA = 5
"""Of the training table: :mod:`training.dataset`."""

BACKTEST_SCHEMA = 4
"""Of predictions and record: :mod:`training.backtest.predictions`, :mod:`training.backtest.record`. 2 had no
run-out curves, 3 calibrated by outcomes alone."""

TRAINING_SCHEMA = 5
"""Of the candidate beside its bundle: :mod:`training.candidate`. 3 did not hold the row budget and the weeks of the
calibration, 4 no hazards in the graph."""

FIGURES_SCHEMA = 3
"""Of the evaluation: :mod:`training.evaluation.figures`. The report of 1 said nothing of what looks wrong about the
data, 2 had no figures of run-out curves."""

REGISTERED_SCHEMA = 3
"""Of what is fetched from the registry: :mod:`training.registry.versions`. 1 was fetched by alias,
2 without out-of-fold predictions."""
