"""Writes bundles of contract SEQ_GENERATIVE from Hugging Face models.

``export_generative`` takes any decoder of ``transformers`` whose attention goes through ``AttentionInterface`` (Llama, Qwen,
Mistral, GPT-2 and most others) and T5. It refuses to write a bundle whose graphs do not answer as the model does.
"""

import copy
import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from transformers import T5ForConditionalGeneration

from . import decoding_graphs as graphs
from . import lean_llama
from .bundle import ExportError, bundle_folder, open_session
from .codes import PADDING, CodeTokens
from .generative import start_token
from .graph_rows import Aligned, Graph, check_decoding
from .fuse import DOMAIN
from .parity import ParityError, difference
from .simplify import share_extents

ALIGNED = ("CODE_POSITION", "ITEM_INDEX")


@dataclass(frozen=True)
class PromptLayout:
    """How a history becomes tokens: prefix, the codes of the newest items with ``separator`` between two, suffix."""

    max_items: int
    prefix: tuple[int, ...] = ()
    separator: tuple[int, ...] = ()
    suffix: tuple[int, ...] = ()
    when_empty: tuple[int, ...] | None = None
    padding_token: int = PADDING

    def longest(self, levels: int) -> int:
        """Tokens of the longest prompt and the item that follows."""
        between = (self.max_items - 1) * len(self.separator)
        return len(self.prefix) + between + len(self.suffix) + (self.max_items + 1) * levels

    def manifest(self, side: str) -> dict:
        result = {"maxItems": self.max_items, "paddingSide": side, "paddingToken": self.padding_token}
        for member, tokens in (("prefix", self.prefix), ("separator", self.separator), ("suffix", self.suffix),
                               ("whenEmpty", self.when_empty)):
            if tokens is not None and len(tokens):
                result[member] = list(tokens)
        return result


@dataclass(frozen=True)
class CodeVocabulary:
    """Codes [N, levels] by ordinal (-1 after the end of a shorter one) and the token of each code of each level."""

    codes: np.ndarray
    tokens: list[list[int]]

    @staticmethod
    def of(codes: np.ndarray, tokens: CodeTokens) -> "CodeVocabulary":
        return CodeVocabulary(codes, [[o + c for c in range(s)] for o, s in zip(tokens.offsets, tokens.sizes)])

    def manifest(self) -> dict:
        unique = len(np.unique(self.codes, axis=0)) == len(self.codes)
        said = {"file": "codes.npy", "sizes": [len(t) for t in self.tokens], **({"unique": True} if unique else {})}
        if all(t == list(range(t[0], t[0] + len(t))) for t in self.tokens):
            return {**said, "offsets": [t[0] for t in self.tokens]}
        return {**said, "tokens": self.tokens}


def export_generative(model, vocabulary: CodeVocabulary, items: list[dict], layout: PromptLayout, *, out_dir: str | Path,
                      name: str, version: str, aligned: tuple[Aligned, ...] = (), cached: bool = True, shared: bool = True,
                      normalization: str = "VOCABULARY", end_token: int | None = None, fallback: list[str] = (),
                      golden: list[dict] = (), beams: int | None = None, tolerance: float = 1e-4, opset: int = 17) -> Path:
    """Writes the bundle folder ``out_dir`` (replaced if it is a bundle already) and returns it.

    ``cached``: keep keys and values from step to step, else every step runs all tokens again. ``shared``: a decoder keeps
    the cache of a prompt once for all its rows, which is faster; else each row carries its prompt along. ``golden``: requests
    with the answers of the model by ``beams`` beams, as ``golden_generative.answers`` makes them.
    """
    model = copy.deepcopy(model).float().eval()
    encoder_decoder = bool(model.config.is_encoder_decoder)
    out_dir = Path(out_dir)
    if len(items) != len(vocabulary.codes):
        raise ExportError(f"items: {len(items)}, codes: {len(vocabulary.codes)}, expected as many")
    _check_length(model, layout.longest(vocabulary.codes.shape[1]))
    longest = layout.longest(vocabulary.codes.shape[1])
    described = _encoder_decoder(model, cached) if encoder_decoder else _decoder(model, aligned, cached, shared, longest)
    with bundle_folder(out_dir) as work:
        for graph in described:
            _export(graph, work / graph.file, opset)
        _check(described, work, tolerance)
        check_decoding(model, described, work, aligned, tolerance)
        np.save(work / "codes.npy", np.ascontiguousarray(vocabulary.codes, dtype=np.int32))
        with open(work / "items.jsonl", "w", encoding="utf-8", newline="\n") as lines:
            lines.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        manifest = _manifest(model, described, vocabulary, layout, name, version, cached, shared, normalization, end_token,
                             fallback, beams, opset)
        if golden:
            manifest["golden"] = "golden.json"
            (work / "golden.json").write_text(json.dumps({"tolerance": 1e-3, "requests": list(golden)}) + "\n", encoding="utf-8")
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return out_dir


