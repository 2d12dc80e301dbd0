"""Writes the fixtures of the tests of models that sample latents.

Run from here with ``PYTHONPATH=../../../../../examples/export python make_fixtures.py``; the build does not need it.

Two bundles of small untrained modules, with the answers of PyTorch: ``noise`` predicts noise and is deterministic but for its
beginning, ``velocity`` predicts v and draws noise at each step.
"""

from pathlib import Path

import numpy as np
import torch
from recommender_export import Diffusion, Sequence, export_bundle

HERE = Path(__file__).parent
ITEMS, CONDITION, DIMENSION = 25, 12, 5


class Condition(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.nn.Embedding(ITEMS + 1, CONDITION)
        self.mix = torch.nn.Linear(CONDITION, CONDITION)

    def forward(self, item_ids, mask):
        rows = self.table(item_ids) * mask.unsqueeze(2)
        return torch.tanh(self.mix(rows.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)))


class Denoiser(torch.nn.Module):
    def __init__(self, width: int = 24):
        super().__init__()
        self.read = torch.nn.Linear(DIMENSION + CONDITION + 2, width)
        self.write = torch.nn.Linear(width, DIMENSION)

    def forward(self, x_t, t, cond):
        angle = t.float().unsqueeze(1) * 0.01
        return self.write(torch.tanh(self.read(torch.cat([x_t, cond, angle.sin(), angle.cos()], 1))))


def main() -> None:
    for name, more in [
            ("noise", dict(prediction="EPSILON", steps=10, schedule={"kind": "LINEAR", "times": 1000, "from": 1e-4, "to": 0.02})),
            ("velocity", dict(prediction="V", steps=7, eta=1.0, schedule={"kind": "COSINE", "times": 200}))]:
        torch.manual_seed(11)
        condition, denoiser = Condition(), Denoiser()
        vectors = np.random.default_rng(12).normal(size=(ITEMS, DIMENSION)).astype(np.float32)
        histories = [{"history": [f"i{j}" for j in range(n)], "seed": 100 * n} for n in (1, 2, 5, 9)]
        export_bundle(condition, {"item_ids": torch.ones(2, 6, dtype=torch.long), "mask": torch.ones(2, 6)},
                      {"item_ids": "ITEM_IDS", "mask": "ATTENTION_MASK"}, [{"id": f"i{j}"} for j in range(ITEMS)],
                      out_dir=HERE / name, name=name, version="1", sequence=Sequence(6, length="DYNAMIC"),
                      output=Diffusion(vectors, similarity="COSINE", denoiser=denoiser, condition_size=CONDITION, **more),
                      golden_histories=[["i3", "i4"], *histories], golden_k=5, fallback=["i2", "i0"])


if __name__ == "__main__":
    main()
