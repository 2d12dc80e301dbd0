"""Turns histories into the input arrays of a bundle's graph: the reference of what the serving side must do.

A history is a list, oldest first, of item ids or of records
``{"item": "sku-1", "at": "2024-05-01T10:00:00Z", "behavior": "click", "domain": "shoes", "context": {...}}``.
A request is ``{"history": [...], "at": "...", "context": {...}, "seed": 0}``; only ``history`` is needed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timezone

import numpy as np

ROLES = ("ITEM_IDS", "ATTENTION_MASK", "PADDING_MASK", "LENGTH", "TIMESTAMPS", "QUERY_TIME", "BEHAVIORS", "DOMAINS",
         "ITEM_TABLE", "STEP_FEATURE", "CONTEXT_FEATURE")
#: Roles of shape [B, L] or [B, L, W]; the others are [B] or [B, W].
STEP_ROLES = ("ITEM_IDS", "ATTENTION_MASK", "PADDING_MASK", "TIMESTAMPS", "BEHAVIORS", "DOMAINS", "ITEM_TABLE",
              "STEP_FEATURE")
UNITS = {"SECONDS": 1_000, "MILLISECONDS": 1, "DAYS": 86_400_000}
_MEMBERS = {
    "TIMESTAMPS": {"unit", "default"}, "QUERY_TIME": {"unit", "default"},
    "BEHAVIORS": {"vocabulary", "default", "paddingId"}, "DOMAINS": {"vocabulary", "default", "paddingId"},
    "ITEM_TABLE": {"file", "default"},
    "STEP_FEATURE": {"feature", "default"}, "CONTEXT_FEATURE": {"feature", "default"},
}
_NEEDED = {"BEHAVIORS": {"vocabulary", "default"}, "DOMAINS": {"vocabulary", "default"},
           "ITEM_TABLE": {"file"}, "STEP_FEATURE": {"feature"}, "CONTEXT_FEATURE": {"feature"}}


@dataclass(frozen=True)
class Sequence:
    """How a history becomes a window: the member ``sequence`` of the manifest."""

    max_length: int
    length: str = "FIXED"
    padding_side: str = "LEFT"
    padding_id: int = 0
    id_offset: int = 1
    unknown_id: int | None = None
    suffix: tuple[int, ...] = field(default=())

    def __post_init__(self):
        if self.id_offset < 0:
            raise ValueError(f"sequence.id_offset: {self.id_offset}, expected at least 0")
        if self.length not in ("FIXED", "DYNAMIC"):
            raise ValueError(f"sequence.length: {self.length!r}, expected FIXED or DYNAMIC")
        if self.padding_side not in ("LEFT", "RIGHT"):
            raise ValueError(f"sequence.padding_side: {self.padding_side!r}, expected LEFT or RIGHT")
        if self.max_length <= len(self.suffix):
            raise ValueError(f"sequence.max_length: {self.max_length} leaves no place beside {len(self.suffix)} suffix ids")

    def manifest(self) -> dict:
        result = {"maxLength": self.max_length, "length": self.length, "paddingSide": self.padding_side,
                  "paddingId": self.padding_id, "idOffset": self.id_offset}
        if self.unknown_id is not None:
            result["unknownId"] = self.unknown_id
        if self.suffix:
            result["suffix"] = list(self.suffix)
        return result

    @staticmethod
    def of(manifest: dict) -> "Sequence":
        s = manifest["sequence"]
        return Sequence(s["maxLength"], s["length"], s["paddingSide"], s["paddingId"], s["idOffset"],
                        s.get("unknownId"), tuple(s.get("suffix", ())))


def role_entry(name: str, spec: str | dict) -> dict:
    """One entry of the manifest's ``inputs`` from a role name or a dict ``{"role": ..., ...}``; checked."""
    entry = {"role": spec} if isinstance(spec, str) else dict(spec)
    role = entry.get("role")
    if role not in ROLES:
        raise ValueError(f"input {name!r}: role {role!r} is unknown, expected one of {', '.join(ROLES)}")
    members = set(entry) - {"role", "name"}
    if extra := members - _MEMBERS.get(role, set()):
        raise ValueError(f"input {name!r}: role {role} has no member {', '.join(sorted(extra))}")
    if missing := _NEEDED.get(role, set()) - members:
        raise ValueError(f"input {name!r}: role {role} needs {', '.join(sorted(missing))}")
    if entry.get("unit", "SECONDS") not in UNITS:
        raise ValueError(f"input {name!r}: unit {entry['unit']!r}, expected one of {', '.join(UNITS)}")
    entry.pop("name", None)
    return {"role": role, "name": name, **{k: v for k, v in entry.items() if k != "role"}}


