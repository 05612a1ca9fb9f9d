"""Title and text of reStructuredText, with what only Sphinx knows and what would read other files."""

from __future__ import annotations

import datetime

import pytest

from bench.data.formats import restructured_text
from bench.errors import BenchError


@pytest.fixture
def read(tmp_path, capfd):
    """Title ("" for none) and text of a file with this content; docutils says nothing to the terminal."""

    def read(content):
        path = tmp_path / "a.rst"
        path.write_text(content, "utf-8")
        fields, text = restructured_text.read(path)
        assert capfd.readouterr() == ("", "")
        return fields.get("title", ""), text

    return read


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        ("=====\nPumps\n=====\n\nSome *text*.\n\nValves\n------\n\nMore.\n", "Pumps", "Some text.\n\nValves\n\nMore."),
        ("A\n=\n\na\n\nB\n=\n\nb\n", "A", "a\n\nB\n\nb"),
        ("See :ref:`the guide <guide>` and :func:`~os.path`.", "", "See the guide and os.path."),
        ("`A link <http://x.org>`_ to it.", "", "A link to it."),
        (
            ".. function:: open(path)\n   :noindex:\n\n   Open *it*.\n\n   .. versionadded:: 3.2",
            "",
            "open(path)\n\nOpen it.\n\n3.2",
        ),
        (".. note::\n\n   Read this.", "", "Read this."),
        (".. toctree::\n   :maxdepth: 2\n\n   guide\n\n.. index:: pump\n\n.. comment\n\nText.", "", "Text."),
        (".. admonition:: Nice URLs\n\n   Set it.\n\nPages\n=====\n\nMore.", "Pages", "Nice URLs\n\nSet it.\n\nMore."),
        ("Text.\n\n.. sidebar:: Beside\n\n   It.", "", "Text.\n\nBeside\n\nIt."),
        (".. title: The Handbook\n.. slug: handbook\n.. tags:\n\nA\n=\n\na", "The Handbook", "A\n\na"),
        (".. title: Pumps\n\npumps\n=====\n\na", "Pumps", "a"),
        (".. contents::\n\nA\n=\n\nText.", "A", "Text."),
        (":Author: Ann\n\nText.", "", "Text."),
        ("Bad\n===\n\n.. table::\n\n   x", "Bad", ".. table::\n\n   x"),
        ("Plain words only", "", "Plain words only"),
        ("", "", ""),
    ],
)
def test_title_and_text(read, content, title, text):
    assert read(content) == (title, text)


@pytest.mark.parametrize(
    "directive", ["include:: {}", "literalinclude:: {}", "raw:: html\n   :file: {}", "csv-table::\n   :file: {}"]
)
def test_no_other_file_is_read(read, tmp_path, directive):
    (tmp_path / "secret.txt").write_text("hunter2", "utf-8")
    _, text = read(f".. {directive.format(tmp_path / 'secret.txt')}\n\nText.\n")
    assert "hunter2" not in text
    assert text.endswith("Text.")


def test_the_text_does_not_depend_on_the_day(read):
    _, text = read(".. |today| date::\n\nPrinted |today|.")
    assert str(datetime.date.today().year) not in text


def test_settings_of_the_user_are_not_read(read, tmp_path, monkeypatch):
    (tmp_path / "docutils.conf").write_text("[general]\nreport_level: 1\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert read("`unknown`_ :none:`x` |y|") == ("", "`unknown`_ x |y|")


@pytest.mark.parametrize(
    "content",
    ["* " * 2000 + "word", "".join(f"{'  ' * n}* word\n\n" for n in range(400)), f"{'x' * 20_000}\n\nword"],
)
def test_what_docutils_cannot_read_is_text_as_it_stands(read, content):
    assert read(content) == ("", content.strip())


def test_docutils_is_left_as_it_was(read):
    from docutils.parsers.rst import directives, roles

    before = directives.directive, roles.role
    read(".. unknown::\n\n:unknown:`x`")
    assert (directives.directive, roles.role) == before


def test_what_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(restructured_text, "LONGEST", 1 << 20)
    (tmp_path / "a.rst").write_text("word\n" * 300_000, "utf-8")
    with pytest.raises(BenchError, match=r"a\.rst is longer than 1 MiB"):
        restructured_text.read(tmp_path / "a.rst")
