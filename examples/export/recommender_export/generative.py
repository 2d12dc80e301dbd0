"""Models that write the codes of the next item: a decoder in the manner of Llama, and an encoder-decoder, T5.

Both are Hugging Face models, so ``generate`` is the reference of everything that decodes them. The decoder is trained on
whole sequences in one pass, each code of each item being a target; the encoder-decoder on pairs of history and next item.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

from .codes import PADDING, CodeTokens, CodeTree
from .fit import windows


class CodeLlamaConfig(LlamaConfig):
    """Adds ``code_sizes``, the number of codes of each level."""

    model_type = "code-llama-positions"
    code_sizes: list | None = None


class CodeLlama(LlamaForCausalLM):
    """A Llama that adds to each token a vector for the level of its code (``sid_position`` of DiscRec, 2025)."""

    config_class = CodeLlamaConfig

    def __init__(self, config):
        super().__init__(config)
        tokens = CodeTokens(tuple(config.code_sizes))
        self.code_position = torch.nn.Embedding(tokens.levels + 1, config.hidden_size)
        self.register_buffer("levels", torch.from_numpy(tokens.levels_by_token()))
        self.post_init()

    def forward(self, input_ids=None, inputs_embeds=None, code_position=None, **rest):
        """``code_position`` [B, T] is the level of each token and comes from ``input_ids`` if not given."""
        if inputs_embeds is None:
            level = self.levels[input_ids] if code_position is None else code_position
            inputs_embeds = self.model.embed_tokens(input_ids) + self.code_position(level)
        return super().forward(inputs_embeds=inputs_embeds, **rest)


def new_decoder(tokens: CodeTokens, *, dimension: int = 128, layers: int = 4, heads: int = 4, feed_forward: int | None = None,
                max_items: int = 20, dropout: float = 0.2) -> CodeLlama:
    model = CodeLlama(CodeLlamaConfig(
        vocab_size=tokens.vocabulary_size, hidden_size=dimension, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=heads, intermediate_size=feed_forward or 3 * dimension, tie_word_embeddings=True,
        max_position_embeddings=tokens.levels * (max_items + 1) + 1, attention_dropout=dropout, pad_token_id=PADDING,
        bos_token_id=tokens.begin, eos_token_id=None, code_sizes=list(tokens.sizes)))
    return model


def new_encoder_decoder(tokens: CodeTokens, *, dimension: int = 128, layers: int = 4, heads: int = 4,
                        feed_forward: int | None = None, dropout: float = 0.1, **_) -> T5ForConditionalGeneration:
    model = T5ForConditionalGeneration(T5Config(
        vocab_size=tokens.vocabulary_size, d_model=dimension, d_kv=dimension // heads, d_ff=feed_forward or 4 * dimension,
        num_layers=layers, num_decoder_layers=layers, num_heads=heads, dropout_rate=dropout, pad_token_id=PADDING,
        eos_token_id=None, is_encoder_decoder=True, feed_forward_proj="relu", tie_word_embeddings=True))
    model.generation_config.decoder_start_token_id = PADDING
    return model


def start_token(model) -> int:
    """What the decoder of an encoder-decoder begins with."""
    found = getattr(model.generation_config, "decoder_start_token_id", None)
    return getattr(model.config, "decoder_start_token_id", PADDING) if found is None else found


def add_dropout(model: CodeLlama, share: float) -> None:
    """Dropout on embeddings and on what each block adds, which Llama lacks; the weights and their names stay as they are."""
    def drop(module, _, output):
        return F.dropout(output, share, module.training)

    for name, module in model.named_modules():
        if name.endswith(("o_proj", "down_proj", "embed_tokens")):
            module.register_forward_hook(drop)


def prompt(history: list[int], item_tokens: np.ndarray, tokens: CodeTokens, max_items: int) -> list[int]:
    """``begin`` and the codes of the newest items, oldest first."""
    return [tokens.begin, *item_tokens[history[-max_items:]].ravel().tolist()]


def pad(rows: list[list[int]], side: str, value: int = PADDING) -> torch.Tensor:
    """[B, longest]"""
    result = np.full((len(rows), max(map(len, rows))), value, dtype=np.int64)
    for to, row in zip(result, rows):
        to[len(to) - len(row) if side == "LEFT" else 0:][:len(row)] = row
    return torch.from_numpy(result)


@dataclass
class Batches:
    """Draws the training batches of an epoch; the same epoch always draws the same."""

    sequences: list[list[int]]
    item_tokens: np.ndarray
    tokens: CodeTokens
    tree: CodeTree
    max_items: int
    places: int
    seed: int
    encoder_decoder: bool
    targets: int = 2
    item_dropout: float = 0.0

    def epoch(self, number: int) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Input tokens [B, T], targets [B, S], -100 where there is none, and the node of the tree before each target.

        A batch has about ``places`` tokens.
        """
        rng = random.Random(f"{self.seed} {number}")
        rows = self._pairs(rng) if self.encoder_decoder else self._whole(rng)
        rows.sort(key=lambda r: len(r[0]) + rng.random() * 8)
        result, batch, places = [], [], 0
        for row in rows:
            if batch and places + len(row[0]) > self.places:
                result.append(batch)
                batch, places = [], 0
            batch.append(row)
            places += len(row[0])
        result.append(batch)
        rng.shuffle(result)
        return [(pad([r[0] for r in b], "RIGHT"), pad([r[1] for r in b], "RIGHT", -100), pad([r[2] for r in b], "RIGHT"))
                for b in result]

    def _whole(self, rng) -> list[tuple[list[int], list[int], list[int]]]:
        rows = []
        for sequence in self.sequences:
            if self.item_dropout:
                kept = [i for i in sequence if rng.random() >= self.item_dropout]
                sequence = kept if len(kept) >= 2 else sequence
            for piece in windows(sequence, self.max_items + 1, rng):
                row = prompt(piece, self.item_tokens, self.tokens, self.max_items + 1)
                rows.append((row[:-1], row[1:], self.tree.nodes[piece].ravel().tolist()))
        return rows

    def _pairs(self, rng) -> list[tuple[list[int], list[int], list[int]]]:
        rows = []
        for s in self.sequences:
            for end in rng.sample(range(1, len(s)), min(self.targets, len(s) - 1)):
                rows.append((prompt(s[:end], self.item_tokens, self.tokens, self.max_items), self.item_tokens[s[end]].tolist(),
                             self.tree.nodes[s[end]].tolist()))
        return rows


