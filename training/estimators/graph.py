"""ONNX graphs of models whose log-odds are a sum of parts: trees, a linear form, or both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from feature_service.kernel.arrays import DoubleArray

INPUT = "features"
_OPSET, _ML_OPSET, _IR_VERSION = 15, 1, 8
# the converter's attributes of a classifier that a regressor has under other names
_TARGETS = {"class_ids": "target_ids", "class_nodeids": "target_nodeids", "class_treeids": "target_treeids"}


@dataclass(frozen=True)
class Part:
    """Nodes that end in one share of the log-odds, shape ``(rows, 1)``."""

    nodes: Sequence[onnx.NodeProto]
    constants: Sequence[onnx.TensorProto]
    output: str


def trees(classifier: onnx.ModelProto, share: float, features: str = INPUT, output: str = "trees") -> Part:
    """The log-odds of a converted booster, times ``share``.

    Args:
        classifier: What onnxmltools returns: one TreeEnsembleClassifier with a logistic end.
        share: Factor on every leaf.
        features: What the trees look at, in the graph.
        output: Name of the log-odds.
    """
    ensemble = next(each for each in classifier.graph.node if each.op_type == "TreeEnsembleClassifier")
    attributes = {each.name: helper.get_attribute_value(each) for each in ensemble.attribute}
    regressor = {name: value for name, value in attributes.items() if name.startswith("nodes_")}
    regressor |= {new: attributes[old] for old, new in _TARGETS.items()}
    regressor["target_ids"] = [0] * len(attributes["class_ids"])
    regressor["target_weights"] = [weight * share for weight in attributes["class_weights"]]
    regressor["base_values"] = [value * share for value in attributes.get("base_values", [0.0])]
    node = helper.make_node(
        "TreeEnsembleRegressor", [features], [output], domain="ai.onnx.ml", n_targets=1, **regressor
    )
    return Part([node], [], output)


def linear(fill: DoubleArray, weights: DoubleArray, intercept: float, share: float) -> Part:
    """A linear form of the features' signed logarithms, times ``share``.

    Args:
        fill: What stands in for an unknown signed logarithm, shape ``(features,)``.
        weights: Shape ``(features,)``.
        intercept: Added to the sum.
        share: Factor on the whole.
    """
    constants = {
        "one": np.float32(1),
        "fill": fill.astype(np.float32),
        "weights": (weights * share).astype(np.float32)[:, None],
        "intercept": np.array([intercept * share], dtype=np.float32),
    }
    steps = (
        ("Abs", [INPUT], "size"),
        ("Add", ["size", "one"], "size_and_one"),
        ("Log", ["size_and_one"], "logarithm"),
        ("Sign", [INPUT], "sign"),
        ("Mul", ["logarithm", "sign"], "signed_logarithm"),
        ("IsNaN", [INPUT], "unknown"),
        ("Where", ["unknown", "fill", "signed_logarithm"], "filled"),
        ("Gemm", ["filled", "weights", "intercept"], "linear"),
    )
    return Part(
        [helper.make_node(op, inputs, [output]) for op, inputs, output in steps],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
        "linear",
    )


def graph_of(parts: Sequence[Part], width: int, model_text: Mapping[str, str]) -> bytes:
    """The sum of the parts as log-odds, turned into the probabilities of both outcomes.

    Args:
        parts: Shares of the log-odds.
        width: Features.
        model_text: The fitted models as text, by kind. The graph keeps them as metadata, which runtimes ignore, so that
            its probabilities can be explained without another file.
    """
    end = (
        ("Sum", [part.output for part in parts], "log_odds"),
        ("Sigmoid", ["log_odds"], "positive"),
        ("Sub", ["whole", "positive"], "negative"),
    )
    nodes = [node for part in parts for node in part.nodes]
    nodes += [helper.make_node(op, inputs, [output]) for op, inputs, output in end]
    nodes.append(helper.make_node("Concat", ["negative", "positive"], ["probabilities"], axis=1))
    constants = [constant for part in parts for constant in part.constants]
    graph = helper.make_graph(
        nodes,
        "stockout_risk",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])],
        [*constants, numpy_helper.from_array(np.array(1, dtype=np.float32), "whole")],
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    helper.set_model_props(model, dict(model_text))
    serialized: bytes = model.SerializeToString()
    return serialized


def model_text_of(graph: bytes) -> dict[str, str]:
    """The ``model_text`` that :func:`graph_of` put into the graph; empty for any other graph."""
    return {each.key: each.value for each in onnx.load_from_string(graph).metadata_props}
