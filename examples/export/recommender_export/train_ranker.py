"""Trains a ranker of two tasks and writes its bundle.

``python -m recommender_export.train_ranker --kind table --data census-income.test.gz --out BUNDLE_DIR``
``python -m recommender_export.train_ranker --kind shop --data DIR --out BUNDLE_DIR``

``table`` reads the Census-Income file of the UCI repository and predicts, as the paper of MMoE does, an income above 50,000
and never having married. ``shop`` reads ``items.jsonl`` and ``interactions.tsv`` and predicts whether a shopper looks at an
item next and whether it is bought then. ``--rows`` writes the test rows, for ``examples/run rank``.
"""

import argparse
import gzip
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import data
from .metrics import auc
from .multitask import ShopRanker, TableRanker
from .ranker import Request, export_ranker, golden_request, outputs
from .ranker_rows import RankerRows

# Columns of Census-Income that are numbers; 24 is a survey weight, 7 and 41 are the labels.
_NUMBERS = {0: "age", 5: "wage per hour", 16: "capital gains", 17: "capital losses", 18: "dividends", 30: "employees",
            39: "weeks worked"}
_LABELS = {41: ("income", "50000+."), 7: ("never married", "Never married")}
_LEFT_OUT = {24, *_LABELS}
HISTORY = 40


@dataclass
class Trained:
    """What is exported and measured."""

    module: torch.nn.Module
    entries: list[dict]
    tasks: list[str]
    tests: list[Request]
    labels: list[np.ndarray]
    items: list[dict]
    hidden: int
    policy: dict


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m recommender_export.train_ranker", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kind", choices=("table", "shop"), required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--out", required=True, help="bundle folder")
    p.add_argument("--name", help="name in the manifest (default: the name of OUT)")
    p.add_argument("--version", default="1")
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--learning-rate", type=float, default=2e-3)
    p.add_argument("--rows", help="where to write the test rows with their labels, one request a line")
    p.add_argument("--metrics", help="where to write the metrics as JSON")
    p.add_argument("--golden", type=int, default=6)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    return p


