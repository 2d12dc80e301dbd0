"""Exports any PyTorch module as a recommender bundle: graph, manifest, items, golden requests and seal.

``export_bundle`` is the one entry. It refuses to write a bundle whose graph does not answer as the module does.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from . import parity
from .fuse import fuse
from .simplify import share_extents
from .window import STEP_ROLES, Sequence, Windows, milliseconds, role_entry

KINDS = ("LOGIT", "PROBABILITY", "LOG_PROBABILITY", "DOT", "COSINE", "OTHER")
_FLOATS = {"tensor(float)", "tensor(float16)"}


class ExportError(ValueError):
    """The module, its description or its graph cannot become a bundle; the message says what differs from what."""


@dataclass(frozen=True)
class Scores:
    """Output of contract SEQ_LOGITS, [B, C]: the column of an item is its ordinal + ``offset``.

    C must be ``offset`` + N + ``extra_columns`` (a mask token's column, say); saying so catches a forgotten offset.
    """

    name: str = "scores"
    kind: str = "LOGIT"
    offset: int = 0
    extra_columns: int = 0

    def graph_output(self) -> str:
        """The output of the graph that reads windows."""
        return self.name

    def manifest(self, count: int) -> dict:
        """What the manifest says of the output; raises ``ExportError`` if it cannot."""
        if self.kind not in KINDS:
            raise ExportError(f"scores.kind: {self.kind!r}, expected one of {', '.join(KINDS)}")
        return {"contract": "SEQ_LOGITS", "scores": {"name": self.name, "kind": self.kind, "offset": self.offset}}

    def check_width(self, width: int, count: int) -> None:
        expected = self.offset + count + self.extra_columns
        if width != expected:
            raise ExportError(
                f"output {self.name!r} has {width} columns, expected {expected}: {count} items + offset {self.offset} + "
                f"{self.extra_columns} extra columns. Is there a padding column (offset 1) or are items missing?")

    def write(self, work: Path, opset: int, tolerance: float) -> None:
        """Writes the files that only this kind of output has."""

    def item_scores(self, row: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
        """Graph output of one request -> scores [N] by ordinal."""
        return row[self.offset:self.offset + count].astype(np.float32)


@dataclass(frozen=True)
class Embedding:
    """Output of contract SEQ_EMBEDDING, [B, D], compared with ``item_vectors`` [N, D], row = ordinal."""

    item_vectors: np.ndarray
    name: str = "user_embedding"
    similarity: str = "DOT"
    normalize: bool = False

    def graph_output(self) -> str:
        return self.name

    def manifest(self, count: int) -> dict:
        shape = np.shape(self.item_vectors)
        if len(shape) != 2 or shape[0] != count:
            raise ExportError(f"item_vectors: shape {list(shape)}, expected [{count}, D] as there are {count} items")
        if self.similarity not in ("DOT", "COSINE", "L2"):
            raise ExportError(f"embedding.similarity: {self.similarity!r}, expected DOT, COSINE or L2")
        return {"contract": "SEQ_EMBEDDING",
                "embedding": {"name": self.name, "dimension": shape[1], "similarity": self.similarity,
                              "normalize": self.normalize, "itemVectors": "item_vectors.npy"}}

    def check_width(self, width: int, count: int) -> None:
        if width != np.shape(self.item_vectors)[1]:
            raise ExportError(f"output {self.name!r} has dimension {width}, item_vectors {np.shape(self.item_vectors)[1]}")

    def write(self, work: Path, opset: int, tolerance: float) -> None:
        np.save(work / "item_vectors.npy", np.ascontiguousarray(self.item_vectors, dtype=np.float32))

    def item_scores(self, row: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
        user, vectors = row.astype(np.float32), np.asarray(self.item_vectors, dtype=np.float32)
        if self.normalize:
            user = user / np.linalg.norm(user)
        if self.similarity == "L2":
            return -((vectors - user) ** 2).sum(1)
        dot = vectors @ user
        if self.similarity == "COSINE":
            dot = dot / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(user))
        return dot


def export_bundle(module: torch.nn.Module, inputs: dict[str, torch.Tensor], roles: dict[str, str | dict],
                  items: list[dict], *, out_dir: str | Path, name: str, version: str, sequence: Sequence,
                  output: Scores | Embedding, unknown_items: str = "SKIP", fallback: list[str] = (),
                  golden_histories: list = (), golden_k: int = 10, tolerance: float = 1e-4, opset: int = 17,
                  tables: dict[str, np.ndarray] | None = None) -> Path:
    """Writes the bundle folder ``out_dir`` (replaced if it is a bundle already) and returns it.

    ``inputs``: example tensors by input name, batch first, in the order of ``forward``'s arguments. ``roles``: for each
    input a role name, or a dict with the role's members. ``items``: records with ``id`` and attributes, in ordinal order.
    ``tables``: what inputs of role ITEM_TABLE read, by file name: arrays [N, ...] of float32 or integers, row = ordinal.
    ``output``: ``Scores``, ``Embedding`` or ``diffusion.Diffusion``.
    ``golden_histories``: histories or requests (see ``window``) whose answers by the *module* are recorded.
    """
    module, tables = module.eval(), _tables(tables or {}, len(items))
    manifest = _manifest(inputs, roles, items, name, version, sequence, output, unknown_items, fallback, opset)
    if (read := {e["file"] for e in manifest["inputs"] if e["role"] == "ITEM_TABLE"}) != set(tables):
        raise ExportError(f"tables: {', '.join(sorted(tables)) or 'none'}, expected those that inputs read: "
                          f"{', '.join(sorted(read)) or 'none'}")
    out_dir = Path(out_dir)
    with bundle_folder(out_dir) as work:
        graph = work / manifest["model"]
        _export_graph(module, inputs, manifest, graph, opset, output.graph_output())
        session = open_session(graph)
        _check_signature(session, manifest, inputs, len(items), output)
        windows = windows_of(manifest, [i["id"] for i in items], session, tables)
        parity.check(module, session, windows, manifest, tolerance)
        output.write(work, opset, tolerance)
        for file, table in tables.items():
            np.save(work / file, table)
        if len(golden_histories):
            _write_json(work / "golden.json", _golden(module, windows, manifest, output, golden_histories, golden_k))
            manifest["golden"] = "golden.json"
        with open(work / "items.jsonl", "w", encoding="utf-8", newline="\n") as lines:
            lines.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        _write_json(work / "manifest.json", manifest)
    return out_dir


def open_session(graph: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def windows_of(manifest: dict, ids: list[str], session: onnxruntime.InferenceSession,
               tables: dict[str, np.ndarray] | None = None) -> Windows:
    """The window maker of a manifest, with the input types and feature widths that the graph declares."""
    types = {i.name: parity.numpy_type(i.type) for i in session.get_inputs()}
    widths = {}
    for entry in manifest["inputs"]:
        shape = next(i.shape for i in session.get_inputs() if i.name == entry["name"])
        if len(shape) > (2 if entry["role"] in STEP_ROLES else 1):
            widths[entry["name"]] = shape[-1]
    return Windows(manifest, ids, types, widths, tables)


@contextmanager
def bundle_folder(out_dir: Path) -> Iterator[Path]:
    """A folder to write a bundle to, which is sealed and becomes ``out_dir`` if nothing is raised, and is gone otherwise.

    Replaces ``out_dir`` if it is a bundle already, and refuses any other folder that has files.
    """
    if out_dir.exists() and any(out_dir.iterdir()) and not (out_dir / "manifest.json").exists():
        raise ExportError(f"{out_dir}: exists and is not a bundle")
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".bundle-", dir=out_dir.parent))
    try:
        yield work
        seal(work)
        os.chmod(work, 0o755)
        if out_dir.exists():
            shutil.rmtree(out_dir)
        os.replace(work, out_dir)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def seal(folder: Path) -> str:
    """Writes SHA256SUMS over every other file and returns the bundle's fingerprint."""
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n"
             for p in sorted(folder.iterdir()) if p.name != "SHA256SUMS"]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii", newline="\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def top_k(scores: np.ndarray, k: int) -> list[int]:
    """Ordinals of the k best scores [N], best first, ties by ordinal; -inf is never an answer."""
    order = np.argsort(-scores, kind="stable")[:k]
    return [int(i) for i in order if scores[i] > -np.inf]


