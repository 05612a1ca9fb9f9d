"""What the shipped sets promise."""

from collections import Counter, defaultdict

import orjson
import pytest

from bench.data.check import lint
from bench.data.check.copies import sequences
from bench.data.formats import load_dataset, shipped
from bench.data.normalised import normalised

SETS = ("phenomena", "support-faq", "vector-notes")


@pytest.fixture(scope="module")
def sets():
    return {name: load_dataset(name) for name in SETS}


@pytest.fixture(scope="module")
def found(sets):
    """Set -> kind -> finding."""
    return {name: {each.kind: each for each in lint(dataset)} for name, dataset in sets.items()}


def metadata(dataset):
    return [orjson.loads(text) for text in dataset.queries["metadata"].to_pylist()]


def test_these_are_all():
    assert set(shipped()) == set(SETS)


@pytest.mark.parametrize("name", SETS)
def test_no_error(found, name):
    assert [each for each in found[name].values() if each.level == "error"] == []


@pytest.mark.parametrize("name", SETS)
def test_nothing_is_odd_about_the_texts(found, name):
    assert not {"names-for-texts", "script-without-spaces", "not-english"} & found[name].keys()


@pytest.mark.parametrize("name", SETS)
def test_no_document_is_cut_by_the_window(found, name):
    assert not {"longer-than-window", "window-not-checked"} & found[name].keys()


def test_phenomena_every_query_has_a_relevant_document_and_a_trap(sets):
    for query, judged in zip(sets["phenomena"].query_ids, sets["phenomena"].judgements, strict=True):
        assert max(judged.values()) > 0, query
        assert min(judged.values()) == 0, query


@pytest.mark.parametrize(
    "kind",
    [
        "query-is-relevant-document",
        "query-is-wrong-document",
        "query-is-unjudged-document",
        "duplicate-queries",
        "duplicate-documents",
        "near-duplicate-queries",
        "near-duplicate-queries-not-searched",
        "near-duplicate-documents",
        "near-duplicate-documents-not-searched",
        "repeated-sequences",
    ],
)
def test_phenomena_has_no(found, kind):
    assert kind not in found["phenomena"], found["phenomena"].get(kind)


def test_phenomena_has_no_sequence_of_words_in_more_than_three_queries(sets):
    """Which is stricter than the lint: no common opening either."""
    counts = Counter(each for text in sets["phenomena"].query_texts for each in sequences(normalised(text)))
    assert max(counts.values()) <= 3, counts.most_common(3)


def test_phenomena_is_large_enough(sets):
    counts = Counter(each["phenomenon"] for each in metadata(sets["phenomena"]))
    assert len(counts) >= 14
    assert min(counts.values()) >= 40, counts
    assert len(sets["phenomena"].documents) >= 1200


def test_phenomena_where_words_differ_the_trap_has_more_of_them(sets, found):
    relevant, traps = (found["phenomena"][kind].figures for kind in ("word-overlap", "word-overlap-traps"))
    differing = {each["phenomenon"] for each in metadata(sets["phenomena"]) if each["family"] == "words differ"}
    rows = {each: [figures[f"phenomenon={each}"]["mean"] for figures in (relevant, traps)] for each in differing}
    table = "\n".join(f"{each:15} {one:.3f} {other:.3f}" for each, (one, other) in sorted(rows.items()))
    assert rows
    assert all(trap > right for right, trap in rows.values()), f"phenomenon, relevant, trap\n{table}"


def test_support_faq_is_large_enough(sets):
    dataset = sets["support-faq"]
    assert len(dataset.documents) >= 150
    assert dataset.answerable.sum() >= 700
    assert (~dataset.answerable).sum() >= 60
    assert len({each["style"] for each in metadata(dataset)}) == 6


def test_support_faq_asks_for_each_answer_in_four_to_six_wordings(sets):
    dataset = sets["support-faq"]
    groups = Counter(
        each["group"] for each, answerable in zip(metadata(dataset), dataset.answerable, strict=True) if answerable
    )
    assert set(groups.values()) <= {4, 5, 6}, groups


def test_vector_notes_asks_for_each_need_in_two_wordings(sets):
    dataset = sets["vector-notes"]
    wordings = defaultdict(list)
    for each in metadata(dataset):
        wordings[each["group"]].append(each["wording"])
    assert len(dataset.documents) == 41
    assert len(wordings) >= 80
    assert all(sorted(each) == ["student", "textbook"] for each in wordings.values())


@pytest.mark.parametrize("text", ["Why do we normalize embeddings?", "What is HNSW?", "Explain vector databases"])
def test_vector_notes_asks(sets, text):
    assert text in sets["vector-notes"].query_texts
