import json
import zlib

from recommender_export.token_digests import digest, main, of_blocks, of_pairs, of_texts, sound
from recommender_export.train_text import new_tokenizer

TITLES = ["red shoe", "blue shoe", "small red lamp"]


def test_a_digest_counts_lengths_and_order():
    assert digest([1, 2]) == zlib.crc32(b"\x02\0\0\0\x01\0\0\0\x02\0\0\0")
    assert len({digest([1, 2]), digest([2, 1]), digest([1], [2]), digest([1, 2], [])}) == 4


def test_halves_of_surrogate_pairs_are_replaced():
    assert sound("a\ud83d\ude00b\ude00\ud83d") == "a\U0001f600b\ufffd\ufffd"


def test_blocks_are_those_of_the_texts(tmp_path):
    tokenizer = new_tokenizer(TITLES, 60)
    ids = [tokenizer(t)["input_ids"] for t in TITLES]
    assert of_texts(tokenizer, TITLES) == [digest(i) for i in ids]
    assert of_blocks(tokenizer, TITLES, 2) == [digest(ids[0], ids[1]), digest(ids[2])]
    pair = tokenizer(TITLES[0], TITLES[2], truncation="only_second", max_length=6, return_token_type_ids=True)
    assert of_pairs(tokenizer, [(TITLES[0], TITLES[2])], "only_second", 6) == [digest(pair["input_ids"], pair["token_type_ids"])]
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    (tmp_path / "items.jsonl").write_text("".join(json.dumps({"id": t, "title": t}) + "\n" for t in TITLES))
    main(["--model", str(tmp_path / "tokenizer"), "--items", str(tmp_path / "items.jsonl"), "--count", "2", "--out",
          str(tmp_path / "digests.json")])
    assert json.loads((tmp_path / "digests.json").read_text()) == {
        "feature": "title", "count": 2, "block": 50, "digests": [digest(ids[0], ids[1])]}
