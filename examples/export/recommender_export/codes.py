"""Item codes (semantic ids): their file, their tokens, and the tree of beginnings that lead to an item."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PADDING = 0


def read_codes(path: str | Path, count: int) -> np.ndarray:
    """Codes [N, levels] by ordinal, from one of

    - ``*.npy``, integers [N, levels],
    - ``*.tsv`` with the columns ``item_id`` (1..N) and ``sid`` (codes separated by blanks),
    - ``*.json``, an object from ordinal to a list of codes or of words such as ``<a_17>``.
    """
    path = Path(path)
    if path.suffix == ".npy":
        codes = np.load(path)
    elif path.suffix == ".tsv":
        with open(path, encoding="utf-8") as lines:
            header = next(lines).rstrip("\n").split("\t")
            rows = [dict(zip(header, line.rstrip("\n").split("\t"))) for line in lines]
        codes = _by_ordinal({int(r["item_id"]) - 1: [int(c) for c in r["sid"].split()] for r in rows}, path)
    else:
        found = json.loads(path.read_text(encoding="utf-8"))
        codes = _by_ordinal({int(k): [_number(c) for c in v] for k, v in found.items()}, path)
    if codes.ndim != 2 or len(codes) != count or not np.issubdtype(codes.dtype, np.integer) or codes.min() < 0:
        raise ValueError(f"{path}: expected codes of at least 0 in shape [{count}, levels], "
                         f"found {codes.dtype} {list(codes.shape)}, smallest {codes.min()}")
    return np.ascontiguousarray(codes, dtype=np.int32)


def _number(code) -> int:
    return code if isinstance(code, int) else int(code.strip("<>").split("_")[-1])


def _by_ordinal(rows: dict[int, list[int]], path: Path) -> np.ndarray:
    if sorted(rows) != list(range(len(rows))) or len({len(r) for r in rows.values()}) != 1:
        raise ValueError(f"{path}: expected items 0..{len(rows) - 1}, each with as many codes")
    return np.array([rows[i] for i in range(len(rows))])


@dataclass(frozen=True)
class CodeTokens:
    """Tokens of codes: ``PADDING`` is 0, code c of level l is ``offsets[l] + c``, ``begin`` comes after all codes."""

    sizes: tuple[int, ...]

    @staticmethod
    def of(codes: np.ndarray, sizes: list[int] | None = None) -> "CodeTokens":
        return CodeTokens(tuple(sizes) if sizes else tuple(int(m) + 1 for m in codes.max(0)))

    @property
    def levels(self) -> int:
        return len(self.sizes)

    @property
    def offsets(self) -> tuple[int, ...]:
        return tuple(1 + sum(self.sizes[:level]) for level in range(len(self.sizes)))

    @property
    def begin(self) -> int:
        return 1 + sum(self.sizes)

    @property
    def vocabulary_size(self) -> int:
        return 2 + sum(self.sizes)

    def tokens(self, codes: np.ndarray) -> np.ndarray:
        """Codes [..., levels] -> tokens of the same shape."""
        return codes.astype(np.int64) + np.array(self.offsets)

    def levels_by_token(self) -> np.ndarray:
        """Level of each token of the vocabulary; the number of levels for tokens that are no code."""
        result = np.full(self.vocabulary_size, self.levels, dtype=np.int64)
        for level, (offset, size) in enumerate(zip(self.offsets, self.sizes)):
            result[offset:offset + size] = level
        return result


class CodeTree:
    """The beginnings of codes that items have. Node 0 of level 0 is the root.

    ``children[l]``, [nodes of level l, size of level l], is the node of the next level or -1. The nodes after the last
    level are the distinct codes; ``nodes[ordinal, l]`` is where the code of an item stands before level l, and ``items[node]`` has the ordinals of the items that share one, in ascending order.
    """

    def __init__(self, codes: np.ndarray, sizes: tuple[int, ...]):
        self.sizes = sizes
        self.children: list[np.ndarray] = []
        self.nodes = np.zeros((len(codes), len(sizes)), dtype=np.int64)
        nodes, count = np.zeros(len(codes), dtype=np.int64), 1
        for level, size in enumerate(sizes):
            if codes[:, level].max() >= size:
                raise ValueError(f"level {level}: expected codes below {size}, found {codes[:, level].max()}")
            self.nodes[:, level] = nodes
            keys, nodes = np.unique(nodes * size + codes[:, level], return_inverse=True)
            table = np.full(count * size, -1, dtype=np.int64)
            table[keys] = np.arange(len(keys))
            self.children.append(table.reshape(count, size))
            count = len(keys)
        self.items: list[list[int]] = [[] for _ in range(count)]
        for ordinal, node in enumerate(nodes):
            self.items[node].append(ordinal)
