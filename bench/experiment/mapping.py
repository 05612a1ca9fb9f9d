"""The maps of a set: where its documents and queries lie to retrievers. Made when all figures are there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from bench.analysis.maps import mapped_positions
from bench.config import RunConfig
from bench.data.dataset import Dataset
from bench.evaluation.projection import project
from bench.experiment.participants import RunningParticipant
from bench.experiment.timing import TimingStep
from bench.experiment.workers.failure import describe_failure
from bench.experiment.workers.messages import WorkerError, WorkerLike
from bench.storage.cell import POINTS, Cell, write_cell
from bench.storage.files import array_bytes


def is_mapped(cell: Cell, method: str) -> bool:
    """Is the map there, or known that the retriever has no vectors for one?"""
    return bool(cell.info.get("map", {}).get("method") == method)


def map_cells(
    built: Sequence[tuple[RunningParticipant, Cell]],
    dataset: Dataset,
    config: RunConfig,
    step: TimingStep,
    failed: Callable[[RunningParticipant, str, Exception], None],
) -> Iterator[Cell]:
    """Make the maps of participants that have the set open and indexed, and store them in their cells.

    failed: is told of one that fails, and why. Yields each cell as it is stored anew.
    """
    for running, cell in built:
        if running.worker is None or is_mapped(cell, config.map):  # None: it failed while it was timed
            continue
        step(running.label, "map")
        try:
            mapped = _mapped(running.worker, cell, dataset, config)
        except OSError:  # the run's folder takes nothing more
            raise
        except WorkerError as error:
            failed(running, str(error), error)
            running.close()  # what is left of it cannot be trusted
        except Exception as error:  # noqa: BLE001 - hours of work are not lost to it
            failed(running, describe_failure(error), error)
        else:
            yield mapped


def _mapped(worker: WorkerLike, cell: Cell, dataset: Dataset, config: RunConfig) -> Cell:
    """Ask for vectors, project them here, and store that.

    Here, not where they are held: the libraries that it takes would count as memory of the worker's next set.
    """
    method, seed = config.map, config.seed
    vectors = worker.vectors(*mapped_positions(dataset, method, seed))
    if vectors is None:
        return write_cell(cell.folder, {**cell.info, "map": {"method": method}}, {})
    projection = project(*vectors, method, seed)
    shares = {"variance": projection.variance, "neighbours": projection.neighbours}
    info: dict[str, Any] = {
        "method": method,
        **{name: None if math.isnan(value) else value for name, value in shares.items()},
    }
    return write_cell(cell.folder, {**cell.info, "map": info}, {POINTS: array_bytes(np.save, projection.points)})
