import hashlib
import json

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from recommender_export import Embedding, ExportError, ParityError, Scores, Sequence, export_bundle
from recommender_export.window import Windows

N, D = 12, 8
ITEMS = [{"id": f"sku-{i}", "title": f"Item {i}", "price": i / 2, "tags": ["a", "b"]} for i in range(N)]


class Mean(nn.Module):
    """Mean of item vectors under a mask; the simplest sequential recommender."""

    def __init__(self, head: bool):
        super().__init__()
        torch.manual_seed(1)
        self.table = nn.Embedding(N + 1, D)
        self.head = head

    def forward(self, ids, mask):
        weights = mask.unsqueeze(2)
        user = (self.table(ids) * weights).sum(1) / weights.sum(1).clamp(min=1)
        return user @ self.table.weight[1:].T if self.head else user


class Position(Mean):
    """Depends on how far the window is padded."""

    def forward(self, ids, mask):
        return super().forward(ids, mask) * ids.shape[1]


class Noise(Mean):
    """Answers differently each time."""

    def forward(self, ids, mask):
        return super().forward(ids, mask) + torch.rand(())


def write(out_dir, module=None, **changes):
    arguments = dict(
        inputs={"ids": torch.tensor([[0, 1, 2, 3]]), "mask": torch.tensor([[0.0, 1.0, 1.0, 1.0]])},
        roles={"ids": "ITEM_IDS", "mask": "ATTENTION_MASK"}, items=ITEMS, out_dir=out_dir, name="mean", version="1",
        sequence=Sequence(4), output=Scores(), golden_histories=[["sku-1", "sku-7"], ["sku-3"], ["gone"]], golden_k=3)
    arguments.update(changes)
    return export_bundle(module or Mean(True), **arguments)


def test_round_trip(tmp_path):
    folder = write(tmp_path / "mean", fallback=["sku-0"])
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["contract"] == "SEQ_LOGITS" and manifest["fallback"] == ["sku-0"]
    assert manifest["inputs"] == [{"role": "ITEM_IDS", "name": "ids"}, {"role": "ATTENTION_MASK", "name": "mask"}]
    records = [json.loads(line) for line in (folder / "items.jsonl").read_text().splitlines()]
    assert records == ITEMS
    golden = json.loads((folder / "golden.json").read_text())["requests"]
    assert [g["history"] for g in golden] == [["sku-1", "sku-7"], ["sku-3"]]
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    windows = Windows(manifest, [r["id"] for r in records], {"ids": np.dtype("int64"), "mask": np.dtype("float32")})
    scores = session.run(None, windows.arrays(golden))[0]
    for row, request in zip(scores, golden):
        best = np.argsort(-row, kind="stable")[:3]
        assert [f"sku-{i}" for i in best] == request["items"]
        np.testing.assert_allclose(row[best], request["scores"], atol=1e-5)


def test_the_seal_covers_every_other_file(tmp_path):
    folder = write(tmp_path / "mean")
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == {p.name for p in folder.iterdir()} - {"SHA256SUMS"}
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha for name, sha in sums.items())


def test_vector_bundle(tmp_path):
    module = Mean(False)
    vectors = module.table.weight[1:].detach().numpy()
    folder = write(tmp_path / "mean", module, output=Embedding(vectors))
    assert np.array_equal(np.load(folder / "item_vectors.npy"), vectors)
    scored = write(tmp_path / "scores")
    a, b = (json.loads((f / "golden.json").read_text())["requests"] for f in (folder, scored))
    assert [g["items"] for g in a] == [g["items"] for g in b]