def _check_length(model, longest: int) -> None:
    """Refuses prompts longer than the model's table of positions, or than its window, which the graphs do not have."""
    for member in ("max_position_embeddings", "sliding_window"):
        limit = getattr(model.config, member, None)
        if limit is not None and longest > limit and not model.config.is_encoder_decoder:
            raise ExportError(f"layout: {longest} tokens at most, expected no more than {limit} ({member})")


def _manifest(model, described, vocabulary, layout, name, version, cached, shared, normalization, end_token, fallback,
              beams, opset) -> dict:
    encoder_decoder = bool(model.config.is_encoder_decoder)
    config = model.config.get_text_config(decoder=True)
    generation = {
        "layout": "ENCODER_DECODER" if encoder_decoder else "DECODER_ONLY",
        "vocabularySize": config.vocab_size,
        "codes": vocabulary.manifest(),
        "prompt": layout.manifest("RIGHT" if encoder_decoder else "LEFT"),
        "normalization": normalization,
        "inputs": described[0].roles,
    }
    if end_token is not None:
        generation["endToken"] = end_token
    if beams is not None:
        generation["beams"] = beams
    if not encoder_decoder:
        generation["logits"] = "logits"
    if len(described) > 1:
        generation["step"] = {"model": described[1].file, "inputs": described[1].roles, "logits": "logits"}
    if encoder_decoder:
        generation["step"]["startToken"] = start_token(model)
    generation["caches"] = _caches(model, encoder_decoder, cached, shared)
    if not generation["caches"]:
        del generation["caches"]
    manifest = {"formatVersion": 1, "name": name, "version": version, "contract": "SEQ_GENERATIVE",
                "model": described[0].file, "opset": opset, "producer": f"PyTorch {torch.__version__}",
                "items": {"file": "items.jsonl", "count": len(vocabulary.codes)}, "generation": generation}
    if fallback:
        manifest["fallback"] = list(fallback)
    return manifest


def _caches(model, encoder_decoder: bool, cached: bool, shared: bool) -> list[dict]:
    layers, heads, size = _cache_shape(model)
    if not cached:
        return [{"kind": "PROMPT", "tensors": ["encoder_states"], "size": model.config.d_model}] if encoder_decoder else []
    common = {"layers": layers, "heads": heads, "size": size}
    prompt = {"kind": "PROMPT", "tensors": ["prompt.{layer}.key", "prompt.{layer}.value"], **common}
    rows = {"kind": "ROWS", "tensors": ["past.{layer}.key", "past.{layer}.value"],
            "outputs": ["present.{layer}.key", "present.{layer}.value"], **common}
    return [prompt, rows] if encoder_decoder or shared else [{**rows, "fromPrompt": True}]


def _cache_shape(model) -> tuple[int, int, int]:
    """Layers, heads of keys and their size."""
    if model.config.is_encoder_decoder:
        return model.config.num_decoder_layers, model.config.num_heads, model.config.d_kv
    config = model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return config.num_hidden_layers, heads, size


def _names(kind: str, layers: int) -> list[str]:
    return [f"{kind}.{layer}.{part}" for layer in range(layers) for part in ("key", "value")]


