"""Writes the fixtures of the tests of cross-encoders.

Run from here with ``PYTHONPATH=../../../../../examples/export python make_fixtures.py``; the build does not need it.

Bundles of a tiny untrained BERT for pairs with its scores by PyTorch: as it is, and with a gate of two adapters. And of a tiny
untrained Llama that answers with yes or no; ``yes-no.json`` has the chances of both tokens after each pair.
"""

import json
import random
from pathlib import Path

import torch
from recommender_export.cross_encoder import CrossEncoder, export_cross_encoder
from recommender_export.lora import GatedLinear, add_adapters
from recommender_export.pair_texts import PairTexts
from recommender_export.ranker import Request
from tokenizers import Tokenizer
from transformers import BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

HERE = Path(__file__).parent
ADJECTIVES = "red blue green small large warm light heavy soft dry quiet sturdy folding wireless organic".split()
THINGS = "shoe lamp kettle jacket tent bottle chair table mug book torch cable speaker brush towel".split()
STRANGE = ["", "日本語の本", "naïve café Ångström", "emoji 😀 mug", "nul\x00inside", "word " * 60]


YES, NO = 7, 9


def yes_no(items: list[dict], requests: list[Request]) -> None:
    """Whether what was bought fits: the answer is the token after the pair."""
    texts = PairTexts("{query}, bought: {history}", "{title}. fits?", {"query": "anything"}, 2, "{title}", "; ", truncation="ONLY_FIRST")
    fast = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_file(str(HERE.parent / "encoder" / "wordpiece.json")),
                                   pad_token="[PAD]", model_input_names=["input_ids", "attention_mask"])
    torch.manual_seed(8)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=48, attn_implementation="eager")).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    encoder = CrossEncoder(model, fast, max_length=40, verbalizer=(YES, NO))
    export_cross_encoder(encoder, texts, requests, out_dir=HERE / "yes-no", name="yes-no", version="1", items=items)
    by_id, chances = {item["id"]: item for item in items}, []
    for request in requests:
        asked = texts.request_text(request.context or {}, request.history, by_id)
        chances.append([])
        for candidate in request.candidates:
            read = fast(asked, texts.item_text(items[candidate]), return_tensors="pt", truncation="only_first", max_length=40)
            with torch.inference_mode():
                following = model(input_ids=read["input_ids"]).logits[0, -1].double().softmax(-1)
            chances[-1].append([float(following[YES]), float(following[NO])])
    (HERE / "yes-no.json").write_text(json.dumps(chances) + "\n")


def main() -> None:
    draw = random.Random(6)
    items = [{"id": f"sku-{n}", "title": f"{draw.choice(ADJECTIVES)} {draw.choice(THINGS)}, {draw.randint(1, 60)} cm",
              "tags": draw.sample(["sale", "kitchen", "outdoor"], draw.randint(0, 2)), "price": draw.randint(1, 400) / 4}
             for n in range(12)]
    texts = PairTexts("{query} | {history}", "{title} ({tags}; {price})", {"query": "anything", "price": "free"}, 3, "{title}",
                      "; ", "+")
    requests = [Request(list(range(12)), ["sku-0", "sku-5", "gone", "sku-2", "sku-9"], {"query": "warm jacket"}),
                Request([3, 1], ["sku-1"]),
                Request([{"title": t, "tags": ["sale"]} for t in STRANGE], (), {"query": ["green", "lamp", "12"]}),
                Request([0, 7], ["sku-4"], {"query": "red " * 40})]
    torch.manual_seed(7)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(HERE.parent / "encoder" / "wordpiece.json")), pad_token="[PAD]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"])
    model = BertForSequenceClassification(BertConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=48, num_labels=1, attn_implementation="eager")).eval()
    # Untrained weights are so small that all pairs look alike.
    for parameter in model.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    encoder = CrossEncoder(model, fast, max_length=40)
    export_cross_encoder(encoder, texts, requests, out_dir=HERE / "bert", name="bert", version="1", items=items)
    encoder.gate, encoder.adapters = add_adapters(model, adapters=2, rank=2), 2
    for module in model.modules():
        if isinstance(module, GatedLinear):
            torch.nn.init.normal_(module.up, std=0.3)
    gates = ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, -1.25])
    gated = [Request(requests[0].candidates, requests[0].history, {"query": "warm jacket", "lora_gate": gate}) for gate in gates]
    export_cross_encoder(encoder, texts, gated, out_dir=HERE / "bert-gated", name="bert-gated", version="1", items=items)
    yes_no(items, [requests[0], requests[1], requests[3]])


if __name__ == "__main__":
    main()
