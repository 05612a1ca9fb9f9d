"""What is written in BEIR's layout is read back as it was, and appears whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cli import main
from bench.data.dataset import Card
from bench.data.formats import export, judgements, load_dataset
from bench.data.formats.options import Options
from bench.data.formats.records import dataset_of
from bench.errors import BenchError

IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=4)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
CARDS = st.builds(
    Card,
    description=TEXTS,
    source=TEXTS,
    slices=st.lists(TEXTS, max_size=2).map(tuple),
    drop_self=st.none() | st.booleans(),
    complete=st.booleans(),
)


@st.composite
def sets(draw):
    documents = draw(st.dictionaries(IDS, TEXTS, min_size=1, max_size=5))
    metadata = st.dictionaries(TEXTS, st.one_of(TEXTS, st.booleans(), st.none()), max_size=2)
    queries = draw(st.dictionaries(IDS, st.tuples(TEXTS, metadata), min_size=1, max_size=5))
    pairs = st.tuples(st.sampled_from(sorted(queries)), st.sampled_from(sorted(documents)))
    judged = draw(st.dictionaries(pairs, st.integers(-1, 3), min_size=1, max_size=8))
    relevant = {query for (query, _), grade in judged.items() if grade > 0}
    without = draw(st.sets(st.sampled_from(sorted(queries)))) - relevant
    return dataset_of("set", documents, queries, judged, card=draw(CARDS), unanswerable=without)


@given(sets())
def test_what_was_written_is_read_back(tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("export") / "set"
    export.write(dataset, folder, "x:y")
    found = load_dataset(folder)
    assert found.fingerprint == dataset.fingerprint
    assert found.judgements == dataset.judgements
    assert found.queries.equals(dataset.queries)
    assert found.answerable.tolist() == dataset.answerable.tolist()
    for key in ("slices", "drop_self", "complete"):
        assert getattr(found.card, key) == getattr(dataset.card, key)
    assert "imported from x:y" in found.card.source
    shutil.rmtree(folder.parent)


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(each) for each in arguments])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def test_a_set_is_imported(capsys, write_set, tmp_path):
    card = 'description = "Small"\nlicence = "CC0"\nslices = ["kind"]\nunanswerable = "none.jsonl"\n'
    source, target = write_set(card=card), tmp_path / "new" / "set"
    (source / "none.jsonl").write_text('{"_id": "n1", "text": "why"}\n')
    code, out, err = call(capsys, "datasets", "import", source, "--to", target)
    assert (code, err) == (0, "")
    assert f"{target}: 5 documents, 4 queries, 5 judgements\n1 of the queries without an answer" in out
    assert load_dataset(target).fingerprint == load_dataset(source).fingerprint
    assert "q2\td4\t0\n" in (target / "qrels" / "test.tsv").read_text()
    written = tomllib.loads((target / "dataset.toml").read_text())
    assert (written["description"], written["licence"], written["slices"]) == ("Small", "CC0", ["kind"])
    assert written["source"] == f"imported from {source}"
    assert written["unanswerable"] == "unanswerable.jsonl"
    sums = {name: hashlib.sha256((target / name).read_bytes()).hexdigest() for name in written["sha256"]}
    assert sums == written["sha256"]
    assert sums.keys() == {"corpus.jsonl", "queries.jsonl", "qrels/test.tsv", "unanswerable.jsonl"}


def test_the_flags_of_reading_hold(capsys, tmp_path):
    (tmp_path / "faq.csv").write_text("ask,find\na,b\na,c\n")
    flags = ("--columns", "query=ask", "--columns", "relevant=find")
    code, _, _ = call(capsys, "datasets", "import", f"pairs:{tmp_path}/faq.csv", "--to", tmp_path / "faq", *flags)
    assert code == 0
    options = Options(columns=(("query", "ask"), ("relevant", "find")))
    own = load_dataset(f"pairs:{tmp_path}/faq.csv", options)
    assert load_dataset(tmp_path / "faq").fingerprint == own.fingerprint


def test_a_note_is_kept_in_the_card(tmp_path):
    (tmp_path / "x.csv").write_text("text,label\na,x\nb,x\nc,y\n")
    export.write(load_dataset(tmp_path / "x.csv"), tmp_path / "x", "x.csv")
    description = load_dataset(tmp_path / "x").card.description
    assert description == (
        "x, imported from x.csv ("
        "read as labelled texts: text, label; 1 text is the only one of its label: a document, no query)"
    )


def test_a_language_that_nobody_named_is_not_made_up(tmp_path):
    (tmp_path / "x.csv").write_text("query,relevant\nwann,Um neun.\n")
    export.write(load_dataset(tmp_path / "x.csv"), tmp_path / "x", "x.csv")
    assert "language" not in (tmp_path / "x" / "dataset.toml").read_text()


def test_what_is_there_stays(capsys, write_set):
    source = write_set()
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    for target in (source, source / "corpus.jsonl"):
        code, _, err = call(capsys, "datasets", "import", source, "--to", target)
        assert code == 2
        assert "is there already" in err
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before


def test_an_empty_folder_is_filled(write_set, tmp_path):
    (tmp_path / "empty").mkdir()
    export.write(load_dataset(write_set()), tmp_path / "empty", "x")
    assert len(load_dataset(tmp_path / "empty").documents) == 5


def test_all_or_nothing(write_set, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "card_lines", full)
    with pytest.raises(BenchError, match="No space left on device"):
        export.write(load_dataset(write_set()), tmp_path / "new", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_a_folder_that_cannot_be_made(write_set, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot be written"):
        export.write(load_dataset(write_set()), tmp_path / "file" / "new", "x")


@pytest.mark.parametrize("name", ['"', '""', '"a"', 'a"', '"a', "'", "a,b", '"\u00e9,'])
def test_an_id_with_quotes_is_read_back(tmp_path, name):
    """One that began with a quote was written as it is, and read as a quoted one without an end."""
    path = tmp_path / "test.tsv"
    path.write_bytes(b"".join(export.qrels_lines([(name, "d1", 1), ("q2", name, 0)])))
    read = [judgement[1:] for judgement in judgements.read(path, "")]
    assert read == [(name, "d1", 1), ("q2", name, 0)]
