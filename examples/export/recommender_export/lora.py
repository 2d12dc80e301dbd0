"""Low-rank adapters whose mixture is an input of the graph, so that one bundle serves every user's own.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022; mixed by a gate for each user as in Zhu et al.,
"Lifelong Personalized Low-Rank Adaptation of Large Language Models for Recommendation", 2024.
"""

import torch

from .bundle import ExportError


class Gate:
    """The gate [B, M] of the batch that is being run; None: no adapters."""

    value: torch.Tensor | None = None


class GatedLinear(torch.nn.Module):
    """A linear layer plus, for each of M adapters of rank r, gate[m] * scale * B_m A_m."""

    def __init__(self, base: torch.nn.Linear, gate: Gate, adapters: int, rank: int, scale: float):
        super().__init__()
        self.base, self.gate, self.rank, self.scale = base, gate, rank, scale
        self.down = torch.nn.Parameter(torch.empty(adapters * rank, base.in_features))
        self.up = torch.nn.Parameter(torch.zeros(adapters * rank, base.out_features))
        torch.nn.init.normal_(self.down, std=base.in_features ** -0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result = self.base(x)
        if self.gate.value is None:
            return result
        mix = self.gate.value.repeat_interleave(self.rank, 1)
        mix = mix if x.dim() == 2 else mix.unsqueeze(1)
        return result + (x @ self.down.t() * mix) @ self.up * self.scale


def add_adapters(model: torch.nn.Module, layers: tuple[str, ...] = ("query", "value"), *, adapters: int, rank: int = 8,
                 scale: float = 1.0) -> Gate:
    """Puts adapters, which change nothing before they are trained, beside every linear layer whose name ends so."""
    gate = Gate()
    found = [(parent, name, child) for parent in model.modules() for name, child in parent.named_children()
             if name in layers and isinstance(child, torch.nn.Linear)]
    if not found:
        raise ExportError(f"layers: expected names of linear layers, found none of {', '.join(layers)}")
    for parent, name, child in found:
        setattr(parent, name, GatedLinear(child, gate, adapters, rank, scale))
    model.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, GatedLinear):
            module.down.requires_grad_(True)
            module.up.requires_grad_(True)
    return gate
