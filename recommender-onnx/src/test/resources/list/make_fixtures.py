"""Writes the fixture of the tests of models that pick lists.

Run from here with ``PYTHONPATH=../../../../../examples/export python make_fixtures.py``; the build does not need it.

A bundle of a small untrained pointer network with attention over what was picked, with the lists of PyTorch.
"""

import random
from pathlib import Path

import torch
from recommender_export.list_ranker import export_list_ranker
from recommender_export.ranker import Request

HERE = Path(__file__).parent
ENTRIES = [{"role": "FEATURE", "name": "route", "side": "CANDIDATE", "feature": "route"},
           {"role": "CATEGORY", "name": "road", "side": "CANDIDATE", "feature": "road",
            "vocabulary": {"motorway": 1, "street": 2, "path": 3}, "default": 0},
           {"role": "FEATURE", "name": "context", "side": "REQUEST",
            "columns": [{"feature": "hour", "default": 0.5}, {"feature": "rain", "default": 0}]}]


class Pointer(torch.nn.Module):
    def __init__(self, width: int = 16):
        super().__init__()
        self.route, self.road = torch.nn.Linear(4, width), torch.nn.Embedding(4, width)
        self.context, self.start = torch.nn.Linear(2, width), torch.nn.Parameter(torch.randn(1, 1, width))
        self.end = torch.nn.Parameter(torch.randn(1, 1, width))
        self.query, self.key = torch.nn.Linear(width, width), torch.nn.Linear(width, width)

    def forward(self, route, road, context, selected):
        candidates = torch.tanh(self.route(route) + self.road(road))
        table = torch.cat([self.start, candidates], 1)
        picked = table.gather(1, selected.unsqueeze(2).expand(-1, -1, table.shape[2]))
        asked = self.context(context).unsqueeze(1) + picked[:, -1:]
        state = asked + (self.query(asked) @ self.key(picked).transpose(1, 2)).softmax(2) @ picked
        keys = torch.cat([candidates, self.end], 1)
        return (keys @ state.transpose(1, 2)).squeeze(2)


def main() -> None:
    draw = random.Random(8)
    items = [{"id": f"r{n}", "route": [round(draw.uniform(-1, 1), 3) for _ in range(4)],
              "road": draw.choice(["motorway", "street", "path", "ferry"])} for n in range(20)]
    requests = [Request(draw.sample(range(20), draw.randint(1, 20)), (), {"hour": draw.random() * 2, "rain": draw.random() * 2})
                for _ in range(12)]
    requests.append(Request([4, {"route": [0.5, -0.5, 0.25, 1.0]}, 9]))
    torch.manual_seed(2)
    export_list_ranker(Pointer(), ENTRIES, requests, out_dir=HERE / "pointer", name="pointer", version="1", items=items,
                       min_length=1, max_length=8, golden=13, widths={"route": (4,)})


if __name__ == "__main__":
    main()
