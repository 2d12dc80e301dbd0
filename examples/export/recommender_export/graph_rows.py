"""Decodes with exported graphs, in NumPy: the reference of what the serving side does with them."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from .bundle import open_session
from .codes import CodeTokens
from .generative import pad, start_token
from .parity import ParityError, difference


@dataclass(frozen=True)
class Aligned:
    """An input with a value for each token: ``value`` of ``ALIGNED`` for codes, ``other`` for all other tokens."""

    name: str
    value: str
    other: int


@dataclass
class Graph:
    """A module to export: examples by input name in the order of ``forward``, axis names, manifest entries of inputs."""

    file: str
    module: torch.nn.Module
    examples: dict[str, torch.Tensor]
    outputs: list[str]
    axes: dict[str, dict[int, str]]
    roles: list[dict] = field(default_factory=list)

    def __post_init__(self):
        self.module.eval()


class GraphRows:
    """Rows that grow by a token a step; each prompt always has as many rows as the others."""

    def __init__(self, graphs: list[Graph], folder: Path, aligned: tuple[Aligned, ...], model):
        self.graphs, self.aligned, self.config = graphs, aligned, model.config
        self.start_token = start_token(model)
        self.sessions = [open_session(folder / g.file) for g in graphs]
        self.side = "RIGHT" if model.config.is_encoder_decoder else "LEFT"

    def start(self, prompts: list[list[int]]) -> np.ndarray:
        """Logits [U, V] after each prompt."""
        self.prompts, self.written = prompts, [[] for _ in prompts]
        found = self._prompt(prompts)
        self.prompt_cache = {n: v for n, v in found.items() if n.startswith("prompt.") or n == "encoder_states"}
        self.cache = _past(found)
        if len(self.graphs) > 1 and not self.cache:
            self.cache = {n: np.zeros((len(prompts), v.shape[1], 0, v.shape[3]), np.float32)
                          for n, v in self.graphs[1].examples.items() if n.startswith("past.")}
        if not self.config.is_encoder_decoder:
            return found["logits"]
        self.written = [[self.start_token] for _ in prompts]
        return self._step(list(range(len(prompts))))

    def advance(self, parents: list[int], tokens: list[int]) -> np.ndarray:
        """Logits [rows, V] after new rows, in the order of their prompts, that continue old ones."""
        self.written = [self.written[p] + [t] for p, t in zip(parents, tokens)]
        if len(self.graphs) > 1:
            return self._step(parents)
        width = len(parents) // len(self.prompts)
        return self._prompt([self.prompts[row // width] + w for row, w in enumerate(self.written)])["logits"]

    def _prompt(self, texts: list[list[int]]) -> dict[str, np.ndarray]:
        ids, self.mask = pad(texts, self.side).numpy(), pad([[1] * len(t) for t in texts], self.side).numpy()
        return self._run(0, ids, {"ATTENTION_MASK": self.mask, "POSITION_IDS": (self.mask.cumsum(1) - 1).clip(0)})

    def _step(self, parents: list[int]) -> np.ndarray:
        written, width = np.array(self.written), len(parents) // len(self.prompts)
        places = self.mask.sum(1).repeat(width)
        ids = written[:, -1:] if self.cache else written
        found = self._run(1, ids, {
            "PARENTS": np.array(parents), "PROMPT_MASK": self.mask,
            "ATTENTION_MASK": np.concatenate([self.mask.repeat(width, 0), np.ones_like(written)], 1),
            "POSITION_IDS": (places + written.shape[1] - 1)[:, None], **self.cache, **self.prompt_cache})
        self.cache = _past(found)
        return found["logits"]

    def _run(self, number: int, ids: np.ndarray, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        graph = self.graphs[number]
        values = {**values, "TOKEN_IDS": ids, **{a.name: self._aligned(a, ids) for a in self.aligned}}
        roles = {r["name"]: r["name"] if r["role"] == "ALIGNED" else r["role"] for r in graph.roles}
        inputs = {name: values[roles.get(name, name)] for name in graph.examples}
        return dict(zip(graph.outputs, self.sessions[number].run(graph.outputs, inputs)))

    def _aligned(self, aligned: Aligned, ids: np.ndarray) -> np.ndarray:
        if aligned.value != "CODE_POSITION" or not getattr(self.config, "code_sizes", None):
            return np.zeros_like(ids)
        return CodeTokens(tuple(self.config.code_sizes)).levels_by_token()[ids]


def _past(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {n.replace("present.", "past."): v for n, v in found.items() if n.startswith("present.")}


def check_decoding(model, graphs: list[Graph], folder: Path, aligned: tuple[Aligned, ...], tolerance: float) -> None:
    """Decodes rows of two prompts of unequal length and compares each with the model run on its tokens alone."""
    rows = GraphRows(graphs, folder, aligned, model)
    prompts, written = [[3, 1, 2, 4], [2, 1]], [[], []]
    found = rows.start(prompts)
    for parents, tokens in (([0, 0, 1, 1], [1, 2, 3, 1]), ([1, 0, 2, 3], [2, 3, 1, 1]), ([0, 3], [3, 2])):
        _check_rows(model, prompts, written, found, tolerance)
        written = [written[p] + [t] for p, t in zip(parents, tokens)]
        found = rows.advance(parents, tokens)
    _check_rows(model, prompts, written, found, tolerance)


def _check_rows(model, prompts, written, found: np.ndarray, tolerance: float) -> None:
    model.set_attn_implementation("eager")
    for row, logits in enumerate(found):
        prompt = prompts[row * len(prompts) // len(written)]
        with torch.inference_mode():
            if model.config.is_encoder_decoder:
                tokens = torch.tensor([[start_token(model), *written[row]]])
                expected = model(input_ids=torch.tensor([prompt]), decoder_input_ids=tokens).logits
            else:
                expected = model(input_ids=torch.tensor([prompt + written[row]])).logits
        expected = expected[0, -1].numpy()
        gap = difference(expected, logits)
        if not gap <= tolerance * max(1.0, float(np.abs(expected).max())):
            raise ParityError(f"after prompt {prompt} and tokens {written[row]}: graphs and model differ by {gap:.3g}")
