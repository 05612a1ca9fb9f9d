"""A real browser for tests of pages; they are skipped where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def executable() -> str | None:
    """The system's browser, or that of BENCH_BROWSER."""
    return os.environ.get("BENCH_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def started() -> Iterator[Any]:
    """A browser of Playwright's.

    While it lives an event loop runs in this thread, so that runs are made before.
    """
    api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install -e '.[browser]'")
    program = executable()
    if program is None:
        pytest.skip("needs Chromium: apt install chromium, or name one in BENCH_BROWSER")
    with api.sync_playwright() as playwright:
        # Of what the sandbox would keep out our own pages have nothing, and as root there is none.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


class Watch:
    """Keeps what a page asks of the network and what goes wrong on it."""

    def __init__(self, page: Any) -> None:
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def check(self, url: str) -> None:
        """Nothing but the file itself was asked for, and nothing went wrong."""
        own = url.partition("#")[0]
        asked = {request.partition("#")[0] for request in self.requests} - {own}
        assert not {request for request in asked if not request.startswith(("blob:", "data:"))}
        assert not self.errors


@contextmanager
def opened(browser: Any, url: str, **settings: Any) -> Iterator[Any]:
    """A page at an address, which must ask for nothing and show no error until the end.

    settings: of Playwright's new_context (viewport, color_scheme, java_script_enabled, …).
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
    page = context.new_page()
    page.set_default_timeout(10_000)
    watch = Watch(page)
    try:
        page.goto(url)
        yield page
        watch.check(url)
    finally:
        context.close()


def violations(page: Any) -> list[str]:
    """What axe-core finds against the page as it is now: rule and elements, one line each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    results = axe.Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in results for node in rule["nodes"]]
