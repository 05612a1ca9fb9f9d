"""`bench ab`: the rule on series with known truths, sides and their work trees, the command end to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from bench.cli import main
from bench.errors import BenchError
from bench.machine.gauge import SpeedGauge
from bench.versions import sides
from bench.versions.process import SideError, SideProcess
from bench.versions.rule import Rule, interval, signed_rank, tails, verdict, walsh_averages
from bench.versions.selftest import NEIGHBOURS, Share, disjoint, simulate
from bench.versions.series import Series

ROUNDS = 80


# ------------------------------------------------------------------------------------------------- the rule


def test_the_null_distribution_is_that_of_all_signs():
    ranks = np.arange(1, 7)
    sums = [int(ranks[np.array(signs)].sum()) for signs in product((False, True), repeat=6)]
    expected = [np.mean(np.array(sums) <= t) for t in range(22)]
    assert signed_rank(6) == pytest.approx(expected)


def test_p_and_interval_are_those_of_scipy():
    from scipy import stats

    values = np.random.default_rng(3).normal(0.4, 1, 25)
    slower, faster = tails(walsh_averages(values), 25)
    assert slower == pytest.approx(stats.wilcoxon(values, alternative="greater", method="exact").pvalue)
    assert faster == pytest.approx(stats.wilcoxon(values, alternative="less", method="exact").pvalue)
    # The interval holds what a two-sided test at its level does not refuse, and nothing else.
    low, high = interval(walsh_averages(values), 25)
    for end, inside in ((low, 1e-6), (high, -1e-6)):
        assert stats.wilcoxon(values - end - inside, method="exact").pvalue > 0.05
        assert stats.wilcoxon(values - end + inside, method="exact").pvalue <= 0.05


def test_few_values_refuse_nothing():
    assert interval(walsh_averages(np.ones(4)), 4) == (-np.inf, np.inf)


def test_equal_times_are_no_difference():
    decision = Rule().run(np.zeros(ROUNDS))
    assert (decision.answer, decision.rounds, decision.p) == ("no difference shown", 10, 1.0)
    assert (decision.low, decision.change, decision.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rounds", "looks"), [(10, (10,)), (12, (10, 12)), (40, (10, 20, 40)), (100, (10, 20, 40, 80, 100))]
)
def test_looks_double_and_share_the_level(rounds, looks):
    rule = Rule(rounds)
    assert rule.looks == looks
    assert rule.level * 2 * len(looks) == pytest.approx(rule.alpha)


@pytest.mark.parametrize("rounds", [0, 9, 321])
def test_rounds_that_make_no_rule_are_refused(rounds):
    with pytest.raises(BenchError, match="rounds are asked for"):
        Rule(rounds)


def test_rounds_that_could_never_prove_anything_are_refused():
    """Every round slower would still be p = 2^-10: a gate that cannot close."""
    with pytest.raises(BenchError, match="can prove nothing"):
        Rule(10, alpha=Rule.alpha / 2)


def test_the_rule_looks_only_when_it_may():
    logs = np.zeros(ROUNDS)
    assert [n for n in range(1, ROUNDS + 1) if Rule().decide(logs[:n]) is not None] == [10, 20, 40, 80]


def test_a_change_below_the_floor_is_no_alarm_however_sure():
    logs = np.log(1.02) + np.random.default_rng(0).normal(0, 0.002, ROUNDS)
    assert Rule().run(logs).answer == "no difference shown"


def test_noise_that_forbids_an_answer_is_said():
    assert Rule().run(np.random.default_rng(0).normal(0, 0.5, ROUNDS)).answer == "inconclusive (noisy)"


def test_faster_is_the_mirror_of_slower():
    logs = np.random.default_rng(0).normal(0.2, 0.05, ROUNDS)
    slower, faster = Rule().run(logs), Rule().run(-logs)
    assert (slower.answer, faster.answer) == ("slower", "faster")
    assert slower.p == faster.p
    assert (1 + slower.change) * (1 + faster.change) == pytest.approx(1)


def test_of_several_answers_the_worst_counts():
    assert verdict(["faster", "inconclusive (noisy)", "slower", "no difference shown"]) == "slower"
    assert verdict(["faster", "no difference shown"]) == "no difference shown"


def quiet(rng):
    return 0.05 * rng.standard_normal(4 * ROUNDS)


def heavy_tails(rng):
    return 0.05 * rng.standard_t(2, 4 * ROUNDS)


def autocorrelated(rng):
    steps = 0.03 * rng.standard_normal(4 * ROUNDS)
    for at in range(1, len(steps)):
        steps[at] += 0.95 * steps[at - 1]
    return steps


def drifting(rng):
    return quiet(rng) + np.linspace(0, 1, 4 * ROUNDS)


def bursts(rng):
    """A neighbour that takes half the machine, three blocks at a time."""
    busy = np.repeat(rng.random(2 * ROUNDS) < 0.2, 3)[: 4 * ROUNDS]
    return 0.03 * rng.standard_normal(4 * ROUNDS) + 0.5 * busy


PROCESSES = [quiet, heavy_tails, autocorrelated, drifting, bursts]


def series(noise, rng, change=0.0):
    """Log ratios of rounds whose blocks have this noise, in time's order, and whose sides are ordered by a coin."""
    first, second, third, fourth = noise(rng).reshape(ROUNDS, 4).T
    coin = np.where(rng.integers(2, size=ROUNDS), 1, -1)
    return coin * (first + fourth - second - third) / 2 + np.log1p(change)


