"""Exports any PyTorch module that scores candidates as a bundle of contract POINTWISE_RANKER.

``export_ranker`` is the one entry. It refuses to write a bundle whose graph does not answer as the module does.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch

from .bundle import ExportError, bundle_folder, open_session
from .parity import ParityError, difference
from .ranker_rows import LISTS, RankerRows

TASK_KINDS = ("LOGIT", "PROBABILITY", "VALUE")
REASON_KINDS = ("ROUTING", "CLASS", "ATTRIBUTION", "CONCEPT", "ENTITY")
GOLDEN_CANDIDATES = 25


@dataclass(frozen=True)
class Request:
    """A history (ids or dicts with item, at, behavior), a context, and candidates: ordinals or dicts of features."""

    candidates: list
    history: list = ()
    context: dict | None = None


def export_ranker(module: torch.nn.Module, entries: list[dict], tasks: list[dict], requests: list[Request], *,
                  out_dir: str | Path, name: str, version: str, items: list[dict] = (), hidden: int | None = None,
                  policy: dict | None = None, golden: int = 8, tolerance: float = 1e-4, opset: int = 17,
                  widths: dict[str, tuple] | None = None, reasons: list[dict] = ()) -> Path:
    """Writes the bundle folder ``out_dir`` (replaced if it is a bundle already) and returns it.

    ``module``: forward takes the tensors of ``entries`` in order, those of the request with one row, and returns scores
    [B, T], or (scores, hidden [B, H]) if ``hidden`` is H, and after these one tensor [B, labels] or [1, labels] for each of
    ``reasons``, what the model goes by: ``{"name": "experts", "kind": "ROUTING", "labels": ["a", "b"]}``. ``requests``: the
    graph is compared with the module on all of them, and the first ``golden`` are recorded.
    """
    module = module.eval()
    out_dir = Path(out_dir)
    for task in tasks:
        if task.get("kind") not in TASK_KINDS:
            raise ExportError(f"task {task.get('name')!r}: kind {task.get('kind')!r}, expected one of {', '.join(TASK_KINDS)}")
    rows = RankerRows(entries, items, widths)
    _check_reasons(module, rows, requests[0], reasons, hidden)
    with bundle_folder(out_dir) as work:
        _export_graph(module, rows, requests[0], work / "model.onnx", hidden, reasons, opset)
        session = open_session(work / "model.onnx")
        found = [i.name for i in session.get_inputs()]
        if lost := [e["name"] for e in entries if e["name"] not in found]:
            raise ExportError(f"input {lost[0]!r} is not used by the module: the graph has only {', '.join(found)}")
        _check(module, session, rows, requests, reasons, tolerance)
        ranker = {"inputs": entries, "scores": {"name": "scores"}, "tasks": tasks}
        if hidden:
            ranker["hidden"] = {"name": "hidden", "size": hidden}
        if policy:
            ranker["policy"] = policy
        if reasons:
            ranker["reasons"] = [{"name": r["name"], "kind": r["kind"], "labels": list(r["labels"])} for r in reasons]
        manifest = {"formatVersion": 1, "name": name, "version": str(version), "contract": "POINTWISE_RANKER",
                    "model": "model.onnx", "opset": opset,
                    "producer": f"pytorch {torch.__version__.split('+')[0]}, torch.onnx"}
        if items:
            manifest["items"] = {"file": "items.jsonl", "count": len(items)}
            with open(work / "items.jsonl", "w", encoding="utf-8", newline="\n") as lines:
                lines.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        manifest |= {"ranker": ranker, "golden": "golden.json"}
        write_json(work / "golden.json", {"tolerance": tolerance,
                                      "requests": [_golden(module, rows, r) for r in requests[:golden]]})
        write_json(work / "manifest.json", manifest)
    return out_dir


def tensors(rows: RankerRows, request: Request) -> dict[str, torch.Tensor]:
    """The tensors of a request in the order of the entries."""
    arrays = rows.request(request.history, request.context) | rows.candidates(request.candidates)
    return {e["name"]: torch.from_numpy(arrays[e["name"]]) for e in rows.entries}


def outputs(module: torch.nn.Module, rows: RankerRows, request: Request) -> np.ndarray:
    """Scores [candidates, tasks] of the module."""
    with torch.inference_mode():
        result = module(*tensors(rows, request).values())
    return (result[0] if isinstance(result, tuple) else result).numpy()


def _told(module, rows: RankerRows, request: Request, count: int) -> list[np.ndarray]:
    """The last ``count`` outputs of the module: what it goes by."""
    with torch.inference_mode():
        result = module(*tensors(rows, request).values())
    return [r.numpy() for r in result[-count:]] if count else []


def _check_reasons(module, rows: RankerRows, request: Request, reasons, hidden) -> None:
    """Raises ``ExportError`` unless the module gives a column for each label, and shares where there should be any."""
    for reason in reasons:
        labels = list(reason.get("labels", ()))
        if reason.get("kind") not in REASON_KINDS or not labels or len(set(labels)) < len(labels):
            raise ExportError(f"reason {reason.get('name')!r}: kind {reason.get('kind')!r}, labels {labels}, expected one of "
                              f"{', '.join(REASON_KINDS)}, and a label at least, each once")
    if len({r["kind"] for r in reasons}) < len(reasons):
        raise ExportError(f"reasons: {', '.join(r['kind'] for r in reasons)}, expected each kind once")
    if not reasons:
        return
    with torch.inference_mode():
        result = module(*tensors(rows, request).values())
    expected = 1 + bool(hidden) + len(reasons)
    if not isinstance(result, tuple) or len(result) != expected:
        found = len(result) if isinstance(result, tuple) else 1
        raise ExportError(f"module: {found} outputs, expected {expected}: scores, {'hidden, ' if hidden else ''}"
                          f"{', '.join(r['name'] for r in reasons)}")
    for reason, told in zip(reasons, result[-len(reasons):]):
        if told.ndim != 2 or told.shape[0] not in (1, len(request.candidates)) or told.shape[1] != len(reason["labels"]):
            raise ExportError(f"reason {reason['name']!r}: shape {list(told.shape)}, expected [1 or {len(request.candidates)}, "
                              f"{len(reason['labels'])}]")
        if reason["kind"] in ("ROUTING", "CLASS") and not (
                (told >= 0).all() and torch.allclose(told.sum(1), torch.ones(told.shape[0]), atol=1e-3)):
            raise ExportError(f"reason {reason['name']!r} of kind {reason['kind']}: expected shares with a sum of 1, found "
                              f"{told[0].tolist()}")


def _export_graph(module, rows: RankerRows, request: Request, graph: Path, hidden, reasons, opset: int) -> None:
    """Rows of the request stay 1 in the graph, so that it says itself what it broadcasts."""
    # One candidate could be traced as a constant, and a list of one place too.
    example, doubled = {}, Request(list(request.candidates) * 2, request.history, request.context)
    for name, tensor in tensors(rows, doubled).items():
        entry = rows.by_name[name]
        if entry["role"] in (*LISTS, "MASK") and tensor.shape[1] == 1:
            tensor = torch.cat([tensor] * 3, 1)
        example[name] = tensor
    dynamic = {"scores": {0: "candidates"}}
    names = ["scores"]
    if hidden:
        names.append("hidden")
        dynamic["hidden"] = {0: "candidates"}
    for reason, told in zip(reasons, _told(module, rows, doubled, len(reasons))):
        names.append(reason["name"])
        if len(told) > 1:
            dynamic[reason["name"]] = {0: "candidates"}
    for entry in rows.entries:
        axes = {0: "candidates"} if rows.side(entry) == "CANDIDATE" else {}
        listed = rows.by_name[entry["of"]] if entry["role"] == "MASK" else entry
        if listed["role"] in LISTS and listed.get("length", "DYNAMIC") == "DYNAMIC":
            axes[1] = f"{listed['name']}_length"
        if axes:
            dynamic[entry["name"]] = axes
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, tuple(example.values()), str(graph), input_names=list(example), output_names=names,
                          dynamic_axes=dynamic, opset_version=opset, do_constant_folding=True, dynamo=False)
    onnx.checker.check_model(onnx.load(str(graph)), full_check=True)


def _check(module, session, rows: RankerRows, requests: list[Request], reasons, tolerance: float) -> None:
    """Graph and module agree for all candidates of a request together and for the first alone, in what they tell too."""
    names = [r["name"] for r in reasons]
    for number, request in enumerate(requests):
        for part in (request, Request(list(request.candidates)[:1], request.history, request.context)):
            expected = [outputs(module, rows, part), *_told(module, rows, part, len(names))]
            found = session.run(["scores", *names], {n: t.numpy() for n, t in tensors(rows, part).items()})
            for name, of_module, of_graph in zip(("scores", *names), expected, found):
                gap = difference(of_module, of_graph)
                if not gap <= tolerance:
                    raise ParityError(f"request {number}, {len(part.candidates)} candidates, output {name!r}: graph and module "
                                      f"differ by {gap:.3g}, at most {tolerance:g} allowed")
        alone = outputs(module, rows, Request(list(request.candidates)[:1], request.history, request.context))
        gap = difference(alone, outputs(module, rows, request)[:1])
        if not gap <= tolerance:
            raise ParityError(f"request {number}: a candidate scores differently alone and beside others, by {gap:.3g}")


def golden_request(rows: RankerRows, request: Request) -> dict:
    """A request as ``golden.json`` writes it."""
    result = {}
    if request.history:
        result["history"] = list(request.history)
    if request.context:
        result["context"] = request.context
    result["candidates"] = [c if isinstance(c, str) else {"features": c} if isinstance(c, dict) else rows.items[c]["id"]
                            for c in request.candidates]
    return result


def _golden(module, rows: RankerRows, request: Request) -> dict:
    request = Request(list(request.candidates)[:GOLDEN_CANDIDATES], request.history, request.context)
    return golden_request(rows, request) | {"outputs": outputs(module, rows, request).tolist()}


def write_json(path: Path, value: dict) -> None:
    """One member a line; the objects of an array get a line each."""

    def line(member) -> str:
        if isinstance(member, list) and member and isinstance(member[0], dict):
            return "[\n    " + ",\n    ".join(json.dumps(m, ensure_ascii=False) for m in member) + "]"
        return json.dumps(member, ensure_ascii=False)

    text = "{\n" + ",\n".join(f"  {json.dumps(k)}: {line(v)}" for k, v in value.items()) + "\n}\n"
    path.write_text(text, encoding="utf-8", newline="\n")
