"""The same graphs as ``decoding_graphs`` for Llama, with fewer and larger operations.

A step of a small model spends as much time between operations as in them. Queries, keys and values come from one product;
queries and keys are turned by one ``RotaryEmbedding``; a sum and the normalization that reads it are one
``SkipSimplifiedLayerNormalization``. Both operators are ONNX Runtime's own, for CPU and CUDA. The last layer of a prompt is
worked out for its last place alone. The results are those of the model up to rounding.
"""

import torch
import torch.nn.functional as F
from transformers import LlamaForCausalLM

from .decoding_graphs import MASKED, key_bias

# Angles that depend on the position alone, so that they can be put in a table.
ROTATIONS = ("default", "linear", "llama3")


def fits(model) -> bool:
    """Whether a model is a Llama without biases whose heads of keys are those of queries, and which turns by position alone."""
    config = model.config
    return (isinstance(model, LlamaForCausalLM) and not config.attention_bias and not config.mlp_bias
            and config.num_key_value_heads == config.num_attention_heads
            and getattr(model.model.rotary_emb, "rope_type", None) in ROTATIONS)


class _Turn(torch.autograd.Function):
    """``RotaryEmbedding``: x [B, T, heads * size], positions [B, T] and tables [P, size / 2] -> [B, T, heads * size]."""

    @staticmethod
    def forward(ctx, x, position_ids, cos, sin, heads):
        first, second = x.unflatten(-1, (heads, -1)).chunk(2, -1)
        cos, sin = cos[position_ids][:, :, None], sin[position_ids][:, :, None]
        return torch.cat([first * cos - second * sin, second * cos + first * sin], -1).flatten(2)

    @staticmethod
    def symbolic(g, x, position_ids, cos, sin, heads):
        return g.op("com.microsoft::RotaryEmbedding", x, position_ids, cos, sin, num_heads_i=heads).setType(x.type())


class _AddAndNorm(torch.autograd.Function):
    """``SkipSimplifiedLayerNormalization``: x and y [B, T, D] -> RMSNorm(x + y) and x + y."""

    @staticmethod
    def forward(ctx, x, y, weight, epsilon):
        total = x + y
        return total * torch.rsqrt(total.square().mean(-1, keepdim=True) + epsilon) * weight, total

    @staticmethod
    def symbolic(g, x, y, weight, epsilon):
        # The second and third output, mean and deviation, are for training.
        normed, _, _, total = g.op("com.microsoft::SkipSimplifiedLayerNormalization", x, y, weight, epsilon_f=epsilon, outputs=4)
        return normed.setType(x.type()), total.setType(x.type())


class _Layer(torch.nn.Module):
    """One block, between its normalizations. Shapes: [B, T, D]."""

    def __init__(self, layer):
        super().__init__()
        attention, mlp = layer.self_attn, layer.mlp
        weights = [attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight]
        self.widths = [2 * weights[0].shape[0], weights[2].shape[0]]
        self.first_norm, self.second_norm = layer.input_layernorm, layer.post_attention_layernorm
        self.inputs = torch.nn.Parameter(torch.cat(weights).detach())
        self.output, self.down, self.activation = attention.o_proj, mlp.down_proj, mlp.act_fn
        self.gates = torch.nn.Parameter(torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight]).detach())
        self.hidden = mlp.intermediate_size

    def project(self, normed):
        """Queries with keys, [B, T, 2 * heads * size], and values, [B, T, heads * size]."""
        return F.linear(normed, self.inputs).split(self.widths, -1)

    def feed_forward(self, normed):
        gate, up = F.linear(normed, self.gates).split([self.hidden, self.hidden], -1)
        return self.down(self.activation(gate) * up)