def answers(noise, change, runs):
    rng = np.random.default_rng(7)
    return Counter(Rule().run(series(noise, rng, change)).answer for _ in range(runs))


@pytest.mark.parametrize("noise", PROCESSES)
def test_false_alarms_keep_their_bound(noise):
    found = answers(noise, 0.0, 1000)
    alarms = Share(found["slower"] + found["faster"], 1000)
    assert alarms.low <= 0.01
    assert alarms.value <= 0.015


@pytest.mark.statistics
@pytest.mark.parametrize("noise", PROCESSES)
def test_false_alarms_of_many_runs(noise):
    """The figures of docs/ab.md."""
    found = answers(noise, 0.0, 10_000)
    assert Share(found["slower"] + found["faster"], 10_000).high <= 0.01


@pytest.mark.parametrize("noise", PROCESSES)
def test_ten_percent_is_found_four_times_in_five(noise):
    assert answers(noise, 0.10, 200)["slower"] >= 160


@pytest.mark.parametrize("noise", PROCESSES)
def test_twenty_percent_is_not_missed(noise):
    assert answers(noise, 0.20, 100)["slower"] >= 99


# ------------------------------------------------------------------------------------------- rounds, self-test


class Scripted:
    """A side whose queries take a fixed time each, and which remembers what it was asked."""

    def __init__(self, log, name, nanoseconds):
        self.log, self.name, self.nanoseconds = log, name, nanoseconds

    def time(self, queries):
        self.log.append((self.name, queries.tolist()))
        return np.full(len(queries), self.nanoseconds, dtype=np.int64)


@pytest.fixture
def gauge():
    made = SpeedGauge(1)
    yield made
    made.close()


def test_both_sides_get_the_same_queries_in_an_order_by_coin(gauge):
    log = []
    base, head = Scripted(log, "base", 4_000_000), Scripted(log, "head", 5_000_000)
    taken = Series(base, head, 3, np.random.default_rng(0), gauge)
    taken.warm_up()
    log.clear()
    for _ in range(20):
        taken.take()
    orders = Counter()
    for start in range(0, len(log), 4):
        names, queries = zip(*log[start : start + 4], strict=True)
        orders[names] += 1
        assert all(each == queries[0] for each in queries)
        assert len(queries[0]) == 10  # what takes the slower side 50 ms
    assert set(orders) == {("base", "head", "head", "base"), ("head", "base", "base", "head")}
    assert taken.logs == pytest.approx(np.full(20, np.log(5 / 4)))
    assert {each.base_first for each in taken.rounds} == {True, False}
    assert all(each.gauge > 0 for each in taken.rounds)


def test_clopper_and_pearson_are_those_of_scipy():
    from scipy import stats

    for count, runs in ((0, 60), (1, 1000), (47, 60), (60, 60)):
        expected = stats.binomtest(count, runs).proportion_ci(method="exact")
        assert (Share(count, runs).low, Share(count, runs).high) == pytest.approx((expected.low, expected.high))


def test_the_self_test_finds_the_rates_of_a_known_machine():
    rng = np.random.default_rng(0)
    found = simulate(Rule(), [rng.normal(0, 0.05, 300) for _ in range(6)], rng, runs=1000)
    assert found.alarms.high < 0.01
    assert found.detected[0.10].low > 0.95
    assert found.detected[0.20].count == 1000
    assert 10 <= found.rounds < 20


