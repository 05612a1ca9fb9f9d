"""Datasets of the hub, from a local server that speaks the endpoints that huggingface_hub asks."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import huggingface_hub.constants
import huggingface_hub.utils
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.data.formats import hf, load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError

DOCS = [{"_id": "d1", "title": "Cats", "text": "The cat slept."}, {"_id": "d2", "title": None, "text": "Pump blocked."}]
QUERIES = [{"_id": "q1", "text": "cat"}, {"_id": "q2", "text": "pump"}, {"_id": "q3", "text": "never judged"}]
JUDGED = [("q1", "d1", 2), ("q2", "d2", 1), ("q2", "d1", 0)]
README = b"---\nlicense: cc-by-4.0\n---\nA small set.\n"


def jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet(rows):
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def labels(rows, kind=int):
    return [{"query-id": query, "corpus-id": document, "score": kind(score)} for query, document, score in rows]


def tsv(rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in [("query-id", "corpus-id", "score"), *rows]).encode()


BEIR = {
    "README.md": README,
    "corpus.jsonl": jsonl(DOCS),
    "queries.jsonl": jsonl(QUERIES),
    "qrels/test.tsv": tsv(JUDGED),
    "qrels/dev.tsv": tsv(JUDGED[:1]),
    "run.py": b"raise SystemExit('code of the hub')",
}
MTEB = {
    "corpus/corpus-00000-of-00002.parquet": parquet([{**DOCS[0], "vector": [0.5]}]),
    "corpus/corpus-00001-of-00002.parquet": parquet(DOCS[1:]),
    "queries/queries-00000-of-00001.parquet": parquet(QUERIES),
    "default/test-00000-of-00001.parquet": parquet(labels(JUDGED, float)),
}
CONVERTED = {
    "corpus/test/0000.parquet": parquet([{"id": each["_id"], "text": each["text"]} for each in DOCS]),
    "corpus/dev/0000.parquet": parquet([{"id": "other", "text": "not of this split"}]),
    "queries/train/0000.parquet": parquet([{"id": each["_id"], "text": each["text"]} for each in QUERIES]),
    "qrels/test/0000.parquet": parquet(labels(JUDGED)),
}
DATA = {
    "data/corpus-00000-of-00001.parquet": parquet(DOCS),
    "data/queries-00000-of-00001.parquet": parquet(QUERIES),
    "data/test-00000-of-00001.parquet": parquet(labels(JUDGED, str)),
}
BARE = {
    "corpus.jsonl.gz": gzip.compress(jsonl(DOCS)),
    "queries.jsonl": jsonl(QUERIES),
    "test.jsonl": jsonl(labels(JUDGED)),
}


class Hub:
    """Repositories of one commit each: name -> path -> content."""

    def __init__(self):
        self.files = {}
        self.asked = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def put(self, files, name="tiny/set"):
        self.files[name] = files
        return f"hf:{name}"

    def sha(self, name):
        return hashlib.sha1(repr(sorted(self.files[name].items())).encode()).hexdigest()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path):
        """(status, headers, body)"""
        parts = unquote(urlsplit(path).path).strip("/").split("/")
        api = parts[0] == "api"
        name, (verb, revision, *rest) = "/".join(parts[1 + api : 3 + api]), parts[3 + api :] or ["revision", "main"]
        if name == "tiny/gated":
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        if name == "tiny/broken":
            return 500, {}, b"{}"
        if name not in self.files:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        if revision not in ("main", "v1", self.sha(name)):
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        files = self.files[name]
        if verb == "revision":
            return 200, {}, json.dumps({"id": name, "sha": self.sha(name), "siblings": []}).encode()
        if verb == "tree":
            tree = [
                {"type": "file", "path": each, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for each, content in files.items()
            ]
            return 200, {}, json.dumps(tree).encode()
        content = files["/".join(rest)]
        etag = f'"{hashlib.sha1(content).hexdigest()}"'
        return 200, {"ETag": etag, "X-Repo-Commit": self.sha(name)}, content

    def _handler(hub):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                hub.asked.append(self.path)
                status, headers, body = hub.answer(self.path)
                self.send_response(status)
                for key, value in {**headers, "Content-Length": len(body)}.items():
                    self.send_header(key, str(value))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub of this test alone, with an empty cache."""
    made = Hub()
    constants = huggingface_hub.constants
    monkeypatch.setattr(constants, "ENDPOINT", made.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", made.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    yield made
    made.close()


def check(found):
    assert found.document_ids(range(2)) == ["d2", "d1"]
    assert (found.query_ids, found.query_texts) == (["q1", "q2"], ["cat", "pump"])
    assert found.judgements == [{1: 2}, {0: 1, 1: 0}]


@pytest.mark.parametrize("files", [BEIR, MTEB, DATA, BARE], ids=["beir", "mteb", "data", "bare"])
def test_each_layout_is_read(hub, files):
    found = load_dataset(hub.put(files))
    check(found)
    assert list(found.texts) == ["Pump blocked.", "Cats The cat slept."]
    assert (found.name, found.note) == ("tiny/set", "")
    assert found.card.source == f"hf:tiny/set@{hub.sha('tiny/set')}"


def test_splits_of_the_texts(hub):
    found = load_dataset(hub.put(CONVERTED))
    check(found)
    assert list(found.texts) == ["Pump blocked.", "The cat slept."]


def test_the_card_names_the_licence(hub):
    assert load_dataset(hub.put(BEIR)).card.licence == "cc-by-4.0"
    assert load_dataset(hub.put({**BEIR, "README.md": b"---\n: [\n---\n"}, "tiny/odd")).card.licence == ""


def test_nothing_else_is_fetched(hub):
    load_dataset(hub.put(BEIR))
    fetched = {path.partition("/resolve/")[2].partition("/")[2] for path in hub.asked} - {""}
    assert fetched == set(BEIR) - {"run.py"}


def test_a_split_of_the_judgements(hub):
    assert load_dataset(hub.put(BEIR), Options(split="dev")).query_ids == ["q1"]
    with pytest.raises(BenchError) as caught:
        load_dataset("hf:tiny/set", Options(split="tests"))
    assert "Did you mean 'test'? Known: dev, test." in caught.value.hint


def test_a_revision_is_resolved_to_its_commit(hub):
    hub.put(BEIR)
    sha = hub.sha("tiny/set")
    for revision in ("v1", sha):
        assert load_dataset(f"hf:tiny/set@{revision}").card.source == f"hf:tiny/set@{sha}"
    with pytest.raises(BenchError, match="has no revision 'v2'"):
        load_dataset("hf:tiny/set@v2")


def test_what_was_fetched_needs_no_network(hub, monkeypatch):
    load_dataset(hub.put(MTEB))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    huggingface_hub.utils.close_session()
    asked = len(hub.asked)
    check(load_dataset("hf:tiny/set"))
    assert len(hub.asked) == asked
    with pytest.raises(BenchError, match="hf:tiny/other cannot be fetched"):
        load_dataset("hf:tiny/other")
    huggingface_hub.utils.close_session()


def test_judgements_that_nobody_can_use_are_counted(hub):
    found = load_dataset(hub.put({**BEIR, "qrels/test.tsv": tsv([*JUDGED, ("q1", "d9", 1), ("q9", "d1", 1)])}))
    check(found)
    assert "judgements of queries or documents that the set lacks, left out: 2 of 5" in found.note


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("hf:tiny/unknown", "The hub has no dataset 'tiny/unknown'"),
        ("hf:tiny/gated", "hf:tiny/gated asks to accept its terms"),
        ("hf:tiny/broken", "hf:tiny/broken cannot be fetched: "),
        ("hf:scifact", "'scifact' names no dataset of the hub"),
        ("hf:tiny/set@", "names no dataset of the hub"),
        ("hf:tiny/../set", "names no dataset of the hub"),
        ("hf:-/..", "hf:-/.. cannot be fetched: "),
    ],
)
def test_what_cannot_be_fetched_is_one_error(hub, monkeypatch, source, message):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(BenchError) as caught:
        load_dataset(source)
    assert message in caught.value.message
    assert caught.value.hint


