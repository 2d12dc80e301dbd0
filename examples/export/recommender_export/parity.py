"""Compares the exported graph with the module it came from, on random histories."""

import random

import numpy as np
import torch

from .window import Windows

BATCHES = (1, 2, 7)
_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32, "tensor(float16)": np.float16,
          "tensor(bool)": np.bool_, "tensor(double)": np.float64}


class ParityError(ValueError):
    """The graph and the module give different numbers."""


def numpy_type(onnx_type: str) -> np.dtype:
    return np.dtype(_TYPES[onnx_type])


def run_module(module: torch.nn.Module, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Output [B, ...] of the module for window arrays in the order of its arguments."""
    with torch.inference_mode():
        return module(*(torch.from_numpy(a) for a in arrays.values())).numpy()


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Largest absolute difference; equal infinities differ by 0, anything else that is not finite by infinity."""
    if a.shape != b.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        gap = np.where(a == b, 0.0, np.abs(a.astype(np.float64) - b.astype(np.float64)))
    return float("inf") if np.isnan(gap).any() else float(gap.max(initial=0.0))


def lengths(max_length: int) -> tuple[int, ...]:
    return tuple(sorted({1, max(1, max_length // 2), max_length, 3 * max_length}))


def random_request(ids: list[str], length: int, manifest: dict, rng: random.Random) -> dict:
    """A request of ``length`` interactions with whatever the manifest's roles read."""
    vocabulary = {"behavior": [], "domain": []}
    features = {"STEP_FEATURE": [], "CONTEXT_FEATURE": []}
    for entry in manifest["inputs"]:
        if entry["role"] in ("BEHAVIORS", "DOMAINS"):
            vocabulary["behavior" if entry["role"] == "BEHAVIORS" else "domain"] += entry["vocabulary"]
        if entry["role"] in features:
            features[entry["role"]].append(entry["feature"])
    time, history = 1_700_000_000, []
    for _ in range(length):
        time += rng.randint(1, 100_000)
        step = {"item": rng.choice(ids), "at": time, "context": {f: rng.random() for f in features["STEP_FEATURE"]}}
        step.update({k: rng.choice(v) for k, v in vocabulary.items() if v})
        history.append(step)
    return {"history": history, "at": time + 60, "context": {f: rng.random() for f in features["CONTEXT_FEATURE"]}}


def check(module: torch.nn.Module, session, windows: Windows, manifest: dict, tolerance: float) -> float:
    """Raises ``ParityError`` unless graph and module agree to ``tolerance`` at every batch and history length.

    A window that may be padded further (DYNAMIC) must also give the same row alone and beside a longer history.
    Returns the largest difference seen.
    """
    name = session.get_outputs()[0].name
    ids, rng, worst = list(windows.ordinals), random.Random(1), 0.0
    sequence = windows.sequence
    steps = lengths(sequence.max_length)
    cases = [(b, [n] * b) for b in BATCHES for n in steps] + [(7, [steps[i % len(steps)] for i in range(7)])]
    for batch, sizes in cases:
        requests = [random_request(ids, n, manifest, rng) for n in sizes]
        arrays = windows.arrays(requests)
        expected, found = run_module(module, arrays), session.run([name], arrays)[0]
        gap = difference(expected, found)
        said = str(sizes[0]) if len(set(sizes)) == 1 else "mixed"
        if not gap <= tolerance:
            raise ParityError(f"output {name!r}, batch {batch}, history length {said}: graph and module differ by {gap:.3g}, "
                              f"at most {tolerance:g} allowed (shapes {list(found.shape)} and {list(expected.shape)})")
        worst = max(worst, gap)
        if np.isnan(expected).any() or np.isposinf(expected).any():
            raise ParityError(f"output {name!r}, batch {batch}, history length {said}: the module gives NaN or +inf")
    for row, request in zip(expected, requests):
        alone = run_module(module, windows.arrays([request]))[0]
        gap = difference(row, alone)
        if not gap <= tolerance:
            raise ParityError(
                f"output {name!r}: a history of {len(request['history'])} scores differently alone and in a batch of 7, by "
                f"{gap:.3g}. " + ("Padding changes the result: export with length FIXED." if sequence.length == "DYNAMIC"
                                  else "Rows of a batch influence each other."))
    return worst
