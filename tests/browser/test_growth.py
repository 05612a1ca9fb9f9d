"""The page of a set that grows, in a real browser: the answer first, and nothing broken at any width."""

from __future__ import annotations

import pytest
from browser import opened, started, violations
from haystack import write_hay, write_needles

from bench.config import RunConfig
from bench.experiment.grow import run_growth
from bench.report.run import forms


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of the page of a set at two sizes."""
    folder = tmp_path_factory.mktemp("grown")
    names = (str(write_needles(folder)),)
    retrievers = ("haystack:Second", "haystack:Distracted")
    config = RunConfig(names, retrievers, results=str(folder), name="r", samples=20, seconds=0.1)
    run = run_growth(config, str(write_hay(folder, 40)), "1,3", lambda event: None)
    forms.write(run)
    return (run.folder / "report.html").as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_it_opens_with_the_answer_the_chart_and_the_tables(address, width, scheme):
    with (
        started() as browser,
        opened(browser, address, viewport={"width": width, "height": 900}, color_scheme=scheme) as page,
    ):
        section = page.locator("section[aria-labelledby=growth]")
        assert "By nDCG@10 the order changes" in section.inner_text()
        assert section.locator("svg").first.is_visible()
        assert section.locator("table").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not violations(page)
