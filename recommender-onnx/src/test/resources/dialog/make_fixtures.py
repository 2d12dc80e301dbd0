"""Writes the fixtures of conversations beside this file: ``python make_fixtures.py``.

Needs the packages of ``examples/export`` (its folder on PYTHONPATH); the build needs none of it. ``movies`` encodes what is known
of a movie, ``talk`` a dialog with the vectors of the movies named in it, ``music`` a video, the track that was shown for it, and
what the user said of that. What is expected of them is in ``dialog.json``, computed by NumPy from the weights.
"""

import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from recommender_export.bundle import seal

HERE = Path(__file__).parent
WIDTH, NAMED = 16, 4
GENRES = {"space": "star ship planet orbit alien".split(), "heist": "bank robber vault gold plan".split(),
          "romance": "love letter wedding summer paris".split(), "horror": "ghost house scream night blood".split(),
          "cooking": "kitchen chef recipe soup knife".split()}
FILLER = "a the of story about with in his her and".split()
TALK = "i want like something please no more hello today film movie liked".split()
MOODS = {"calm": 0, "quiet": 0, "loud": 1, "energetic": 1}
WORDS = ["[PAD]", "[UNK]", *sum(GENRES.values(), []), *FILLER, *TALK, *MOODS, *(f"number{i}" for i in range(50))]


def tokenizer(folder: Path) -> dict:
    made = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"), pretty=False)
    return {w: i for i, w in enumerate(WORDS)}


def ids(text: str) -> list[int]:
    made = Tokenizer.from_file(str(HERE / "movies" / "tokenizer.json"))
    return made.encode(text).ids


class Movies(torch.nn.Module):
    """The mean of the vectors of the words, of length 1."""

    def __init__(self, table):
        super().__init__()
        self.table = torch.nn.Parameter(torch.tensor(table, dtype=torch.float32))

    def forward(self, input_ids, attention_mask):
        mask = attention_mask.to(torch.float32).unsqueeze(2)
        mean = (self.table[input_ids] * mask).sum(1) / mask.sum(1).clamp(min=1)
        return mean / mean.norm(dim=1, keepdim=True).clamp(min=1e-9)


class Talk(Movies):
    """The mean of the vectors of the words and of the movies that were named."""

    def forward(self, input_ids, attention_mask, named, named_mask):
        words, movies = attention_mask.to(torch.float32).unsqueeze(2), named_mask.unsqueeze(2)
        total = (self.table[input_ids] * words).sum(1) + (named * movies).sum(1)
        mean = total / (words.sum(1) + movies.sum(1)).clamp(min=1)
        return mean / mean.norm(dim=1, keepdim=True).clamp(min=1e-9)


class Music(torch.nn.Module):
    """A video's vector; less of the track that was shown; and by the words louder or calmer, on the first axis."""

    def __init__(self, moods):
        super().__init__()
        self.moods = torch.nn.Parameter(torch.tensor(moods, dtype=torch.float32))

    def forward(self, input_ids, attention_mask, video, previous, previous_present):
        mood = (self.moods[input_ids] * attention_mask.to(torch.float32).unsqueeze(2)).sum(1)
        return video - 0.25 * previous * previous_present.unsqueeze(1) + mood


def bundle(name: str, module, inputs: list[dict], tensors: dict, fields: list[dict], width: int, golden: list) -> None:
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    tokenizer(folder)
    names = [i["name"] for i in inputs]
    axes = {n: {0: "batch", **({1: "tokens"} if n in ("input_ids", "attention_mask") else {})} for n in names}
    torch.onnx.export(module.eval(), tuple(tensors[n] for n in names), str(folder / "model.onnx"), input_names=names,
                      output_names=["embedding"], dynamic_axes=axes | {"embedding": {0: "batch"}}, opset_version=17, dynamo=False)
    manifest = {"formatVersion": 1, "name": name, "version": "1", "contract": "ITEM_ENCODER", "model": "model.onnx",
                "encoder": {"text": {"tokenizer": "tokenizer.json", "fields": fields, "maxLength": 64, "paddingToken": 0},
                            "inputs": inputs, "embedding": {"name": "embedding", "dimension": width, "similarity": "DOT"}},
                "golden": "golden.json"}
    (folder / "golden.json").write_text(json.dumps({"tolerance": 1e-5, "items": golden}) + "\n")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    seal(folder)


