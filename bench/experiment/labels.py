"""What participants are called: by their specification, or by the name that stands before it, tuned=bm25:k1=0.9."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bench.errors import BenchError
from retrievers import names
from retrievers.masking import names_secret

HINT = "Rename a run's file, or give a retriever a name of its own: -r NAME=SPECIFICATION."


def split_label(given: str) -> tuple[str, str]:
    """Label and specification; both are what is given where that has no name before the first =.

    What holds a colon or an open parenthesis is no name: bm25:k1=0.9 and bm25(k1=0.9) are a retriever with a parameter.
    Raises BenchError for a name that tables cannot show, or that is another retriever's.
    """
    label, sign, specification = given.partition("=")
    if not sign or ":" in label or label.count("(") > label.count(")"):
        return given, given
    if not label.isprintable() or not label or label != label.strip():
        raise BenchError(
            f"{label!r} before the = of {given!r} cannot name a retriever.",
            "Give a name that can be seen, without blanks at its ends: -r NAME=SPECIFICATION.",
        )
    if names_secret(label):
        raise BenchError(
            f"{label} looks like a secret and cannot name a retriever; what is given here is shown in files and logs.",
            "A retriever's parameters follow its name, -r bm25:k1=0.9, and keys belong into environment variables.",
        )
    if not specification:
        raise BenchError(f"{given!r} names no retriever behind the =.", f"Write it so: -r {label}=bm25:k1=0.9.")
    if label in names() and re.split("[:(]", specification)[0].strip() != label:
        raise BenchError(
            f"{label!r} is the name of a retriever and cannot name {specification!r}.",
            f"Give another name; parameters follow a colon: {label}:PARAMETER=VALUE.",
        )
    return label, specification


def refuse_same(labels: Iterable[tuple[str, str]]) -> None:
    """Raise BenchError where two have one label. labels: each with what it stands for."""
    seen: dict[str, str] = {}
    for label, source in labels:
        if label in seen:
            raise BenchError(f"Two are called {label!r}: {seen[label]} and {source}.", HINT)
        seen[label] = source