def loss(model, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor], tokens: CodeTokens, tree: CodeTree,
         normalization: str, smoothing: float) -> torch.Tensor:
    """Mean cross-entropy of the targets, over the vocabulary or, with ``CATALOG``, over the tokens that lead to an item."""
    inputs, targets, nodes = batch
    if model.config.is_encoder_decoder:
        start = torch.full_like(targets[:, :1], start_token(model))
        states = model.encoder(input_ids=inputs, attention_mask=(inputs != PADDING).long()).last_hidden_state
        hidden = model.decoder(input_ids=torch.cat([start, targets[:, :-1]], 1), encoder_hidden_states=states,
                               encoder_attention_mask=(inputs != PADDING).long(), use_cache=False).last_hidden_state
        if model.config.scale_decoder_outputs:
            hidden = hidden * model.model_dim ** -0.5
    else:
        hidden = model.model(inputs_embeds=model.model.embed_tokens(inputs) + model.code_position(model.levels[inputs]),
                             use_cache=False).last_hidden_state
    places = targets >= 0
    if normalization == "VOCABULARY":
        return F.cross_entropy(model.lm_head(hidden[places]), targets[places], label_smoothing=smoothing)
    total = 0.0
    for level, (offset, size) in enumerate(zip(tokens.offsets, tokens.sizes)):
        here = slice(level, None, tokens.levels)
        wanted = places[:, here]
        closed = torch.from_numpy(tree.children[level] < 0)[nodes[:, here][wanted]]
        logits = F.linear(hidden[:, here][wanted], model.lm_head.weight[offset:offset + size]).float()
        total = total + F.cross_entropy(logits.masked_fill(closed, -1e4), targets[:, here][wanted] - offset)
    return total / tokens.levels


