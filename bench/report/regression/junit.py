"""A comparison of two runs -> JUnit XML: a test case a gate, so that CI systems show gates as tests.

A failed gate is a failure, an inconclusive one is skipped with its reason, a figure that is not there is an error.
Whether all cells worked and are still there are cases of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree

from bench.regression import Regression
from bench.report.regression import content

_CLASS = "bench.compare"
# What became of a gate -> the element that says so; advice and a pass have none.
_ELEMENTS = {"fail": "failure", "inconclusive": "skipped", "missing": "error"}


class _Case(NamedTuple):
    name: str
    element: str | None
    message: str


def render(comparison: Regression) -> bytes:
    """The XML, UTF-8."""
    cases = list(_cases(comparison))
    counts = {name: str(sum(case.element == name for case in cases)) for name in ("failure", "error", "skipped")}
    totals: dict[str, Any] = {
        "tests": str(len(cases)),
        "failures": counts["failure"],
        "errors": counts["error"],
        "skipped": counts["skipped"],
        "time": "0",
    }
    root = ElementTree.Element(
        "testsuites", name="bench compare", **{k: v for k, v in totals.items() if k != "skipped"}
    )
    name = f"{content.inert(comparison.head)} against {content.inert(comparison.base)}"
    suite = ElementTree.SubElement(root, "testsuite", name=name, **totals)
    for case in cases:
        element = ElementTree.SubElement(suite, "testcase", classname=_CLASS, name=case.name, time="0")
        if case.element is None:
            ElementTree.SubElement(element, "system-out").text = case.message
        elif case.element == "skipped":
            ElementTree.SubElement(element, "skipped", message=case.message)
        else:
            first = case.message.partition("\n")[0]
            ElementTree.SubElement(element, case.element, message=first, type=case.element).text = case.message
    ElementTree.indent(root)
    whole: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole + b"\n"


def _cases(comparison: Regression) -> Iterator[_Case]:
    flipped = "\n".join(
        f"{'lost' if flip.lost else 'gained'}: {content.inert(flip.retriever)} on {content.inert(flip.dataset)}: "
        + content.inert(f"{flip.query}: {flip.text}" if flip.text else flip.query, content.SHOWN_CHARACTERS)
        for flip in content.shown_flips(comparison)
    )
    for judged in comparison.judged:
        element = _ELEMENTS.get(judged.result)
        message = content.reasons(judged)
        if element == "failure" and flipped:
            message += f"\n{flipped}"
        yield _Case(content.inert(judged.gate.text), element, message)
    troubles = list(content.troubles(comparison))
    for name, start in (("every cell of head worked", "Failed"), ("all of base is in head", "Not comparable")):
        mine = [trouble for trouble in troubles if trouble.startswith(start)]
        yield _Case(name, "error" if mine else None, "\n".join(mine) or "yes")
