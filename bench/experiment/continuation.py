"""Going on with an interrupted run: one runner a folder, and nothing mixed that does not belong together."""

from __future__ import annotations

from typing import Any

from bench.errors import told_apart

# Of a value that is not the same.
SHOWN_CHARACTERS = 60

# May differ between the parts of one run: they change no figure; noise decides what is said of some, at the end.
_FREE = {"name", "results", "timeout", "memory_mb", "cache", "cache_mb", "rebuild", "map", "noise", "actor"}


def differences(stored: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What keeps a stored run from being continued, one line each; both are contents of run.json."""
    changes = []
    for key in sorted((stored["config"].keys() | now["config"].keys()) - _FREE):
        changes += _change(key, stored["config"].get(key), now["config"].get(key))
    for key in ("sweeps", "tuning"):  # of curves and tunings alone
        changes += _change(key, stored.get(key), now.get(key))
    grown, grows = (info.get("growth", {}) for info in (stored, now))  # of sets that grow
    for key in ("distractors", "sizes"):
        changes += _change(key, grown.get(key), grows.get(key))
    for part, name, mark in (("datasets", "name", "fingerprint"), ("retrievers", "label", "signature")):
        before, after = ({entry[name]: entry for entry in info[part]} for info in (stored, now))
        for label in sorted(before.keys() & after.keys()):
            if before[label][mark] != after[label][mark]:
                # Which parameter it was, where it was one: signatures are long and may differ at their end alone.
                old, new = (side[label].get("parameters", {}) for side in (before, after))
                keys = dict.fromkeys((*old, *new))
                parameters = [line for key in keys for line in _change(f"{label}: {key}", old.get(key), new.get(key))]
                changes += parameters or _change(f"{label} ({mark})", before[label][mark], after[label][mark])
        changes += [f"{part[:-1]} {label} is no longer there" for label in sorted(before.keys() - after.keys())]
        changes += [f"{part[:-1]} {label} is new" for label in sorted(after.keys() - before.keys())]
    for key in ("python", "threads", "bench"):
        changes += _change(key, stored["environment"][key], now["environment"][key])
    libraries = now["environment"]["libraries"]
    for name, number in stored["environment"]["libraries"].items():
        changes += _change(name, number, libraries.get(name))
    return changes


def _change(what: str, before: Any, after: Any) -> list[str]:
    if before == after:
        return []
    old, new = told_apart(_joined(before), _joined(after), SHOWN_CHARACTERS)
    return [f"{what}: {old} is now {new}"]


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
