"""Judging as a person does it: a real browser, a real process, keys; killed, begun again, two at once."""

from __future__ import annotations

import itertools
import json
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from browser import Watch, started, violations
from places import ROOT

from bench.judging.grades import GRADES, GradeLine, append, read, settled

pytestmark = pytest.mark.slow

WORDS = "red green blue old new big small warm cold wet dry loud".split()
HOSTILE = [
    "red </script><script>window.taken = 1</script><img src=x onerror='window.taken = 1'> green",
    "blue \u202edesrever\u202c old \x07\x1b[31m new \u2066x\u2069",
    "big " + "a" * 100_000 + " small",
]


@pytest.fixture(scope="module")
def browser():
    with started() as made:
        yield made


@pytest.fixture
def docs(tmp_path):
    """Documents and a log of queries."""
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS, size=int(rng.integers(3, 12)))) for _ in range(60)]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "corpus.txt").write_text("\n".join(lines), "utf-8")
    (tmp_path / "log.txt").write_text("\n".join(f"{a} {b}" for a, b in itertools.pairwise(WORDS)), "utf-8")
    return tmp_path


def lines_of(folder):
    """The acts on disk."""
    return read(folder / "judged")


@contextmanager
def judging(folder, *flags, begin=True):
    """`bench judge` as a process, and the address that it prints."""
    queries = ["--queries", "log.txt", "-r", "bm25", "-r", "flat=bm25:b=0"] if begin else []
    command = [sys.executable, "-m", "bench", "judge", "docs", "--to", "judged", *queries, *flags]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        for line in process.stderr:
            if address := re.search(r"http://\S+", line):
                yield process, address[0]
                break
        else:
            raise AssertionError(f"no address: {process.wait()}")
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def environment():
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}


def shown(page):
    """The query and the document that stand there."""
    return page.inner_text("#judging-query"), page.inner_text("#judging-document")


def press(page, key):
    """A key, and the answer of the server to it."""
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.keyboard.press(key)
    page.wait_for_selector("#judging[aria-busy=false]")


def opened(browser, address, **settings):
    page = browser.new_page(**settings)
    page.set_default_timeout(10_000)
    watch = Watch(page)
    page.goto(address)
    page.wait_for_selector("#judging-grades button")
    return page, watch


def test_fifty_documents_by_keys_undone_killed_and_begun_again(browser, docs):
    with judging(docs) as (process, address):
        page, watch = opened(browser, address)
        seen = []
        for number in range(50):
            seen.append(shown(page))
            press(page, "s" if number % 10 == 9 else str(number % 4))
        assert [line.action for line in lines_of(docs)].count("skip") == 5
        assert [line.position for line in lines_of(docs)] == list(range(50))
        press(page, "u")
        assert shown(page) == seen[-1]
        page.keyboard.press("n")
        page.keyboard.type("not sure 3")
        page.keyboard.press("Enter")
        press(page, "3")
        assert (lines_of(docs)[-1].grade, lines_of(docs)[-1].note) == (3, "not sure 3")
        press(page, "1")
        following = shown(page)
        assert len(lines_of(docs)) == 53
        origin = re.match(r"http://[^/]+", address)[0]
        assert all(request.startswith((origin, "data:")) for request in watch.requests)
        assert not watch.errors

        process.send_signal(signal.SIGKILL)
        process.wait()
        page.keyboard.press("2")
        page.wait_for_selector("#judging-error:not([hidden])")
        assert "bench judge again" in page.inner_text("#judging-error")
        assert len(lines_of(docs)) == 53
        page.close()
    with judging(docs, begin=False) as (_, address):
        page, _ = opened(browser, address)
        assert shown(page) == following
        page.close()


def test_ending_it_writes_a_set_that_a_run_takes(browser, docs):
    with judging(docs) as (process, address):
        page, _ = opened(browser, address)
        for number in range(12):
            press(page, str(number % 4))
        page.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert "python -m bench judge --to judged --status" in process.stderr.read(), "a part is judged"
    assert (docs / "judged" / "qrels" / "test.tsv").read_text().count("\n") == 13


