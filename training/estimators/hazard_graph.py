"""The hazards as one more output of a model's ONNX graph."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from feature_service.bundle import HAZARDS
from training.estimators.graph import INPUT, trees


def with_hazards(graph: bytes, classifier: onnx.ModelProto, reach_weeks: int) -> bytes:
    """The graph with the output ``hazards``, shape ``(rows, reach_weeks - 1)``.

    Args:
        graph: A model's: ``features`` in, shape ``(rows, width)``.
        classifier: A converted booster of ``width + 1`` features, the last of which is the week ahead.
        reach_weeks: The last week ahead; the first one that is asked of is the second.
    """
    model = onnx.load_from_string(graph)
    (width,) = (each.type.tensor_type.shape.dim[1].dim_value for each in model.graph.input)
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
        ("Unsqueeze", [INPUT, "hazard_one"], "hazard_each"),
        ("Tile", ["hazard_each", "hazard_repeats"], "hazard_features"),
        ("Shape", [INPUT], "hazard_size"),
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
        helper.make_node("Reshape", ["hazard_probabilities", "hazard_shape"], [HAZARDS]),
    ]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    model.graph.output.append(helper.make_tensor_value_info(HAZARDS, TensorProto.FLOAT, [None, len(weeks)]))
    serialized: bytes = model.SerializeToString()
    return serialized
