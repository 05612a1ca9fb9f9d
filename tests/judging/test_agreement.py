"""Coefficients of agreement: published values, laws, and intervals that hold."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.judging.agreement import _kappa, agreement, alpha, kappa, own_repeats
from bench.judging.grades import GradeLine

_ = math.nan
# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), sections A and C.
TWO_VALUES = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
FOUR_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]


def seeded():
    return np.random.default_rng(0)


def alpha_of(ratings, scale):
    ratings = np.array(ratings, dtype=float)
    return alpha(ratings, np.arange(ratings.shape[1]), scale, seeded(), draws=20).value


@pytest.mark.parametrize(
    ("ratings", "scale", "published"),
    [
        (TWO_VALUES, "nominal", 0.095),
        (FOUR_OBSERVERS, "nominal", 0.743),
        (FOUR_OBSERVERS, "ordinal", 0.815),
    ],
)
def test_alpha_of_krippendorffs_examples(ratings, scale, published):
    assert alpha_of(ratings, scale) == pytest.approx(published, abs=0.0005)


def test_alpha_of_letters():
    """Section B of the same: alpha is .692."""
    ratings = [[ord(letter) for letter in row] for row in ("aabbdcccedda", "babbbccceddd")]
    assert alpha_of(ratings, "nominal") == pytest.approx(0.692, abs=0.0005)


# Cohen, Weighted kappa (1968), table 1: shares, and the weights of disagreements.
COHEN = np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]])
COHEN_WEIGHTS = np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])


def test_kappa_of_cohens_example():
    assert _kappa(COHEN, 1 - np.eye(3)) == pytest.approx(0.492, abs=0.0005)
    assert _kappa(COHEN, COHEN_WEIGHTS) == pytest.approx(0.348, abs=0.0005)


tables = st.integers(2, 4).flatmap(
    lambda judges: st.integers(1, 12).flatmap(
        lambda documents: st.lists(
            st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nan]), min_size=documents, max_size=documents),
            min_size=judges,
            max_size=judges,
        )
    )
)


def plain_alpha(ratings, distance):
    """By the definition, pair by pair: distance of two grades -> its square, given how often each grade is."""
    units = [[grade for grade in column if not math.isnan(grade)] for column in zip(*ratings, strict=True)]
    units = [unit for unit in units if len(unit) >= 2]
    pooled = [grade for unit in units for grade in unit]
    apart = distance(pooled)
    within = sum(sum(apart(a, b) for a, b in product(unit, unit)) / (len(unit) - 1) for unit in units)
    among = sum(apart(a, b) for a, b in product(pooled, pooled))
    return 1 - (len(pooled) - 1) * within / among if among else math.nan


def ordinal(pooled):
    def squared(a, b):
        low, high = min(a, b), max(a, b)
        between = sum(low <= grade <= high for grade in pooled)
        return (between - (pooled.count(a) + pooled.count(b)) / 2) ** 2

    return squared


def nominal(pooled):
    return lambda a, b: float(a != b)


@given(tables)
def test_alpha_is_that_of_the_definition(ratings):
    for scale, distance in (("nominal", nominal), ("ordinal", ordinal)):
        assert alpha_of(ratings, scale) == pytest.approx(plain_alpha(ratings, distance), abs=1e-9, nan_ok=True)


@given(tables, st.randoms(use_true_random=False))
def test_who_is_who_does_not_matter(ratings, chance):
    shuffled = chance.sample(ratings, len(ratings))
    for scale in ("nominal", "ordinal"):
        assert alpha_of(shuffled, scale) == pytest.approx(alpha_of(ratings, scale), nan_ok=True)


@given(tables, st.permutations([0.0, 1.0, 2.0, 3.0]))
def test_names_do_not_matter_to_nominal_nor_spacing_to_ordinal(ratings, names):
    renamed = [[grade if math.isnan(grade) else names[int(grade)] for grade in row] for row in ratings]
    assert alpha_of(renamed, "nominal") == pytest.approx(alpha_of(ratings, "nominal"), nan_ok=True)
    stretched = np.array(ratings) ** 3 + 7
    assert alpha_of(stretched, "ordinal") == pytest.approx(alpha_of(ratings, "ordinal"), nan_ok=True)


@given(tables)
def test_who_agrees_throughout_has_1(ratings):
    assume(len({grade for grade in ratings[0] if not math.isnan(grade)}) > 1)
    for scale in ("nominal", "ordinal"):
        assert alpha_of([ratings[0]] * 3, scale) == pytest.approx(1)


graded = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=20)


@given(graded, st.sampled_from([("nominal", None), ("linear", "linear"), ("quadratic", "quadratic")]))
def test_kappa_is_that_of_scikit_learn(pairs, weights):
    from sklearn.metrics import cohen_kappa_score

    first, second = np.array(pairs, dtype=float).T
    assume(len(set(first) | set(second)) > 1)
    ours = kappa(first, second, np.arange(len(pairs)), seeded(), weights=weights[0], draws=5).value
    assert ours == pytest.approx(cohen_kappa_score(first, second, weights=weights[1], labels=range(4)), nan_ok=True)


def test_nothing_judged_twice_is_no_agreement():
    ratings = np.array([[1.0, math.nan], [math.nan, 2.0]])
    nothing = alpha(ratings, np.arange(2), "ordinal", seeded())
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.low)
    assert (nothing.documents, nothing.queries) == (0, 0)
    assert math.isnan(kappa(*ratings, np.arange(2), seeded()).value)


def test_one_query_has_no_interval():
    ratings = np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 1.0]])
    one = alpha(ratings, np.zeros(3, dtype=int), "ordinal", seeded())
    assert one.value > 0
    assert math.isnan(one.low)


def simulated(rng, queries, agreeing):
    """Two judges of ten documents a query; the second copies the first with a chance that varies by query."""
    truth = rng.integers(0, 4, (queries, 10))
    copies = rng.random((queries, 10)) < np.clip(agreeing + rng.normal(0, 0.15, queries), 0, 1)[:, None]
    other = np.where(copies, truth, rng.integers(0, 4, (queries, 10)))
    return np.stack([truth.ravel(), other.ravel()]).astype(float), np.repeat(np.arange(queries), 10)


def test_intervals_hold_the_true_value_about_as_often_as_they_say():
    rng = seeded()
    true = alpha(*simulated(rng, 20_000, 0.7), "ordinal", rng, draws=2).value
    inside = 0
    for _repetition in range(200):
        interval = alpha(*simulated(rng, 40, 0.7), "ordinal", rng, draws=400)
        inside += interval.low <= true <= interval.high
    assert 180 <= inside <= 199  # 95%: 190; a percentile interval of 40 queries is a little short


def lines_of(judge, grades, **fields):
    return [
        GradeLine(f"q{place // 2}", f"d{place}", judge, grade=grade, **fields)
        for place, grade in enumerate(grades)
        if grade is not None
    ]


def test_agreement_of_a_file():
    lines = [*lines_of("bob", [0, 1, 3, 3, None]), *lines_of("ann", [0, 2, 3, 3, 1]), *lines_of("cat", [0, None, 3])]
    result = agreement(lines, seeded())
    assert result.judges == ("ann", "bob", "cat")
    assert result.ordinal.documents == 4
    assert set(result.kappa) == {("ann", "bob"), ("ann", "cat"), ("bob", "cat")}
    assert result.kappa["ann", "bob"].documents == 4
    assert result.kappa["ann", "cat"].value == 1
    assert 0 < result.nominal.value < result.ordinal.value < 1


def test_a_judges_own_repeats():
    first = [0, 1, 2, 3, 0, 1]
    again = lines_of("ann", [0, 1, 2, 3, 0, 3], purpose="repeat")
    lines = [*lines_of("ann", first), *lines_of("bob", first), *again, *lines_of("cat", [1], purpose="repeat")]
    lines.append(GradeLine("q0", "d0", "ann", "skip", purpose="judge"))  # no longer graded, so not repeated
    [(judge, repeats)] = own_repeats(lines, seeded()).items()
    assert judge == "ann"
    assert repeats.same == pytest.approx(4 / 5)
    assert repeats.low < 4 / 5 < repeats.high
    assert repeats.kappa.documents == 5
