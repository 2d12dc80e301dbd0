"""Exports models that score a pair of texts (Transformers, Sentence Transformers) as bundles of contract CROSS_ENCODER.

``python -m recommender_export.cross_encoder --model FOLDER --items items.jsonl --out BUNDLE_DIR``
"""

import argparse
import copy
import json
import random
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch

from .bundle import ExportError, bundle_folder, open_session
from .fuse import fuse
from .lora import Gate
from .pair_texts import PairTexts, Template
from .parity import ParityError, difference
from .ranker import Request, write_json
from .simplify import share_extents
from .text_encoder import bare_tokenizer

KINDS = ("LOGIT", "PROBABILITY", "VALUE")


@dataclass
class CrossEncoder:
    """A model of sequence classification with its fast tokenizer.

    ``kind``: what the output is. ``gate`` and ``adapters``: of ``add_adapters``, if the model has them. ``verbalizer``: tokens
    of yes and no, for a language model that answers a pair with its next token.
    """

    model: torch.nn.Module
    tokenizer: object
    max_length: int = 256
    kind: str = "LOGIT"
    gate: Gate | None = None
    adapters: int = 0
    verbalizer: tuple[int, int] | None = None

    @staticmethod
    def load(folder: str | Path) -> "CrossEncoder":
        """Reads a folder of Transformers or of a ``CrossEncoder`` of Sentence Transformers."""
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        said = getattr(model.config, "sentence_transformers", None) or {}
        activation = str(said.get("activation_fn") or getattr(model.config, "sbert_ce_default_activation_function", ""))
        return CrossEncoder(model, tokenizer, min(tokenizer.model_max_length, model.config.max_position_embeddings),
                            "VALUE" if activation.endswith("Identity") else "LOGIT")


class PairGraph(torch.nn.Module):
    """Tokens [B, T] (and a gate [B, M]) -> score [B, 1]."""

    def __init__(self, encoder: CrossEncoder, types: bool):
        super().__init__()
        self.model, self.gate, self.types, self.verbalizer = encoder.model, encoder.gate, types, encoder.verbalizer

    def forward(self, input_ids, attention_mask, *more):
        named = {"input_ids": input_ids, "attention_mask": attention_mask}
        if self.types:
            named["token_type_ids"] = more[0]
        if self.gate is not None:
            self.gate.value = more[-1]
        logits = self.model(**named).logits
        if self.verbalizer:
            last = (attention_mask.sum(1) - 1)[:, None, None].expand(-1, 1, logits.shape[-1])
            logits = logits.gather(1, last).squeeze(1)[:, list(self.verbalizer)]
            return logits[:, :1] - logits[:, 1:]
        # Of two classes the second is the one that fits: the sigmoid of the difference is its probability.
        return logits if logits.shape[-1] == 1 else logits[:, 1:] - logits[:, :1]


