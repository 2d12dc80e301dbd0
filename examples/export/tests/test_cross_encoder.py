import json

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from recommender_export.bundle import ExportError
from recommender_export.cross_encoder import CrossEncoder, export_cross_encoder, main, sample_requests, tokens
from recommender_export.lora import GatedLinear, add_adapters
from recommender_export.pair_texts import PairTexts, Template
from recommender_export.ranker import Request
from recommender_export.train_text import new_tokenizer

TITLES = ["red shoe", "blue shoe", "small red lamp", "large blue lamp, pack of 2", "a book about lamps"]
ITEMS = [{"id": f"i{n}", "title": t, "price": n + 0.5} for n, t in enumerate(TITLES)] + [{"id": "untitled"}]
TEXTS = PairTexts("{query} after {history}", "{title}, {price}", {"query": "anything"}, 2, "{title}", "; ")
REQUESTS = [Request([0, 1, 2, 3, 4], ["i0", "gone", "i3", "untitled", "i2"], {"query": "lamp"}),
            Request([{"title": "red", "price": 1}, 4])]


def encoder(labels=1, **more) -> CrossEncoder:
    torch.manual_seed(3)
    tokenizer = new_tokenizer(TITLES * 3, 100)
    model = BertForSequenceClassification(BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=64, num_labels=labels, attn_implementation="eager")).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return CrossEncoder(model, tokenizer, 32, **more)


def export(folder, made, **more):
    return export_cross_encoder(made, TEXTS, REQUESTS, out_dir=folder, name="test", version="1", items=ITEMS, **more)


def test_the_texts_of_a_pair():
    by_id = {item["id"]: item for item in ITEMS}
    assert TEXTS.request_text({"query": "lamp"}, REQUESTS[0].history, by_id) == \
        "lamp after large blue lamp, pack of 2; small red lamp"
    assert TEXTS.request_text({}, [], by_id) == "anything after "
    assert TEXTS.item_text(ITEMS[1]) == "blue shoe, 1.5"
    assert TEXTS.item_text(ITEMS[-1]) is None
    assert Template("{{{a}}} {b}").write({"a": "{x}", "b": ""}) == "{{x}} "
    with pytest.raises(ExportError, match="a brace stands alone at 2"):
        Template("a {b")
    with pytest.raises(ExportError, match="feature 'device'"):
        PairTexts("{device}").request_text({}, [], {})


@pytest.mark.parametrize("labels", [1, 2])
def test_the_graph_gives_the_scores_of_the_model(tmp_path, labels):
    made = encoder(labels)
    folder = export(tmp_path / "b", made)
    golden = json.loads((folder / "golden.json").read_text())["requests"]
    assert golden[0]["candidates"] == ["i0", "i1", "i2", "i3", "i4"] and len(golden[1]["outputs"]) == 2
    read = made.tokenizer(["lamp after large blue lamp, pack of 2; small red lamp"], ["blue shoe, 1.5"], return_tensors="pt",
                          truncation="longest_first", max_length=32)
    with torch.inference_mode():
        logits = made.model(**read).logits[0]
    expected = float(logits[0]) if labels == 1 else float(logits[1] - logits[0])
    assert golden[0]["outputs"][1][0] == pytest.approx(expected, abs=1e-5)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    pairs = [("lamp after large blue lamp, pack of 2; small red lamp", TEXTS.item_text(item)) for item in ITEMS[:5]]
    found = session.run(None, {k: v.numpy() for k, v in tokens(made, TEXTS, pairs).items()})[0]
    np.testing.assert_allclose(found, golden[0]["outputs"], atol=1e-5)


