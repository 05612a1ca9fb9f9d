"""docs/judging.md: its commands are ones, its program judges, and its figures are those of the code."""

from __future__ import annotations

import re
import shlex
import sys

import pytest
from places import ROOT
from small_judging import small_session

from bench.cli import main, parser
from bench.judging.endpoint import ANSWER_TOKENS, ATTEMPTS
from bench.judging.grades import read
from bench.judging.prompt import DOCUMENT_CHARACTERS

COMMANDS = [
    command
    for page in ("README.md", "docs/judging.md")
    for command in re.findall(
        r"^python -m bench ((?:judge|plan) [^#\n]+)", (ROOT / page).read_text("utf-8"), re.MULTILINE
    )
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one(command):
    assert callable(parser().parse_args(shlex.split(command)).command)


def test_the_program_judges(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "judging.md").read_text("utf-8")
    (program,) = re.findall(r"^```python\n(import json\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "grade.py").write_text(program, "utf-8")
    session = small_session(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["judge", f"plain:{tmp_path / 'docs'}", "--to", "judged", "--program", f"{sys.executable} grade.py"])
    assert ended.value.code == 0
    queries = {query.id: set(query.text.split()) for query in session.record.queries}
    texts = dict(zip(session.documents.documents["id"].to_pylist(), session.documents.texts, strict=True))
    lines = read(session.folder)
    assert len(lines) == len(session.pool)
    for line in lines:
        share = len(queries[line.query] & set(texts[line.document].split())) / len(queries[line.query])
        assert line.grade == round(3 * share)
        assert line.note == f"{share:.0%} of the words"


def test_the_figures_of_a_language_model_are_those_of_the_code():
    page = (ROOT / "docs" / "judging.md").read_text("utf-8")
    assert f"cut at {DOCUMENT_CHARACTERS:,} characters" in page
    assert f"may have {ANSWER_TOKENS:,} tokens" in page
    assert (ATTEMPTS, "a question has four tries" in page) == (4, True)
