"""What a lint finds in a labelled set: faults planted one by one, and nothing in a clean one."""

import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import CORPUS, QRELS, QUERIES, made
from rich.console import Console

from bench.data import normalised
from bench.data.check import LEVELS, Finding, lint, near_duplicates, normalised_set, texts, words
from bench.data.dataset import Dataset
from bench.data.formats import load_dataset
from bench.report import data_check as report
from retrievers.analyzer import Analyzer
from retrievers.base import RetrieverError

LONG = (
    "Deep in the valley a narrow stream winds between old willows, and every spring the farmers mend "
    "the little wooden bridge that carries their carts across to the meadows on the far side of it."
)


@pytest.fixture
def findings(write_set):
    """The findings, by kind, on the small set with these lines added."""

    def found(corpus=(), queries=(), qrels=(), card="", sd=None):
        folder = write_set(corpus=[*CORPUS, *corpus], queries=[*QUERIES, *queries], qrels=[*QRELS, *qrels], card=card)
        return {each.kind: each for each in lint(load_dataset(folder), sd)}

    return found


def document(name, text):
    return {"_id": name, "title": "", "text": text}


def query(name, text, **metadata):
    return {"_id": name, "text": text, "metadata": metadata}


def test_a_clean_set_has_nothing_above_a_note(findings):
    assert {each.level for each in findings().values()} == {"note"}


def test_empty_documents(findings):
    found = findings(corpus=[document("e2", ""), document("e1", "  \n")])
    assert found["empty-documents"] == Finding("empty-documents", "warning", "2 documents are empty.", ("e1", "e2"))
    assert "duplicate-documents" not in found


def test_an_empty_relevant_document_is_named_with_its_query(findings):
    found = findings(corpus=[document("e1", "")], qrels=[("q1", "e1", 1)])
    assert found["empty-relevant-documents"].ids == (("q1", "e1"),)


def test_an_empty_query_with_a_relevant_document_is_an_error(findings):
    found = findings(queries=[query("e1", " "), query("e2", "")], qrels=[("e1", "d1", 1), ("e2", "d1", 0)])
    assert (found["empty-queries"].level, found["empty-queries"].ids) == ("error", ("e1",))
    assert (found["empty-unanswerable-queries"].level, found["empty-unanswerable-queries"].ids) == ("warning", ("e2",))


def test_the_note_of_a_set_is_one_of_the_findings(findings):
    found = findings(queries=[query("u1", "what else is on")])
    message = "The set's note: queries without a judgement, left out: 1 of 4."
    assert found["reading"] == Finding("reading", "note", message)
    assert "reading" not in {each.kind for each in lint(load_dataset("vector-notes"))}


@pytest.mark.parametrize(
    ("relevant", "names"),
    [
        ("shipping.txt returns.txt öffnungszeiten.md", True),
        ("doc_1 doc_2 shipping-costs", True),
        ("help/paying 17 4f2a", True),
        ("balance transfer joke", False),
        ("Yes. No! Perhaps.", False),
        ("9時から17時までです。 お支払いはカードです。 café", False),
    ],
)
def test_names_in_place_of_texts(relevant, names):
    texts = dict(enumerate(relevant.split()))
    found = made(
        {f"d{n}": text for n, text in texts.items()},
        {f"q{n}": "what is it" for n in texts},
        [(f"q{n}", f"d{n}", 1) for n in texts],
    )
    kinds = {each.kind: each for each in lint(found)}
    assert ("names-for-texts" in kinds) == names
    if names:
        assert kinds["names-for-texts"].level == "warning"
        assert kinds["names-for-texts"].ids == ("d0", "d1", "d2")


def in_language(*queries):
    """The kinds of warnings about the language of these queries."""
    ids = [f"q{n}" for n in range(len(queries))]
    found = made({"d": "some text"}, dict(zip(ids, queries, strict=True)), [(each, "d", 1) for each in ids])
    return {each.kind: each for each in lint(found) if each.kind in ("script-without-spaces", "not-english")}