def test_a_hub_that_is_not_there_is_one_error(hub, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.close()
    with pytest.raises(BenchError, match="hf:tiny/set cannot be fetched: "):
        load_dataset("hf:tiny/set")


def test_a_hub_that_never_answers_is_one_error(hub, monkeypatch):
    monkeypatch.setattr(hf, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(BenchError, match=r"hf:tiny/set cannot be fetched: .*timed out"):
            load_dataset("hf:tiny/set")


def test_no_file_leaves_the_folder(hub, tmp_path):
    outside = "corpus/../../../../../../outside.jsonl"
    with pytest.raises(BenchError, match="cannot be fetched"):
        load_dataset(hub.put({**BEIR, outside: b"{}"}))
    assert not list(tmp_path.rglob("outside.jsonl"))


def without(name):
    return {each: content for each, content in BEIR.items() if not each.startswith(name)}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (without("corpus"), "hf:tiny/set has no corpus"),
        (without("queries"), "hf:tiny/set has no queries"),
        (without("qrels"), "hf:tiny/set has no judgements"),
        ({**BEIR, "corpus.jsonl": jsonl([DOCS[0], DOCS[0]])}, "has documents with the same id"),
        ({**BEIR, "corpus.jsonl": jsonl([{"_id": "d1"}])}, "corpus.jsonl:1: no 'text'"),
        ({**BEIR, "corpus.jsonl": b"{"}, "corpus.jsonl:1: not valid JSON"),
        ({**BEIR, "queries.jsonl": jsonl([{"_id": "q 1", "text": "x"}])}, "queries.jsonl:1: the id 'q 1' holds white"),
        (
            {**BEIR, "qrels/test.tsv": b"q\td\ts\nq1\td1\t1\n"},
            "test.tsv:2: no query-id and corpus-id among q, d, s",
        ),
        ({**BEIR, "qrels/test.tsv": tsv([("q1", "d1", 0.5)])}, "test.tsv:2: the grade '0.5' is not a whole number"),
        ({**BEIR, "qrels/test.tsv": tsv([("q9", "d9", 1)])}, "0 of 1 judgements fit the set"),
        ({**MTEB, "queries/queries-00000-of-00001.parquet": b"PAR1 no"}, ".parquet cannot be read: "),
        ({**MTEB, "queries/queries-00000-of-00001.parquet": parquet([{"text": "x"}])}, ".parquet, row 1: no _id"),
        (
            {**without("corpus"), **{f"corpus/{each}-00000-of-00001.parquet": parquet(DOCS) for each in ("a", "b")}},
            "no split of the corpus of hf:tiny/set: 'test'",
        ),
    ],
)
def test_what_is_wrong_with_it_is_one_error(hub, files, message):
    with pytest.raises(BenchError) as caught:
        load_dataset(hub.put(files))
    assert message in caught.value.message
    assert caught.value.hint


def test_a_missing_extra_prints_its_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(BenchError) as caught:
        load_dataset("hf:tiny/set")
    assert "pip install -e '.[hub]'" in caught.value.hint


def test_the_command_line_takes_it(hub, tmp_path):
    hub.put(BEIR)
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_HUB_OFFLINE": "0",
        "TRANSFORMERS_OFFLINE": "0",
        "HF_HOME": str(tmp_path / "home"),
    }
    command = [sys.executable, "-m", "bench", "datasets", "check", "hf:tiny/set", "--json"]
    found = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert json.loads(found.stdout), found.stderr
    assert "Traceback" not in found.stderr
