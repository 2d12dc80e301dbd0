import numpy as np
import onnx
import onnxruntime
import torch

from recommender_export.simplify import share_extents


class Chain(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList(torch.nn.Linear(8, 8) for _ in range(3))

    def forward(self, x):
        for layer in self.layers:
            y = layer(x)
            x = x + y.view(*y.shape[:-1], 2, 4).transpose(2, 3).reshape(*x.shape[:-1], -1)
        return x


def test_extents_are_read_from_inputs_and_nothing_else_changes(tmp_path):
    torch.manual_seed(1)
    module, path = Chain().eval(), tmp_path / "chain.onnx"
    torch.onnx.export(module, (torch.randn(2, 3, 8),), str(path), input_names=["x"], output_names=["y"], opset_version=17,
                      dynamic_axes={"x": {0: "rows", 1: "length"}, "y": {0: "rows", 1: "length"}}, dynamo=False)
    before = onnx.load(path)
    after = share_extents(before)
    onnx.checker.check_model(after)
    used = {name for node in after.graph.node if node.op_type == "Gather" for name in node.input[:1]}
    assert {n.input[0] for n in after.graph.node if n.op_type == "Shape" and n.output[0] in used} == {"x"}
    x = np.random.default_rng(1).normal(size=(5, 4, 8)).astype(np.float32)
    first, second = (onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
                     for m in (before, after))
    assert (first == second).all()
