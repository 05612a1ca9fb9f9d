"""Every measure that ir_measures names: equal to a plain computation from its definition, or refused with a reason.

The rankings hold unjudged hits, negative grades, short rows, queries without a hit and queries with nothing relevant.
"""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from defined import BY_DOCUMENT, PLAIN
from drawn import drawn

from bench.errors import BenchError
from bench.evaluation.measure_names import UNAVAILABLE
from bench.evaluation.measures import evaluate_positions, resolve

# Grades of the hits in order, -1 where unjudged; grades of all judged documents; the least that is relevant.
JUDGEMENTS, DOCUMENTS = drawn(np.random.default_rng(3))


def by_definition(name):
    rows = [[each for each in row if each >= 0] for row in DOCUMENTS.tolist()]
    if name in BY_DOCUMENT:
        return [BY_DOCUMENT[name](row, grades) for row, grades in zip(rows, JUDGEMENTS, strict=True)]
    hits = [[grades.get(each, -1) for each in row] for row, grades in zip(rows, JUDGEMENTS, strict=True)]
    return [PLAIN[name](h, [*grades.values()]) for h, grades in zip(hits, JUDGEMENTS, strict=True)]


@pytest.mark.parametrize("name", [*PLAIN, *BY_DOCUMENT])
def test_a_measure_is_its_definition(name):
    found = evaluate_positions(resolve([name]), JUDGEMENTS, DOCUMENTS)[name]
    np.testing.assert_allclose(found, by_definition(name), atol=1e-9)


def test_together_they_are_what_they_are_alone():
    """A provider keeps some measures beside others and takes their settings."""
    names = [*PLAIN, *BY_DOCUMENT]
    together = evaluate_positions(resolve(names), JUDGEMENTS, DOCUMENTS)
    for name in names:
        np.testing.assert_allclose(together[name], by_definition(name), atol=1e-9, err_msg=name)


def test_no_measure_is_neither_checked_nor_refused():
    checked = {each.NAME for each in resolve([*PLAIN, *BY_DOCUMENT]).values()}
    named = {measure.NAME for measure in ir_measures.measures.registry.values()}
    assert named == checked | set(UNAVAILABLE)
    assert not checked & set(UNAVAILABLE)


@pytest.mark.parametrize("name", UNAVAILABLE)
@pytest.mark.parametrize("cutoff", ["", "@10"])
def test_what_is_not_computed_says_why(name, cutoff):
    with pytest.raises(BenchError, match="is not available: ") as caught:
        resolve([name + cutoff])
    assert caught.value.message.endswith(f"{UNAVAILABLE[name]}.")
    assert "nDCG@10" in caught.value.hint
