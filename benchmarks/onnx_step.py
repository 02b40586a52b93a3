"""One step of a float automaton as an ONNX model."""

from typing import Any

import numpy as np
from model import FILTERS, FloatModel

__all__ = ["onnx_step"]

_Node = tuple[str, str, str, dict[str, Any]]  # operator, inputs, output, attributes


def onnx_step(model: FloatModel, width: int, height: int) -> bytes:
    """From `state` (1, C, height, width) and `mask` (1, 1, height, width) of 0 and 1 to `next`, shaped as the state."""
    from onnx import TensorProto, checker, helper, numpy_helper

    channels = len(model.w2)
    state, mask, following = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size, height, width])
        for name, size in (("state", channels), ("mask", 1), ("next", channels))
    )
    nodes = [helper.make_node(op, inputs.split(), [output], **more) for op, inputs, output, more in _nodes(model)]
    constants = [numpy_helper.from_array(array, name) for name, array in _constants(model, width, height).items()]
    graph = helper.make_graph(nodes, "step", [state, mask], [following], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    checker.check_model(made)
    return bytes(made.SerializeToString())


def _nodes(model: FloatModel) -> list[_Node]:
    """Circular padding by slices, since ONNX Runtime's WebGL has no Pad that wraps; then the network."""
    perception: _Node = ("Conv", "around filters", "seen", {"group": len(model.w2), "kernel_shape": [3, 3]})
    return [
        ("Slice", "state bottom height down", "above", {}),
        ("Slice", "state first second down", "below", {}),
        ("Concat", "above state below", "tall", {"axis": 2}),
        ("Slice", "tall right width across", "before", {}),
        ("Slice", "tall first second across", "after", {}),
        ("Concat", "before tall after", "around", {"axis": 3}),
        *([] if model.folds else [perception]),
        ("Conv", f"{'around' if model.folds else 'seen'} w1 b1", "sums", {"kernel_shape": model.first.shape[2:]}),
        ("Relu", "sums", "units", {}),
        ("Conv", "units w2", "update", {"kernel_shape": [1, 1]}),
        ("Mul", "update mask", "change", {}),
        ("Add", "state change", "next", {}),
    ]


def _constants(model: FloatModel, width: int, height: int) -> dict[str, np.ndarray]:
    """The weights, and where the slices begin and end and along which axis."""
    weights = {"w1": model.first, "b1": model.b1, "w2": model.w2[..., None, None]}
    filters = {} if model.folds else {"filters": np.tile(FILTERS, (len(model.w2), 1, 1))[:, None]}
    positions = {"first": 0, "second": 1, "down": 2, "across": 3}
    positions |= {"bottom": height - 1, "height": height, "right": width - 1, "width": width}
    return weights | filters | {name: np.array([value], np.int64) for name, value in positions.items()}
