"""A server for one page and its answers, for the person who started it and nobody else.

It listens on this machine alone, but every page that a browser has open can send requests here, and so can any program
of this machine. So:

- the address holds a random token, and without it there is nothing but 404;
- the Host header must be this server's own: a name of somebody else's that was made to point at 127.0.0.1 (DNS
  rebinding) is refused;
- what changes something is a POST of JSON from this very page: its Origin must be ours, and a browser that says that
  the request comes from another site is refused. Another site's page cannot send JSON without asking first, and is
  never answered;
- nothing may put the page into a frame, and it may load nothing but its own script and style.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.errors import BenchError

HOST = "127.0.0.1"
LARGEST_BODY = 1 << 16  # bytes of a request; a note is short
SECONDS = 30  # that a connection may be silent

Answer = tuple[HTTPStatus, Mapping[str, Any]]
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",  # beside what the page itself names
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class LocalServer:
    """Serves one page and the answers to its questions, until it is closed.

    page: the HTML, which names its own Content-Security-Policy. get: path -> what a GET of it answers; post: path ->
    what a POST of JSON answers. Answers are made one at a time. port: 0 takes a free one.

    Raises BenchError where the port is taken.
    """

    def __init__(
        self,
        page: str,
        get: Mapping[str, Callable[[], Answer]],
        post: Mapping[str, Callable[[Mapping[str, Any]], Answer]],
        *,
        port: int = 0,
    ) -> None:
        self.token = secrets.token_urlsafe(24)

        class Handler(_Handler):
            pass

        try:
            self._server = ThreadingHTTPServer((HOST, port), Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BenchError(
                f"No server can listen on {HOST}:{port}: {reason}.", "Take another --port, or none for a free one."
            ) from None
        self._server.daemon_threads = True
        Handler.page, Handler.get, Handler.post = page.encode(), get, post
        Handler.token, Handler.one_at_a_time = self.token, threading.Lock()
        Handler.hosts = {f"{name}:{self.port}" for name in (HOST, "localhost")}

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What to open."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def serve(self) -> None:
        """Answer until `close` is called in another thread, or the process is interrupted."""
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """Stop answering and give the port back."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    page: bytes
    token: str
    hosts: set[str]
    one_at_a_time: threading.Lock
    get: Mapping[str, Callable[[], Answer]]
    post: Mapping[str, Callable[[Mapping[str, Any]], Answer]]
    timeout = SECONDS
    protocol_version = "HTTP/1.1"
    # Headers and body are sent one after the other: else the body waits until the headers are acknowledged, 40 ms.
    disable_nagle_algorithm = True
    server_version, sys_version = "bench", ""

    def do_GET(self) -> None:
        path = self._own_path()
        if path == "":
            self._send(HTTPStatus.OK, self.page, "text/html; charset=utf-8")
        elif path is not None and path in self.get:
            with self.one_at_a_time:
                answer = self.get[path]()
            self._answer(*answer)
        elif path is not None:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        path = self._own_path()
        if path is None:
            return
        if wrong := self._wrong(path):
            self._refuse(wrong)
        elif (content := self._content()) is None:
            self._refuse(HTTPStatus.BAD_REQUEST)
        else:
            with self.one_at_a_time:
                answer = self.post[path](content)
            self._answer(*answer)

    def _wrong(self, path: str) -> HTTPStatus | None:
        """Why a POST is not even read."""
        length = self.headers.get("Content-Length", "")
        if (
            self.headers.get("Origin") not in {f"http://{host}" for host in self.hosts}
            or self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
        ):
            return HTTPStatus.FORBIDDEN
        if path not in self.post:
            return HTTPStatus.NOT_FOUND
        if self.headers.get_content_type() != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length) > LARGEST_BODY else None

    def _content(self) -> dict[str, Any] | None:
        """The object that was sent; None for anything else."""
        try:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        except (ValueError, RecursionError):
            return None
        return content if isinstance(content, dict) else None

    def _own_path(self) -> str | None:
        """What is asked for behind the token; None where the request was refused."""
        if self.headers.get("Host", "").lower() not in self.hosts:
            self._refuse(HTTPStatus.FORBIDDEN)
            return None
        token, slash, path = self.path.removeprefix("/").partition("?")[0].partition("/")
        if not slash or not hmac.compare_digest(token.encode(), self.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
            return None
        return path

    def _answer(self, status: HTTPStatus, content: Mapping[str, Any]) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _refuse(self, status: HTTPStatus) -> None:
        """Say no more than that, and end the connection: what else it sent was not read."""
        self.close_connection = True
        self._send(status, f"{status.value} {status.phrase}\n".encode(), "text/plain; charset=utf-8")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        headers = _HEADERS | {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
        }
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Addresses hold the token, and nobody reads a line a request."""
