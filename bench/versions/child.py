"""What runs in either version's process: index, then time blocks of single queries, asked and answered in JSON lines.

This file is handed to the other version's interpreter, so it takes nothing from `bench`: only `retrievers.create`,
`index` and `search`, which every version has. One copy of it serves both sides.

{"retriever": …, "documents": FILE, "queries": FILE, "hits": 10} -> {"code": file of the retriever's class}
{"time": [positions]} -> {"nanoseconds": [one a query]}
anything -> {"failed": "one line"} where it fails
"""

from __future__ import annotations

import gc
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any


class Child:
    """One retriever on one dataset."""

    def __init__(self) -> None:
        self._retriever: Any = None
        self._queries: list[str] = []
        self._hits = 0

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Do what one message asks."""
        return self._time(message["time"]) if "time" in message else self._open(message)

    def _open(self, message: dict[str, Any]) -> dict[str, Any]:
        import retrievers

        self._queries, self._hits = _lines(message["queries"]), message["hits"]
        self._retriever = retrievers.create(message["retriever"])
        self._retriever.index(_lines(message["documents"]))
        gc.collect()
        gc.freeze()  # what was built is no longer the collector's business
        return {"code": str(Path(sys.modules[type(self._retriever).__module__].__file__ or "").resolve())}

    def _time(self, positions: list[int]) -> dict[str, Any]:
        search, hits, clock = self._retriever.search, self._hits, time.perf_counter_ns
        batches = [[self._queries[position]] for position in positions]
        nanoseconds = []
        for batch in batches:
            start = clock()
            search(batch, hits)
            nanoseconds.append(clock() - start)
        return {"nanoseconds": nanoseconds}


def _lines(path: str) -> list[str]:
    with Path(path).open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def serve() -> None:
    """Answer until the parent closes the pipe or is gone."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a retriever prints goes to the log, not between the messages
    inbox: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            inbox.put(line)
        os._exit(0)  # even in the middle of an index: nobody waits for it

    threading.Thread(target=listen, daemon=True).start()
    child = Child()
    while True:
        try:
            reply = child.answer(json.loads(inbox.get()))
        except Exception as error:  # noqa: BLE001 - a retriever may raise anything; the parent says what
            last = (str(error).strip().splitlines() or [""])[-1]
            reply = {"failed": f"{type(error).__name__}: {last}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    serve()