def milliseconds(at: str | int | float | datetime) -> int:
    """Milliseconds since 1970 of an ISO-8601 instant, a datetime, or a number of seconds."""
    if isinstance(at, (int, float)):
        return round(at * 1000)
    if isinstance(at, str):
        at = datetime.fromisoformat(at.replace("Z", "+00:00"))
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc)
    return round(at.timestamp() * 1000)


def _time(at, entry: dict, floating: bool):
    if at is None:
        return entry.get("default", 0)
    unit = UNITS[entry.get("unit", "SECONDS")]
    return milliseconds(at) / unit if floating else milliseconds(at) // unit


class Windows:
    """Makes input arrays according to a manifest.

    ``ids``: the item ids in ordinal order. ``types``: NumPy type of each input. ``widths``: the last dimension W of those
    feature inputs that have one. ``tables``: the arrays [N, ...] of role ITEM_TABLE by file name.
    """

    def __init__(self, manifest: dict, ids: list[str], types: dict[str, np.dtype], widths: dict[str, int] | None = None,
                 tables: dict[str, np.ndarray] | None = None):
        self.sequence = Sequence.of(manifest)
        self.inputs = manifest["inputs"]
        self.unknown = manifest.get("unknownItems", "SKIP")
        self.ordinals = {item: i for i, item in enumerate(ids)}
        self.types, self.widths, self.tables = types, widths or {}, tables or {}

    def kept(self, history: list) -> list[tuple[int, dict]]:
        """(id, interaction), oldest first, of the newest interactions that fit beside the suffix.

        Skipped interactions take no place, and one that is older than the window is not looked at.
        """
        result = []
        for step in reversed(history):
            if len(result) == self.sequence.max_length - len(self.sequence.suffix):
                break
            step = {"item": step} if isinstance(step, str) else step
            ordinal = self.ordinals.get(step["item"])
            if ordinal is not None:
                result.append((ordinal + self.sequence.id_offset, step))
            elif self.unknown == "UNK":
                result.append((self.sequence.unknown_id, step))
            elif self.unknown == "FAIL":
                raise ValueError(f"history: item {step['item']!r} is not in the catalogue")
        return result[::-1]

    def arrays(self, requests: list[dict]) -> dict[str, np.ndarray]:
        """One array an input, in the manifest's order; row = request."""
        s = self.sequence
        rows = [self.kept(r["history"]) for r in requests]
        used = [len(row) + len(s.suffix) for row in rows]
        length = s.max_length if s.length == "FIXED" else max(1, *used)
        start = [length - n if s.padding_side == "LEFT" else 0 for n in used]
        result = {}
        for entry in self.inputs:
            name, role, dtype = entry["name"], entry["role"], self.types[entry["name"]]
            floating = np.issubdtype(dtype, np.floating)
            shape = ((len(rows), length) if role in STEP_ROLES else (len(rows),)) + (
                self.tables[entry["file"]].shape[1:] if role == "ITEM_TABLE" else
                (self.widths[name],) if name in self.widths else ())
            array = np.full(shape, self._padding(entry), dtype=dtype)
            for i, (row, request) in enumerate(zip(rows, requests)):
                if role == "LENGTH":
                    array[i] = used[i]
                elif role == "QUERY_TIME":
                    array[i] = _time(request.get("at"), entry, floating)
                elif role == "CONTEXT_FEATURE":
                    array[i] = request.get("context", {}).get(entry["feature"], entry.get("default", 0))
                elif role == "ITEM_IDS":
                    array[i, start[i]:start[i] + used[i]] = [item for item, _ in row] + list(s.suffix)
                elif role in ("ATTENTION_MASK", "PADDING_MASK"):
                    array[i, start[i]:start[i] + used[i]] = 1 if role == "ATTENTION_MASK" else 0
                else:  # a suffix token has no time, behavior or feature: the default
                    steps = [step for _, step in row] + [{}] * len(s.suffix)
                    for place, step in enumerate(steps, start[i]):
                        array[i, place] = self._step(step, entry, floating)
            result[name] = array
        return result

    def _padding(self, entry: dict):
        role = entry["role"]
        if role == "ITEM_IDS":
            return self.sequence.padding_id
        if role in ("BEHAVIORS", "DOMAINS"):
            return entry.get("paddingId", 0)
        if role in ("STEP_FEATURE", "ITEM_TABLE"):
            return 0
        return 1 if role == "PADDING_MASK" else entry.get("default", 0)

    def _step(self, step: dict, entry: dict, floating: bool):
        role = entry["role"]
        if role == "TIMESTAMPS":
            return _time(step.get("at"), entry, floating)
        if role == "ITEM_TABLE":
            ordinal = self.ordinals.get(step.get("item"))
            return entry.get("default", 0) if ordinal is None else self.tables[entry["file"]][ordinal]
        if role == "STEP_FEATURE":
            return step.get("context", {}).get(entry["feature"], entry.get("default", 0))
        return entry["vocabulary"].get(step.get("behavior" if role == "BEHAVIORS" else "domain"), entry["default"])
