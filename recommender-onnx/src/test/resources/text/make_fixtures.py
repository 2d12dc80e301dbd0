"""Writes the bundles in this folder: tiny untrained language models, and what PyTorch writes after a few prompts.

Run from here with ``PYTHONPATH=../../../../../examples/export python make_fixtures.py``; the build does not need it. The
tokenizer is the one of the fixtures of encoders, and small models are made like those that write codes.
"""

from importlib.machinery import SourceFileLoader

from recommender_export.bundle import seal
from recommender_export.text_generator import export_text_generator
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

made = SourceFileLoader("generative_fixtures", "../generative/make_fixtures.py").load_module()
PROMPTS = ["red shoe", "a warm blue jacket, pack of 3", "x", "日本 lamp ½", "which item next? red lamp, green mug,"]


def write(name: str, model, tokenizer, end: int) -> None:
    out = export_text_generator(model, tokenizer, out_dir=name, name=name, max_prompt_tokens=40, max_new_tokens=12,
                                end_token=end, golden_prompts=PROMPTS)
    for graph in out.glob("*.onnx"):
        made.shorten(graph)
    seal(out)
    print((out / "golden.json").read_text(), sum(f.stat().st_size for f in out.iterdir()))


if __name__ == "__main__":
    tokenizer = PreTrainedTokenizerFast(tokenizer_file="../encoder/byte-pairs.json")
    size = len(tokenizer)
    llama = made.small(LlamaForCausalLM(LlamaConfig(
        vocab_size=size, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=12, max_position_embeddings=64, bos_token_id=0, eos_token_id=None)))
    t5 = made.small(T5ForConditionalGeneration(T5Config(
        vocab_size=size, d_model=8, d_kv=4, d_ff=12, num_layers=1, num_decoder_layers=1, num_heads=2, pad_token_id=0,
        eos_token_id=None, decoder_start_token_id=0)))
    t5.generation_config.decoder_start_token_id = 0
    # A token that the model writes now and then, so that some texts end early.
    write("decoder", llama, tokenizer, tokenizer.convert_tokens_to_ids("ø"))
    write("encoder-decoder", t5, tokenizer, 2)
