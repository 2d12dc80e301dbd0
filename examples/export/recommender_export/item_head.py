"""The one-pass twin of a model that writes codes: the same backbone, and a head that scores items at once.

``python -m recommender_export.item_head --checkpoint FOLDER --data DIR --codes FILE --out BUNDLE_DIR``

The backbone reads the codes of a history as it does before it writes; its last state is compared with a vector for each item,
so one run of the model answers, and an index can search. The backbone stays as it is. The item vectors begin as a linear map
of the states that the model compares codes with, and are fitted to the next items of the training sequences.
"""

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from . import data, generative, metrics
from .bundle import Embedding, export_bundle
from .codes import CodeTokens, read_codes
from .fit import windows
from .train import example_histories
from .window import Sequence


class OnePass(torch.nn.Module):
    """Graph of contract SEQ_EMBEDDING: items of a history, padded right, and their number -> ``user_embedding`` [B, D]."""

    def __init__(self, model: generative.CodeLlama, item_tokens: np.ndarray, tokens: CodeTokens):
        super().__init__()
        self.model, self.levels = model, tokens.levels
        padding = np.zeros((1, tokens.levels), dtype=np.int64)
        self.register_buffer("item_tokens", torch.from_numpy(np.concatenate([padding, item_tokens])))
        self.register_buffer("begin", torch.tensor([[tokens.begin]]))

    def states(self, item_ids: torch.Tensor) -> torch.Tensor:
        """[B, L], ordinal + 1, 0 behind the last -> states [B, 1 + L * levels, D]. What is behind does not matter: causal."""
        text = self.item_tokens[item_ids].flatten(1)
        text = torch.cat([self.begin.expand(item_ids.shape[0], 1), text], 1)
        embedded = self.model.model.embed_tokens(text) + self.model.code_position(self.model.levels[text])
        places = torch.arange(text.shape[1], device=text.device)
        mask = torch.where(places[None, :] > places[:, None], torch.finfo(embedded.dtype).min, 0.0)[None, None]
        return self.model.model(inputs_embeds=embedded, attention_mask=mask, position_ids=places[None], use_cache=False
                                ).last_hidden_state

    def forward(self, item_ids: torch.Tensor, length: torch.Tensor) -> torch.Tensor:
        last = (length * self.levels)[:, None, None].expand(-1, 1, self.model.config.hidden_size)
        return self.states(item_ids).gather(1, last)[:, 0]


@torch.inference_mode()
def training_pairs(module: OnePass, sequences: list[list[int]], max_items: int, seed: int, batch: int = 64):
    """States [P, D] at the end of every beginning of a sequence, and the item [P] that comes next."""
    rng = random.Random(seed)
    pieces = sorted((p for s in sequences if len(s) > 1 for p in windows(s, max_items + 1, rng)), key=len)
    states, following = [], []
    for start in range(0, len(pieces), batch):
        rows = [[i + 1 for i in piece[:-1]] for piece in pieces[start:start + batch]]
        found = module.states(generative.pad(rows, "RIGHT"))[:, module.levels::module.levels]
        for row, piece in zip(found, pieces[start:start + batch]):
            states.append(row[:len(piece) - 1].clone())
            following.extend(piece[1:])
    return torch.cat(states), torch.tensor(following)


def first_vectors(module: OnePass) -> torch.Tensor:
    """Sum of the vectors that the model compares the codes of an item with, [N, D]."""
    return module.model.lm_head.weight.detach()[module.item_tokens[1:]].sum(1)


def fit(module: OnePass, split: data.LeaveOneOut, *, max_items: int, epochs: int, rate: float, decay: float, seed: int,
        say=print) -> torch.Tensor:
    """Item vectors [N, D]; the best by NDCG@10 of the validation targets."""
    torch.manual_seed(seed)
    states, following = training_pairs(module, split.train, max_items, seed)
    base = first_vectors(module)
    linear = torch.nn.Parameter(torch.eye(base.shape[1]) / module.levels)
    own = torch.nn.Parameter(torch.zeros_like(base))
    optimizer = torch.optim.AdamW([{"params": [linear], "weight_decay": 0.0}, {"params": [own], "weight_decay": decay}], lr=rate)
    best, best_found = base @ linear.detach(), -1.0
    for epoch in range(epochs):
        total, started = 0.0, time.time()
        for rows in torch.randperm(len(states)).split(512):
            loss = F.cross_entropy(states[rows] @ (base @ linear + own).T, following[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        vectors = (base @ linear + own).detach()
        found = metrics.evaluate(scorer(module, vectors, max_items), split.histories_valid, split.targets_valid)["NDCG@10"]
        say(json.dumps({"epoch": epoch + 1, "loss": round(total / len(states), 4), "NDCG@10": round(found, 4),
                        "seconds": round(time.time() - started)}), flush=True)
        if found <= best_found:
            break
        best, best_found = vectors, found
    return best


def scorer(module: OnePass, vectors: torch.Tensor, max_items: int):
    """Function from histories to scores [B, N]."""
    @torch.inference_mode()
    def score(histories: list[list[int]]) -> torch.Tensor:
        rows = [[i + 1 for i in h[-max_items:]] for h in histories]
        return module(generative.pad(rows, "RIGHT"), torch.tensor([len(r) for r in rows])) @ vectors.T
    return score


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.item_head", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--checkpoint", required=True, help="folder of a DECODER_ONLY checkpoint of train_generative")
    p.add_argument("--data", required=True, help="folder with interactions.tsv and items.jsonl, or a sequence file *.txt")
    p.add_argument("--codes", required=True, help="codes of the items: .npy, .tsv (item_id, sid) or .json")
    p.add_argument("--max-items", type=int, default=20)
    p.add_argument("--epochs", type=int, default=15)
    p.add_argument("--learning-rate", type=float, default=2e-3)
    p.add_argument("--weight-decay", type=float, default=0.1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--out", required=True, help="bundle folder")
    p.add_argument("--name", help="name in the manifest (default: the name of OUT)")
    p.add_argument("--version", default="1")
    p.add_argument("--fallback", type=int, default=0, help="how many of the most popular items answer unknown histories")
    args = p.parse_args(arguments)
    torch.set_num_threads(args.threads)
    read = data.read(args.data)
    codes = read_codes(args.codes, len(read.items))
    model = generative.load_checkpoint(args.checkpoint)
    tokens = CodeTokens(tuple(model.config.code_sizes))
    split = data.leave_one_out(read.sequences)
    module = OnePass(model, tokens.tokens(codes), tokens).eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    vectors = fit(module, split, max_items=args.max_items, epochs=args.epochs, rate=args.learning_rate,
                  decay=args.weight_decay, seed=args.seed)
    print(json.dumps({"test": metrics.evaluate(scorer(module, vectors, args.max_items), split.histories_test,
                                               split.targets_test)}), flush=True)
    out = Path(args.out)
    popular = np.argsort(-data.popularity(split.train, len(read.items)), kind="stable")[:args.fallback]
    export_bundle(module, {"item_ids": torch.tensor([[1, 2, 3], [4, 0, 0]]), "length": torch.tensor([3, 1])},
                  {"item_ids": "ITEM_IDS", "length": "LENGTH"}, read.items, out_dir=out, name=args.name or out.name,
                  version=args.version, sequence=Sequence(args.max_items, "DYNAMIC", "RIGHT", padding_id=0, id_offset=1),
                  output=Embedding(vectors.numpy()), fallback=[read.ids[i] for i in popular],
                  golden_histories=example_histories(read, args.max_items, 20, seed=11))
    print(f"{out}: {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB, graph and module agree", flush=True)


if __name__ == "__main__":
    main()
