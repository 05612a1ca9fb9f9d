"""The queries on which one retriever loses most against another: of the two that the verdict is about, both ways."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bench.data.passages import passage, query_terms
from bench.errors import counted
from bench.report.blocks import Block, Heading, Item, Items, LinkedQuery
from bench.report.page.addresses import query_address
from bench.report.run.labels import shortened
from bench.report.run.names import analysis
from bench.report.table import head, inert, number
from bench.storage.files import slug
from bench.storage.run import Run

WORST = 3  # queries of a pair
QUERY, TEXT = 160, 120  # characters shown
TERMS = 8


def losses(run: Run, dataset: dict[str, Any]) -> Iterator[Block]:
    """A heading and a list for either direction of the pair that the verdict is about in which one loses anything.

    For every ordered pair where the verdict is about none, as in runs of before it said so.
    """
    analyses = analysis(run, dataset)
    about = (analyses.get("verdict") or {}).get("pair")
    for pair in analyses.get("failures", ()):
        if pair["worst"] and (about is None or {pair["loser"], pair["winner"]} == set(about)):
            queries = counted(pair["lost"], "query", "queries")
            yield Heading(f"{pair['loser']} below {pair['winner']}: {queries}", level=4)
            shown = shortened(run.retrievers)
            known = {"set": slug(dataset["name"]), "a": shown[pair["loser"]], "b": shown[pair["winner"]]}
            yield Items(tuple(_loss(pair, loss, analyses, known) for loss in pair["worst"][:WORST]))


def _loss(
    pair: Mapping[str, Any], loss: Mapping[str, Any], analyses: Mapping[str, Any], known: Mapping[str, str]
) -> Item:
    """known: of the address of the query."""
    ranks = [(pair["loser"], loss["loser_rank"], loss["loser_value"])]
    ranks.append((pair["winner"], loss["winner_rank"], loss["winner_value"]))
    depths = analyses.get("depths", {})  # runs of before that key had one for all
    places = "; ".join(
        f"{label} {_place(rank, depths.get(label, analyses['depth']))}, {number(value, 2)}"
        for label, rank, value in ranks
    )
    terms = query_terms(loss["text"])
    details = [("Answer", _document(loss["document"], loss["document_text"], terms))]
    if loss["text"]:  # judgements alone have no texts
        details += [("Terms in it", _terms(loss["matched"])), ("Terms missing", _terms(loss["missing"]))]
    details += [(f"{pair['loser']}'s hit {hit['rank']}", _above(hit, terms)) for hit in loss["above"]]
    name = head(loss["query"], 60)
    query = f"“{head(loss['text'], QUERY)}” ({name})" if loss["text"] else name
    link = LinkedQuery.to(query, query_address(**known, query=loss["query"]))
    return Item((link, f" {places}"), tuple((f"{what}: {text}",) for what, text in details))


def _document(name: str, text: str, terms: Collection[str], about: str = "") -> str:
    """Its name, what is known of it, and what of its text has the terms, where it has one."""
    known = f"{head(name, 60)} ({about})" if about else head(name, 60)
    return f"{known}: {passage(inert(text), terms, TEXT)}" if text else known


def _place(rank: int | None, depth: int) -> str:
    return f"not in its {counted(depth, 'hit')}" if rank is None else f"at rank {rank:,}"


def _terms(terms: Sequence[str]) -> str:
    more = f" and {len(terms) - TERMS:,} more" if len(terms) > TERMS else ""
    return ", ".join(head(term, 40) for term in terms[:TERMS]) + more or "none"


def _above(hit: Mapping[str, Any], terms: Collection[str]) -> str:
    judged = "not judged" if hit["grade"] is None else "not relevant"
    shared = f"; shares {_terms(hit['matched'])}" if hit["text"] else ""
    return _document(hit["document"], hit["text"], terms, f"{judged}{shared}")
