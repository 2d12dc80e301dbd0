"""The same graphs as ``decoding_graphs`` for Llama, with fewer and larger operations.

A step of a small model spends as much time between operations as in them. Queries, keys and values come from one product, whose
rows are in such an order that the first halves of all heads stand together, and so do the second ones: what is rotated by is then
the same with two blocks swapped. The last layer of a prompt is worked out for its last place alone. The results are those of the
model up to rounding.
"""

import torch
import torch.nn.functional as F
from transformers import LlamaForCausalLM

from .decoding_graphs import MASKED, key_bias


def fits(model) -> bool:
    """Whether a model is a Llama without biases whose heads of keys are those of queries."""
    config = model.config
    return (isinstance(model, LlamaForCausalLM) and not config.attention_bias and not config.mlp_bias
            and config.num_key_value_heads == config.num_attention_heads)


def _by_halves(weights: list[torch.Tensor], size: int) -> torch.Tensor:
    """Rows [heads, size] of several weights -> rows [half, weight, head, size / 2]."""
    return torch.stack([w.unflatten(0, (-1, 2, size // 2)) for w in weights]).permute(2, 0, 1, 3, 4).flatten(0, 3)


class _Layer(torch.nn.Module):
    """One block. Shapes: [..., D]."""

    def __init__(self, layer, heads: int, size: int):
        super().__init__()
        attention, mlp = layer.self_attn, layer.mlp
        self.first_norm, self.second_norm = layer.input_layernorm, layer.post_attention_layernorm
        turned = _by_halves([attention.q_proj.weight, attention.k_proj.weight], size)
        self.inputs = torch.nn.Parameter(torch.cat([turned, attention.v_proj.weight]).detach())
        self.width, self.hidden = heads * size, mlp.intermediate_size
        self.output, self.down, self.activation = attention.o_proj, mlp.down_proj, mlp.act_fn
        self.gates = torch.nn.Parameter(torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]).detach())

    def project(self, x, cos, sin):
        """Queries with keys, [..., 2 * heads * size] by halves, and values, [..., heads * size]."""
        first, second, value = F.linear(self.first_norm(x), self.inputs).split([self.width] * 3, -1)
        return torch.cat([first, second], -1) * cos + torch.cat([second, first], -1) * sin, value

    def finish(self, x, attended):
        x = x + self.output(attended)
        gate, up = F.linear(self.second_norm(x), self.gates).split([self.hidden, self.hidden], -1)
        return x + self.down(self.activation(gate) * up)


class _Lean(torch.nn.Module):
    def __init__(self, model, aligned: tuple[str, ...]):
        super().__init__()
        config = model.config
        self.heads = config.num_attention_heads
        self.size = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.embed, self.rotary, self.norm, self.head = (model.model.embed_tokens, model.model.rotary_emb, model.model.norm,
                                                         model.lm_head)
        self.code_position = getattr(model, "code_position", None)
        if self.code_position is None and aligned:
            raise ValueError(f"aligned inputs: {', '.join(aligned)}, which the model does not read")
        self.layers = torch.nn.ModuleList([_Layer(layer, self.heads, self.size) for layer in model.model.layers])
        self.scaling = self.size ** -0.5

    def begin(self, input_ids, position_ids, aligned):
        """Embeddings [B, T, D] and the cosines and signed sines of queries and keys by halves, [B, T, 2 * heads * size]."""
        x = self.embed(input_ids)
        if self.code_position is not None:
            x = x + self.code_position(aligned[0])
        cos, sin = self.rotary(x, position_ids)
        cos, sin = (part[..., :self.size // 2].repeat(1, 1, 2 * self.heads) for part in (cos, sin))
        return x, torch.cat([cos, cos], -1), torch.cat([-sin, sin], -1)

    def heads_of(self, turned, rows):
        """[rows, T, 2 * heads * size] by halves -> queries and keys, [rows, heads, T, size]"""
        apart = turned.reshape(rows, -1, 2, 2, self.heads, self.size // 2).permute(3, 0, 4, 1, 2, 5)
        query, key = apart.reshape(2, rows, self.heads, -1, self.size).unbind(0)
        return query, key

    def split_heads(self, x, rows):
        """[rows, T, heads * size] -> [rows, heads, T, size]"""
        return x.reshape(rows, -1, self.heads, self.size).transpose(1, 2)


class LeanPrompt(_Lean):
    """As ``DecoderPrompt``, with the caches."""

    def forward(self, input_ids, attention_mask, position_ids, *aligned):
        x, cos, sin = self.begin(input_ids, position_ids, aligned)
        places = torch.arange(input_ids.shape[1])
        bias = key_bias(attention_mask) + (places[None, :] > places[:, None]).to(torch.float32) * MASKED
        prompts, present = input_ids.shape[0], []
        for number, layer in enumerate(self.layers):
            turned, value = layer.project(x, cos, sin)
            query, key = self.heads_of(turned, prompts)
            value = self.split_heads(value, prompts)
            present += [key, value]
            if number + 1 == len(self.layers):
                query, x, bias = query[:, :, -1:], x[:, -1:], bias[:, :, -1:]
            scores = torch.matmul(query, key.transpose(2, 3)) * self.scaling
            attended = torch.matmul(torch.softmax(scores + bias, -1), value).transpose(1, 2)
            x = layer.finish(x, attended.reshape(prompts, -1, self.heads * self.size))
        return (self.head(self.norm(x[:, -1])), *present)


class LeanStep(_Lean):
    """As ``DecoderStep`` with shared prompts."""

    def forward(self, input_ids, position_ids, parents, mask, *rest):
        aligned, caches = rest[:self.code_position is not None], rest[self.code_position is not None:]
        half = len(caches) // 2
        heads, size = self.heads, self.size
        x, cos, sin = (part[:, 0] for part in self.begin(input_ids, position_ids, aligned))
        bias = key_bias(mask)
        prompts, places = mask.shape
        own_places = caches[half].shape[2] + 1
        present = []
        for number, layer in enumerate(self.layers):
            prompt_key, prompt_value = caches[2 * number], caches[2 * number + 1]
            turned, value = layer.project(x, cos, sin)
            query, key = turned.reshape(-1, 2, 2, heads, size // 2).permute(2, 0, 3, 1, 4).reshape(2, -1, heads, 1, size).unbind(0)
            key = torch.cat([caches[half + 2 * number].index_select(0, parents), key], 2)
            value = torch.cat([caches[half + 2 * number + 1].index_select(0, parents), value.reshape(-1, heads, 1, size)], 2)
            present += [key, value]
            grid = query.reshape(prompts, -1, heads, size).transpose(1, 2)
            scores = torch.matmul(grid, prompt_key.transpose(2, 3)) * self.scaling + bias
            own = torch.matmul(query, key.transpose(2, 3)) * self.scaling
            own = own.reshape(prompts, -1, heads, own_places).transpose(1, 2)
            weights = torch.softmax(torch.cat([scores, own], -1), -1)
            from_prompt = torch.matmul(weights[..., :places], prompt_value).transpose(1, 2).reshape(-1, heads * size)
            own = weights[..., places:].transpose(1, 2).reshape(-1, heads, 1, own_places)
            x = layer.finish(x, from_prompt + torch.matmul(own, value).reshape(-1, heads * size))
        return (self.head(self.norm(x)), *present)
