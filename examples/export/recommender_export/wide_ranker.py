"""Writes an untrained ranker over 2,000 features, to measure with: with weights in float32, float16 and int8.

``python -m recommender_export.wide_ranker --out DIR`` writes the bundles DIR/float32, DIR/float16 and DIR/int8, which differ
in the graph alone: 300 numbers of the request; of each item 1,500 numbers and 200 categories. Then
``examples/run benchmark RankerBenchmark -p bundle=DIR/float32``.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from .bundle import seal
from .multitask import Experts, Towers
from .ranker import Request, export_ranker
from .simplify import halve_weights

REQUEST, NUMBERS, CATEGORIES, VALUES = 300, 1500, 200, 10


class WideRanker(torch.nn.Module):
    """``user`` [1, 300], ``dense`` [B, 1500], ``categories`` [B, 200] -> logits [B, 2], hidden [B, 32]."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(CATEGORIES * (VALUES + 1), 4)
        self.user, self.item = torch.nn.Linear(REQUEST, 256), torch.nn.Linear(NUMBERS + 4 * CATEGORIES, 256)
        self.experts, self.towers = Experts(256, 64, 2), Towers(64, 16, 2)

    def forward(self, user, dense, categories):
        item = self.item(torch.cat([dense, self.table(categories).flatten(1)], 1))
        return self.towers(self.experts(torch.relu(self.user(user) + item)))


def main() -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.wide_ranker", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", required=True)
    p.add_argument("--items", type=int, default=500)
    args = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(24)
    rng = np.random.default_rng(24)
    numbers = [{"feature": f"n{i}", "default": 0} for i in range(NUMBERS)]
    categories = [{"feature": f"c{i}", "default": i * (VALUES + 1),
                   "vocabulary": {f"v{v}": i * (VALUES + 1) + 1 + v for v in range(VALUES)}} for i in range(CATEGORIES)]
    entries = [{"role": "FEATURE", "name": "user", "side": "REQUEST",
                "columns": [{"feature": f"u{i}", "default": 0} for i in range(REQUEST)]},
               {"role": "FEATURE", "name": "dense", "side": "CANDIDATE", "columns": numbers},
               {"role": "CATEGORY", "name": "categories", "side": "CANDIDATE", "columns": categories}]

    def item(i: int) -> dict:
        return ({"id": f"ad-{i}"} | {f"n{j}": round(float(v), 3) for j, v in enumerate(rng.normal(size=NUMBERS))}
                | {f"c{j}": f"v{v}" for j, v in enumerate(rng.integers(0, VALUES + 1, size=CATEGORIES))})

    items = [item(i) for i in range(args.items)]
    module, out = WideRanker(), Path(args.out)
    request = Request([0, 1, 2], context={f"u{i}": round(float(v), 3) for i, v in enumerate(rng.normal(size=REQUEST))})
    tasks = [{"name": "click", "kind": "LOGIT"}, {"name": "buy", "kind": "LOGIT"}]
    export_ranker(module, entries, tasks, [request], out_dir=out / "float32", name="wide", version="1", items=items, hidden=32)
    for name, tolerance in (("float16", 2e-2), ("int8", 0.2)):
        shutil.rmtree(out / name, ignore_errors=True)
        shutil.copytree(out / "float32", out / name)
        golden = json.loads((out / name / "golden.json").read_text())
        (out / name / "golden.json").write_text(json.dumps(golden | {"tolerance": tolerance}) + "\n")
    quantize_dynamic(str(out / "float32" / "model.onnx"), str(out / "int8" / "model.onnx"), weight_type=QuantType.QInt8)
    onnx.save(halve_weights(onnx.load(str(out / "float32" / "model.onnx"))), str(out / "float16" / "model.onnx"))
    for name in ("float16", "int8"):
        seal(out / name)


if __name__ == "__main__":
    main()
