"""Makes these pictures anew, from runs of the shipped sets: `python docs/pictures/screenshots.py`, in some minutes.

It needs `pip install -e '.[browser]'` and Chromium, of which BENCH_BROWSER is the path where it has a name of its own.
On a busy machine the first screen has no times.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench.report.page.addresses import QUERIES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(__file__).parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WIDTH = 1280
REPORT, DIFFERENCE = "results/example/report.html", "difference.html"


def query(of: dict[str, str], **filters: str) -> str:
    """The place of an opened query of phenomena, beside others that the filters leave."""
    return "#" + QUERIES + "?" + urlencode({"set": "phenomena", **of, **filters})


SYNONYM = {"a": "minilm", "b": "bm25", "query": "synonym-05", "show": "minilm\nbm25"}
LOST = {"a": "head bm25:stemmer=none", "b": "base bm25", "query": "morphology-14"}
MAPPED = {"set": "phenomena", "retriever": "minilm", "query": "synonym-05"}

# Picture -> the page, the place in it, and how high the window is.
SHOTS = {
    "first-screen": (REPORT, "", 1000),
    "explorer": (REPORT, query(SYNONYM, field="phenomenon", value="synonym"), 1250),
    "map": (REPORT, f"#map?{urlencode(MAPPED)}", 1000),
    "difference": (DIFFERENCE, query(LOST, change="lost", field="phenomenon", value="morphology"), 1250),
}


def main() -> None:
    """Run, compare, and take the pictures."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("Playwright is missing: pip install -e '.[browser]'")
    program = os.environ.get("BENCH_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit("No browser is here: apt install chromium, or name one in BENCH_BROWSER.")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        make_pages(Path(folder))
        # These pages are our own, and as root Chromium has no sandbox.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name, (page, place, height) in SHOTS.items():
            path = PICTURES / f"{name}.png"
            path.write_bytes(compressed(picture(browser, (Path(folder) / page).as_uri() + place, height)))
            print(f"{path}: {path.stat().st_size:,} bytes")
        browser.close()


def make_pages(folder: Path) -> None:
    """The report of a run, and the difference between BM25 with a stemmer and without."""
    bench(folder, "run", "--name", "example")
    for name, retriever in (("main", "bm25"), ("no-stemmer", "bm25:stemmer=none")):
        bench(folder, "run", "phenomena", "-r", retriever, "--no-latency", "--name", name)
    bench(folder, "compare", "results/main", "results/no-stemmer", "--html", DIFFERENCE)


def bench(folder: Path, *arguments: str) -> None:
    """A command in that folder. Its exit code is no matter: a regression is what is to be shown."""
    subprocess.run([sys.executable, "-m", "bench", *arguments], cwd=folder, stdout=subprocess.DEVNULL, check=False)


def picture(browser: Browser, address: str, height: int) -> bytes:
    """What a window of that height shows at first, as a PNG."""
    page = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme="light")
    page.goto(address)
    page.wait_for_timeout(2_000)  # until all that the page unpacks is drawn
    png = page.screenshot()
    page.close()
    return png


def compressed(png: bytes) -> bytes:
    """The same with a palette, in a third of the bytes."""
    from PIL import Image

    packed = io.BytesIO()
    # The usual way to choose a palette, the median cut, gives small marks the colour of others.
    palette = (
        Image.open(io.BytesIO(png)).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    palette.save(packed, "png", optimize=True)
    return packed.getvalue()


if __name__ == "__main__":
    main()
