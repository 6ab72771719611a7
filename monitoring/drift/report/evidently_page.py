"""Evidently's own drift report of the same rows, for who wants to see both; Evidently is an extra.

Its default preset compares the newest week with the reference weeks, column by column, as two samples of rows. It knows
nothing of products, of which each has a row in every week, nor of how weeks usually differ.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.errors import OutputFileError
from data.panel import IN_STOCK, PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from feature_service.kernel import feature_set
from monitoring.drift.columns.column import REFERENCE_WEEKS
from monitoring.drift.columns.features import features_of_sample
from monitoring.drift.errors import EvidentlyMissingError
from monitoring.drift.statistics.clusters import DEFAULT_SEED, draws_of, panel_of, sample_of
from monitoring.drift.statistics.kinds import GAP_WEEKS

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = (UNITS_SOLD, PRICE_MEAN, UNITS_ON_HAND, IN_STOCK)


def frames(panel: Panel, feature_set_name: str, seed: int = DEFAULT_SEED) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """A row for each launched product, with fields and features: of the newest week, and of its reference weeks.

    Args:
        panel: Products x weeks.
        feature_set_name: Which features.
        seed: Of the sample, where there are many products.
    """
    import pandas as pd  # noqa: PLC0415 - with Evidently alone

    rows = sample_of(draws_of(panel.product_ids, seed))
    sample, chosen = panel_of(panel, rows), feature_set(feature_set_name)
    weeks = min(len(panel.weeks), 1 + GAP_WEEKS + REFERENCE_WEEKS)
    launched = np.maximum.accumulate(np.isfinite(sample.fields[UNITS_SOLD]), axis=1)[:, -weeks:]
    values = {name: sample.fields[name][:, -weeks:] for name in _FIELDS if name in sample.fields}
    features = features_of_sample(panel, rows, chosen, weeks)
    values |= {name: of for name, of in zip(chosen.feature_names, features, strict=True) if name not in values}

    def of_weeks(first: int, last: int) -> pd.DataFrame:
        there = launched[:, first:last]
        return pd.DataFrame({name: matrix[:, first:last][there] for name, matrix in values.items()})

    current, reference = of_weeks(weeks - 1, weeks), of_weeks(0, max(weeks - 1 - GAP_WEEKS, 0))
    known = [name for name in values if np.isfinite(current[name]).any() and np.isfinite(reference[name]).any()]
    return current[known], reference[known]


def write_evidently_page(panel: Panel, feature_set_name: str, to: Path, seed: int = DEFAULT_SEED) -> None:
    """Write Evidently's report of the newest week as a page.

    Raises:
        EvidentlyMissingError: If Evidently is not installed.
        OutputFileError: If the page cannot be written.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")  # it would send home what it is used for
    try:
        from evidently import Report  # noqa: PLC0415 - an extra
        from evidently.presets import DataDriftPreset  # noqa: PLC0415
    except ImportError as error:
        raise EvidentlyMissingError from error
    current, reference = frames(panel, feature_set_name, seed)
    try:
        Report([DataDriftPreset()]).run(current, reference).save_html(str(to))
    except OSError as error:
        raise OutputFileError(
            f"{to} cannot be written ({error.strerror}): name another file for --evidently"
        ) from error
