import itertools
import json

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from recommender_export import generative
from recommender_export.bundle import ExportError
from recommender_export.codes import CodeTokens, CodeTree, read_codes
from recommender_export.generative_bundle import Aligned, CodeVocabulary, PromptLayout, export_generative
from recommender_export.golden_generative import main as golden_main, reference
from recommender_export.huggingface import aligned_inputs, main as export_main
from recommender_export.parity import ParityError
from recommender_export.train_generative import main as train_main

CODES = np.array(list(itertools.product(range(3), range(2), range(4))))[::2].astype(np.int32)
CODES[-1] = CODES[3]
TOKENS = CodeTokens((3, 2, 4))
TREE = CodeTree(CODES, TOKENS.sizes)
ITEM_TOKENS = TOKENS.tokens(CODES)
ITEMS = [{"id": f"i{i}"} for i in range(len(CODES))]
LAYOUT = PromptLayout(5, prefix=(TOKENS.begin,))


def model(kind: str):
    torch.manual_seed(5)
    small = dict(dimension=16, layers=2, heads=2)
    made = {
        "decoder": lambda: generative.new_decoder(TOKENS, **small, max_items=5),
        "encoder-decoder": lambda: generative.new_encoder_decoder(TOKENS, **small),
        "llama": lambda: LlamaForCausalLM(LlamaConfig(vocab_size=11, hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                                                      num_key_value_heads=2, intermediate_size=32, bos_token_id=10,
                                                      eos_token_id=None)),
        "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=11, n_embd=16, n_layer=2, n_head=2, n_positions=40,
                                                   bos_token_id=10, eos_token_id=None)),
    }[kind]().eval()
    for p in made.parameters():
        if p.ndim > 1:
            torch.nn.init.normal_(p, std=0.4)
    return made


