"""Writes the bundles in this folder: small models with fixed random weights, and logits of PyTorch.

Run from here with ``PYTHONPATH=../../../../../examples/export python make_fixtures.py``; the build does not need it.
"""

import itertools
import json
import random
from pathlib import Path

import numpy as np
import onnx
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from recommender_export import generative
from recommender_export.bundle import seal
from recommender_export.codes import CodeTokens, CodeTree
from recommender_export.generative_bundle import CodeVocabulary, PromptLayout, export_generative
from recommender_export.golden_generative import reference
from recommender_export.huggingface import aligned_inputs

CODES = np.array(list(itertools.product(range(3), range(2), range(4))))[::2].astype(np.int32)
CODES[-1] = CODES[3]
TOKENS = CodeTokens((3, 2, 4))
TREE = CodeTree(CODES, TOKENS.sizes)
BEAMS = 4
IDS = [f"item-{(5 * i + 3) % 12}" for i in range(len(CODES))]


def small(model):
    torch.manual_seed(11)
    for p in model.parameters():
        if p.ndim > 1:
            torch.nn.init.normal_(p, std=0.5)
    return model.eval()


def llama():
    return small(LlamaForCausalLM(LlamaConfig(
        vocab_size=TOKENS.vocabulary_size, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=12, max_position_embeddings=64, bos_token_id=TOKENS.begin, eos_token_id=None)))


def shorten(path: Path) -> None:
    """Gives nodes and inner tensors short names: most of such a small file is names."""
    model = onnx.load(path)
    outer = {t.name for t in (*model.graph.input, *model.graph.output)}
    names = {}
    for tensor in model.graph.initializer:
        tensor.name = names.setdefault(tensor.name, f"w{len(names)}")
    for node in model.graph.node:
        node.name = ""
        for place, name in enumerate(node.input):
            if name and name not in outer:
                node.input[place] = names.setdefault(name, f"t{len(names)}")
        for place, name in enumerate(node.output):
            if name not in outer:
                node.output[place] = names.setdefault(name, f"t{len(names)}")
    del model.graph.value_info[:]
    onnx.save(model, path)


def logits(model, prompt: list[int], written: list[int]) -> list[float]:
    """After each token of ``written``, and before the first."""
    model.set_attn_implementation("eager")
    ids, rows = torch.tensor([prompt]), []
    with torch.inference_mode():
        for end in range(len(written) + 1):
            if model.config.is_encoder_decoder:
                out = model(input_ids=ids, attention_mask=torch.ones_like(ids),
                            decoder_input_ids=torch.tensor([[0, *written[:end]]])).logits
            else:
                out = model(input_ids=torch.tensor([prompt + written[:end]])).logits
            rows.append([round(v, 6) for v in out[0, -1].tolist()])
    return rows


def golden(model, normalization: str) -> list[dict]:
    """What ``generate`` answers to a few histories, some longer than the model is told."""
    rng, requests = random.Random(8), []
    for length in (1, 2, 3, 5, 9):
        history = [rng.randrange(len(CODES)) for _ in range(length)]
        prompt = [TOKENS.begin]
        for item in history[-5:]:
            prompt += [*TOKENS.tokens(CODES[item]).tolist(), TOKENS.begin]
        found = reference(model, prompt, TREE, TOKENS, BEAMS, normalization)
        items = generative.ranked_items(found, TREE)[:BEAMS]
        requests.append({"history": [IDS[i] for i in history], "k": len(items), "items": [IDS[i] for i, _ in items],
                         "scores": [round(s, 6) for _, s in items]})
    return requests


def write(name: str, model, normalization: str = "VOCABULARY", **how) -> None:
    layout = PromptLayout(5, prefix=(TOKENS.begin,), separator=(TOKENS.begin,), suffix=(TOKENS.begin,),
                          when_empty=(TOKENS.begin,))
    how |= {"normalization": normalization, "golden": golden(model, normalization), "beams": BEAMS}
    out = export_generative(model, CodeVocabulary.of(CODES, TOKENS), [{"id": i} for i in IDS], layout, out_dir=name, name=name,
                            version="1", aligned=aligned_inputs(model), fallback=[IDS[3], IDS[1]], **how)
    for graph in out.glob("*.onnx"):
        shorten(graph)
    seal(out)
    rng, rows = random.Random(3), []
    for length in (1, 2, 5, 9):
        prompt = [TOKENS.begin] + [rng.randrange(1, TOKENS.begin) for _ in range(length - 1)]
        written = [rng.choice([o + c for c in range(s)]) for o, s in zip(TOKENS.offsets, TOKENS.sizes)]
        rows.append({"prompt": prompt, "written": written, "logits": logits(model, prompt, written)})
    Path(name + ".json").write_text(json.dumps(rows) + "\n")
    print(name, sum(f.stat().st_size for f in out.iterdir()))


if __name__ == "__main__":
    write("decoder", llama())
    write("decoder-copied", llama(), shared=False)
    write("decoder-whole", llama(), cached=False)
    aligned = small(generative.new_decoder(TOKENS, dimension=8, layers=1, heads=2, feed_forward=8, max_items=9))
    write("decoder-aligned", aligned, normalization="CATALOG")
    t5 = small(generative.new_encoder_decoder(TOKENS, dimension=8, layers=1, heads=2, feed_forward=8))
    write("encoder-decoder", t5)
    write("encoder-decoder-whole", t5, cached=False)
