"""Writes the fixtures of rankers beside this file: ``python make_fixtures.py``.

Needs the packages of ``examples/export`` (its folder on PYTHONPATH), scikit-learn and shap; the build needs none of it.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeRegressor

import shap
from recommender_export.bundle import seal
from recommender_export.multitask import TableRanker
from recommender_export.ranker import Request, export_ranker, outputs
from recommender_export.ranker_rows import RankerRows

HERE = Path(__file__).parent


class Mixer(torch.nn.Module):
    """64 features in 8 tokens that are mixed across tokens and across features -> one logit."""

    def __init__(self):
        super().__init__()
        self.tokens, self.features = torch.nn.Linear(8, 8), torch.nn.Linear(8, 8)
        self.inner, self.last = torch.nn.Linear(64, 32), torch.nn.Linear(32, 1)

    def forward(self, user, dense):
        x = (dense + user).reshape(-1, 8, 8)
        x = x + torch.relu(self.tokens(x.transpose(1, 2))).transpose(1, 2)
        x = x + torch.relu(self.features(x))
        return self.last(torch.relu(self.inner(x.flatten(1))))


def mixer() -> None:
    """One model in three precisions; the folders differ in the graph alone."""
    torch.manual_seed(20)
    rng = np.random.default_rng(20)
    module = Mixer()
    torch.nn.init.normal_(module.last.weight, std=0.5)
    entries = [{"role": "FEATURE", "name": "user", "side": "REQUEST", "feature": "user"},
               {"role": "FEATURE", "name": "dense", "side": "CANDIDATE", "feature": "dense"}]
    requests = [Request([{"dense": rng.normal(size=64).round(3).tolist()} for _ in range(3)],
                        context={"user": rng.normal(size=64).round(3).tolist()})]
    full = HERE / "mixer"
    export_ranker(module, entries, [{"name": "click", "kind": "LOGIT"}], requests, out_dir=full, name="mixer", version="1",
                  widths={"user": (64,), "dense": (64,)})

    def variant(name: str, tolerance: float) -> Path:
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(full, folder)
        golden = json.loads((folder / "golden.json").read_text())
        golden["tolerance"] = tolerance
        (folder / "golden.json").write_text(json.dumps(golden) + "\n")
        return folder

    folder = variant("mixer-fp16", 1e-2)
    with torch.no_grad():
        example = (torch.zeros(1, 64).half(), torch.zeros(2, 64).half())
        torch.onnx.export(module.half(), example, str(folder / "model.onnx"), input_names=["user", "dense"],
                          output_names=["scores"], dynamic_axes={"dense": {0: "candidates"}, "scores": {0: "candidates"}},
                          opset_version=17, dynamo=False)
    seal(folder)
    folder = variant("mixer-int8", 0.2)
    quantize_dynamic(str(full / "model.onnx"), str(folder / "model.onnx"), weight_type=QuantType.QInt8)
    seal(folder)


def multitask() -> None:
    """An MMoE over numbers and categories with the AUC that scikit-learn computes from what PyTorch says."""
    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    colors, sizes = ["red", "blue", "green"], ["s", "m", "l", "xl"]
    entries = [{"role": "FEATURE", "name": "dense", "side": "CANDIDATE",
                "columns": [{"feature": "price", "default": 0}, {"feature": "rating", "default": 3}]},
               {"role": "CATEGORY", "name": "categories", "side": "CANDIDATE",
                "columns": [{"feature": "color", "vocabulary": {v: i + 1 for i, v in enumerate(colors)}, "default": 0},
                            {"feature": "size", "vocabulary": {v: i + 5 for i, v in enumerate(sizes)}, "default": 4}]}]
    features, labels = [], []
    for _ in range(400):
        row = {"price": round(float(rng.uniform(1, 9)), 2), "color": str(rng.choice([*colors, "grey"]))}
        if rng.random() < 0.8:
            row["rating"] = float(rng.integers(1, 6))
        if rng.random() < 0.9:
            row["size"] = str(rng.choice(sizes))
        chance = 1 / (1 + np.exp(row["price"] / 2 - row.get("rating", 3) + (row["color"] == "red")))
        click = rng.random() < chance
        features.append(row)
        labels.append([int(click), int(click and rng.random() < chance)])
    labels = np.array(labels, dtype=np.float32)
    rows = RankerRows(entries)
    arrays = {n: torch.from_numpy(a) for n, a in rows.candidates(features).items()}
    module = TableRanker(2, 2, 9, 2, dimension=4, hidden=8, tower=4)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(300):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(module(**arrays)[0], torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    request = Request(features)
    export_ranker(module, entries, [{"name": "click", "kind": "LOGIT"}, {"name": "buy", "kind": "LOGIT"}],
                  [Request(features[:5])], out_dir=HERE / "multitask", name="multitask", version="1", hidden=8)
    scores = outputs(module, rows, request)
    lines = {"rows": features, "labels": labels.astype(int).tolist(),
             "auc": [roc_auc_score(labels[:, t], scores[:, t]) for t in range(2)]}
    (HERE / "multitask.json").write_text(json.dumps(lines) + "\n")


def node_lists(trees: list, classes: int, scale: float = 1.0) -> dict:
    """The nodes of scikit-learn's trees as attributes of ai.onnx.ml, with how many rows reached each."""
    a = {k: [] for k in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "hitrates")}
    leaves = {k: [] for k in ("treeids", "nodeids", "ids", "weights")}
    for t, tree in enumerate(trees):
        for n in range(tree.node_count):
            leaf = tree.children_left[n] < 0
            a["treeids"].append(t)
            a["nodeids"].append(n)
            a["featureids"].append(0 if leaf else int(tree.feature[n]))
            a["values"].append(0.0 if leaf else float(np.nextafter(np.float32(tree.threshold[n]), np.float32(-np.inf))
                                                      if np.float32(tree.threshold[n]) > tree.threshold[n]
                                                      else np.float32(tree.threshold[n])))
            a["modes"].append("LEAF" if leaf else "BRANCH_LEQ")
            a["truenodeids"].append(0 if leaf else int(tree.children_left[n]))
            a["falsenodeids"].append(0 if leaf else int(tree.children_right[n]))
            a["hitrates"].append(float(tree.weighted_n_node_samples[n]))
            if leaf:
                values = tree.value[n].reshape(-1)
                for c in range(classes):
                    leaves["treeids"].append(t)
                    leaves["nodeids"].append(n)
                    leaves["ids"].append(c)
                    leaves["weights"].append(scale * float(values[c]))
    return {f"nodes_{k}": v for k, v in a.items()} | {f"leaf_{k}": v for k, v in leaves.items()}


