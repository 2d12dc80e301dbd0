"""GRU4Rec: session-based recommendation with a recurrent network (Hidasi et al., ICLR 2016), written for export.

Right-padded windows, the state after the newest item is gathered at ``length - 1``, and the item table ``[N, D]`` is
tied: it is the input embedding and the head. Trained with full softmax instead of the paper's sampled ranking losses.

The recurrence runs unpacked: for one direction, what comes after the newest item cannot change its state, so packing
(which does not export well) would give the same numbers. The initial state is made from the batch size in the graph, so
the batch stays dynamic.

Ids: 0 is padding, an item is its ordinal + 1.
"""

import torch
from torch import Tensor, nn


class Gru4RecBackbone(nn.Module):
    """``hidden`` gives a vector for every place of a right-padded window, ``newest_right`` that of the newest item."""

    def __init__(self, items: int, max_length: int = 50, dimension: int = 64, layers: int = 1, hidden: int | None = None,
                 dropout: float = 0.3):
        super().__init__()
        hidden = hidden or dimension * 2
        self.config = dict(items=items, max_length=max_length, dimension=dimension, layers=layers, hidden=hidden,
                           dropout=dropout)
        self.max_length = max_length
        self.items = nn.Parameter(torch.empty(items, dimension))
        nn.init.normal_(self.items, std=0.02)
        self.gru = nn.GRU(dimension, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.project = nn.Linear(hidden, dimension)
        self.norm = nn.LayerNorm(dimension)
        self.dropout = nn.Dropout(dropout)

    def _states(self, item_ids: Tensor) -> Tensor:
        x = self.dropout(self.items[item_ids - 1])
        start = x.new_zeros(self.gru.num_layers, item_ids.shape[0], self.gru.hidden_size)
        return self.gru(x, start)[0]

    def _vectors(self, states: Tensor) -> Tensor:
        return self.norm(self.project(self.dropout(states)))

    def hidden(self, item_ids: Tensor) -> Tensor:
        """item_ids [B, L], right-padded -> [B, L, D]."""
        return self._vectors(self._states(item_ids))

    def newest_right(self, item_ids: Tensor, length: Tensor) -> Tensor:
        """item_ids [B, L], right-padded, with ``length`` [B] items in each row -> [B, D]."""
        states = self._states(item_ids)
        pick = (length - 1).clamp(min=0).view(-1, 1, 1).expand(-1, -1, states.shape[2])
        return self._vectors(torch.gather(states, 1, pick).squeeze(1))

    def scores(self, vectors: Tensor) -> Tensor:
        """Vectors [B, D] -> scores [B, N], column = ordinal. ``mm`` becomes a Gemm that shares the table of the input."""
        return torch.mm(vectors, self.items.t())


class Gru4RecUserVector(nn.Module):
    """Graph of contract SEQ_EMBEDDING: ids [B, L] and lengths [B] -> ``user_embedding`` [B, D]."""

    def __init__(self, backbone: Gru4RecBackbone):
        super().__init__()
        self.backbone = backbone

    def forward(self, item_ids: Tensor, length: Tensor) -> Tensor:
        return self.backbone.newest_right(item_ids, length)

    def item_vectors(self) -> Tensor:
        """[N, D], row = ordinal."""
        return self.backbone.items.detach()


class Gru4RecScores(Gru4RecUserVector):
    """Graph of contract SEQ_LOGITS: the same inputs -> ``scores`` [B, N], column = ordinal."""

    def forward(self, item_ids: Tensor, length: Tensor) -> Tensor:
        return self.backbone.scores(super().forward(item_ids, length))