class Codes(nn.Module):
    """Items are sums of the vectors of their codes."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.table = nn.Embedding(8, D)

    def forward(self, ids, codes):
        there = (ids > 0).float().unsqueeze(2)
        return (self.table(codes).sum(2) * there).sum(1) / there.sum(1).clamp(min=1)


def test_tables_of_items(tmp_path):
    module, codes = Codes(), np.arange(2 * N).reshape(N, 2) % 8
    vectors = module.table(torch.from_numpy(codes)).sum(1).detach().numpy()
    arguments = dict(inputs={"ids": torch.tensor([[0, 1, 2, 3]]), "codes": torch.zeros(1, 4, 2, dtype=torch.long)},
                     roles={"ids": "ITEM_IDS", "codes": {"role": "ITEM_TABLE", "file": "item_codes.npy"}},
                     output=Embedding(vectors))
    folder = write(tmp_path / "codes", module, tables={"item_codes.npy": codes}, **arguments)
    assert np.array_equal(np.load(folder / "item_codes.npy"), codes)
    with pytest.raises(ExportError, match="tables: none, expected those that inputs read: item_codes.npy"):
        write(tmp_path / "none", module, **arguments)
    with pytest.raises(ExportError, match=r"shape \[3, 2\], expected \[12, ...\]"):
        write(tmp_path / "short", module, tables={"item_codes.npy": codes[:3]}, **arguments)


def test_a_bundle_is_replaced_but_another_folder_is_not(tmp_path):
    write(write(tmp_path / "mean"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="not a bundle"):
        write(tmp_path / "other")


@pytest.mark.parametrize("changes,message", [
    (dict(roles={"ids": "ITEM_IDS"}), "input 'mask' has no role"),
    (dict(roles={"ids": "ITEM_IDS", "mask": "ATTENTION_MASK", "x": "LENGTH"}), "'x', which is not an input"),
    (dict(roles={"ids": "PADDING_MASK", "mask": "ATTENTION_MASK"}), "exactly one input"),
    (dict(roles={"ids": "ITEM_IDS", "mask": "ITEM_IDS"}), "given to two inputs"),
    (dict(name="my model"), "my model"),
    (dict(items=ITEMS[:-1]), "12 columns, expected 11: 11 items"),
    (dict(output=Scores(offset=1)), "12 columns, expected 13"),
    (dict(items=ITEMS[:-1] + [ITEMS[0]]), "occurs twice"),
    (dict(items=ITEMS[:-1] + [{"id": "x", "a": None}]), "'a' is neither"),
    (dict(items=ITEMS[:-1] + [{"id": ""}]), "non-empty"),
    (dict(fallback=["gone"]), "'gone' is not in items"),
    (dict(unknown_items="UNK"), "unknown_id"),
    (dict(output=Embedding(np.zeros((3, D), np.float32))), "item_vectors: shape"),
])
def test_mistakes_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "mean", **changes)
    assert not any(tmp_path.iterdir())


def test_an_unused_input_is_refused(tmp_path):
    class Deaf(Mean):
        def forward(self, ids, mask):
            return super().forward(ids, torch.ones_like(ids, dtype=torch.float32))

    with pytest.raises(ExportError, match="'mask' is not used"):
        write(tmp_path / "mean", Deaf(True))


def test_a_module_that_depends_on_padding_may_not_be_dynamic(tmp_path):
    with pytest.raises(ParityError, match="length FIXED"):
        write(tmp_path / "mean", Position(True), sequence=Sequence(4, "DYNAMIC"))
    write(tmp_path / "mean", Position(True))


def test_a_difference_names_output_batch_and_length(tmp_path):
    with pytest.raises(ParityError, match="output 'scores', batch 1, history length 1: graph and module differ by"):
        write(tmp_path / "mean", Noise(True))


def test_times_of_golden_requests_become_instants(tmp_path):
    class Timed(Mean):
        def forward(self, ids, mask, times):
            return super().forward(ids, mask) + times.sum(1, keepdim=True) * 1e-12

    inputs = {"ids": torch.tensor([[0, 1, 2, 3]]), "mask": torch.ones(1, 4), "times": torch.zeros(1, 4)}
    folder = write(tmp_path / "timed", Timed(True), inputs=inputs,
                   roles={"ids": "ITEM_IDS", "mask": "ATTENTION_MASK", "times": "TIMESTAMPS"},
                   golden_histories=[{"history": [{"item": "sku-1", "at": 1_714_557_600}]}])
    golden = json.loads((folder / "golden.json").read_text())["requests"]
    assert golden[0]["history"] == [{"item": "sku-1", "at": "2024-05-01T10:00:00.000Z"}]
