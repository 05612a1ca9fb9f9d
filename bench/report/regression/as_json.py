"""A comparison of two runs -> JSON for programs. comparison.schema.json, beside this file, describes it.

Texts are whole and escaped to ASCII, "<" and "##" too: neither a terminal, nor a page that the JSON is pasted into,
nor a CI system that looks for commands in its log reads them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.regression import Flip, Regression
from bench.storage.files import json_ready

SCHEMA = 1


def content(found: Regression) -> dict[str, Any]:
    """The comparison as JSON can hold it; a figure that is not known is null."""
    whole: dict[str, Any] = json_ready(
        {
            "schema": SCHEMA,
            "base": found.base,
            "head": found.head,
            "outcome": found.outcome,
            "gates": [
                {
                    "gate": each.gate.text,
                    "result": each.result,
                    "advice": each.gate.advice,
                    "checks": [check._asdict() for check in each.checks],
                }
                for each in found.judged
            ],
            "changes": [{**each._asdict(), "state": each.significant} for each in found.changes],
            "costs": [each._asdict() for each in found.costs],
            "flips": [_flip(each) for each in found.flips],
            "pairs": [each._asdict() for each in found.pairs],
            "problems": list(found.problems),
            "failures": [dict(zip(("dataset", "retriever", "reason"), each, strict=True)) for each in found.failures],
            "added": [dict(zip(("dataset", "retriever"), each, strict=True)) for each in found.added],
            "surroundings": [each._asdict() for each in found.surroundings],
        }
    )
    return whole


def render(found: Regression) -> bytes:
    """The JSON, ASCII."""
    text = json.dumps(content(found), indent=2, ensure_ascii=True, allow_nan=False)
    # "<" and "##" occur within strings alone.
    return text.replace("<", "\\u003c").replace("##", "\\u0023#").encode() + b"\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `content`."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("comparison.schema.json").read_text("utf-8"))
    return found


def _flip(flip: Flip) -> dict[str, Any]:
    sides = {side: [hit._asdict() for hit in getattr(flip, side)] for side in ("base", "head")}
    return {**flip._asdict(), **sides}
