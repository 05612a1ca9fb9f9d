"""A slow machine is said to be slow, a busy one to be busy."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from gauges import READ

from bench.machine import environment, gauge
from bench.machine.gauge import Reading, SpeedGauge, drift, look, waited


@pytest.fixture(autouse=True)
def real_readings(monkeypatch):
    monkeypatch.setattr(SpeedGauge, "read", READ)
    monkeypatch.setattr(gauge, "_STILL", 1.0)  # one look, but where a test says otherwise
    monkeypatch.setattr(environment, "usable_cores", lambda: 2)


def of_clocks(turns, own):
    """A gauge of one thread, whose work takes so many seconds of wall time a turn, and of the processor's in all."""
    walls = itertools.accumulate([0, *itertools.chain(*([0, seconds] for seconds in turns)), 0])
    owns = iter([0, own])
    return SpeedGauge(1, clock=lambda: next(walls), own_clock=lambda: next(owns))


def test_a_reading_is_the_least_of_a_few():
    gauge_ = of_clocks([5, 30, 4, 5, 6, 7, 8], 20)
    assert gauge_.read().seconds == 4
    gauge_.close()


def test_the_share_of_waiting_is_what_the_processor_did_not_give():
    gauge_ = of_clocks([10] * 7, 63)
    assert gauge_.read().waited == pytest.approx(7 / 70)
    gauge_.close()


def test_clocks_of_different_steps_give_no_share_below_none():
    gauge_ = of_clocks([1] * 7, 14)
    assert gauge_.read().waited == 0
    gauge_.close()


def test_the_thread_that_waited_most_counts(monkeypatch):
    threads = iter([(2.0, 0.1), (3.0, 0.5)])
    monkeypatch.setattr(SpeedGauge, "_work", lambda self: next(threads))
    gauge_ = SpeedGauge(2)
    assert gauge_.read() == Reading(2.0, 0.5)
    gauge_.close()


def test_no_more_threads_than_cores():
    """More would wait for one another on the quietest machine."""
    names = set()

    class Named(SpeedGauge):
        def _work(self):
            names.add(threading.get_ident())
            return super()._work()

    gauge_ = Named(64)
    gauge_.read()
    gauge_.close()
    assert 1 <= len(names) <= 2


def test_the_real_clock_runs():
    gauge_ = SpeedGauge(2)
    reading = gauge_.read()
    gauge_.close()
    assert reading.seconds > 0
    assert 0 <= reading.waited < 1


def test_a_thread_that_has_no_processor_waits_whatever_the_others_of_its_process_do(monkeypatch):
    """Its own clock stands still meanwhile: not that of the wall, and not that of the whole process."""
    done = threading.Event()
    busy = threading.Thread(target=lambda: [None for _ in iter(done.is_set, True)])
    busy.start()
    monkeypatch.setattr(gauge.np, "sort", lambda *_, **__: time.sleep(0.02))
    gauge_ = SpeedGauge(1)
    reading = gauge_.read()
    done.set()
    busy.join()
    gauge_.close()
    assert reading.waited > 0.9


def test_several_readings_of_waiting_are_their_median():
    assert waited([0.1, 0.9, 0.2]) == 0.2
    assert waited([]) == 0


def test_drift_is_against_the_quickest():
    assert drift([1.0, 1.5, 1.2], 1.0) == pytest.approx(0.5)
    assert drift([], 1.0) == 0


def looks(monkeypatch, *shares):
    """A gauge that finds these shares of waiting, one a look."""
    monkeypatch.setattr(gauge, "_LOOK_SECONDS", 0)
    monkeypatch.setattr(gauge, "_STILL", 0.05)
    readings = iter([Reading(1.0 + share, share) for share in shares])
    monkeypatch.setattr(SpeedGauge, "_look", lambda self: next(readings))
    return SpeedGauge(2)


def test_threads_that_spin_for_a_moment_are_no_other_program(monkeypatch):
    assert looks(monkeypatch, 0.6, 0.02).read() == Reading(1.02, 0.02)
    assert looks(monkeypatch, 0.6, 0.5, 0.55).read() == Reading(1.5, 0.5)
    assert looks(monkeypatch, 0.01).read() == Reading(1.01, 0.01)


def test_a_look_before_a_run(monkeypatch):
    monkeypatch.setattr(gauge.os, "getloadavg", lambda: (7.96, 1.0, 1.0), raising=False)
    load = look(looks(monkeypatch, 0.4, 0.4, 0.4))
    assert str(load) == "a fixed piece of work waits 40% of its time for a processor; load 8.0 on 2 cores"


def test_a_look_where_the_system_tells_no_load(monkeypatch):
    monkeypatch.delattr(gauge.os, "getloadavg", raising=False)
    assert str(look(looks(monkeypatch, 0.0))) == "a fixed piece of work waits 0% of its time for a processor"
