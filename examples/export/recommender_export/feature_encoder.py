"""Exports any PyTorch module that makes vectors of features, such as an image and a text, as a bundle of contract ITEM_ENCODER.

``export_feature_encoder`` is the one entry. It refuses to write a bundle whose graph does not answer as the module does.
"""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch

from .bundle import ExportError, bundle_folder, open_session
from .fuse import fuse
from .parity import ParityError, difference
from .ranker_rows import RankerRows
from .simplify import share_extents

ROLES = ("FEATURE", "CATEGORY", "PRESENT")


def export_feature_encoder(module: torch.nn.Module, entries: list[dict], golden: list[dict], *, out_dir: str | Path, name: str,
                           version: str, widths: dict[str, tuple] | None = None, similarity: str = "DOT", normalize: bool = False,
                           tolerance: float = 1e-4, opset: int = 17) -> Path:
    """Writes the bundle folder ``out_dir`` (replaced if it is a bundle already) and returns it.

    ``module``: forward takes the tensors of ``entries`` in order, batch first, and returns vectors [B, D]. ``entries``: the
    inputs as the manifest writes them, of roles FEATURE, CATEGORY and PRESENT; an input with a PRESENT input for its feature
    is zeros where an item lacks it. ``widths``: the extents of a row, for inputs that have any, ``{"image": (3, 224, 224)}``.
    ``golden``: features of items, numbers and flat lists, at least one; some of them may lack what may be absent. With
    ``normalize`` the vectors are scaled to length 1 by whoever runs the graph.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or not str(version):
        raise ExportError(f"name {name!r}, version {version!r}: a name is letters, digits, '.', '_' and '-'; neither is empty")
    if not golden:
        raise ExportError("golden: expected the features of at least one item, found none")
    present = {e["feature"] for e in entries if e["role"] == "PRESENT"}
    for entry in entries:
        if entry["role"] not in ROLES:
            raise ExportError(f"input {entry['name']!r}: role {entry['role']}, expected one of {', '.join(ROLES)}")
        lacking = [i for i, item in enumerate(golden) if entry["feature"] not in item]
        if lacking and entry["role"] == "FEATURE" and "default" not in entry and entry["feature"] not in present:
            raise ExportError(f"golden item {lacking[0]}: expected feature {entry['feature']!r}, which has no default and no "
                              f"input of role PRESENT")
    module, out_dir = module.eval(), Path(out_dir)
    rows = RankerRows([e | {"side": "CANDIDATE"} for e in entries], (), widths)
    with bundle_folder(out_dir) as work:
        _export(module, rows, golden, work / "model.onnx", opset)
        vectors = _check(module, rows, golden, work / "model.onnx", tolerance)
        if normalize:
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
        manifest = {"formatVersion": 1, "name": name, "version": str(version), "contract": "ITEM_ENCODER", "model": "model.onnx",
                    "opset": opset, "producer": f"PyTorch {torch.__version__.split('+')[0]}",
                    "encoder": {"inputs": entries, "embedding": {
                        "name": "embedding", "dimension": vectors.shape[1], "normalize": normalize, "similarity": similarity}},
                    "golden": "golden.json"}
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        lines = [json.dumps({"features": f, "vector": [float(f"{x:.7g}") for x in v]}, ensure_ascii=False)
                 for f, v in zip(golden, vectors)]
        (work / "golden.json").write_text(
            f'{{"tolerance": {tolerance}, "items": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    return out_dir


def tensors(rows: RankerRows, items: list[dict]) -> dict[str, torch.Tensor]:
    """The tensors of items in the order of the entries."""
    arrays = rows.candidates(items)
    return {e["name"]: torch.from_numpy(arrays[e["name"]]) for e in rows.entries}


def _export(module, rows: RankerRows, golden: list[dict], path: Path, opset: int) -> None:
    example = tensors(rows, golden[:1] * 2)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, tuple(example.values()), str(path), input_names=list(example), output_names=["embedding"],
                          dynamic_axes={n: {0: "batch"} for n in (*example, "embedding")}, opset_version=opset,
                          do_constant_folding=True, dynamo=False)
    onnx.save(fuse(share_extents(onnx.load(path))), path)
    onnx.checker.check_model(str(path))


def _check(module, rows: RankerRows, golden: list[dict], path: Path, tolerance: float) -> np.ndarray:
    """The vectors by PyTorch, each item alone; raises ``ParityError`` unless the graph gives them alone and together."""
    session = open_session(path)
    found = [i.name for i in session.get_inputs()]
    if lost := [e["name"] for e in rows.entries if e["name"] not in found]:
        raise ExportError(f"input {lost[0]!r} is not used by the module: the graph has only {', '.join(found)}")
    with torch.inference_mode():
        alone = [module(*tensors(rows, [item]).values()).numpy() for item in golden]
    if alone[0].ndim != 2:
        raise ExportError(f"output: shape {list(alone[0].shape)} for one item, expected [1, D]")
    expected = np.concatenate(alone)
    for batch in ([0], list(range(len(golden))), list(range(len(golden))) * 3):
        given = session.run(["embedding"], {n: t.numpy() for n, t in tensors(rows, [golden[i] for i in batch]).items()})[0]
        gap = difference(expected[batch], given)
        if not gap <= tolerance * max(1.0, float(np.abs(expected).max())):
            raise ParityError(f"model.onnx: batch {len(batch)}: graph and module differ by {gap:.3g}, at most {tolerance:g} allowed "
                              f"(shapes {list(given.shape)} and {list(expected[batch].shape)})")
    return expected
