"""Exports any PyTorch module that picks a list item by item as a bundle of contract LISTWISE_RERANKER.

``export_list_ranker`` is the one entry. It refuses to write a bundle whose graph does not pick as the module does.
"""

import json
import math
import warnings
from pathlib import Path
from typing import Callable

import numpy as np
import onnx
import torch

from .bundle import ExportError, bundle_folder, open_session
from .parity import ParityError, difference
from .ranker import Request, golden_request, tensors, write_json
from .ranker_rows import LISTS, RankerRows

SELECTED = "selected"


def export_list_ranker(module: torch.nn.Module, entries: list[dict], requests: list[Request], *, out_dir: str | Path, name: str,
                       version: str, items: list[dict] = (), start: int = 0, offset: int = 1, min_length: int = 0,
                       max_length: int | None = None, golden: int = 8, tolerance: float = 1e-4, opset: int = 17,
                       widths: dict[str, tuple] | None = None) -> Path:
    """Writes the bundle folder ``out_dir`` (replaced if it is a bundle already) and returns it.

    ``module``: forward takes the tensors of ``entries`` in order, those of candidates as [1, N, ...], then what was picked,
    [1, S]: ``start``, then the place of each + ``offset``. It returns logits [1, N + 1], the last of them that of the end.
    ``requests``: every run of their lists is compared, and the first ``golden`` lists are recorded.
    """
    module = module.eval()
    out_dir = Path(out_dir)
    if not requests or not all(r.candidates for r in requests):
        raise ExportError("requests: expected at least one, each with a candidate")
    if max_length is not None and not min_length <= max_length:
        raise ExportError(f"max_length: {max_length}, expected at least min_length {min_length}")
    rows = RankerRows(entries, items, widths)
    with bundle_folder(out_dir) as work:
        _export_graph(module, rows, requests[0], work / "model.onnx", start, offset, opset)
        session = open_session(work / "model.onnx")
        found = [i.name for i in session.get_inputs()]
        if lost := [n for n in (*(e["name"] for e in entries), SELECTED) if n not in found]:
            raise ExportError(f"input {lost[0]!r} is not used by the module: the graph has only {', '.join(found)}")
        described = {"inputs": entries, "selected": {"name": SELECTED, "start": start, "offset": offset}, "logits": "logits",
                     "minLength": min_length}
        if max_length is not None:
            described["maxLength"] = max_length
        lists = [_checked(module, session, rows, r, start, offset, min_length, max_length, tolerance) for r in requests]
        manifest = {"formatVersion": 1, "name": name, "version": str(version), "contract": "LISTWISE_RERANKER",
                    "model": "model.onnx", "opset": opset,
                    "producer": f"pytorch {torch.__version__.split('+')[0]}, torch.onnx"}
        if items:
            manifest["items"] = {"file": "items.jsonl", "count": len(items)}
            with open(work / "items.jsonl", "w", encoding="utf-8", newline="\n") as lines:
                lines.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        manifest |= {"list": described, "golden": "golden.json"}
        write_json(work / "golden.json", {"tolerance": tolerance, "requests": [
            golden_request(rows, r) | {"order": order, "scores": scores}
            for r, (order, scores) in zip(requests[:golden], lists)]})
        write_json(work / "manifest.json", manifest)
    return out_dir


def pick(logits_of: Callable[[list[int]], np.ndarray], count: int, min_length: int = 0,
         max_length: int | None = None) -> tuple[list[int], list[float]]:
    """The list that a model picks: places of candidates, and the logarithm of the probability of the list up to each.

    ``logits_of``: the logits [N + 1] after the places that were picked.
    """
    order, scores, score = [], [], 0.0
    while len(order) < min(count, count if max_length is None else max_length):
        logits = np.asarray(logits_of(order), dtype=np.float64)
        logits[order] = -np.inf
        end = logits[count] if len(order) >= min_length else -np.inf
        best = int(np.argmax(logits[:count]))
        if logits[best] == -np.inf or end > logits[best]:
            break
        with np.errstate(under="ignore"):
            score -= math.log(np.exp(np.append(logits[:count], end) - logits[best]).sum())
        order.append(best)
        scores.append(score)
    return order, scores


def _tensors(rows: RankerRows, request: Request, picked: list[int], start: int, offset: int) -> dict[str, torch.Tensor]:
    of_list = {name: tensor.unsqueeze(0) if rows.side(rows.by_name[name]) == "CANDIDATE" else tensor
               for name, tensor in tensors(rows, request).items()}
    return of_list | {SELECTED: torch.tensor([[start, *(place + offset for place in picked)]])}


def _checked(module, session, rows: RankerRows, request: Request, start: int, offset: int, min_length: int,
             max_length: int | None, tolerance: float) -> tuple[list[int], list[float]]:
    """The list of the module, after comparing the graph with it in each of its runs."""

    def logits_of(picked: list[int]) -> np.ndarray:
        given = _tensors(rows, request, picked, start, offset)
        with torch.inference_mode():
            expected = module(*given.values()).numpy()
        if expected.shape != (1, len(request.candidates) + 1):
            raise ExportError(f"logits: shape {list(expected.shape)}, expected [1, {len(request.candidates) + 1}]")
        found = session.run(["logits"], {n: t.numpy() for n, t in given.items()})[0]
        gap = difference(expected, found)
        if not gap <= tolerance:
            raise ParityError(f"{len(picked)} of {len(request.candidates)} picked: graph and module differ by {gap:.3g}, "
                              f"at most {tolerance:g} allowed")
        return expected[0]

    return pick(logits_of, len(request.candidates), min_length, max_length)


def _export_graph(module, rows: RankerRows, request: Request, graph: Path, start: int, offset: int, opset: int) -> None:
    # One candidate could be traced as a constant, and a list of one place too.
    example = {}
    wide = Request(list(request.candidates) * 2, request.history, request.context)
    dynamic = {"logits": {1: "logits_length"}, SELECTED: {1: "selected_length"}}
    for name, tensor in _tensors(rows, wide, [0, 1], start, offset).items():
        example[name] = tensor
        if name == SELECTED:
            continue
        entry = rows.by_name[name]
        of_candidates = rows.side(entry) == "CANDIDATE"
        axes = {1: "candidates"} if of_candidates else {}
        listed = rows.by_name[entry["of"]] if entry["role"] == "MASK" else entry
        if listed["role"] in LISTS and listed.get("length", "DYNAMIC") == "DYNAMIC":
            place = 2 if of_candidates else 1
            axes[place] = f"{listed['name']}_length"
            if tensor.shape[place] == 1:
                example[name] = torch.cat([tensor] * 3, place)
        if axes:
            dynamic[name] = axes
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, tuple(example.values()), str(graph), input_names=list(example), output_names=["logits"],
                          dynamic_axes=dynamic, opset_version=opset, do_constant_folding=True, dynamo=False)
    onnx.checker.check_model(onnx.load(str(graph)), full_check=True)
