"""Writes the fixtures of the tests of encoders.

Run from here with ``PYTHONPATH=../../../../../examples/export python make_fixtures.py``; the build does not need it.

Two tokenizers, trained on a few made-up titles; what Transformers makes of strings that are hard to read; and bundles of a
tiny untrained BERT with its vectors by PyTorch.
"""

import json
import random
from pathlib import Path

import torch
from recommender_export.text_encoder import TextEncoder, TextField, TextLayout, export_text_encoder
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

HERE = Path(__file__).parent
ADJECTIVES = "red blue green small large warm light heavy soft dry quiet sturdy folding wireless organic".split()
THINGS = "shoe lamp kettle jacket tent bottle chair table mug book torch cable speaker brush towel".split()
RANDOM = random.Random(3)
TITLES = [f"{RANDOM.choice(ADJECTIVES)} {RANDOM.choice(ADJECTIVES)} {RANDOM.choice(THINGS)} {RANDOM.randint(1, 60)} cm, "
          f"pack of {RANDOM.randint(1, 12)}" for _ in range(300)]

STRINGS = [
    "", " ", "   spaces   around   ", "\t\ttabs\nand\r\nlines\x0b\x0c", "red shoe", "Red SHOE", "RED-SHOE_42", "shoes shoeless",
    "a", "x" * 99, "x" * 100, "x" * 101, "x" * 300, "red " * 200, "don't can't l'été", "naïve café Ångström", "e\u0301 vs \u00e9",
    "ﬁne ﬂoor ½ ² №", "50% off!!! (limited)", "4K@60Hz USB-C/HDMI", "user@example.org", "a.b,c;d:e", "…—–«»“”‘’", "€ £ ¥ ₿",
    "日本語の本", "中文 mixed 中a文", "한국어 책", "กขค ภาษาไทย", "हिन्दी किताब", "Строительный ШЛЕМ", "ΣΊΣΥΦΟΣ σίσυφος", "İstanbul ıI",
    "straße STRASSE", "كتاب الطبخ", "שלום עולם", "\u202eright to left\u202c", "mixed كتاب red שלום", "emoji 😀 mug", "😀😀😀", "👨‍👩‍👧‍👦 family",
    "🇩🇪 flag", "👍🏽 thumb", "zero\u200bwidth\u200cjoin\u200der", "\ufeffbyte order mark", "soft\u00adhyphen", "no\u00a0break\u2003wide\u3000space",
    "nul\x00inside", "control\x01\x02\x1f\x7f", "private \ue000 use", "\U0010ffff last", "\ufffd replacement", "combining a\u0300\u0301\u0302\u0303",
    "[CLS] red [SEP] shoe [MASK]", "[UNK][PAD]", "##shoe ## #", "<s> </s> <unk>", "null None NaN", "\\n \\u0041 \"quoted\" 'single'",
    "1234567890 1,234.56 -7e10", "a" * 5000 + " b", "word " * 3000,
]


def wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(TITLES, trainers.WordPieceTrainer(
        vocab_size=260, special_tokens=specials, initial_alphabet=list("abcdefghijklmnopqrstuvwxyz"), show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    # As published tokenizers often do; the manifest has the last word.
    tokenizer.enable_truncation(12)
    tokenizer.enable_padding(length=12)
    return tokenizer


def byte_pairs() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(TITLES, trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<s>", "<pad>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return tokenizer


def golden(fast: PreTrainedTokenizerFast, max_length: int) -> dict:
    singles, pairs = [], []
    for text in STRINGS:
        read = fast(text, truncation=True, max_length=max_length)
        whole = fast(text)
        singles.append({"text": text, "ids": read["input_ids"], "truncated": len(whole["input_ids"]) > max_length})
    for first, second in zip(STRINGS, STRINGS[7:] + STRINGS[:7]):
        # As a batch: alone, an empty second text would count as none.
        read = fast([first], [second], truncation="longest_first", max_length=max_length)
        pairs.append({"text": first, "pair": second, "ids": read["input_ids"][0], "types": read["token_type_ids"][0]})
    return {"maxLength": max_length, "singles": singles, "pairs": pairs}


def main() -> None:
    made = {"wordpiece": wordpiece(), "byte-pairs": byte_pairs()}
    pads = {"wordpiece": "[PAD]", "byte-pairs": "<pad>"}
    for name, tokenizer in made.items():
        tokenizer.save(str(HERE / f"{name}.json"), pretty=False)
        # Through its text, so that what training left in memory takes no part.
        fast = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(tokenizer.to_str()), pad_token=pads[name],
                                       model_input_names=["input_ids", "token_type_ids", "attention_mask"])
        fast.backend_tokenizer.no_padding()
        fast.backend_tokenizer.no_truncation()
        # ASCII, so that no editor changes what it cannot show.
        (HERE / f"{name}.golden.json").write_text(json.dumps(golden(fast, 24)) + "\n", encoding="ascii")
    torch.manual_seed(5)
    fast = PreTrainedTokenizerFast(tokenizer_object=made["wordpiece"], pad_token="[PAD]",
                                   model_input_names=["input_ids", "token_type_ids", "attention_mask"])
    model = BertModel(BertConfig(vocab_size=len(fast), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                                 intermediate_size=48, max_position_embeddings=32, attn_implementation="eager"),
                      add_pooling_layer=False).eval()
    # Untrained weights are so small that all texts look alike.
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    layout = TextLayout((TextField("title"), TextField("tags", prefix="tags: ", default=""), TextField("price", default="free")),
                        separator=" | ")
    items = [{"title": title} for title in TITLES[:12] + STRINGS[:20]]
    items += [{"title": "blue mug", "tags": ["kitchen", "sale"], "price": 12.5}, {"title": "tent", "tags": [], "price": 3},
              {"title": "", "tags": ["only"], "price": 0.0001}]
    for name, pooling, pooled in (("bert-mean", "MEAN", True), ("bert-states", "MAX", False)):
        encoder = TextEncoder(model, fast, pooling=pooling, normalize=True, max_length=24)
        export_text_encoder(encoder, layout, out_dir=HERE / name, name=name, version="1", golden=items, pool_in_graph=pooled)


if __name__ == "__main__":
    main()
