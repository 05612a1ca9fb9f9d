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


def content(comparison: Regression) -> dict[str, Any]:
    """The comparison as JSON can hold it; a figure that is not known is null."""
    whole: dict[str, Any] = json_ready(
        {
            "schema": SCHEMA,
            "base": comparison.base,
            "head": comparison.head,
            "outcome": comparison.outcome,
            "gates": [
                {
                    "gate": judged.gate.text,
                    "result": judged.result,
                    "advice": judged.gate.advice,
                    "checks": [check._asdict() for check in judged.checks],
                }
                for judged in comparison.judged
            ],
            "changes": [{**change._asdict(), "state": change.significant} for change in comparison.changes],
            "costs": [cost._asdict() for cost in comparison.costs],
            "flips": [_flip(flip) for flip in comparison.flips],
            "pairs": [pair._asdict() for pair in comparison.pairs],
            "problems": list(comparison.problems),
            "failures": [
                dict(zip(("dataset", "retriever", "reason"), failure, strict=True)) for failure in comparison.failures
            ],
            "added": [dict(zip(("dataset", "retriever"), cell, strict=True)) for cell in comparison.added],
            "surroundings": [changed._asdict() for changed in comparison.surroundings],
        }
    )
    return whole


def render(comparison: Regression) -> bytes:
    """The JSON, ASCII."""
    text = json.dumps(content(comparison), indent=2, ensure_ascii=True, allow_nan=False)
    # "<" and "##" occur within strings alone.
    return text.replace("<", "\\u003c").replace("##", "\\u0023#").encode() + b"\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `content`."""
    json_schema: dict[str, Any] = json.loads(Path(__file__).with_name("comparison.schema.json").read_text("utf-8"))
    return json_schema


def _flip(flip: Flip) -> dict[str, Any]:
    sides = {side: [hit._asdict() for hit in getattr(flip, side)] for side in ("base", "head")}
    return {**flip._asdict(), **sides}
