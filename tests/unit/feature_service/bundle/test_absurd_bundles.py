"""Bundles whose checksums are right and whose content is absurd: refused when they are loaded."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from feature_service.bundle import CONTRACT_FILE, MODEL_FILE, Bundle, BundleError
from tests.support.snapshots import publish_snapshot, synthetic_panel


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("good") / "snapshots"
    return root / publish_snapshot(root, synthetic_panel(products=20)) / "bundle"


def copy_of(good: Path, folder: Path) -> Path:
    for name in (CONTRACT_FILE, MODEL_FILE):
        (folder / name).write_bytes((good / name).read_bytes())
    return folder


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"threshold": float("nan")}, "threshold from 0 to 1"),
        ({"threshold": -1}, "threshold from 0 to 1"),
        ({"threshold": 1e400}, "threshold from 0 to 1"),
        ({"label": {"horizon_weeks": 10**9}}, "look 1 to 52 weeks ahead"),
        ({"label": {"horizon_weeks": 0}}, "look 1 to 52 weeks ahead"),
        ({"label": {"evidence": "GUESSED"}}, "rest on one of"),
        ({"label": {"applies_where": [{"feature": "nothing", "above": 0}]}}, "no feature of"),
        ({"feature_names": []}, "name its features"),
        ({"calibration": {"raw": [0, 1], "calibrated": [0, 2]}}, "calibration that rises"),
        ({"calibration": {"raw": [0, 0.5], "calibrated": [0, 1]}}, "calibration that rises"),
        ({"calibration": {"raw": [0, float("nan"), 1], "calibrated": [0, 0.5, 1]}}, "calibration that rises"),
        ({"calibration": {"raw": [], "calibrated": []}}, "calibration that rises"),
        ({"schema": 99}, "schema is not"),
        ({"seed": "many"}, "seed"),
        ({"feature_set": "sales-1"}, "takes the feature set 'sales-1', which this version does not compute"),
    ],
)
def test_a_contract_that_means_nothing_is_refused(
    good: Path, tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    folder = copy_of(good, tmp_path)
    contract = json.loads((folder / CONTRACT_FILE).read_text())
    for key, value in change.items():
        contract[key] = {**contract[key], **value} if key == "label" else value
    (folder / CONTRACT_FILE).write_text(json.dumps(contract))
    with pytest.raises(BundleError, match=sentence):
        Bundle.load(folder)


def graph_that_gives(outputs: np.ndarray, *, for_each_row: bool) -> bytes:
    """A graph that gives the same pair for each row, or one table whatever the rows are."""
    width = 18
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])
    result = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, outputs.shape[-1]])
    table = numpy_helper.from_array(outputs.astype(np.float32), "table")
    if for_each_row:
        zeros = numpy_helper.from_array(np.zeros((width, outputs.shape[-1]), dtype=np.float32), "zeros")
        nodes = [
            helper.make_node("MatMul", ["features", "zeros"], ["nothing"]),
            helper.make_node("Add", ["nothing", "table"], ["probabilities"]),
        ]
        constants = [table, zeros]
    else:
        nodes, constants = [helper.make_node("Identity", ["table"], ["probabilities"])], [table]
    graph = helper.make_graph(nodes, "absurd", [features], [result], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("graph", "sentence"),
    [
        (graph_that_gives(np.array([[0.5, np.nan]]), for_each_row=True), "no probability"),
        (graph_that_gives(np.array([[4.0, -3.0]]), for_each_row=True), "no probability"),
        (graph_that_gives(np.array([[0.0, np.inf]]), for_each_row=True), "no probability"),
        (graph_that_gives(np.array([[0.5, 0.5]]), for_each_row=False), "for 5 rows"),
        (graph_that_gives(np.array([[0.5]]), for_each_row=True), "for 5 rows"),
        (b"", "no model that ONNX Runtime can run"),
        (b"\x08\x00garbage", "no model that ONNX Runtime can run"),
    ],
)
def test_a_graph_that_gives_no_probability_of_each_row_is_refused(
    good: Path, tmp_path: Path, graph: bytes, sentence: str
) -> None:
    folder = copy_of(good, tmp_path)
    (folder / MODEL_FILE).write_bytes(graph)
    with pytest.raises(BundleError, match=sentence):
        Bundle.load(folder)


def test_a_graph_that_gives_a_probability_of_each_row_is_taken(good: Path, tmp_path: Path) -> None:
    folder = copy_of(good, tmp_path)
    (folder / MODEL_FILE).write_bytes(graph_that_gives(np.array([[0.75, 0.25]]), for_each_row=True))
    assert Bundle.load(folder).predict(np.zeros((3, 18), dtype=np.float32)).tolist() == [0.25] * 3
