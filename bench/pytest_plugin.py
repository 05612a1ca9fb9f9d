"""The fixture `retrieval` for pytest: a retriever's quality as a test beside the others.

    def test_my_retriever(retrieval):
        retrieval.run("my_data", MyRetriever()).assert_no_regression("baseline", "nDCG@10 >= -0.01")

pytest imports this module whenever it starts, so nothing of weight is imported before a test asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bench.data.dataset import Dataset
    from bench.regression import Regression
    from bench.storage.run import Run
    from retrievers import Retriever

SHOWN_FLIPS = 5


class Judgeable:
    """A run that a test made. run: the stored run, with its tables."""

    def __init__(self, run: Run, root: Path) -> None:
        self.run, self._root = run, root

    def assert_no_regression(self, base: str | Path = "baseline", *gates: str, strict: bool = False) -> Regression:
        """Fail the test where a gate does, and show the queries that flipped.

        base: a stored run, or "baseline" for results/baseline; relative paths are below pytest's root. It may hold more
        cells than this run. gates: as for `bench compare`. strict: fail where a gate is inconclusive too. Raises
        AssertionError for a regression, for a failed cell, and for what cannot be compared.
        """
        __tracebackhide__ = True
        from bench.regression import BASELINE, compare

        comparison = compare(self._root / (BASELINE if base == "baseline" else base), self.run, gates, partial=True)
        if comparison.outcome != "pass" and (strict or comparison.outcome != "inconclusive"):
            raise AssertionError("\n".join(_message(comparison)))
        return comparison


class Retrieval:
    """Runs retrievers on labelled sets, quality only, in a folder of the test's own."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder, self._root, self._numbers = folder, root, count(1)

    def run(self, dataset: str | Path | Dataset, *retrievers: str | Retriever, **settings: Any) -> Judgeable:
        """As `bench.run`, without latency unless asked. dataset: a relative path is below pytest's root.

        Raises BenchError for bad input.
        """
        import bench

        if isinstance(dataset, str | Path) and any(path.exists() for path in (Path(dataset), self._root / dataset)):
            dataset = self._root / dataset  # from whatever folder pytest is called

        settings = {"latency": False, "results": str(self._folder), "name": f"run-{next(self._numbers)}", **settings}
        return Judgeable(bench.run(dataset, list(retrievers), **settings), self._root)


@pytest.fixture
def retrieval(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Retrieval:
    """Run retrievers on a labelled set and hold them against a stored run."""
    return Retrieval(tmp_path_factory.mktemp("retrieval"), pytestconfig.rootpath)


def _message(comparison: Regression) -> Iterator[str]:
    from bench.errors import counted
    from bench.report.regression import content

    yield f"{content.inert(comparison.head)} against {content.inert(comparison.base)}: {content.headline(comparison)}"
    yield from content.troubles(comparison)
    for judged in comparison.judged:
        if judged.result not in ("pass", "advice"):
            yield f"{content.inert(judged.gate.text)}:"
            yield from (f"  {line}" for line in content.reasons(judged).splitlines())
    shown = content.shown_flips(comparison)
    for flip in shown[:SHOWN_FLIPS]:
        query = content.inert(f"{flip.query}: {flip.text}", content.SHOWN_CHARACTERS)
        yield f"{'lost' if flip.lost else 'gained'}: {query}"
        yield from (f"  {side} {hit}" for side, hit in content.first_hits(flip))
    if len(comparison.flips) > SHOWN_FLIPS:
        yield f"… and {counted(len(comparison.flips) - SHOWN_FLIPS, 'more flipped query', 'more flipped queries')}"
