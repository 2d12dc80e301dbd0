"""Exports encoders of texts (Transformers, Sentence Transformers) as bundles of contract ITEM_ENCODER.

``python -m recommender_export.text_encoder --model FOLDER --fields title --out BUNDLE_DIR [--texts FILE]``
"""

import argparse
import copy
import json
import re
import warnings
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import onnx
import torch

from .bundle import ExportError, bundle_folder, open_session
from .fuse import fuse
from .parity import ParityError, difference
from .simplify import share_extents

POOLINGS = ("MEAN", "MAX", "CLS", "LAST")
_MODES = {"pooling_mode_mean_tokens": "MEAN", "pooling_mode_max_tokens": "MAX", "pooling_mode_cls_token": "CLS",
          "pooling_mode_lasttoken": "LAST"}


@dataclass(frozen=True)
class TextField:
    """One feature within a text: ``prefix`` before its value, ``default`` where it is absent (None: it is required)."""

    feature: str
    prefix: str = ""
    default: str | None = None

    def manifest(self) -> dict:
        result = {"feature": self.feature}
        if self.prefix:
            result["prefix"] = self.prefix
        if self.default is not None:
            result["default"] = self.default
        return result


@dataclass(frozen=True)
class TextLayout:
    """How the features of an item become a text, as the Java encoder does it."""

    fields: tuple[TextField, ...]
    separator: str = " "
    list_separator: str = ", "

    def text(self, features: dict) -> str:
        parts = []
        for field in self.fields:
            if field.feature not in features and field.default is None:
                raise ExportError(f"feature {field.feature!r}: expected a text, found none in {features}")
            value = written(features.get(field.feature, field.default), self.list_separator)
            if value:
                parts.append(field.prefix + value)
        return self.separator.join(parts)


