"""Writes what Hugging Face's ``generate`` answers to real histories, and how long it takes.

``python -m recommender_export.golden_generative --checkpoint FOLDER --data DIR --codes FILE --out FILE.jsonl``

For each user and number of beams a line with history, best items and their log-probabilities, as ``examples/run parity`` reads
them; printed for each number of beams, the median time of an answer, batch 1. Items that share a code share its score and
follow each other in the order of the catalogue.
"""

import argparse
import json
import random
import time
from pathlib import Path

import numpy as np
import torch

from . import data, generative
from .codes import CodeTokens, CodeTree, read_codes


@torch.inference_mode()
def reference(model, prompt: list[int], tree: CodeTree, tokens: CodeTokens, beams: int,
              normalization: str = "VOCABULARY") -> list[tuple[float, int]]:
    """What ``generate`` with ``prefix_allowed_tokens_fn`` finds: log-probability and node of the tree, best first."""
    start = 1 if model.config.is_encoder_decoder else len(prompt)
    offsets = tokens.offsets

    def node(written: list[int]) -> int:
        place = 0
        for level, token in enumerate(written):
            place = tree.children[level][place, token - offsets[level]]
        return int(place)

    def allowed(_, ids: torch.Tensor) -> list[int]:
        written = ids[start:].tolist()
        if len(written) == tokens.levels:
            return [0]
        return (np.flatnonzero(tree.children[len(written)][node(written)] >= 0) + offsets[len(written)]).tolist()

    ids = torch.tensor([prompt])
    found = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), prefix_allowed_tokens_fn=allowed,
                           num_beams=beams, num_return_sequences=beams, do_sample=False, max_new_tokens=tokens.levels,
                           min_new_tokens=tokens.levels, length_penalty=0.0, early_stopping=True, return_dict_in_generate=True,
                           output_scores=True, renormalize_logits=normalization == "CATALOG", pad_token_id=0, eos_token_id=None)
    result = [(score, node(row[start:].tolist()))
              for row, score in zip(found.sequences, found.sequences_scores.tolist()) if score > -1e8]
    return sorted(result, key=lambda r: (-r[0], tree.items[r[1]][0]))


def answers(model, histories: list[list[int]], ids: list[str], tokens: CodeTokens, tree: CodeTree, item_tokens: np.ndarray, *,
            max_items: int, beams: int, normalization: str, k: int = 10) -> list[dict]:
    """Golden requests: each history with its best items and their log-probabilities."""
    result = []
    for history in histories:
        prompt = generative.prompt(history, item_tokens, tokens, max_items)
        found = generative.ranked_items(reference(model, prompt, tree, tokens, beams, normalization), tree)[:min(k, beams)]
        result.append({"history": [ids[i] for i in history], "k": len(found), "items": [ids[i] for i, _ in found],
                       "scores": [score for _, score in found]})
    return result


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.golden_generative", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--checkpoint", required=True, help="folder of a checkpoint of recommender_export.train_generative")
    p.add_argument("--data", required=True, help="folder with interactions.tsv and items.jsonl, or a sequence file *.txt")
    p.add_argument("--codes", required=True, help="codes of the items: .npy, .tsv (item_id, sid) or .json")
    p.add_argument("--code-sizes", type=int, nargs="*", help="codes of each level, as in training")
    p.add_argument("--max-items", type=int, default=20)
    p.add_argument("--normalization", choices=("VOCABULARY", "CATALOG"), default="CATALOG", help="as in training")
    p.add_argument("--users", type=int, default=200, help="how many users, drawn at random")
    p.add_argument("--beams", type=int, nargs="*", default=[10, 20, 50])
    p.add_argument("--k", type=int, default=10)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--out", required=True)
    args = p.parse_args(arguments)
    torch.set_num_threads(args.threads)
    read = data.read(args.data)
    codes = read_codes(args.codes, len(read.items))
    model = generative.load_checkpoint(args.checkpoint)
    tokens = CodeTokens.of(codes, args.code_sizes or getattr(model.config, "code_sizes", None))
    tree, item_tokens = CodeTree(codes, tokens.sizes), tokens.tokens(codes)
    split = data.leave_one_out(read.sequences)
    users = sorted(random.Random(args.seed).sample(range(len(split.histories_test)), min(args.users, len(split.histories_test))))
    rows, spent = [], {beams: [] for beams in args.beams}
    for user in users:
        history = split.histories_test[user]
        prompt = generative.prompt(history, item_tokens, tokens, args.max_items)
        for beams in args.beams:
            started, processed = time.perf_counter(), time.process_time()
            found = reference(model, prompt, tree, tokens, beams, args.normalization)
            spent[beams].append((time.perf_counter() - started, time.process_time() - processed))
            items = generative.ranked_items(found, tree)[:args.k]
            rows.append({"history": [read.ids[i] for i in history], "beams": beams, "items": [read.ids[i] for i, _ in items],
                         "scores": [s for _, s in items], "target": read.ids[split.targets_test[user]]})
    times = {str(b): dict(zip(("wall", "processor"), (np.median(s, 0) * 1e3).round(3).tolist())) for b, s in spent.items()}
    Path(args.out).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(json.dumps({"users": len(users), "threads": args.threads, "milliseconds": times}), flush=True)


if __name__ == "__main__":
    main()
