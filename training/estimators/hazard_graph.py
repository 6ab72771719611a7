"""The hazards as one more output of a model's ONNX graph, computed where they are asked for.

ONNX Runtime computes every output of a graph, whichever are asked for. So the hazards stand in a branch that is taken
by one more input, which is false where it is not given.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from feature_service.bundle import ASKS_HAZARDS, HAZARDS
from training.estimators.graph import trees


def with_hazards(graph: bytes, classifier: onnx.ModelProto, reach_weeks: int) -> bytes:
    """The graph with the output ``hazards``, shape ``(rows, reach_weeks - 1)``.

    Args:
        graph: A model's, with one input of shape ``(rows, width)``.
        classifier: A converted booster of ``width + 1`` features, the last of which is the week ahead.
        reach_weeks: The last week ahead; the first one that is asked of is the second.
    """
    model = onnx.load_from_string(graph)
    (features,) = model.graph.input  # its name is the converter's own where another one wrote the graph
    width = features.type.tensor_type.shape.dim[1].dim_value
    weeks = np.arange(2, reach_weeks + 1, dtype=np.float32)
    booster = trees(classifier, 1.0, "hazard_rows", "hazard_log_odds")
    constants = {
        "hazard_zero": np.array([0]),
        "hazard_one": np.array([1]),
        "hazard_weeks": weeks[None, :, None],
        "hazard_repeats": np.array([1, len(weeks), 1]),
        "hazard_repeats_of_weeks": np.array([1, 1]),
        "hazard_width": np.array([-1, width + 1]),
        "hazard_shape": np.array([-1, len(weeks)]),
    }
    # each row once for every week ahead, which stands beside its features
    before = (
        ("Unsqueeze", [features.name, "hazard_one"], "hazard_each"),
        ("Tile", ["hazard_each", "hazard_repeats"], "hazard_features"),
        ("Shape", [features.name], "hazard_size"),
        ("Slice", ["hazard_size", "hazard_zero", "hazard_one"], "hazard_count"),
    )
    nodes = [helper.make_node(op, inputs, [output]) for op, inputs, output in before]
    nodes += [
        helper.make_node("Concat", ["hazard_count", "hazard_repeats_of_weeks"], ["hazard_repeats_of_all"], axis=0),
        helper.make_node("Tile", ["hazard_weeks", "hazard_repeats_of_all"], ["hazard_ahead"]),
        helper.make_node("Concat", ["hazard_features", "hazard_ahead"], ["hazard_beside"], axis=2),
        helper.make_node("Reshape", ["hazard_beside", "hazard_width"], ["hazard_rows"]),
        *booster.nodes,
        helper.make_node("Sigmoid", [booster.output], ["hazard_probabilities"]),
        helper.make_node("Reshape", ["hazard_probabilities", "hazard_shape"], ["hazards_asked"]),
    ]
    asked = helper.make_graph(nodes, "asked", [], [_output("hazards_asked", len(weeks))], _tensors(constants))
    nothing = {"hazards_none": np.empty((0, len(weeks)), dtype=np.float32)}
    kept = helper.make_node("Identity", ["hazards_none"], ["hazards_not_asked"])
    not_asked = helper.make_graph(
        [kept], "not_asked", [], [_output("hazards_not_asked", len(weeks))], _tensors(nothing)
    )
    model.graph.node.append(helper.make_node("If", [ASKS_HAZARDS], [HAZARDS], then_branch=asked, else_branch=not_asked))
    model.graph.input.append(helper.make_tensor_value_info(ASKS_HAZARDS, TensorProto.BOOL, []))
    model.graph.initializer.extend(_tensors({ASKS_HAZARDS: np.array(False)}))
    model.graph.output.append(_output(HAZARDS, len(weeks)))
    serialized: bytes = model.SerializeToString()
    return serialized


def _output(name: str, weeks: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, weeks])


def _tensors(values: Mapping[str, np.ndarray]) -> list[onnx.TensorProto]:
    return [numpy_helper.from_array(value, name) for name, value in values.items()]
