"""Language models of Hugging Face as bundles of contract TEXT_GENERATION.

``python -m recommender_export.text_generator --model FOLDER --out BUNDLE_DIR``
"""

import argparse
import copy
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from .bundle import ExportError, bundle_folder
from .codes import PADDING
from .generative import start_token
from .generative_bundle import _caches, _check, _decoder, _encoder_decoder, _export, check_decoding


def export_text_generator(model, tokenizer, *, out_dir: str | Path, name: str, version: str = "1", max_prompt_tokens: int,
                          max_new_tokens: int, end_token: int | None = None, golden_prompts: list[str] = (),
                          cached: bool = True, shared: bool = True, tolerance: float = 1e-4, opset: int = 17) -> Path:
    """Writes the bundle folder ``out_dir`` (replaced if it is a bundle already) and returns it.

    ``model``: a decoder of ``transformers`` or a T5. ``tokenizer``: a fast tokenizer, whose special tokens are added to each
    prompt as it says. ``golden_prompts``: prompts whose continuations by ``generate`` are recorded, greedy.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise ExportError(f"{type(tokenizer).__name__}: expected a fast tokenizer, which has a tokenizer.json")
    model = copy.deepcopy(model).float().eval()
    encoder_decoder = bool(model.config.is_encoder_decoder)
    end = model.config.eos_token_id if end_token is None else end_token
    out_dir = Path(out_dir)
    described = _encoder_decoder(model, cached) if encoder_decoder else _decoder(model, (), cached, shared)
    generation = {
        "layout": "ENCODER_DECODER" if encoder_decoder else "DECODER_ONLY",
        "vocabularySize": model.config.get_text_config(decoder=True).vocab_size,
        "text": {"tokenizer": "tokenizer.json", "maxPromptTokens": max_prompt_tokens, "maxNewTokens": max_new_tokens},
        "prompt": {"paddingSide": "RIGHT" if encoder_decoder else "LEFT", "paddingToken": PADDING},
        "inputs": described[0].roles,
    }
    if end is not None:
        generation["endToken"] = int(end)
    if not encoder_decoder:
        generation["logits"] = "logits"
    if len(described) > 1:
        generation["step"] = {"model": described[1].file, "inputs": described[1].roles, "logits": "logits"}
    if encoder_decoder:
        generation["step"]["startToken"] = start_token(model)
    if caches := _caches(model, encoder_decoder, cached, shared):
        generation["caches"] = caches
    manifest = {"formatVersion": 1, "name": name, "version": version, "contract": "TEXT_GENERATION",
                "model": described[0].file, "opset": opset, "producer": f"PyTorch {torch.__version__}", "generation": generation}
    with bundle_folder(out_dir) as work:
        for graph in described:
            _export(graph, work / graph.file, opset)
        _check(described, work, tolerance)
        check_decoding(model, described, work, (), tolerance)
        (work / "tokenizer.json").write_text(tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
        if golden_prompts:
            texts = [{"prompt": p, "text": continuation(model, tokenizer, p, max_new_tokens, end)} for p in golden_prompts]
            (work / "golden.json").write_text(json.dumps({"texts": texts}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            manifest["golden"] = "golden.json"
        (work / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return out_dir


@torch.inference_mode()
def continuation(model, tokenizer, prompt: str, max_new_tokens: int, end: int | None) -> str:
    """What greedy ``generate`` writes after a prompt, without special tokens."""
    ids = torch.tensor([tokenizer.backend_tokenizer.encode(prompt).ids])
    found = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, num_beams=1,
                           max_new_tokens=max_new_tokens, eos_token_id=end, pad_token_id=PADDING)[0].tolist()
    written = found[1:] if model.config.is_encoder_decoder else found[ids.shape[1]:]
    return tokenizer.backend_tokenizer.decode([t for t in written if t != end], skip_special_tokens=True)


def main(arguments: list[str] | None = None) -> None:
    p = argparse.ArgumentParser(prog="python -m recommender_export.text_generator", description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="folder of a model and its fast tokenizer")
    p.add_argument("--out", required=True, help="bundle folder")
    p.add_argument("--name", help="name in the manifest (default: the name of OUT)")
    p.add_argument("--version", default="1")
    p.add_argument("--max-prompt-tokens", type=int, default=512)
    p.add_argument("--max-new-tokens", type=int, default=64)
    p.add_argument("--golden", nargs="*", default=[], help="prompts whose continuations are recorded")
    args = p.parse_args(arguments)
    config = json.loads((Path(args.model) / "config.json").read_text(encoding="utf-8"))
    kind = AutoModelForSeq2SeqLM if config.get("is_encoder_decoder") else AutoModelForCausalLM
    out = export_text_generator(kind.from_pretrained(args.model), AutoTokenizer.from_pretrained(args.model), out_dir=args.out,
                                name=args.name or Path(args.out).name, version=args.version,
                                max_prompt_tokens=args.max_prompt_tokens, max_new_tokens=args.max_new_tokens,
                                golden_prompts=args.golden)
    print(f"{out}: {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.2f} MB, graphs and model agree")


if __name__ == "__main__":
    main()