def renamed(lists: dict, kind: str) -> dict:
    return {(k.replace("leaf_", kind + "_")): v for k, v in lists.items()}


def save(path: Path, nodes: list, outputs_: list, features: int) -> None:
    graph = helper.make_graph(nodes, "trees", [helper.make_tensor_value_info("dense", TensorProto.FLOAT, ["rows", features])],
                              outputs_)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
                              ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def trees() -> None:
    """Two trees over 6 features, boosted trees and a forest, with the explanations of shap."""
    rng = np.random.default_rng(30)
    x = rng.normal(size=(200, 6)).astype(np.float32).round(2)
    y = x[:, 0] * (x[:, 1] > 0) + np.sin(2 * x[:, 2]) + (x[:, 3] > 0.5) * x[:, 4] - 0.3 * x[:, 5]
    two = [DecisionTreeRegressor(max_depth=6, random_state=i, splitter="random").fit(x, y) for i in range(2)]
    result = {}

    def regressor(name: str, lists: dict, base: float) -> None:
        node = helper.make_node("TreeEnsembleRegressor", ["dense"], ["scores"], domain="ai.onnx.ml", n_targets=1,
                                base_values=[base], **renamed(lists, "target"))
        save(HERE / f"{name}.onnx", [node], [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["rows", 1])], 6)

    regressor("trees-two", node_lists([t.tree_ for t in two], 1), 0.0)
    explained = [shap.TreeExplainer(t, feature_perturbation="tree_path_dependent") for t in two]
    rows = x[:5]
    result["trees-two"] = {
        "rows": rows.tolist(), "outputs": sum(t.predict(rows) for t in two).tolist(),
        "base": [float(sum(np.ravel(e.expected_value)[0] for e in explained))],
        "values": sum(e.shap_values(rows) for e in explained).tolist(), "training": x.tolist()}
    boosted = GradientBoostingRegressor(n_estimators=20, max_depth=4, random_state=1).fit(x, y)
    regressor("trees-boosted", node_lists([t[0].tree_ for t in boosted.estimators_], 1, boosted.learning_rate),
              float(boosted.init_.constant_[0, 0]))
    explainer = shap.TreeExplainer(boosted, feature_perturbation="tree_path_dependent")
    result["trees-boosted"] = {"rows": rows.tolist(), "outputs": boosted.predict(rows).tolist(),
                               "base": [float(np.ravel(explainer.expected_value)[0])],
                               "values": explainer.shap_values(rows).tolist()}
    (HERE / "trees.json").write_text(json.dumps(result) + "\n")


