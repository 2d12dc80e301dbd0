"""Writes ``schedules.json``: the way of a latent under schedulers of diffusers 0.42, for the test of schedules.

Run from here with ``python make_schedules.py`` where PyTorch and diffusers are installed; the build does not need it. The
"model" predicts 0.3 x + 0.0005 t - 0.1; ``noise`` is what is drawn, first for the beginning, then for each step.
"""

import json
from pathlib import Path

import torch
from diffusers import DDIMScheduler

TIMES = 1000
KINDS = {"LINEAR": "linear", "SCALED_LINEAR": "scaled_linear", "COSINE": "squaredcos_cap_v2"}
PREDICTIONS = {"EPSILON": "epsilon", "X0": "sample", "V": "v_prediction"}


def main() -> None:
    draw, cases = torch.Generator().manual_seed(3), []
    for kind, beta_schedule in KINDS.items():
        for prediction, prediction_type in PREDICTIONS.items():
            if (kind, prediction) == ("COSINE", "EPSILON"):
                continue  # the last time has almost no signal left: single precision has nothing to say of it
            for steps, eta in ((1, 0.0), (10, 0.0), (10, 1.0), (50, 0.5)):
                scheduler = DDIMScheduler(TIMES, 1e-4, 0.02, beta_schedule, clip_sample=False, set_alpha_to_one=True,
                                          prediction_type=prediction_type, timestep_spacing="trailing")
                scheduler.set_timesteps(steps)
                latent = torch.randn(3, generator=draw)
                noise = [latent.tolist()]
                for t in scheduler.timesteps:
                    drawn = torch.randn(3, generator=draw)
                    noise.append(drawn.tolist())
                    latent = scheduler.step(0.3 * latent + 0.0005 * t - 0.1, t, latent, eta=eta, variance_noise=drawn).prev_sample
                cases.append({"kind": kind, "prediction": prediction, "steps": steps, "eta": eta,
                              "times": scheduler.timesteps.tolist(), "noise": noise, "latent": latent.tolist()})
        print(kind, scheduler.alphas_cumprod[[0, 500, 999]])
    lines = ",\n".join(json.dumps(case) for case in cases)
    signal = {kind: DDIMScheduler(TIMES, 1e-4, 0.02, beta).alphas_cumprod[::111].tolist() for kind, beta in KINDS.items()}
    Path(__file__).with_name("schedules.json").write_text(
        f'{{"signal": {json.dumps(signal)},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
