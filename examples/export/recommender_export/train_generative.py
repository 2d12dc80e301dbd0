"""Trains a model that writes the codes of the next item.

``python -m recommender_export.train_generative --data DIR --codes FILE --checkpoint FOLDER``

Leave-one-out: the last item of a user is the test target, the one before it the validation target, the rest is train.
Every ``--validate-every`` epochs a beam search over the codes of the catalogue answers some of the validation users. The
best weights are kept in ``FOLDER/best``, a Hugging Face checkpoint; ``FOLDER/state.pt`` lets an interrupted training go on.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch

from . import data, generative
from .codes import CodeTokens, CodeTree, read_codes


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m recommender_export.train_generative", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True, help="folder with interactions.tsv and items.jsonl, or a sequence file *.txt")
    p.add_argument("--codes", required=True, help="codes of the items: .npy, .tsv (item_id, sid) or .json")
    p.add_argument("--code-sizes", type=int, nargs="*", help="codes of each level (default: the largest one found, plus 1)")
    p.add_argument("--checkpoint", required=True, help="folder of the weights; a training found there goes on")
    p.add_argument("--layout", choices=("DECODER_ONLY", "ENCODER_DECODER"), default="DECODER_ONLY")
    p.add_argument("--dimension", type=int, default=128)
    p.add_argument("--layers", type=int, default=4)
    p.add_argument("--heads", type=int, default=4)
    p.add_argument("--feed-forward", type=int)
    p.add_argument("--max-items", type=int, default=20, help="how many items of a history the model reads")
    p.add_argument("--dropout", type=float, default=0.2)
    p.add_argument("--item-dropout", type=float, default=0.0, help="share of items left out of a sequence, DECODER_ONLY")
    p.add_argument("--targets", type=int, default=2, help="pairs drawn from a user in an epoch, ENCODER_DECODER")
    p.add_argument("--normalization", choices=("VOCABULARY", "CATALOG"), default="CATALOG",
                   help="what competes with a code, in training and search: every token, or those that lead to an item")
    p.add_argument("--label-smoothing", type=float, default=0.0, help="of VOCABULARY")
    p.add_argument("--learning-rate", type=float, default=1e-3)
    p.add_argument("--warm-up", type=float, default=1, help="epochs in which the learning rate rises")
    p.add_argument("--schedule", choices=("COSINE", "CONSTANT"), default="COSINE")
    p.add_argument("--weight-decay", type=float, default=0.05)
    p.add_argument("--places", type=int, default=3000, help="tokens of a batch")
    p.add_argument("--epochs", type=int, default=60)
    p.add_argument("--minutes", type=float, help="stop after the epoch that passes this")
    p.add_argument("--patience", type=int, default=5, help="validations without a better one after which training stops")
    p.add_argument("--validate-every", type=int, default=3)
    p.add_argument("--validate-users", type=int, default=2000)
    p.add_argument("--beams", type=int, default=20)
    p.add_argument("--test", action="store_true", help="measure the best weights on all test users at the end")
    p.add_argument("--bfloat16", action="store_true", help="train with bfloat16 products")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    return p


class Training:
    """A training with everything it needs to go on after an interruption."""

    def __init__(self, args, read: data.Interactions, codes: np.ndarray):
        self.args, self.folder = args, Path(args.checkpoint)
        self.tokens = CodeTokens.of(codes, args.code_sizes)
        self.tree = CodeTree(codes, self.tokens.sizes)
        self.item_tokens = self.tokens.tokens(codes)
        self.split = data.leave_one_out(read.sequences)
        torch.manual_seed(args.seed)
        new = generative.new_decoder if args.layout == "DECODER_ONLY" else generative.new_encoder_decoder
        self.model = new(self.tokens, dimension=args.dimension, layers=args.layers, heads=args.heads,
                         feed_forward=args.feed_forward, max_items=args.max_items, dropout=args.dropout)
        if args.layout == "DECODER_ONLY":
            generative.add_dropout(self.model, args.dropout)
        decayed = [p for p in self.model.parameters() if p.ndim > 1]
        others = [p for p in self.model.parameters() if p.ndim == 1]
        self.optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": args.weight_decay},
                                            {"params": others, "weight_decay": 0.0}], lr=args.learning_rate, betas=(0.9, 0.98))
        self.batches = generative.Batches([s for s in self.split.train if len(s) >= 2], self.item_tokens, self.tokens,
                                          self.tree, args.max_items, args.places, args.seed, args.layout == "ENCODER_DECODER",
                                          args.targets, args.item_dropout)
        self.epoch, self.seconds, self.best, self.since = 0, 0.0, None, 0
        if (self.folder / "state.pt").exists():
            self._restore()

    def _restore(self) -> None:
        state = torch.load(self.folder / "state.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.seconds, self.best, self.since = (state[k] for k in ("epoch", "seconds", "best", "since"))

    def _save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "epoch": self.epoch,
                 "seconds": self.seconds, "best": self.best, "since": self.since}
        torch.save(state, self.folder / "state.tmp")
        (self.folder / "state.tmp").replace(self.folder / "state.pt")

    def _rate(self, step: int, steps: int) -> float:
        """Share of the learning rate at a step of this epoch."""
        done = self.epoch + step / steps
        if done < self.args.warm_up:
            return (done + 1 / steps) / self.args.warm_up
        if self.args.schedule == "CONSTANT":
            return 1.0
        part = (done - self.args.warm_up) / max(1e-9, self.args.epochs - self.args.warm_up)
        return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, part)))

    def train_epoch(self) -> float:
        """Trains one epoch and returns the mean loss of a token."""
        self.model.train()
        torch.manual_seed(self.args.seed * 100_003 + self.epoch)
        batches = self.batches.epoch(self.epoch)
        total, count = 0.0, 0
        for step, batch in enumerate(batches):
            for group in self.optimizer.param_groups:
                group["lr"] = self.args.learning_rate * self._rate(step, len(batches))
            with torch.autocast("cpu", torch.bfloat16, enabled=self.args.bfloat16):
                loss = generative.loss(self.model, batch, self.tokens, self.tree, self.args.normalization,
                                       self.args.label_smoothing)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            targets = int((batch[1] >= 0).sum())
            total, count = total + loss.item() * targets, count + targets
        self.epoch += 1
        return total / count

    def measure(self, histories, targets, users: int, beams: int) -> dict[str, dict[str, float]]:
        chosen = list(range(len(histories)))
        if users < len(chosen):
            chosen = sorted(random.Random(self.args.seed).sample(chosen, users))
        return generative.evaluate(self.model, [histories[u] for u in chosen], targets[chosen], self.item_tokens, self.tree,
                                   self.tokens, max_items=self.args.max_items, beams=beams,
                                   normalization=self.args.normalization)

    def run(self) -> None:
        args, started = self.args, time.time() - self.seconds
        self.folder.mkdir(parents=True, exist_ok=True)
        while self.epoch < args.epochs and self.since < args.patience:
            mean = self.train_epoch()
            line = {"epoch": self.epoch, "loss": round(mean, 4)}
            if self.epoch % args.validate_every == 0 or self.epoch == args.epochs:
                found = self.measure(self.split.histories_valid, self.split.targets_valid, args.validate_users, args.beams)
                line["valid"] = found
                if self.best is None or found["all"]["NDCG@10"] > self.best["valid"]["all"]["NDCG@10"]:
                    self.best, self.since = {"epoch": self.epoch, "valid": found}, 0
                    self.model.save_pretrained(self.folder / "best")
                else:
                    self.since += 1
            self.seconds = time.time() - started
            line["seconds"] = round(self.seconds)
            self._save()
            print(json.dumps(line), flush=True)
            if args.minutes is not None and self.seconds > args.minutes * 60:
                break
        if args.test:
            self.model.load_state_dict(generative.load_checkpoint(self.folder / "best").state_dict())
            record = {**self.best, "test": self.measure(self.split.histories_test, self.split.targets_test,
                                                        len(self.split.histories_test), 50)}
            (self.folder / "record.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            print(json.dumps(record), flush=True)


def main(arguments: list[str] | None = None) -> None:
    args = parser().parse_args(arguments)
    torch.set_num_threads(args.threads)
    read = data.read(args.data)
    Training(args, read, read_codes(args.codes, len(read.items))).run()


if __name__ == "__main__":
    main()
