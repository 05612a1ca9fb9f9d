"""The page on which documents are judged and disagreements settled, and its answers: what is shown, how far it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from bench.errors import BenchError
from bench.judging.sentences import opinion_sentence, progress_sentence, verdict_sentences
from bench.judging.session import Session
from bench.judging.settling import Opinion, Settling
from bench.report.page.document import View, document
from bench.report.page.explorer_data import stems
from bench.report.page.markup import render
from bench.report.table import inert
from bench.serving.local_server import Answer, LocalServer

MARKED = 20_000  # characters of a document within which words are marked


def judging_server(session: Session, *, port: int = 0) -> LocalServer:
    """A server for a judge. Raises BenchError where the port is taken."""
    return _server(_Judging(session), port)


def settling_server(settling: Settling, *, port: int = 0) -> LocalServer:
    """A server for whoever settles disagreements. Raises BenchError where the port is taken."""
    return _server(_SettlingAnswers(settling), port)


def _server(answers: _Answers, port: int) -> LocalServer:
    page = document("bench judge", [View("judge", "Judge", render("judging"), True)], (), ["judging"], asks_server=True)
    return LocalServer(page, {"state": answers.state}, {"act": answers.act, "undo": answers.undo}, port=port)


class _Answers(ABC):
    """What the page asks, answered from the work of one person."""

    def __init__(self, work: Session | Settling) -> None:
        self._work = work

    @abstractmethod
    def _shown(self) -> dict[str, Any] | None:
        """What the person is asked now."""

    @abstractmethod
    def _progress(self) -> dict[str, Any]:
        """How far it is: a sentence, what it says so far, and how many acts of theirs stand."""

    def state(self) -> Answer:
        self._work.refresh()
        return HTTPStatus.OK, {"state": self._state()}

    def act(self, content: Mapping[str, Any]) -> Answer:
        number, action, grade = (content.get(name) for name in ("number", "action", "grade"))
        note = content.get("note") or ""
        if (
            type(number) is not int  # which JSON's true is not, and an instance of int is
            or not isinstance(note, str)
            or action not in ("grade", "skip")
            or (type(grade) is int) != (action == "grade")
        ):
            return HTTPStatus.BAD_REQUEST, {"error": "That is no judgement."}
        return self._changed(lambda: self._work.act(number, action, grade, note))

    def undo(self, content: Mapping[str, Any]) -> Answer:  # noqa: ARG002 - a POST has content
        return self._changed(self._work.undo)

    def _changed(self, change: Any) -> Answer:
        try:
            change()
        except BenchError as error:
            return HTTPStatus.CONFLICT, {"error": f"{error.message} {error.hint}", "state": self._state()}
        return HTTPStatus.OK, {"state": self._state()}

    def _state(self) -> dict[str, Any]:
        grades = self._work.record.settings.grade_names
        return {"grades": grades, "shown": self._shown(), "progress": self._progress()}


class _Judging(_Answers):
    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    def _shown(self) -> dict[str, Any] | None:
        shown = self._session.current()
        return None if shown is None else _content(shown.number, shown.query, shown.document)

    def _progress(self) -> dict[str, Any]:
        progress, settings = self._session.progress(), self._session.record.settings
        return {
            "sentence": progress_sentence(progress),
            "verdict": verdict_sentences(progress, settings.retrievers, made_queries=settings.made_queries),
            "own": progress.own,
        }


class _SettlingAnswers(_Answers):
    def __init__(self, settling: Settling) -> None:
        super().__init__(settling)
        self._settling = settling

    def _shown(self) -> dict[str, Any] | None:
        shown = self._settling.current()
        return None if shown is None else _content(shown.number, shown.query, shown.document, shown.opinions)

    def _progress(self) -> dict[str, Any]:
        return {"sentence": self._settling.sentence(), "verdict": [], "own": self._settling.own}


def _content(number: int, query: str, text: str, opinions: Sequence[Opinion] = ()) -> dict[str, Any]:
    asked, shown = inert(query), "\n".join(map(inert, text.splitlines()))
    return {
        "number": number,
        "query": asked,
        "document": shown,
        "stems": stems([shown[:MARKED]], [asked]),
        "opinions": [inert(opinion_sentence(opinion)) for opinion in opinions],
    }