@pytest.mark.parametrize("text", ["営業時間は何時ですか", "如何重置密码", "เปิดกี่โมง", "ເປີດຈັກໂມງ", "ម៉ោងបើក", "ဘယ်အချိန်ဖွင့်"])
def test_scripts_without_spaces_are_a_warning(text):
    found = in_language(text, "when are you open")
    assert found.keys() == {"script-without-spaces"}
    assert found["script-without-spaces"].level == "warning"
    assert found["script-without-spaces"].message.startswith("1 of 2 queries are in a script written without spaces")
    assert found["script-without-spaces"].ids == ("q0",)


@pytest.mark.parametrize(
    "text",
    [
        "Wie kann ich mein Passwort ändern",
        "où est ma commande",
        "¿cómo puedo cambiar mi contraseña?",
        "dove posso vedere il mio ordine",
        "hoe kan ik mijn wachtwoord wijzigen",
        "jak zmienić hasło",
        "как сбросить пароль",
        "πώς αλλάζω τον κωδικό",
        "비밀번호를 어떻게 바꾸나요",
    ],
)
def test_other_languages_are_a_warning(text):
    assert in_language(text, "when are you open").keys() == {"not-english"}


def test_english_is_no_warning_though_it_has_foreign_names():
    names = ["café opening hours in Zürich", "why did she move to Los Angeles", "is naïve Bayes a good model for that"]
    assert not in_language(*names, "MIT acceptance rate", "how to say 你好", *["when are you open"] * 6)


@pytest.mark.parametrize("name", ["clinc150", "cranfield", "limit-small", "medical-questions", "scifact"])
def test_real_english_sets_are_no_warning(data, name):
    assert not list(texts.check(load_dataset(data / name)))


def test_documents_of_the_same_text_but_for_case_and_white_space(findings):
    found = findings(corpus=[document("x2", "One  text"), document("x1", "one text\n"), document("x3", "another text")])
    assert (found["duplicate-documents"].level, found["duplicate-documents"].ids) == ("warning", (("x1", "x2"),))


def test_the_title_belongs_to_the_text_of_a_document(findings):
    assert "duplicate-documents" not in findings(
        corpus=[{"_id": "x1", "title": "A", "text": "same"}, {"_id": "x2", "title": "B", "text": "same"}]
    )


def test_queries_of_the_same_text_and_the_same_judgements_are_a_warning(findings):
    found = findings(queries=[query("x1", "CAT on a  mat")], qrels=[("x1", "d1", 2), ("x1", "d2", 1), ("x1", "d3", 0)])
    assert (found["duplicate-queries"].level, found["duplicate-queries"].ids) == ("warning", (("q1", "x1"),))
    assert "conflicting-queries" not in found


@pytest.mark.parametrize("qrels", [[("x1", "d3", 1)], [("x1", "d1", 1), ("x1", "d2", 1)], [("x1", "d1", 0)]])
def test_queries_of_the_same_text_and_other_judgements_are_an_error(findings, qrels):
    found = findings(queries=[query("x1", "cat on a mat")], qrels=qrels)
    assert (found["conflicting-queries"].level, found["conflicting-queries"].ids) == ("error", (("q1", "x1"),))
    assert "duplicate-queries" not in found


def test_copies_that_are_relevant_to_one_another_do_not_conflict_under_drop_self(findings):
    found = findings(
        corpus=[document("a", "how to boil eggs"), document("b", "how to boil eggs")],
        queries=[query("a", "how to boil eggs"), query("b", "how to boil eggs")],
        qrels=[("a", "b", 1), ("b", "a", 1)],
        card="drop_self = true",
    )
    assert "conflicting-queries" not in found
    assert found["duplicate-queries"].ids == (("a", "b"),)
    assert found["query-is-relevant-document"].ids == (("a", "b"), ("b", "a"))


