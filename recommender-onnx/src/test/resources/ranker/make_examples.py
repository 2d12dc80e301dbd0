"""Writes ``examples-linear`` and ``examples-deep``, two rankers that read what was learnt of similar examples, and
``examples.json``, the examples with what is found and scored, beside this file: ``python make_examples.py``.

Needs the packages of ``examples/export`` (its folder on PYTHONPATH); the build needs none of it. What is found is computed
by NumPy in double precision, the scores by PyTorch.
"""

import json
from pathlib import Path

import numpy as np
import torch

from recommender_export.ranker import Request, export_ranker

HERE = Path(__file__).parent
EXAMPLES, WIDTH, KEY, MOST = 100, 5, 6, 4


class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.last = torch.nn.Linear(3, 1)

    def forward(self, dense):
        return self.last(dense)


class Deep(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.last = torch.nn.Linear(3, 8), torch.nn.Linear(8, 1)

    def forward(self, dense):
        return self.last(torch.relu(self.inner(dense)))


class WithExamples(torch.nn.Module):
    """Any backbone, and what the mean of the examples adds to its score: nothing if there are none."""

    def __init__(self, backbone):
        super().__init__()
        self.backbone, self.knowledge = backbone, torch.nn.Linear(WIDTH, 1, bias=False)

    def forward(self, dense, examples, examples_mask):
        count = examples_mask.sum(1, keepdim=True).clamp(min=1)
        mean = (examples * examples_mask.unsqueeze(2)).sum(1) / count
        return self.backbone(dense) + self.knowledge(mean)


def main() -> None:
    torch.manual_seed(38)
    rng = np.random.default_rng(38)
    keys, payloads = (rng.integers(-64, 65, size=(EXAMPLES, n)) / 32 for n in (KEY, WIDTH))
    queries, dense = (rng.integers(-64, 65, size=(12, n)) / 32 for n in (KEY, 3))
    products = queries @ keys.T
    found = [np.argsort(-row, kind="stable")[:MOST] for row in products]
    entries = [{"role": "FEATURE", "name": "dense", "side": "CANDIDATE", "feature": "dense"},
               {"role": "VECTOR_LIST", "name": "examples", "side": "CANDIDATE", "feature": "examples", "maxLength": MOST},
               {"role": "MASK", "name": "examples_mask", "of": "examples"}]
    result = {"keys": keys.tolist(), "payloads": payloads.tolist(), "queries": queries.tolist(), "dense": dense.tolist(),
              "found": [f.tolist() for f in found]}
    for name, backbone in (("linear", Linear()), ("deep", Deep())):
        module = WithExamples(backbone).eval()
        rows = [{"dense": d.tolist(), "examples": payloads[f[:MOST - i % 3]].reshape(-1).tolist()}
                for i, (d, f) in enumerate(zip(dense, found))]
        export_ranker(module, entries, [{"name": "click", "kind": "LOGIT"}], [Request(rows[:6] + [{"dense": dense[6].tolist()}])],
                      out_dir=HERE / f"examples-{name}", name=f"examples-{name}", version="1",
                      widths={"dense": (3,), "examples": (WIDTH,)})
        with torch.no_grad():
            x = torch.tensor(dense, dtype=torch.float32)
            scores = {n: module(x, torch.tensor(np.stack([payloads[f[:n]] for f in found]), dtype=torch.float32),
                                torch.ones(len(found), n)).ravel().tolist() for n in (2, MOST)}
            result[name] = {"backbone": backbone(x).ravel().tolist(), "two": scores[2], "all": scores[MOST]}
    (HERE / "examples.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