def export_cross_encoder(encoder: CrossEncoder, texts: PairTexts, requests: list[Request], *, out_dir: str | Path, name: str,
                         version: str, items: list[dict] = (), tolerance: float = 1e-4, opset: int = 17) -> Path:
    """Writes the bundle folder ``out_dir`` (replaced if it is a bundle already) and returns it.

    ``requests``: whose scores by PyTorch are recorded, candidates as ordinals of ``items`` or dicts of features; a gate is the
    feature ``lora_gate`` of a context, zeros if absent. Padding goes to the right.
    """
    if encoder.kind not in KINDS:
        raise ExportError(f"kind: {encoder.kind!r}, expected one of {', '.join(KINDS)}")
    labels = 2 if encoder.verbalizer else encoder.model.config.num_labels
    if labels > 2 or (labels == 2 and encoder.kind != "LOGIT"):
        raise ExportError(f"model: {labels} labels and kind {encoder.kind}, expected one label, or two and LOGIT")
    if not requests or not all(r.candidates for r in requests):
        raise ExportError("requests: expected at least one, each with a candidate")
    tokenizer = bare_tokenizer(encoder.tokenizer)
    if encoder.gate is None:
        encoder = copy.copy(encoder)
        encoder.model = copy.deepcopy(encoder.model)
    encoder.model.float().eval()
    types = "token_type_ids" in encoder.tokenizer.model_input_names
    graph = PairGraph(encoder, types).eval()
    out_dir = Path(out_dir)
    with bundle_folder(out_dir) as work:
        pairs = [_pairs(encoder, texts, request, items) for request in requests]
        outputs = [_alone(graph, encoder, texts, *of) for of in pairs]
        _export(graph, encoder, texts, pairs[0], work / "model.onnx", opset)
        _check(graph, encoder, texts, pairs, work / "model.onnx", tolerance)
        tokenizer.save(str(work / "tokenizer.json"))
        inputs = [{"role": "TOKEN_IDS", "name": "input_ids"}, {"role": "ATTENTION_MASK", "name": "attention_mask"}]
        if types:
            inputs.append({"role": "TOKEN_TYPES", "name": "token_type_ids"})
        if encoder.gate is not None:
            inputs.append({"role": "FEATURE", "name": "lora_gate", "feature": "lora_gate", "shape": [encoder.adapters]})
        manifest = {"formatVersion": 1, "name": name, "version": str(version), "contract": "CROSS_ENCODER",
                    "model": "model.onnx", "opset": opset, "producer": f"PyTorch {torch.__version__.split('+')[0]}"}
        if items:
            manifest["items"] = {"file": "items.jsonl", "count": len(items)}
            with open(work / "items.jsonl", "w", encoding="utf-8", newline="\n") as lines:
                lines.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        pad = encoder.tokenizer
        manifest["crossEncoder"] = {
            "text": {"tokenizer": "tokenizer.json"} | texts.manifest() | {
                "maxLength": encoder.max_length, "paddingToken": pad.pad_token_id or 0, "paddingType": pad.pad_token_type_id},
            "inputs": inputs, "score": {"name": "score", "kind": encoder.kind}}
        manifest["golden"] = "golden.json"
        golden = [_golden(request, items) | {"outputs": [[float(f"{x:.7g}")] for x in found]}
                  for request, found in zip(requests, outputs)]
        write_json(work / "golden.json", {"tolerance": tolerance, "requests": golden})
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return out_dir


def _pairs(encoder: CrossEncoder, texts: PairTexts, request: Request, items) -> tuple[list[tuple[str, str]], list[float] | None]:
    """The pairs of a request, in the order of the tokenizer, and its gate."""
    by_id = {item["id"]: item for item in items}
    context = dict(request.context or {})
    gate = context.pop("lora_gate", [0.0] * encoder.adapters) if encoder.gate is not None else None
    if gate is not None and len(gate) != encoder.adapters:
        raise ExportError(f"lora_gate: {len(gate)} numbers, expected {encoder.adapters}")
    asked = texts.request_text(context, [h if isinstance(h, str) else h["item"] for h in request.history], by_id)
    pairs = []
    for candidate in request.candidates:
        features = items[candidate] if isinstance(candidate, int) else candidate
        text = texts.item_text(features)
        if text is None:
            raise ExportError(f"candidate {candidate!r}: expected a text by {texts.item!r}, found none")
        pairs.append((asked, text) if texts.order == "REQUEST_FIRST" else (text, asked))
    return pairs, gate


def _golden(request: Request, items) -> dict:
    result = {}
    if request.history:
        result["history"] = list(request.history)
    if request.context:
        result["context"] = request.context
    return result | {"candidates": [items[c]["id"] if isinstance(c, int) else {"features": c} for c in request.candidates]}


def tokens(encoder: CrossEncoder, texts: PairTexts, pairs: list[tuple[str, str]], gate=None) -> dict[str, torch.Tensor]:
    """The tensors of pairs, padded to the longest, in the order of the graph."""
    read = encoder.tokenizer([p[0] for p in pairs], [p[1] for p in pairs], padding=True, truncation=texts.truncation.lower(),
                             max_length=encoder.max_length, return_tensors="pt", padding_side="right")
    names = ("input_ids", "attention_mask") + (("token_type_ids",) if "token_type_ids" in read else ())
    result = {n: read[n] for n in names}
    if gate is not None:
        result["lora_gate"] = torch.tensor([gate] * len(pairs), dtype=torch.float32)
    return result


def _run(graph: PairGraph, tensors: dict[str, torch.Tensor]) -> np.ndarray:
    with torch.inference_mode():
        return graph(*tensors.values()).numpy()


def _alone(graph: PairGraph, encoder: CrossEncoder, texts: PairTexts, pairs, gate) -> list[float]:
    """Scores by PyTorch, each pair alone, so that no padding takes part."""
    return [float(_run(graph, tokens(encoder, texts, [pair], gate))[0, 0]) for pair in pairs]


