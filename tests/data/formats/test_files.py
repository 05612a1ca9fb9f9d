"""A folder of text files: each a document, labelled by the files' names."""

from __future__ import annotations

import os

import pytest

from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError

FILES = {
    "shipping.md": "Some words first.\n\n## How we ship ##\n\nParcels leave within a day.\n",
    "returns.txt": "# 30 days\nSend it back.\n",
    "pay/by card.md": "\ufeff```sh\n# no heading\n```\nWe take cards.\n",
    "pay/index.md": "# Paying\n",
    "hours/index.md": "#hashtag\nFrom nine to five.\n",
    "queries.csv": "query,relevant,kind\nwhen will it arrive,shipping.md,words\nvisa,by card.md,code\n",
}


@pytest.fixture
def write(tmp_path):
    """Write a folder of files; by default a right one."""

    def write(files=FILES, **more):
        for name, content in {**files, **more}.items():
            path = tmp_path / "docs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "docs"

    return write


def failing(folder, **options):
    with pytest.raises(BenchError) as caught:
        load_dataset(folder, Options(**options))
    assert caught.value.hint
    return str(caught.value)


def texts(found):
    return dict(zip(found.documents["id"].to_pylist(), found.texts, strict=True))


def test_each_file_is_a_document_by_its_path(write):
    found = load_dataset(write())
    assert (found.name, found.note) == ("docs", "each file is a document")
    assert texts(found) == {
        "shipping.md": "How we ship Some words first.\n\n\nParcels leave within a day.",
        "returns.txt": "returns # 30 days\nSend it back.",
        "pay/by%20card.md": "by card ```sh\n# no heading\n```\nWe take cards.",
        "pay/index.md": "Paying",
        "hours/index.md": "index #hashtag\nFrom nine to five.",
    }
    assert found.query_texts == ["when will it arrive", "visa"]
    assert found.field("kind") == ["words", "code"]


def test_labels_name_files_by_path_or_name_or_id(write):
    rows = "a,shipping.md returns.txt\nb,pay/by card.md\nc,pay/by%20card.md\nd,pay/index.md\n"
    found = load_dataset(write(**{"queries.csv": f"query,relevant\n{rows}"}))
    judged = [sorted(found.document_ids(list(each))) for each in found.judgements]
    assert judged == [["returns.txt", "shipping.md"], ["pay/by%20card.md"], ["pay/by%20card.md"], ["pay/index.md"]]


def test_a_path_goes_before_the_name_of_another_file(write):
    found = load_dataset(write(**{"index.md": "Home.", "queries.csv": "query,relevant\na,index.md\n"}))
    assert [found.document_ids(list(each)) for each in found.judgements] == [["index.md"]]


def test_ids_stay_distinct(write):
    found = load_dataset(write(**{"pay/by%20card.md": "Another."}))
    assert {"pay/by%20card.md", "pay/by%2520card.md"} <= texts(found).keys()


def test_columns_with_other_names(write):
    folder = write(**{"queries.csv": "Frage,expected_doc\nwann,hours/index.md\n"})
    assert load_dataset(folder, Options(columns=(("query", "frage"), ("relevant", "expected_doc")))).query_texts == [
        "wann"
    ]


def test_hidden_files_are_passed_over_and_empty_ones_counted(write):
    folder = write(**{".git/a.md": "x", ".b.txt": "x", "c.md": " \n", "d.png": "x"})
    found = load_dataset(folder)
    assert len(found.documents) == 5
    assert found.note == "each file is a document; 1 empty file left out"


def test_known_items_by_title_need_no_labels(write):
    folder = write({name: text for name, text in FILES.items() if name != "queries.csv"})
    found = load_dataset(folder, Options(known_item="title"))
    assert found.name == "docs (known-item: title)"
    assert found.query_texts == ["index", "by card", "returns", "How we ship"]
    assert texts(found)["shipping.md"] == "Some words first.\n\n\nParcels leave within a day."
    message = failing(folder)
    assert "has no labels: no queries.csv" in message
    assert message.endswith("or make known-item queries with --known-item FIELD: title.")


