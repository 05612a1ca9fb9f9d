"""Random choices that should be independent are: no two of a run share a stream."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

import bench
import bench.experiment.runner
from bench.evaluation.streams import Purpose, stream


def drawn(*key):
    return tuple(stream(*key).integers(0, 2**32, 4).tolist())


def test_no_two_streams_of_a_seed_are_alike():
    for seed in (0, 1, 2**32, 2**53):
        keys = [(seed, purpose, part) for purpose in Purpose for part in (None, *range(25))]
        assert len({drawn(*key) for key in keys}) == len(keys)


def test_a_seed_gives_its_streams_again():
    assert drawn(7, Purpose.ANALYSIS, 2) == drawn(7, Purpose.ANALYSIS, 2) != drawn(8, Purpose.ANALYSIS, 2)


def test_why_parts_count_from_one():
    """numpy's own rule, which made two streams of a run one."""
    first, second = (np.random.default_rng(key).integers(0, 2**32, 4) for key in ([5, 3], [5, 3, 0]))
    assert (first == second).all()


@pytest.fixture
def asked(monkeypatch):
    """(module that asks, purpose, part) of each stream, in order."""
    found = []

    def recorded(seed, purpose, part=None):
        found.append((sys._getframe(1).f_globals["__name__"], purpose, part))
        return stream(seed, purpose, part)

    for module in [each for name, each in sys.modules.items() if name.startswith("bench.")]:
        if getattr(module, "stream", None) is stream:
            monkeypatch.setattr(module, "stream", recorded)
    return found


def test_each_part_of_a_run_draws_from_its_own(write_set, tmp_path, asked):
    card = 'group = "kind"\nslices = ["kind"]\n'
    bench.run(
        write_set(card=card), ["tfidf", "bm25"], latency=False, controls=True, results=str(tmp_path / "r"), name="x"
    )
    assert {"bench.analysis.tables", "bench.analysis.wordings", "bench.analysis.why", "bench.evaluation.pairs"} <= {
        each[0] for each in asked
    }
    # What two modules draw, and what two parts of one draw, is never one stream.
    users = {}
    for module, purpose, part in asked:
        users.setdefault((purpose, part), set()).add(module)
    assert all(len(each) == 1 for each in users.values()), users
    parts = [part for module, _, part in asked if module == "bench.analysis.why"]
    assert len(parts) == len(set(parts)) > 2


def test_purposes_have_numbers_of_their_own():
    assert all(a.value != b.value for a, b in itertools.combinations(Purpose.__members__.values(), 2))
    assert len(Purpose.__members__) == len(list(Purpose))  # an alias would be one stream under two names
