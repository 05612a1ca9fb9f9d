"""The checks of the contract that a plug-in's author runs: each of them can fail, and says what is wrong."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from broken import BROKEN, All, Keeps, Sound, Trembles, Wide
from places import ROOT

from retrievers import RetrieverError
from retrievers.testing import CHECKS, LEXICAL_CHECKS, ContractError, check_retriever


def test_a_sound_retriever_passes_all():
    check_retriever(Sound)
    check_retriever("broken:Sound")


def test_there_is_a_broken_one_for_each_check():
    assert BROKEN.keys() == {**CHECKS, **LEXICAL_CHECKS}.keys()


@pytest.mark.parametrize("check", BROKEN)
def test_a_check_fails_on_what_breaks_it(check):
    with pytest.raises(ContractError) as caught:
        check_retriever(BROKEN[check], check)
    assert caught.value.check == check
    with pytest.raises(ContractError) as caught:
        check_retriever(BROKEN[check])
    assert caught.value.check == check, "another one, which stands before it, fails too"


def test_the_error_says_what_was_asked_what_came_back_and_what_to_do():
    with pytest.raises(ContractError) as caught:
        check_retriever(Wide)
    assert isinstance(caught.value, AssertionError)
    error = str(caught.value)
    assert error.startswith("one row of at most k hits a query, int64 and float32: search(['cat on a mat', ")
    assert "over 10 documents gave int64 positions and float64 scores. Give int64 and float32: begin" in error


def test_an_exception_is_part_of_the_error_and_its_cause():
    with pytest.raises(ContractError, match=r"index\(\['the of'\]\) gave the error ValueError: cannot index") as caught:
        check_retriever(BROKEN["only stop words can be indexed"])
    assert isinstance(caught.value.__cause__, ValueError)


def test_what_is_left_of_the_first_index_is_shown_beside_what_it_should_be():
    with pytest.raises(ContractError) as caught:
        check_retriever(Keeps, "a second index replaces the first")
    assert "over 1 document gave [0, -1, -1, -1, -1] with [1.0, " in str(caught.value)
    assert "but [-1, -1, -1, -1, -1] with [-inf, " in str(caught.value)
    assert "where nothing was indexed before." in str(caught.value)


def test_lexical_checks_are_for_who_is_lexical():
    with pytest.raises(ContractError, match="without a shared term"):
        check_retriever(All)
    check_retriever(All, lexical=False)


def test_neural_scores_may_move_by_their_tolerance():
    check = "the answer does not depend on batches"
    check_retriever(Trembles, check)
    for settings in ({"tolerance": 0.0}, {"tolerance": 1e-7}):
        with pytest.raises(ContractError, match=check):
            check_retriever(Trembles, check, **settings)
    with pytest.raises(ContractError, match=check):
        check_retriever("broken:Trembles:by=0.001", check)


@pytest.mark.parametrize(
    ("retriever", "checks", "message"),
    [
        (Sound(), (), "makes no retriever. Give its class"),
        (dict, (), "makes no retriever"),
        ("bm26", (), "Did you mean 'bm25'"),
        (Sound, ("ties",), "There is no check 'ties'. Known: one row"),
    ],
)
def test_a_wrong_argument_is_no_breach(retriever, checks, message):
    with pytest.raises(RetrieverError) as caught:
        check_retriever(retriever, *checks)
    assert message in str(caught.value)


def test_a_plain_script_needs_neither_pytest_nor_the_harness(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "sys.modules['pytest'] = None\n"
        "from retrievers.testing import check_retriever\n"
        "check_retriever('bm25')\n"
        "print([name for name in sys.modules if name.partition('.')[0] in ('bench', 'torch')])\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


@pytest.mark.slow
def test_the_pages_example_keeps_the_contract_and_its_test_says_so(tmp_path):
    text = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    files = dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", text, re.DOTALL))
    for name in ("shortest.py", "test_shortest.py"):
        (tmp_path / name).write_text(files[name])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shortest.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout
    assert f"{len(CHECKS)} passed" in done.stdout
    (tmp_path / "shortest.py").write_text(files["shortest.py"].replace("require_index(self._lengths)", "pass"))
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (
        "ContractError: search before index is a clear error: search before index gave the error TypeError"
        in done.stdout
    )
