"""The judging page's answers: what the server shows, stores and takes back, for a judge and for who settles."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from bench.data.formats import load_dataset
from bench.experiment.judging import begin_judging
from bench.judging.grades import GradeLine, append, combined, read
from bench.judging.judging_record import JudgedQuery
from bench.judging.session import Session
from bench.judging.settling import Settling
from bench.serving.judging import judging_server, settling_server


@pytest.fixture
def begun(write_set, tmp_path):
    documents = load_dataset(write_set())
    queries = [JudgedQuery("q1", "cat on the mat", {})]
    return (
        tmp_path / "judged",
        begin_judging(tmp_path / "judged", "small", documents, queries, ["bm25", "tfidf"]),
        documents,
    )


@pytest.fixture
def answers():
    """The answers of a server, without its sockets; all are closed behind the test."""
    servers = []

    def of(server):
        servers.append(server)
        handler = server._server.RequestHandlerClass
        return handler.get["state"], handler.post["act"], handler.post["undo"]

    yield of
    for server in servers:
        server._server.server_close()


def test_a_judge_grades_and_takes_back(begun, answers):
    folder, record, documents = begun
    state, act, undo = answers(judging_server(Session(folder, record, documents, "ann")))
    status, content = state()
    shown = content["state"]["shown"]
    assert (status, shown["number"], shown["opinions"]) == (HTTPStatus.OK, 0, [])
    assert act({"number": 0, "action": "grade", "grade": 2, "note": "x"})[0] == HTTPStatus.OK
    assert list(combined(read(folder)).values()) == [2]
    assert act({"number": 0, "action": "grade", "grade": 2})[0] == HTTPStatus.CONFLICT
    assert undo({})[1]["state"]["shown"] == shown


def test_who_settles_sees_letters_and_notes_and_no_names(begun, answers):
    folder, record, documents = begun
    pair = Session(folder, record, documents, "ann").pairs[0]
    append(
        folder,
        GradeLine(*pair, "ann-the-judge", grade=0, note="no \u202e trick"),
        GradeLine(*pair, "bob-the-judge", grade=3),
    )
    state, act, undo = answers(settling_server(Settling(folder, record, documents, "eve")))
    content = state()[1]["state"]
    opinions = content["shown"]["opinions"]
    assert sorted(line[3:] for line in opinions) == sorted(["0 not relevant (no \ufffd trick)", "3 perfect"])
    assert [line[:3] for line in opinions] == ["A: ", "B: "]
    assert "the-judge" not in str(content)
    assert content["progress"]["sentence"] == "0 of 1 disagreement settled."
    settled = act({"number": 0, "action": "grade", "grade": 1})[1]["state"]
    assert settled["shown"] is None
    assert settled["progress"] == {"sentence": "1 of 1 disagreement settled.", "verdict": [], "own": 1}
    assert combined(read(folder)) == {pair: 1}
    assert undo({})[1]["state"]["shown"] == content["shown"]


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"number": 0, "action": "undo"},
        {"number": 0, "action": "grade"},
        {"number": 0, "action": "skip", "grade": 1},
        {"number": False, "action": "grade", "grade": 1},
        {"number": 0, "action": "grade", "grade": True},
    ],
)
def test_what_is_no_decision_is_refused(begun, answers, content):
    folder, record, documents = begun
    _, act, _ = answers(settling_server(Settling(folder, record, documents, "eve")))
    assert act(content)[0] == HTTPStatus.BAD_REQUEST
    assert read(folder) == []
