"""Digests of the tokens that Transformers makes of many texts, for whoever makes the same tokens elsewhere.

``python -m recommender_export.token_digests --model FOLDER --items items.jsonl --out digests.json``

A digest is the CRC-32 of tokens as little-endian integers of 32 bits. Texts are whatever JSON can hold: halves of surrogate
pairs, which no UTF-8 has, count as U+FFFD.
"""

import argparse
import json
import re
import zlib
from pathlib import Path

import numpy as np

BLOCK = 50


def sound(text: str) -> str:
    """The text with surrogate pairs put together and halves of them replaced."""
    whole = re.sub("[\ud800-\udbff][\udc00-\udfff]",
                   lambda pair: pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le"), text)
    return re.sub("[\ud800-\udfff]", "\ufffd", whole)


def digest(*tokens: list[int]) -> int:
    """The digest of several lists of tokens, each preceded by its length."""
    numbers = [n for each in tokens for n in (len(each), *each)]
    return zlib.crc32(np.array(numbers, dtype="<i4").tobytes())


def of_texts(tokenizer, texts: list[str]) -> list[int]:
    """The digest of every text, special tokens included, however long."""
    return [digest(tokenizer(sound(text))["input_ids"]) for text in texts]


def of_blocks(tokenizer, texts: list[str], block: int = BLOCK) -> list[int]:
    """The digests of texts in blocks."""
    return [digest(*(tokenizer(sound(text))["input_ids"] for text in texts[i:i + block]))
            for i in range(0, len(texts), block)]


def of_pairs(tokenizer, pairs: list[tuple[str, str]], truncation: str, max_length: int) -> list[int]:
    """The digest of the tokens and types of every pair."""
    result = []
    for first, second in pairs:
        # As a batch: alone, an empty second text would count as none.
        read = tokenizer([sound(first)], [sound(second)], truncation=truncation, max_length=max_length,
                         return_token_type_ids=True)
        result.append(digest(read["input_ids"][0], read["token_type_ids"][0]))
    return result


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.token_digests", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="folder of a fast tokenizer")
    p.add_argument("--items", required=True, help="items.jsonl whose texts are read")
    p.add_argument("--feature", default="title")
    p.add_argument("--count", type=int, default=5000)
    p.add_argument("--out", required=True)
    args = p.parse_args(arguments)
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(args.model)
    texts = []
    for line in Path(args.items).read_text(encoding="utf-8").splitlines():
        if args.feature in (item := json.loads(line)) and len(texts) < args.count:
            texts.append(item[args.feature])
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    Path(args.out).write_text(json.dumps({"feature": args.feature, "count": len(texts), "block": BLOCK,
                                          "digests": of_blocks(tokenizer, texts)}) + "\n", encoding="ascii")
    print(f"{args.out}: {len(texts)} texts")


if __name__ == "__main__":
    main()
