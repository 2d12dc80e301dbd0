"""Trains a backbone with full-softmax cross-entropy over all items and early stopping on validation NDCG@10."""

import copy
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from .data import LeaveOneOut
from .metrics import evaluate


def pad(sequences: list[list[int]], max_length: int, side: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Ordinals -> ids (ordinal + 1, 0 = padding) [B, L] padded to the longest of the newest ``max_length``, and lengths [B]."""
    kept = [s[-max_length:] for s in sequences]
    lengths = [len(s) for s in kept]
    ids = np.zeros((len(kept), max(lengths)), dtype=np.int64)
    for row, s in zip(ids, kept):
        if side == "LEFT":
            row[len(row) - len(s):] = s
            row[len(row) - len(s):] += 1
        else:
            row[:len(s)] = s
            row[:len(s)] += 1
    return torch.from_numpy(ids), torch.tensor(lengths)


def scorer(backbone, side: str):
    """Score function (histories of ordinals -> scores [B, N]) of a backbone in evaluation mode."""

    @torch.inference_mode()
    def score(histories):
        ids, lengths = pad(histories, backbone.max_length, side)
        vectors = backbone.newest_left(ids) if side == "LEFT" else backbone.newest_right(ids, lengths)
        return backbone.scores(vectors)

    return score


def batches(sequences: list[list[int]], size: int, rng: random.Random) -> list[list[list[int]]]:
    """Shuffled batches of sequences of like length, so that little is padded; ``size`` is in sequences of ten items."""
    order = sorted(sequences, key=lambda s: len(s) + rng.random() * 2)
    result, batch, places = [], [], 0
    for s in order:
        if batch and places + len(s) > size * 10:
            result.append(batch)
            batch, places = [], 0
        batch.append(s)
        places += len(s)
    result.append(batch)
    rng.shuffle(result)
    return result


def fit(backbone, split: LeaveOneOut, side: str, *, epochs: int = 100, patience: int = 8, batch_size: int = 128,
        learning_rate: float = 1e-3, weight_decay: float = 0.0, label_smoothing: float = 0.0, item_dropout: float = 0.0,
        minutes: float | None = None, keep_last: bool = False, seed: int = 1, log=print) -> dict:
    """Trains in place and leaves the best epoch's weights in ``backbone``; returns its record.

    ``item_dropout`` is the share of history items left out of a training sequence, drawn anew each epoch. ``keep_last``
    keeps the weights of the last epoch instead of the best, for a refit whose validation items are in train.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    optimizer = torch.optim.AdamW(backbone.parameters(), lr=learning_rate, weight_decay=weight_decay, betas=(0.9, 0.98))
    limit = backbone.max_length + 1
    sequences = [s[-limit:] for s in split.train if len(s) >= 2]
    best, best_weights, since, started = None, None, 0, time.time()
    for epoch in range(1, epochs + 1):
        backbone.train()
        total, count = 0.0, 0
        drawn = sequences
        if item_dropout:
            drawn = [[i for i in s if rng.random() >= item_dropout] for s in sequences]
            drawn = [d if len(d) >= 2 else s for d, s in zip(drawn, sequences)]
        for batch in tqdm(batches(drawn, batch_size, rng), desc=f"epoch {epoch}", leave=False, mininterval=5):
            inputs, _ = pad([s[:-1] for s in batch], backbone.max_length, side)
            targets, _ = pad([s[1:] for s in batch], backbone.max_length, side)
            places = targets > 0
            scores = backbone.scores(backbone.hidden(inputs)[places])
            loss = F.cross_entropy(scores, targets[places] - 1, label_smoothing=label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(backbone.parameters(), 5.0)
            optimizer.step()
            total += loss.item() * int(places.sum())
            count += int(places.sum())
        backbone.eval()
        metrics = evaluate(scorer(backbone, side), split.histories_valid, split.targets_valid)
        spent = time.time() - started
        log(f"epoch {epoch} loss {total / count:.4f} valid HR@10 {metrics['HR@10']:.4f} NDCG@10 {metrics['NDCG@10']:.4f} "
            f"{spent:.0f} s")
        if best is None or keep_last or metrics["NDCG@10"] > best["NDCG@10"]:
            best = dict(metrics, epoch=epoch, seconds=round(spent))
            best_weights = copy.deepcopy(backbone.state_dict())
            since = 0
        else:
            since += 1
        if since >= patience or (minutes is not None and spent > minutes * 60):
            break
    backbone.load_state_dict(best_weights)
    backbone.eval()
    return best