def test_one_text_judged_right_and_wrong_for_a_query_is_an_error(findings):
    found = findings(
        corpus=[document("x1", "a pump"), document("x2", "A pump")], qrels=[("q1", "x1", 1), ("q1", "x2", 0)]
    )
    assert (found["conflicting-documents"].level, found["conflicting-documents"].ids) == (
        "error",
        (("q1", "x1", "x2"),),
    )


@pytest.mark.parametrize(
    ("grade", "kind", "level"),
    [
        (None, "query-is-unjudged-document", "error"),
        (0, "query-is-wrong-document", "warning"),
        (1, "query-is-relevant-document", "warning"),
    ],
)
def test_a_query_that_is_the_text_of_a_document(findings, grade, kind, level):
    qrels = [] if grade is None else [("q1", "x1", grade)]
    found = findings(corpus=[document("x1", "Cat on a mat")], qrels=qrels)
    assert (found[kind].level, found[kind].ids) == (level, (("q1", "x1"),))
    assert sum(each.startswith("query-is-") for each in found) == 1


def test_a_query_may_be_its_own_document_under_drop_self(findings):
    found = findings(corpus=[document("q1", "cat on a mat")], card="drop_self = true")
    assert not any(each.startswith("query-is-") for each in found)
    assert (found["left-out"].level, found["left-out"].ids) == ("note", ("q1",))
    assert "shared-ids" not in found


def test_a_query_that_is_its_own_document_is_left_out_where_no_card_speaks(findings):
    found = findings(corpus=[document("q1", "Cat on a mat")])
    assert not any(each.startswith("query-is-") for each in found)
    assert found["left-out"].ids == ("q1",)


def test_where_the_card_keeps_it_it_is_an_error(findings):
    found = findings(corpus=[document("q1", "Cat on a mat")], card="drop_self = false")
    assert found["query-is-unjudged-document"].ids == (("q1", "q1"),)
    assert "shared-ids" not in found, "the card has decided"


def test_shared_ids_are_a_warning_that_names_drop_self(findings):
    found = findings(corpus=[document("q1", "something else")])
    assert (found["shared-ids"].level, found["shared-ids"].ids) == ("warning", ("q1",))
    assert "drop_self" in found["shared-ids"].message


def test_a_relevant_document_is_never_left_out(findings):
    found = findings(corpus=[document("q1", "something else")], qrels=[("q1", "q1", 1)], card="drop_self = true")
    assert not {"left-out", "shared-ids"} & found.keys()


def test_an_answer_may_have_the_id_of_its_question(findings):
    found = findings(corpus=[document("q1", "something else")], qrels=[("q1", "q1", 1)])
    assert "shared-ids" not in found


def test_queries_and_documents_that_are_both_numbered_share_ids_by_chance(findings):
    """But for 8, whose document has the query for its title."""
    found = findings(
        corpus=[document("7", "a wing in a stream"), document("8", "flow past a wing at an angle, measured twice")],
        queries=[query("7", "wing"), query("8", "Flow past a wing")],
        qrels=[("7", "d1", 1), ("8", "d1", 1)],
    )
    assert found["shared-ids"].ids == ("8",)


def test_near_duplicates_among_queries(findings):
    found = findings(
        queries=[query("x2", LONG), query("x1", LONG.replace("carts", "cart"))],
        qrels=[("x1", "d1", 1), ("x2", "d1", 1)],
    )
    assert (found["near-duplicate-queries"].level, found["near-duplicate-queries"].ids) == ("warning", (("x1", "x2"),))
    assert "duplicate-queries" not in found


