import json

import numpy as np
import pytest
import torch

from recommender_export import Diffusion, ExportError, ParityError, Sequence, export_bundle
from recommender_export.diffusion import Noise, signal

N, C, D = 15, 6, 4
ITEMS = [{"id": f"sku-{i}"} for i in range(N)]
LINEAR = {"kind": "LINEAR", "times": 100, "from": 1e-4, "to": 0.02}


class Condition(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(4)
        self.table = torch.nn.Embedding(N + 1, C, padding_idx=0)

    def forward(self, item_ids):
        return torch.tanh(self.table(item_ids).sum(1))


class Denoiser(torch.nn.Module):
    def __init__(self, width: int = D):
        super().__init__()
        torch.manual_seed(5)
        self.of_latent, self.of_condition = torch.nn.Linear(D, width), torch.nn.Linear(C, width)

    def forward(self, x_t, t, cond):
        return torch.tanh(self.of_latent(x_t) + self.of_condition(cond)) * (1 - t.unsqueeze(1) / 200)


class Exact(torch.nn.Module):
    """The latent without noise is the condition."""

    def forward(self, x_t, t, cond):
        return cond[:, :D] + 0 * x_t + 0 * t.unsqueeze(1)


def described(denoiser=None, **changes) -> Diffusion:
    vectors = np.random.default_rng(6).normal(size=(N, D)).astype(np.float32)
    arguments = dict(denoiser=denoiser or Denoiser(), condition_size=C, schedule=LINEAR, prediction="X0", steps=10)
    return Diffusion(vectors, **(arguments | changes))


def write(out_dir, output: Diffusion):
    return export_bundle(
        Condition(), {"item_ids": torch.tensor([[0, 1, 2, 3]])}, {"item_ids": "ITEM_IDS"}, ITEMS, out_dir=out_dir,
        name="latents", version="1", sequence=Sequence(4), output=output, golden_k=3,
        golden_histories=[["sku-1"], {"history": ["sku-1"], "seed": 7}, {"history": ["sku-3", "sku-2"], "seed": -1}])


def test_a_bundle_has_two_graphs_and_samples_by_seed(tmp_path):
    folder = write(tmp_path / "b", described(eta=1.0))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["contract"] == "SEQ_DIFFUSION" and manifest["embedding"]["dimension"] == D
    assert manifest["diffusion"]["condition"] == {"name": "condition", "size": C} and manifest["diffusion"]["steps"] == 10
    assert {p.name for p in folder.iterdir()} == {"manifest.json", "model.onnx", "denoiser.onnx", "items.jsonl", "golden.json",
                                                  "item_vectors.npy", "SHA256SUMS"}
    golden = json.loads((folder / "golden.json").read_text())["requests"]
    assert golden[1]["seed"] == 7 and golden[0]["scores"] != golden[1]["scores"]


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_an_exact_prediction_is_what_is_sampled(eta):
    condition = np.linspace(-1, 1, C, dtype=np.float32)
    for steps in (1, 10, 100):
        assert np.allclose(described(Exact(), steps=steps, eta=eta).sample(condition, 3), condition[:D], atol=1e-6)


def test_predictions_of_one_denoiser_are_told_in_three_ways():
    """The same latent without noise, told as itself, as noise or as velocity, is sampled alike."""
    left = torch.tensor(signal(LINEAR), dtype=torch.float32)

    class Told(Denoiser):
        prediction = "X0"

        def forward(self, x_t, t, cond):
            clean, now = super().forward(x_t, t, cond), left[t].unsqueeze(1)
            epsilon = (x_t - now.sqrt() * clean) / (1 - now).sqrt()
            return {"X0": clean, "EPSILON": epsilon, "V": now.sqrt() * epsilon - (1 - now).sqrt() * clean}[self.prediction]

    condition = np.linspace(-1, 1, C, dtype=np.float32)
    found = []
    for prediction in ("X0", "EPSILON", "V"):
        denoiser = Told()
        denoiser.prediction = prediction
        found.append(described(denoiser, prediction=prediction, eta=0.5).sample(condition, 3))
    assert np.allclose(found[0], found[1], atol=1e-4) and np.allclose(found[0], found[2], atol=1e-4)


def test_noise_is_standard_and_follows_from_the_seed():
    noise = Noise(2).draw(20_000)
    assert abs(noise.mean()) < 0.03 and abs(noise.std() - 1) < 0.03
    assert (Noise(2).draw(5) == noise[:5]).all() and (Noise(3).draw(5) != noise[:5]).all()


def test_what_cannot_be_exported_is_named(tmp_path):
    class Noisy(Denoiser):
        def forward(self, x_t, t, cond):
            return super().forward(x_t, t, cond) + (0 if torch.jit.is_tracing() else 0.01)

    class Timeless(Denoiser):
        def forward(self, x_t, t, cond):
            return self.of_latent(x_t) + self.of_condition(cond)

    for changes, message in [
            ({"steps": 0}, "steps: 0, expected 1 to 100"), ({"steps": 101}, "steps: 101, expected 1 to 100"),
            ({"eta": 1.5}, "eta: 1.5"), ({"prediction": "x0"}, "prediction: 'x0'"),
            ({"schedule": {"kind": "SIGMOID", "times": 3}}, "schedule.kind: 'SIGMOID'"),
            ({"schedule": {"kind": "TABLE", "signal": [0.5, 0.6]}}, "schedule.signal: expected falling"),
            ({"condition_size": 5}, "output 'condition' has 6 columns, condition_size is 5"),
            ({"denoiser": Timeless()}, "denoiser: input 't' is not used"),
            ({"denoiser": Denoiser(3)}, r"denoiser: shape \[1, 3\], expected \[1, 4\]")]:
        with pytest.raises(ExportError, match=message):
            write(tmp_path / "b", described(**changes))
    with pytest.raises(ParityError, match="denoiser, batch 1: graph and module differ by 0.01"):
        write(tmp_path / "b", described(Noisy()))
    assert not list(tmp_path.iterdir())
