"""Shared fixtures. Real-data tests take their folder from BENCH_DATA and are skipped where it is unset."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gauges import quiet_reading
from hypothesis import HealthCheck, settings
from made import CORPUS, QRELS, QUERIES, write_beir

from bench.cli import console
from bench.machine.gauge import SpeedGauge

settings.register_profile(
    "bench",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is no fault
)
settings.load_profile("bench")

# Output that is no terminal's has a width of its own, unless this is set, as pytest-xdist sets it in its processes.
os.environ.pop("COLUMNS", None)

# Where the tests themselves were started with SIGINT ignored, as a shell starts what stands before &, processes would
# inherit that, and those that tests interrupt would go on for ever.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, since tests wait for processes that they start; not more than four."""
    return min(4, 1 + (os.cpu_count() or 1))


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An embedding cache for these tests alone; worker processes inherit it."""
    os.environ["BENCH_CACHE"] = str(tmp_path_factory.mktemp("cache") / "vectors.sqlite")


@pytest.fixture(scope="session", autouse=True)
def quiet_machine() -> Iterator[None]:
    """In this process the machine is as quiet as it can be: how busy it is while tests run is not what they test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SpeedGauge, "read", quiet_reading)
        patch.setattr(console, "STEP_SECONDS", math.inf)  # no line is written because a step takes long here
        yield


@pytest.fixture
def write_set(tmp_path: Path) -> Callable[..., Path]:
    """Write a BEIR folder; by default a small right one."""

    def write(
        name: str = "small",
        corpus: list[Any] | None = None,
        queries: list[Any] | None = None,
        qrels: list[tuple[Any, ...]] | None = None,
        card: str = "",
    ) -> Path:
        return write_beir(tmp_path / name, corpus or CORPUS, queries or QUERIES, qrels or QRELS, card)

    return write


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real labelled sets and trec_eval's fixtures."""
    where = os.environ.get("BENCH_DATA")
    if not where:
        pytest.skip("BENCH_DATA is not set: it names the folder of real labelled sets")
    folder = Path(where)
    if not folder.is_dir():
        pytest.fail(f"BENCH_DATA={where} is not a folder")
    return folder
