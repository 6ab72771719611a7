"""Predictions of earlier backtests, taken over where this one would make the same again, bit for bit.

    KEPT/<key>   the probabilities of some rows, float64: the model's, then the logistic rule's; before them the SHA-256
                 of their bytes

The calibrations, two columns of points, and the hazards, a column for each week ahead, are kept in the same way.

A key is the SHA-256 of everything that the probabilities are made from: the rows that the fit learned from with their
outcomes and weights, the recipe, the seed, the rows that it predicted, the libraries' versions and this package's own
source. So a file is never out of date: where anything differs, its key is asked for no more. Asked for again, it gets
the time of now, by which :mod:`orchestration` prunes those that nobody has asked for in a while.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import lightgbm
import numpy as np
import scipy
import sklearn
import xgboost

from feature_service.kernel.arrays import DoubleArray, FloatArray
from training.estimators import LearningRows, estimator
from training.recipes import Recipe

_SOURCE = Path(__file__).parents[1]
_DIGEST_BYTES = 32


class PredictionStore:
    """Predictions in a folder; the threads of a backtest, and several processes, may use one at a time.

    Args:
        folder: Made when something is kept; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def find(self, key: str, scorers: int = 2) -> DoubleArray | None:
        """The probabilities of the model and of the logistic rule, shape ``(2, rows)``; None if they are not there.

        Of a calibration, its points, shape ``(2, points)``; of hazards, those of so many weeks ahead.
        """
        if self._folder is None:
            return None
        path = self._folder / key
        try:
            content = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        digest, values = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(values).digest() != digest:  # damage only costs another fit
            return None
        return np.frombuffer(values, dtype=np.float64).reshape(scorers, -1)

    def keep(self, key: str, probabilities: DoubleArray) -> None:
        """Keep what ``find`` gives from now on."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        values = np.ascontiguousarray(probabilities, dtype=np.float64).tobytes()
        draft = self._folder / f".{key}.{os.getpid()}.partial"
        draft.write_bytes(hashlib.sha256(values).digest() + values)
        draft.replace(self._folder / key)


def key_of_fit(recipe: Recipe, names: tuple[str, ...], rows: LearningRows, inputs: DoubleArray, seed: int) -> str:
    """What a recipe and the logistic rule are fitted from.

    Args:
        recipe: How the model is made.
        names: Of the columns of the features.
        rows: What it learns from.
        inputs: Of the logistic rule, shape ``(rows, 3)``.
        seed: Of every random choice.
    """
    parameters = {**estimator(recipe.estimator).parameters, **recipe.parameters}
    settings = json.dumps([asdict(recipe), parameters, names, seed, _program()], sort_keys=True)
    weights = np.empty(0) if rows.weights is None else rows.weights
    return key_of(settings, [rows.features, rows.outcome, weights, inputs])


def key_of_hazards(rows: LearningRows, reach_weeks: int, seed: int) -> str:
    """What the hazards of the weeks ahead are fitted from."""
    weights = np.empty(0) if rows.weights is None else rows.weights
    return key_of(f"hazards {reach_weeks} {seed} {_program()}", [rows.features, rows.outcome, weights])


def key_of_calibration(raw: DoubleArray, outcome: FloatArray) -> str:
    """What a calibration is fitted from: probabilities and outcomes, shape ``(rows,)``."""
    return key_of(f"calibration {_program()}", [raw, outcome])


def key_of(settings: str, arrays: Iterable[np.ndarray]) -> str:
    """SHA-256 of a text and of arrays with their types and shapes."""
    digest = hashlib.sha256(settings.encode())
    for array in arrays:
        digest.update(f"\n{array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@cache
def _program() -> str:
    """The versions of what fits, and the source of this package."""
    versions = {each.__name__: each.__version__ for each in (lightgbm, xgboost, sklearn, scipy, np)}
    source = hashlib.sha256()
    for file in sorted(_SOURCE.rglob("*.py")):
        source.update(f"\n{file.relative_to(_SOURCE)}\n".encode() + file.read_bytes())
    return json.dumps([versions, source.hexdigest()], sort_keys=True)