def test_the_self_test_sees_processes_that_differ_for_good():
    """Pooled over pairs such a difference would vanish in the mean; a real comparison has one pair, and an alarm."""
    rng = np.random.default_rng(0)
    pairs = [shift + rng.normal(0, 0.01, 80) for shift in (0.1, -0.1)]
    assert simulate(Rule(), pairs, rng, runs=50).alarms.count == 50
    assert disjoint(Rule(), pairs) == Share(2, 2)


def test_neighbouring_rounds_stay_together():
    assert ROUNDS % NEIGHBOURS == 0
    seen = []

    class Watching(Rule):
        def run(self, logs):
            seen.append(logs)
            return super().run(logs)

    simulate(Watching(), [np.arange(100) / 1e4], np.random.default_rng(0), runs=5)
    for logs in seen:
        steps = np.round(np.abs(np.diff(logs.reshape(-1, NEIGHBOURS), axis=1)) * 1e4)
        assert set(steps.ravel()) <= {1.0, 99.0}


# ------------------------------------------------------------------------------------------------------ sides

STUB = """
import os, time
import numpy as np


class Hits:
    pass


class Sleeper:
    def index(self, documents):
        print("a retriever may print")

    def search(self, queries, k):
        if {dies}:
            os.write(2, b"out of luck\\n")
            os._exit(7)
        time.sleep({seconds})
        return Hits()


def create(specification):
    if specification != "sleeper":
        raise ValueError("there is no " + specification)
    return Sleeper()
"""


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def write_stub(folder, seconds, dies=False):
    package = folder / "retrievers"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(STUB.format(seconds=seconds, dies=dies))
    return folder


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Three versions of a retriever: tags "before" (3 ms), "slow" (30% more) and "deadly"; the current folder."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    for tag, seconds, dies in (("before", 0.003, False), ("slow", 0.0039, False), ("deadly", 0.003, True)):
        write_stub(folder, seconds, dies)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", tag)
        git(folder, "tag", tag)
    monkeypatch.chdir(folder)
    return folder


def trees(folder):
    listed = subprocess.run(["git", "worktree", "list"], cwd=folder, check=True, capture_output=True, text=True)
    return len(listed.stdout.splitlines())


def test_a_ref_is_checked_out_and_removed_again(repository):
    with sides.opened("before") as side:
        assert "0.003" in (side.folder / "retrievers" / "__init__.py").read_text()
        assert len(side.revision) == 40
        assert trees(repository) == 2
        kept = side.folder
    assert not kept.exists()
    assert trees(repository) == 1


def test_a_work_tree_is_removed_after_a_failure(repository):
    with pytest.raises(RuntimeError, match="halfway"), sides.opened("before"):
        raise RuntimeError("halfway")
    assert trees(repository) == 1


@pytest.mark.parametrize("ref", ["no-such-ref", "--upload-pack=x", "HEAD:retrievers"])
def test_what_is_no_version_is_one_error(repository, ref):
    with pytest.raises(BenchError, match="names no version of the code"), sides.opened(ref):
        pass
    assert trees(repository) == 1


def test_an_empty_name_is_not_this_folder(repository):
    """An unset variable in a CI job would compare the code with itself, and pass."""
    with pytest.raises(BenchError, match="empty text"), sides.opened(""):
        pass


def test_a_folder_of_a_repository_stays_that_folder(repository, monkeypatch):
    write_stub(repository / "inner", 0.5)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "inner")
    monkeypatch.chdir(repository / "inner")
    with sides.opened("HEAD") as side:
        assert "0.5" in (side.folder / "retrievers" / "__init__.py").read_text()


def test_a_shallow_clone_says_that_it_is_one(repository, tmp_path, monkeypatch):
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", str(clone))
    monkeypatch.chdir(clone)
    with pytest.raises(BenchError) as caught, sides.opened("before"):
        pass
    assert "'before' names no version" in caught.value.message
    assert "This clone is shallow" in caught.value.hint
    assert "git fetch --unshallow" in caught.value.hint


def test_no_repository_is_one_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(BenchError, match=r"names no version of the code \(fatal: not a git"), sides.opened("main"):
        pass