def _manifest(inputs, roles, items, name, version, sequence, output, unknown_items, fallback, opset) -> dict:
    _check_items(items)
    ids = {item["id"] for item in items}
    if missing := [n for n in inputs if n not in roles]:
        raise ExportError(f"input {missing[0]!r} has no role")
    if extra := [n for n in roles if n not in inputs]:
        raise ExportError(f"roles name {extra[0]!r}, which is not an input; inputs are {', '.join(inputs)}")
    entries = [role_entry(n, roles[n]) for n in inputs]
    found = [e["role"] for e in entries]
    if "ITEM_IDS" not in found:
        raise ExportError("exactly one input must have the role ITEM_IDS")
    if twice := [r for r in found if found.count(r) > 1 and r not in ("ITEM_TABLE", "STEP_FEATURE", "CONTEXT_FEATURE")]:
        raise ExportError(f"role {twice[0]} is given to two inputs")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or not str(version):
        raise ExportError(f"name {name!r}, version {version!r}: a name is letters, digits, '.', '_' and '-'; neither is empty")
    if unknown_items not in ("SKIP", "UNK", "FAIL"):
        raise ExportError(f"unknown_items: {unknown_items!r}, expected SKIP, UNK or FAIL")
    if unknown_items == "UNK" and sequence.unknown_id is None:
        raise ExportError("unknown_items is UNK but sequence.unknown_id is not given")
    if strange := [i for i in fallback if i not in ids]:
        raise ExportError(f"fallback: item {strange[0]!r} is not in items")
    described = output.manifest(len(items))
    manifest = {
        "formatVersion": 1, "name": name, "version": str(version),
        "contract": described.pop("contract"), "model": "model.onnx", "opset": opset, "producer": f"pytorch {torch.__version__.split('+')[0]}, torch.onnx",
        "items": {"file": "items.jsonl", "count": len(items)}, "sequence": sequence.manifest(), "inputs": entries,
    }
    manifest |= described
    manifest["unknownItems"] = unknown_items
    if len(fallback):
        manifest["fallback"] = list(fallback)
    return manifest