def test_a_gate_of_zeros_is_the_base_model(tmp_path):
    made = encoder()
    base = export(tmp_path / "base", made)
    made.gate, made.adapters = add_adapters(made.model, adapters=2, rank=3), 2
    for module in made.model.modules():
        if isinstance(module, GatedLinear):
            torch.nn.init.normal_(module.up, std=0.3)
    gates = ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])
    requests = [Request(REQUESTS[0].candidates, REQUESTS[0].history, {"query": "lamp", "lamp": 1, "lora_gate": g}) for g in gates]
    folder = export_cross_encoder(made, TEXTS, requests, out_dir=tmp_path / "b", name="test", version="1", items=ITEMS)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["crossEncoder"]["inputs"][-1] == {
        "role": "FEATURE", "name": "lora_gate", "feature": "lora_gate", "shape": [2]}
    outputs = [np.array(r["outputs"]) for r in json.loads((folder / "golden.json").read_text())["requests"]]
    expected = json.loads((base / "golden.json").read_text())["requests"][0]["outputs"]
    np.testing.assert_allclose(outputs[0], expected, atol=1e-6)
    assert np.abs(outputs[1] - outputs[0]).min() > 1e-3 and np.abs(outputs[2] - outputs[1]).min() > 1e-3
    with pytest.raises(ExportError, match="lora_gate: 3 numbers, expected 2"):
        export_cross_encoder(made, TEXTS, [Request([0], (), {"lora_gate": [1, 2, 3]})], out_dir=tmp_path / "c", name="x",
                             version="1", items=ITEMS)


def test_a_language_model_answers_yes_or_no(tmp_path):
    from transformers import LlamaConfig, LlamaForCausalLM

    made = encoder()
    torch.manual_seed(4)
    made.model = LlamaForCausalLM(LlamaConfig(
        vocab_size=len(made.tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=2,
        attn_implementation="eager")).eval()
    made.tokenizer.model_input_names = ["input_ids", "attention_mask"]
    made.verbalizer = (7, 9)
    folder = export(tmp_path / "b", made)
    found = json.loads((folder / "golden.json").read_text())["requests"][0]["outputs"][0][0]
    read = made.tokenizer(["lamp after large blue lamp, pack of 2; small red lamp"], ["red shoe, 0.5"], return_tensors="pt",
                          truncation="longest_first", max_length=32)
    with torch.inference_mode():
        yes_no = made.model(input_ids=read["input_ids"]).logits[0, -1].softmax(-1)[[7, 9]]
    assert 1 / (1 + np.exp(-found)) == pytest.approx(float(yes_no[0] / yes_no.sum()), abs=1e-5)


def test_what_cannot_be_exported_is_named(tmp_path):
    with pytest.raises(ExportError, match="3 labels and kind LOGIT, expected one label, or two and LOGIT"):
        export(tmp_path / "b", encoder(3))
    with pytest.raises(ExportError, match="expected one label, or two and LOGIT"):
        export(tmp_path / "b", encoder(2, kind="VALUE"))
    with pytest.raises(ExportError, match="kind: 'SCORE'"):
        export(tmp_path / "b", encoder(kind="SCORE"))
    with pytest.raises(ExportError, match="candidate 5: expected a text"):
        export_cross_encoder(encoder(), TEXTS, [Request([5])], out_dir=tmp_path / "b", name="x", version="1", items=ITEMS)
    with pytest.raises(ExportError, match="history_items: 0"):
        PairTexts("{history}").manifest()
    with pytest.raises(ExportError, match="layers: expected names of linear layers, found none of attention"):
        add_adapters(encoder().model, ("attention",), adapters=2)
    assert not list(tmp_path.iterdir())


def test_a_folder_becomes_a_bundle(tmp_path):
    made = encoder()
    made.model.config.sentence_transformers = {"activation_fn": "torch.nn.modules.linear.Identity"}
    made.model.save_pretrained(tmp_path / "source")
    made.tokenizer.save_pretrained(tmp_path / "source")
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    main(["--model", str(tmp_path / "source"), "--items", str(tmp_path / "items.jsonl"), "--request", "{history}", "--history",
          "3", "--missing", "LAST", "--max-length", "40", "--golden", "2", "3", "--out", str(tmp_path / "bundle")])
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert manifest["crossEncoder"]["score"]["kind"] == "VALUE"
    assert manifest["crossEncoder"]["text"]["missing"] == "LAST" and manifest["crossEncoder"]["text"]["maxLength"] == 40
    golden = json.loads((tmp_path / "bundle" / "golden.json").read_text())["requests"]
    assert len(golden) == 2 and all(len(r["candidates"]) == 3 and len(r["history"]) == 3 for r in golden)
    assert sample_requests(ITEMS, TEXTS, 1, 2) == sample_requests(ITEMS, TEXTS, 1, 2)