class _Lean(torch.nn.Module):
    """``places``: how many positions there are at most."""

    def __init__(self, model, aligned: tuple[str, ...], places: int):
        super().__init__()
        config = model.config
        self.heads = config.num_attention_heads
        self.size = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        self.embed, self.norm, self.head = model.model.embed_tokens, model.model.norm, model.lm_head
        self.code_position = getattr(model, "code_position", None)
        if self.code_position is None and aligned:
            raise ValueError(f"aligned inputs: {', '.join(aligned)}, which the model does not read")
        self.layers = torch.nn.ModuleList([_Layer(layer) for layer in model.model.layers])
        self.scaling = self.size ** -0.5
        cos, sin = model.model.rotary_emb(self.embed.weight[:1], torch.arange(places)[None])
        self.cos, self.sin = (torch.nn.Parameter(t[0, :, :self.size // 2].detach().contiguous()) for t in (cos, sin))

    def begin(self, input_ids, aligned):
        x = self.embed(input_ids)
        return x if self.code_position is None else x + self.code_position(aligned[0])

    def turn(self, x, position_ids):
        return _Turn.apply(x, position_ids, self.cos, self.sin, 2 * self.heads)

    def norm_after(self, number: int):
        """The normalization that follows a layer."""
        return self.layers[number + 1].first_norm if number + 1 < len(self.layers) else self.norm

    def finish(self, number: int, x, attended):
        """Adds what attention found and what follows it: the next layer's normalized input, and the sum."""
        layer, norm = self.layers[number], self.norm_after(number)
        normed, x = _AddAndNorm.apply(x, layer.output(attended), layer.second_norm.weight, layer.second_norm.variance_epsilon)
        return _AddAndNorm.apply(x, layer.feed_forward(normed), norm.weight, norm.variance_epsilon)


class LeanPrompt(_Lean):
    """As ``DecoderPrompt``, with the caches."""

    def forward(self, input_ids, attention_mask, position_ids, *aligned):
        x = self.begin(input_ids, aligned)
        normed = self.layers[0].first_norm(x)
        places = torch.arange(input_ids.shape[1])
        bias = key_bias(attention_mask) + (places[None, :] > places[:, None]).to(torch.float32) * MASKED
        prompts, present = input_ids.shape[0], []
        for number, layer in enumerate(self.layers):
            turned, value = layer.project(normed)
            turned = self.turn(turned, position_ids).reshape(prompts, -1, 2 * self.heads, self.size).transpose(1, 2)
            query, key = turned.split([self.heads, self.heads], 1)
            value = value.reshape(prompts, -1, self.heads, self.size).transpose(1, 2)
            present += [key, value]
            if number + 1 == len(self.layers):
                query, x, bias = query[:, :, -1:], x[:, -1:], bias[:, :, -1:]
            scores = torch.matmul(query, key.transpose(2, 3)) * self.scaling
            attended = torch.matmul(torch.softmax(scores + bias, -1), value).transpose(1, 2)
            normed, x = self.finish(number, x, attended.reshape(prompts, -1, self.heads * self.size))
        return (self.head(normed[:, 0]), *present)


class LeanStep(_Lean):
    """As ``DecoderStep`` with shared prompts."""

    def forward(self, input_ids, position_ids, parents, mask, *rest):
        aligned, caches = rest[:self.code_position is not None], rest[self.code_position is not None:]
        half = len(caches) // 2
        heads, size = self.heads, self.size
        x = self.begin(input_ids, aligned)
        normed = self.layers[0].first_norm(x)
        bias = key_bias(mask)
        prompts, places = mask.shape
        own_places = caches[half].shape[2] + 1
        present = []
        for number, layer in enumerate(self.layers):
            prompt_key, prompt_value = caches[2 * number], caches[2 * number + 1]
            turned, value = layer.project(normed)
            query, key = self.turn(turned, position_ids).reshape(-1, 2 * heads, 1, size).split([heads, heads], 1)
            key = torch.cat([caches[half + 2 * number].index_select(0, parents), key], 2)
            value = torch.cat([caches[half + 2 * number + 1].index_select(0, parents), value.reshape(-1, heads, 1, size)], 2)
            present += [key, value]
            grid = query.reshape(prompts, -1, heads, size).transpose(1, 2)
            scores = torch.matmul(grid, prompt_key.transpose(2, 3)) * self.scaling + bias
            own = torch.matmul(query, key.transpose(2, 3)) * self.scaling
            own = own.reshape(prompts, -1, heads, own_places).transpose(1, 2)
            weights = torch.softmax(torch.cat([scores, own], -1), -1)
            from_prompt = torch.matmul(weights[..., :places], prompt_value).transpose(1, 2).reshape(-1, 1, heads * size)
            own = weights[..., places:].transpose(1, 2).reshape(-1, heads, 1, own_places)
            normed, x = self.finish(number, x, from_prompt + torch.matmul(own, value).reshape(-1, 1, heads * size))
        return (self.head(normed[:, 0]), *present)
