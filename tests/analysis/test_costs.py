"""The rows of latency.csv: what each figure of a cost is of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes import Fixed

import bench
from bench.analysis.costs import cost_rows, stage_times
from bench.experiment.cell import _first_query
from bench.experiment.workers.messages import Timed
from retrievers.base import LOAD


def test_several_builds_are_told_by_their_median_and_their_ends(write_set, tmp_path):
    run = bench.run(write_set(), [Fixed()], results=str(tmp_path / "out"), latency=False)
    cell = run.cell("small", "Fixed")
    dataset = bench.load_dataset(tmp_path / "small")
    of_three = replace(cell, info={**cell.info, "index_seconds": [9.0, 1.0, 2.0]})
    ((*_, value, low, high, samples),) = [row for row in cost_rows(dataset, "x", of_three, 1.0, 0) if row[2] == "index"]
    assert (value, low, high, samples) == (2.0, 1.0, 9.0, 3)


@pytest.mark.parametrize(("waited", "times"), [(0.2, {"0": {"p50": 1e6}}), (0.3, {})])
def test_times_of_two_stages_are_left_out_too_where_the_machine_was_too_busy(write_set, tmp_path, waited, times):
    cell = bench.run(write_set(), [Fixed()], results=str(tmp_path / "out"), latency=False).cell("small", "Fixed")
    assert stage_times(cell) == {}
    timing = {"gauge_waited": [waited] * 3, "stages_ns": {"0": {"p50": 1e6}}}
    assert stage_times(replace(cell, info={**cell.info, "timing": timing})) == times


class Loads:
    """A worker whose retriever loads its model in its first search."""

    def time(self, queries):
        assert queries == [0]
        return Timed(np.array([5 * 10**9]), {LOAD: np.array([3 * 10**9])})


def test_a_model_that_the_first_query_waits_for_is_no_part_of_its_time():
    assert _first_query(Loads()) == pytest.approx((2.0, 3.0))
