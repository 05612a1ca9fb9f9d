"""The query explorer in a real browser: what it filters, opens and shares, and that no text acts."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from browser import opened, started, violations
from fakes import Fixed

import bench
from bench.data.formats import load_dataset
from bench.data.passages import matching_spans, query_terms
from bench.report.page import scripts
from bench.report.page.explorer_data import stems
from bench.report.run.page import render
from bench.report.table import head

pytestmark = pytest.mark.slow  # test_report.py opens the page in every run of the tests

SCRIPT = "x</script><img src=x onerror=alert(1)>{{ 7*7 }}\"'`$&"
FIXED = "fixed</script>{{ 7 }}"
ID = SCRIPT.replace(" ", "/")
LONG = "W" * 100_000
DOCUMENTS = {
    "d1": "The cat sat on the mat and slept.",
    "d2": "A feline was resting on the carpet.",
    "d3": "Error E-4012 means that the pump is blocked.",
    "d4": "Error E-4013 means that the filter is full.",
    "__proto__": f"The movie was shown in {SCRIPT}\u202e every cinema.",
    "constructor": f"{LONG} of films",
    ID: "A cinema for cats",
}
QUERIES = [
    ("plain", "cats on a mat", "words"),
    ("code", "what does E-4012 mean", "code"),
    ("__proto__", "films in the cinema", "__proto__"),
    ("constructor", f"zebra {SCRIPT}\u202e", "constructor"),
    (ID, f"{LONG} cats", SCRIPT),
    ("nothing", "qwertz", "words"),
]
QRELS = [
    *(("plain", "d1", 2), ("plain", "d2", 1), ("code", "d3", 1), ("code", "d4", 0), ("__proto__", "__proto__", 1)),
    *(("constructor", "constructor", 1), (ID, ID, 1), ("nothing", ID, 0)),
]


def write(folder):
    """A small set whose texts, ids and fields would act if anything let them."""
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": name, "title": "", "text": text} for name, text in DOCUMENTS.items()]
    queries = [
        {"_id": name, "text": text, "metadata": {"kind": kind, "__proto__": "own"}} for name, text, kind in QUERIES
    ]
    for file, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{file}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    lines = ["query-id\tcorpus-id\tscore", *(f"{query}\t{document}\t{grade}" for query, document, grade in QRELS)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "dataset.toml").write_text('slices = ["kind"]\n', "utf-8")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorer")
    sets = [load_dataset(write(folder / "small")), load_dataset("phenomena").sample(150, 0)]
    retrievers = {"bm25": "bm25", "tfidf": "tfidf", FIXED: Fixed()}
    return bench.run(sets, retrievers, results=str(folder / "results"), name="page", latency=False)


@pytest.fixture(scope="module")
def address(run):
    path = run.folder / "report.html"
    path.write_text(render(run), "utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser(address):
    with started() as program:
        yield program


def at(address, **state):
    return f"{address}#queries?{urlencode(state)}"


def rows(page):
    return page.locator("table.queries tbody tr")


def ids(page):
    return [text.partition(",")[0] for text in page.locator("table.queries .id").all_text_contents()]


def test_it_is_reached_from_the_report_and_lists_all_queries(browser, address):
    with opened(browser, address) as page:
        page.get_by_role("link", name="The queries of small").click()
        rows(page).first.wait_for()
        assert ids(page) == sorted(name for name, _, _ in QUERIES)
        assert "6 of 6 queries" in page.locator("[data-part=remain]").text_content()
        assert "over the 5 with an answer" in page.locator("[data-part=remain]").text_content()


@pytest.mark.parametrize(
    ("control", "value", "left"),
    [
        ("text", "CINEMA films", ["__proto__"]),
        ("text", "constr", ["constructor"]),
        ("slice", "0 0", ["__proto__"]),
        ("found", "neither", ["constructor"]),
        ("nohit", True, ["nothing"]),
        ("trap", True, ["nothing"]),
        ("unanswered", True, ["nothing"]),
        ("to", "0.1", ["constructor"]),
        ("change", "won", ["__proto__", "code", "plain"]),
    ],
)
def test_a_filter_leaves_what_it_says(browser, address, control, value, left):
    state = {"set": "small", "a": "tfidf", "b": "bm25", "change": ""}
    if control == "trap":
        state["a"] = FIXED
    if control == "change":
        state["b"] = FIXED
    with opened(browser, at(address, **state)) as page:
        rows(page).first.wait_for()
        choose(page.locator(f"[name={control}]"), value)
        assert ids(page) == left
        page.get_by_role("button", name="Clear").click()
        assert len(ids(page)) == len(QUERIES)


def test_an_address_of_a_query_that_is_not_there_says_so(browser, address):
    with opened(browser, at(address, set="small", query="q99")) as page:
        rows(page).first.wait_for()
        assert "There is no query q99 here." in page.locator("[data-part=remain]").text_content()
        assert not page.locator("section.query").is_visible()


def test_filters_stay_in_the_address(browser, address):
    state = {
        "text": "c",
        "field": "kind",
        "value": "words",
        "found": "both",
        "from": "0.1",
        "change": "lost",
        "least": "0",
    }
    with opened(browser, at(address, set="small", **state)) as page:
        page.locator("table.queries").wait_for()
        page.locator("[name=text]").fill("ca")
        assert "text=ca" in page.evaluate("location.hash")
        page.reload()
        page.locator("table.queries").wait_for()
        for name in ("found", "from", "change", "least"):
            assert page.locator(f"[name={name}]").input_value() == state[name]
        assert page.locator("[name=slice]").evaluate("it => it.selectedOptions[0].textContent") == "kind = words"


def choose(field, value):
    if value is True:
        field.check()
    elif field.evaluate("it => it.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def test_a_heading_sorts_and_says_so(browser, address):
    with opened(browser, at(address, set="small")) as page:
        heading = page.locator("th[data-key='by bm25']")
        value = "td:nth-of-type(2)"
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == "descending"
        falling = rows(page).locator(value).all_text_contents()
        assert falling == sorted(falling, reverse=True)
        assert heading.get_by_role("button").evaluate("it => it === document.activeElement")
        heading.get_by_role("button").click()
        assert rows(page).locator(value).all_text_contents() == sorted(falling)
        heading.get_by_role("button").click()
        assert ids(page) == sorted(name for name, _, _ in QUERIES)


def test_a_query_opens_and_back_closes_it_and_its_address_opens_it_again(browser, address):
    with opened(browser, at(address, set="small")) as page:
        page.get_by_role("link", name="what does E-4012 mean").click()
        query = page.locator("section.query")
        assert query.locator("h3").text_content() == "what does E-4012 mean"
        assert query.locator("section").count() == 3
        assert query.locator("li.relevant .document").first.text_content() == "d3"
        assert "✗ judged not relevant" in query.text_content()
        shared = page.evaluate("location.href")
        page.go_back()
        assert not query.is_visible()
        with opened(browser, shared) as other:
            assert other.locator("section.query h3").text_content() == "what does E-4012 mean"
            assert other.locator("section.query mark").first.text_content() in ("E-4012", "Error", "means")


def test_it_says_why_with_ranks_and_words(browser, address):
    with opened(browser, at(address, set="small", query="constructor")) as page:
        text = page.locator("section.query").text_content()
        assert "Words that no document haszebra" in text
        assert "bm25: the relevant document is not among its 100 hits. It shares none of the" in text
        assert "Its only hit: 1 not judged; shared: 8 terms." in text
        assert "not in its 100" in page.get_by_role("group", name="Ranks").text_content()


def test_scores_are_those_of_the_query(browser, run, address):
    table = run.queries[run.queries["dataset"] == "small"].set_index("query")
    stored = [hit["score"] for hit in table.loc["code", "hits"] if hit["retriever"] == "bm25"]
    with opened(browser, at(address, set="small", query="code", show="bm25")) as page:
        shown = page.locator(".columns .score").all_text_contents()
    assert [float(score) for score in shown] == pytest.approx(
        stored, abs=0.051
    )  # of three digits of the set's greatest


def test_a_query_is_found_down_to_the_tenth_hit(browser, run, address):
    name = run.datasets[1]["name"]
    values = run.per_query[run.per_query["dataset"] == name].pivot(index="query", columns="retriever", values="RR@10")
    by_bm25 = values.index[(values["bm25"] > 0) & (values["tfidf"] == 0)]
    assert values["bm25"][by_bm25].min() == 1 / 10
    with opened(browser, at(address, set=name, a="bm25", b="tfidf", found="a")) as page:
        rows(page).first.wait_for()
        assert ids(page) == sorted(by_bm25)


def test_the_same_document_is_connected_and_brought_out(browser, address):
    with opened(browser, at(address, set="small", query="plain")) as page:
        columns = page.locator(".columns")
        assert columns.locator("path").count() > 1
        columns.locator(".document", has_text="d1").first.focus()
        assert columns.locator("li.same").count() == 3
        assert set(columns.locator("li.same .document").all_text_contents()) == {"d1"}
        assert columns.locator("path.same").count() == 2
        page.set_viewport_size({"width": 360, "height": 800})
        columns.locator("path").first.wait_for(state="detached")


def test_retrievers_are_chosen_and_stay_in_the_address(browser, address):
    with opened(browser, at(address, set="small", query="plain")) as page:
        page.locator(".chooser").get_by_label("tfidf").uncheck()
        assert page.locator(".columns h5").all_text_contents() == ["bm25", FIXED]
        page.reload()
        assert page.locator(".columns h5").all_text_contents() == ["bm25", FIXED]


def test_keys_walk_search_help_and_close(browser, address):
    with opened(browser, at(address, set="small")) as page:
        rows(page).first.wait_for()
        title = page.locator("section.query h3")
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert title.text_content() == "what does E-4012 mean"
        assert title.evaluate("it => it === document.activeElement")
        page.keyboard.press("k")
        assert title.text_content() == "films in the cinema"
        page.keyboard.press("/")
        page.keyboard.type("jk?")
        assert page.locator("[name=text]").input_value() == "jk?"
        page.locator("[name=text]").fill("")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        assert page.get_by_role("dialog").is_visible()
        assert not violations(page)
        page.keyboard.press("Escape")
        assert title.is_visible()
        page.keyboard.press("Escape")
        assert not title.is_visible()
        assert page.evaluate("document.activeElement.textContent") == "films in the cinema"


def test_a_hundred_rows_at_a_time(browser, address):
    with opened(browser, at(address, set="phenomena")) as page:
        rows(page).first.wait_for()
        assert rows(page).count() == 100
        assert page.locator("[data-part=range]").text_content() == "1 to 100 of 150"
        first = ids(page)
        page.get_by_role("button", name="Next", exact=True).click()
        assert page.locator("[data-part=range]").text_content() == "101 to 150 of 150"
        assert not {*first} & {*ids(page)}
        later = ids(page)[20]
        page.get_by_role("button", name="Previous", exact=True).click()
        assert ids(page) == first
    with opened(browser, at(address, set="phenomena", query=later)) as page:
        page.locator("section.query h3").wait_for()
        assert page.locator("[data-part=range]").text_content() == "101 to 150 of 150"
        assert page.locator("tr.opened").is_visible()


@pytest.mark.parametrize("query", ["", "code", ID])
def test_it_fits_every_width_and_breaks_no_rule(browser, address, query):
    for scheme, checked in (("light", (360, 1280)), ("dark", (1280,))):
        with opened(browser, at(address, set="small", query=query), color_scheme=scheme) as page:
            page.locator("section.query h3" if query else "table.queries a").first.wait_for()
            for width in (360, 1280, 2560):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert width not in checked or not violations(page)


def test_it_prints_the_opened_query_on_white(browser, address):
    with opened(browser, at(address, set="small", query="code"), color_scheme="dark") as page:
        page.locator("section.query h3").wait_for()
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.locator(".filters").is_visible()
        assert page.locator(".columns").is_visible()


@pytest.mark.parametrize("query", [name for name, _, _ in QUERIES])
def test_hostile_texts_are_shown_and_do_nothing(browser, address, query):
    with opened(browser, at(address, set="small", query=query)) as page:
        page.locator("section.query h3").wait_for()
        assert page.locator("img").count() == 0
        text = page.locator("#explorer").text_content()
        assert query in text
        assert "onerror=alert(1)" in text
        assert not {"\u202e", "\x1b"} & {*text}
        assert "{{ 7*7 }}" in text


def test_words_are_marked_as_the_retrievers_see_them(browser):
    script = scripts.script(["words"]) + "\nwindow.marks = (text, query, stems) => matchingSpans(text, "
    script += "termsOf(query, stems), stems).map(([start, end]) => text.slice(start, end));"
    with opened(browser, "about:blank") as page:
        page.add_script_tag(content=script, type="module")
        for name in ("phenomena", "support-faq", "vector-notes"):
            dataset = load_dataset(name)
            texts, queries = (
                [head(text, 300) for text in dataset.texts],
                [head(text, 300) for text in dataset.query_texts],
            )
            asked = [queries[place % len(queries)] for place in range(len(texts))]
            pairs = [*zip(texts, asked, strict=True), *zip(queries, queries, strict=True)]
            expected = [
                [text[start:end] for start, end in matching_spans(text, query_terms(query))] for text, query in pairs
            ]
            assert sum(map(len, expected)) > len(queries)
            marks = "([pairs, stems]) => { const map = new Map(Object.entries(stems)); "
            marks += "return pairs.map(([text, query]) => window.marks(text, query, map)); }"
            assert page.evaluate(marks, [pairs, stems([*texts, *queries], queries)]) == expected
