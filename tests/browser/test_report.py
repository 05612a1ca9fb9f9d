"""report.html in a real browser: no request, no error, no violation, whatever its names hold."""

from __future__ import annotations

import numpy as np
import pytest
from browser import opened, started, violations
from fakes import Fixed
from made import CORPUS, QRELS, QUERIES, write_beir

import bench
from bench.data.formats import load_dataset
from bench.report.page import scripts
from bench.report.page.columns import column
from bench.report.page.data_block import as_text
from bench.report.run import forms

HOSTILE = "x</script><img src=x onerror=alert(1)>{{ 7*7 }}\"'`$&\u202etxet"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of the page of a run on two sets, one with hostile values of a field and a hostile label."""
    folder = tmp_path_factory.mktemp("page")
    for name, kind in (("plain", "words"), ("hostile", HOSTILE)):
        queries = [
            {**query, "_id": f"{query['_id']}-{i}", "metadata": {"kind": kind}} for query in QUERIES for i in "ab"
        ]
        qrels = [(f"{query}-{i}", document, grade) for query, document, grade in QRELS for i in "ab"]
        write_beir(folder / name, CORPUS, queries, qrels, 'slices = ["kind"]\n')
    sets = [load_dataset(folder / name) for name in ("plain", "hostile")]
    retrievers = {"bm25": "bm25", "tfidf": "tfidf", HOSTILE: Fixed()}
    run = bench.run(sets, retrievers, results=str(folder / "results"), name="page", samples=20, seconds=0.1)
    forms.write(run)
    return (run.folder / "report.html").as_uri()


@pytest.fixture(scope="module")
def browser(address):
    with started() as program:
        yield program


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (2560, "light")])
def test_it_fits_every_width_and_breaks_no_rule(browser, address, width, scheme):
    with opened(browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not violations(page)


@pytest.mark.parametrize("view", ["queries", "map", "meanings"])
def test_every_view_fits_a_narrow_window(browser, address, view):
    with opened(browser, f"{address}#{view}", viewport={"width": 360, "height": 900}) as page:
        assert page.locator(f"#{view}").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert not violations(page)


def test_the_first_screen_shows_all_columns_of_its_tables(browser, address):
    with opened(browser, address) as page:
        hidden = "tables => tables.map(table => table.scrollWidth - table.clientWidth)"
        assert set(page.locator(".beside .scroll").evaluate_all(hidden)) == {0}


def test_in_a_narrow_window_the_title_of_a_table_is_whole(browser, address):
    with opened(browser, address, viewport={"width": 360, "height": 900}) as page:
        beyond = "titles => titles.map(title => title.getBoundingClientRect().right - innerWidth)"
        assert max(page.locator("#report caption").evaluate_all(beyond)) <= 0


def test_the_figures_meanings_are_a_click_away(browser, address):
    with opened(browser, address) as page:
        page.get_by_role("link", name="What the figures mean: Cost").first.click()
        assert page.locator("#figure-cost").is_visible()
        assert not page.locator("#report").is_visible()
        assert not violations(page)
        page.go_back()
        assert page.locator("#report").is_visible()


def test_a_table_is_sorted_and_back_and_saved(browser, address):
    with opened(browser, f"{address}#plain/quality") as page:
        table = page.locator("section.card table.figures").first
        names = table.locator("tbody th")
        before = names.all_text_contents()
        heading = table.locator("thead button").first
        heading.click()
        assert names.all_text_contents() == sorted(before)
        heading.click()
        heading.click()
        assert names.all_text_contents() == before
        with page.expect_download() as download:
            table.get_by_role("button", name="Save as CSV").click()
        assert download.value.path().read_text("utf-8").startswith("retriever,")


def test_without_scripts_all_of_the_report_is_there(browser, address):
    with opened(browser, address, java_script_enabled=False) as page:
        assert page.locator("table").count() > 5
        assert page.locator("svg").count() == 2  # of quality against latency; the others are compressed
        assert page.get_by_text("Pictures need scripts.").first.is_visible()
        assert page.locator("#figure-cost").is_visible()


def test_every_chart_is_there(browser, address):
    with opened(browser, address) as page:
        page.wait_for_function("!document.querySelector('[data-drawing]')")
        drawings = page.locator("figure > svg.chart")
        assert drawings.count() == 10
        assert drawings.last.bounding_box()["height"] > 100
        assert not violations(page)


def test_hostile_names_are_shown_and_do_nothing(browser, address):
    with opened(browser, address) as page:
        assert page.locator("img").count() == 0
        text = page.locator("#report").text_content()
        assert "onerror=alert(1)" in text
        assert "{{ 7*7 }}" in text
        assert "\u202e" not in page.content()


def test_bytes_of_every_length_are_read_as_they_were_written(browser):
    rng = np.random.default_rng(0)
    written = [b"\xff" * length for length in range(9)] + [rng.bytes(length) for length in range(40)]
    with opened(browser, "about:blank") as page:
        page.add_script_tag(content=f"{scripts.script(['data'])}window.bytes = bytes;", type="module")
        read = page.evaluate("texts => texts.map((text) => [...window.bytes(text)])", [*map(as_text, written)])
    assert read == [[*raw] for raw in written]


def test_columns_are_read_as_they_were_written(browser):
    written = [[], [0], [7, -3, 84, 85, 86], [7224, 7225, 614_125], [-1_000_000, 10**9]]
    with opened(browser, "about:blank") as page:
        page.add_script_tag(content=f"{scripts.script(['data'])}window.column = column;", type="module")
        read = page.evaluate("columns => columns.map((one) => [...window.column(one)])", [*map(column, written)])
    assert read == written


def test_it_prints_on_white(browser, address):
    with opened(browser, address, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.get_by_role("navigation", name="Views").is_visible()