def test_near_duplicates_of_a_relevant_document_that_nobody_judged(findings):
    copies = [LONG, LONG.upper(), LONG.replace("farmers", "farmer"), LONG.replace("old", "dry")]
    corpus = [document(f"x{number}", text) for number, text in enumerate(copies, 1)]
    found = findings(corpus=corpus, qrels=[("q1", "x1", 1), ("q1", "x4", 0), ("q2", "x3", 0)])
    assert found["duplicate-documents"].ids == (("x1", "x2"),)
    assert {each for pair in found["near-duplicate-documents"].ids for each in pair} <= {"x1", "x2", "x3", "x4"}
    assert len(found["near-duplicate-documents"].ids) == 3  # of the three texts
    assert found["unjudged-near-duplicates"].ids == (("q1", "x2"), ("q1", "x3"))


def test_too_much_text_is_said_and_not_searched(findings, monkeypatch):
    monkeypatch.setattr(near_duplicates, "MOST_CHARACTERS", 100)
    found = findings()
    assert found["near-duplicate-documents-not-searched"].level == "note"


def test_unanswerable_queries_are_a_note(findings):
    found = findings(queries=[query("x1", "no answer to this")], qrels=[("x1", "d1", 0)])
    assert (found["unanswerable"].level, found["unanswerable"].ids) == ("note", ("x1",))


def test_a_set_without_any_relevant_document_is_an_error(write_set):
    found = {each.kind: each for each in lint(load_dataset(write_set(qrels=[("q1", "d1", 0)])))}
    assert (found["nothing-relevant"].level, found["nothing-relevant"].ids) == ("error", ("q1",))
    assert "detectable-difference" not in found


def test_a_template_is_shown_from_its_fourth_query_on(findings):
    def some(number):
        queries = [query(f"x{each}", f"What is the usual price of item{each}?") for each in range(number)]
        return findings(queries=queries, qrels=[(each["_id"], "d1", 1) for each in queries])

    found = some(4)["repeated-sequences"]
    assert (found.level, found.ids) == ("warning", ("x0", "x1", "x2", "x3"))
    assert found.figures == {"what is the usual price of": {"queries": 4}}


def test_a_template_is_found_whatever_marks_its_words_have(findings):
    queries = [query(f"x{each}", f"इस चीज़ की कीमत क्या है वस्तु{each}?") for each in range(4)]
    found = findings(queries=queries, qrels=[(each["_id"], "d1", 1) for each in queries])["repeated-sequences"]
    assert found.figures == {"इस चीज़ की कीमत क्या है": {"queries": 4}}


def test_a_common_opening_of_a_few_of_many_questions_is_no_template(findings):
    """Four of 60 ask for the best way."""
    queries = [query(f"x{each}", f"What is the best way to do task{each}?") for each in range(4)]
    queries += [query(f"y{each}", f"Matter number {each}") for each in range(53)]
    assert "repeated-sequences" not in findings(queries=queries, qrels=[(each["_id"], "d1", 1) for each in queries])


def test_templates_of_which_each_has_a_few_of_many_queries_are_found_together(findings):
    """Six and four of 100 make up a tenth."""
    asked = ["What is the usual price of item"] * 6 + ["Where can one buy a new item"] * 4
    queries = [query(f"x{each}", f"{text}{each}") for each, text in enumerate(asked)]
    queries += [query(f"y{each}", f"Matter number {each}") for each in range(87)]
    found = findings(queries=queries, qrels=[(each["_id"], "d1", 1) for each in queries])["repeated-sequences"]
    assert {sequence: row["queries"] for sequence, row in found.figures.items()} == {
        "what is the usual price of": 6,
        "where can one buy a new": 4,
    }
    assert "stand in 4 or more queries each (10 of 100 in all)" in found.message


def test_no_template_in_three_queries(findings):
    queries = [query(f"x{each}", f"What is the usual price of item{each}?") for each in range(3)]
    assert "repeated-sequences" not in findings(queries=queries, qrels=[(each["_id"], "d1", 1) for each in queries])


