"""docs/reading-the-figures.md names all that the tables show."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from places import ROOT

from bench.analysis import no_answer, wordings
from bench.analysis.verdict.result import Basis
from bench.evaluation.measure_names import DEFAULT_MEASURES
from bench.machine.latency import MIN_SAMPLES
from bench.report.table import DAGGER, FRONT
from bench.storage.costs import COSTS

PAGE = (ROOT / "docs" / "reading-the-figures.md").read_text("utf-8")

HEADINGS = [re.sub(r" (MB|ms|s|queries/s)$", "", cost.heading) for cost in COSTS.values()]
SHOWN = [
    *(heading for heading in HEADINGS if not re.match(r"p9[05]", heading)),  # p50 … p99
    *(name.partition("@")[0] + "@k" for name in DEFAULT_MEASURES),
    *(wordings.WORST, wordings.FLIP_RATE, wordings.OVERLAP),
    *(no_answer.AUROC, no_answer.FLOOR, no_answer.REFUSED, no_answer.EMPTY),
    *get_args(Basis),
    *(str(MIN_SAMPLES[percent]) for percent in (50, 90, 95, 99)),
    *(DAGGER, FRONT),
]


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_explained(name):
    assert name in PAGE


def test_links_lead_somewhere():
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= anchors
    assert "docs/reading-the-figures.md" in (ROOT / "README.md").read_text("utf-8")
