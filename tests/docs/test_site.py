"""docs/ as a site: each page is on it, each link leads somewhere, and it asks nothing of a network."""

from __future__ import annotations

import subprocess
import sys
from urllib.parse import unquote, urlsplit

import pytest
from browser import Watch, started
from bs4 import BeautifulSoup
from places import ROOT

from retrievers import RETRIEVERS

DOCS = ROOT / "docs"
PAGES = sorted(page.relative_to(DOCS).with_suffix("").as_posix() for page in DOCS.glob("*.md"))
LOOKED_AT = ("index", "reading-the-figures", "api")
WIDTHS = (360, 1440)


def test_the_api_has_every_class_of_retrievers():
    text = (DOCS / "api.md").read_text("utf-8")
    assert [name for name, where in RETRIEVERS.items() if f":: {where.replace(':', '.')}\n" not in text] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, as `make site` builds it: what Sphinx warns of is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "-c", "docs/site", "docs", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    """Each file of the site as a tree, by its path."""
    return {path: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in site.rglob("*.html")}


@pytest.mark.slow
def test_each_page_is_reached_from_the_first(site, pages):
    listed = {link["href"] for link in pages[site / "index.html"].select(".sidebar-tree a[href]")}
    assert {f"{page}.html" for page in PAGES if page != "index"} <= listed


@pytest.mark.slow
def test_each_link_leads_to_a_page_and_a_place_on_it(pages):
    lost = []
    for path, tree in pages.items():
        for tag in tree.select("[href], [src]"):
            link = urlsplit(tag.get("href") or tag["src"])
            if link.scheme in ("http", "https", "mailto", "data"):
                assert tag.name == "a", f"{path.name} would ask the network for {link.geturl()}"
                continue
            target = (path.parent / unquote(link.path)).resolve() if link.path else path
            place = unquote(link.fragment)
            if not target.is_file() or (place and target in pages and not pages[target].find(id=place)):
                lost.append(f"{path.name}: {link.geturl()}")
    assert not lost


@pytest.mark.slow
def test_pages_fit_a_telephone_and_a_screen_and_ask_for_nothing(site):
    with started() as browser:
        for width in WIDTHS:
            tab = browser.new_page(viewport={"width": width, "height": 900})
            watch = Watch(tab)
            for name in LOOKED_AT:
                tab.goto((site / f"{name}.html").as_uri())
                assert tab.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                assert tab.locator("h1").first.is_visible()
            assert all(request.startswith((site.as_uri(), "data:")) for request in watch.requests)
            assert not watch.errors
            tab.close()


@pytest.mark.slow
def test_the_search_works_without_a_server(site):
    with started() as browser:
        tab = browser.new_page()
        tab.goto((site / "search.html").as_uri() + "?q=Holm")
        tab.wait_for_selector("#search-results li a")
        assert "Reading the figures" in tab.locator("#search-results").inner_text()