def test_documents_beyond_the_window_and_how_many_are_relevant(findings):
    text = " ".join(["word"] * 254)
    found = findings(
        corpus=[document("x1", text), document("x2", f"{text} word"), document("x3", f"{text} more words")],
        qrels=[("q1", "x3", 1)],
    )["longer-than-window"]
    assert (found.level, found.ids) == ("warning", ("x2", "x3"))  # 254 and the two special pieces just fit
    figures = found.figures["word pieces"]
    assert (figures["window"], figures["relevant documents cut"]) == (256, 1)


def test_long_documents_that_are_not_relevant_are_a_note(findings):
    assert findings(corpus=[document("x1", "word " * 300)])["longer-than-window"].level == "note"


def test_without_the_model_the_window_is_not_checked(findings, monkeypatch):
    def absent(model, revision):
        raise RetrieverError("It is not installed.", "Run: pip install it")

    monkeypatch.setattr(words, "locate", absent)
    assert findings()["window-not-checked"].message.endswith("It is not installed.")


def test_word_overlap_is_the_share_of_the_query_in_its_best_relevant_document(write_set):
    dataset = load_dataset(write_set())
    assert dataset.query_ids == ["q1", "q2", "q3"]
    shares = words.overlap(dataset, Analyzer(), lambda grade: grade > 0)
    # "cat", "mat" of cat, mat; "e-4012", "e", "4012", "mean" of those and "what", "doe"; "film", "cinema" of both.
    assert shares.tolist() == pytest.approx([1.0, 4 / 6, 1.0])
    shares = words.overlap(dataset, Analyzer(), lambda grade: grade <= 0)
    assert shares.tolist() == pytest.approx([float("nan"), 2 / 6, float("nan")], nan_ok=True)


def test_word_overlap_by_slice_and_for_traps(findings):
    found = findings(
        queries=[query("x1", "seventeen zebras", kind="words"), query("x2", "the", kind="words")],
        qrels=[("x1", "d1", 1), ("x2", "d1", 1)],
        card='slices = ["kind"]',
    )
    figures = found["word-overlap"].figures
    assert list(figures) == ["all", "kind=code", "kind=words"]
    assert figures["kind=words"] == {
        "queries": 3,  # x2 has no term
        "mean": pytest.approx(2 / 3),
        "lower quartile": 0.5,
        "median": 1.0,
        "upper quartile": 1.0,
        "share of zero": pytest.approx(1 / 3),
    }
    assert found["word-overlap-traps"].figures.keys() == {"all", "kind=code"}


def test_judgements_of_a_query_and_those_without_a_wrong_one(findings):
    found = findings()
    assert found["judgements-per-query"].figures["judgements"] == {"queries": 3, "min": 1, "median": 2.0, "max": 2}
    assert found["only-relevant-judged"].ids == ("q1", "q3")


def test_where_judgements_are_complete_nothing_is_unjudged(findings):
    """x1 is the text of q1 and x2 that of its answer: neither is right for q1, which is a fault of the labels now."""
    more = [document("x1", "Cat on a mat"), document("x2", f"Cats {CORPUS[0]['text']}")]
    found = findings(corpus=more, card="complete = true")
    assert not {"unjudged-near-duplicates", "only-relevant-judged", "query-is-unjudged-document"} & found.keys()
    assert found["query-is-wrong-document"].ids == (("q1", "x1"),)
    assert found["conflicting-documents"].ids == (("q1", "d1", "x2"),)


def test_the_detectable_difference_is_that_of_the_paired_t_test(findings):
    figures = findings(card='slices = ["kind"]')["detectable-difference"].figures
    # t tables, 1 degree of freedom: 12.706 and 1.376; a single query has none and shows nothing.
    assert figures["kind=words"] == {"queries": 2, "difference": pytest.approx((12.706 + 1.376) * 0.25 / 2**0.5, 1e-3)}
    assert "kind=code" not in figures


