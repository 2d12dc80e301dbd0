"""SASRec: self-attentive sequential recommendation (Kang & McAuley, ICDM 2018), written for export.

Three choices differ from most public code, all for serving:

* Positions are counted from the newest item (newest = 0). A window then scores the same whatever its padded length and
  padding side, so short histories may run in short windows.
* Padding is masked as a key in every attention, so it never changes a score.
* The last layer computes one query only, that of the newest item: nothing else reaches the head.

Ids: 0 is padding, an item is its ordinal + 1. One item table ``[N, D]`` serves the input and the head; there is no row
for padding (the id 0 reads some row, and the mask hides it).
"""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MASKED = -1e9  # finite, so that a row with nothing to attend to gives no NaN


class Attention(nn.Module):
    """Scaled dot-product attention of ``queries`` [B, Q, D] over ``keys`` [B, L, D]; ``bias`` broadcasts to [B, Q, L]."""

    def __init__(self, dimension: int, heads: int, dropout: float):
        super().__init__()
        if dimension % heads:
            raise ValueError(f"dimension {dimension} is not a multiple of heads {heads}")
        self.heads = heads
        self.scale = 1.0 / math.sqrt(dimension // heads)
        self.query = nn.Linear(dimension, dimension)
        self.key = nn.Linear(dimension, dimension)
        self.value = nn.Linear(dimension, dimension)
        self.output = nn.Linear(dimension, dimension)
        self.dropout = nn.Dropout(dropout)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)

    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        q, k, v = self.query(queries) * self.scale, self.key(keys), self.value(keys)
        if self.heads > 1:
            q, k, v, bias = self._split(q), self._split(k), self._split(v), bias.unsqueeze(1)
        weights = self.dropout(torch.softmax(q @ k.transpose(-2, -1) + bias, dim=-1))
        mixed = weights @ v
        if self.heads > 1:
            mixed = mixed.transpose(1, 2).flatten(2)
        return self.output(mixed)


