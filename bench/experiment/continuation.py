"""Going on with an interrupted run: one runner a folder, and nothing mixed that does not belong together."""

from __future__ import annotations

from typing import Any

# May differ between the parts of one run: they change no figure.
_FREE = {"name", "results", "timeout", "memory_mb", "cache", "cache_mb"}


def differences(stored: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What keeps a stored run from being continued, one line each; both are contents of run.json."""
    found = []
    for key in sorted((stored["config"].keys() | now["config"].keys()) - _FREE):
        found += _change(key, stored["config"].get(key), now["config"].get(key))
    for part, name, mark in (("datasets", "name", "fingerprint"), ("retrievers", "label", "signature")):
        before, after = ({each[name]: each for each in info[part]} for info in (stored, now))
        for each in sorted(before.keys() & after.keys()):
            if before[each][mark] != after[each][mark]:
                # Which parameter it was, where it was one: signatures are long and may differ at their end alone.
                old, new = (side[each].get("parameters", {}) for side in (before, after))
                parameters = [line for key in new for line in _change(f"{each}: {key}", old.get(key), new[key])]
                found += parameters or _change(f"{each} ({mark})", before[each][mark], after[each][mark])
        found += [f"{part[:-1]} {each} is no longer there" for each in sorted(before.keys() - after.keys())]
        found += [f"{part[:-1]} {each} is new" for each in sorted(after.keys() - before.keys())]
    for key in ("python", "threads", "bench"):
        found += _change(key, stored["environment"][key], now["environment"][key])
    libraries = now["environment"]["libraries"]
    for name, number in stored["environment"]["libraries"].items():
        found += _change(name, number, libraries.get(name))
    return found


def _change(what: str, before: Any, after: Any) -> list[str]:
    return [] if before == after else [f"{what}: {_short(before)} is now {_short(after)}"]


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