def test_a_given_standard_deviation_is_used_and_said(findings):
    found = findings(sd=0.1)["detectable-difference"]
    assert found.figures["all"]["difference"] == pytest.approx((4.303 + 1.061) * 0.1 / 3**0.5, 1e-3)
    assert "given as 0.1" in found.message


def test_too_few_queries_show_no_difference_instead_of_an_impossible_one(findings, write_set):
    said = "With 3 answerable queries a true difference of 0.774 in nDCG@10 would be found 4 times of 5"
    assert findings()["detectable-difference"].message.startswith(said)
    for name, qrels in (("one", [("q1", "d1", 1)]), ("two", [("q1", "d1", 1), ("q2", "d3", 1)])):
        found = {each.kind: each for each in lint(load_dataset(write_set(name, qrels=qrels)))}
        assert "no difference at all" in found["detectable-difference"].message


def test_a_field_of_the_card_that_no_query_has_is_a_warning(findings):
    found = findings(card='slices = ["Kind"]\ngroup = "question"\n')["absent-fields"]
    assert (found.level, found.message) == (
        "warning",
        "The card names 'Kind', 'question', which no query has; queries have kind.",
    )


def test_errors_stand_first_and_the_order_is_the_same_each_time(write_set):
    folder = write_set(
        corpus=[*CORPUS, document("x1", "cat on a mat"), document("x2", "")],
        queries=[*QUERIES, query("x1", "cat on a mat")],
        qrels=[*QRELS, ("x1", "d4", 1)],
    )
    found = lint(load_dataset(folder))
    levels = [LEVELS.index(each.level) for each in found]
    assert levels == sorted(levels)
    assert set(levels) == {0, 1, 2}
    assert lint(load_dataset(folder)) == found


def naive_pairs(texts, threshold):
    grams = [{text[start : start + 5] for start in range(max(1, len(text) - 4))} for text in texts]
    return [
        (one, other)
        for one in range(len(texts))
        for other in range(one + 1, len(texts))
        if len(grams[one] & grams[other]) / len(grams[one] | grams[other]) > threshold
    ]


# Few letters and few blocks, so that grams repeat and many pairs lie near the threshold.
BLOCKS = st.sampled_from(["abcabcabd", "the narrow bridge ", "a", "bb", "naïve ", "語言模型", "😀", "\0", "x" * 12])
TEXTS = st.lists(st.lists(BLOCKS, max_size=12).map("".join) | st.text(max_size=12), max_size=12)


@given(TEXTS, st.sampled_from([0.8, 0.5, 0.95, 0.1]))
def test_near_pairs_are_those_of_the_naive_computation(texts, threshold):
    assert near_duplicates.near_pairs(texts, threshold) == naive_pairs(texts, threshold)