class FoldedAttention(nn.Module):
    """The same function as a one-head ``Attention`` in evaluation mode, with two projections of the queries instead of four.

    ``q k^T = x (Wq^T Wk) y^T`` up to a term that softmax cancels, and ``w V Wo^T = (w y) (Wo Wv)^T`` as weights sum to 1:
    keys and values are the input itself, so the last layer projects one row instead of L.
    """

    def __init__(self, attention: Attention):
        super().__init__()
        if attention.heads != 1:
            raise ValueError(f"heads {attention.heads}: only one head can be folded")
        dimension = attention.query.in_features
        q, k, v, o = (m.weight.detach().double() for m in (attention.query, attention.key, attention.value, attention.output))
        bq, bv, bo = (m.bias.detach().double() for m in (attention.query, attention.value, attention.output))
        self.query = nn.Linear(dimension, dimension)
        self.output = nn.Linear(dimension, dimension)
        with torch.no_grad():
            self.query.weight.copy_(k.T @ q * attention.scale)
            self.query.bias.copy_(k.T @ bq * attention.scale)
            self.output.weight.copy_(o @ v)
            self.output.bias.copy_(o @ bv + bo)

    def forward(self, queries: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
        weights = torch.softmax(self.query(queries) @ keys.transpose(-2, -1) + bias, dim=-1)
        return self.output(weights @ keys)


class Block(nn.Module):
    """Attention and a position-wise network, each with a residual; LayerNorm before (pre-norm) or after (post-norm)."""

    def __init__(self, dimension: int, heads: int, hidden: int, dropout: float, pre_norm: bool):
        super().__init__()
        self.pre_norm = pre_norm
        self.attention = Attention(dimension, heads, dropout)
        self.attention_norm = nn.LayerNorm(dimension)
        self.inner = nn.Linear(dimension, hidden)
        self.outer = nn.Linear(hidden, dimension)
        self.feed_norm = nn.LayerNorm(dimension)
        self.dropout = nn.Dropout(dropout)

    def _feed(self, x: Tensor) -> Tensor:
        return self.dropout(self.outer(self.dropout(F.gelu(self.inner(x)))))

    def forward(self, x: Tensor, bias: Tensor, queries: Tensor | None = None) -> Tensor:
        """x [B, L, D] -> [B, Q, D], where ``queries`` [B, Q, D] are the rows of x to compute; all of them if absent."""
        queries = x if queries is None else queries
        if self.pre_norm:
            normed = self.attention_norm(x)
            normed_queries = normed if queries is x else self.attention_norm(queries)
            h = queries + self.dropout(self.attention(normed_queries, normed, bias))
            return h + self._feed(self.feed_norm(h))
        h = self.attention_norm(queries + self.dropout(self.attention(queries, x, bias)))
        return self.feed_norm(h + self._feed(h))


class SasRecBackbone(nn.Module):
    """Item table, positions counted from the newest item, causal blocks and, if asked for, a linear ``projection``.

    Without the projection the residuals carry the newest item's own vector to a head of the same vectors, and the item just
    seen comes out first; with it the model learns whether repeats are likely. Where seen items are removed from the answer
    anyway, the tied head without a projection ranks better.

    ``hidden(item_ids)`` gives a vector for every place of a left-padded window (training);
    ``newest_left`` and ``newest_right`` give the vector of the newest item only (serving).
    """

    def __init__(self, items: int, max_length: int = 50, dimension: int = 64, layers: int = 2, heads: int = 1,
                 hidden: int | None = None, dropout: float = 0.5, pre_norm: bool = False, projection: bool = False):
        super().__init__()
        self.config = dict(items=items, max_length=max_length, dimension=dimension, layers=layers, heads=heads,
                           hidden=hidden, dropout=dropout, pre_norm=pre_norm, projection=projection)
        self.max_length = max_length
        self.items = nn.Parameter(torch.empty(items, dimension))
        self.positions = nn.Parameter(torch.empty(max_length, dimension))  # last row = newest item
        self.input_norm = nn.Identity() if pre_norm else nn.LayerNorm(dimension)
        self.blocks = nn.ModuleList(
            [Block(dimension, heads, hidden or dimension * 4, dropout, pre_norm) for _ in range(layers)])
        self.output_norm = nn.LayerNorm(dimension) if pre_norm else nn.Identity()
        self.projection = nn.Linear(dimension, dimension, bias=False) if projection else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        causal = torch.full((max_length, max_length), MASKED).triu(1)
        self.register_buffer("causal", causal, persistent=False)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)
        if projection:
            nn.init.normal_(self.projection.weight, std=dimension ** -0.5)

    def _embed(self, item_ids: Tensor, positions: Tensor) -> Tensor:
        return self.dropout(self.input_norm(self.items[item_ids - 1] + positions))

    def _inputs_left(self, item_ids: Tensor, attention_mask: Tensor | None) -> tuple[Tensor, Tensor]:
        length = item_ids.shape[1]
        padded = item_ids == 0 if attention_mask is None else attention_mask == 0
        x = self._embed(item_ids, self.positions[self.max_length - length:])
        return x, (padded.to(x.dtype) * MASKED).unsqueeze(1)

    def hidden(self, item_ids: Tensor) -> Tensor:
        """item_ids [B, L], left-padded -> [B, L, D]."""
        x, key_bias = self._inputs_left(item_ids, None)
        length = item_ids.shape[1]
        bias = key_bias + self.causal[:length, :length]
        for block in self.blocks:
            x = block(x, bias)
        return self.projection(self.output_norm(x))

    def newest_left(self, item_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """item_ids [B, L], left-padded -> [B, D]; any L up to the maximum gives the same vector."""
        x, key_bias = self._inputs_left(item_ids, attention_mask)
        return self._newest(x, key_bias, x[:, -1:])

    def newest_right(self, item_ids: Tensor, length: Tensor) -> Tensor:
        """item_ids [B, L], right-padded, with ``length`` [B] items in each row -> [B, D]."""
        newest = (length - 1).unsqueeze(1)
        place = torch.arange(item_ids.shape[1], device=item_ids.device).unsqueeze(0)
        distance = (newest - place).clamp(min=0)
        x = self._embed(item_ids, self.positions[self.max_length - 1 - distance])
        key_bias = ((place > newest).to(x.dtype) * MASKED).unsqueeze(1)
        pick = newest.unsqueeze(2).expand(-1, -1, x.shape[2])
        return self._newest(x, key_bias, pick)

    def _newest(self, x: Tensor, key_bias: Tensor, pick: Tensor) -> Tensor:
        """``pick`` is the newest row of x itself [B, 1, D] or, as int64, where to gather it."""
        if len(self.blocks) > 1:
            length = x.shape[1]
            bias = key_bias + self.causal[:length, :length]
            for block in self.blocks[:-1]:
                x = block(x, bias)
        last = x[:, -1:] if pick.is_floating_point() else torch.gather(x, 1, pick)
        return self.projection(self.output_norm(self.blocks[-1](x, key_bias, last))[:, 0])

    def scores(self, vectors: Tensor) -> Tensor:
        """Vectors [B, D] -> scores [B, N], column = ordinal. ``mm`` becomes a Gemm that shares the table of the input."""
        return torch.mm(vectors, self.items.t())

    def folded(self) -> "SasRecBackbone":
        """A copy for serving that computes the same with less; the backbone itself if it has several heads."""
        if self.config["heads"] != 1:
            return self
        copied = copy.deepcopy(self).eval()
        for block in copied.blocks:
            block.attention = FoldedAttention(block.attention)
        return copied


class SasRecUserVector(nn.Module):
    """Graph of contract SEQ_EMBEDDING: a window -> ``user_embedding`` [B, D], compared with the item table by dot product."""

    def __init__(self, backbone: SasRecBackbone, padding_side: str = "LEFT"):
        super().__init__()
        if padding_side not in ("LEFT", "RIGHT"):
            raise ValueError(f"padding_side: {padding_side!r}, expected LEFT or RIGHT")
        self.backbone = backbone
        self.left = padding_side == "LEFT"

    def forward(self, item_ids: Tensor, second: Tensor | None = None) -> Tensor:
        """item_ids [B, L] and, for LEFT, an optional attention mask [B, L]; for RIGHT, the lengths [B]."""
        return self.backbone.newest_left(item_ids, second) if self.left else self.backbone.newest_right(item_ids, second)

    def item_vectors(self) -> Tensor:
        """[N, D], row = ordinal."""
        return self.backbone.items.detach()


class SasRecScores(SasRecUserVector):
    """Graph of contract SEQ_LOGITS: the same inputs -> ``scores`` [B, N], column = ordinal."""

    def forward(self, item_ids: Tensor, second: Tensor | None = None) -> Tensor:
        return self.backbone.scores(super().forward(item_ids, second))
