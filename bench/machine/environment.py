"""The machine, the threads and the versions that a figure was taken on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

# Each library reads its own variable at start-up, so they are set before a worker starts, the same for all.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "RAYON_NUM_THREADS",
)

LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "rank-bm25",
    "PyStemmer",
    "regex",
    "sentence-transformers",
    "transformers",
    "tokenizers",
    "torch",
    "ir-measures",
    "pytrec-eval-terrier",
    "pyarrow",
)
# What retrievers of an extra need, and nobody else.
EXTRAS = ("faiss-cpu", "onnxruntime", "openvino", "umap-learn", "wordllama")


def default_threads() -> int:
    """Physical cores that this process may use."""
    import psutil

    return min(psutil.cpu_count(logical=False) or usable_cores(), usable_cores())


def usable_cores() -> int:
    """Logical cores that this process may use, at most what its container is granted."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _container_quota()
    return max(1, min(allowed, int(quota)) if quota else allowed)


def thread_settings(threads: int) -> dict[str, str]:
    """Environment variables that hold every library to so many threads."""
    return {
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false",
    }


def default_memory_mb() -> int:
    """Nine tenths of the memory that this machine or container has: a process above that would end others too."""
    import psutil

    total = psutil.virtual_memory().total
    bound = _read("/sys/fs/cgroup/memory.max") or "max"
    return int((min(total, int(bound)) if bound.isdigit() else total) * 0.9 / 2**20)


def available_memory_mb() -> int:
    """What processes could still take."""
    import psutil

    return int(psutil.virtual_memory().available / 2**20)


def describe(threads: int) -> dict[str, Any]:
    """All that is recorded with a run. Values that cannot be read here are None."""
    import psutil

    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": " ".join(filter(None, (platform.system(), platform.machine(), *platform.libc_ver()))),
        "kernel": platform.release(),
        "cpu": _cpu_model(),
        "cores_physical": psutil.cpu_count(logical=False),
        "cores_logical": psutil.cpu_count(),
        "container_cpus": _container_quota(),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "memory_mb": round(psutil.virtual_memory().total / 2**20),
        "load_at_start": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "threads": threads,
        "libraries": {name: version(name) for name in LIBRARIES} | extras(),
        "bench": version("bench"),
        "git": git_revision(),
    }


def extras() -> dict[str, str]:
    """Of the libraries that only some retrievers need, those that are installed: name -> version."""
    return {name: number for name in EXTRAS if (number := version(name)) is not None}


def version(package: str) -> str | None:
    """The installed version, None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def git_revision() -> str | None:
    """The commit of the code that runs, with "+changes" where the tree differs from it."""
    here = Path(__file__).resolve().parent.parent.parent
    if not (here / ".git").exists():
        return None
    try:
        revision = _git(here, "rev-parse", "HEAD")
        return revision + "+changes" if _git(here, "status", "--porcelain", "--untracked-files=no") else revision
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


def _cpu_model() -> str:
    for line in (_read("/proc/cpuinfo") or "").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        try:
            return subprocess.run(
                ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=True, timeout=10
            ).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            pass
    return platform.processor() or platform.machine()


def _container_quota() -> float | None:
    """CPUs that the container's control group grants, None where it sets no bound."""
    quota, _, period = (_read("/sys/fs/cgroup/cpu.max") or "max").partition(" ")
    if quota == "max" or not period:
        return None
    return float(quota) / float(period)


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
