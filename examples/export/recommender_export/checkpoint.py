"""Saves and loads trained backbones: a dict of configuration and weights only, loaded with ``weights_only``."""

from pathlib import Path

import torch

from .gru4rec import Gru4RecBackbone, Gru4RecScores, Gru4RecUserVector
from .sasrec import SasRecBackbone, SasRecScores, SasRecUserVector

BACKBONES = {"sasrec": SasRecBackbone, "gru4rec": Gru4RecBackbone}


def save(path: str | Path, model: str, backbone, record: dict) -> None:
    torch.save({"model": model, "config": backbone.config, "state": backbone.state_dict(), "record": record}, path)


def load(path: str | Path):
    """Returns (model name, backbone in evaluation mode, training record)."""
    saved = torch.load(path, weights_only=True)
    backbone = BACKBONES[saved["model"]](**saved["config"])
    backbone.load_state_dict(saved["state"])
    return saved["model"], backbone.eval(), saved["record"]


def head(model: str, backbone, kind: str, padding_side: str) -> torch.nn.Module:
    """The module to export; ``kind`` is ``scores`` or ``vector``."""
    if model == "sasrec":
        return (SasRecScores if kind == "scores" else SasRecUserVector)(backbone.folded(), padding_side).eval()
    if padding_side != "RIGHT":
        raise ValueError(f"padding side {padding_side}: GRU4Rec reads right-padded windows only")
    return (Gru4RecScores if kind == "scores" else Gru4RecUserVector)(backbone).eval()
