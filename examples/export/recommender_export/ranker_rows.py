"""Turns requests and candidates into the tensors of a ranker, as the Java ranker does from the same manifest entries.

An entry is what ``manifest.json`` says of one input: ``{"role": "CATEGORY", "name": "brand", "side": "CANDIDATE", ...}``.
Candidates are items of the bundle by ordinal, or dicts of features.
"""

import numpy as np

LISTS = ("CATEGORY_LIST", "VECTOR_LIST", "HISTORY")


class RankerRows:
    """``items``: the records of the bundle in ordinal order, for ids and features; ``widths``: extents of one row by input."""

    def __init__(self, entries: list[dict], items: list[dict] = (), widths: dict[str, tuple] | None = None):
        self.entries = entries
        self.items = items
        self.widths = widths or {}
        self.ordinals = {item["id"]: i for i, item in enumerate(items)}
        self.by_name = {e["name"]: e for e in entries}
        self.history_ids = {e["name"]: self._ids_by_ordinal(e) for e in entries if e["role"] == "HISTORY"}

    def side(self, entry: dict) -> str:
        if entry["role"] == "MASK":
            return self.side(self.by_name[entry["of"]])
        return {"HISTORY": "REQUEST", "ITEM_ID": "CANDIDATE"}.get(entry["role"]) or entry["side"]

    def request(self, history: list = (), context: dict | None = None) -> dict[str, np.ndarray]:
        """One row for each input of the request."""
        steps = [s if isinstance(s, dict) else {"item": s} for s in history]
        return {e["name"]: self._rows(e, [context or {}], [None], steps) for e in self.entries
                if self.side(e) == "REQUEST"}

    def candidates(self, candidates: list) -> dict[str, np.ndarray]:
        """One row for each candidate."""
        features = [self.items[c] if not isinstance(c, dict) else c for c in candidates]
        ordinals = [self.ordinals.get(f.get("id")) for f in features]
        return {e["name"]: self._rows(e, features, ordinals, []) for e in self.entries if self.side(e) == "CANDIDATE"}

    def _rows(self, entry: dict, features: list[dict], ordinals: list, steps: list[dict]) -> np.ndarray:
        role = entry["role"]
        if role == "PRESENT":
            return np.array([entry["feature"] in f for f in features], dtype=np.float32)
        if role == "ITEM_ID":
            return np.array([entry.get("unknownId") if o is None else o + entry["idOffset"] for o in ordinals], np.int64)
        if role in LISTS or role == "MASK":
            listed = self.by_name[entry["of"]] if role == "MASK" else entry
            return self._padded(listed, [self._list(listed, f, steps) for f in features], role == "MASK")
        columns = entry.get("columns") or [entry]
        written = [np.concatenate([self._column(role, c, f.get(c["feature"]), entry["name"], len(columns) == 1)
                                   for c in columns]) for f in features]
        extents = self.widths.get(entry["name"], () if len(columns) == 1 else (len(columns),))
        return np.stack(written).reshape(len(features), *extents)

    def _column(self, role: str, column: dict, value, name: str, alone: bool) -> np.ndarray:
        dtype = np.float32 if role == "FEATURE" else np.int64
        width = int(np.prod(self.widths.get(name, ()))) if alone else 1
        if "vocabulary" in column:
            ids = self._category_ids(column, value)[:width]
            return np.array(ids + [column["default"]] * (width - len(ids)), dtype=dtype)
        if value is None:
            return np.full(width, column.get("default", 0), dtype=dtype)
        numbers = np.asarray(value, dtype=np.float64 if "normalization" in column else dtype).reshape(width)
        if "normalization" not in column:
            return numbers
        mean, deviation = (np.asarray(column["normalization"][k])[:, None] for k in ("mean", "deviation"))
        return ((numbers.reshape(len(mean), -1) - mean) / deviation).reshape(width).astype(dtype)

    @staticmethod
    def _category_ids(column: dict, value) -> list[int]:
        values = [] if value is None else value if isinstance(value, list) else [value]
        named = [str(int(v)) if isinstance(v, (int, float)) else v for v in values]
        return [column["vocabulary"].get(v, column["default"]) for v in named]

    def _ids_by_ordinal(self, entry: dict) -> list[int]:
        if "feature" not in entry:
            return [i + entry["idOffset"] for i in range(len(self.items))]
        return [(self._category_ids(entry, item.get(entry["feature"])) or [entry["default"]])[0] for item in self.items]

    def _list(self, entry: dict, features: dict, steps: list[dict]) -> list:
        limit = entry["maxLength"]
        if entry["role"] == "CATEGORY_LIST":
            return self._category_ids(entry, features.get(entry["feature"]))[:limit]
        if entry["role"] == "VECTOR_LIST":
            value = features.get(entry["feature"])
            return [] if value is None else list(np.asarray(value, np.float32).reshape(-1, *self.widths[entry["name"]]))[:limit]
        ids = []
        for step in steps:
            if entry.get("behavior") not in (None, step.get("behavior")):
                continue
            ordinal = self.ordinals.get(step["item"])
            if ordinal is not None:
                ids.append(self.history_ids[entry["name"]][ordinal])
            elif "unknownId" in entry:
                ids.append(entry["unknownId"])
        return ids[-limit:]

    def _padded(self, entry: dict, lists: list[list], mask: bool) -> np.ndarray:
        fixed = entry.get("length", "DYNAMIC") == "FIXED"
        length = entry["maxLength"] if fixed else max([1, *map(len, lists)])
        vectors = entry["role"] == "VECTOR_LIST"
        extents = self.widths[entry["name"]] if vectors and not mask else ()
        padding = 0 if mask or vectors else entry["paddingId"]
        rows = np.full((len(lists), length, *extents), padding, dtype=np.float32 if mask or vectors else np.int64)
        for row, values in zip(rows, lists):
            if values:
                first = length - len(values) if entry.get("paddingSide", "RIGHT") == "LEFT" else 0
                row[first:first + len(values)] = 1 if mask else values
        return rows
