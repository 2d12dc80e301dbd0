"""Modules that run a Hugging Face model as a decoder of rows wants it: a prompt once, then one token of each row a step.

A step runs ``U * W`` rows: row r belongs to prompt r // W. Caches are flat tensors of two kinds. Those of the prompt,
[U, heads, P, size], stay as they are and are shared by the W rows of a prompt: the queries of all its rows meet its keys in
one matrix product. Those of the rows, [rows, heads, S, size], grow by one place a step, after ``parents`` has chosen, for
each new row, the row it continues.
"""

import torch
import torch.nn.functional as F
from transformers import AttentionInterface
from transformers.models.t5.modeling_t5 import T5Attention

MASKED = -1e9


def repeat_heads(x: torch.Tensor, groups: int) -> torch.Tensor:
    """[B, heads, T, size] -> [B, heads * groups, T, size]"""
    return x if groups == 1 else x.repeat_interleave(groups, dim=1)


def shared_attention(query, key, value, prompt_key, prompt_value, prompt_bias, scaling):
    """Attention of queries [U*W, heads, T, size] over their prompt's keys [U, heads, P, size] and their own [U*W, heads, S, size].

    ``prompt_bias`` [U, 1, 1, P] adds to the scores of the prompt. There may be no own keys at all, as in the cross attention
    of an encoder-decoder; with own keys T is 1.
    """
    _, heads, steps, size = query.shape
    prompts, places = prompt_bias.shape[0], prompt_bias.shape[3]
    if key is None:
        grid = query.reshape(prompts, -1, heads, steps, size).transpose(1, 2).reshape(prompts, heads, -1, size)
        scores = torch.matmul(grid, prompt_key.transpose(2, 3)) * scaling + prompt_bias
        found = torch.matmul(torch.softmax(scores, -1), prompt_value)
        return found.reshape(prompts, heads, -1, steps, size).transpose(1, 2).reshape(-1, heads, steps, size)
    grid = query.reshape(prompts, -1, heads, size).transpose(1, 2)
    scores = torch.matmul(grid, prompt_key.transpose(2, 3)) * scaling + prompt_bias
    own = torch.matmul(query, key.transpose(2, 3)) * scaling
    weights = torch.softmax(torch.cat([scores.transpose(1, 2).reshape(-1, heads, 1, places), own], -1), -1)
    grid = weights[..., :places].reshape(prompts, -1, heads, places).transpose(1, 2)
    from_prompt = torch.matmul(grid, prompt_value).transpose(1, 2).reshape(-1, heads, 1, size)
    return from_prompt + torch.matmul(weights[..., places:], value)


def _interface(module, query, key, value, attention_mask, scaling=None, dropout=0.0, prompt_cache=None, prompt_bias=None,
               **_):
    """The attention of exported decoders, also those with fewer heads of keys than of queries."""
    groups = query.shape[1] // key.shape[1]
    key, value = repeat_heads(key, groups), repeat_heads(value, groups)
    scaling = query.shape[-1] ** -0.5 if scaling is None else scaling
    if prompt_cache is None:
        weights = torch.softmax(torch.matmul(query, key.transpose(2, 3)) * scaling + attention_mask, -1)
        out = torch.matmul(weights, value)
    else:
        prompt_key, prompt_value = (repeat_heads(x, groups) for x in prompt_cache[module.layer_idx])
        out = shared_attention(query, key, value, prompt_key, prompt_value, prompt_bias, scaling)
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register("recommender_export", _interface)


class _Cache:
    """What a model writes its keys and values to: appended to those of ``past``, layer by layer."""

    is_compileable = False

    def __init__(self, past: list[tuple[torch.Tensor, torch.Tensor]] | None):
        self.past, self.present = past, []

    def get_seq_length(self, layer_idx: int = 0):
        return 0 if self.past is None else self.past[layer_idx][0].shape[2]

    def update(self, key, value, layer_idx, *_, **__):
        if self.past is not None:
            key, value = torch.cat([self.past[layer_idx][0], key], 2), torch.cat([self.past[layer_idx][1], value], 2)
        self.present += [key, value]
        return key, value


def pairs(tensors) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(zip(tensors[::2], tensors[1::2]))


def key_bias(mask: torch.Tensor) -> torch.Tensor:
    """Mask [B, T] of int64 -> what to add to scores, [B, 1, 1, T]"""
    return ((1 - mask) * MASKED).to(torch.float32)[:, None, None, :]


class DecoderPrompt(torch.nn.Module):
    """(input_ids, attention_mask, position_ids, aligned...) all [U, P] -> logits [U, V] of the last place, caches.

    Without ``cached``, the logits alone. Prompts are padded on the left.
    """

    def __init__(self, model, aligned: tuple[str, ...], cached: bool):
        super().__init__()
        model.set_attn_implementation("recommender_export")
        self.model, self.aligned, self.cached = model, aligned, cached

    def forward(self, input_ids, attention_mask, position_ids, *aligned):
        places = torch.arange(input_ids.shape[1])
        later = (places[None, :] > places[:, None]).to(torch.float32) * MASKED
        cache = _Cache(None)
        out = self.model(input_ids=input_ids, attention_mask=key_bias(attention_mask) + later, position_ids=position_ids,
                         cache=cache, logits_to_keep=1, **dict(zip(self.aligned, aligned)))
        logits = out.logits[:, -1].to(torch.float32)
        return (logits, *cache.present) if self.cached else logits