def table(args) -> Trained:
    with gzip.open(args.data, "rt", encoding="utf-8") as lines:
        rows = [[v.strip() for v in line.rstrip("\n").split(",")] for line in lines if line.strip()]
    rng = np.random.default_rng(args.seed)
    order = rng.permutation(len(rows))
    train, test = order[:int(0.8 * len(rows))], order[int(0.8 * len(rows)):]
    categories = [c for c in range(len(rows[0])) if c not in _NUMBERS and c not in _LEFT_OUT]
    columns, ids = [], 0
    for c in categories:
        values = sorted({rows[i][c] for i in train})
        columns.append({"feature": f"column {c}", "vocabulary": {v: ids + 1 + n for n, v in enumerate(values)},
                        "default": ids})
        ids += 1 + len(values)
    entries = [{"role": "FEATURE", "name": "dense", "side": "CANDIDATE",
                "columns": [{"feature": n, "default": 0} for n in _NUMBERS.values()]},
               {"role": "CATEGORY", "name": "categories", "side": "CANDIDATE", "columns": columns}]
    features = [{n: float(r[c]) for c, n in _NUMBERS.items()} | {f"column {c}": r[c] for c in categories} for r in rows]
    labels = np.array([[r[c] == positive for c, (_, positive) in _LABELS.items()] for r in rows], dtype=np.float32)
    arrays = RankerRows(entries).candidates(features)
    dense, ids_of = torch.from_numpy(arrays["dense"]), torch.from_numpy(arrays["categories"])
    target = torch.from_numpy(labels)
    torch.manual_seed(args.seed)
    mean, std = dense[train].mean(0), dense[train].std(0)
    module = TableRanker(dense.shape[1], len(columns), ids, len(_LABELS), mean=mean, scale=1 / std)

    def batches():
        shuffled = rng.permutation(train)
        for start in range(0, len(shuffled), 512):
            rows_of = torch.from_numpy(shuffled[start:start + 512])
            yield (dense[rows_of], ids_of[rows_of]), target[rows_of]

    fit(module, batches, args, len(train) // 512)
    tests = [Request([features[i] for i in test[start:start + 200]]) for start in range(0, len(test), 200)]
    return Trained(module, entries, [n for n, _ in _LABELS.values()], tests,
                   [labels[test[start:start + 200]] for start in range(0, len(test), 200)], [], 32, {})


def shop(args) -> Trained:
    read = data.read(args.data)
    groups = [" > ".join(item["category"].split(" > ")[:2]) for item in read.items]
    vocabulary = {n: {v: i + 1 for i, v in enumerate(sorted({item[n] for item in read.items}))} for n in ("category", "brand")}

    def of_item(role, name, feature):
        return {"role": role, "name": name, "feature": feature, "vocabulary": vocabulary[feature], "default": 0}

    layout = {"maxLength": HISTORY, "paddingId": 0}
    entries = [{"role": "HISTORY", "name": "hist.items", "idOffset": 1, **layout},
               of_item("HISTORY", "hist.categories", "category") | layout,
               of_item("HISTORY", "hist.brands", "brand") | layout,
               {"role": "MASK", "name": "hist.mask", "of": "hist.items"},
               {"role": "HISTORY", "name": "hist.bought", "behavior": "buy", "idOffset": 1, **layout},
               {"role": "MASK", "name": "hist.bought_mask", "of": "hist.bought"},
               {"role": "ITEM_ID", "name": "item", "idOffset": 1, "unknownId": 0},
               of_item("CATEGORY", "category", "category") | {"side": "CANDIDATE"},
               of_item("CATEGORY", "brand", "brand") | {"side": "CANDIDATE"},
               {"role": "FEATURE", "name": "price", "side": "CANDIDATE", "feature": "price", "default": 0}]
    rng = np.random.default_rng(args.seed)
    popularity = np.bincount(np.concatenate([np.array(s) for s in read.sequences]), minlength=len(read.items)) + 0.5
    popularity /= popularity.sum()
    alike = {}
    for i, item in enumerate(read.items):
        alike.setdefault(item["category"], []).append(i)
        alike.setdefault(groups[i], []).append(i)

    def negatives(item: int, history: list[int], count: int) -> list[int]:
        """Of the item's category, of its group, seen before, and popular ones; never the item."""
        found = []
        while len(found) < count:
            kind = len(found) % 4
            pool = alike[read.items[item]["category"]] if kind == 0 else alike[groups[item]] if kind == 1 else history
            drawn = int(rng.choice(len(read.items), p=popularity)) if kind == 3 else int(pool[rng.integers(len(pool))])
            if drawn == item or drawn in found:
                drawn = int(rng.integers(len(read.items)))
            if drawn != item and drawn not in found:
                found.append(drawn)
        return found

    events = [(u, t) for u, s in enumerate(read.sequences) for t in range(1, len(s) - 1)]
    tables = [np.array([vocabulary[n][item[n]] for item in read.items]) for n in ("category", "brand")]
    prices = np.array([item["price"] for item in read.items], dtype=np.float32)
    sequences = [np.array(s) for s in read.sequences]
    bought = [np.array([b == "buy" for b in behaviors]) for behaviors in read.behaviors]

    def batch(chosen, count):
        """Rows of some events with negatives: tensors in the order of the entries, and labels."""
        width = max(min(t, HISTORY) for _, t in chosen)
        seen, owned = (np.zeros((len(chosen), width), np.int64) for _ in range(2))
        mask, owned_mask = (np.zeros((len(chosen), width), np.float32) for _ in range(2))
        candidates, labels = [], np.zeros((len(chosen), count + 1, 2), np.float32)
        for row, (u, t) in enumerate(chosen):
            steps = sequences[u][max(0, t - HISTORY):t]
            buys = sequences[u][:t][bought[u][:t]][-HISTORY:][-width:]
            seen[row, :len(steps)], mask[row, :len(steps)] = steps + 1, 1
            owned[row, :len(buys)], owned_mask[row, :len(buys)] = buys + 1, 1
            item = int(sequences[u][t])
            candidates.append([item, *negatives(item, list(sequences[u][:t]), count)])
            labels[row, 0] = 1, bought[u][t]
        filled = mask.astype(np.int64)
        rows = [seen, tables[0][seen - filled] * filled, tables[1][seen - filled] * filled, mask, owned, owned_mask]
        repeated = [torch.from_numpy(np.repeat(r, count + 1, 0)) for r in rows]
        flat = np.array(candidates).reshape(-1)
        own = [torch.from_numpy(a) for a in (flat + 1, tables[0][flat], tables[1][flat], prices[flat])]
        return (*repeated, *own), torch.from_numpy(labels.reshape(-1, 2))

    def batches():
        shuffled = rng.permutation(len(events))
        for start in range(0, len(shuffled), 96):
            yield batch([events[i] for i in shuffled[start:start + 96]], 7)

    torch.manual_seed(args.seed)
    module = ShopRanker(len(read.items), len(vocabulary["category"]), len(vocabulary["brand"]))
    fit(module, batches, args, len(events) // 96)
    tests, labels = [], []
    for u, sequence in enumerate(read.sequences):
        if len(sequence) < 3:
            continue
        last = len(sequence) - 1
        history = [{"item": read.ids[i], "behavior": b} for i, b in zip(sequence[:last], read.behaviors[u])]
        tests.append(Request([sequence[last], *negatives(sequence[last], sequence[:last], 20)], history))
        labels.append(np.zeros((21, 2), np.float32))
        labels[-1][0] = 1, read.behaviors[u][last] == "buy"
    return Trained(module, entries, ["click", "buy"], tests, labels, read.items, 32,
                   {"kind": "WEIGHTED_SUM", "tasks": {"click": 1, "buy": 1}})


def fit(module, batches, args, steps: int) -> None:
    """Adam with a rate that falls to zero, binary cross-entropy summed over the tasks."""
    optimizer = torch.optim.Adam(module.parameters(), args.learning_rate, weight_decay=1e-6)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, args.epochs * (steps + 1)))
    for epoch in range(args.epochs):
        start, total, count = time.time(), 0.0, 0
        for inputs, target in batches():
            loss = torch.nn.functional.binary_cross_entropy_with_logits(module(*inputs)[0], target, reduction="none").sum(1)
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            schedule.step()
            total, count = total + float(loss.sum().detach()), count + len(target)
        print(f"epoch {epoch + 1}: loss {total / count:.5f}, {time.time() - start:.0f} s", flush=True)