def test_tokens_and_tree():
    assert TOKENS.offsets == (1, 4, 6) and TOKENS.begin == 10 and TOKENS.vocabulary_size == 11
    assert TOKENS.levels_by_token().tolist() == [3, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
    assert sorted(i for items in TREE.items for i in items) == list(range(len(CODES)))
    assert [3, len(CODES) - 1] in TREE.items
    with pytest.raises(ValueError, match="level 1: expected codes below 1, found 1"):
        CodeTree(CODES, (3, 1, 4))


def test_codes_are_read_from_every_format(tmp_path):
    np.save(tmp_path / "c.npy", CODES)
    (tmp_path / "c.tsv").write_text("item_id\tsid\n" + "".join(f"{i + 1}\t{a} {b} {c}\n" for i, (a, b, c) in enumerate(CODES)))
    (tmp_path / "c.json").write_text(json.dumps({i: [f"<a_{a}>", f"<b_{b}>", f"<c_{c}>"] for i, (a, b, c) in enumerate(CODES)}))
    for name in ("c.npy", "c.tsv", "c.json"):
        assert (read_codes(tmp_path / name, len(CODES)) == CODES).all()
    with pytest.raises(ValueError, match=r"expected codes of at least 0 in shape \[7, levels\]"):
        read_codes(tmp_path / "c.npy", 7)


@pytest.mark.parametrize("kind", ["decoder", "encoder-decoder"])
def test_a_beam_as_wide_as_the_tree_finds_every_item_with_its_probability(kind):
    m, history = model(kind), [4, 0, 7]
    (found, short) = generative.beam_search(m, [generative.prompt(h, ITEM_TOKENS, TOKENS, 5) for h in (history, [1])], TREE,
                                            TOKENS, 50)
    assert len(found) == len(short) == len(TREE.items)
    prompt = torch.tensor([generative.prompt(history, ITEM_TOKENS, TOKENS, 5)])
    for score, node in found:
        code = ITEM_TOKENS[TREE.items[node][0]].tolist()
        with torch.inference_mode():
            if kind == "decoder":
                logits = m(input_ids=torch.cat([prompt, torch.tensor([code])], 1)).logits[0, prompt.shape[1] - 1:-1]
            else:
                logits = m(input_ids=prompt, decoder_input_ids=torch.tensor([[0, *code[:-1]]])).logits[0]
        expected = logits.log_softmax(-1)[torch.arange(3), torch.tensor(code)].sum().item()
        assert score == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", ["decoder", "encoder-decoder"])
def test_beam_search_agrees_with_generate(kind):
    m, histories = model(kind), [[4, 0, 7], [1], [5, 5, 2, 8, 9, 3, 1]]
    prompts = [generative.prompt(h, ITEM_TOKENS, TOKENS, 5) for h in histories]
    for beams, normalization in itertools.product((2, 4, 9), ("VOCABULARY", "CATALOG")):
        for prompt, ours in zip(prompts, generative.beam_search(m, prompts, TREE, TOKENS, beams, normalization)):
            theirs = reference(m, prompt, TREE, TOKENS, beams, normalization)
            assert [n for _, n in ours] == [n for _, n in theirs]
            assert [s for s, _ in ours] == pytest.approx([s for s, _ in theirs], abs=1e-4)


def test_an_epoch_has_every_item_but_the_first_as_target_once_and_is_repeatable():
    sequences = [[i % len(CODES) for i in range(n)] for n in range(2, 15)]
    batches = generative.Batches(sequences, ITEM_TOKENS, TOKENS, TREE, 4, 60, 1, False)
    drawn = batches.epoch(3)
    tokens = sum(int((t >= 0).sum()) for _, t, _ in drawn)
    firsts = sum(len(generative.windows(s, 5, __import__("random").Random(0))) for s in sequences)
    assert tokens >= 3 * sum(len(s) - 1 for s in sequences) and tokens <= 3 * (sum(map(len, sequences)) + firsts)
    assert all((a == b).all() and (c == d).all() for (a, c, _), (b, d, _) in zip(drawn, batches.epoch(3)))


@pytest.mark.parametrize("kind", ["decoder", "encoder-decoder"])
def test_the_loss_is_minus_the_mean_score_of_the_targets(kind):
    m = model(kind)
    batches = generative.Batches([[4, 0, 7, 1]], ITEM_TOKENS, TOKENS, TREE, 4, 60, 1, kind == "encoder-decoder", targets=1)
    batch = batches.epoch(0)[0]
    length = int((batch[0] != 0).sum())
    for normalization in ("VOCABULARY", "CATALOG"):
        expected, count = 0.0, 0
        ends = [(length - 1) // 3] if kind == "encoder-decoder" else range(4)
        for end in ends:
            prompt = generative.prompt([4, 0, 7, 1][:end], ITEM_TOKENS, TOKENS, 4) if end else [TOKENS.begin]
            found = generative.ranked_items(
                generative.beam_search(m, [prompt], TREE, TOKENS, 50, normalization)[0], TREE)
            expected, count = expected - dict(found)[[4, 0, 7, 1][end]], count + 3
        with torch.inference_mode():
            assert generative.loss(m, batch, TOKENS, TREE, normalization, 0.0).item() == pytest.approx(expected / count, abs=1e-4)


@pytest.mark.parametrize("kind", ["decoder", "llama", "gpt2", "encoder-decoder"])
@pytest.mark.parametrize("how", [dict(), dict(shared=False), dict(cached=False)])
def test_export_refuses_what_does_not_decode_as_the_model(tmp_path, kind, how):
    m = model(kind)
    out = export_generative(m, CodeVocabulary.of(CODES, TOKENS), ITEMS, LAYOUT, out_dir=tmp_path / "b", name="b", version="1",
                            aligned=aligned_inputs(m), **how)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["contract"] == "SEQ_GENERATIVE" and manifest["generation"]["vocabularySize"] == 11
    assert (np.load(out / "codes.npy") == CODES).all()
    with pytest.raises(ParityError):
        export_generative(m, CodeVocabulary.of(CODES, TOKENS), ITEMS, LAYOUT, out_dir=tmp_path / "c", name="c", version="1",
                          aligned=aligned_inputs(m), tolerance=0, **how)
    assert not (tmp_path / "c").exists()


def test_export_names_what_is_wrong(tmp_path):
    def export(m=model("decoder"), items=ITEMS, layout=LAYOUT, **how):
        export_generative(m, CodeVocabulary.of(CODES, TOKENS), items, layout, out_dir=tmp_path / "b", name="b", version="1", **how)

    with pytest.raises(ExportError, match="items: 11, codes: 12"):
        export(items=ITEMS[1:])
    with pytest.raises(ExportError, match=r"layout: 43 tokens at most, expected no more than 40"):
        export(m=model("gpt2"), layout=PromptLayout(11, prefix=(10, 10), suffix=(10,) * 5))
    with pytest.raises(ExportError, match="'LEVEL', expected one of CODE_POSITION"):
        export(aligned=(Aligned("code_position", "LEVEL", 0),))


@pytest.mark.parametrize("layout", ["DECODER_ONLY", "ENCODER_DECODER"])
def test_command_line_trains_goes_on_and_exports(tmp_path, layout, capsys):
    (tmp_path / "data").mkdir()
    lines = [f"{u} " + " ".join(str((u + i) % 12 + 1) for i in range(3 + u % 5)) for u in range(60)]
    (tmp_path / "data" / "toy.txt").write_text("\n".join(lines) + "\n")
    np.save(tmp_path / "codes.npy", CODES)
    common = ["--data", str(tmp_path / "data"), "--codes", str(tmp_path / "codes.npy")]
    options = ["--layout", layout, "--dimension", "16", "--layers", "1", "--heads", "2", "--validate-every", "1",
               "--max-items", "4", "--schedule", "CONSTANT", "--dropout", "0.1"]
    train_main(common + options + ["--checkpoint", str(tmp_path / "whole"), "--epochs", "3", "--test"])
    whole = capsys.readouterr().out.splitlines()
    train_main(common + options + ["--checkpoint", str(tmp_path / "parts"), "--epochs", "1"])
    train_main(common + options + ["--checkpoint", str(tmp_path / "parts"), "--epochs", "3"])
    parts = capsys.readouterr().out.splitlines()
    for a, b in zip([json.loads(line) for line in whole[:3]], [json.loads(line) for line in parts]):
        assert (a["epoch"], a["loss"], a["valid"]) == (b["epoch"], b["loss"], b["valid"])
    export_main(common + ["--checkpoint", str(tmp_path / "whole" / "best"), "--out", str(tmp_path / "toy"), "--max-items", "4",
                          "--fallback", "3", "--golden", "4", "--beams", "6"])
    manifest = json.loads((tmp_path / "toy" / "manifest.json").read_text())
    assert len(manifest["fallback"]) == 3 and manifest["generation"]["beams"] == 6
    requests = json.loads((tmp_path / "toy" / "golden.json").read_text())["requests"]
    assert len(requests) == 4 and all(len(r["items"]) == r["k"] == 6 for r in requests)
    golden_main(common + ["--checkpoint", str(tmp_path / "whole" / "best"), "--out", str(tmp_path / "golden.jsonl"), "--users", "3",
                          "--max-items", "4", "--beams", "2", "6", "--k", "6"])
    rows = [json.loads(line) for line in (tmp_path / "golden.jsonl").read_text().splitlines()]
    assert [r["beams"] for r in rows] == [2, 6] * 3 and all(len(r["items"]) <= r["beams"] + 1 for r in rows)
