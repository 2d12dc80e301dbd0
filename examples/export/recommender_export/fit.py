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


def windows(sequence: list[int], limit: int, rng: random.Random) -> list[list[int]]:
    """Cuts a sequence longer than ``limit`` at a random phase, so that every item but the first is a target once."""
    if len(sequence) <= limit:
        return [sequence]
    starts = range(-rng.randrange(limit - 1), len(sequence) - 1, limit - 1)
    pieces = [sequence[max(0, start):start + limit] for start in starts]
    return [piece for piece in pieces if len(piece) >= 2]


def fit(backbone, split: LeaveOneOut, side: str, *, epochs: int = 100, patience: int = 8, batch_size: int = 128,
        learning_rate: float = 1e-3, weight_decay: float = 0.0, label_smoothing: float = 0.0, item_dropout: float = 0.0,
        all_windows: bool = False, decay: bool = False, minutes: float | None = None,
        keep_last: bool = False, validate_every: int = 1, seed: int = 1, log=print) -> dict:
    """Trains in place and leaves the best epoch's weights in ``backbone``; returns its record.

    Of a sequence longer than the window only the newest part is trained on, or with ``all_windows`` all of it.
    ``patience`` counts validations, of which there is one every ``validate_every`` epochs.
    ``decay`` lets the learning rate fall linearly to zero over ``epochs``, after a rise over the first one.
    ``item_dropout`` is the share of history items left out of a training sequence, drawn anew each epoch. ``keep_last``
    keeps the weights of the last epoch instead of the best, for a refit whose validation items are in train.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    optimizer = torch.optim.AdamW(backbone.parameters(), lr=learning_rate, weight_decay=weight_decay, betas=(0.9, 0.98))
    limit = backbone.max_length + 1
    sequences = [s if all_windows else s[-limit:] for s in split.train if len(s) >= 2]
    best, best_weights, since, started = None, None, 0, time.time()
    for epoch in range(1, epochs + 1):
        backbone.train()
        total, count = 0.0, 0
        drawn = [piece for s in sequences for piece in windows(s, limit, rng)]
        if item_dropout:
            kept = [[i for i in s if rng.random() >= item_dropout] for s in drawn]
            drawn = [k if len(k) >= 2 else s for k, s in zip(kept, drawn)]
        drawn_batches = batches(drawn, batch_size, rng)
        for step, batch in enumerate(tqdm(drawn_batches, desc=f"epoch {epoch}", leave=False, mininterval=10)):
            if decay:
                done = epoch - 1 + step / len(drawn_batches)
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate * min(done + 0.01, 1 - done / epochs)
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
        if epoch % validate_every and epoch != epochs:
            continue
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
