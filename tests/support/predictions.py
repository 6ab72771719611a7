"""Out-of-fold predictions that no model made."""

import numpy as np
import pyarrow as pa

from data.weeks import monday
from training.backtest.predictions import Predictions
from training.metrics.truth import BASE_RATE, ScorerOutput, Truth

PRODUCTS, WEEKS = 40, 6
ROWS = PRODUCTS * WEEKS


def predictions(weight: float, first_week: int = 2_500) -> Predictions:
    """A model whose probability follows the outcome by ``weight``."""
    random = np.random.default_rng(5)
    outcome = (random.random(ROWS) < 0.3).astype(np.float32)
    product, week = np.tile(np.arange(PRODUCTS), WEEKS), first_week + np.repeat(np.arange(WEEKS), PRODUCTS)
    probability = (0.3 + weight * (outcome - 0.3) + 0.1 * random.random(ROWS)).astype(np.float32)
    return Predictions(
        label="zero_sales",
        horizon_weeks=1,
        estimator="lightgbm",
        product_ids=pa.array([f"p{each}" for each in product]),
        as_of_week=np.array([monday(int(each)) for each in week]),
        truth=Truth(
            outcome=outcome,
            product=product,
            week=week,
            onset=None,
            selling=np.ones(ROWS, dtype=np.bool_),
            segment=np.zeros(ROWS, dtype=np.int64),
            segments=("all",),
        ),
        model=ScorerOutput(probability, True),
        raw=probability,
        rules={BASE_RATE: ScorerOutput(np.full(ROWS, 0.3, dtype=np.float32), True)},
        locked=np.zeros(ROWS, dtype=np.bool_),
    )
