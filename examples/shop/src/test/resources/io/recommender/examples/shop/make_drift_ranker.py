"""Writes the ranker of ``CompensatedRankerTest`` beside this file: ``python make_drift_ranker.py``.

Needs the packages of ``examples/export`` (its folder on PYTHONPATH); the build needs none of it.
"""

from pathlib import Path

import numpy as np
import torch
from recommender_export.ranker import Request, export_ranker

FEATURES, HIDDEN, CLICK_RATE = 6, 16, 0.1


class Clicks(torch.nn.Module):
    """Six numbers of an impression -> 16 hidden ones -> the logit of a click."""

    def __init__(self):
        super().__init__()
        self.hidden, self.click = torch.nn.Linear(FEATURES, HIDDEN), torch.nn.Linear(HIDDEN, 1)

    def forward(self, features):
        hidden = torch.relu(self.hidden(features))
        return self.click(hidden), hidden


def main() -> None:
    """Learns from impressions of which a tenth is clicked, whatever the features."""
    torch.manual_seed(7)
    rng = np.random.default_rng(7)
    features = torch.from_numpy(rng.normal(size=(20_000, FEATURES)).astype(np.float32))
    clicks = torch.from_numpy((rng.random(20_000) < CLICK_RATE).astype(np.float32))
    module = Clicks()
    torch.nn.init.normal_(module.hidden.weight, std=FEATURES**-0.5)
    torch.nn.init.zeros_(module.hidden.bias)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(300):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(module(features)[0][:, 0], clicks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    entries = [{"role": "FEATURE", "name": "features", "side": "CANDIDATE", "feature": "features"}]
    golden = [Request([{"features": rng.normal(size=FEATURES).round(3).tolist()} for _ in range(3)])]
    export_ranker(module, entries, [{"name": "click", "kind": "LOGIT"}], golden, hidden=HIDDEN, name="drift", version="1",
                  out_dir=Path(__file__).parent / "drift-ranker", widths={"features": (FEATURES,)})


if __name__ == "__main__":
    main()