def test_a_folder_in_another_layout_stays_one(write, write_set):
    beir = write_set()
    (beir / "README.md").write_text("# A set\n")
    assert len(load_dataset(beir).documents) == 5
    (beir / "corpus.jsonl").unlink()
    assert "There is no" in failing(beir)
    labelled = write({"train.csv": "text,label\na,x\n", "test.csv": "text,label\nb,x\n", "README.md": "# A set\n"})
    assert load_dataset(labelled).query_texts == ["b"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"queries.csv": "query,relevant\na,index.md\n"},
            "queries.csv:2: several files are called 'index.md'. Give its",
        ),
        ({"queries.csv": "query,relevant\na,gone.md\n"}, "queries.csv:2: there is no document 'gone.md'"),
        ({"pay/index.md": b"ok\n\xe9\n"}, "pay/index.md:2: not UTF-8."),
        ({os.fsdecode(b"\xe9.md"): "x"}, "the name is not UTF-8. Rename the file."),
    ],
)
def test_one_clear_error(write, files, message):
    assert message in failing(write(**files))


def test_a_folder_without_text_is_refused(write):
    assert "has no file with text that is read (.md, " in failing(f"files:{write({'a.md': ' '})}")
    assert "or .md, .rst, .html or .txt files as its documents" in failing(write({"b/c.png": "x"}).joinpath("b"))


def test_documents_that_are_not_read_are_counted_by_their_endings(write):
    folder = write(**{"a.pdf": "%PDF", "b/c.PDF": "%PDF", "d.docx": "x", "logo.png": "x"})
    how = "save them as .html, .md or .txt to have them read"
    assert load_dataset(folder).note == f"each file is a document; 2 .pdf files and 1 .docx file left out: {how}"
    alone = write({"only/a.adoc": "= Title"}) / "only"
    message = failing(alone)
    assert "has no file with text that is read" in message
    assert message.endswith("; it has 1 .adoc file. Save them as .html, .md or .txt to have them read.")


def test_all_kinds_of_documents_side_by_side(tmp_path):
    files = {
        "guide/_index.md": "---\ntitle: The guide\nweight: 3\n---\nBegin here.\n",
        "setup.mdx": "import A from './a'\n\n# Setup {#setup}\n\n<A>Press it.</A>\n",
        "api.rst": "API\n===\n\nSee :ref:`there <x>`.\n",
        "faq.html": "<title>FAQ</title><nav>Home</nav><main><h1>FAQ</h1><p>Ask.</p></main>",
        "notes.txt": "--- not front matter ---",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    found = load_dataset(tmp_path, Options(known_item="title"))
    assert texts(found) == {
        "guide/_index.md": "Begin here.",
        "setup.mdx": "Press it.",
        "api.rst": "See there.",
        "faq.html": "Ask.",
        "notes.txt": "--- not front matter ---",
    }
    assert set(found.query_texts) == {"The guide", "Setup", "API", "FAQ", "notes"}
    assert load_dataset(tmp_path, Options(known_item="weight")).query_texts == ["3"]
    assert texts(load_dataset(tmp_path, Options(unlabelled=True)))["guide/_index.md"] == "The guide Begin here."


UNDERLINED = "======\nPumps\n======\n\n.. note:: dry\n"


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        (UNDERLINED, "Pumps", ".. note:: dry"),
        (f"\n.. _pumps:\n\n{UNDERLINED}", "Pumps", ".. _pumps:\n\n\n.. note:: dry"),
        ("git-svn(1)\r\n==========\r\n\r\nNAME\r\n", "git-svn(1)", "NAME"),
        ("Pumps and\n---------", "Pumps and", ""),
        ("A sentence, which a line follows.\n---\nMore.\n", "a", "A sentence, which a line follows.\n---\nMore."),
        ("====\nPumps\n", "a", "====\nPumps"),
        ("----\n====\n", "a", "----\n===="),
        ("Some words.\n\nPumps\n=====\n", "a", "Some words.\n\nPumps\n====="),
    ],
)
def test_a_text_file_is_titled_by_an_underlined_first_line(write, content, title, text):
    folder = write({"a.txt": content, "b.md": "# Other\n\nwords"})
    found = load_dataset(folder, Options(known_item="title"))
    assert texts(found)["a.txt"] == text
    assert set(found.query_texts) == ({title, "Other"} if text else {"Other"})
    assert ("; 1 of 2 titled by the file's name" in found.note) == (title == "a")


