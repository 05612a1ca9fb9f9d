"""The map in a real browser: drawn, moved, coloured, asked; by hand and by keyboard."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from browser import opened, started, violations
from made import made

import bench
from bench.report.run import forms, maps
from retrievers.dense.lsa import Lsa
from retrievers.lexical.bm25 import BM25

pytestmark = pytest.mark.slow  # test_report.py opens the page in every run of the tests

HOSTILE = "<img src=x onerror=alert(1)></script>"
SUBJECTS = ("sailor harbour anchor tide vessel", "flour oven butter recipe kitchen", "judge verdict lawyer trial jury")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose documents have topics and a field, and whose first query is hostile."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(words.split(), 6)) for words in SUBJECTS for _ in range(40)]
    queries = {f"q{place}": f"{words} {HOSTILE * (place == 0)}" for place, words in enumerate(SUBJECTS)}
    judgements = [(f"q{place}", f"d{40 * place + number:03}", 1) for place in range(3) for number in range(3)]
    dataset = made({f"d{place:03}": text for place, text in enumerate(texts)}, queries, judgements)
    shelf = pa.array([f"{HOSTILE}{place % 2}" for place in range(len(texts))], pa.large_string())
    object.__setattr__(dataset, "documents", dataset.documents.append_column("shelf", shelf))
    folder = tmp_path_factory.mktemp("map")
    run = bench.run(dataset, {"bm25": BM25(), "lsa": Lsa(dimensions=4)}, latency=False, results=str(folder), name="m")
    forms.write(run)
    (run.folder / "map.html").write_text(maps.render(run), "utf-8")
    return run


@pytest.fixture(scope="module")
def address(run):
    return f"{(run.folder / 'report.html').as_uri()}#map"


@pytest.fixture(scope="module")
def alone(run):
    """The address of the page that `bench map` writes."""
    return f"{(run.folder / 'map.html').as_uri()}#map"


@pytest.fixture(scope="module")
def browser(address, alone):
    with started() as program:
        yield program


def drawn(page):
    """The picture, once it is there."""
    page.locator("#map-root canvas[aria-label]").wait_for()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.querySelector('#map-root canvas').toDataURL()")


def colours(page):
    """How many colours it has."""
    drawn(page)
    return page.evaluate("""() => {
      const canvas = document.querySelector("#map-root canvas");
      const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(image.data.buffer)).size - 1;
    }""")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_drawn_and_breaks_no_rule(browser, address, width, scheme):
    with opened(browser, f"{address}?query=q0", viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        assert colours(page) >= 3  # topics and the queries
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not violations(page)


def test_it_says_what_it_shows_to_who_does_not_see_it(browser, address):
    with opened(browser, address) as page:
        drawn(page)
        label = page.locator("#map-root canvas").first.get_attribute("aria-label")
        assert "made to bm25, by principal components: 120 documents (filled) and 3 queries (hollow)" in label
        assert "of the variance" in label
        assert "nearest" in label


def test_the_address_opens_retriever_colours_and_query(browser, address):
    with opened(browser, f"{address}?retriever=lsa&colours=documents: shelf&query=q1") as page:
        drawn(page)
        assert page.locator("#map-root").get_by_label("Retriever").evaluate("select => select.value") == "lsa"
        assert page.locator("#map-root .legend button").count() == 2
        rows = page.locator("#map-root tbody tr")
        assert rows.count() >= 10
        assert rows.filter(has_text="relevant").count() == 3
        page.get_by_label("Next query").click()
        page.wait_for_url(re.compile("query=q2"))
        page.go_back()
        page.wait_for_url(re.compile("query=q1"))


def test_a_group_is_hidden_and_shown(browser, address):
    with opened(browser, address) as page:
        before, many = drawn(page), colours(page)
        entry = page.locator("#map-root .legend button").first
        entry.click()
        assert entry.get_attribute("aria-pressed") == "false"
        assert colours(page) == many - 1
        entry.click()
        assert drawn(page) == before


def test_by_hand_it_comes_nearer_and_moves(browser, address):
    with opened(browser, address) as page:
        first = drawn(page)
        box = page.locator("#map-root .stage").bounding_box()
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.move(*middle)
        page.mouse.wheel(0, -400)
        nearer = drawn(page)
        assert nearer != first
        page.mouse.down()
        page.mouse.move(middle[0] + 90, middle[1] + 40, steps=4)
        page.mouse.up()
        assert drawn(page) != nearer
        page.get_by_label("See all of the map").click()
        assert drawn(page) == first


def test_by_keyboard_it_goes_from_point_to_point_and_chooses_a_query(browser, address):
    with opened(browser, address) as page:
        first = drawn(page)
        page.locator("#map-root canvas").first.focus()
        page.keyboard.press("+")
        assert drawn(page) != first
        page.keyboard.press("0")
        assert drawn(page) == first
        page.keyboard.press("Shift+ArrowRight")
        said = page.locator("#status").text_content()
        assert said.startswith(("Document d", "Query q"))
        assert page.locator("#map-root .tip").text_content() == said
        for step in range(200):
            if page.locator("#status").text_content().startswith("Query q"):
                break
            page.keyboard.press(f"Shift+Arrow{('Right', 'Down', 'Left', 'Up')[step // 3 % 4]}")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("query=q"))
        page.keyboard.press("Escape")
        page.wait_for_url(re.compile(r"^((?!query=).)*$"))


def test_a_query_is_looked_for_by_its_words(browser, address):
    with opened(browser, address) as page:
        drawn(page)
        field = page.get_by_label("Query", exact=True)
        field.fill("oven")
        field.press("Enter")
        page.wait_for_url(re.compile("query=q1"))


def test_the_explorer_and_the_map_lead_to_one_another(browser, address):
    with opened(browser, f"{address}?retriever=lsa&query=q1") as page:
        drawn(page)
        page.get_by_role("link", name="Its hits side by side").click()
        assert page.locator("section.query h3").text_content() == SUBJECTS[1]
        page.get_by_role("link", name="On the map").click()
        drawn(page)
        assert SUBJECTS[1] in page.locator("#map-root caption").text_content()
        assert re.search(r"#map\?set=[\w-]+&retriever=bm25&query=q1$", page.url)
        assert not violations(page)


def test_the_map_alone_shows_hits_and_no_link_to_a_view_that_is_not_there(browser, alone):
    with opened(browser, f"{alone}?query=q1") as page:
        drawn(page)
        assert page.locator("#map-root tbody tr").count() >= 10
        assert page.get_by_role("link", name="Its hits side by side").count() == 0
        assert not violations(page)


def test_hostile_texts_are_shown_and_do_nothing(browser, address):
    with opened(browser, f"{address}?query=q0") as page:
        drawn(page)
        assert page.locator("img").count() == 0
        assert "onerror=alert(1)" in page.locator("#map-root caption").text_content()
