import json

import numpy as np
import onnx
import pytest
import torch
from recommender_export.bundle import ExportError, open_session
from recommender_export.metrics import auc
from recommender_export.multitask import ShopRanker, TableRanker
from recommender_export.parity import ParityError
from recommender_export.ranker import Request, export_ranker, outputs, tensors
from recommender_export.ranker_rows import RankerRows
from recommender_export.simplify import halve_weights

ITEMS = [{"id": "a", "brand": "x", "price": 2.0, "tags": ["new"]}, {"id": "b", "brand": "y", "price": 3.0},
         {"id": "c", "brand": "z", "price": 5.0, "tags": ["new", "odd", "sale"]}]
BRANDS = {"vocabulary": {"x": 1, "y": 2}, "default": 3}
TASKS = [{"name": "click", "kind": "LOGIT"}, {"name": "buy", "kind": "LOGIT"}]


def shop_entries() -> list[dict]:
    layout = {"maxLength": 3, "paddingId": 0}
    return [{"role": "HISTORY", "name": "items", "idOffset": 1, **layout},
            {"role": "HISTORY", "name": "categories", "feature": "brand", **BRANDS, **layout},
            {"role": "HISTORY", "name": "brands", "feature": "brand", **BRANDS, **layout},
            {"role": "MASK", "name": "mask", "of": "items"},
            {"role": "HISTORY", "name": "bought", "behavior": "buy", "idOffset": 1, **layout},
            {"role": "MASK", "name": "bought_mask", "of": "bought"},
            {"role": "ITEM_ID", "name": "item", "idOffset": 1, "unknownId": 0},
            {"role": "CATEGORY", "name": "category", "side": "CANDIDATE", "feature": "brand", **BRANDS},
            {"role": "CATEGORY", "name": "brand", "side": "CANDIDATE", "feature": "brand", **BRANDS},
            {"role": "FEATURE", "name": "price", "side": "CANDIDATE", "feature": "price", "default": 0}]


def test_rows_are_what_the_manifest_says():
    entries = [*shop_entries(),
               {"role": "CATEGORY_LIST", "name": "tags", "side": "CANDIDATE", "feature": "tags", "maxLength": 2, "paddingId": 0,
                "vocabulary": {"new": 1, "sale": 2}, "default": 3, "paddingSide": "LEFT"},
               {"role": "MASK", "name": "tags_mask", "of": "tags"},
               {"role": "VECTOR_LIST", "name": "examples", "side": "REQUEST", "feature": "examples", "maxLength": 2,
                "length": "FIXED"}]
    rows = RankerRows(entries, ITEMS, {"examples": (2,)})
    request = rows.request(["a", {"item": "b", "behavior": "buy"}, "gone", "c", "a"], {"examples": [1, 2]})
    assert request["items"].tolist() == [[2, 3, 1]]
    assert request["brands"].tolist() == [[2, 3, 1]]
    assert request["bought"].tolist() == [[2]]
    assert request["examples"].tolist() == [[[1, 2], [0, 0]]]
    candidates = rows.candidates([2, 1, {"price": 7}])
    assert candidates["item"].tolist() == [3, 2, 0]
    assert candidates["brand"].tolist() == [3, 2, 3]
    assert candidates["price"].tolist() == [5, 3, 7]
    assert candidates["tags"].tolist() == [[1, 3], [0, 0], [0, 0]]
    assert candidates["tags_mask"].tolist() == [[1, 1], [0, 0], [0, 0]]


def test_a_ranker_of_the_shop_is_exported_with_golden_candidates(tmp_path):
    torch.manual_seed(1)
    module = ShopRanker(3, 3, 3, dimension=4, hidden=6, tower=3)
    requests = [Request([0, 1, 2], ["a", {"item": "b", "behavior": "buy"}]), Request([1, 0]), Request([2], ["c"] * 5)]
    folder = export_ranker(module, shop_entries(), TASKS, requests, out_dir=tmp_path / "r", name="r", version="1", items=ITEMS,
                           hidden=6)
    golden = json.loads((folder / "golden.json").read_text())["requests"]
    assert [g["candidates"] for g in golden] == [["a", "b", "c"], ["b", "a"], ["c"]]
    rows = RankerRows(shop_entries(), ITEMS)
    assert golden[0]["outputs"] == outputs(module.eval(), rows, requests[0]).tolist()
    model = onnx.load(str(folder / "model.onnx"))
    first = {i.name: i.type.tensor_type.shape.dim[0] for i in model.graph.input}
    assert first["items"].dim_value == 1 and first["item"].dim_param == "candidates"
    half = halve_weights(model, least=4)
    onnx.save(half, str(tmp_path / "half.onnx"))
    feed = {n: t.numpy() for n, t in tensors(rows, requests[0]).items()}
    whole, small = (open_session(f).run(["scores"], feed)[0] for f in (folder / "model.onnx", tmp_path / "half.onnx"))
    assert 0 < np.abs(whole - small).max() < 1e-2


class Leaking(torch.nn.Module):
    """Scores that depend on the other candidates."""

    def forward(self, dense):
        return dense - dense.mean(0, keepdim=True)


