"""What run.json must hold for its readers: someone's hand may have been in it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

Kind = type | tuple[type, ...]

# Key -> its type, and what it, or each of its members, must hold.
_SHAPE: dict[str, tuple[type, dict[str, Kind]]] = {
    "complete": (bool, {}),
    "depth": (int, {}),
    "config": (dict, {}),
    "environment": (
        dict,
        {
            "time": str,
            "cpu": str,
            "git": (str, type(None)),
            "libraries": dict,
            "bench": (str, type(None)),
            "python": str,
            "threads": int,
            "memory_mb": (int, float),
        },
    ),
    "datasets": (
        list,
        {
            **dict.fromkeys(("name", "fingerprint", "measure", "group", "note"), str),
            **dict.fromkeys(("documents", "queries", "unanswerable", "judgements"), int),
            "slices": list,
            "drop_self": bool,
        },
    ),
    "retrievers": (list, {"label": str, "kind": str, "signature": str, "parameters": dict}),
}
_LISTS = ("measures", "warnings", "failures")


def strange(info: dict[str, Any], tables: Collection[str]) -> str:
    """What is not as a run writes it, as the end of a sentence; empty where all is. tables: of a complete run."""
    for key in (*_SHAPE, *_LISTS, "checksums", "whole_runs", "columns", "uncut", "commands"):
        if not _is_whole(info, key, tables):
            return f"what it says of {key} is not whole"
    for key, name in (("datasets", "name"), ("retrievers", "label")):
        names = [entry[name] for entry in info[key]]
        if len(set(names)) < len(names):
            return f"it names one of {key} twice"
    return "" if info["measures"] else "it names no measure"


def _is_whole(info: dict[str, Any], key: str, tables: Collection[str]) -> bool:
    value = info.get(key)
    if key in _LISTS:
        return isinstance(value, list) and all(_is_listed(key, member) for member in value)
    if key == "checksums":
        return not info["complete"] or (isinstance(value, dict) and all(_is(value.get(name), str) for name in tables))
    if key in ("whole_runs", "columns"):  # versions before them had none
        return key not in info or (
            isinstance(value, dict) and all(_is_listed(key, member) for member in value.values())
        )
    if key == "commands":
        return key not in info or _is_commands(value)
    if key == "uncut":
        return key not in info or (isinstance(value, list) and all(_is_listed(key, member) for member in value))
    kind, inner = _SHAPE[key]
    return _is(value, kind) and all(_holds(member, inner) for member in (value if isinstance(value, list) else [value]))


def _is_commands(value: Any) -> bool:
    if not isinstance(value, dict) or not _is(value.get("run"), str) or not isinstance(value.get("cells"), dict):
        return False
    cells = value["cells"].values()
    return all(isinstance(of, dict) and all(_is(command, str) for command in of.values()) for of in cells)


def _is_listed(key: str, value: Any) -> bool:
    if key == "failures":
        return isinstance(value, list) and len(value) == 3 and all(_is(part, str) for part in value)
    if key == "columns":
        return isinstance(value, dict) and all(
            isinstance(read, dict) and all(_is(digest, str) for digest in read.values()) for read in value.values()
        )
    if key == "whole_runs":
        return isinstance(value, dict) and all(_is(length, int) for length in value.values())
    return _is(value, str)


def _is(value: Any, kind: Kind) -> bool:
    """Of that type; true and false are no numbers."""
    return isinstance(value, kind) and (not isinstance(value, bool) or kind is bool)


def _holds(value: Any, inner: dict[str, Kind]) -> bool:
    if not inner:
        return True
    return isinstance(value, dict) and all(name in value and _is(value[name], kind) for name, kind in inner.items())
