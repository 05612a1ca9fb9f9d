"""A side's process: `child.py` under the side's interpreter, asked in JSON lines."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.data.dataset import Dataset
from bench.machine.environment import thread_settings
from bench.machine.latency import LATENCY_HITS
from bench.versions.sides import Side, this_code

_CHILD = Path(__file__).with_name("child.py")
# What an ended process wrote last, looked at for its reason.
_LOG_BYTES = 4096


class SideError(Exception):
    """A side failed: its name and one line of why."""


class SideTiming(Protocol):
    """Times single queries at these positions: nanoseconds, one each."""

    def time(self, queries: NDArray[np.int64]) -> NDArray[np.int64]: ...


def write_texts(dataset: Dataset, folder: Path) -> None:
    """The texts as one JSON string a line, which any version can read."""
    for name, texts in (("documents", dataset.texts), ("queries", dataset.query_texts)):
        with (folder / name).open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(text) + "\n" for text in texts)


class SideProcess:
    """One retriever of one side, indexed and ready to be timed. Raises SideError where it fails or dies.

    texts: the folder of `write_texts`. threads: of every library. timeout: seconds that a message may take.
    code: the file that its class came from.
    """

    code: Path

    def __init__(self, side: Side, retriever: str, texts: Path, threads: int, timeout: float) -> None:
        self._name, self._timeout = side.name, timeout
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._process = subprocess.Popen(
            [str(side.python), "-P", str(_CHILD)],  # -P: the folder of child.py is not to be imported from
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            cwd=side.folder,
            env=_environment(side, threads),
        )
        self._replies: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._open(side, retriever, texts)
        except BaseException:
            self.close()
            raise

    def time(self, queries: NDArray[np.int64]) -> NDArray[np.int64]:
        """Nanoseconds of each query at these positions, run one by one."""
        return np.array(self._ask({"time": queries.tolist()})["nanoseconds"], dtype=np.int64)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                try:
                    stream.close()
                except (OSError, ValueError):  # what was still to be written has no reader
                    pass

    def _open(self, side: Side, retriever: str, texts: Path) -> None:
        files = {name: str(texts / name) for name in ("documents", "queries")}
        self.code = Path(self._ask({"retriever": retriever, "hits": LATENCY_HITS, **files})["code"])
        # An installed package that hides the checkout would be compared with itself, and found alike.
        if side.folder is not None and not self.code.is_relative_to(side.folder.resolve()):
            raise SideError(f"{self._name}: the code came from {self.code}, not from {side.folder}.")

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._replies.put(line)
        except (OSError, ValueError):
            pass
        self._replies.put("")

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):  # a broken pipe has another name on Windows
            pass  # it died: the listener has said so
        try:
            line = self._replies.get(timeout=self._timeout)
        except queue.Empty:
            raise SideError(f"{self._name}: it took longer than {self._timeout:g} s (--timeout).") from None
        if not line:
            raise SideError(f"{self._name}: {self._epitaph()}")
        reply: dict[str, Any] = json.loads(line)
        if "failed" in reply:
            raise SideError(f"{self._name}: {reply['failed']}")
        return reply

    def _epitaph(self) -> str:
        """How the process ended, and the last line that it wrote."""
        try:
            status = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return "its process closed the pipe."
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LOG_BYTES))
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return f"its process ended with status {status}. {lines[-1] if lines else ''}".rstrip()


def _environment(side: Side, threads: int) -> dict[str, str]:
    """The same for both sides but for where the code is: hash seeds alone can move a time by some percent."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    # A repository of plug-ins alone takes the protocol, and what else it needs of it, from this code.
    paths = [str(side.folder), str(this_code().folder)]
    code = {"PYTHONPATH": os.pathsep.join(paths)} if side.folder is not None else {}
    return {**kept, **thread_settings(threads), "PYTHONHASHSEED": "0", **code}