class Experts(torch.nn.Module):
    """Two experts, their shares for each candidate, and the class of the request."""

    def __init__(self):
        super().__init__()
        self.route, self.expert, self.label = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2), torch.nn.Linear(1, 3)

    def forward(self, age, dense):
        shares = self.route(dense).softmax(1)
        score = (shares * self.expert(dense)).sum(1, keepdim=True) + age
        return score, score * 2, shares, self.label(age).softmax(1)


EXPERTS = [{"role": "FEATURE", "name": "age", "side": "REQUEST", "feature": "age", "default": 3},
           {"role": "FEATURE", "name": "dense", "side": "CANDIDATE",
            "columns": [{"feature": "x", "default": 0}, {"feature": "y", "default": 0}]}]
REASONS = [{"name": "experts", "kind": "ROUTING", "labels": ["new", "old"]},
           {"name": "mood", "kind": "CLASS", "labels": ["dry", "wet", "cold"]}]


def export_experts(folder, reasons=REASONS, module=None):
    torch.manual_seed(5)
    return export_ranker(module or Ages(Experts()), EXPERTS, TASKS[:1], [
        Request([{"x": 1}, {"y": 2}, {"x": -1, "y": 3}], context={"age": 2}), Request([{"x": 4}], context={"age": 0.5})],
        out_dir=folder, name="experts", version="1", hidden=1, reasons=reasons)


class Ages(torch.nn.Module):
    """Makes of the one number of a request a row."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, age, dense):
        return self.module(age.unsqueeze(1), dense)


def test_what_a_model_goes_by_is_exported(tmp_path):
    folder = export_experts(tmp_path / "r")
    assert json.loads((folder / "manifest.json").read_text())["ranker"]["reasons"] == REASONS
    torch.manual_seed(5)
    module, session = Ages(Experts()).eval(), open_session(folder / "model.onnx")
    shapes = {o.name: o.shape for o in session.get_outputs()}
    assert shapes["experts"] == ["candidates", 2] and shapes["mood"] == [1, 3]
    for count in (1, 5):
        dense, age = np.random.default_rng(count).normal(size=(count, 2)).astype(np.float32), np.array([1.5], np.float32)
        found = session.run(["scores", "hidden", "experts", "mood"], {"age": age, "dense": dense})
        with torch.inference_mode():
            for expected, given in zip(module(torch.from_numpy(age), torch.from_numpy(dense)), found):
                np.testing.assert_allclose(expected.numpy(), given, atol=1e-6)


def test_reasons_that_the_module_does_not_give_are_named(tmp_path):
    wrong = [("labels", ["a", "a"], "a label at least, each once"), ("labels", ["a", "b", "c"], r"'experts': shape \[3, 2\]"),
             ("kind", "MOOD", "kind 'MOOD'"), ("kind", "CLASS", "each kind once")]
    for member, value, message in wrong:
        with pytest.raises(ExportError, match=message):
            export_experts(tmp_path / "r", [REASONS[0] | {member: value}, REASONS[1]])
    with pytest.raises(ExportError, match="4 outputs, expected 3: scores, hidden, mood"):
        export_experts(tmp_path / "r", REASONS[1:])
    with pytest.raises(ExportError, match="expected shares with a sum of 1"):
        export_experts(tmp_path / "r", module=Doubled())
    assert not (tmp_path / "r").exists()


class Doubled(torch.nn.Module):
    """Shares with a sum of 2."""

    def __init__(self):
        super().__init__()
        self.module = Ages(Experts())

    def forward(self, age, dense):
        scores, hidden, shares, mood = self.module(age, dense)
        return scores, hidden, shares * 2, mood


def test_candidates_must_not_influence_each_other(tmp_path):
    entries = [{"role": "FEATURE", "name": "dense", "side": "CANDIDATE",
                "columns": [{"feature": "x", "default": 0}, {"feature": "y", "default": 0}]}]
    with pytest.raises(ParityError, match="alone and beside others"):
        export_ranker(Leaking(), entries, TASKS, [Request([{"x": 1}, {"y": 2}])], out_dir=tmp_path / "r", name="r", version="1")
    with pytest.raises(ExportError, match="'click': kind 'SCORE'"):
        export_ranker(Leaking(), entries, [{"name": "click", "kind": "SCORE"}], [Request([{}])], out_dir=tmp_path / "r",
                      name="r", version="1")
    assert not (tmp_path / "r").exists()


def test_a_table_ranker_gives_one_logit_a_task():
    module = TableRanker(2, 3, 10, 2, mean=[1, 2], scale=[0.5, 1])
    logits, hidden = module(torch.zeros(4, 2), torch.zeros(4, 3, dtype=torch.long))
    assert logits.shape == (4, 2) and hidden.shape == (4, 32)


def test_auc_counts_ties_as_one_half():
    scores, labels = np.array([3.0, 1.0, 1.0, 0.0, 2.0]), np.array([1, 1, 0, 0, 0])
    pairs = [(a, b) for a, p in zip(scores, labels) for b, n in zip(scores, labels) if p and not n]
    assert auc(scores, labels) == sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)
    assert np.isnan(auc(scores, np.ones(5)))