class DecoderStep(torch.nn.Module):
    """(input_ids [B, 1], position_ids [B, 1], parents [B], mask, aligned [B, 1]..., caches...) -> logits [B, V], caches.

    With ``shared`` the mask is that of the prompts, [U, P], and the caches are those of the prompts, then those of the rows;
    else the mask has all places of a row, [B, T + 1], and there are only caches of rows, which begin with their prompts.
    """

    def __init__(self, model, aligned: tuple[str, ...], shared: bool):
        super().__init__()
        model.set_attn_implementation("recommender_export")
        self.model, self.aligned, self.shared = model, aligned, shared

    def forward(self, input_ids, position_ids, parents, mask, *rest):
        aligned, caches = rest[:len(self.aligned)], rest[len(self.aligned):]
        half = len(caches) // 2 if self.shared else 0
        cache = _Cache(pairs([c.index_select(0, parents) for c in caches[half:]]))
        shared = dict(prompt_cache=pairs(caches[:half]), prompt_bias=key_bias(mask)) if self.shared else {}
        out = self.model(input_ids=input_ids, attention_mask=key_bias(mask), position_ids=position_ids, cache=cache,
                         **dict(zip(self.aligned, aligned)), **shared)
        return (out.logits[:, -1].to(torch.float32), *cache.present)


def _heads(attention: T5Attention, x: torch.Tensor) -> torch.Tensor:
    """[B, T, inner] -> [B, heads, T, size]"""
    return x.reshape(x.shape[0], -1, attention.n_heads, attention.key_value_proj_dim).transpose(1, 2)


def _joined(attention: T5Attention, x: torch.Tensor) -> torch.Tensor:
    """[B, heads, T, size] -> [B, T, model]"""
    return attention.o(x.transpose(1, 2).reshape(x.shape[0], -1, attention.inner_dim))


class EncoderPrompt(torch.nn.Module):
    """(input_ids, attention_mask) both [U, P] -> keys and values of the cross attention of each layer, or the states alone."""

    def __init__(self, model, cached: bool):
        super().__init__()
        model.encoder.set_attn_implementation("eager")
        self.model, self.cached = model, cached

    def forward(self, input_ids, attention_mask):
        states = self.model.encoder(input_ids=input_ids, attention_mask=key_bias(attention_mask)).last_hidden_state
        if not self.cached:
            return states
        caches = []
        for block in self.model.decoder.block:
            cross = block.layer[1].EncDecAttention
            caches += [_heads(cross, cross.k(states)), _heads(cross, cross.v(states))]
        return tuple(caches)


class _DecoderOfEncoder(torch.nn.Module):
    """The decoder blocks of T5 over given self and cross attention."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def logits(self, input_ids, bias, prompt_bias, past, prompt_cache):
        """Runs all places of ``input_ids`` and returns logits [B, V] of the last one, and the keys and values of the rows."""
        decoder, present = self.model.decoder, []
        hidden = decoder.embed_tokens(input_ids)
        for layer, block in enumerate(decoder.block):
            own = block.layer[0].SelfAttention
            normed = block.layer[0].layer_norm(hidden)
            key, value = _heads(own, own.k(normed)), _heads(own, own.v(normed))
            if past is not None:
                key, value = torch.cat([past[layer][0], key], 2), torch.cat([past[layer][1], value], 2)
            present += [key, value]
            weights = torch.softmax(torch.matmul(_heads(own, own.q(normed)), key.transpose(2, 3)) + bias, -1)
            hidden = hidden + _joined(own, torch.matmul(weights, value))
            cross = block.layer[1].EncDecAttention
            query = _heads(cross, cross.q(block.layer[1].layer_norm(hidden)))
            found = shared_attention(query, None, None, *prompt_cache[layer], prompt_bias, 1.0)
            hidden = block.layer[2](hidden + _joined(cross, found))
        hidden = decoder.final_layer_norm(hidden[:, -1])
        if self.model.config.scale_decoder_outputs:
            hidden = hidden * self.model.model_dim ** -0.5
        return self.model.lm_head(hidden), present

    def position_bias(self, queries: int, keys):
        """[1, heads, queries, keys] of the last ``queries`` places"""
        own = self.model.decoder.block[0].layer[0].SelfAttention
        places = torch.arange(keys)
        bucket = own._relative_position_bucket(
            places[None, :] - places[-queries:, None] if queries else places[None, :] - places[:, None], bidirectional=False,
            num_buckets=own.relative_attention_num_buckets, max_distance=own.relative_attention_max_distance)
        return own.relative_attention_bias(bucket).permute(2, 0, 1)[None]


class EncoderDecoderStep(_DecoderOfEncoder):
    """(input_ids [B, 1], parents [B], prompt_mask [U, P], prompt caches..., row caches...) -> logits [B, V], row caches."""

    def forward(self, input_ids, parents, prompt_mask, *caches):
        half = len(caches) // 2
        past = pairs([c.index_select(0, parents) for c in caches[half:]])
        bias = self.position_bias(1, past[0][0].shape[2] + 1)
        logits, present = self.logits(input_ids, bias, key_bias(prompt_mask), past, pairs(caches[:half]))
        return (logits, *present)


class EncoderDecoderWhole(_DecoderOfEncoder):
    """(input_ids [B, S], prompt_mask [U, P], encoder_states [U, P, D]) -> logits [B, V] of the last place; no cache."""

    def forward(self, input_ids, prompt_mask, encoder_states):
        places = torch.arange(input_ids.shape[1])
        later = (places[None, :] > places[:, None]).to(torch.float32) * MASKED
        crossed = []
        for block in self.model.decoder.block:
            cross = block.layer[1].EncDecAttention
            crossed.append((_heads(cross, cross.k(encoder_states)), _heads(cross, cross.v(encoder_states))))
        bias = self.position_bias(0, input_ids.shape[1]) + later
        return self.logits(input_ids, bias, key_bias(prompt_mask), None, crossed)[0]
