import random

import pytest
import torch

from recommender_export import checkpoint, fit
from recommender_export.data import leave_one_out
from recommender_export.gru4rec import Gru4RecBackbone
from recommender_export.metrics import ranks
from recommender_export.sasrec import SasRecBackbone
from recommender_export.train import main

HISTORIES = [[0], [3, 1], [5, 6, 7, 8, 9, 10]]


def backbone(**changes):
    torch.manual_seed(3)
    return SasRecBackbone(items=20, max_length=6, dimension=8, **changes).eval()


@pytest.mark.parametrize("changes", [dict(), dict(heads=2), dict(pre_norm=True), dict(layers=1), dict(layers=3),
                                     dict(projection=True)])
def test_sasrec_ignores_padding_and_its_side(changes):
    model = backbone(**changes)
    left, _ = fit.pad(HISTORIES, 6, "LEFT")
    right, lengths = fit.pad(HISTORIES, 6, "RIGHT")
    with torch.inference_mode():
        together = model.newest_left(left)
        torch.testing.assert_close(together, model.hidden(left)[:, -1])
        torch.testing.assert_close(together, model.newest_right(right, lengths))
        for history, vector in zip(HISTORIES, together):
            alone, _ = fit.pad([history], 6, "LEFT")
            torch.testing.assert_close(model.newest_left(alone)[0], vector)


@pytest.mark.parametrize("pre_norm", [False, True])
def test_folding_changes_nothing_but_rounding(pre_norm):
    model = backbone(pre_norm=pre_norm)
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.5)
    left, _ = fit.pad(HISTORIES, 6, "LEFT")
    with torch.inference_mode():
        torch.testing.assert_close(model.folded().newest_left(left), model.newest_left(left))
    assert backbone(heads=2).folded().config["heads"] == 2


def test_gru4rec_ignores_padding():
    model = Gru4RecBackbone(items=20, max_length=6, dimension=8).eval()
    ids, lengths = fit.pad(HISTORIES, 6, "RIGHT")
    with torch.inference_mode():
        together = model.newest_right(ids, lengths)
        torch.testing.assert_close(together[2], model.hidden(ids)[2, -1])
        torch.testing.assert_close(model.newest_right(ids[:1, :1], lengths[:1])[0], together[0])


def test_sasrec_does_not_look_ahead():
    model = backbone()
    ids = torch.tensor([[1, 2, 3, 4]])
    with torch.inference_mode():
        torch.testing.assert_close(model.hidden(ids)[:, :3], model.hidden(torch.tensor([[1, 2, 3, 9]]))[:, :3])


def test_ranks_count_ties_of_smaller_ordinals_and_skip_the_history():
    scores = torch.tensor([[3.0, 2.0, 2.0, 1.0]])
    assert ranks(scores, torch.tensor([2])).tolist() == [3]
    assert ranks(scores, torch.tensor([1])).tolist() == [2]
    assert ranks(scores, torch.tensor([2]), [[0, 2]]).tolist() == [2]


def test_windows_make_every_item_but_the_first_a_target_once():
    rng = random.Random(1)
    for length in range(2, 40):
        pieces = fit.windows(list(range(length)), 6, rng)
        assert [i for p in pieces for i in p[1:]] == list(range(1, length))
        assert max(map(len, pieces)) <= 6


def test_leave_one_out():
    split = leave_one_out([[1, 2, 3, 4], [5, 6]])
    assert split.train == [[1, 2], [5, 6]]
    assert split.histories_valid == [[1, 2]] and split.targets_valid.tolist() == [3]
    assert split.histories_test == [[1, 2, 3]] and split.targets_test.tolist() == [4]


@pytest.mark.parametrize("model", ["sasrec", "gru4rec"])
def test_command_line_from_data_to_bundle(tmp_path, model):
    data = tmp_path / "data"
    data.mkdir()
    lines = [f"{u} " + " ".join(str((u + i) % 15 + 1) for i in range(3 + u % 5)) for u in range(60)]
    (data / "toy.txt").write_text("\n".join(lines) + "\n")
    out, saved = tmp_path / "toy", tmp_path / "toy.pt"
    common = ["--model", model, "--data", str(data), "--out", str(out), "--head", "both", "--max-length", "6",
              "--threads", "1"]
    main(common + ["--dimension", "8", "--epochs", "2", "--checkpoint", str(saved), "--metrics", str(tmp_path / "m.json"),
                   "--parity", str(tmp_path / "p.jsonl"), "--fallback", "5", "--golden", "4"])
    first = (out / "golden.json").read_bytes()
    assert (tmp_path / "toy-vector" / "item_vectors.npy").exists()
    main(common + ["--load", str(saved), "--golden", "4", "--length", "FIXED"])
    assert (out / "golden.json").read_bytes() == first
    assert checkpoint.load(saved)[0] == model
