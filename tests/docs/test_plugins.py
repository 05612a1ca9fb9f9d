"""docs/plugins.md: its files keep the contract, and the client of a service does what the page says."""

from __future__ import annotations

import importlib
import json
import re
import shlex
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from places import ROOT

import bench
from bench.cli import main
from retrievers import RetrieverError, create, signature
from retrievers.testing import check_retriever

PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))
KEY = "sk-live-4f9a77c2"


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Import a file of the page, from a folder of its own, which is the current one."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))

    def imported(name):
        monkeypatch.delitem(importlib.sys.modules, name, raising=False)
        return importlib.import_module(name)

    return imported


class Service(ThreadingHTTPServer):
    """POST /v1/embeddings. faults: what the next requests get in place of an answer. asked: texts and key of each."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.asked, self.hangs = [], [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/v1/embeddings"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((content["input"], self.headers["Authorization"]))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault == "hangs up":
            return
        if fault == "hangs":
            self.server.hangs.wait(600)
            return
        if isinstance(fault, tuple):
            status, headers, body = fault
            self.answer(status, body.encode(), headers)
            return
        rows = [{"index": place, "embedding": vector(text)} for place, text in enumerate(content["input"])]
        self.answer(200, json.dumps({"data": rows[::-1]}).encode())  # in any order

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def vector(text):
    """Not of length 1: the client sees to that."""
    drawn = [np.random.default_rng(zlib.crc32(word.encode())).normal(size=8) for word in text.lower().split()]
    return (np.sum(drawn, axis=0) if drawn else np.ones(8)).tolist()


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("EMBEDDINGS_KEY", KEY)
    served = Service()
    thread = threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield served
    served.hangs.set()
    served.shutdown()
    served.server_close()
    thread.join()


@pytest.fixture
def client(page, service, monkeypatch):
    """Make a client of the service; the waits it takes are kept in `waits`, and take no time."""
    module = page("http_embedder")
    waits = []
    monkeypatch.setattr(module.time, "sleep", waits.append)

    def made(**parameters):
        return module.HttpDense(url=service.url, **parameters)

    made.waits = waits
    return made


def test_each_block_is_a_file_or_a_command():
    assert {
        "test_shortest.py",
        "pyproject.toml",
        "fused.py",
        "mean_words.py",
        "http_embedder.py",
        "titles.py",
    } == FILES.keys()
    assert PAGE.count("\n```") == 2 * (len(FILES) + len(re.findall(r"^```sh\n", PAGE, re.MULTILINE)))


def test_each_link_within_the_page_leads_somewhere():
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in PAGE.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= headings


def test_the_retriever_of_retrievers_keeps_the_contract_and_takes_its_parts_from_the_command_line(page):
    check_retriever(page("fused").Fused)
    (line,) = re.findall(r"^python .*fused:Fused.*$", PAGE, re.MULTILINE)
    made = create(shlex.split(line)[-1])
    assert [type(component).__name__ for component in made.parts] == ["BM25", "Dense"]
    assert "BM25(variant='okapi', k1=0.9, b=0.4" in signature(made)


def test_an_own_encoder_keeps_the_contract_and_is_asked_once(page, write_set, monkeypatch):
    module = page("mean_words")
    check_retriever(module.MeanWords)
    folder, asked, encode = write_set(), [], module.encode
    monkeypatch.setattr(module, "encode", lambda texts: asked.extend(texts) or encode(texts))
    for name in ("one", "two"):
        found = bench.run(folder, [module.MeanWords()], name=name, latency=False)
        assert found.failures == []
        shares = found.latency.set_index("quantity")["value"]
        assert ("vectors_from_cache" in shares) == (name == "two")
    assert len(asked) == len(set(asked)) > 5
    assert shares["vectors_from_cache"] == 1


def test_the_client_keeps_the_contract(client):
    check_retriever(client)


def test_the_client_asks_in_batches_with_its_key(client, service):
    retriever = client(batch_size=2)
    retriever.index(["a b", "c", "d", "", "c"])
    assert [texts for texts, _ in service.asked] == [["a b", "c"], ["d", "."]]
    assert {key for _, key in service.asked} == {f"Bearer {KEY}"}
    assert retriever.search(["c"], 2).documents.tolist() == [[1, 4]]


def test_the_client_waits_and_tries_again(client, service):
    service.faults = [(429, {"Retry-After": "7"}, "slow down"), (503, {}, ""), "hangs up", (200, {}, "<html>")]
    retriever = client()
    retriever.index(["a", "b"])
    assert client.waits == [7, 2, 4, 8]
    assert len(service.asked) == 5
    assert retriever.search(["b"], 1).documents.tolist() == [[1]]


def test_the_client_gives_up_with_the_reason(client, service):
    service.faults = [(503, {}, "at capacity")] * 3
    with pytest.raises(RetrieverError, match=r"gave no answer in 3 attempts, the last time: 503 .*at capacity"):
        client(attempts=3).index(["a"])
    assert client.waits == [1, 2]


def test_the_client_does_not_wait_for_ever(client, service):
    service.faults = ["hangs"] * 2
    with pytest.raises(RetrieverError, match="2 attempts, the last time: TimeoutError"):
        client(attempts=2, timeout=0.2).index(["a"])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((401, {}, '{"error": "wrong key"}'), "refuses: 401 Unauthorized: .*wrong key"),
        ((404, {}, "no such model"), "refuses: 404"),
        ((200, {}, '{"error": "no such model"}'), "gave no embeddings: .*no such model"),
        ((200, {}, '{"data": []}'), "gives a batch of 1 an array of shape"),
    ],
)
def test_the_client_does_not_try_again_what_will_not_work(client, service, answer, message):
    service.faults = [answer]
    with pytest.raises(RetrieverError, match=message):
        client().index(["a"])
    assert client.waits == []


def test_a_run_that_a_service_broke_off_goes_on_where_it_was_and_shows_no_key(client, service, write_set, tmp_path):
    folder, retriever = write_set(), client(batch_size=1, attempts=1)
    texts = 3 + 1  # of the rehearsal, which are asked for first
    service.faults = [None] * (texts + 2) + [(500, {}, f"out of order, says {KEY}")]
    broken = bench.run(folder, [retriever], name="r", latency=False)
    (reason,) = [failure[-1] for failure in broken.failures]
    assert "500 Internal Server Error: out of order, says ***" in reason
    asked = len(service.asked)
    whole = bench.run(folder, [retriever], name="r", latency=False, resume=True)
    assert whole.failures == []
    both = [text for texts, _ in service.asked for text in texts]
    assert len(both) == len(set(both)) + 1  # the one that failed was asked for again
    assert len(service.asked) > asked
    for path in (tmp_path / "results").rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def test_the_command_of_the_page_runs(page, service, write_set, capsys):
    (line,) = re.findall(r"^python .*http_embedder.*$", PAGE, re.MULTILINE)
    line = line.replace("my-set", str(write_set())).replace("https://api.openai.com/v1/embeddings", service.url)
    with pytest.raises(SystemExit) as caught:
        main(shlex.split(line)[3:])
    assert caught.value.code == 0, capsys.readouterr().err
    assert service.asked


def test_the_titles_of_documents_are_searched(page):
    titles = page("titles").Titles
    check_retriever(titles)
    with pytest.raises(RetrieverError, match="no column 'title'"):
        titles().index(["a plain list"])
    found = bench.run("phenomena", [titles()], latency=False, results=".")
    assert not found.failures
