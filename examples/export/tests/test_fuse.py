from collections import Counter

import numpy as np
import onnx
import onnxruntime
import torch

from recommender_export.fuse import fuse


class Layer(torch.nn.Module):
    """A layer as BERT has it, behind positions that all rows share."""

    def __init__(self, shared_sum=False):
        super().__init__()
        self.positions = torch.nn.Embedding(9, 8)
        self.first, self.second, self.third = (torch.nn.LayerNorm(8, eps=1e-6) for _ in range(3))
        self.wide, self.narrow, self.shared_sum = torch.nn.Linear(8, 16), torch.nn.Linear(16, 8), shared_sum

    def forward(self, x):
        x = self.first(self.positions(torch.arange(x.shape[1])[None]) + x)
        y = x + self.narrow(torch.nn.functional.gelu(self.wide(x)))
        return self.third(y) + y if self.shared_sum else self.second(y)


def exported(module, folder, rank=3):
    path, axes = folder / "layer.onnx", {0: "rows", 1: "length"} if rank == 3 else {0: "rows"}
    torch.onnx.export(module, (torch.randn(*(2, 4, 8)[3 - rank:]),), str(path), input_names=["x"], output_names=["y"],
                      opset_version=17, dynamic_axes={"x": axes, "y": axes}, dynamo=False)
    return onnx.load(path)


def check(before, x):
    after = fuse(before)
    onnx.checker.check_model(after)
    first, second = (onnxruntime.InferenceSession(m.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
                     for m in (before, after))
    np.testing.assert_allclose(first, second, atol=2e-6)
    assert len(after.graph.initializer) <= len(before.graph.initializer)
    return Counter(node.op_type for node in after.graph.node if node.op_type != "Constant")


def numbers(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_sums_join_their_normalization_and_the_nodes_of_gelu_become_one(tmp_path):
    torch.manual_seed(1)
    before = exported(Layer().eval(), tmp_path)
    for rows, length in ((1, 1), (1, 5), (7, 4)):
        found = check(before, numbers(rows, length, 8))
        assert found["SkipLayerNormalization"] == 2 and found["Gelu"] == 1 and found["Add"] == 1
        assert not found["LayerNormalization"] and not found["Erf"] and not found["Div"]


def test_a_sum_that_somebody_else_reads_stays(tmp_path):
    found = check(exported(Layer(shared_sum=True).eval(), tmp_path), numbers(3, 4, 8))
    assert found["SkipLayerNormalization"] == 1 and found["LayerNormalization"] == 1


def test_another_function_of_erf_stays(tmp_path):
    class Other(torch.nn.Module):
        def forward(self, x):
            return x * (torch.erf(x / 2 ** 0.5) + 1) * 0.25 + x * (torch.erf(x / 3) + 1) * 0.5

    found = check(exported(Other().eval(), tmp_path), numbers(3, 4, 8))
    assert found["Erf"] == 2 and not found["Gelu"]


def test_a_graph_with_nothing_to_fuse_is_as_before(tmp_path):
    module = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8)).eval()
    before = exported(module, tmp_path, rank=2)
    check(before, numbers(3, 8))
    assert fuse(before).graph.node == before.graph.node
    assert [o.domain for o in fuse(before).opset_import] == [o.domain for o in before.opset_import]


class Places(torch.nn.Module):
    """Positions counted from the end, the same rows of a table for every window, as SASRec here has them."""

    def __init__(self):
        super().__init__()
        self.table, self.norm = torch.nn.Parameter(torch.randn(9, 8)), torch.nn.LayerNorm(8)

    def forward(self, x):
        return self.norm(x + self.table[9 - x.shape[1]:])


def test_positions_cut_out_of_a_table_join_their_normalization(tmp_path):
    before = exported(Places().eval(), tmp_path)
    for rows, length in ((1, 1), (1, 9), (7, 4), (3, 1)):
        found = check(before, numbers(rows, length, 8))
        assert found["SkipLayerNormalization"] == 1 and not found["LayerNormalization"] and not found["Add"]


def test_half_precision_stays(tmp_path):
    path, module = tmp_path / "half.onnx", Layer().eval().half()
    torch.onnx.export(module, (torch.randn(2, 4, 8).half(),), str(path), input_names=["x"], output_names=["y"], opset_version=17,
                      dynamo=False)
    found = Counter(node.op_type for node in fuse(onnx.load(path)).graph.node)
    assert not found["SkipLayerNormalization"] and not found["Gelu"]
