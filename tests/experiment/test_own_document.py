"""A query that stands among the documents: not a hit of its own, unless somebody says so or it is judged relevant."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import made

import bench
from bench.analysis import controls
from bench.cli import main
from bench.data.dataset import is_itself
from bench.data.formats import load_dataset
from bench.report.run.quality import quality

pytestmark = pytest.mark.slow

TOPICS = ["ferries", "bicycles", "bridges", "harbours", "tunnels", "tramways"]
# Each argument stands in the corpus under the query's id; what answers it speaks of the same things.
CORPUS = [
    *({"_id": f"{topic}-pro", "title": f"On {topic}", "text": f"the city should pay for {topic}"} for topic in TOPICS),
    *({"_id": f"{topic}-con", "title": "", "text": f"the city cannot afford {topic}"} for topic in TOPICS),
]
QUERIES = [{"_id": f"{topic}-pro", "text": f"The city should pay for {topic}"} for topic in TOPICS]
QRELS = [(f"{topic}-pro", f"{topic}-con", 1) for topic in TOPICS]
DROPPED = "6 queries are documents too, each of which is left out of its own hits"


@pytest.fixture
def debate(write_set, tmp_path):
    def run(card="", qrels=(), corpus=(), **settings):
        folder = tmp_path / "debate"
        if not folder.exists():
            write_set("debate", [*CORPUS, *corpus], QUERIES, [*QRELS, *qrels], card)
        settings = {"measures": ["R@1", "nDCG@10"], "latency": False, "results": str(tmp_path / "r"), **settings}
        return bench.run(folder, ["bm25"], **settings)

    return run


def first(found):
    """R@1 over all queries."""
    rows = found.measures
    return rows[(rows["measure"] == "R@1") & (rows["slice"] == "all")]["value"].item()


def test_the_query_itself_is_no_hit_and_the_heading_says_so(debate):
    found = debate()
    assert first(found) == 1
    assert found.datasets[0]["note"] == DROPPED
    assert DROPPED in quality(found, found.datasets[0]).title
    assert found.warnings == []
    lines = gzip.decompress((found.folder / "runs" / "debate" / "bm25.run.gz").read_bytes()).decode().splitlines()
    assert all(line.split()[0] != line.split()[2] for line in lines)


@pytest.mark.parametrize("how", [{"card": "drop_self = false\n"}, {"keep_self": True}])
def test_kept_where_that_is_asked_for_and_the_run_says_what_it_costs(debate, how):
    found = debate(**how)
    assert first(found) == 0
    assert found.datasets[0]["note"] == ""
    (warning,) = found.warnings
    assert warning.startswith("debate: 6 of 6 queries stand among the documents")
    assert "--drop-self" in warning


def test_one_query_that_finds_itself_is_told_as_one(write_set, tmp_path):
    corpus = [{"_id": "1", "title": "", "text": "a wing"}, {"_id": "2", "title": "", "text": "wing in a stream"}]
    folder = write_set("one", corpus, [{"_id": "1", "text": "a wing"}], [("1", "2", 1)], card="drop_self = false")
    found = bench.run(folder, ["bm25"], results=str(tmp_path / "one-out"), latency=False).warnings
    (warning,) = [each for each in found if "--drop-self" in each]
    assert warning.startswith("one: 1 of 1 query stands among the documents")
    assert "and is a hit of its own that counts as wrong. --drop-self leaves it out." in warning


def test_a_flag_goes_before_the_card(debate):
    assert first(debate(card="drop_self = false\n", keep_self=False)) == 1


def test_a_document_of_the_same_id_and_another_text_stays_unless_asked(debate, write_set, tmp_path):
    """As Cranfield numbers its queries and its documents: the ids agree by chance."""
    corpus = [{"_id": "1", "title": "", "text": "a wing in a stream"}, {"_id": "2", "title": "", "text": "wing"}]
    folder = write_set("numbers", corpus, [{"_id": "1", "text": "wing"}], [("1", "2", 1)])
    assert load_dataset(folder).left_out.tolist() == [-1]
    assert load_dataset(folder).keeping_itself(False).left_out.tolist() == [1]


@pytest.mark.parametrize("how", [{}, {"card": "drop_self = true\n"}, {"keep_self": False}])
def test_a_document_that_is_judged_relevant_is_never_dropped(debate, how):
    found = debate(qrels=[("ferries-pro", "ferries-pro", 1)], **how)
    dataset = found.datasets[0]
    assert dataset["note"].startswith("5 queries are documents too")
    ranking = found.cell("debate", "bm25").ranking
    loaded = load_dataset(found.folder.parent.parent / "debate")
    ferries = loaded.query_ids.index("ferries-pro")
    assert loaded.own_document[ferries] in ranking.documents[ferries]


def test_a_stored_run_and_the_controls_are_read_alike(debate, tmp_path):
    path = tmp_path / "own.trec"
    ranked = [(query["_id"], [query["_id"], query["_id"].replace("pro", "con")]) for query in QUERIES]
    path.write_text("".join(f"{q} Q0 {d} 0 {-n} x\n" for q, hits in ranked for n, d in enumerate(hits)))
    found = debate(runs=[str(path)], controls=True)
    rows = found.measures[(found.measures["measure"] == "R@1") & (found.measures["slice"] == "all")]
    values = rows.set_index("retriever")["value"]
    assert (values["own"], values["oracle"]) == (1, 1)


def test_the_flags_of_the_commands(debate, tmp_path, monkeypatch, capsys):
    folder = debate().folder.parent.parent / "debate"
    monkeypatch.chdir(tmp_path)
    for flag, expected in (([], 1), (["--keep-self"], 0), (["--drop-self"], 1)):
        name = f"run{len(flag)}{expected}"
        with pytest.raises(SystemExit) as ended:
            main(["run", str(folder), "-r", "bm25", "-m", "R@1", "--no-latency", "--name", name, *flag])
        assert ended.value.code == 0
        assert first(bench.load_run(tmp_path / "results" / name)) == expected
    with pytest.raises(SystemExit) as ended:
        main(["run", str(folder), "--keep-self", "--drop-self"])
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_two_ways_to_leave_the_same_out_are_one_set(debate):
    same = [load_dataset(debate().folder.parent.parent / "debate").keeping_itself(keep) for keep in (None, False, True)]
    assert same[0].fingerprint == same[1].fingerprint != same[2].fingerprint


@given(st.text(), st.text())
def test_a_text_is_itself_also_below_a_title_that_is_no_longer(title, text):
    read = " ".join(text.split())
    assert is_itself(text, text) == bool(read)
    if read and len(title) < len(text) / 3 and title.isascii() and text.isascii():
        assert is_itself(text, f"{title} {text}")
    assert not is_itself("", text)


def test_a_short_query_at_the_end_of_a_document_is_not_it():
    dataset = made({"q": "a long note on wings and what they do in a stream"}, {"q": "in a stream"}, [("q", "q", 0)])
    assert dataset.left_out.tolist() == [-1]


@pytest.fixture
def two_hits(write_set, tmp_path):
    """A set whose first query alone stands among the documents; rankings of two hits, and a run of four."""
    corpus = [{"_id": name, "title": "", "text": f"ferry {name}"} for name in ("q1", "a", "b", "c")]
    queries = [{"_id": "q1", "text": "ferry q1"}, {"_id": "q2", "text": "ferry b"}]
    folder = write_set("partly", corpus, queries, [("q1", "a", 1), ("q2", "b", 1), ("q2", "a", 0)])
    path = tmp_path / "four.trec"
    hits = {"q1": ["q1", "c", "b", "a"], "q2": ["c", "a", "q1", "b"]}
    path.write_text("".join(f"{q} Q0 {d} 0 {-n} x\n" for q, row in hits.items() for n, d in enumerate(row)))

    def run(**settings):
        return bench.run(folder, ["bm25"], runs=[str(path)], latency=False, results=str(tmp_path / "r"), **settings)

    return run


def test_where_some_queries_are_left_out_the_depth_stays(two_hits):
    found = two_hits(measures=["R@1"], depth=2, controls=True)
    assert found.datasets[0]["note"] == "1 query is a document too, which is left out of its own hits"
    for retriever in ("bm25", "random", "oracle"):
        documents = found.cell("partly", retriever).ranking.documents
        assert documents.shape == (2, 2)
        assert (documents >= 0).all(), retriever  # one more was fetched in the place of the one left out


def test_a_stored_run_is_whole_without_the_query_itself(two_hits):
    found = two_hits(measures=["NumRet", "AP"], depth=2)
    rows = found.per_query[found.per_query["retriever"] == "four"].set_index("query")
    assert rows["NumRet"].to_dict() == {"q1": 3, "q2": 4}
    assert rows["AP"].to_dict() == {"q1": pytest.approx(1 / 3), "q2": pytest.approx(1 / 4)}


def test_a_document_that_is_judged_wrong_is_left_out_all_the_same():
    dataset = made({"q": "a ferry", "b": "a bridge"}, {"q": "a ferry"}, [("q", "q", 0), ("q", "b", 1)])
    assert dataset.document_ids(dataset.left_out) == ["q"]


def test_sets_that_leave_others_out_are_others():
    """One query's text is its document's, the other's is not."""
    dataset = made(
        {"p": "a ferry", "q": "a bridge", "r": "x"}, {"p": "a ferry", "q": "a tunnel"}, [("p", "r", 1), ("q", "r", 1)]
    )
    alike, all_of_them = (dataset.keeping_itself(keep) for keep in (None, False))
    assert ((alike.left_out >= 0).sum(), (all_of_them.left_out >= 0).sum()) == (1, 2)
    assert alike.fingerprint != all_of_them.fingerprint