@given(st.integers(20, 60), st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abc")), max_size=6), st.data())
def test_near_pairs_of_edited_texts_are_those_of_the_naive_computation(size, edits, data):
    texts = [LONG[start : start + 2 * size] for start in (0, 1, 5, 20)]
    for place, letter in edits:
        text = data.draw(st.sampled_from(texts))
        place %= len(text)
        texts.append(text[:place] + letter + text[place + 1 :])
    assert near_duplicates.near_pairs(texts) == naive_pairs(texts, 0.8)


def test_near_pairs_of_a_large_alphabet(monkeypatch):
    """Beyond some 6,000 different characters five of them do not fit into a number of 64 bits."""
    letters = "".join(map(chr, range(0x4E00, 0x4E00 + 9_000)))
    texts = [letters, letters[:-100], letters[4_000:], letters[::-1]]
    assert near_duplicates.near_pairs(texts) == naive_pairs(texts, 0.8) == [(0, 1)]


def test_near_pairs_worked_on_in_small_blocks(monkeypatch):
    texts = [LONG[start : start + 80] for start in range(60)]
    monkeypatch.setattr(near_duplicates, "_BLOCK", 7)
    assert near_duplicates.near_pairs(texts) == naive_pairs(texts, 0.8) != []


def test_exactly_the_threshold_is_not_above_it():
    one, other = "abcdefgh", "abcdefghi"  # 4 grams of 5
    assert near_duplicates.near_pairs([one, other], 0.8) == []
    assert near_duplicates.near_pairs([one, other], 0.79) == [(0, 1)]


def test_too_many_candidates_are_refused(monkeypatch):
    monkeypatch.setattr(near_duplicates, "MOST_CANDIDATES", 10)
    with pytest.raises(near_duplicates.TooMuch):
        near_duplicates.near_pairs([f"{LONG} {number}" for number in range(20)])


def test_texts_are_compared_without_what_no_reader_minds():
    assert normalised.normalised(" Straße\tund \n WEG ") == "strasse und weg"
    assert normalised.normalised("\ufb01nd\u00a0e\u0301t\u00e9") == "find \u00e9t\u00e9"


def test_copies_that_differ_in_compatibility_forms_are_found(findings):
    """As pairs merge them: a set that was imported has none left."""
    found = findings(corpus=[document("x1", "The \ufb01le was o\ufb00ered"), document("x2", "the file was offered")])
    assert found["duplicate-documents"].ids == (("x1", "x2"),)


def printed(name, found, width=160):
    console = Console(width=width, record=True, file=io.StringIO())
    for each in report.render(name, found):
        console.print(each)
    return console.export_text()


def test_the_table_shows_the_first_ids_and_their_number():
    text = printed("set", [Finding("kind", "warning", "7 documents are empty.", tuple(f"d{n}" for n in range(7)))])
    assert "d0, d1, d2, d3, d4 … (7)" in text
    assert "d5" not in text
    assert "0 errors, 1 warning, 0 notes" in text


def test_the_table_of_figures_is_cut_and_says_so():
    rows = {f"row {number}": {"queries": number} for number in range(50)}
    text = printed("set", [Finding("kind", "note", "Text.", (), rows)])
    assert "row 39" in text
    assert "row 40" not in text
    assert "and 10 more" in text


def test_hostile_ids_stay_text():
    hostile = ("[red]id[/red]", "\x1b[2J", "[/bold]", "\u202eid")
    text = printed("[bold]", [Finding("[b]", "error", "[link]", hostile, {"[i]\x1b": {"[u]": 1.0}})])
    for each in ("[red]id[/red]", "[/bold]", "[link]", "[i]", "[u]", "[bold]"):
        assert each in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_json_has_every_id_and_reads_back(write_set):
    found = [
        Finding("one", "error", "Text.", tuple(f"d{n}" for n in range(9))),
        Finding("two", "note", "Text.", (("a", "b"),), {"all": {"queries": 3, "mean": 0.5}}),
        *lint(load_dataset(write_set())),
    ]
    read = json.loads(json.dumps(report.to_json(found), allow_nan=False))
    assert read["schema"] == 1
    assert read["counts"]["error"] == 1
    assert read["findings"][0]["ids"] == [f"d{n}" for n in range(9)]
    assert read["findings"][1] == {
        "kind": "two",
        "level": "note",
        "message": "Text.",
        "ids": [["a", "b"]],
        "figures": {"all": {"queries": 3, "mean": 0.5}},
    }


def test_five_thousand_long_documents_take_seconds(data):
    texts = normalised_set.NormalisedSet(load_dataset(data / "scifact")).documents
    start = time.process_time()
    assert near_duplicates.near_pairs(texts) == []
    assert time.process_time() - start < 60  # about 3


def test_a_dataset_in_memory_can_be_linted(write_set):
    """As a notebook has it: a sample, not the files."""
    dataset = load_dataset(write_set()).sample(2, seed=0)
    assert isinstance(dataset, Dataset)
    assert {each.level for each in lint(dataset)} == {"note"}
