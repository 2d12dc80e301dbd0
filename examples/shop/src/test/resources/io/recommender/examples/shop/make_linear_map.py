"""Writes linear-map: the bundle of an encoder whose graph is a linear map from 64 to 16 dimensions, without training.

    python make_linear_map.py

Weights follow a formula, so that the test has them too.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

SOURCE, TARGET = 64, 16
OUT = Path(__file__).parent / "linear-map"

rows, columns = np.mgrid[0:TARGET, 0:SOURCE]
weights = (((31 * rows + 17 * columns) % 64 - 32) / 64).astype(np.float32)
offset = ((np.arange(TARGET) - 8) / 16).astype(np.float32)

graph = helper.make_graph(
    [helper.make_node("Gemm", ["text", "weights", "offset"], ["embedding"], transB=1)],
    "linear-map",
    [helper.make_tensor_value_info("text", TensorProto.FLOAT, ["batch", SOURCE])],
    [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", TARGET])],
    [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(offset, "offset")])
manifest = {
    "formatVersion": 1, "name": "linear-map", "version": "1", "contract": "ITEM_ENCODER", "model": "model.onnx", "opset": 17,
    "encoder": {
        "inputs": [{"role": "FEATURE", "name": "text", "feature": "text"}],
        "embedding": {"name": "embedding", "dimension": TARGET, "similarity": "DOT"}}}

OUT.mkdir(exist_ok=True)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), OUT / "model.onnx")
(OUT / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
(OUT / "SHA256SUMS").write_text("".join(
    f"{hashlib.sha256((OUT / name).read_bytes()).hexdigest()}  {name}\n" for name in ("manifest.json", "model.onnx")))
