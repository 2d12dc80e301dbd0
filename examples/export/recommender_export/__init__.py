"""From PyTorch modules to recommender bundles."""

from .bundle import Embedding, ExportError, Scores, export_bundle
from .diffusion import Diffusion
from .parity import ParityError
from .window import Sequence, Windows

__all__ = ["Diffusion", "Embedding", "ExportError", "ParityError", "Scores", "Sequence", "Windows", "export_bundle"]
