"""Times a trained model in eager PyTorch on the CPU: one history in, the ten best items out, batch 1.

``python benchmark_torch.py --checkpoint beauty.pt --data DIR`` prints one JSON object a setting: median, p90 and p99 in
microseconds over real histories. A request is a list of item ordinals; making its tensor is part of the time.
"""

import argparse
import json
import platform
import time

import numpy as np
import torch

from recommender_export import checkpoint, data, fit


def percentiles(micros: np.ndarray) -> dict[str, float]:
    return {name: round(float(np.percentile(micros, q)), 1) for name, q in (("median", 50), ("p90", 90), ("p99", 99))}


def measure(module: torch.nn.Module, histories: list[list[int]], max_length: int, side: str, fixed: bool, k: int,
            warm_up: int) -> np.ndarray:
    """Microseconds of each history after ``warm_up`` untimed ones."""
    micros = []
    with torch.inference_mode():
        for i in range(warm_up + len(histories)):
            history = histories[i % len(histories)]
            start = time.perf_counter_ns()
            ids, length = fit.pad([history], max_length, side)
            if fixed:
                grow = (max_length - ids.shape[1], 0)
                ids = torch.nn.functional.pad(ids, grow if side == "LEFT" else grow[::-1])
            scores = module(ids) if side == "LEFT" else module(ids, length)
            best = torch.topk(scores[0], k)
            best.indices.tolist(), best.values.tolist()
            micros.append((time.perf_counter_ns() - start) / 1000)
    return np.array(micros[warm_up:])


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--checkpoint", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    p.add_argument("--histories", type=int, default=2000)
    p.add_argument("--warm-up", type=int, default=500)
    p.add_argument("--k", type=int, default=10)
    args = p.parse_args()
    model, backbone, _ = checkpoint.load(args.checkpoint)
    side = "LEFT" if model == "sasrec" else "RIGHT"
    sequences = data.read(args.data).sequences
    chosen = np.random.default_rng(1).choice(len(sequences), min(args.histories, len(sequences)), replace=False)
    histories = [sequences[i][:-1] for i in chosen if len(sequences[i]) > 1]
    variants = {"as trained": backbone}
    if model == "sasrec":
        variants["folded"] = backbone.folded()
    for threads in args.threads:
        torch.set_num_threads(threads)
        for variant, served in variants.items():
            module = checkpoint.SasRecScores(served) if model == "sasrec" else checkpoint.Gru4RecScores(served)
            for fixed in (False, True):
                micros = measure(module.eval(), histories, backbone.max_length, side, fixed, args.k, args.warm_up)
                print(json.dumps({
                    "model": model, "variant": variant, "window": "FIXED" if fixed else "DYNAMIC", "threads": threads,
                    "items": backbone.config["items"], "dimension": backbone.config["dimension"],
                    "histories": len(histories), "k": args.k, "microseconds": percentiles(micros),
                    "torch": torch.__version__, "machine": platform.machine()}), flush=True)


if __name__ == "__main__":
    main()
