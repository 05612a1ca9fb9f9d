"""Places of a page as links hold them; static/address.js reads them."""

from __future__ import annotations

from urllib.parse import urlencode

from bench.report.table import head

QUERIES = "queries"  # the view of the query explorer
LONGEST = 200  # characters of a name on a page


def query_address(set: str, query: str = "", a: str = "", b: str = "") -> str:  # noqa: A002 - as the address has it
    """A set in the query explorer, or one of its queries with two retrievers compared.

    Args:
        set: Its slug.
        query: Its id.
        a: Label of a retriever as it is shown.
        b: That of another.
    """
    named = {"set": set, **{key: head(text, LONGEST) for key, text in (("a", a), ("b", b), ("query", query)) if text}}
    return f"#{QUERIES}?{urlencode(named)}"
