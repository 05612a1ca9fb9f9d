"""Where a retriever lives while it is measured: in this process, or in one of its own.

WORKERS is the registry: a worker of another kind (on another machine, say) is one more file with
`start(source, settings, progress) -> WorkerLike` (`messages`), and one more line here.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.experiment.workers.circumstances import Circumstances
    from bench.experiment.workers.messages import Progress, WorkerLike, WorkerSettings
    from bench.experiment.workers.shared_index import IndexSearch
    from retrievers import Retriever

# Kind -> its module. The source of a worker in this process is an object, that of one in a process of its own a
# specification, that of a shared index what it is searched with, that in other circumstances what those are.
WORKERS = {
    "this process": "bench.experiment.workers.in_process",
    "own process": "bench.experiment.workers.process",
    "shared index": "bench.experiment.workers.shared_index",
    "other circumstances": "bench.experiment.workers.circumstances",
}


def start_worker(
    kind: str,
    source: str | Retriever | IndexSearch | Circumstances,
    settings: WorkerSettings,
    progress: Progress,
) -> WorkerLike:
    """A worker of that kind, which may still be starting (`await_start`). Raises WorkerError where it cannot start."""
    worker: WorkerLike = importlib.import_module(WORKERS[kind]).start(source, settings, progress)
    return worker
