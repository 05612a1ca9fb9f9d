"""Front matter of Markdown files: what is metadata, what is text, and what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.formats.front_matter import front_matter
from bench.errors import BenchError

PATH = Path("a.md")


@pytest.mark.parametrize(
    ("content", "fields", "text"),
    [
        (
            "---\ntitle: Pumps\nweight: 3\ndraft: false\n---\nText.\n",
            {"title": "Pumps", "weight": "3", "draft": "False"},
            "Text.\n",
        ),
        ('+++\ntitle = "Pumps"\ntags = ["a"]\n+++\nText.\n', {"title": "Pumps"}, "Text.\n"),
        ("---\r\ntitle: Pumps\r\n---\r\nText.\r\n", {"title": "Pumps"}, "Text.\n"),
        ("--- \ntitle: Pumps\n...\nText.\n", {"title": "Pumps"}, "Text.\n"),
        ("---\n# a comment\ntitle: Pumps\n---", {"title": "Pumps"}, ""),
        ("---\n---\nText.", {}, "Text."),
        ("+++\n+++\nText.", {}, "Text."),
        ("---\ntags: [a, b]\nmore: {x: 1}\nday: 2024-01-02\n---\nText.", {}, "Text."),
        ("---\nbase: &a [x]\ntitle: &t Pumps\nname: *t\n---\n", {"title": "Pumps", "name": "Pumps"}, ""),
    ],
)
def test_plain_values_are_fields_and_the_rest_is_text(content, fields, text):
    assert front_matter(content, PATH) == (fields, text)


@pytest.mark.parametrize(
    "content",
    [
        "---\n\nText between rules: it is.\n\n---\nMore.",
        "---\nText between rules.\n---\nMore.",
        "---\n- a list\n---\nMore.",
        "---\ntitle: nothing ends it\n",
        "+++\ntitle = 1",
        "Text.\n---\ntitle: not at the top\n---\n",
        "----\ntitle: a longer rule\n----\n",
        "",
    ],
)
def test_horizontal_rules_are_text(content):
    assert front_matter(content, PATH) == ({}, content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("---\ntitle: a: b\n---\n", "a.md:2: broken front matter: mapping values are not allowed here."),
        ("---\ntitle: a\ntags: [a, b\n---\nText.", "a.md:4: broken front matter: expected ',' or ']', but got"),
        ("+++\nx = 1\ntitle = \n+++\n", "a.md:3: broken front matter: Invalid value."),
        ("---\nday: 2024-13-45\n---\n", "a.md:3: broken front matter: month must be in 1..12."),
        (
            "---\nx: !!python/object:os.system ls\n---\n",
            "a.md:2: broken front matter: could not determine a constructor",
        ),
        ("---\nx: \a\n---\n", "a.md:3: broken front matter: unacceptable character"),
        (f"---\nx: {'[' * 5000}\n---\n", "nested too deeply."),
        (f"+++\nx = {'[' * 5000}\n+++\n", "nested too deeply."),
        (f"---\nx: {'9' * 5000}\n---\n", "broken front matter: Exceeds the limit"),
        (f"---\nx: {'1:1' * 9000}\n---\n", "broken front matter: Exceeds the limit"),
        (f"---\nx: {'y' * 40_000}\n---\n", "broken front matter: longer than 32,768 characters."),
    ],
)
def test_broken_front_matter_is_one_error_with_its_line(content, message):
    with pytest.raises(BenchError) as caught:
        front_matter(content, PATH)
    assert message in caught.value.message
    assert "put an empty line below it" in caught.value.hint


def test_a_bomb_of_aliases_is_refused_before_it_is_read():
    lines = ["a0: &a0 {k: v}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40))]
    with pytest.raises(BenchError, match="more than 16 aliases"):
        front_matter("\n".join(["---", *lines, "---"]), PATH)


@given(st.sampled_from(["---\n", "+++\n"]), st.text("a:=[]{}*&!|>-#'\" \n0\t\\", max_size=60))
def test_anything_is_fields_text_or_an_error(mark, inner):
    try:
        fields, text = front_matter(f"{mark}{inner}\n{mark}end", PATH)
    except BenchError:
        return
    assert text.endswith("end")
    assert all(isinstance(part, str) for pair in fields.items() for part in pair)
