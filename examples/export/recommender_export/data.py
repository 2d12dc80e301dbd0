"""Reads interaction data into sequences of ordinals, oldest first, and the item records in ordinal order."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass
class Interactions:
    """``items``: one record an item, in ordinal order; ``sequences``: one list of ordinals a user, oldest first.

    ``times`` and ``behaviors``, when the source has them, are parallel to ``sequences``.
    """

    items: list[dict]
    sequences: list[list[int]]
    users: list[str]
    times: list[list[int]] | None = None
    behaviors: list[list[str]] | None = None
    ids: list[str] = field(init=False)

    def __post_init__(self):
        self.ids = [item["id"] for item in self.items]


@dataclass
class LeaveOneOut:
    """The last item of a sequence is the test target, the one before it the validation target, the rest is train.

    Users with fewer than three items are in train only.
    """

    train: list[list[int]]
    histories_valid: list[list[int]]
    targets_valid: np.ndarray
    histories_test: list[list[int]]
    targets_test: np.ndarray


def read(folder: str | Path) -> Interactions:
    """Reads a folder with ``items.jsonl`` and ``interactions.tsv``, or one with a ``*.txt`` file of sequences."""
    folder = Path(folder)
    if (folder / "interactions.tsv").exists():
        return read_shop(folder)
    texts = sorted(p for p in folder.glob("*.txt") if p.name.lower() != "readme.txt")
    if len(texts) != 1:
        raise FileNotFoundError(f"{folder}: expected interactions.tsv or one sequence file *.txt, found {len(texts)}")
    return read_sequences(texts[0])


def read_sequences(path: Path) -> Interactions:
    """Lines of "user item item ...", oldest first; item ids are 1..N without gaps and the ordinal is id - 1.

    Titles come from ``items_joined.tsv`` (columns item_id, asin, title, ...) beside it, if it is there.
    """
    users, sequences = [], []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            user, *items = line.split()
            users.append(user)
            sequences.append([int(i) - 1 for i in items])
    seen = sorted({i for s in sequences for i in s})
    if seen != list(range(len(seen))):
        raise ValueError(f"{path}: item ids are not 1..{len(seen)} without gaps")
    items = [{"id": str(i + 1)} for i in seen]
    titles = path.with_name("items_joined.tsv")
    if titles.exists():
        with open(titles, encoding="utf-8") as lines:
            header = next(lines).rstrip("\n").split("\t")
            for line in lines:
                row = dict(zip(header, line.rstrip("\n").split("\t")))
                if row.get("title"):
                    items[int(row["item_id"]) - 1]["title"] = row["title"]
    return Interactions(items, sequences, users)


def read_shop(folder: Path) -> Interactions:
    """``items.jsonl`` (line = ordinal) and ``interactions.tsv``: user, item, timestamp in seconds, behavior; sorted by time."""
    with open(folder / "items.jsonl", encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines if line.strip()]
    ordinals = {item["id"]: i for i, item in enumerate(items)}
    by_user: dict[str, tuple[list, list, list]] = {}
    with open(folder / "interactions.tsv", encoding="utf-8") as lines:
        header = next(lines).rstrip("\n").split("\t")
        if header != ["user", "item", "timestamp", "behavior"]:
            raise ValueError(f"interactions.tsv: header {header}, expected user, item, timestamp, behavior")
        for number, line in enumerate(lines, 2):
            user, item, time, behavior = line.rstrip("\n").split("\t")
            if item not in ordinals:
                raise ValueError(f"interactions.tsv line {number}: item {item!r} is not in items.jsonl")
            row = by_user.setdefault(user, ([], [], []))
            row[0].append(ordinals[item])
            row[1].append(int(time))
            row[2].append(behavior)
    rows = list(by_user.values())
    return Interactions(items, [r[0] for r in rows], list(by_user), [r[1] for r in rows], [r[2] for r in rows])


def leave_one_out(sequences: list[list[int]]) -> LeaveOneOut:
    long = [s for s in sequences if len(s) >= 3]
    return LeaveOneOut(
        train=[s[:-2] if len(s) >= 3 else s for s in sequences],
        histories_valid=[s[:-2] for s in long],
        targets_valid=np.array([s[-2] for s in long]),
        histories_test=[s[:-1] for s in long],
        targets_test=np.array([s[-1] for s in long]),
    )


def popularity(sequences: list[list[int]], items: int) -> np.ndarray:
    """Interactions of each item, [N]."""
    return np.bincount(np.concatenate([np.asarray(s, dtype=np.int64) for s in sequences]), minlength=items)
