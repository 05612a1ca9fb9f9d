"""Pictures of the documentation: they are there, small, said in words, and made by the script beside them."""

from __future__ import annotations

import re
import runpy

import pytest
from places import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SHOWN = [(page, *shown) for page in PAGES for shown in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text("utf-8"))]
PICTURES = ROOT / "docs" / "pictures"


@pytest.mark.parametrize(("page", "words", "path"), SHOWN, ids=lambda part: getattr(part, "name", None))
def test_a_picture_is_there_and_said_in_words(page, words, path):
    assert (page.parent / path).is_file()
    assert len(words.split()) > 3


def test_the_script_makes_every_picture_and_each_is_shown():
    made = {f"{name}.png" for name in runpy.run_path(str(PICTURES / "screenshots.py"))["SHOTS"]}
    assert made == {picture.name for picture in PICTURES.glob("*.png")}
    assert made <= {path.rpartition("/")[2] for _, _, path in SHOWN}


def test_pictures_are_small():
    assert max(picture.stat().st_size for picture in PICTURES.glob("*.png")) <= 150_000
