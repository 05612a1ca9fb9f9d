"""A slow machine is said to be slow."""

from __future__ import annotations

import itertools

import pytest
from fakes import Fixed

import bench
from bench.machine.gauge import SpeedGauge, drift
from bench.report.run.cost import cost


def test_a_reading_is_the_least_of_a_few():
    times = itertools.accumulate([0, 5, 0, 30, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8])  # the work takes 5, 30, 4, 5, … seconds
    gauge = SpeedGauge(2, clock=lambda: next(times))
    assert gauge.read() == 4
    gauge.close()


def test_the_real_clock_runs():
    gauge = SpeedGauge(2)
    assert gauge.read() > 0
    gauge.close()


def test_drift_is_against_the_quickest():
    assert drift([1.0, 1.5, 1.2], 1.0) == pytest.approx(0.5)
    assert drift([], 1.0) == 0


@pytest.mark.parametrize("slow", [False, True])
def test_times_of_a_noisy_machine_are_marked(write_set, tmp_path, monkeypatch, slow):
    readings = itertools.chain([1.0, 1.05, 1.0], itertools.repeat(1.5 if slow else 1.09))
    monkeypatch.setattr(SpeedGauge, "read", lambda self: next(readings))
    found = bench.run(write_set(), [Fixed()], results=str(tmp_path / "out"), samples=70, seconds=30)
    shares = found.latency.set_index("quantity")["value"]
    assert shares["drift_index"] == pytest.approx(0.05)
    assert shares["drift_timing"] == pytest.approx(0.5 if slow else 0.09)
    table = cost(found, found.datasets[0])
    cells = dict(zip(table.header, table.rows[0], strict=True))
    assert cells["p50 ms"].startswith("~") == slow
    assert not cells["index s"].startswith("~")
    assert any("50% longer" in note for note in table.notes) == slow