def written(value, list_separator: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return f"{Decimal(repr(float(value))).normalize():f}"
    return list_separator.join(value)


@dataclass
class TextEncoder:
    """A transformer with its fast tokenizer and what Sentence Transformers put behind it."""

    transformer: torch.nn.Module
    tokenizer: object
    pooling: str = "MEAN"
    normalize: bool = True
    max_length: int = 256
    dense: torch.nn.Module | None = None

    @staticmethod
    def load(folder: str | Path) -> "TextEncoder":
        """Reads a folder of Sentence Transformers (``modules.json``), or one of Transformers with mean pooling."""
        from transformers import AutoModel, AutoTokenizer

        folder = Path(folder)
        model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        result = TextEncoder(model, tokenizer, normalize=False,
                             max_length=min(tokenizer.model_max_length, model.config.max_position_embeddings))
        if not (folder / "modules.json").exists():
            return result
        for module in json.loads((folder / "modules.json").read_text())[1:]:
            kind, config = module["type"].rsplit(".", 1)[-1], folder / module["path"] / "config.json"
            if kind == "Pooling":
                read = json.loads(config.read_text())
                result.pooling = _pooling(read)
            elif kind == "Normalize":
                result.normalize = True
            elif kind != "Dropout":
                raise ExportError(f"{folder}: expected the modules Transformer, Pooling and Normalize, found {kind}")
        settings = folder / "sentence_bert_config.json"
        if settings.exists():
            result.max_length = json.loads(settings.read_text()).get("max_seq_length") or result.max_length
        return result


def _pooling(config: dict) -> str:
    """The pooling that a file of Sentence Transformers says, in either of its two spellings."""
    named = {"mean": "MEAN", "max": "MAX", "cls": "CLS", "lasttoken": "LAST"}
    if config.get("pooling_mode") in named:
        return named[config["pooling_mode"]]
    on = [mode for mode, value in config.items() if mode.startswith("pooling_mode_") and value]
    if len(on) != 1 or on[0] not in _MODES:
        raise ExportError(f"pooling: expected exactly one of {', '.join(_MODES)}, found {', '.join(on) or 'none'}")
    return _MODES[on[0]]


class TextGraph(torch.nn.Module):
    """Tokens [B, T] -> states [B, T, D], or pooled and normalized vectors [B, D]."""

    def __init__(self, encoder: TextEncoder, pooled: bool, types: bool):
        super().__init__()
        self.transformer, self.dense = encoder.transformer, encoder.dense
        self.pooling, self.normalize, self.pooled, self.types = encoder.pooling, encoder.normalize, pooled, types

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        more = {"token_type_ids": token_type_ids} if self.types else {}
        states = self.transformer(input_ids=input_ids, attention_mask=attention_mask, **more).last_hidden_state
        if not self.pooled:
            return states
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        if self.pooling == "MEAN":
            vector = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        elif self.pooling == "MAX":
            vector = (states + (mask - 1) * 1e9).max(1).values
        elif self.pooling == "CLS":
            vector = states[:, 0]
        else:
            last = (attention_mask.sum(1) - 1)[:, None, None].expand(-1, 1, states.shape[-1])
            vector = states.gather(1, last).squeeze(1)
        vector = vector if self.dense is None else self.dense(vector)
        return torch.nn.functional.normalize(vector, dim=1) if self.normalize else vector


def export_text_encoder(encoder: TextEncoder, layout: TextLayout, *, out_dir: str | Path, name: str, version: str,
                        golden: list[dict], similarity: str = "COSINE", pool_in_graph: bool = True, tolerance: float = 1e-4,
                        opset: int = 17) -> Path:
    """Writes the bundle folder ``out_dir`` (replaced if it is a bundle already) and returns it.

    ``golden``: features of items, whose vectors by PyTorch are recorded. Padding goes to the right. With
    ``pool_in_graph=False`` the graph ends in the states of the tokens, and whoever runs it pools them.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or not str(version):
        raise ExportError(f"name {name!r}, version {version!r}: a name is letters, digits, '.', '_' and '-'; neither is empty")
    if encoder.pooling not in POOLINGS:
        raise ExportError(f"pooling: {encoder.pooling!r}, expected one of {', '.join(POOLINGS)}")
    if not golden:
        raise ExportError("golden: expected the features of at least one item, found none")
    if encoder.dense is not None and not pool_in_graph:
        raise ExportError("pool_in_graph: expected True, as the encoder has a layer behind its pooling")
    tokenizer = bare_tokenizer(encoder.tokenizer)
    encoder = copy.copy(encoder)
    encoder.transformer = copy.deepcopy(encoder.transformer).float().eval()
    types = "token_type_ids" in encoder.tokenizer.model_input_names
    whole = TextGraph(encoder, True, types).eval()
    graph = whole if pool_in_graph else TextGraph(encoder, False, types).eval()
    out_dir = Path(out_dir)
    with bundle_folder(out_dir) as work:
        texts = [layout.text(features) for features in golden]
        tokenizer.save(str(work / "tokenizer.json"))
        vectors = _vectors(whole, encoder, texts)
        _export(graph, encoder, texts, work / "model.onnx", types, opset)
        _check(graph, encoder, texts, work / "model.onnx", tolerance)
        inputs = [{"role": "TOKEN_IDS", "name": "input_ids"}, {"role": "ATTENTION_MASK", "name": "attention_mask"}]
        if types:
            inputs.append({"role": "TOKEN_TYPES", "name": "token_type_ids"})
        manifest = {
            "formatVersion": 1, "name": name, "version": str(version), "contract": "ITEM_ENCODER", "model": "model.onnx",
            "opset": opset, "producer": f"PyTorch {torch.__version__.split('+')[0]}",
            "encoder": {
                "text": {
                    "tokenizer": "tokenizer.json", "fields": [f.manifest() for f in layout.fields],
                    "separator": layout.separator, "listSeparator": layout.list_separator, "maxLength": encoder.max_length,
                    "paddingToken": encoder.tokenizer.pad_token_id, "paddingType": encoder.tokenizer.pad_token_type_id},
                "inputs": inputs,
                "embedding": {
                    "name": "embedding" if pool_in_graph else "last_hidden_state", "dimension": vectors.shape[1],
                    "pooling": "NONE" if pool_in_graph else encoder.pooling,
                    "normalize": encoder.normalize and not pool_in_graph, "similarity": similarity}},
            "golden": "golden.json"}
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        lines = [json.dumps({"features": f, "vector": [float(f"{x:.7g}") for x in v]}, ensure_ascii=False)
                 for f, v in zip(golden, vectors)]
        (work / "golden.json").write_text(
            '{"tolerance": 1e-4, "items": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    return out_dir


def bare_tokenizer(tokenizer):
    """A copy of the fast tokenizer that neither pads nor cuts: the manifest says both."""
    if not getattr(tokenizer, "is_fast", False):
        raise ExportError(f"{type(tokenizer).__name__}: expected a fast tokenizer, which has a tokenizer.json")
    from tokenizers import Tokenizer

    bare = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    bare.no_padding()
    bare.no_truncation()
    return bare


def _tokens(encoder: TextEncoder, texts: list[str], types: bool) -> dict[str, torch.Tensor]:
    read = encoder.tokenizer(texts, padding=True, truncation=True, max_length=encoder.max_length, return_tensors="pt")
    names = ("input_ids", "attention_mask") + (("token_type_ids",) if types else ())
    return {n: read[n] for n in names}


def _vectors(graph: TextGraph, encoder: TextEncoder, texts: list[str]) -> np.ndarray:
    """Vectors [N, D] by PyTorch, each text alone, so that no padding takes part."""
    with torch.inference_mode():
        return np.concatenate([graph(**_tokens(encoder, [text], graph.types)).numpy() for text in texts])


def _export(graph: TextGraph, encoder: TextEncoder, texts: list[str], path: Path, types: bool, opset: int) -> None:
    example = _tokens(encoder, [max(texts, key=len), min(texts, key=len) + " a"], types)
    output = "embedding" if graph.pooled else "last_hidden_state"
    axes = {n: {0: "batch", 1: "length"} for n in example}
    axes[output] = {0: "batch"} if graph.pooled else {0: "batch", 1: "length"}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(graph, tuple(example.values()), str(path), input_names=list(example), output_names=[output],
                          dynamic_axes=axes, opset_version=opset, do_constant_folding=True, dynamo=False)
    onnx.save(fuse(share_extents(onnx.load(path))), path)
    onnx.checker.check_model(str(path))


def _check(graph: TextGraph, encoder: TextEncoder, texts: list[str], path: Path, tolerance: float) -> None:
    """Raises ``ParityError`` unless graph and module agree, text by text, in a batch, and on the longest text there is."""
    session = open_session(path)
    longest = " ".join(texts * (1 + encoder.max_length // max(1, len(texts))))
    for batch in ([texts[0]], texts, [longest], [longest, texts[0]]):
        tokens = _tokens(encoder, batch, graph.types)
        with torch.inference_mode():
            expected = graph(**tokens).numpy()
        found = session.run(None, {k: v.numpy() for k, v in tokens.items()})[0]
        if not graph.pooled:  # states in padding are never read
            kept = tokens["attention_mask"].numpy().astype(bool)
            expected, found = expected[kept], found[kept]
        gap = difference(expected, found)
        if not gap <= tolerance * max(1.0, float(np.abs(expected).max())):
            raise ParityError(f"model.onnx: batch {tuple(tokens['input_ids'].shape)}: graph and model differ by {gap:.3g}, "
                              f"at most {tolerance:g} allowed (shapes {list(found.shape)} and {list(expected.shape)})")


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.text_encoder", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="folder of Sentence Transformers or Transformers")
    p.add_argument("--fields", nargs="+", default=["title"], help="features of an item in the order of the text; "
                   "the first is required, the others may be absent")
    p.add_argument("--separator", default=" ")
    p.add_argument("--texts", help="items.jsonl whose first items are the golden ones (default: made-up titles)")
    p.add_argument("--out", required=True, help="bundle folder")
    p.add_argument("--name", help="name in the manifest (default: the name of OUT)")
    p.add_argument("--version", default="1")
    p.add_argument("--pool-outside", action="store_true", help="the graph ends in the states of the tokens")
    args = p.parse_args(arguments)
    layout = TextLayout(tuple(TextField(f, default=None if i == 0 else "") for i, f in enumerate(args.fields)), args.separator)
    if args.texts:
        lines = Path(args.texts).read_text(encoding="utf-8").splitlines()
        golden = [{k: v for k, v in json.loads(line).items() if k in args.fields} for line in lines[:20]]
    else:
        golden = [{args.fields[0]: text} for text in GOLDEN_TEXTS]
    out = Path(args.out)
    export_text_encoder(TextEncoder.load(args.model), layout, out_dir=out, name=args.name or out.name, version=args.version,
                        golden=golden, pool_in_graph=not args.pool_outside)
    print(f"{out}: {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB, graph and model agree", flush=True)


GOLDEN_TEXTS = (
    "Red running shoe", "A", "Wireless noise-cancelling headphones, 30 h", "Crème brûlée torch", "4-pack AA batteries",
    "The Left Hand of Darkness", "Stainless steel water bottle 750 ml", "naïve café", "USB-C to HDMI adapter (4K@60Hz)",
    "日本語の本", "Строительный шлем", "كتاب الطبخ", "emoji 😀 mug", "50% off!!! limited", "Harry Potter and the Goblet of Fire",
    "size: 42 / colour: blue", "organic green tea, 100 bags", "e-mail@example.org", "   spaces   around   ",
    "an unusually long product title that goes on and on with many words about nothing in particular " * 4)


if __name__ == "__main__":
    main()