def _decoder(model, aligned: tuple[Aligned, ...], cached: bool, shared: bool, longest: int) -> list[Graph]:
    names, (layers, heads, size) = tuple(a.name for a in aligned), _cache_shape(model)
    for a in aligned:
        if a.value not in ALIGNED:
            raise ExportError(f"input {a.name!r}: value {a.value!r}, expected one of {', '.join(ALIGNED)}")
    roles = [{"role": "ALIGNED", "name": a.name, "value": a.value, "other": a.other} for a in aligned]
    ids = torch.tensor([[0, 0, 3, 1, 2], [2, 3, 1, 4, 1]]) % model.config.vocab_size
    mask = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]])
    grid = {0: "prompts", 1: "length"}
    lean = cached and shared and lean_llama.fits(model)
    prompt = Graph("prompt.onnx", lean_llama.LeanPrompt(model, names, longest) if lean else graphs.DecoderPrompt(model, names, cached),
                   {"input_ids": ids, "attention_mask": mask, "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
                    **{n: torch.zeros_like(ids) for n in names}},
                   ["logits"], {n: grid for n in ("input_ids", "attention_mask", "position_ids", *names)},
                   [{"role": "TOKEN_IDS", "name": "input_ids"}, {"role": "ATTENTION_MASK", "name": "attention_mask"},
                    {"role": "POSITION_IDS", "name": "position_ids"}, *roles])
    prompt.axes["logits"] = {0: "prompts"}
    if not cached:
        return [prompt]
    kind = "prompt" if shared else "present"
    prompt.outputs += _names(kind, layers)
    prompt.axes |= {n: {0: "prompts", 2: "length"} for n in _names(kind, layers)}
    rows = torch.tensor([[1], [2], [3], [1], [2], [4]])
    mask_name = "prompt_mask" if shared else "attention_mask"
    step = Graph("step.onnx", lean_llama.LeanStep(model, names, longest) if lean else graphs.DecoderStep(model, names, shared),
                 {"input_ids": rows, "position_ids": rows, "parents": torch.tensor([0, 1, 1, 2, 3, 3]),
                  mask_name: mask if shared else torch.ones(6, 6, dtype=torch.long), **{n: torch.zeros_like(rows) for n in names}},
                 ["logits", *_names("present", layers)],
                 {**{n: {0: "rows"} for n in ("input_ids", "position_ids", "parents", "logits", *names)},
                  mask_name: grid if shared else {0: "rows", 1: "length"}},
                 [{"role": "TOKEN_IDS", "name": "input_ids"}, {"role": "POSITION_IDS", "name": "position_ids"},
                  {"role": "PARENTS", "name": "parents"},
                  {"role": "PROMPT_MASK" if shared else "ATTENTION_MASK", "name": mask_name}, *roles])
    _add_caches(step, layers, heads, size, shared, 3 if shared else 5)
    return [prompt, step]


def _add_caches(step: Graph, layers: int, heads: int, size: int, shared: bool, past: int) -> None:
    generator = torch.Generator().manual_seed(1)
    if shared:
        step.examples |= {n: torch.randn(2, heads, 5, size, generator=generator) for n in _names("prompt", layers)}
        step.axes |= {n: {0: "prompts", 2: "length"} for n in _names("prompt", layers)}
    step.examples |= {n: torch.randn(4, heads, past, size, generator=generator) for n in _names("past", layers)}
    step.axes |= {n: {0: "past_rows", 2: "past"} for n in _names("past", layers)}
    step.axes |= {n: {0: "rows", 2: "present"} for n in _names("present", layers)}