def main() -> None:
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    table = rng.normal(size=(len(WORDS), WIDTH)).round(3)
    table[0] = 0
    for word in FILLER + TALK + ["[UNK]"]:
        table[WORDS.index(word)] *= 0.05
    tokens = [{"role": "TOKEN_IDS", "name": "input_ids"}, {"role": "ATTENTION_MASK", "name": "attention_mask"}]
    two = {"input_ids": torch.tensor([[5, 6, 7], [8, 9, 0]]), "attention_mask": torch.tensor([[1, 1, 1], [1, 1, 0]])}
    (HERE / "movies").mkdir(exist_ok=True)
    tokenizer(HERE / "movies")

    def unit(v):
        return v / np.linalg.norm(v)

    def movie(plot):
        return unit(table[ids(plot)].mean(0))

    movies, genres = [], list(GENRES)
    for i in range(50):
        words = rng.choice(GENRES[genres[i % 5]], 3, replace=False).tolist()
        plot = " ".join(np.ravel([[f, w] for f, w in zip(rng.choice(FILLER, 3), words)]).tolist())
        movies.append({"id": f"movie-{i}", "title": f"Number{i}", "plot": plot})
    vectors = np.array([movie(m["plot"]) for m in movies])
    golden = [{"features": {"plot": m["plot"]}, "vector": v.tolist()} for m, v in zip(movies[:5], vectors)]
    bundle("movies", Movies(table), tokens, two, [{"feature": "plot"}], WIDTH, golden)

    def talk(text, named):
        rows = np.concatenate([table[ids(text)], vectors[named]]) if named else table[ids(text)]
        return unit(rows.mean(0))

    dialogs = []
    for text, named in (
            ("hello i want something with a ghost in the night please", []), ("no more blood and a chef with soup", []),
            ("something like Number{}", [5]), ("i liked Number{} and Number{} more love please", [2, 12])):
        said = text.format(*named)
        query = talk(said, named)
        order = [i for i in np.argsort(-(vectors @ query), kind="stable") if i not in named]
        assert vectors[order[0]] @ query - vectors[order[1]] @ query > 1e-3
        dialogs.append({"text": said, "named": [f"movie-{i}" for i in named], "query": query.tolist(),
                        "order": [f"movie-{i}" for i in order[:5]]})
    inputs = tokens + [{"role": "FEATURE", "name": "named", "feature": "named", "default": 0},
                       {"role": "FEATURE", "name": "named_mask", "feature": "named_mask", "default": 0}]
    golden = [{"features": {"dialog": d["text"]} | ({"named": np.concatenate(
        [vectors[[int(n[6:]) for n in d["named"]]], np.zeros((NAMED - len(d["named"]), WIDTH))]).ravel().tolist(),
        "named_mask": [1] * len(d["named"]) + [0] * (NAMED - len(d["named"]))} if d["named"] else {}), "vector": d["query"]}
              for d in dialogs]
    bundle("talk", Talk(table), inputs, two | {"named": torch.zeros(2, NAMED, WIDTH), "named_mask": torch.zeros(2, NAMED)},
           [{"feature": "dialog"}], WIDTH, golden)

    moods = np.zeros((len(WORDS), 8))
    for word, loud in MOODS.items():
        moods[WORDS.index(word), 0] = 3 if loud else -3
    tracks = rng.normal(size=(30, 8)).round(2)
    video = rng.normal(size=8).round(2)
    video[0] = 0.5
    first = int(np.argmax(tracks @ video))
    turns = {}
    for word in ("calm", "energetic", "hello"):
        query = video - 0.25 * tracks[first] + moods[WORDS.index(word)]
        turns[word] = [f"track-{i}" for i in np.argsort(-(tracks @ query), kind="stable") if i != first][:5]
    inputs = tokens + [{"role": "FEATURE", "name": "video", "feature": "video", "default": 0},
                       {"role": "FEATURE", "name": "previous", "feature": "previous"},
                       {"role": "PRESENT", "name": "previous_present", "feature": "previous"}]
    golden = [{"features": {"video": video.tolist()}, "vector": video.tolist()},
              {"features": {"video": video.tolist(), "wish": "more calm please", "previous": tracks[3].tolist()},
               "vector": (video - 0.25 * tracks[3] + moods[WORDS.index("calm")]).tolist()}]
    bundle("music", Music(moods), inputs,
           two | {"video": torch.zeros(2, 8), "previous": torch.zeros(2, 8), "previous_present": torch.zeros(2)},
           [{"feature": "wish", "default": ""}], 8, golden)
    (HERE / "dialog.json").write_text(json.dumps(
        {"movies": movies, "dialogs": dialogs, "tracks": tracks.tolist(), "video": video.tolist(), "first": f"track-{first}",
         "turns": turns}) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