class _DecoderRows:
    """Rows of a decoder with their cache."""

    def __init__(self, model, prompts: list[list[int]]):
        ids = pad(prompts, "LEFT")
        self.model, self.mask = model, (ids != PADDING).long()
        self.position = self.mask.sum(1, keepdim=True)
        out = model(input_ids=ids, attention_mask=self.mask, position_ids=(self.mask.cumsum(1) - 1).clamp(min=0),
                    use_cache=True, logits_to_keep=1)
        self.cache, self.logits = out.cache, out.logits[:, -1]

    def advance(self, parents: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        self.cache.reorder_cache(parents)
        self.mask = F.pad(self.mask[parents], (0, 1), value=1)
        self.position = self.position[parents]
        out = self.model(input_ids=tokens[:, None], attention_mask=self.mask, position_ids=self.position, cache=self.cache)
        self.position = self.position + 1
        return out.logits[:, -1]


class _EncoderDecoderRows:
    """Rows of an encoder-decoder, run anew each step: there are only as many tokens as levels."""

    def __init__(self, model, prompts: list[list[int]]):
        ids = pad(prompts, "RIGHT")
        self.model, self.mask = model, (ids != PADDING).long()
        self.states = model.encoder(input_ids=ids, attention_mask=self.mask).last_hidden_state
        self.tokens = torch.full((len(prompts), 1), start_token(model))
        self.logits = self._run()

    def _run(self) -> torch.Tensor:
        return self.model(encoder_outputs=(self.states,), attention_mask=self.mask, decoder_input_ids=self.tokens,
                          use_cache=False).logits[:, -1]

    def advance(self, parents: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        self.states, self.mask = self.states[parents], self.mask[parents]
        self.tokens = torch.cat([self.tokens[parents], tokens[:, None]], 1)
        return self._run()


@torch.inference_mode()
def beam_search(model, prompts: list[list[int]], tree: CodeTree, tokens: CodeTokens, beams: int,
                normalization: str = "VOCABULARY") -> list[list[tuple[float, int]]]:
    """For each prompt up to ``beams`` pairs of log-probability and node of the tree, best first.

    The score is the sum of the log-softmax over the whole vocabulary, then what leads to no item is ruled out, as
    ``generate`` with ``prefix_allowed_tokens_fn`` does. With ``CATALOG`` it is ruled out first, as ``generate`` does with
    ``renormalize_logits``.
    """
    users = len(prompts)
    rows = (_EncoderDecoderRows if model.config.is_encoder_decoder else _DecoderRows)(model, prompts)
    logits = rows.logits
    scores = torch.zeros(users, 1)
    nodes = torch.zeros(users, 1, dtype=torch.long)
    for level, size in enumerate(tokens.sizes):
        offset, width = tokens.offsets[level], scores.shape[1]
        children = torch.from_numpy(tree.children[level])[nodes]
        logits = logits.float().view(users, width, -1)
        if normalization == "VOCABULARY":
            step = logits.log_softmax(-1)[:, :, offset:offset + size].masked_fill(children < 0, -torch.inf)
        else:
            step = logits[:, :, offset:offset + size].masked_fill(children < 0, -1e9).log_softmax(-1)
            step = step.masked_fill(children < 0, -torch.inf)
        step = (step + scores[:, :, None]).flatten(1)
        scores, best = step.topk(min(beams, step.shape[1]), 1)
        nodes = children.flatten(1).gather(1, best).clamp(min=0)
        if level + 1 < tokens.levels:
            parents = (best // size + torch.arange(users)[:, None] * width).flatten()
            logits = rows.advance(parents, (best % size + offset).flatten())
    return [[(s, n) for s, n in zip(row, ends) if s > -np.inf] for row, ends in zip(scores.tolist(), nodes.tolist())]


def ranked_items(found: list[tuple[float, int]], tree: CodeTree) -> list[tuple[int, float]]:
    """Ordinals with scores, best first, ties by ordinal; items that share a code share its score."""
    items = [(ordinal, score) for score, node in found for ordinal in tree.items[node]]
    return sorted(items, key=lambda item: (-item[1], item[0]))


def evaluate(model, histories: list[list[int]], targets: np.ndarray, item_tokens: np.ndarray, tree: CodeTree,
             tokens: CodeTokens, *, max_items: int, beams: int, normalization: str, batch: int = 64) -> dict[str, dict[str, float]]:
    """HR@k and NDCG@k of what beam search finds, as it is (``all``) and with the history left out (``unseen``)."""
    model.eval()
    order = sorted(range(len(histories)), key=lambda i: len(histories[i]))
    ranks = {"all": np.full(len(order), np.inf), "unseen": np.full(len(order), np.inf)}
    for start in range(0, len(order), batch):
        users = order[start:start + batch]
        prompts = [prompt(histories[u], item_tokens, tokens, max_items) for u in users]
        for user, found in zip(users, beam_search(model, prompts, tree, tokens, beams, normalization)):
            items = [i for i, _ in ranked_items(found, tree)]
            seen = set(histories[user]) - {targets[user]}
            for kind, ranking in (("all", items), ("unseen", [i for i in items if i not in seen])):
                if targets[user] in ranking:
                    ranks[kind][user] = ranking.index(targets[user]) + 1
    return {kind: {f"{name}@{k}": float(np.mean(gain * (rank <= k))) for k in (5, 10)
                   for name, gain in (("HR", 1.0), ("NDCG", 1 / np.log2(rank + 1)))} for kind, rank in ranks.items()}


def load_checkpoint(folder: str | Path):
    """The model of a checkpoint folder, in evaluation mode."""
    kind = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))["model_type"]
    classes = {CodeLlamaConfig.model_type: CodeLlama, "t5": T5ForConditionalGeneration}
    return classes.get(kind, AutoModelForCausalLM).from_pretrained(folder).eval()
