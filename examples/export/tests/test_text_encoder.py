import json

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import BertConfig, BertModel

from recommender_export.bundle import ExportError
from recommender_export.parity import ParityError
from recommender_export.text_encoder import TextEncoder, TextField, TextLayout, export_text_encoder, main
from recommender_export.train_text import main as train_main, new_encoder, new_tokenizer, next_item_hits, pairs_of

TITLES = ["red shoe", "blue shoe", "small red lamp", "large blue lamp, pack of 2", "a book about lamps"] * 3
LAYOUT = TextLayout((TextField("title"), TextField("tags", "tags: ", "")), " | ")


def encoder(pooling="MEAN", **more) -> TextEncoder:
    torch.manual_seed(3)
    made = new_encoder(new_tokenizer(TITLES, 100), 32, 1, 16)
    made.pooling = pooling
    for name, value in more.items():
        setattr(made, name, value)
    return made


def export(folder, made, **more):
    return export_text_encoder(made, LAYOUT, out_dir=folder, name="test", version="1",
                               golden=[{"title": t} for t in TITLES[:5]] + [{"title": "red", "tags": ["a", "b"]}], **more)


def test_the_text_of_an_item():
    assert LAYOUT.text({"title": "red shoe"}) == "red shoe"
    assert LAYOUT.text({"title": "red shoe", "tags": ["a", "b"]}) == "red shoe | tags: a, b"
    assert LAYOUT.text({"title": "", "tags": 12.50}) == "tags: 12.5"
    assert TextLayout((TextField("x"),)).text({"x": 1e20}) == "100000000000000000000"
    assert TextLayout((TextField("x"),)).text({"x": 3}) == "3"
    with pytest.raises(ExportError, match="feature 'title': expected a text, found none"):
        LAYOUT.text({"tags": ["a"]})


@pytest.mark.parametrize("pooling", ["MEAN", "MAX", "CLS", "LAST"])
@pytest.mark.parametrize("inside", [True, False])
def test_the_graph_gives_the_vectors_of_the_model(tmp_path, pooling, inside):
    made = encoder(pooling)
    folder = export(tmp_path / "b", made, pool_in_graph=inside)
    manifest = json.loads((folder / "manifest.json").read_text())
    described = manifest["encoder"]["embedding"]
    assert described["pooling"] == ("NONE" if inside else pooling) and described["normalize"] != inside
    golden = json.loads((folder / "golden.json").read_text())["items"]
    assert len(golden) == 6 and all(abs(np.linalg.norm(g["vector"]) - 1) < 1e-5 for g in golden)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    for item in golden:
        read = made.tokenizer([LAYOUT.text(item["features"])], return_tensors="np")
        found = session.run(None, {"input_ids": read["input_ids"], "attention_mask": read["attention_mask"]})[0][0]
        if not inside:
            found = {"MEAN": found.mean(0), "MAX": found.max(0), "CLS": found[0], "LAST": found[-1]}[pooling]
            found = found / np.linalg.norm(found)
        np.testing.assert_allclose(found, item["vector"], atol=1e-5)


def test_the_tokenizer_of_a_bundle_neither_pads_nor_cuts(tmp_path):
    made = encoder()
    made.tokenizer(TITLES, padding="max_length", truncation=True, max_length=8)
    saved = json.loads((export(tmp_path / "b", made) / "tokenizer.json").read_text())
    assert saved["padding"] is None and saved["truncation"] is None


def test_a_graph_that_differs_is_refused(tmp_path):
    class Noisy(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner, self.config = inner, inner.config

        def forward(self, **inputs):
            out = self.inner(**inputs)
            if not torch.jit.is_tracing():
                out.last_hidden_state = out.last_hidden_state.flip(-1)
            return out

    made = encoder()
    made.transformer = Noisy(made.transformer)
    with pytest.raises(ParityError, match="graph and model differ by"):
        export(tmp_path / "b", made)
    assert not (tmp_path / "b").exists() and not list(tmp_path.glob(".bundle-*"))


def test_what_cannot_be_exported_is_named(tmp_path):
    with pytest.raises(ExportError, match="pooling: 'SUM', expected one of MEAN"):
        export(tmp_path / "b", encoder("SUM"))
    with pytest.raises(ExportError, match="golden: expected the features of at least one item"):
        export_text_encoder(encoder(), LAYOUT, out_dir=tmp_path / "b", name="x", version="1", golden=[])
    with pytest.raises(ExportError, match="name 'a b'"):
        export_text_encoder(encoder(), LAYOUT, out_dir=tmp_path / "b", name="a b", version="1", golden=[{"title": "x"}])


def test_a_folder_of_sentence_transformers(tmp_path):
    made = encoder()
    source = tmp_path / "source"
    made.transformer.save_pretrained(source)
    made.tokenizer.save_pretrained(source)
    (source / "modules.json").write_text(json.dumps(
        [{"path": "", "type": "sentence_transformers.models.Transformer"},
         {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
         {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]))
    (source / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 32, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (source / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (source / "sentence_bert_config.json").write_text('{"max_seq_length": 12}')
    loaded = TextEncoder.load(source)
    assert (loaded.pooling, loaded.normalize, loaded.max_length) == ("CLS", True, 12)
    main(["--model", str(source), "--out", str(tmp_path / "bundle")])
    assert json.loads((tmp_path / "bundle" / "manifest.json").read_text())["encoder"]["text"]["maxLength"] == 12
    (source / "1_Pooling" / "config.json").write_text(json.dumps({**pooling, "pooling_mode_mean_tokens": True}))
    with pytest.raises(ExportError, match="pooling: expected exactly one"):
        TextEncoder.load(source)


def test_pairs_leave_out_what_is_held_out():
    kept = np.array([True, True, False, True])
    assert pairs_of([[0, 1, 2, 3, 0]], 2, kept).tolist() == [[0, 1], [1, 3], [3, 0]]
    vectors = np.eye(4)
    vectors[1] = vectors[0]
    assert next_item_hits(vectors, [[3, 0, 1]], kept, k=1) == 1.0
    assert next_item_hits(vectors, [[3, 0, 2]], kept, k=1) == 0.0


def test_training_pulls_together_what_is_met_together(tmp_path, capsys):
    source = tmp_path / "data"
    source.mkdir()
    items = [f"{color} {thing} {n}" for color in ("red", "blue") for thing in ("shoe", "lamp") for n in range(6)]
    with open(source / "items.jsonl", "w") as out:
        out.writelines(json.dumps({"id": f"i{i}", "title": t}) + "\n" for i, t in enumerate(items))
    rng = np.random.default_rng(2)
    rows = [(u, 6 * (u % 4) + int(i), t) for u in range(60) for t, i in enumerate(rng.permutation(6))]
    with open(source / "interactions.tsv", "w") as out:
        out.write("user\titem\ttimestamp\tbehavior\n")
        out.writelines(f"u{u}\ti{i}\t{t}\tclick\n" for u, i, t in rows)
    train_main(["--data", str(source), "--out", str(tmp_path / "bundle"), "--fields", "title", "--vocabulary", "80", "--dimension",
                "32", "--layers", "1", "--steps", "60", "--batch", "32", "--max-length", "16"])
    said = capsys.readouterr().out
    assert "graph and model agree" in said
    before, after = (float(line.split("alone ")[1].split(",")[0]) for line in said.splitlines() if "HR@10" in line)
    assert after > 0.9 >= before * 0.9
