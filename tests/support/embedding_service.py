"""A service of embeddings on this machine, which answers as it is told to: rightly, late, too little, out of order."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

DIMENSIONS = 256


def vector_of(text, dimensions=DIMENSIONS):
    """The sum of vectors that are drawn from the hashes of the text's words."""
    total = np.zeros(dimensions)
    for word in text.lower().replace(".", "").split() or [text]:
        total += np.random.default_rng(int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])).normal(
            size=dimensions
        )
    return total.tolist()


def answer_of(request):
    """What a whole service says. Of texts every four characters are a token."""
    size = request.get("dimensions", DIMENSIONS)
    rows = [
        {"object": "embedding", "index": row, "embedding": vector_of(text, size)}
        for row, text in enumerate(request["input"])
    ]
    tokens = sum(-(-len(text) // 4) for text in request["input"])
    return {"object": "list", "data": rows, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service = self.server.service
        with service.lock:
            service.requests.append((dict(self.headers), request))
            answer = service.script.pop(0) if service.script else answer_of
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


class Service:
    """url: of its embeddings. script: answers in place of right ones, in order. requests: all so far."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/v1/embeddings"
        self.script, self.requests, self.lock = [], [], threading.Lock()

    @property
    def texts(self):
        return [text for _, request in self.requests for text in request["input"]]


def late(seconds):
    def answer(request):
        threading.Event().wait(seconds)  # not by time.sleep, which a test may take away
        return answer_of(request)

    return answer


def changed(change):
    """A right answer that is then changed."""

    def answer(request):
        right = answer_of(request)
        change(right)
        return right

    return answer


@contextmanager
def embedding_service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.service = Service(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.service
    finally:
        server.shutdown()
        server.server_close()