def _tables(tables: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """The tables in the types of the format."""
    result = {}
    for file, table in tables.items():
        table = np.asarray(table)
        kind = np.float32 if np.issubdtype(table.dtype, np.floating) else np.int64
        if table.shape[:1] != (count,):
            raise ExportError(f"table {file!r}: shape {list(table.shape)}, expected [{count}, ...] as there are {count} items")
        result[file] = np.ascontiguousarray(table, dtype=kind)
    return result


def _check_items(items: list[dict]) -> None:
    seen = set()
    for i, item in enumerate(items):
        if not isinstance(item.get("id"), str) or not item["id"]:
            raise ExportError(f"items[{i}]: id {item.get('id')!r} is not a non-empty string")
        if item["id"] in seen:
            raise ExportError(f"items[{i}]: id {item['id']!r} occurs twice")
        seen.add(item["id"])
        for key, value in item.items():
            flat = isinstance(value, (str, int, float)) or (
                isinstance(value, list) and (all(isinstance(v, str) for v in value)
                                             or all(isinstance(v, (int, float)) for v in value)))
            if not flat:
                raise ExportError(f"items[{i}]: {key!r} is neither text, number, boolean nor an array of texts or numbers")


def _export_graph(module, inputs, manifest, graph: Path, opset: int, out: str) -> None:
    dynamic = {e["name"]: {0: "batch"} for e in manifest["inputs"]}
    if manifest["sequence"]["length"] == "DYNAMIC":
        for e in manifest["inputs"]:
            if e["role"] in STEP_ROLES:
                dynamic[e["name"]][1] = "length"
    dynamic[out] = {0: "batch"}
    # A batch of 1 in the example could be traced as a constant, so it is doubled.
    example = tuple(torch.cat([t, t]) if t.shape[0] == 1 else t for t in inputs.values())
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, example, str(graph), input_names=list(inputs), output_names=[out], dynamic_axes=dynamic,
                          opset_version=opset, do_constant_folding=True, dynamo=False)
    model = onnx.load(str(graph))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(fuse(share_extents(model)), str(graph))
    found = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    if found != opset:
        raise ExportError(f"model.onnx: opset {found}, expected {opset}")


def _check_signature(session, manifest, inputs, count: int, output) -> None:
    found = [i.name for i in session.get_inputs()]
    if lost := [n for n in inputs if n not in found]:
        raise ExportError(f"input {lost[0]!r} is not used by the module: the graph has only {', '.join(found)}")
    result = next(o for o in session.get_outputs())
    if result.type not in _FLOATS or len(result.shape) != 2:
        raise ExportError(f"output {result.name!r}: {result.type} {result.shape}, expected float32 or float16 of shape [B, C]")
    feed = {n: torch.cat([t, t])[:2].numpy() for n, t in inputs.items()}
    width = session.run([result.name], feed)[0].shape[1]
    output.check_width(width, count)


def _golden(module, windows: Windows, manifest, output, histories, k: int) -> dict:
    requests = []
    for history in histories:
        request = dict(history) if isinstance(history, dict) else {"history": list(history)}
        if not windows.kept(request["history"]):
            continue  # answered by the fallback, not by the graph
        row = parity.run_module(module, windows.arrays([request]))[0]
        scores = output.item_scores(row, manifest["items"]["count"], request.get("seed", 0))
        best = top_k(scores, k)
        items = list(windows.ordinals)
        requests.append({**_instants(request), "k": len(best), "items": [items[i] for i in best],
                         "scores": [float(scores[i]) for i in best]})
    return {"tolerance": 1e-4, "requests": requests}


def _instants(request: dict) -> dict:
    """The request with every time written as an ISO-8601 instant."""

    def iso(step: dict) -> dict:
        if step.get("at") is None:
            return {k: v for k, v in step.items() if k != "at"}
        at = datetime.fromtimestamp(milliseconds(step["at"]) / 1000, timezone.utc)
        return {**step, "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}

    history = [s if isinstance(s, str) else iso(s) for s in request["history"]]
    return iso({**request, "history": history})


def _write_json(path: Path, value: dict) -> None:
    """One member a line; the objects of an array get a line each."""

    def line(member) -> str:
        if isinstance(member, list) and member and isinstance(member[0], dict):
            return "[\n    " + ",\n    ".join(json.dumps(m, ensure_ascii=False) for m in member) + "]"
        return json.dumps(member, ensure_ascii=False)

    text = "{\n" + ",\n".join(f"  {json.dumps(k)}: {line(v)}" for k, v in value.items()) + "\n}\n"
    path.write_text(text, encoding="utf-8", newline="\n")
