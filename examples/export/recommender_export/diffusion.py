"""Exports models that sample the vector of the next item by diffusion as bundles of contract SEQ_DIFFUSION.

``Diffusion`` is an ``output`` of ``export_bundle``, whose module makes the condition.
"""

import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import torch

from .bundle import Embedding, ExportError, open_session
from .parity import ParityError, difference

PREDICTIONS = ("EPSILON", "X0", "V")
_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Diffusion(Embedding):
    """The module gives a condition [B, C]; ``denoiser`` takes the noise out of latents [B, D] under it.

    ``denoiser``: forward(x_t [B, D], t [B] int64, condition [B, C]) -> what ``prediction`` says, [B, D]. ``schedule``: the
    member of the manifest, such as ``{"kind": "COSINE", "times": 1000}``; what a scheduler of diffusers counts as
    ``alphas_cumprod`` is ``{"kind": "TABLE", "signal": scheduler.alphas_cumprod.tolist()}``. ``eta``: 0 for DDIM, 1 for DDPM.
    """

    name: str = "pred"
    denoiser: torch.nn.Module = field(kw_only=True)
    condition_size: int = field(kw_only=True)
    schedule: dict = field(kw_only=True)
    prediction: str = field(kw_only=True)
    steps: int = field(kw_only=True)
    eta: float = field(default=0.0, kw_only=True)

    def graph_output(self) -> str:
        return "condition"

    def manifest(self, count: int) -> dict:
        if self.prediction not in PREDICTIONS:
            raise ExportError(f"prediction: {self.prediction!r}, expected one of {', '.join(PREDICTIONS)}")
        times = len(signal(self.schedule))
        if not 1 <= self.steps <= times:
            raise ExportError(f"steps: {self.steps}, expected 1 to {times}, the times of the schedule")
        if not 0 <= self.eta <= 1:
            raise ExportError(f"eta: {self.eta}, expected a number from 0 to 1")
        return super().manifest(count) | {"contract": "SEQ_DIFFUSION", "diffusion": {
            "model": "denoiser.onnx", "condition": {"name": self.graph_output(), "size": self.condition_size},
            "inputs": [{"role": "LATENT", "name": "x_t"}, {"role": "TIME", "name": "t"}, {"role": "CONDITION", "name": "cond"}],
            "prediction": self.prediction, "schedule": self.schedule, "steps": self.steps, "eta": self.eta}}

    def check_width(self, width: int, count: int) -> None:
        if width != self.condition_size:
            raise ExportError(f"output {self.graph_output()!r} has {width} columns, condition_size is {self.condition_size}")

    def write(self, work: Path, opset: int, tolerance: float) -> None:
        super().write(work, opset, tolerance)
        graph = work / "denoiser.onnx"
        denoiser, dimension = self.denoiser.eval(), np.shape(self.item_vectors)[1]
        generator = torch.Generator().manual_seed(1)

        def example(rows: int) -> tuple[torch.Tensor, ...]:
            return (torch.randn(rows, dimension, generator=generator),
                    torch.randint(0, len(signal(self.schedule)), (rows,), generator=generator),
                    torch.randn(rows, self.condition_size, generator=generator))

        inputs = ["x_t", "t", "cond"]
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(denoiser, example(3), str(graph), input_names=inputs, output_names=[self.name],
                              dynamic_axes={n: {0: "batch"} for n in (*inputs, self.name)}, opset_version=opset,
                              do_constant_folding=True, dynamo=False)
        onnx.checker.check_model(onnx.load(str(graph)), full_check=True)
        session = open_session(graph)
        found = [i.name for i in session.get_inputs()]
        if lost := [n for n in inputs if n not in found]:
            raise ExportError(f"denoiser: input {lost[0]!r} is not used: the graph has only {', '.join(found)}")
        for rows in (1, 2, 7):
            given = example(rows)
            with torch.inference_mode():
                expected = denoiser(*given).numpy()
            if expected.shape != (rows, dimension):
                raise ExportError(f"denoiser: shape {list(expected.shape)}, expected [{rows}, {dimension}]")
            gap = difference(expected, session.run([self.name], {n: t.numpy() for n, t in zip(inputs, given)})[0])
            if not gap <= tolerance:
                raise ParityError(f"denoiser, batch {rows}: graph and module differ by {gap:.3g}, at most {tolerance:g} allowed")

    def item_scores(self, row: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
        return super().item_scores(self.sample(row, seed), count)

    def sample(self, condition: np.ndarray, seed: int) -> np.ndarray:
        """The latent [D] that the module samples under a condition [C]: DDIM for ``eta`` 0, DDPM for 1, by the textbook."""
        left, dimension = signal(self.schedule), np.shape(self.item_vectors)[1]
        noise = Noise(seed)
        latent = noise.draw(dimension)
        times = [math.floor(len(left) * i / self.steps + 0.5) - 1 for i in range(self.steps, 0, -1)]
        for time, following in zip(times, [*times[1:], None]):
            now, then = left[time], 1.0 if following is None else left[following]
            with torch.inference_mode():
                told = self.denoiser(torch.tensor(latent[None], dtype=torch.float32), torch.tensor([time]),
                                     torch.tensor(condition[None], dtype=torch.float32))[0].double().numpy()
            if self.prediction == "EPSILON":
                clean, epsilon = (latent - math.sqrt(1 - now) * told) / math.sqrt(now), told
            elif self.prediction == "X0":
                clean, epsilon = told, (latent - math.sqrt(now) * told) / math.sqrt(1 - now)
            else:
                clean = math.sqrt(now) * latent - math.sqrt(1 - now) * told
                epsilon = math.sqrt(now) * told + math.sqrt(1 - now) * latent
            deviation = self.eta * math.sqrt((1 - then) / (1 - now) * (1 - now / then))
            latent = math.sqrt(then) * clean + math.sqrt(max(0.0, 1 - then - deviation ** 2)) * epsilon
            if deviation > 0:
                latent = latent + deviation * noise.draw(dimension)
        return latent


def signal(schedule: dict) -> np.ndarray:
    """The product of 1 - beta up to each time [T]."""
    kind = schedule.get("kind")
    if kind == "TABLE":
        left = np.asarray(schedule["signal"], dtype=np.float64)
        if not (len(left) and left[0] < 1 and left[-1] > 0 and (np.diff(left) < 0).all()):
            raise ExportError("schedule.signal: expected falling numbers between 0 and 1")
        return left
    times = schedule["times"]
    if kind == "COSINE":
        cosine = np.cos((np.arange(times + 1) / times + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = np.minimum(1 - cosine[1:] / cosine[:-1], 0.999)
    elif kind == "LINEAR":
        betas = np.linspace(schedule["from"], schedule["to"], times)
    elif kind == "SCALED_LINEAR":
        betas = np.linspace(math.sqrt(schedule["from"]), math.sqrt(schedule["to"]), times) ** 2
    else:
        raise ExportError(f"schedule.kind: {kind!r}, expected LINEAR, SCALED_LINEAR, COSINE or TABLE")
    return np.cumprod(1 - betas)


class Noise:
    """Standard normal numbers of a seed, those that serving draws: SplitMix64 and the transform of Box and Muller."""

    def __init__(self, seed: int):
        self.state, self.waiting = seed & _MASK, []

    def draw(self, count: int) -> np.ndarray:
        return np.array([self._next() for _ in range(count)])

    def _next(self) -> float:
        if not self.waiting:
            radius = math.sqrt(-2 * math.log(((self._bits() >> 11) + 1) * 2.0 ** -53))
            angle = 2 * math.pi * ((self._bits() >> 11) * 2.0 ** -53)
            self.waiting = [radius * math.sin(angle), radius * math.cos(angle)]
        return self.waiting.pop()

    def _bits(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((self.state ^ self.state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
        return mixed ^ mixed >> 31
