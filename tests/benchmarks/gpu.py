"""Documents a second on a GPU: our encoder with and without batches by length, beside sentence-transformers' encode.

    python tests/benchmarks/gpu.py TEXTS [MODEL]

TEXTS: a file with a document a line. MODEL: a folder in place of the shipped MiniLM. Every way encodes the same texts
in this process, warmed up, in turns; printed are the median of the turns and its ratio to sentence-transformers'.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from retrievers.dense import encoder as encoder_module
from retrievers.dense.encoder import Encoder
from retrievers.dense.model import MINILM, locate

TURNS = 3
BATCHES = (32, 128, 512)


def ways(model: str, batch: int) -> dict[str, Callable[[list[str]], np.ndarray]]:
    """Name -> texts to vectors."""
    from sentence_transformers import SentenceTransformer

    ours = Encoder(model=model, device="cuda", batch_size=batch)
    # Of its own: ours is handed texts that were cut into pieces before.
    theirs: Any = SentenceTransformer(str(locate(model, None)), device="cuda", local_files_only=True)

    def unsorted(texts: list[str]) -> np.ndarray:
        kept, encoder_module.by_length = encoder_module.by_length, lambda _, texts, side: texts
        try:
            return ours.encode(texts, "document")
        finally:
            encoder_module.by_length = kept

    return {
        "sentence-transformers": lambda texts: theirs.encode(
            texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False
        ),
        "ours": lambda texts: ours.encode(texts, "document"),
        "ours, texts as they come": unsorted,
    }


def main(texts: list[str], model: str) -> None:
    """Print a line a way and batch size."""
    import torch

    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {len(texts):,} texts", flush=True)
    for batch in BATCHES:
        named, seconds, vectors = ways(model, batch), {}, {}
        for name, encode in named.items():
            encode(texts[: 4 * batch])  # warm
            seconds[name] = []
        for _ in range(TURNS):
            for name, encode in named.items():
                start = time.perf_counter()
                vectors[name] = encode(texts)
                torch.cuda.synchronize()
                seconds[name].append(time.perf_counter() - start)
        theirs = statistics.median(seconds["sentence-transformers"])
        for name, taken in seconds.items():
            median = statistics.median(taken)
            cosine = float(np.vecdot(vectors[name], vectors["sentence-transformers"]).min())
            print(
                f"batch {batch:>3}  {name:<26} {len(texts) / median:>8,.0f} documents/s  "
                f"{theirs / median:.2f} of theirs  least cosine {cosine:.6f}",
                flush=True,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_text("utf-8").splitlines(), sys.argv[2] if len(sys.argv) > 2 else MINILM)