def crops() -> None:
    """A forest over soil and weather whose columns are the crops, and the same behind a ZipMap."""
    rng = np.random.default_rng(4)
    names = ["rice", "maize", "lentil", "coffee", "cotton"]
    features = ["nitrogen", "phosphorus", "potassium", "ph", "rainfall", "humidity"]
    centers = rng.uniform(0, 10, size=(5, 6))
    x = np.concatenate([c + rng.normal(size=(40, 6)) for c in centers]).astype(np.float32).round(2)
    y = np.repeat(np.arange(5), 40)
    forest = RandomForestClassifier(8, max_depth=5, random_state=1).fit(x, y)
    lists = node_lists([t.tree_ for t in forest.estimators_], 5, 1 / 8)
    node = helper.make_node("TreeEnsembleClassifier", ["dense"], ["label", "probabilities"], domain="ai.onnx.ml",
                            classlabels_int64s=list(range(5)), post_transform="NONE", **renamed(lists, "class"))
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 5])
    folder = HERE / "crops"
    folder.mkdir(exist_ok=True)
    save(folder / "model.onnx", [node], [out], 6)
    model = onnx.load(str(folder / "model.onnx"))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, str(folder / "model.onnx"))
    (folder / "items.jsonl").write_text("".join(json.dumps({"id": n}) + "\n" for n in names))
    rows = centers.astype(np.float32).round(2)[:3]
    golden = [{"context": dict(zip(features, map(float, r))), "candidates": names,
               "outputs": [[float(p)] for p in forest.predict_proba(r.reshape(1, -1))[0]]} for r in rows]
    (folder / "golden.json").write_text(json.dumps({"tolerance": 1e-5, "requests": golden}) + "\n")
    manifest = {"formatVersion": 1, "name": "crops", "version": "1", "contract": "POINTWISE_RANKER", "model": "model.onnx",
                "items": {"file": "items.jsonl", "count": 5},
                "ranker": {"inputs": [{"role": "FEATURE", "name": "dense", "side": "REQUEST",
                                       "columns": [{"feature": f} for f in features]}],
                           "scores": {"name": "probabilities", "layout": "ITEMS"},
                           "tasks": [{"name": "crop", "kind": "PROBABILITY"}]},
                "golden": "golden.json"}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    seal(folder)
    zipped = helper.make_node("ZipMap", ["probabilities"], ["maps"], domain="ai.onnx.ml", classlabels_int64s=list(range(5)))
    maps = onnx.ValueInfoProto(name="maps")
    maps.type.sequence_type.elem_type.map_type.key_type = TensorProto.INT64
    maps.type.sequence_type.elem_type.map_type.value_type.tensor_type.elem_type = TensorProto.FLOAT
    save(HERE / "zipmap.onnx", [node, zipped], [maps], 6)


if __name__ == "__main__":
    torch.set_num_threads(1)
    mixer()
    multitask()
    trees()
    crops()
