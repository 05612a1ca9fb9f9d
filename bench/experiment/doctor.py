"""What is installed and what a run would find here; for each thing missing, what to do."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.data.formats import shipped
from bench.experiment import cautions
from bench.machine import environment
from bench.machine.gauge import SpeedGauge, look
from retrievers import RetrieverError
from retrievers.dense.model import MINILM, MINILM_SHA256, locate
from retrievers.dense.vector_cache import SET_ASIDE, VectorCache, default_path

# Below this a run of the shipped sets with MiniLM may fail for want of memory.
ENOUGH_MEMORY_MB = 2048


@dataclass(frozen=True)
class Diagnosis:
    """One line of the examination. advice: what to do, if anything; broken: a run cannot do without it."""

    what: str
    state: str
    advice: str = ""
    broken: bool = False


def examine(results: Path) -> Iterator[Diagnosis]:
    """Look at everything, the slow things last."""
    yield Diagnosis("Python", f"{platform.python_version()} on {platform.platform()}")
    yield _git()
    for name in environment.LIBRARIES:
        number = environment.version(name)
        advice = "" if number else f"Run: pip install -c constraints.txt {name}"
        yield Diagnosis(name, number or "missing", advice, broken=not number)
    for name, number in environment.extras().items():
        yield Diagnosis(name, number)
    yield _threads()
    yield _load()
    yield _blas()
    yield _memory()
    yield _folder("results", results)
    yield _cache()
    yield _sets()
    yield _model()
    yield _gpu()


def _git() -> Diagnosis:
    number, commit = environment.version("bench"), environment.git_revision()
    advice = "" if number else "Run: pip install -c constraints.txt -e ."
    return Diagnosis("bench", f"{number or 'not installed'}, commit {(commit or 'unknown')[:12]}", advice)


def _threads() -> Diagnosis:
    return Diagnosis("threads", f"{environment.default_threads()} (physical cores)")


def _load() -> Diagnosis:
    with closing(SpeedGauge(environment.default_threads())) as gauge:
        load = look(gauge)
    return Diagnosis("other programs", str(load), cautions.of_load(load))


def _blas() -> Diagnosis:
    import numpy  # noqa: F401 - loads the BLAS that is asked about
    from threadpoolctl import threadpool_info

    libraries = threadpool_info()
    if not libraries:
        return Diagnosis("BLAS", "none", "Reinstall numpy from its wheel.")
    pools = (f"{pool['internal_api']} {pool.get('version') or ''}, {pool['num_threads']} threads" for pool in libraries)
    return Diagnosis("BLAS", "; ".join(pools))


def _memory() -> Diagnosis:
    free = environment.available_memory_mb()
    low = free < ENOUGH_MEMORY_MB
    return Diagnosis("free memory", f"{free:,} MB", "Close other programs, or leave minilm out with -r." if low else "")


def _folder(what: str, folder: Path) -> Diagnosis:
    place = next(path for path in [folder.resolve(), *folder.resolve().parents] if path.is_dir())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Diagnosis(what, f"{folder}: {error.strerror}", "Give a writable folder to --results.", broken=True)
    return Diagnosis(what, f"{folder} is writable")


def _cache() -> Diagnosis:
    cache = VectorCache(default_path())
    try:
        info = cache.info()
    except RetrieverError as error:
        return Diagnosis("cache", error.message, error.hint, broken=True)
    cache.close()
    if cache.unwritable:
        return Diagnosis(
            "cache", f"{info.path} cannot be used", "Set BENCH_CACHE to a writable file, or use --no-cache."
        )
    damage = f"; {SET_ASIDE}" if cache.rebuilt else ""
    return Diagnosis(
        "cache", f"{info.path}: {info.megabytes:.1f} of {info.limit_mb:,} MB, vectors: {info.vectors:,}{damage}"
    )


def _sets() -> Diagnosis:
    names = ", ".join(shipped())
    return Diagnosis(
        "datasets", names or "none", "" if names else "Reinstall bench: its sets are missing.", broken=not names
    )


def _model() -> Diagnosis:
    try:
        folder = locate(MINILM, None)
    except RetrieverError as error:
        return Diagnosis(MINILM, error.message, error.hint, broken=True)
    return Diagnosis(MINILM, f"{folder}, sha256 {MINILM_SHA256[:12]}… as published")


def _gpu() -> Diagnosis:
    if environment.version("torch") is None:
        return Diagnosis("GPU", "unknown without torch")
    import torch

    if torch.cuda.is_available():
        return Diagnosis("GPU", torch.cuda.get_device_name(0))
    return Diagnosis("GPU", "Apple MPS" if torch.backends.mps.is_available() else "none; encoding runs on the CPU")