def test_a_checkout_is_itself(repository):
    with sides.opened(".") as side:
        assert (side.folder, side.revision) == (repository.resolve(), "")
        assert trees(repository) == 1


def test_an_environment_is_its_interpreter(tmp_path):
    link = tmp_path / "venv" / "bin" / "python"
    link.parent.mkdir(parents=True)
    link.symlink_to(sys.executable)
    for name in (tmp_path / "venv", link):
        with sides.opened(str(name)) as side:
            assert (side.python, side.folder) == (link, None)


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "documents").write_text('"a cat"\n"line\\u2028separator"\n')
    (folder / "queries").write_text('"cat"\n')
    return folder


def started(folder, texts, retriever="sleeper", timeout=3600.0):
    return SideProcess(sides.Side("head", Path(sys.executable), folder), retriever, texts, 1, timeout)


def test_a_side_is_timed(tmp_path, texts):
    process = started(write_stub(tmp_path / "code", 0.001), texts)
    try:
        samples = process.time(np.array([0, 0, 0]))
        assert samples.dtype == np.int64
        assert (samples >= 1_000_000).all()
    finally:
        process.close()


def test_a_side_that_dies_gives_its_last_words(tmp_path, texts):
    process = started(write_stub(tmp_path / "code", 0, dies=True), texts)
    with pytest.raises(SideError, match=r"head: its process ended with status 7\. out of luck"):
        process.time(np.array([0]))
    process.close()


def test_a_side_that_hangs_is_ended(tmp_path, texts):
    process = started(write_stub(tmp_path / "code", 60), texts)
    process._timeout = 0.2
    with pytest.raises(SideError, match=r"longer than 0\.2 s"):
        process.time(np.array([0]))
    process.close()
    assert process._process.returncode is not None


def test_a_side_ends_when_nobody_asks_any_more(tmp_path, texts):
    process = started(write_stub(tmp_path / "code", 60), texts)
    process._process.stdin.write('{"time": [0]}\n')  # a minute's work
    process._process.stdin.close()
    assert process._process.wait() == 0
    assert process._replies.get() == ""  # it ended without doing that work
    process.close()


def test_a_side_without_the_retriever_says_so(tmp_path, texts):
    with pytest.raises(SideError, match="head: ValueError: there is no bm25"):
        started(write_stub(tmp_path / "code", 0), texts, "bm25")


def test_code_from_elsewhere_is_not_measured(tmp_path, texts, monkeypatch):
    """A folder without the package would be compared with whatever is installed."""
    hidden = write_stub(tmp_path / "other", 0)
    monkeypatch.setattr(
        "bench.versions.process._environment", lambda side, threads: {**os.environ, "PYTHONPATH": str(hidden)}
    )
    with pytest.raises(SideError, match="the code came from"):
        started(write_stub(tmp_path / "code", 0), texts)


