"""Writes ``soils``, a bundle of an image classifier, ``agrosense.json``, and ``fields``, a bundle of a model that reads
a photo, a raster and a table together, beside this file: ``python make_soils.py``.

Run after ``make_fixtures.py``, whose ``crops`` it reads. Needs the packages of ``examples/export`` (its folder on PYTHONPATH);
the build needs none of it. What is expected of ``soils`` is computed by NumPy in double precision, of ``fields`` by PyTorch.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from recommender_export.bundle import seal

HERE = Path(__file__).parent
SOILS = ["alluvial", "black", "clay", "laterite", "peat", "red", "sandy"]
SIDE = 8
SEED = 17


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max())
    return e / e.sum()


def forest(row: np.ndarray) -> np.ndarray:
    """What the trees of ``crops`` say, walked node by node."""
    node = onnx.load(str(HERE / "crops" / "model.onnx")).graph.node[0]
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    nodes = {(t, n): i for i, (t, n) in enumerate(zip(attributes["nodes_treeids"], attributes["nodes_nodeids"]))}
    leaves = {}
    for t, n, c, w in zip(*(attributes["class_" + k] for k in ("treeids", "nodeids", "ids", "weights"))):
        leaves.setdefault((t, n), np.zeros(5))[c] += w
    total = np.zeros(5)
    for tree in sorted(set(attributes["nodes_treeids"])):
        at = (tree, 0)
        while at not in leaves:
            i = nodes[at]
            below = np.float32(row[attributes["nodes_featureids"][i]]) <= np.float32(attributes["nodes_values"][i])
            at = (tree, attributes["nodes_truenodeids" if below else "nodes_falsenodeids"][i])
        total += leaves[at]
    return total


class Fields(torch.nn.Module):
    """A table that attends over patches of a photo and of a raster of 7 bands -> crops, and the class of the soil."""

    def __init__(self):
        super().__init__()
        self.photo, self.raster = torch.nn.Conv2d(3, 8, 4, 4), torch.nn.Conv2d(7, 8, 8, 8)
        self.table, self.attention = torch.nn.Linear(6, 8), torch.nn.MultiheadAttention(8, 2, batch_first=True)
        self.crops, self.soil = torch.nn.Linear(16, 5), torch.nn.Linear(8, 7)

    def forward(self, pixel_values, raster, dense):
        photo, land = (x.flatten(2).transpose(1, 2) for x in (self.photo(pixel_values), self.raster(raster)))
        query = self.table(dense / 10).unsqueeze(1)
        seen = self.attention(query, *[torch.cat([photo, land], 1)] * 2, need_weights=False)[0]
        crops = self.crops(torch.relu(torch.cat([query, seen], 2)).squeeze(1))
        return crops.softmax(-1), self.soil(photo.mean(1)).softmax(-1)


def fields() -> None:
    torch.manual_seed(30)
    rng = np.random.default_rng(30)
    module = Fields().eval()
    with torch.no_grad():
        for layer in (module.crops, module.soil, module.raster):
            layer.weight *= 4
    trees = json.loads((HERE / "crops" / "golden.json").read_text())["requests"]
    names, crops = list(trees[0]["context"]), trees[0]["candidates"]
    shapes = {"pixel_values": (3, SIDE, SIDE), "raster": (7, 32, 32)}
    folder = HERE / "fields"
    folder.mkdir(exist_ok=True)
    golden, soils = [], []
    for t in trees:
        images = {n: rng.integers(-8, 9, size=s) / 8 for n, s in shapes.items()}
        tensors = [torch.tensor(images[n], dtype=torch.float32)[None] for n in shapes]
        tensors.append(torch.tensor([list(t["context"].values())], dtype=torch.float32))
        with torch.no_grad():
            crop, soil = module(*tensors)
        golden.append({"context": {n: v.reshape(-1).tolist() for n, v in images.items()} | t["context"], "candidates": crops,
                       "outputs": [[float(p)] for p in crop[0]]})
        soils.append(soil[0].tolist())
    torch.onnx.export(module, tuple(tensors), str(folder / "model.onnx"), input_names=[*shapes, "dense"],
                      output_names=["crop", "soil"], opset_version=17, dynamo=False)
    (folder / "items.jsonl").write_text("".join(json.dumps({"id": n}) + "\n" for n in crops))
    (folder / "golden.json").write_text(json.dumps({"tolerance": 1e-5, "requests": golden}) + "\n")
    (HERE / "fields.json").write_text(json.dumps({"soils": SOILS, "probabilities": soils}) + "\n")
    inputs = [{"role": "FEATURE", "name": n, "side": "REQUEST", "feature": n} for n in shapes]
    inputs.append({"role": "FEATURE", "name": "dense", "side": "REQUEST", "columns": [{"feature": n} for n in names]})
    manifest = {"formatVersion": 1, "name": "fields", "version": "1", "contract": "POINTWISE_RANKER", "model": "model.onnx",
                "items": {"file": "items.jsonl", "count": 5},
                "ranker": {"inputs": inputs, "scores": {"name": "crop", "layout": "ITEMS"},
                           "tasks": [{"name": "crop", "kind": "PROBABILITY"}],
                           "reasons": [{"name": "soil", "kind": "CLASS", "labels": SOILS}]},
                "golden": "golden.json"}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    seal(folder)


def main() -> None:
    rng = np.random.default_rng(SEED)
    weights = (rng.normal(size=(3, 7)) * 3).astype(np.float32).round(2)
    bias = rng.normal(size=7).astype(np.float32).round(2)
    nodes = [helper.make_node("GlobalAveragePool", ["pixel_values"], ["pooled"]),
             helper.make_node("Flatten", ["pooled"], ["colors"]),
             helper.make_node("Gemm", ["colors", "weights", "bias"], ["logits"]),
             helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1)]
    graph = helper.make_graph(
        nodes, "soils", [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 7])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    folder = HERE / "soils"
    folder.mkdir(exist_ok=True)
    onnx.save(model, str(folder / "model.onnx"))
    (folder / "items.jsonl").write_text("".join(json.dumps({"id": s}) + "\n" for s in SOILS))
    photos = [rng.uniform(-1, 1, size=(3, 1, 1)) + 0.2 * rng.normal(size=(3, SIDE, SIDE)) for _ in range(3)]
    photos = [p.round(2) for p in photos]
    classes = [softmax(p.mean(axis=(1, 2)) @ weights.astype(np.float64) + bias) for p in photos]
    flat = [{"pixel_values": p.reshape(-1).tolist()} for p in photos]
    golden = [{"context": c, "candidates": SOILS, "outputs": [[float(v)] for v in p]} for c, p in zip(flat, classes)]
    (folder / "golden.json").write_text(json.dumps({"tolerance": 1e-5, "requests": golden}) + "\n")
    manifest = {"formatVersion": 1, "name": "soils", "version": "1", "contract": "POINTWISE_RANKER", "model": "model.onnx",
                "items": {"file": "items.jsonl", "count": 7},
                "ranker": {"inputs": [{"role": "FEATURE", "name": "pixel_values", "side": "REQUEST",
                                       "feature": "pixel_values"}],
                           "scores": {"name": "probabilities", "layout": "ITEMS"},
                           "tasks": [{"name": "soil", "kind": "PROBABILITY"}]},
                "golden": "golden.json"}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    seal(folder)
    trees = json.loads((HERE / "crops" / "golden.json").read_text())["requests"]
    crops = trees[0]["candidates"]
    shares = rng.dirichlet(np.full(5, 0.7), size=7).round(2)
    shares[:, -1] += 1 - shares.sum(axis=1)
    names = list(trees[0]["context"])
    centers = np.array([list(t["context"].values()) for t in trees])
    for center, t in zip(centers, trees):
        assert np.allclose(forest(center), np.ravel(t["outputs"]), atol=1e-6)
    cases = []
    for i, (context, ofclasses) in enumerate(zip(flat, classes)):
        row = (0.5 * centers[i] + 0.5 * centers[(i + 1) % 3]).round(2)
        byphoto, bytrees = ofclasses @ shares, forest(row)
        fused = 0.6 * bytrees + 0.4 * byphoto
        assert np.abs(np.diff(np.sort(fused))).min() > 1e-3
        cases.append({"soil": dict(zip(names, map(float, row))), "photo": context["pixel_values"], "trees": bytrees.tolist(),
                      "fused": fused.tolist(), "order": [crops[i] for i in np.argsort(-fused)],
                      "order_without_photo": [crops[i] for i in np.argsort(-bytrees, kind="stable")]})
    result = {"side": SIDE, "crops": crops, "cases": cases,
              "shares": {s: dict(zip(crops, row.round(2).tolist())) for s, row in zip(SOILS, shares)}}
    (HERE / "agrosense.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
    fields()
