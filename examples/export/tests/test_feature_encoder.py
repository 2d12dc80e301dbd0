import json

import numpy as np
import pytest
import torch
from recommender_export.bundle import ExportError, open_session
from recommender_export.feature_encoder import export_feature_encoder, tensors
from recommender_export.parity import ParityError
from recommender_export.ranker_rows import RankerRows


class TwoModalities(torch.nn.Module):
    """An image and a vector of a text, each left out where it is absent, and a category."""

    def __init__(self):
        super().__init__()
        self.image, self.text = torch.nn.Conv2d(3, 4, 2, 2), torch.nn.Linear(5, 4)
        self.kinds = torch.nn.Embedding(3, 4)

    def forward(self, pixel_values, image_present, text_feat, text_present, kind):
        seen = torch.relu(self.image(pixel_values)).mean((2, 3)) * image_present[:, None]
        return seen + torch.tanh(self.text(text_feat)) * text_present[:, None] + self.kinds(kind)


ENTRIES = [{"role": "FEATURE", "name": "pixel_values", "feature": "image",
            "normalization": {"mean": [0.5, 0.25, 0.125], "deviation": [0.25, 0.5, 2.0]}},
           {"role": "PRESENT", "name": "image_present", "feature": "image"},
           {"role": "FEATURE", "name": "text_feat", "feature": "text"},
           {"role": "PRESENT", "name": "text_present", "feature": "text"},
           {"role": "CATEGORY", "name": "kind", "feature": "kind", "vocabulary": {"shoe": 1, "mug": 2}, "default": 0}]
WIDTHS = {"pixel_values": (3, 4, 4), "text_feat": (5,)}


def golden() -> list[dict]:
    rng = np.random.default_rng(4)
    image, text = (lambda: (rng.integers(0, 65, 48) / 64).tolist()), (lambda: (rng.integers(-32, 33, 5) / 16).tolist())
    return [{"image": image(), "text": text(), "kind": "shoe"}, {"text": text(), "kind": "mug"}, {"image": image()},
            {"kind": "never seen"}]


def export(folder, module=None, entries=ENTRIES, items=None, **more):
    torch.manual_seed(6)
    return export_feature_encoder(module or TwoModalities(), entries, items or golden(), out_dir=folder, name="two", version="1",
                                  widths=WIDTHS, **more)


def test_the_graph_gives_the_vectors_of_the_module(tmp_path):
    folder = export(tmp_path / "b")
    torch.manual_seed(6)
    module, rows = TwoModalities().eval(), RankerRows([e | {"side": "CANDIDATE"} for e in ENTRIES], (), WIDTHS)
    recorded = json.loads((folder / "golden.json").read_text())["items"]
    assert [r["features"] for r in recorded] == golden()
    with torch.inference_mode():
        expected = module(*tensors(rows, golden()).values()).numpy()
    np.testing.assert_allclose(expected, [r["vector"] for r in recorded], atol=1e-5)
    feed = {n: t.numpy() for n, t in tensors(rows, golden()).items()}
    np.testing.assert_allclose(open_session(folder / "model.onnx").run(None, feed)[0], expected, atol=1e-5)
    image = np.array(golden()[0]["image"]).reshape(3, 16)
    normalized = (image - [[0.5], [0.25], [0.125]]) / [[0.25], [0.5], [2]]
    np.testing.assert_allclose(feed["pixel_values"][0].reshape(3, 16), normalized, atol=1e-6)
    assert not feed["pixel_values"][1].any() and feed["image_present"].tolist() == [1, 0, 1, 0]
    assert feed["kind"].tolist() == [1, 2, 0, 0]


def test_vectors_of_length_one_are_left_to_whoever_runs_the_graph(tmp_path):
    folder = export(tmp_path / "b", normalize=True, similarity="COSINE")
    described = json.loads((folder / "manifest.json").read_text())["encoder"]["embedding"]
    assert described == {"name": "embedding", "dimension": 4, "normalize": True, "similarity": "COSINE"}
    vectors = [i["vector"] for i in json.loads((folder / "golden.json").read_text())["items"]]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


class Leaning(TwoModalities):
    """Vectors that depend on the other items of a batch."""

    def forward(self, *inputs):
        vectors = super().forward(*inputs)
        return vectors - vectors.mean(0)


def test_what_cannot_be_exported_is_named(tmp_path):
    with pytest.raises(ParityError, match="batch 4: graph and module differ"):
        export(tmp_path / "b", Leaning())
    with pytest.raises(ExportError, match="golden item 1: expected feature 'image', which has no default"):
        export(tmp_path / "b", entries=[e for e in ENTRIES if e["name"] != "image_present"])
    with pytest.raises(ExportError, match="input 'kind': role ITEM_ID"):
        export(tmp_path / "b", entries=[*ENTRIES[:4], {"role": "ITEM_ID", "name": "kind"}])
    with pytest.raises(ExportError, match="golden: expected the features of at least one item"):
        export_feature_encoder(TwoModalities(), ENTRIES, [], out_dir=tmp_path / "b", name="two", version="1", widths=WIDTHS)
    assert not (tmp_path / "b").exists()