# -------------------------------------------------------------------------------------------------- the command


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main(["ab", *map(str, arguments)])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def test_a_slower_head_is_exit_1(repository, write_set, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("bench.versions.series.BLOCK_SECONDS", 0.02)
    stored = tmp_path / "ab.json"
    code, out, err = call(
        capsys, "--base", "before", "--head", "slow", "-d", write_set(), "-r", "sleeper", "--json", stored
    )
    assert (code, err) == (1, "")
    assert "slower" in out
    assert trees(repository) == 1
    found = json.loads(stored.read_text())
    (only,) = found["retrievers"]
    assert (found["answer"], only["decision"]["answer"]) == ("slower", "slower")
    assert 0.1 < only["decision"]["change"] < 0.5
    assert len(only["rounds"]) == only["decision"]["rounds"]
    assert np.array(only["rounds"][0]["base"]).shape[0] == 2
    assert found["base"]["name"] == "before"


PLUG_IN = """
import time
from dataclasses import dataclass

from retrievers import Ranking


@dataclass
class Mine:
    def index(self, documents):
        pass

    def search(self, queries, k):
        time.sleep({seconds})
        return Ranking.empty(len(queries), k)
"""


@pytest.fixture
def plug_ins(tmp_path, monkeypatch):
    """Two versions of a repository that holds a plug-in alone, "before" and "slow"; the current folder, at "slow"."""
    folder = tmp_path / "plug-ins"
    folder.mkdir()
    git(folder, "init", "-q")
    for tag, seconds in (("before", 0.003), ("slow", 0.0039)):
        (folder / "mine.py").write_text(PLUG_IN.format(seconds=seconds))
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", tag)
        git(folder, "tag", tag)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("bench.versions.series.BLOCK_SECONDS", 0.02)
    return folder


def test_a_repository_of_plug_ins_alone_has_versions_too(plug_ins, write_set, capsys):
    code, out, err = call(capsys, "--base", "before", "-d", write_set(), "-r", "mine:Mine")
    assert (code, err) == (1, "")
    assert "slower" in out


def test_a_retriever_that_is_not_of_the_version_is_not_measured(plug_ins, write_set, capsys):
    code, out, _ = call(capsys, "--base", "before", "--head", "slow", "-d", write_set(), "-r", "bm25")
    assert code == 5
    assert "bm25 failed: before: the code came from" in " ".join(out.split())


def test_two_environments_that_take_one_file_are_not_compared(plug_ins, write_set, tmp_path, capsys):
    """Neither has the plug-in installed, so both find it in the current folder."""
    places = os.pathsep.join(filter(None, sys.path))
    for name in ("a", "b"):
        (tmp_path / name / "bin").mkdir(parents=True)
        script = f'#!/bin/sh\nPYTHONPATH="{places}" exec "{sys.executable}" "$@"\n'
        (tmp_path / name / "bin" / "python").write_text(script)
        (tmp_path / name / "bin" / "python").chmod(0o755)
    arguments = ("--base", tmp_path / "a", "--head", tmp_path / "b", "-d", write_set(), "-r", "mine:Mine")
    code, out, _ = call(capsys, *arguments)
    assert code == 5
    assert "both sides took it from" in " ".join(out.split())


def test_a_side_that_dies_is_exit_5(repository, write_set, capsys):
    code, out, err = call(capsys, "--base", "before", "--head", "deadly", "-d", write_set(), "-r", "sleeper")
    assert (code, err) == (5, "")
    assert "sleeper failed: deadly: its process ended with status 7. out of luck" in out
    assert trees(repository) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--head", "slow"), "--base is missing"),
        (("--base", "nowhere"), "'nowhere' names no version"),
        (("--base", "before", "--head", "nowhere"), "'nowhere' names no version"),
        (("--base", "slow", "--head", "HEAD~1"), "slow and HEAD~1 are one and the same version"),
        (("--base", "."), ". and . are one and the same version"),
        (("--base", "before", "--max-rounds", "3"), "3 rounds are asked for"),
        (("--base", "before", "--threads", "0"), "--threads is 0"),
        (("--base", "before", "--json", "no/folder/x.json"), "There is no folder"),
    ],
)
def test_bad_input_is_exit_2(repository, write_set, capsys, arguments, message):
    code, out, err = call(capsys, *arguments, "-d", write_set(), "-r", "sleeper")
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert trees(repository) == 1


@pytest.mark.parametrize(("flags", "expected"), [((), 0), (("--strict",), 4)])
def test_noise_is_exit_4_only_where_asked(repository, write_set, capsys, monkeypatch, flags, expected):
    noise = np.random.default_rng(0).normal(0, 1, ROUNDS)
    monkeypatch.setattr(Series, "logs", property(lambda self: noise[: len(self.rounds)]))
    arguments = ("--base", "before", "--head", "slow", "-d", write_set(), "-r", "sleeper", "--max-rounds", 10)
    code, out, _ = call(capsys, *arguments, *flags)
    assert code == expected
    assert "inconclusive (noisy)" in out


def test_the_self_test_shows_and_stores_its_rates(write_set, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("bench.versions.selftest.RUNS", 50)
    monkeypatch.setattr("bench.versions.series.BLOCK_SECONDS", 0.002)
    stored = tmp_path / "self.json"
    code, out, _ = call(
        capsys, "--self-test", "-d", write_set(), "-r", "bm25", "--seconds", 0, "--max-rounds", 10, "--json", stored
    )
    assert code == 0
    for text in ("bm25 on small against itself: 10 rounds", "false alarms", "+10% found", "Lasting difference"):
        assert text in out
    found = json.loads(stored.read_text())
    assert found["false_alarms_of_disjoint_runs"]["runs"] == 1
    assert list(found["found"]) == ["+10%", "+20%"]
    assert [len(pair) for pair in found["log_ratios"]] == [10]
