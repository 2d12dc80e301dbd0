"""Encodes the same texts with Sentence Transformers and with the library in Java, in turns, on the same threads.

``python benchmark_encoder.py --model FOLDER --bundle BUNDLE --texts FILE`` prints one JSON object: the seconds of each
round, also of processor time, medians, medians over the rounds of the ratios, and by how much components of vectors differ.
On a machine that others use too, ``OMP_WAIT_POLICY=PASSIVE`` keeps PyTorch's threads from waiting for each other in loops,
and processor time is what to compare. ``BUNDLE`` is what
``recommender_export.text_encoder`` makes of ``FOLDER``; ``FILE`` has a text a line. Needs ``sentence-transformers``, and
JDK 21 or newer, as ``examples/run benchmark texts`` does.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

KINDS = ("seconds", "processorSeconds")
RUN = Path(__file__).resolve().parent.parent / "run"


class Library:
    """A Java process that encodes the texts whenever it is sent a line."""

    def __init__(self, args: argparse.Namespace, vectors: Path):
        self.process = subprocess.Popen(
            [str(RUN), "benchmark", "texts", args.bundle, "--file", args.texts, "--threads", str(args.threads), "--on-request",
             "--vectors", str(vectors)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def _line(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{RUN}: expected an answer, found its end with status {self.process.wait()}")
        return line

    def encode(self) -> tuple[float, ...]:
        """Seconds, and seconds of processor time."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return tuple(float(number) for number in self._line().split())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", required=True, help="folder of Sentence Transformers")
    p.add_argument("--bundle", required=True)
    p.add_argument("--texts", required=True)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--batch-size", type=int, default=32, help="of Sentence Transformers (default: %(default)s, its own)")
    args = p.parse_args()
    import sentence_transformers

    torch.set_num_threads(args.threads)
    texts = Path(args.texts).read_text(encoding="utf-8").splitlines()
    model = sentence_transformers.SentenceTransformer(args.model, device="cpu")
    model.encode(texts[:1000], batch_size=args.batch_size)
    times: dict[str, list[tuple[float, ...]]] = {"sentenceTransformers": [], "library": []}
    with tempfile.TemporaryDirectory() as folder:
        library = Library(args, Path(folder) / "vectors")
        for _ in range(args.rounds):
            start, busy = time.perf_counter(), time.process_time()
            expected = model.encode(texts, batch_size=args.batch_size)
            times["sentenceTransformers"].append((time.perf_counter() - start, time.process_time() - busy))
            times["library"].append(library.encode())
            print({who: [round(s, 2) for s in all_[-1]] for who, all_ in times.items()}, file=sys.stderr, flush=True)
        library.close()
        found = np.fromfile(Path(folder) / "vectors", "<f4").reshape(len(texts), -1)
    gap = np.abs(found - expected)
    print(json.dumps({
        "texts": len(texts), "threads": args.threads,
        **{kind: {who: [round(t[i], 2) for t in all_] for who, all_ in times.items()} for i, kind in enumerate(KINDS)},
        "medians": {kind: {who: round(statistics.median(t[i] for t in all_), 2) for who, all_ in times.items()}
                    for i, kind in enumerate(KINDS)},
        "ratios": {kind: round(statistics.median(a[i] / b[i] for a, b in zip(*times.values())), 3)
                   for i, kind in enumerate(KINDS)},
        "difference": {"most": float(gap.max()), "mean": float(gap.mean())},
        "torch": torch.__version__, "sentenceTransformersVersion": sentence_transformers.__version__,
        "machine": platform.machine()}), flush=True)


if __name__ == "__main__":
    main()