def _export(graph: PairGraph, encoder: CrossEncoder, texts: PairTexts, pairs, path: Path, opset: int) -> None:
    (first, *_), gate = pairs
    example = tokens(encoder, texts, [first, (first[0] + " a", first[1] + " b")], gate)
    axes = {n: {0: "batch"} if n == "lora_gate" else {0: "batch", 1: "length"} for n in example}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(graph, tuple(example.values()), str(path), input_names=list(example), output_names=["score"],
                          dynamic_axes=axes | {"score": {0: "batch"}}, opset_version=opset, do_constant_folding=True,
                          dynamo=False)
    onnx.save(fuse(share_extents(onnx.load(path))), path)
    onnx.checker.check_model(str(path))


def _check(graph: PairGraph, encoder: CrossEncoder, texts: PairTexts, requests, path: Path, tolerance: float) -> None:
    """Raises ``ParityError`` unless graph and module agree alone, together, and on the longest pair there is."""
    session = open_session(path)
    cut = 1 if texts.truncation == "ONLY_SECOND" else 0
    for pairs, gate in requests:
        longest = list(pairs[0])
        longest[cut] = " ".join([longest[cut] or "a"] * (1 + encoder.max_length))
        for batch in (pairs[:1], pairs, [tuple(longest)], [tuple(longest), pairs[0]]):
            tensors = tokens(encoder, texts, batch, gate)
            expected = _run(graph, tensors)
            found = session.run(["score"], {k: v.numpy() for k, v in tensors.items()})[0]
            gap = difference(expected, found)
            if not gap <= tolerance * max(1.0, float(np.abs(expected).max())):
                raise ParityError(f"model.onnx: batch {tuple(tensors['input_ids'].shape)}: graph and model differ by {gap:.3g}, "
                                  f"at most {tolerance:g} allowed (shapes {list(found.shape)} and {list(expected.shape)})")


def sample_requests(items: list[dict], texts: PairTexts, count: int, candidates: int, seed: int = 1) -> list[Request]:
    """Requests whose history and candidates are drawn from items; each other variable is the text of an item."""
    draw = random.Random(seed)
    readable = [i for i, item in enumerate(items) if texts.item_text(item) is not None]
    context = [v for v in Template(texts.request).variables if v != "history"]
    return [Request(draw.sample(readable, min(candidates, len(readable))),
                    [items[i]["id"] for i in draw.sample(readable, min(texts.history_items, len(readable)))],
                    {v: texts.item_text(items[draw.choice(readable)]) for v in context} or None) for _ in range(count)]


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.cross_encoder", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="folder of Transformers or Sentence Transformers")
    p.add_argument("--items", required=True, help="items.jsonl: the items of the bundle")
    p.add_argument("--request", default="{query}", help="template of a request: features of its context, and {history}")
    p.add_argument("--item", default="{title}", help="template of an item: its features")
    p.add_argument("--history", type=int, default=0, help="how many items {history} tells")
    p.add_argument("--truncation", default="LONGEST_FIRST", choices=("LONGEST_FIRST", "ONLY_FIRST", "ONLY_SECOND"))
    p.add_argument("--missing", default="FAIL", choices=("FAIL", "LAST", "DROP"))
    p.add_argument("--max-length", type=int, help="tokens of a pair (default: what the model takes)")
    p.add_argument("--golden", type=int, nargs=2, default=(4, 5), metavar=("REQUESTS", "CANDIDATES"))
    p.add_argument("--tolerance", type=float, default=1e-4, help="of the golden scores and of the graph")
    p.add_argument("--out", required=True, help="bundle folder")
    p.add_argument("--name", help="name in the manifest (default: the name of OUT)")
    p.add_argument("--version", default="1")
    args = p.parse_args(arguments)
    items = [json.loads(line) for line in Path(args.items).read_text(encoding="utf-8").splitlines()]
    texts = PairTexts(args.request, args.item, history_items=args.history, truncation=args.truncation, missing=args.missing)
    encoder = CrossEncoder.load(args.model)
    encoder.max_length = args.max_length or encoder.max_length
    out = Path(args.out)
    export_cross_encoder(encoder, texts, sample_requests(items, texts, *args.golden), out_dir=out, name=args.name or out.name,
                         version=args.version, items=items, tolerance=args.tolerance)
    print(f"{out}: {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB, graph and model agree", flush=True)


if __name__ == "__main__":
    main()
