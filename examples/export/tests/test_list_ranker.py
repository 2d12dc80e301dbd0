import json

import numpy as np
import pytest
import torch

from recommender_export.bundle import ExportError
from recommender_export.list_ranker import export_list_ranker, pick
from recommender_export.parity import ParityError
from recommender_export.ranker import Request

ENTRIES = [{"role": "FEATURE", "name": "candidates", "side": "CANDIDATE", "feature": "route"},
           {"role": "FEATURE", "name": "context", "side": "REQUEST", "columns": [{"feature": "end", "default": 0.3},
                                                                                  {"feature": "rain", "default": 0}]}]
ROUTES = [("motorway again", 0.95, 0, 0.98), ("motorway", 1.0, 0, 1), ("river", 0.9, 1, 1), ("coast again", 0.75, 2, 0.98),
          ("river again", 0.85, 1, 0.98), ("coast", 0.8, 2, 1), ("hills", 0.6, 3, 1), ("detour", 0.2, 4, 1)]
ITEMS = [{"id": name, "route": [base] + [length if i == way else 0.0 for i in range(5)]} for name, base, way, length in ROUTES]
WIDTHS = {"candidates": (6,), "context": (2,)}


class Diverse(torch.nn.Module):
    """The base of a candidate less twice the largest similarity to what was picked; the end is told by the context."""

    def forward(self, candidates, context, selected):
        vectors = candidates[:, :, 1:]
        table = torch.cat([torch.zeros_like(vectors[:, :1]), vectors], 1)
        picked = table.gather(1, selected.unsqueeze(2).expand(-1, -1, 5))
        nearest = (vectors @ picked.transpose(1, 2)).max(2).values
        return torch.cat([candidates[:, :, 0] - 2 * nearest, context[:, :1] + 0 * context[:, 1:]], 1)


def export(folder, module=None, **more):
    requests = [Request(list(range(8))), Request([3, 1, {"route": [0.5, 0, 0, 0, 0, 1]}], (), {"end": 0.9}),
                Request([7], (), {"end": 0.5, "rain": 1})]
    return export_list_ranker(module or Diverse(), ENTRIES, requests, out_dir=folder, name="routes", version="1", items=ITEMS,
                              widths=WIDTHS, **more)


def test_a_list_ends_before_it_repeats_itself(tmp_path):
    folder = export(tmp_path / "b", max_length=6)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["list"]["selected"] == {"name": "selected", "start": 0, "offset": 1}
    assert manifest["list"]["maxLength"] == 6
    golden = json.loads((folder / "golden.json").read_text())["requests"]
    assert [ROUTES[i][0] for i in golden[0]["order"]] == ["motorway", "river", "coast", "hills"]
    assert golden[1]["order"] == [1] and golden[2]["order"] == []
    assert golden[0]["scores"] == sorted(golden[0]["scores"], reverse=True) and golden[0]["scores"][0] < 0


def test_the_loop_keeps_its_limits():
    count = 5
    assert pick(lambda picked: np.array([1, 2, 3, 4, 5, np.inf]), count, min_length=2) == \
        ([4, 3], [pytest.approx(-np.log(sum(np.exp(-i) for i in range(5)))),
                  pytest.approx(-np.log(sum(np.exp(-i) for i in range(5))) - np.log(sum(np.exp(-i) for i in range(4))))])
    assert pick(lambda picked: np.array([1, 2, 3, 4, 5, -np.inf]), count)[0] == [4, 3, 2, 1, 0]
    assert pick(lambda picked: np.array([1, 2, 3, 4, 5, -np.inf]), count, max_length=2)[0] == [4, 3]
    assert pick(lambda picked: np.array([-np.inf] * 6), count, min_length=3)[0] == []
    assert pick(lambda picked: np.zeros(6), count)[0] == [0, 1, 2, 3, 4]


def test_what_cannot_be_exported_is_named(tmp_path):
    class Noisy(Diverse):
        def forward(self, candidates, context, selected):
            logits = super().forward(candidates, context, selected)
            return logits if torch.jit.is_tracing() else logits + 0.01

    class Short(Diverse):
        def forward(self, candidates, context, selected):
            return super().forward(candidates, context, selected)[:, :-1]

    with pytest.raises(ParityError, match="0 of 8 picked: graph and module differ by 0.01"):
        export(tmp_path / "b", Noisy())
    with pytest.raises(ExportError, match=r"logits: shape \[1, 8\], expected \[1, 9\]"):
        export(tmp_path / "b", Short())
    with pytest.raises(ExportError, match="max_length: 1, expected at least min_length 2"):
        export(tmp_path / "b", min_length=2, max_length=1)
    assert not list(tmp_path.iterdir())