def test_two_judge_at_once(browser, docs):
    alone = ("--shared", "0", "--repeat", "0")
    with (
        judging(docs, "--judge", "ann", *alone) as (_, one),
        judging(docs, "--judge", "bob", *alone, begin=False) as (_, other),
    ):
        pages = [opened(browser, address)[0] for address in (one, other)]
        for _ in range(15):
            for page in pages:
                press(page, "2")
        for page in pages:
            page.close()
    lines = lines_of(docs)
    assert {judge: sum(line.judge == judge for line in lines) for judge in ("ann", "bob")} == {"ann": 15, "bob": 15}
    twice = len(lines) - len({line.pair for line in lines})
    assert twice <= 3, "what both were shown before the other had answered"


def test_two_windows_of_one_judge_never_grade_what_the_other_shows(browser, docs):
    with judging(docs) as (_, address):
        first, second = (opened(browser, address)[0] for _ in range(2))
        press(first, "3")
        press(second, "0")
        assert "already" in second.inner_text("#judging-error")
        assert shown(first) == shown(second)
        assert [line.grade for line in lines_of(docs)] == [3]
        press(second, "1")
        assert [line.grade for line in lines_of(docs)] == [3, 1]
        first.close(), second.close()


SETTINGS = [{}, {"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 740}}]


@pytest.mark.parametrize("settings", SETTINGS)
def test_no_state_breaks_a_rule_of_accessibility(browser, docs, settings):
    with judging(docs) as (_, address):
        page, _ = opened(browser, address, **settings)
        assert not violations(page)
        page.keyboard.press("m")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.locator("#judging-document mark").count()
        assert not violations(page)
        press(page, "2")
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        page.close()


@pytest.mark.parametrize("settings", SETTINGS)
def test_no_state_of_settling_breaks_a_rule_of_accessibility(browser, docs, settings):
    with judging(docs) as (_, address):
        page, _ = opened(browser, address)
        for grade in "03":
            press(page, grade)
        page.close()
    given = lines_of(docs)
    append(docs / "judged", *(GradeLine(*line.pair, "bob", grade=3 - line.grade, note="I think so") for line in given))
    with judging(docs, "--settle", "--judge", "eve", begin=False) as (_, address):
        page, watch = opened(browser, address, **settings)
        assert "I think so" in page.inner_text("main")
        assert not violations(page)
        page.keyboard.press("m")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert not violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        press(page, "1")
        press(page, "s")
        assert page.locator("#judging-grades button:disabled").count() == 4
        assert not violations(page)
        press(page, "u")
        assert page.locator("#judging-grades button:disabled").count() == 0
        assert list(settled(lines_of(docs)).values()) == [1]
        assert not watch.errors
        page.close()


def test_when_nothing_is_left_it_says_so(browser, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "corpus.txt").write_text("red green\nblue old", "utf-8")
    (tmp_path / "log.txt").write_text("red blue", "utf-8")
    with judging(tmp_path) as (_, address):
        page, _ = opened(browser, address)
        press(page, "3")
        press(page, "0")
        assert "nothing left" in page.inner_text("#judging-query")
        assert page.locator("#judging-grades button:disabled").count() == 4
        assert not violations(page)
        press(page, "u")
        assert page.locator("#judging-grades button:disabled").count() == 0
        page.close()


def test_strangers_texts_stay_texts(browser, docs):
    path = docs / "docs" / "corpus.txt"
    path.write_text("\n".join(HOSTILE), "utf-8")
    (docs / "log.txt").write_text("red green\nblue old\nbig small </script><b>", "utf-8")
    with judging(docs) as (_, address):
        page, watch = opened(browser, address, viewport={"width": 360, "height": 740})
        texts = []
        while page.locator("#judging-grades button:disabled").count() == 0:
            texts.append(shown(page)[1])
            page.keyboard.press("m")
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            press(page, "1")
        assert page.evaluate("window.taken") is None
        assert any("<script>" in text for text in texts)
        assert not any(set(text) & {"\u202e", "\u2066", "\x07", "\x1b"} for text in texts)
        assert any(len(text) > 100_000 for text in texts)
        assert not watch.errors
        page.close()


def test_the_log_holds_json_lines_alone(browser, docs):
    with judging(docs) as (_, address):
        page, _ = opened(browser, address)
        press(page, "0")
        page.close()
    for line in (docs / "judged" / GRADES).read_text("utf-8").splitlines():
        assert json.loads(line)["judge"] == "judge"
