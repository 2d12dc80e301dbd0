"""Trains a sequential recommender and writes its bundle.

``python -m recommender_export.train --model sasrec --data DIR --out BUNDLE_DIR [--head scores|vector|both]``

The split is leave-one-out: the last item of a user is the test target, the one before it chooses the epoch, the rest is
train. Reported metrics are of the model trained on train alone, all items ranked.
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
import torch

from . import checkpoint, data, fit, metrics
from .bundle import Embedding, Scores, export_bundle, top_k
from .window import Sequence


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m recommender_export.train", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", choices=sorted(checkpoint.BACKBONES), default="sasrec")
    p.add_argument("--data", required=True, help="folder with interactions.tsv and items.jsonl, or a sequence file *.txt")
    p.add_argument("--out", help="bundle folder; with --head both, the vector bundle is OUT-vector")
    p.add_argument("--head", choices=("scores", "vector", "both"), default="scores")
    p.add_argument("--name", help="name in the manifest (default: the name of OUT)")
    p.add_argument("--version", default="1")
    p.add_argument("--padding-side", choices=("LEFT", "RIGHT"), help="default: LEFT for sasrec, RIGHT for gru4rec")
    p.add_argument("--length", choices=("FIXED", "DYNAMIC"), default="DYNAMIC")
    p.add_argument("--fallback", type=int, default=0, help="how many of the most popular items answer unknown histories")
    p.add_argument("--golden", type=int, default=20)
    p.add_argument("--load", help="checkpoint to export instead of training")
    p.add_argument("--checkpoint", help="where to save the trained weights")
    p.add_argument("--metrics", help="where to write the metrics as JSON")
    p.add_argument("--parity", help="where to write 1,000 histories with the module's top 10, one JSON a line")
    p.add_argument("--dimension", type=int, default=64)
    p.add_argument("--layers", type=int, help="default: 2 for sasrec, 1 for gru4rec")
    p.add_argument("--heads", type=int, default=1, help="sasrec only")
    p.add_argument("--pre-norm", action="store_true", help="sasrec only")
    p.add_argument("--projection", action="store_true", help="sasrec only: a linear layer between the last block and the head")
    p.add_argument("--max-length", type=int, default=50)
    p.add_argument("--dropout", type=float, default=0.5)
    p.add_argument("--epochs", type=int, default=100)
    p.add_argument("--patience", type=int, default=8)
    p.add_argument("--validate-every", type=int, default=1, help="epochs from one validation to the next")
    p.add_argument("--minutes", type=float, help="stop training after the epoch that passes this")
    p.add_argument("--batch-size", type=int, default=128)
    p.add_argument("--learning-rate", type=float, default=1e-3)
    p.add_argument("--all-windows", action="store_true", help="train on all of a long sequence, not only its newest window")
    p.add_argument("--decay", action="store_true", help="let the learning rate fall to zero over the epochs")
    p.add_argument("--weight-decay", type=float, default=0.0)
    p.add_argument("--label-smoothing", type=float, default=0.0)
    p.add_argument("--item-dropout", type=float, default=0.0)
    p.add_argument("--refit", action="store_true",
                   help="after measuring, train on all but the test item for as many epochs as were best, and export that")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    return p


def fitting(args) -> dict:
    """The options that training and refitting share."""
    return dict(batch_size=args.batch_size, learning_rate=args.learning_rate, all_windows=args.all_windows,
                decay=args.decay, weight_decay=args.weight_decay, label_smoothing=args.label_smoothing,
                item_dropout=args.item_dropout, seed=args.seed)


def new_backbone(args, items: int) -> torch.nn.Module:
    common = dict(items=items, max_length=args.max_length, dimension=args.dimension, dropout=args.dropout)
    if args.model == "sasrec":
        return checkpoint.SasRecBackbone(**common, layers=args.layers or 2, heads=args.heads, pre_norm=args.pre_norm,
                                         projection=args.projection)
    return checkpoint.Gru4RecBackbone(**common, layers=args.layers or 1)


def trained(args, read: data.Interactions, split: data.LeaveOneOut, side: str):
    """Returns (backbone, training record): loaded, or trained from ``args``."""
    if args.load:
        model, backbone, record = checkpoint.load(args.load)
        if model != args.model or backbone.config["items"] != len(read.items):
            raise SystemExit(f"{args.load}: {model} over {backbone.config['items']} items, "
                             f"expected {args.model} over {len(read.items)}")
        return backbone, record
    options = fitting(args)
    torch.manual_seed(args.seed)
    backbone = new_backbone(args, len(read.items))
    best = fit.fit(backbone, split, side, epochs=args.epochs, patience=args.patience, minutes=args.minutes,
                   validate_every=args.validate_every, **options, log=lambda line: print(line, flush=True))
    return backbone, {"valid": best, "options": {**options, "epochs": args.epochs, "threads": args.threads}}


def refit(args, read: data.Interactions, split: data.LeaveOneOut, side: str, epochs: int):
    """A backbone trained on train and validation items for a given number of epochs."""
    whole = data.LeaveOneOut(split.histories_test + [s for s in read.sequences if len(s) < 3], split.histories_valid,
                             split.targets_valid, split.histories_test, split.targets_test)
    torch.manual_seed(args.seed)
    backbone = new_backbone(args, len(read.items))
    fit.fit(backbone, whole, side, epochs=epochs, patience=epochs, keep_last=True, **fitting(args),
            log=lambda line: print(line, flush=True))
    return backbone


def measure(backbone, read: data.Interactions, split: data.LeaveOneOut, side: str, record: dict) -> dict:
    """Test metrics of the model and of two counts, all items ranked, with and without the history removed."""
    counts = data.popularity(split.train, len(read.items))
    rows = {"model": fit.scorer(backbone, side), "markov": metrics.markov_scores(split.train, counts),
            "popularity": metrics.popularity_scores(counts)}
    result = {"users": len(split.targets_test), "items": len(read.items), "config": backbone.config, **record}
    for name, score in rows.items():
        for mask in (False, True):
            result[f"{name} history_masked={mask}"] = {
                k: round(v, 6) for k, v in metrics.evaluate(score, split.histories_test, split.targets_test, mask).items()}
    return result


def example_histories(read: data.Interactions, max_length: int, count: int, seed: int) -> list[list[str]]:
    """Real histories of many lengths: whole ones, prefixes, single items, and joined ones up to three windows long."""
    rng = random.Random(seed)
    result = []
    for i in range(count):
        history = list(rng.choice(read.sequences))[:-1] or [rng.randrange(len(read.items))]
        if i % 10 == 0:
            history = history[-1:]
        elif i % 10 in (1, 2):
            history = history[:rng.randint(1, len(history))]
        elif i % 10 in (3, 4, 5):
            wanted = rng.randint(2, 3 * max_length)
            while len(history) < wanted:
                history = rng.choice(read.sequences) + history
            history = history[-wanted:]
        result.append([read.ids[o] for o in history])
    return result


def write_parity(path: Path, backbone, read: data.Interactions, side: str, count: int = 1000, k: int = 10) -> None:
    """Top k of the score head for each history; checks that user vector times item table gives the same list."""
    ordinals = {item: i for i, item in enumerate(read.ids)}
    with open(path, "w", encoding="utf-8", newline="\n") as out, torch.inference_mode():
        for history in example_histories(read, backbone.max_length, count, seed=7):
            ids, lengths = fit.pad([[ordinals[i] for i in history]], backbone.max_length, side)
            vector = backbone.newest_left(ids) if side == "LEFT" else backbone.newest_right(ids, lengths)
            scores = backbone.scores(vector)[0].numpy()
            best = top_k(scores, k)
            dots = backbone.items.numpy() @ vector[0].numpy()
            if np.abs(dots[best] - dots[top_k(dots, k)]).max() > 1e-4:
                raise SystemExit(f"score head and user vector rank {history} differently")
            out.write(json.dumps({"history": history, "items": [read.ids[i] for i in best],
                                  "scores": [float(scores[i]) for i in best]}) + "\n")


def export(args, backbone, read: data.Interactions, split: data.LeaveOneOut, side: str) -> list[Path]:
    """Writes the bundles asked for."""
    counts = data.popularity(split.train, len(read.items))
    fallback = [read.ids[i] for i in top_k(counts.astype(np.float64), args.fallback)]
    example_ids, example_lengths = fit.pad([[0, 1, 2], [3]], backbone.max_length, side)
    if args.length == "FIXED":
        grow = (backbone.max_length - example_ids.shape[1], 0)
        example_ids = torch.nn.functional.pad(example_ids, grow if side == "LEFT" else grow[::-1])
    inputs, roles = {"item_ids": example_ids}, {"item_ids": "ITEM_IDS"}
    if side == "RIGHT":
        inputs["length"], roles["length"] = example_lengths, "LENGTH"
    written = []
    for kind in ("scores", "vector") if args.head == "both" else (args.head,):
        out = Path(args.out + "-vector" if args.head == "both" and kind == "vector" else args.out)
        module = checkpoint.head(args.model, backbone, kind, side)
        output = Scores() if kind == "scores" else Embedding(module.item_vectors().numpy())
        written.append(export_bundle(
            module, inputs, roles, read.items, out_dir=out, name=args.name or out.name, version=args.version,
            sequence=Sequence(backbone.max_length, args.length, side, padding_id=0, id_offset=1), output=output,
            fallback=fallback, golden_histories=example_histories(read, backbone.max_length, args.golden, seed=11)))
        size = sum(f.stat().st_size for f in out.iterdir())
        print(f"{out}: {kind}, {size / 1e6:.2f} MB, graph and module agree", flush=True)
    return written


def main(arguments: list[str] | None = None) -> None:
    args = parser().parse_args(arguments)
    torch.set_num_threads(args.threads)
    side = args.padding_side or ("LEFT" if args.model == "sasrec" else "RIGHT")
    read = data.read(args.data)
    split = data.leave_one_out(read.sequences)
    training_side = "LEFT" if args.model == "sasrec" else "RIGHT"
    backbone, record = trained(args, read, split, training_side)
    if args.checkpoint:
        checkpoint.save(args.checkpoint, args.model, backbone, record)
    if args.metrics:
        result = measure(backbone, read, split, side, record)
        Path(args.metrics).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(result, indent=1), flush=True)
    if args.refit and not args.load:
        backbone = refit(args, read, split, training_side, record["valid"]["epoch"])
    if args.parity:
        write_parity(Path(args.parity), backbone, read, side)
    if args.out:
        export(args, backbone, read, split, side)


if __name__ == "__main__":
    main()
