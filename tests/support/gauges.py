"""Gauges that say what a test wants them to."""

from __future__ import annotations

from collections.abc import Iterator

from bench.machine.gauge import Reading, SpeedGauge

READ = SpeedGauge.read  # the real one: conftest puts `quiet_reading` in its place


def quiet_reading(_: SpeedGauge) -> Reading:
    """Of a machine on which nothing else runs."""
    return Reading(0.002, 0.0)


def scripted(monkeypatch, readings: Iterator[Reading]) -> None:
    """Let every gauge read these, one after the other."""
    monkeypatch.setattr(SpeedGauge, "read", lambda _: next(readings))
