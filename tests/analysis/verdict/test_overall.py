"""Over several sets nothing is pooled."""

from dataclasses import replace

import pytest

from bench.analysis.verdict.overall import overall
from bench.analysis.verdict.result import HYBRID, UNDECIDED, Verdict


def of(*picks):
    """picks: what a set recommends, with what is level with it and what is worse."""
    verdicts = []
    for number, (choice, *more) in enumerate((pick,) if isinstance(pick, str) else pick for pick in picks):
        level, worse = (*more, (), ())[:2]
        retriever = None if choice in (HYBRID, UNDECIDED) else choice
        verdict = Verdict(f"set{number}", "nDCG@10", 0, "lexical", "better", (), retriever, level=level, worse=worse)
        verdicts.append(replace(verdict, choice=choice if retriever is None else "lexical"))
    return overall(verdicts)


def test_all_sets_agree():
    found = of("bm25", "bm25")
    assert (found.choice, found.sentences) == ("bm25", ("Over all sets: bm25, on 2 of 2.",))


def test_most_agree_and_none_opposes():
    found = of("bm25", UNDECIDED, "bm25")
    assert found.choice == "bm25"
    assert found.sentences[1] == "By set: bm25 on set0, set2; undecided on set1."


def test_what_most_recommend_and_one_shows_worse_serves_not_all():
    found = of("bm25", "bm25", ("minilm", ("minilm",), ("bm25",)))
    assert found.choice == UNDECIDED
    assert found.sentences[0] == "The sets disagree: no one retriever serves them all."
    assert found.sets == {"bm25": ("set0", "set1"), "minilm": ("set2",)}


def test_what_no_set_shows_worse_is_named_where_they_disagree():
    level = ("bm25", "tfidf")
    found = of(("bm25", level), ("tfidf", level), ("minilm", ("minilm", "tfidf"), ("bm25",)), ("bm25", level))
    assert found.choice == "tfidf"
    assert found.sentences[0] == "Over all sets: tfidf, recommended on 1 of 4 and shown worse on none."


@pytest.mark.parametrize("choices", [("bm25", UNDECIDED), (UNDECIDED, UNDECIDED, "bm25"), (HYBRID, "bm25")])
def test_half_of_the_sets_are_not_enough(choices):
    found = of(*choices)
    assert found.choice == UNDECIDED
    assert found.sentences[0].startswith("Undecided over all sets:")


def test_hybrid_and_one_of_its_parts_do_not_oppose():
    assert of(HYBRID, "minilm", HYBRID).choice == HYBRID


def test_no_set():
    assert overall([]).choice == UNDECIDED
