"""Writes ``two-modalities``, an encoder of an image, a vector of a text and a category with its vectors by PyTorch.

Run from here with ``PYTHONPATH=../../../../../examples/export python make_modalities.py``; the build does not need it.
"""

from pathlib import Path

import numpy as np
import torch
from recommender_export.feature_encoder import export_feature_encoder


class TwoModalities(torch.nn.Module):
    """What is absent adds nothing."""

    def __init__(self):
        super().__init__()
        self.image, self.text = torch.nn.Conv2d(3, 6, 2, 2), torch.nn.Linear(5, 6)
        self.kinds, self.out = torch.nn.Embedding(3, 6), torch.nn.Linear(6, 4)

    def forward(self, pixel_values, image_present, text_feat, text_present, kind):
        seen = torch.relu(self.image(pixel_values)).mean((2, 3)) * image_present[:, None]
        return self.out(seen + torch.tanh(self.text(text_feat)) * text_present[:, None] + self.kinds(kind))


def main() -> None:
    torch.manual_seed(27)
    rng = np.random.default_rng(27)
    entries = [
        {"role": "FEATURE", "name": "pixel_values", "feature": "image",
         "normalization": {"mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225]}},
        {"role": "PRESENT", "name": "image_present", "feature": "image"},
        {"role": "FEATURE", "name": "text_feat", "feature": "text"},
        {"role": "PRESENT", "name": "text_present", "feature": "text"},
        {"role": "CATEGORY", "name": "kind", "feature": "kind", "vocabulary": {"shoe": 1, "mug": 2}, "default": 0}]
    golden = []
    for i in range(8):
        item = {"image": (rng.integers(0, 65, 48) / 64).tolist(), "text": (rng.integers(-32, 33, 5) / 16).tolist(),
                "kind": ("shoe", "mug", "hat")[i % 3]}
        golden.append({k: v for j, (k, v) in enumerate(item.items()) if not i >> j & 1})
    export_feature_encoder(TwoModalities(), entries, golden, out_dir=Path(__file__).parent / "two-modalities",
                           name="two-modalities", version="1", widths={"pixel_values": (3, 4, 4), "text_feat": (5,)},
                           similarity="COSINE", normalize=True)


if __name__ == "__main__":
    main()