def test_of_a_site_that_sphinx_built_the_pages_are_read_and_not_their_sources(write):
    source = "Pumps\n=====\n\nSee :ref:`there <x>`.\n"
    page = "<title>Pumps</title><main><h1>Pumps</h1><p>See there.</p></main>"
    site = {"pumps.html": page, "_sources/pumps.rst.txt": source, "genindex.html": "<p>pump</p>", "objects.inv": "#"}
    folder = write({f"html/{name}": content for name, content in site.items()})
    found = load_dataset(folder, Options(known_item="title"))
    assert texts(found) == {"html/pumps.html": "See there."}
    assert "; 2 copied sources and lists of Sphinx left out" in found.note
    assert texts(load_dataset(folder / "html" / "_sources", Options(unlabelled=True))) == {
        "pumps.rst.txt": "Pumps See there."
    }
    (folder / "html" / "objects.inv").unlink()
    assert len(load_dataset(folder, Options(known_item="title")).documents) == 3


def test_a_file_in_two_forms_is_one_document_that_labels_may_call_by_either(write):
    page = "<title>git-svn(1)</title><h1>git-svn(1)</h1><p>Words.</p>"
    forms = {"git-svn.txt": "git-svn(1)\n==========\nWords.", "git-svn.html": page}
    folder = write({**forms, "a.txt": "One", "a.md": "Two", "queries.csv": "query,relevant\nx,git-svn.txt\n"})
    found = load_dataset(folder)
    assert set(texts(found)) == {"a.md", "a.txt", "git-svn.html"}
    assert "; 1 further form of a document left out" in found.note
    assert found.document_ids(found.judged_document) == ["git-svn.html"]


def test_titles_that_several_documents_share_are_no_queries(write):
    same = "# Overview\n\nOf part {}.\n"
    folder = write({"a/_index.md": same.format(1), "b/_index.md": same.format(2), "c.md": "# Care\n\nBy hand.\n"})
    found = load_dataset(folder, Options(known_item="title"))
    assert found.query_texts == ["Care"]
    assert len(found.documents) == 3
    assert "1 title that several documents share left out (2 documents; 'Overview': 2)" in found.note
    (folder / "c.md").unlink()
    assert "several documents share each title, as 'Overview'" in failing(folder, known_item="title")


def test_half_a_character_in_front_matter_does_no_harm(write):
    folder = write({"a.md": '---\ntitle: "\\ud800 x"\n---\ntext\n'})
    assert load_dataset(folder, Options(known_item="title")).query_texts == ["? x"]


def test_links_in_a_circle_pipes_and_links_to_nowhere_are_passed_over(write):
    folder = write({"a.md": "# A\n\ntext"})
    (folder / "again").symlink_to(folder)
    (folder / "self.md").symlink_to("self.md")
    (folder / "gone.md").symlink_to("nowhere.md")
    os.mkfifo(folder / "pipe.md")
    assert list(texts(load_dataset(folder, Options(unlabelled=True)))) == ["a.md"]


def test_names_of_files_in_another_composition_than_the_labels(tmp_path):
    """macOS writes names of files decomposed; people type them composed."""
    (tmp_path / "caf\u0301").mkdir()
    (tmp_path / "caf\u0301" / "the\u0301.md").write_text("tea")
    (tmp_path / "a.md").write_text("a")
    for named in ("caf\u0301/th\u00e9.md", "th\u00e9.md"):
        (tmp_path / "queries.csv").write_text(f"query,relevant\nx,{named}\n", "utf-8")
        found = load_dataset(tmp_path)
        assert found.document_ids(found.judged_document) == ["caf\u0301/the\u0301.md"]


def test_texts_beside_sets_are_read_where_they_are_asked_for(tmp_path):
    (tmp_path / "a.md").write_text("# Title\ntext")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "corpus.jsonl").write_text('{"_id": "d", "text": "x"}\n')
    found = load_dataset(tmp_path, Options(known_item="title"))
    assert found.query_texts == ["Title"]


@pytest.mark.parametrize("source", ["~/notes", "pairs:~/faq.csv", "~nobody-of-that-name/x"])
def test_a_path_from_a_home_that_is_not_there_is_one_error(monkeypatch, source):
    def homeless(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("pathlib.Path.expanduser", homeless)
    with pytest.raises(BenchError, match="there is no home folder for the ~") as caught:
        load_dataset(source)
    assert caught.value.hint == "Give the whole path."
