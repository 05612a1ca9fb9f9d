"""Length-prefixed pickles over the pipes between a parent and its own child, never files.

Not multiprocessing.connection: on Windows it cannot take over the pipes of a subprocess.
"""

from __future__ import annotations

import pickle
import struct
from typing import IO, Any

_HEADER = struct.Struct("!Q")


def write(stream: IO[bytes], message: object) -> None:
    """Send a message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_HEADER.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """The bytes of the next message. Raises EOFError where the other end is closed."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        raise EOFError
    (size,) = _HEADER.unpack(header)
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def message(data: bytes) -> Any:
    """The message in these bytes."""
    return pickle.loads(data)  # noqa: S301 - from our own child or parent, over a private pipe
