"""The server of a page: only its own page, with its token, on its own name, can ask or change anything."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from http import HTTPStatus

import pytest

from bench.errors import BenchError
from bench.serving.local_server import LARGEST_BODY, LocalServer


@pytest.fixture
def acts():
    return []


@pytest.fixture
def server(acts):
    def act(content):
        acts.append(content)
        return HTTPStatus.OK, {"acts": len(acts)}

    one = LocalServer("<p>page</p>", {"state": lambda: (HTTPStatus.OK, {"a": "é"})}, {"act": act})
    thread = threading.Thread(target=one.serve, daemon=True)
    thread.start()
    yield one
    one.close()
    thread.join(5)
    assert not thread.is_alive()


def ask(server, method="GET", path="", *, token=None, body=None, **headers):
    """status, headers, body of a request; a header of None is not sent."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    own = f"127.0.0.1:{server.port}"
    sent = {"Host": own}
    if method == "POST":
        body = json.dumps({"x": 1}) if body is None else body
        sent |= {"Origin": f"http://{own}", "Content-Type": "application/json", "Content-Length": str(len(body))}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, f"/{server.token if token is None else token}/{path}", skip_host=True)
    for name, value in sent.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body.encode() if body else None)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_it_has_its_page_and_answers(server, acts):
    status, headers, content = ask(server)
    assert (status, content) == (200, b"<p>page</p>")
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert json.loads(ask(server, path="state")[2]) == {"a": "é"}
    assert json.loads(ask(server, "POST", "act")[2]) == {"acts": 1}
    assert acts == [{"x": 1}]
    assert ask(server, path="other")[0] == ask(server, "POST", "other")[0] == 404


def test_it_listens_on_this_machine_alone(server):
    assert server.url.startswith(f"http://127.0.0.1:{server.port}/{server.token}")
    assert server._server.server_address[0] == "127.0.0.1"
    assert len(server.token) >= 32


@pytest.mark.parametrize("token", ["", "x", "%C3%A9", "../x"])
def test_without_the_token_there_is_nothing(server, acts, token):
    assert ask(server, token=token)[0] == 404
    assert ask(server, "POST", "act", token="wrong" + server.token)[0] == 404
    assert ask(server, token=server.token[:-1])[0] == 404
    assert not acts


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", None])
def test_another_name_that_points_here_is_refused(server, acts, host):
    named = host.format(port=server.port) if host else host
    for method, path in (("GET", ""), ("GET", "state"), ("POST", "act")):
        assert ask(server, method, path, Host=named)[0] == 403
    assert not acts
    assert ask(server, Host=f"LOCALHOST:{server.port}")[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
)
def test_another_page_changes_nothing(server, acts, headers):
    given = {name: value and value.format(port=server.port) for name, value in headers.items()}
    assert ask(server, "POST", "act", **given)[0] == 403
    assert not acts


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (415, "x=1", {"Content_Type": "application/x-www-form-urlencoded"}),
        (415, '{"x": 1}', {"Content_Type": "text/plain"}),
        (411, "", {"Content_Length": None}),
        (411, "{}", {"Content_Length": "-1"}),
        (413, "{}", {"Content_Length": str(LARGEST_BODY + 1)}),
        (400, "{", {}),
        (400, "[1]", {}),
        (400, "[" * 60_000, {}),
        (400, "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), {}),
    ],
)
def test_what_is_no_object_of_json_is_refused(server, acts, status, body, headers):
    assert ask(server, "POST", "act", body=body, **headers)[0] == status
    assert not acts
    assert ask(server)[0] == 200, "and the server goes on"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_not_known(server, method):
    assert ask(server, method)[0] == 501


def test_a_taken_port_is_one_error(server):
    with pytest.raises(BenchError, match=rf"127\.0\.0\.1:{server.port}.*--port"):
        LocalServer("", {}, {}, port=server.port)
    with pytest.raises(BenchError, match="65537"):
        LocalServer("", {}, {}, port=65537)


def test_one_who_only_connects_keeps_nobody_waiting(server):
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        silent.send(b"GET /")
        assert ask(server)[0] == 200
