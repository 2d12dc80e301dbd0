"""Generative checkpoints of Hugging Face as bundles of contract SEQ_GENERATIVE.

``python -m recommender_export.huggingface --checkpoint FOLDER --data DIR --codes FILE --out BUNDLE_DIR``
"""

import argparse
import random
from pathlib import Path

import numpy as np

from . import data
from .codes import CodeTokens, CodeTree, read_codes
from .generative import CodeLlama, load_checkpoint
from .generative_bundle import Aligned, CodeVocabulary, PromptLayout, export_generative
from .golden_generative import answers


def aligned_inputs(model) -> tuple[Aligned, ...]:
    """What the models of this package read beside tokens."""
    return (Aligned("code_position", "CODE_POSITION", len(model.config.code_sizes)),) if isinstance(model, CodeLlama) else ()


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.huggingface", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--checkpoint", required=True, help="folder of a checkpoint of recommender_export.train_generative")
    p.add_argument("--data", required=True, help="folder with interactions.tsv and items.jsonl, or a sequence file *.txt")
    p.add_argument("--codes", required=True, help="codes of the items: .npy, .tsv (item_id, sid) or .json")
    p.add_argument("--code-sizes", type=int, nargs="*", help="codes of each level, as in training")
    p.add_argument("--max-items", type=int, default=20)
    p.add_argument("--out", required=True, help="bundle folder")
    p.add_argument("--name", help="name in the manifest (default: the name of OUT)")
    p.add_argument("--version", default="1")
    p.add_argument("--normalization", choices=("VOCABULARY", "CATALOG"), default="CATALOG", help="as in training")
    p.add_argument("--no-cache", action="store_true", help="graphs that run all tokens again in each step")
    p.add_argument("--copied-prompt", action="store_true", help="each row carries the cache of its prompt along")
    p.add_argument("--beams", type=int, default=20, help="how many beams the golden requests are answered with")
    p.add_argument("--golden", type=int, default=20, help="how many golden requests, answered by generate")
    p.add_argument("--fallback", type=int, default=0, help="how many of the most popular items answer unknown histories")
    args = p.parse_args(arguments)
    read = data.read(args.data)
    codes = read_codes(args.codes, len(read.items))
    model = load_checkpoint(args.checkpoint)
    tokens = CodeTokens.of(codes, args.code_sizes or getattr(model.config, "code_sizes", None))
    split = data.leave_one_out(read.sequences)
    popular = np.argsort(-data.popularity(split.train, len(read.items)), kind="stable")[:args.fallback]
    chosen = random.Random(5).sample(split.histories_test, min(args.golden, len(split.histories_test)))
    golden = answers(model, chosen, read.ids, tokens, CodeTree(codes, tokens.sizes), tokens.tokens(codes),
                     max_items=args.max_items, beams=args.beams, normalization=args.normalization)
    out = Path(args.out)
    export_generative(model, CodeVocabulary.of(codes, tokens), read.items,
                      PromptLayout(args.max_items, prefix=(tokens.begin,)), out_dir=out, name=args.name or out.name,
                      version=args.version, aligned=aligned_inputs(model), cached=not args.no_cache,
                      shared=not args.copied_prompt, normalization=args.normalization,
                      fallback=[read.ids[i] for i in popular], golden=golden, beams=args.beams)
    print(f"{out}: {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB, graphs and model agree", flush=True)


if __name__ == "__main__":
    main()
