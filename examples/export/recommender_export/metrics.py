"""Leave-one-out ranking metrics: every item is ranked, ties go to the smaller ordinal."""

import numpy as np
import torch


def ranks(scores: torch.Tensor, targets: torch.Tensor, histories: list[list[int]] | None = None) -> torch.Tensor:
    """Rank of each target from 1. scores [B, N], targets [B]; ``histories``, when given, are removed from the ranking."""
    if histories is not None:
        rows = torch.repeat_interleave(torch.arange(len(histories)), torch.tensor([len(h) for h in histories]))
        columns = torch.tensor([i for h in histories for i in h])
        keep = columns != targets[rows]  # a target that repeats an earlier item stays in the ranking
        scores = scores.clone()
        scores[rows[keep], columns[keep]] = -torch.inf
    target = scores.gather(1, targets.unsqueeze(1))
    better = (scores > target).sum(1)
    smaller = torch.arange(scores.shape[1]).unsqueeze(0) < targets.unsqueeze(1)
    ties = ((scores == target) & smaller).sum(1)
    return 1 + better + ties


def summary(rank: np.ndarray, cuts: tuple[int, ...] = (5, 10, 20)) -> dict[str, float]:
    """HR@k and NDCG@k (one relevant item) over users."""
    rank = np.asarray(rank)
    result = {}
    for k in cuts:
        hit = rank <= k
        result[f"HR@{k}"] = float(hit.mean())
        result[f"NDCG@{k}"] = float((hit / np.log2(rank + 1)).mean())
    return result


def evaluate(score, histories: list[list[int]], targets: np.ndarray, mask_history: bool = False,
             batch: int = 512) -> dict[str, float]:
    """``score``: function from a list of histories to scores [B, N]. Histories of like length share a batch."""
    order = sorted(range(len(histories)), key=lambda i: len(histories[i]))
    result = np.zeros(len(histories), dtype=np.int64)
    for start in range(0, len(order), batch):
        rows = order[start:start + batch]
        chosen = [histories[i] for i in rows]
        result[rows] = ranks(score(chosen), torch.as_tensor(targets[rows]), chosen if mask_history else None).numpy()
    return summary(result)


def popularity_scores(counts: np.ndarray):
    """Score function that answers every history with the item counts [N]."""
    row = torch.as_tensor(counts, dtype=torch.float32)
    return lambda histories: row.repeat(len(histories), 1)


def markov_scores(sequences: list[list[int]], counts: np.ndarray):
    """Score function of a first-order Markov chain: adjacent-pair counts after the last item, popularity breaks ties."""
    followers: dict[int, dict[int, int]] = {}
    for sequence in sequences:
        for a, b in zip(sequence, sequence[1:]):
            row = followers.setdefault(a, {})
            row[b] = row.get(b, 0) + 1
    base = torch.as_tensor(counts / (counts.max() + 1.0), dtype=torch.float64)

    def score(histories):
        scores = base.repeat(len(histories), 1)
        for i, history in enumerate(histories):
            for item, count in followers.get(history[-1], {}).items():
                scores[i, item] += count
        return scores

    return score


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """The probability that a positive scores above a negative, a tie counting one half; NaN without one of either."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]  # from 1, equal scores share the mean of their ranks
    positive = np.asarray(labels, dtype=bool)
    n, p = len(rank), int(positive.sum())
    if p in (0, n):
        return float("nan")
    return float((rank[positive].sum() - p * (p + 1) / 2) / (p * (n - p)))
