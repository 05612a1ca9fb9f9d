"""How many queries a difference takes, held against simulated power."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from places import ROOT

from bench.errors import BenchError
from bench.evaluation.power import detectable, queries_needed, spread
from bench.evaluation.significance import randomisation_test
from bench.judging.plan import Pilot, pilots_of, plan, shipped_pilots
from bench.storage.run import load_run

BASELINE = ROOT / "results" / "baseline"


@pytest.mark.parametrize("effect", [0.1, 0.3, 0.5])
def test_the_exact_power_of_the_paired_t_test(effect):
    """By the noncentral t distribution (Cohen 1988, 12.3), which the sum of quantiles is near to."""
    n = queries_needed(effect, 1.0)
    limit = scipy.stats.t.ppf(0.975, n - 1)
    assert scipy.stats.nct.sf(limit, n - 1, effect * np.sqrt(n)) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_normal_differences_are_shown_as_often_as_planned(power):
    n = queries_needed(0.1, 0.3, power)
    rng = np.random.default_rng(int(power * 100))
    p = randomisation_test(rng.normal(0.1, 0.3, (n, 3_000)), rng, flips=2_000)
    assert np.mean(p <= 0.05) == pytest.approx(power, abs=0.03)


def test_real_differences_are_shown_as_often_as_planned():
    """Of nDCG@10 on support-faq, drawn with replacement, in the size of difference that they have."""
    values = pd.read_parquet(BASELINE / "per_query.parquet").query("dataset == 'support-faq' and answerable")
    table = values.pivot(index="query", columns="retriever", values="nDCG@10")
    differences = (table["minilm"] - table["bm25"]).to_numpy()
    n = queries_needed(abs(differences.mean()), float(differences.std(ddof=1)))
    rng = np.random.default_rng(0)
    p = randomisation_test(rng.choice(differences, (n, 2_000)), rng, flips=2_000)
    assert np.mean(p <= 0.05) == pytest.approx(0.8, abs=0.05)


def test_the_spread_behind_a_detectable_difference():
    differences = np.random.default_rng(0).normal(0, 0.3, (50, 1))
    assert spread(float(detectable(differences)[0]), 50, 50) == pytest.approx(differences.std(ddof=1))


def test_the_shipped_figures_are_those_of_the_baseline():
    stored = {(each.dataset, frozenset(each.pair)): each for each in pilots_of(load_run(BASELINE))}
    shipped = shipped_pilots()
    assert len(shipped) == len(stored)
    for pilot in shipped:
        same = stored[pilot.dataset, frozenset(pilot.pair)]
        assert (pilot.measure, pilot.queries) == (same.measure, same.queries)
        assert pilot.spread == pytest.approx(same.spread, abs=0.002)


def test_judgements_are_queries_times_the_pool():
    pilot = Pilot("s", ("a", "b"), "nDCG@10", 100, 0.3, {5: 7.5, 10: 14})
    (planned,) = plan([pilot], 0.05)
    assert planned.queries == queries_needed(0.05, 0.3)
    assert planned.judgements == {5: round(planned.queries * 7.5), 10: planned.queries * 14}


@pytest.mark.parametrize(("difference", "power"), [(0, 0.8), (1, 0.8), (-0.1, 0.8), (0.1, 1), (0.1, float("nan"))])
def test_a_plan_for_what_cannot_be_is_refused(difference, power):
    with pytest.raises(BenchError, match="Give a number between 0 and 1"):
        plan([Pilot("s", ("a", "b"), "nDCG@10", 100, 0.3, {})], difference, power)
