"""docs/lesson.md: its blocks, in their order, print what stands there; its notebook comes to what is stored."""

from __future__ import annotations

import pytest
from lesson_notebook import PLACE, executed
from places import ROOT
from run_page import Reader, blocks, matches

PAGE = (ROOT / "docs" / "lesson.md").read_text("utf-8")
STEPS = 13


@pytest.mark.slow
def test_every_block_prints_what_the_page_shows(tmp_path, monkeypatch):
    for library in ("faiss", "wordllama"):
        pytest.importorskip(library)
    monkeypatch.chdir(tmp_path)
    reader, wrong = Reader(), []
    for block in blocks(PAGE):
        printed = reader.run(block)
        if block.printed is None:
            assert block.language.startswith("file") or not printed.strip(), block.content
        elif not matches(printed, block.printed):
            wrong.append(f"{block.content}\n=> {printed}\nnot {block.printed}")
    assert not wrong, "\n\n".join(wrong)


def test_each_step_has_something_to_run():
    steps = PAGE.split("\n## ")[1 : STEPS + 1]
    assert [int(step.partition(".")[0]) for step in steps] == list(range(1, STEPS + 1))
    assert all(any(block.printed for block in blocks(step)) for step in steps)


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        ("a\n", "a\n", True),
        ("a\nb\n", "a\n", False),
        ("took 3 s in /tmp/x\n", "took … s in …\n", True),
        ("a\nb\nc\n", "a\n…\nc\n", True),
        ("0.35\n", "0.3.\n", False),
    ],
)
def test_an_ellipsis_alone_stands_for_anything(printed, shown, same):
    assert matches(printed, shown) == same


def test_a_block_that_nobody_runs_is_an_error():
    with pytest.raises(AssertionError, match="nobody runs"):
        blocks("```bash\nrm x\n```\n")


def contents(notebook):
    """Of each cell its text and what it printed, as text and as HTML."""
    return [
        (cell["source"], [output.get("text") or dict(output["data"]) for output in cell.get("outputs", ())])
        for cell in notebook["cells"]
    ]


@pytest.mark.slow
def test_the_notebook_runs_and_comes_to_what_is_stored():
    nbformat = pytest.importorskip("nbformat")
    for library in ("nbclient", "ipykernel", "faiss", "wordllama"):
        pytest.importorskip(library)
    stored = nbformat.read(PLACE, as_version=4)
    assert contents(executed()) == contents(stored), "python tests/support/lesson_notebook.py makes it anew"


def test_the_notebook_names_no_place_and_no_time():
    text = PLACE.read_text("utf-8")
    assert "/tmp" not in text
    assert "/home" not in text
    assert str(ROOT) not in text
    assert "execution" not in text.replace('"execution_count"', "")