def main() -> None:
    args = parser().parse_args()
    torch.set_num_threads(args.threads)
    trained = table(args) if args.kind == "table" else shop(args)
    tasks = [{"name": n, "kind": "LOGIT"} for n in trained.tasks]
    out = Path(args.out)
    module = trained.module.eval()
    export_ranker(module, trained.entries, tasks, trained.tests[:20], out_dir=out, name=args.name or out.name,
                  version=args.version, items=trained.items, hidden=trained.hidden, policy=trained.policy or None,
                  golden=args.golden)
    rows = RankerRows(trained.entries, trained.items)
    scores = np.concatenate([outputs(module, rows, r) for r in trained.tests])
    labels = np.concatenate(trained.labels)
    result = {n: {"auc": auc(scores[:, t], labels[:, t]), "rows": len(scores), "positives": int(labels[:, t].sum())}
              for t, n in enumerate(trained.tasks)}
    print(json.dumps(result, indent=2))
    if args.metrics:
        Path(args.metrics).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if args.rows:
        with open(args.rows, "w", encoding="utf-8", newline="\n") as lines:
            for request, of_request in zip(trained.tests, trained.labels):
                line = golden_request(rows, request)
                line["labels"] = {n: of_request[:, t].astype(int).tolist() for t, n in enumerate(trained.tasks)}
                lines.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
