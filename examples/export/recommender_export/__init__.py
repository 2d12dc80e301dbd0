"""From PyTorch modules to recommender bundles."""

from .bundle import Embedding, ExportError, Scores, export_bundle
from .parity import ParityError
from .window import Sequence, Windows

__all__ = ["Embedding", "ExportError", "ParityError", "Scores", "Sequence", "Windows", "export_bundle"]