def test_luck_is_that_of_the_documents_that_can_be_hits():
    """Of two documents one is the query itself, so that the other is first in every order."""
    dataset = made({"q": "a ferry", "b": "a bridge"}, {"q": "a ferry"}, [("q", "b", 1)])
    assert controls.random_means(dataset, "Success@1", seed=0).mean() == 1
    assert controls.random_means(dataset.keeping_itself(True), "Success@1", seed=0).mean() == pytest.approx(
        0.5, abs=0.05
    )


def test_a_comparison_names_what_changed_where_one_run_leaves_queries_out(debate):
    one, two = debate(name="one", keep_self=True), debate(name="two")
    told = "queries that are documents too are left out of their own hits in"
    for base, head, where in ((one, two, "head, not in base"), (two, one, "base, not in head")):
        (problem,) = bench.compare(base, head).problems
        assert f"{told} {where}" in problem
        assert "texts or judgements" not in problem


def test_a_comparison_of_samples_names_it_too(debate):
    one, two = debate(name="one", keep_self=True, limit=3), debate(name="two", limit=3)
    (problem,) = bench.compare(one, two).problems
    assert "3 queries drawn with seed 0" in problem
    assert "left out of their own hits in head, not in base" in problem


def test_a_title_may_be_as_long_as_the_text():
    assert is_itself("abcd", "abc abcd")
    assert not is_itself("abcd", "abcd abcd")
