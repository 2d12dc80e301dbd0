"""Writes strings that are hard to read, and digests of what Transformers makes of them and of the shop's titles.

Run from here with ``PYTHONPATH=../../../../../examples/export python make_digests.py``; the build does not need it.
"""

import json
import random
from pathlib import Path

from recommender_export.token_digests import BLOCK, of_blocks, of_pairs, of_texts
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

HERE = Path(__file__).parent
SHOP = HERE.parents[4] / "examples" / "shop" / "bundles"
TITLES = 5000
MAX_LENGTH = 160
DRAW = random.Random(500)

EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "🏳️‍🌈", "1️⃣", "❤️", "☺", "🧑🏿‍🚀", "🫠", "©", "™", "🇦", "\U0001f3fb", "\ufe0f", "\u200d"]
RIGHT_TO_LEFT = ["שלום", "עולם", "كتاب", "الطبخ", "مرحبا", "שָׁלוֹם", "كِتَاب", "\u202e", "\u202c", "\u2067", "\u2069", "\u200f", "\u061c", "٣٤", "،"]
ZERO_WIDTH = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u180e", "\u115f", "\u3164", "\u2800"]
SPACES = [" ", "\t", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u00a0", "\u1680", "\u2003", "\u2009", "\u2028", "\u2029", "\u202f",
          "\u205f", "\u3000"]
CONTROLS = [chr(c) for c in (*range(0, 32), *range(127, 160))]
HALVES = ["\ud83d", "\ude00", "\udfff", "\ud800", "\udbff", "\udc00"]
MARKS = ["e\u0301", "a\u0300\u0301\u0302\u0303", "o\u0308\u0323", "\u0301", "n\u0303", "\u1e9b\u0323", "q\u0307\u0323", "\u0345"]
FORMS = ["ﬁ", "½", "²", "№", "Å", "Ω", "ﷺ", "㎏", "Ⅷ", "ｆｕｌｌ", "ｶﾞ", "ß", "ẞ", "İ", "ı", "Σς", "ǆ", "ŉ", "ﬀ", "ſ"]
SCRIPTS = ["日本語の本", "中文", "한국어", "\u1112\u1161\u11ab", "ภาษาไทย", "हिन्दी", "Строительный", "Ελληνικά", "ქართული", "አማርኛ", "ខ្មែរ", "བོད",
           "𠮷野家", "𝕄𝕒𝕥𝕙", "𐐷", "ⵣ", "ᏣᎳᎩ"]
MARKUP = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "##", "▁", "Ġ", "<0x41>", "\\u0041", "%00", "&amp;",
          "</script>", "'; --", "{{title}}", "\\n"]
WORDS = "red shoe lamp Kettle 4K@60Hz USB-C 12.5 1,234.56 -7e10 50% don't l'été naïve café a.b,c;d:e user@example.org".split()
OTHERS = ["\ue000", "\uf8ff", "\U0010ffff", "\ufffe", "\uffff", "\U0001fffe", "\ufffd", "\U000e0041", "\u0378"]
GROUPS = [EMOJI, RIGHT_TO_LEFT, ZERO_WIDTH, SPACES, CONTROLS, HALVES, MARKS, FORMS, SCRIPTS, MARKUP, OTHERS]


def strange() -> list[list]:
    """500 strings, each as a text and how often it is repeated."""
    result = [["", 1]]
    result += [[unit, times] for times in (100_000, 25_000)
               for unit in ("a", " ", "é", "\u0301", "日", "\u200b", "\x00", "\ud83d", "[SEP]"[:1], "▁")]
    result += [[unit, times] for unit, times in (("word ", 20_000), ("😀", 50_000), ("red shoe, ", 10_000), ("ab", 50_000),
                                                 ("\ude00\ud83d", 50_000), ("كتاب ", 20_000), ("a\u0301", 50_000), ("1", 99_999),
                                                 ("x-", 50_000), ("\n", 100_000))]
    for group in GROUPS:
        result += [[text, 1] for text in group]
        result += [[DRAW.choice(("", " ", "a", "A ")).join(DRAW.choice(group) for _ in range(DRAW.randint(2, 12))), 1]
                   for _ in range(8)]
    while len(result) < 400:
        parts = [DRAW.choice(DRAW.choice([*GROUPS, WORDS])) for _ in range(DRAW.randint(2, 25))]
        result.append([DRAW.choice(("", " ")).join(parts), 1])
    while len(result) < 500:
        result.append(["".join(chr(DRAW.choice((DRAW.randrange(0x80), DRAW.randrange(0x3000), DRAW.randrange(0x110000))))
                               for _ in range(DRAW.randint(1, 40))), 1])
    return result[:500]


def titles() -> list[str]:
    """The titles of the shop, then the titles with their categories."""
    items = [json.loads(line) for line in (SHOP / "shop" / "items.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [item["title"] for item in items] + [f"{item['title']}, {item['category']}" for item in items]
    return (texts + [item["category"] for item in items])[:TITLES]


def unigram(texts: list[str]) -> Tokenizer:
    """In the manner of SentencePiece, as T5 and XLM-RoBERTa have it."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(texts[:1500], trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B:1 </s>:1", special_tokens=[("</s>", 1)])
    return tokenizer


def main() -> None:
    texts, units = titles(), strange()
    (HERE / "strange.json").write_text(json.dumps(units) + "\n", encoding="ascii")
    if not (HERE / "unigram.json").exists():
        unigram(texts).save(str(HERE / "unigram.json"), pretty=False)
    strings = [text * times for text, times in units]
    digests = {}
    for name, file in (("wordpiece", HERE.parent / "encoder" / "wordpiece.json"),
                       ("byte-pairs", HERE.parent / "encoder" / "byte-pairs.json"), ("unigram", HERE / "unigram.json"),
                       ("shop-text", SHOP / "shop-text" / "tokenizer.json")):
        backend = Tokenizer.from_file(str(file))
        backend.no_padding()
        backend.no_truncation()
        fast = PreTrainedTokenizerFast(tokenizer_object=backend, model_input_names=["input_ids", "token_type_ids", "attention_mask"])
        digests[name] = {
            "titles": of_blocks(fast, texts), "strange": of_texts(fast, strings),
            "longest_first": of_pairs(fast, list(zip(strings, reversed(strings))), "longest_first", MAX_LENGTH),
            "only_first": of_pairs(fast, list(zip(strings, texts)), "only_first", MAX_LENGTH),
            "only_second": of_pairs(fast, list(zip(texts, strings)), "only_second", MAX_LENGTH)}
        print(name, len(texts), "titles,", len(strings), "strange strings", flush=True)
    whole = {"block": BLOCK, "maxLength": MAX_LENGTH, "tokenizers": digests}
    (HERE / "digests.json").write_text(json.dumps(whole).replace('}, "', '},\n"') + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
