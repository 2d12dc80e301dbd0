"""Trains a small encoder of item texts and writes it as a bundle of contract ITEM_ENCODER.

``python -m recommender_export.train_text --data DIR --out BUNDLE_DIR [--fields title category]``

Items that shoppers meet one after the other are pulled together, all others of a batch are pushed away (InfoNCE, van den
Oord et al. 2018). One item in ten takes no part, which tells how well the encoder places items nobody has met.
"""

import argparse
import random
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from . import data
from .text_encoder import TextEncoder, TextField, TextLayout, export_text_encoder

TEMPERATURE = 0.05


def new_tokenizer(texts: list[str], size: int) -> PreTrainedTokenizerFast:
    """A WordPiece vocabulary of its own."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(texts, trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]",
                                   model_input_names=["input_ids", "attention_mask"])


def new_encoder(tokenizer: PreTrainedTokenizerFast, dimension: int, layers: int, max_length: int) -> TextEncoder:
    config = BertConfig(vocab_size=len(tokenizer), hidden_size=dimension, num_hidden_layers=layers,
                        num_attention_heads=max(1, dimension // 32), intermediate_size=2 * dimension,
                        max_position_embeddings=max_length, type_vocab_size=1, attn_implementation="eager")
    return TextEncoder(BertModel(config, add_pooling_layer=False), tokenizer, max_length=max_length)


def pairs_of(sequences: list[list[int]], window: int, kept: np.ndarray) -> np.ndarray:
    """Pairs [P, 2] of different items at most ``window`` steps apart, both of them kept."""
    pairs = [(a, b) for s in sequences for i, a in enumerate(s) for b in s[i + 1:i + 1 + window]
             if a != b and kept[a] and kept[b]]
    return np.array(pairs, dtype=np.int64)


class Texts:
    """Tokens of all items, [N, T] with a mask; rows of a batch are cut to the longest of them."""

    def __init__(self, encoder: TextEncoder, texts: list[str]):
        read = encoder.tokenizer(texts, padding=True, truncation=True, max_length=encoder.max_length, return_tensors="pt")
        self.ids, self.mask = read["input_ids"], read["attention_mask"]

    def vectors(self, model: torch.nn.Module, rows: torch.Tensor) -> torch.Tensor:
        mask = self.mask[rows]
        length = int(mask.sum(1).max())
        mask = mask[:, :length]
        states = model(input_ids=self.ids[rows, :length], attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(states.dtype)
        return torch.nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=1)

    def all_vectors(self, model: torch.nn.Module) -> np.ndarray:
        with torch.inference_mode():
            return torch.cat([self.vectors(model, rows) for rows in torch.arange(len(self.ids)).split(512)]).numpy()


def train(encoder: TextEncoder, texts: Texts, pairs: np.ndarray, *, steps: int, batch: int, rate: float, seed: int) -> None:
    model = encoder.transformer.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    rng, mean = np.random.default_rng(seed), 0.0
    for step in range(1, steps + 1):
        chosen = torch.from_numpy(pairs[rng.integers(0, len(pairs), batch)])
        first, second = texts.vectors(model, chosen[:, 0]), texts.vectors(model, chosen[:, 1])
        scores = first @ second.t() / TEMPERATURE
        same = (chosen[:, 1][:, None] == chosen[:, 1]) | (chosen[:, 0][:, None] == chosen[:, 1])
        scores = scores.masked_fill(same & ~torch.eye(batch, dtype=torch.bool), -1e9)
        loss = torch.nn.functional.cross_entropy(scores, torch.arange(batch))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        mean += loss.item()
        if step % 200 == 0:
            print(f"step {step}: loss {mean / 200:.4f}", flush=True)
            mean = 0.0
    model.eval()


def next_item_hits(vectors: np.ndarray, sequences: list[list[int]], targets: np.ndarray, k: int = 10) -> float:
    """How often the last item is among the k nearest of the one before it, over sequences that end in one of the targets."""
    ends = [(s[-2], s[-1]) for s in sequences if len(s) > 1 and targets[s[-1]] and s[-1] != s[-2]]
    hits = 0
    for before, last in ends:
        scores = vectors @ vectors[before]
        scores[before] = -np.inf
        hits += int((scores > scores[last]).sum() < k)
    return hits / max(1, len(ends))


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.train_text", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--data", required=True, help="folder with interactions.tsv and items.jsonl, or a sequence file *.txt")
    p.add_argument("--out", required=True, help="bundle folder")
    p.add_argument("--fields", nargs="+", default=["title", "category"])
    p.add_argument("--separator", default=", ")
    p.add_argument("--name", help="name in the manifest (default: the name of OUT)")
    p.add_argument("--version", default="1")
    p.add_argument("--vocabulary", type=int, default=2000)
    p.add_argument("--dimension", type=int, default=64)
    p.add_argument("--layers", type=int, default=2)
    p.add_argument("--max-length", type=int, default=48)
    p.add_argument("--window", type=int, default=2)
    p.add_argument("--steps", type=int, default=3000)
    p.add_argument("--batch", type=int, default=256)
    p.add_argument("--learning-rate", type=float, default=2e-3)
    p.add_argument("--seed", type=int, default=1)
    args = p.parse_args(arguments)
    torch.manual_seed(args.seed)
    read = data.read(args.data)
    layout = TextLayout(tuple(TextField(f, default=None if i == 0 else "") for i, f in enumerate(args.fields)), args.separator)
    written = [layout.text(item) for item in read.items]
    encoder = new_encoder(new_tokenizer(written, args.vocabulary), args.dimension, args.layers, args.max_length)
    texts = Texts(encoder, written)
    kept = np.random.default_rng(args.seed).random(len(read.items)) >= 0.1
    split = data.leave_one_out(read.sequences)
    pairs = pairs_of(split.train, args.window, kept)
    print(f"{len(read.items)} items, {int((~kept).sum())} of them held out, {len(pairs)} pairs", flush=True)
    encoder.transformer.eval()
    report(read, texts.all_vectors(encoder.transformer), kept, "untrained")
    train(encoder, texts, pairs, steps=args.steps, batch=args.batch, rate=args.learning_rate, seed=args.seed)
    report(read, texts.all_vectors(encoder.transformer), kept, "trained")
    chosen = random.Random(5).sample(read.items, min(20, len(read.items)))
    golden = [{f: item[f] for f in args.fields if f in item} for item in chosen]
    out = Path(args.out)
    export_text_encoder(encoder, layout, out_dir=out, name=args.name or out.name, version=args.version, golden=golden)
    print(f"{out}: {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB, graph and model agree", flush=True)


def report(read: data.Interactions, vectors: np.ndarray, kept: np.ndarray, what: str) -> None:
    print(f"{what}: HR@10 of the next item by its text alone {next_item_hits(vectors, read.sequences, kept):.4f}, "
          f"of items held out {next_item_hits(vectors, read.sequences, ~kept):.4f}", flush=True)


if __name__ == "__main__":
    main()
