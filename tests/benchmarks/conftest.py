"""What the benchmarks share: a race of two sides in turns, and generated text."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from clock import seconds
from threadpoolctl import threadpool_limits

Race = Callable[..., float]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print a line past pytest's capture."""

    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n  {line}", end="")

    return say


@pytest.fixture
def race(benchmark: Any, tell: Callable[[str], None]) -> Race:
    """Time two sides in turns, so that a slow moment of the machine hits both, and give how much faster ours is.

    ratio: the median, over the rounds, of their time divided by ours.
    """

    def run(
        name: str,
        ours: Callable[[], object],
        theirs: Callable[[], object],
        rounds: int = 7,
        clock: Callable[[Callable[[], object]], float] = seconds,
    ) -> float:
        pairs: list[tuple[float, float]] = []
        benchmark.pedantic(lambda: pairs.append((clock(ours), clock(theirs))), rounds=rounds, warmup_rounds=1)
        del pairs[0]  # the warm-up
        ratio = statistics.median(b / a for a, b in pairs)
        mine, other = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
        benchmark.extra_info.update(ours_ms=mine, theirs_ms=other, ratio=ratio)
        tell(f"{name}: {mine:.1f} ms, {other:.1f} ms, ratio {ratio:.2f}")
        return ratio

    return run


@pytest.fixture
def threads() -> Iterator[int]:
    """BENCH_THREADS (default 1) for every library: numpy's, torch's and faiss's."""
    count = int(os.environ.get("BENCH_THREADS", "1"))
    import faiss
    import torch

    before = torch.get_num_threads()
    with threadpool_limits(count):
        torch.set_num_threads(count)
        faiss.omp_set_num_threads(count)
        yield count
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def zipf_texts() -> tuple[list[str], list[str]]:
    """20,000 documents of 20 to 100 words and 50 queries of 3 to 9, words drawn by Zipf's law from 50,000."""
    rng = np.random.default_rng(0)
    chances = 1 / np.arange(1, 50_001)
    words = rng.choice(50_000, 1_300_000, p=chances / chances.sum())

    def texts(count: int, low: int, high: int) -> list[str]:
        ends = rng.integers(low, high + 1, count).cumsum()
        return [
            " ".join(f"w{word}" for word in words[end - size : end])
            for end, size in zip(ends, np.diff(ends, prepend=0), strict=True)
        ]

    return texts(20_000, 20, 100), texts(50, 3, 9)
