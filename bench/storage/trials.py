"""Trials of a tuning on disk, a file each: what is there need not be tried again after a stop.

    <run>/trials/<slug of the specification>-<hash>.npz   values: float64 [queries], by one measure

The hash is of all that decides the values, so that a file of another set, measure or depth is never taken.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.storage.files import slug, write_atomic

FOLDER = "trials"
FRAGMENT = "tuned.toml"  # the configuration of what was chosen


def trial_path(run: Path, specification: str, signature: str, identity: list[str | int]) -> Path:
    """Where a trial's values lie. identity: the set, the measure, the depth: all beside the retriever that decides."""
    digest = hashlib.sha256(json.dumps([signature, *identity]).encode()).hexdigest()[:16]
    return run / FOLDER / f"{slug(specification)[:60]}-{digest}.npz"


def write_trial(path: Path, values: NDArray[np.float64], error: str = "") -> None:
    """Keep a trial's values, float64 [queries]; or why it has none."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, values=values, error=np.array(error))
    write_atomic(path, buffer.getvalue())


def read_trial(path: Path) -> tuple[NDArray[np.float64], str] | None:
    """The values of a trial, and why it has none where it failed; None where it was not tried, or its file is damaged:
    then it is tried again.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return arrays["values"], str(arrays["error"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
