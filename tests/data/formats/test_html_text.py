"""Title and text of HTML pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.formats import html_text
from bench.errors import BenchError


@pytest.fixture
def read(tmp_path):
    """Title ("" for none) and text of a page with this content."""

    def read(content):
        path = tmp_path / "a.html"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        fields, text = html_text.read(path)
        return fields.get("title", ""), text

    return read


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        ("<title>Pumps</title><p>One <b>t</b>wo<p>three<br>four", "Pumps", "One two\nthree\nfour"),
        ("<table><tr><td>a<td>b</table>c", "", "a\nb\nc"),
        ("<title>Pumps — Shop 1.0</title><body><h1>Pumps</h1>Text", "Pumps", "Text"),
        ("<title>Pumps</title><body><h1>The shop</h1>Text", "Pumps", "The shop\nText"),
        ("<title>A - Keys - Book</title><main><h1>Keys of A</h1>Text</main>", "Keys of A", "Text"),
        ("<h1>Pumps <a class=headerlink href='#x'>¶</a></h1>Text", "Pumps", "Text"),
        (
            "<body><header>Site</header><nav>Home</nav><div role=main><p>Text<button>Copy</button></div><footer>©",
            "",
            "Text",
        ),
        ("<body><header>Site</header><p>Text</p><footer>©</footer>", "", "Text"),
        ("<article>One</article><aside>Side</aside>", "", "One"),
        ("<article>One</article><article>Two</article>", "", "One\nTwo"),
        ("<script>x</script><style>y</style><!-- z --><noscript>n</noscript><p>a &amp; b &#x41;", "", "a & b A"),
        ("<?xml version='1.0'?><!DOCTYPE html><html><head><title/></head><body>Text</body></html>", "", "Text"),
        ("<meta http-equiv=Refresh content='0; url=b.html'><p>Redirecting", "", ""),
        ("Text <!-- that never ends", "", "Text that never ends"),
        ("plain text", "", "plain text"),
        ("http://example.org/x", "", "http://example.org/x"),
        ("", "", ""),
    ],
)
def test_title_and_text(read, content, title, text):
    assert read(content) == (title, text)


@pytest.mark.parametrize(
    "content",
    [
        "<p>Käse".encode(),
        b"\xef\xbb\xbf<p>K\xc3\xa4se",
        "<meta charset=iso-8859-1><p>Käse".encode("latin-1"),
        "<meta charset=utf-16><p>Käse".encode(),
        "<meta charset=no-such-thing><p>Käse".encode(),
        "<?xml version='1.0' encoding='latin-1'?><p>Käse".encode("latin-1"),
    ],
)
def test_encodings(read, content):
    assert read(content) == ("", "Käse")


@pytest.mark.parametrize("content", [b"<p>K\xe4se", b"\x00\x01\x02<p>", b"<meta charset=utf-8>\xff"])
def test_what_is_no_text_is_one_error(read, content):
    with pytest.raises(BenchError, match=r"a\.html:1: not UTF-8"):
        read(content)


@pytest.mark.parametrize("mark", ["<div>", "<a>", "<a ", "<!--", "<a b='", "<![CDATA[", "</", "<b>"])
def test_what_is_never_closed_is_read_all_the_same(read, mark):
    """Python's own parser would take hours for a file of a megabyte of some of them."""
    assert read(f"first{mark * 20_000}")[1].startswith("first")


@given(st.text("ab<>/!-'\"=& ;#\n", max_size=60))
def test_any_text_is_read(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.html"
    path.write_text(f"<p>word</p>{content}", "utf-8")
    _, text = html_text.read(path)
    assert text.startswith("word")
