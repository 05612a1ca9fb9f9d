"""The child's side of a worker in a process of its own: `python -m bench.experiment.workers.child`."""

from __future__ import annotations

import io
import json
import os
import queue
import sys
import threading
from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path
from typing import Any, TextIO, cast

from bench.experiment.workers.failure import describe_failure, trace_of
from bench.experiment.workers.pipe import message, receive, write
from bench.experiment.workers.worker import Worker
from retrievers import create
from retrievers.dense.vector_cache import VectorCache
from retrievers.masking import masked, secrets_around


class _Masking:
    """A stream of text that shows no secrets."""

    def __init__(self, stream: TextIO, secrets: Collection[str]) -> None:
        self._stream, self._secrets = stream, secrets

    def write(self, text: str) -> int:
        """Write the text without them."""
        self._stream.write(masked(text, self._secrets))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def serve(job: dict[str, Any]) -> None:
    """The child: answer messages until the parent closes the pipe or is gone.

    A retriever gets neither end of the pipe: what it prints goes to the log, what it reads is empty, and what it forks
    (as multiprocessing does) would else wait for the reading thread's lock, or answer in its parent's place.
    """
    replies, source, own = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb"), os.getpid()
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115 - for as long as the process lives
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # and is there when this process is killed
    secrets = set(secrets_around())
    # What it prints is kept in a log.
    sys.stdout, sys.stderr = (cast("TextIO", _Masking(stream, secrets)) for stream in (sys.stdout, sys.stderr))
    inbox: queue.Queue[Any] = queue.Queue()

    def listen() -> None:
        try:
            while True:
                inbox.put(message(receive(source)))
        except EOFError:
            os._exit(0)  # the parent is done or gone; nothing here is worth keeping

    threading.Thread(target=listen, daemon=True).start()

    def progress(phase: str, done: int, total: int | None) -> None:
        write(replies, ("progress", (phase, done, total)))

    write(replies, ("ready", None))
    worker: Worker | None = None
    while True:
        method, arguments = inbox.get()
        try:
            if worker is None:
                held = (Path(job["cache"]), job["cache_mb"], job["rebuild"])
                cache = VectorCache(*held) if job["cache"] else None
                another = partial(create, job["retriever"])
                worker = Worker(another(), progress, own_process=True, cache=cache, another=another)
                secrets |= worker.secrets
            reply = ("done", getattr(worker, method)(*arguments))
        except BaseException as error:  # noqa: BLE001 - a plug-in may raise anything, SystemExit too; the parent says what
            secrets |= worker.secrets if worker is not None else set()
            reply = ("failed", (describe_failure(error, secrets), trace_of(error, secrets)))
        if os.getpid() != own:  # forked by the retriever, and come back
            os._exit(1)
        write(replies, reply)


if __name__ == "__main__":
    # As bench.experiment.workers.child, not as __main__: one set of classes on both sides of the pipe.
    from bench.experiment.workers import child  # noqa: PLW0406

    child.serve(json.loads(sys.argv[1]))
