"""Small real snapshots: a seeded panel, and a random forest fitted on it as an ONNX bundle."""

import datetime as dt
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import RandomForestClassifier

from data.panel import PRICE_MEAN, UNITS_SOLD, Panel
from data.snapshots import ModelReference, publish
from data.weeks import calendar
from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Contract, LabelContract
from feature_service.kernel import feature_set, features_of_all_weeks

AS_OF_WEEK = dt.date(2018, 8, 20)
FEATURE_SET = "seed-18"
EXCLUDED = {"cancelled-only": "NO_COUNTED_SALES", "next-year": "NOT_LAUNCHED"}
LEAD_TIME_DAYS = 7
MODEL = ModelReference(name="stockout_risk", version="7", run_id="0123456789abcdef")


def product_id(number: int) -> str:
    """An id of 32 characters, as Olist's are."""
    return f"{number:032x}"


def synthetic_panel(products: int, weeks: int = 12, seed: int = 0, as_of_week: dt.date = AS_OF_WEEK) -> Panel:
    """Products that were launched in any week but the last, so that some have too little history."""
    rng = np.random.default_rng(seed)
    units = rng.poisson(rng.gamma(0.6, 1.0, size=(products, 1)), size=(products, weeks)).astype(np.float32)
    price = np.where(units > 0, rng.uniform(5, 200, size=(products, 1)), 0).astype(np.float32)
    launch = rng.integers(0, weeks - 1, size=(products, 1))
    unknown = np.arange(weeks) < launch
    first = as_of_week - dt.timedelta(weeks=weeks - 1)
    return Panel(
        product_ids=tuple(product_id(number) for number in range(products)),
        weeks=calendar(first, as_of_week),
        fields={
            UNITS_SOLD: np.where(unknown, np.float32(np.nan), units),
            PRICE_MEAN: np.where(unknown, np.float32(np.nan), price),
        },
        categories=("",) * products,
        excluded=EXCLUDED,
        lead_time_days=(LEAD_TIME_DAYS,) * products,
    )


def publish_snapshot(
    root: Path,
    panel: Panel,
    trees: int = 10,
    depth: int = 4,
    *,
    label: str = "zero_sales",
    model: ModelReference = MODEL,
) -> str:
    """Fit, publish, and give the snapshot's id. Eligible is what sold in the last four weeks."""
    _, eligible = _features_and_eligible(panel)
    bundle = root.parent / "bundle"
    write_bundle(bundle, fitted_forest(panel, trees, depth), label)
    return publish(panel, eligible, bundle, model, root)


def fitted_forest(panel: Panel, trees: int, depth: int) -> RandomForestClassifier:
    """The model that is in the bundle, as scikit-learn has it; the same for the same arguments."""
    features, eligible = _features_and_eligible(panel)
    rows, outcome = features[:, eligible].T, panel.fields[UNITS_SOLD][eligible] == 0
    forest = RandomForestClassifier(n_estimators=trees, max_depth=depth, random_state=0, n_jobs=1)
    return forest.fit(rows[:20_000], outcome[:20_000])


def _features_and_eligible(panel: Panel) -> tuple[np.ndarray, np.ndarray]:
    chosen = feature_set(FEATURE_SET)
    features = features_of_all_weeks(chosen, panel.fields)
    return features, features[chosen.feature_names.index("sales_qtd_roll_mean_4")] > 0


def write_bundle(
    folder: Path, forest: RandomForestClassifier, label: str = "zero_sales", set_name: str = FEATURE_SET
) -> None:
    """A forest on the features of a set as a bundle."""
    graph = to_onnx(
        forest,
        initial_types=[("features", FloatTensorType([None, forest.n_features_in_]))],
        options={id(forest): {"zipmap": False}},
    )
    contract = Contract(
        feature_set=set_name,
        feature_names=feature_set(set_name).feature_names,
        label=LabelContract(label, "no sale in the target week", "SALES_ONLY", horizon_weeks=1),
        threshold=0.5,
        training_window=("2018-06-04", "2018-08-13"),
        metrics={},
        data_fingerprint="0" * 64,
        estimator="random_forest",
        seed=0,
        takes_unknown=feature_set(set_name).unknown_allowed,
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).write_bytes(graph.SerializeToString())
    (folder / CONTRACT_FILE).write_text(contract.to_json(), encoding="utf-8")