def _encoder_decoder(model, cached: bool) -> list[Graph]:
    if not isinstance(model, T5ForConditionalGeneration):
        raise ExportError(f"{type(model).__name__}: expected T5, the only encoder-decoder that is exported")
    layers, heads, size = _cache_shape(model)
    ids = torch.tensor([[3, 1, 2, 0, 0], [2, 3, 1, 4, 1]])
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    grid = {0: "prompts", 1: "length"}
    outputs = _names("prompt", layers) if cached else ["encoder_states"]
    prompt = Graph("encoder.onnx", graphs.EncoderPrompt(model, cached), {"input_ids": ids, "attention_mask": mask}, outputs,
                   {"input_ids": grid, "attention_mask": grid,
                    **{n: {0: "prompts", 2 if cached else 1: "length"} for n in outputs}},
                   [{"role": "TOKEN_IDS", "name": "input_ids"}, {"role": "ATTENTION_MASK", "name": "attention_mask"}])
    roles = [{"role": "TOKEN_IDS", "name": "input_ids"}, {"role": "PROMPT_MASK", "name": "prompt_mask"}]
    if not cached:
        step = Graph("decoder.onnx", graphs.EncoderDecoderWhole(model),
                     {"input_ids": torch.tensor([[0, 1, 2]] * 4), "prompt_mask": mask,
                      "encoder_states": torch.randn(2, 5, model.config.d_model)}, ["logits"],
                     {"input_ids": {0: "rows", 1: "tokens"}, "prompt_mask": grid, "encoder_states": grid,
                      "logits": {0: "rows"}}, roles)
        return [prompt, step]
    step = Graph("decoder.onnx", graphs.EncoderDecoderStep(model),
                 {"input_ids": torch.tensor([[1], [2], [3], [1], [2], [4]]), "parents": torch.tensor([0, 1, 1, 2, 3, 3]),
                  "prompt_mask": mask}, ["logits", *_names("present", layers)],
                 {"input_ids": {0: "rows"}, "parents": {0: "rows"}, "prompt_mask": grid, "logits": {0: "rows"}},
                 [*roles, {"role": "PARENTS", "name": "parents"}])
    _add_caches(step, layers, heads, size, True, 3)
    return [prompt, step]


def _export(graph: Graph, path: Path, opset: int) -> None:
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(graph.module, tuple(graph.examples.values()), str(path), input_names=list(graph.examples),
                          output_names=graph.outputs, dynamic_axes=graph.axes, opset_version=opset, dynamo=False,
                          custom_opsets={DOMAIN: 1})
    onnx.save(share_extents(onnx.load(path)), path)
    onnx.checker.check_model(str(path))


def _check(described: list[Graph], folder: Path, tolerance: float) -> None:
    """Compares graphs and modules at other sizes than those of the export, also with an empty past."""
    for graph in described:
        session = open_session(folder / graph.file)
        if missing := set(graph.examples) - {i.name for i in session.get_inputs()}:
            raise ExportError(f"{graph.file}: the graph has no input {', '.join(sorted(missing))}, which the model does not use")
        for sizes in ({"prompts": 1, "width": 1, "length": 1, "past": 0, "tokens": 1},
                      {"prompts": 1, "width": 5, "length": 9, "past": 1, "tokens": 2},
                      {"prompts": 3, "width": 4, "length": 6, "past": 2, "tokens": 4}):
            inputs = _resized(graph, sizes)
            with torch.inference_mode():
                expected = graph.module(*inputs.values())
            expected = expected if isinstance(expected, tuple) else (expected,)
            found = session.run(graph.outputs, {k: v.numpy() for k, v in inputs.items()})
            for output, a, b in zip(graph.outputs, expected, found):
                gap = difference(a.numpy(), b)
                if not gap <= tolerance * max(1.0, float(a.abs().max())):
                    raise ParityError(f"{graph.file}: output {output!r}, {sizes}: graph and model differ by {gap:.3g} "
                                      f"(shapes {list(b.shape)} and {list(a.shape)})")


def _resized(graph: Graph, sizes: dict[str, int]) -> dict[str, torch.Tensor]:
    """Random inputs of other sizes, of the types and ranges of the examples."""
    rng = torch.Generator().manual_seed(7)
    own = "past.0.key" in graph.examples and "prompt.0.key" not in graph.examples
    extent = {**sizes, "rows": sizes["prompts"] * sizes["width"], "past_rows": sizes["prompts"] * max(1, sizes["width"] - 1)}
    if own:
        extent["past"] += 1
        extent["length"] = extent["past"] + 1
    result = {}
    for name, example in graph.examples.items():
        shape = [extent.get(graph.axes.get(name, {}).get(axis, ""), size) for axis, size in enumerate(example.shape)]
        if example.is_floating_point():
            result[name] = torch.randn(shape, generator=rng)
        elif name == "parents":
            result[name] = torch.arange(shape[0]) % extent["past_rows"]
        elif "mask" in name:
            result[name] = torch.ones(shape, dtype=torch.long)
            if shape[0] > 1 and shape[1] > 1:
                result[name][0, :1] = 0
        else:
            result[name] = torch.randint(0, 3, shape, generator=rng)
    return result
