"""The files of an export belong together, row by row, and are read without bench."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from bench.cli import main
from bench.data.formats import load_dataset
from bench.errors import BenchError
from bench.experiment.vector_export import FILES, export_vectors
from retrievers import create

faiss = pytest.importorskip("faiss")
NOTES = "vector-notes"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An export of the shipped notes by lsa, which needs no model."""
    folder = tmp_path_factory.mktemp("export") / "new" / "artefacts"
    assert export_vectors(load_dataset(NOTES), "lsa", folder) == np.load(folder / "embeddings.npy").shape
    return folder


def described(folder):
    return json.loads((folder / "metadata_aligned.json").read_text("utf-8"))


def test_all_files_are_there_and_of_the_stated_types(exported):
    assert {path.name for path in exported.iterdir()} == FILES
    vectors, points = np.load(exported / "embeddings.npy"), np.load(exported / "pca_2d.npy")
    assert vectors.dtype == points.dtype == np.float32
    assert len(vectors) == len(points) == len(described(exported)) == 41
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)


def test_row_i_is_document_i(exported):
    """By encoding each document by itself, as a query."""
    dataset, rows = load_dataset(NOTES), described(exported)
    assert [row["id"] for row in rows] == sorted(dataset.document_ids(range(41)))
    text_of = dict(zip(dataset.document_ids(range(41)), dataset.texts, strict=True))
    assert all(f"{row['title']} {row['text']}" == text_of[row["id"]] for row in rows)
    assert rows[0]["metadata"].keys() == {"topic"}
    lsa = create("lsa")
    lsa.index(list(dataset.texts))
    anew = lsa.query_vectors([text_of[row["id"]] for row in rows])
    assert np.load(exported / "embeddings.npy") == pytest.approx(anew, abs=1e-5)


def test_faiss_finds_the_neighbours_of_the_vectors(exported):
    vectors = np.load(exported / "embeddings.npy")
    cosines = vectors @ vectors.T
    nearest = -np.sort(-cosines, axis=1)[:, :5]
    for name in ("faiss_flat.index", "faiss_hnsw.index"):
        index = faiss.read_index(str(exported / name))
        assert index.ntotal == 41
        scores, documents = index.search(vectors, 5)
        assert scores == pytest.approx(nearest, abs=1e-5)
        assert np.take_along_axis(cosines, documents, axis=1) == pytest.approx(scores, abs=1e-5)
        assert documents[:, 0].tolist() == list(range(41))


def test_the_points_are_the_first_two_principal_components(exported):
    """By numpy's singular values, up to the sign of an axis."""
    vectors, points = np.load(exported / "embeddings.npy"), np.load(exported / "pca_2d.npy")
    middle = vectors - vectors.mean(axis=0)
    expected = middle @ np.linalg.svd(middle, full_matrices=False)[2][:2].T
    assert np.abs(points) == pytest.approx(np.abs(expected), abs=1e-4)


def test_paragraphs_keep_the_order_of_their_file(tmp_path):
    lines = [f"paragraph {name}" for name in ("nine", "one", "five", "three")]
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "corpus.txt").write_text("\n".join(lines), "utf-8")
    main_ends("export", tmp_path / "own", "--to", tmp_path / "out", "-r", "lsa")
    assert [row["text"] for row in described(tmp_path / "out")] == lines


def main_ends(*arguments, code=0):
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    assert ended.value.code == code


def test_an_earlier_export_is_replaced_and_a_strange_folder_is_not(tmp_path, capsys):
    main_ends("export", NOTES, "--to", tmp_path / "out", "-r", "lsa:dimensions=4")
    main_ends("export", NOTES, "--to", tmp_path / "out", "-r", "lsa:dimensions=8")
    assert "41 vectors of 8 dimensions" in capsys.readouterr().out
    assert np.load(tmp_path / "out" / "embeddings.npy").shape == (41, 8)
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    main_ends("export", NOTES, "--to", tmp_path / "out", "-r", "lsa", code=2)
    assert "'thesis.txt'" in capsys.readouterr().err
    assert len(list((tmp_path / "out").iterdir())) == 6


@pytest.mark.parametrize("retriever", ["bm25", "tfidf", "hybrid(bm25, tfidf)"])
def test_what_has_no_dense_vectors_is_refused(tmp_path, retriever):
    with pytest.raises(BenchError, match="not one dense vector"):
        export_vectors(load_dataset(NOTES), retriever, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_no_folder(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(BenchError, match="cannot be read"):
        export_vectors(load_dataset(NOTES), "lsa", tmp_path / "out")


def test_without_faiss_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BenchError) as caught:
        export_vectors(load_dataset(NOTES), "lsa", tmp_path / "out")
    assert "pip install -e '.[ann]'" in caught.value.hint
