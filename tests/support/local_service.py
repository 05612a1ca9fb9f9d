"""A service on this machine that answers as a script says: rightly where nothing is left of it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms for the headers to be acknowledged

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service = self.server.service
        with service.lock:
            service.requests.append((dict(self.headers), request))
            answer = service.script.pop(0) if service.script else service.answer_of
        status, headers, content = 200, {}, answer
        if callable(answer):
            content = answer(request)
        if isinstance(content, tuple):
            status, headers, content = content
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if int(headers.get("Content-Length", 0)) > len(body):
            self.close_connection = True  # it dies half-way

    def log_message(self, *_):
        pass


class LocalService:
    """script: answers in place of right ones, in order. requests: headers and contents of all so far."""

    def __init__(self, url, answer_of):
        self.url, self.answer_of = url, answer_of
        self.script, self.requests, self.lock = [], [], threading.Lock()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Whoever asked may be gone by now."""


@contextmanager
def local_service(path, answer_of, kind=LocalService):
    """A service at this path, whose right answer is a function of the request."""
    server = Server(("127.0.0.1", 0), Handler)
    server.service = kind(f"http://127.0.0.1:{server.server_port}{path}", answer_of)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.service
    finally:
        server.shutdown()
        server.server_close()


def late(seconds, answer_of):
    def answer(request):
        threading.Event().wait(seconds)  # not by time.sleep, which a test may take away
        return answer_of(request)

    return answer
