"""Retrievers that tests script: simple, counting, failing."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from bench.experiment.workers.messages import Timed
from retrievers.base import SELECT, Ranking, RetrieverError, part, phase, record, require_index, top_k, warn
from retrievers.dense.bi_encoder import Dense
from retrievers.dense.encoder import Encoder
from retrievers.fusion import reciprocal_rank_fusion
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.tfidf import Tfidf


@dataclass
class Fixed:
    """Ranks the documents in order of position, whatever the query."""

    step: float = 1.0
    _size: int = field(init=False, repr=False, compare=False, default=0)

    def index(self, documents):
        with phase("load"):
            self._size = len(documents)
        record("index_bytes", 8.0 * self._size)

    def search(self, queries, k):
        ranking = Ranking.empty(len(queries), k)
        with phase("score"):
            for row in range(len(queries)):
                hits = np.arange(min(k, self._size))
                ranking.put(row, hits, (100 - self.step * hits).astype(np.float32))
        return ranking


@dataclass
class Spanned(Fixed):
    """Says of every hit that the characters from `start` to `end` earned its place."""

    start: int = 0
    end: int = 10

    def search(self, queries, k):
        ranking = super().search(queries, k)
        spans = np.where(ranking.documents[:, :, None] >= 0, np.array([self.start, self.end]), -1)
        return replace(ranking, spans=spans.astype(np.int32))


@dataclass
class Records(Fixed):
    """Records `told`, of whatever type."""

    told: object = None

    def index(self, documents):
        super().index(documents)
        record("told", self.told)


@dataclass
class Keyed(Fixed):
    """Asks a service with a key, and lets it slip: in a warning, in what it prints, in an error. fails: in `index`?"""

    api_key: str | None = field(default_factory=lambda: os.environ.get("SERVICE_ACCESS"))
    headers: dict = field(default_factory=dict)
    fails: bool = False
    url: str = "http://localhost"

    def index(self, documents):
        warn(f"asked with {self.api_key}")
        print("asking with", self.api_key, os.environ.get("SERVICE_TOKEN"), self.headers)
        os.write(2, f"* Bearer {os.environ.get('SERVICE_TOKEN')}\n".encode())  # as curl -v does
        with phase(f"asking with {self.api_key}"):
            super().index(documents)
        if self.fails:
            raise ValueError(f"{self.url}: refused {self.api_key!r} {self.headers} {os.environ.get('SERVICE_TOKEN')}")


@dataclass
class Switched(Fixed):
    """Has a switch with a secret's name."""

    use_auth: bool = False


class Unruly:
    """Cannot be printed."""

    def __repr__(self):
        return str(1 / 0)


@dataclass
class Unprintable(Fixed):
    """Has a field that cannot be printed."""

    field: object = Unruly()


@dataclass
class Unprinted(Fixed):
    """Has no value for a field that its repr shows until there is an index."""

    _documents: list = field(init=False)

    def index(self, documents):
        self._documents = documents
        super().index(documents)


@dataclass
class Broken(Fixed):
    """Raises in `index` or in the `at`-th search."""

    where: str = "index"
    at: int = 1
    _searches: int = field(init=False, repr=False, compare=False, default=0)

    def index(self, documents):
        if self.where == "index":
            raise ValueError("the index is broken")
        super().index(documents)

    def search(self, queries, k):
        self._searches += 1
        if self.where == "search" and self._searches >= self.at:
            raise ValueError("the search is broken")
        return super().search(queries, k)


class Mute(Exception):
    """Cannot say what it is."""

    def __str__(self):
        raise ValueError("no words")


@dataclass
class Odd(Fixed):
    """Does in `index` what no retriever should, by its name in `how`."""

    how: str = "surrogate"

    def index(self, documents):
        super().index(documents)
        getattr(self, self.how)()

    def surrogate(self):
        raise ValueError("lone \ud800 surrogate")

    def phase(self):
        with phase("\ud800[x]"):
            raise ValueError("in a phase")

    def exits(self):
        raise SystemExit(0)

    def interrupts(self):
        raise KeyboardInterrupt

    def mute(self):
        raise Mute

    def huge(self):
        raise ValueError("y" * 5_000_000)

    def lines(self):
        raise ValueError("first\nlast\u2028of it\n")

    def reads(self):
        input("password: ")

    def forks(self):
        os.fork()

    def pool(self):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            assert pool.map(abs, [-1, 2]) == [1, 2]


@dataclass
class NonsenseWhenTimed(Fixed):
    """Answers one query at a time with a text."""

    def search(self, queries, k):
        return super().search(queries, k) if len(queries) > 1 else "nonsense"


@dataclass
class Quotes(Fixed):
    """Raises what would be commands of a terminal and of CI systems."""

    def search(self, queries, k):
        raise ValueError("no answer to " + "y" * 138 + " ::error title=pwned::text \x1b[2J##[error]more")


@dataclass
class Nonsense(Fixed):
    """Breaks the contract in the way that `kind` names."""

    kind: str = "shape"

    def search(self, queries, k):
        good = super().search(queries, k)
        documents, scores = good.documents.copy(), good.scores.copy()
        if self.kind == "shape":
            documents = documents[:, :-1]
        elif self.kind == "nan":
            scores[0, 0] = np.nan
        elif self.kind == "duplicate":
            documents[0, 1], scores[0, 1] = documents[0, 0], scores[0, 0]
        elif self.kind == "unsorted":
            scores[0, 0] = -1000
        elif self.kind == "out of range":
            documents[0, 0] = 10**9
        elif self.kind == "negative":
            documents[0, 0] = -7
        elif self.kind == "gap":
            documents[0, 0] = -1
        elif self.kind == "float positions":
            documents = documents.astype(float)
        elif self.kind == "no ranking":
            return documents.tolist()
        return Ranking(documents, scores)


NONSENSE = ["shape", "nan", "duplicate", "unsorted", "out of range", "negative", "gap", "float positions", "no ranking"]


@dataclass
class Hangs(Fixed):
    """Sleeps for an hour in `index` or `search`."""

    where: str = "index"

    def index(self, documents):
        if self.where == "index":
            time.sleep(3600)
        super().index(documents)

    def search(self, queries, k):
        if self.where == "search":
            time.sleep(3600)
        return super().search(queries, k)


@dataclass
class Dies(Fixed):
    """Is killed, or ends its process, while it searches."""

    how: str = "kill"

    def search(self, queries, k):
        if self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        os._exit(3)


@dataclass
class Eats(Fixed):
    """Takes memory until it is stopped, but at most 2 GB, and then waits."""

    def index(self, documents):
        held = [np.ones(200 * 2**17) for _ in range(10)]
        time.sleep(3600)
        assert held


@dataclass
class Starts(Fixed):
    """Starts a process that takes `mb` of memory and lives for an hour, and writes its id to `told`."""

    told: str = ""
    mb: int = 0

    def index(self, documents):
        code = f"held = b'x' * ({self.mb} << 20); __import__('time').sleep(3600)"
        started = subprocess.Popen([sys.executable, "-c", code])
        Path(self.told).write_text(str(started.pid))
        started.wait()


@dataclass
class Serves(Fixed):
    """Has its index in a process of its own, which holds `mb` of memory until this one is gone."""

    mb: int = 300
    _server: object = field(init=False, repr=False, compare=False, default=None)

    def index(self, documents):
        code = f"held = b'x' * ({self.mb} << 20); print(flush=True); input()"
        self._server = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._server.stdout.readline()
        super().index(documents)

    def __del__(self):
        if self._server is not None:
            self._server.communicate()


@dataclass
class Forks(Fixed):
    """Holds 300 MB, of which three forked processes hold the same pages for three seconds."""

    def index(self, documents):
        held = np.ones(300 * 2**17)
        for _ in range(3):
            if os.fork() == 0:
                time.sleep(3)
                os._exit(0)
        for _ in range(3):
            os.wait()
        assert held.all()
        super().index(documents)


class Unreadable:
    """Cannot be unpickled."""

    def __reduce__(self):
        return int, ("no number",)


@dataclass
class Puzzles(Fixed):
    """Tells of its progress what cannot be read elsewhere."""

    def index(self, documents):
        with phase("analyze", total=Unreadable()):
            time.sleep(3600)


@dataclass
class Talks(Fixed):
    """Prints to standard output and below Python's, where the messages of a worker must not be disturbed."""

    def index(self, documents):
        print("hello from the index")
        os.write(1, b"and from below\n")
        super().index(documents)


class Plain:
    """A retriever that is no dataclass."""

    def __init__(self, offset: int = 0, name="plain"):
        self.offset, self.name = offset, name

    def index(self, documents):
        self._fixed = Fixed()
        self._fixed.index(documents)

    def search(self, queries, k):
        return self._fixed.search(queries, k)


class Strict:
    """Cannot be made without its parameter."""

    def __init__(self, needed: int):
        self.needed = needed


class Bare(Plain):
    pass


class Leaves(Plain):
    """Ends the process where it is made."""

    def __init__(self):
        raise SystemExit(0)


def not_a_class():
    """Gives something that is no retriever."""
    return 7


class Hashed(Encoder):
    """An encoder without a model: vectors drawn from a text's hash, slowly, in small chunks that the cache takes."""

    chunk = 2

    def _load(self):
        return self

    @staticmethod
    def lengths(texts, side):
        return [len(text) for text in texts]

    def _key(self, side):
        return hashlib.sha256(side.encode()).digest()

    def _forward(self, model, texts, side):
        time.sleep(0.02)
        drawn = [
            np.random.default_rng(int.from_bytes(hashlib.sha256(t.encode()).digest()[:8])).normal(size=8) for t in texts
        ]
        return np.array([each / np.linalg.norm(each) for each in drawn], dtype=np.float32)


@dataclass(unsafe_hash=True)
class HashedDense(Dense):
    """Dense retrieval with that encoder: what the cache does, without the seconds that torch takes to import."""

    def __post_init__(self):
        super().__post_init__()
        self._encoder = Hashed(batch_size=1)


@dataclass
class DenseFixed(Fixed):
    """Says of itself that it is dense."""

    kind: ClassVar[str] = "dense"


@dataclass
class Adds(Fixed):
    """Its store is made once, and index adds to it."""

    _store: list = field(init=False, repr=False, compare=False, default_factory=list)

    def index(self, documents):
        self._store.extend(documents)

    def search(self, queries, k):
        ranking = Ranking.empty(len(queries), k)
        for row in range(len(queries)):
            hits = np.arange(len(self._store))[:k]
            ranking.put(row, hits, -hits.astype(np.float32))
        return ranking


@dataclass
class Made(Fixed):
    """Vectors made beforehand for one set: 100 positions, whatever is indexed; a set has to have so many."""

    def search(self, queries, k):
        self._size = 100
        return super().search(queries, k)


@dataclass
class Counts(Fixed):
    """Writes what each index call got to a file."""

    told: str = ""

    def index(self, documents):
        super().index(documents)
        with Path(self.told).open("a") as file:
            file.write(f"{id(self)} {len(documents)}\n")


@dataclass
class Uncopied(Fixed):
    """Holds what cannot be copied."""

    lock: object = field(default_factory=lambda: (each for each in ()))


@dataclass
class Coroutines(Fixed):
    """Its methods are coroutines, those that `which` names."""

    which: str = "both"

    def index(self, documents):
        return self._later(lambda: super(Coroutines, self).index(documents), self.which in ("both", "index"))

    def search(self, queries, k):
        return self._later(lambda: super(Coroutines, self).search(queries, k), self.which in ("both", "search"))

    @staticmethod
    def _later(call, coroutine):
        async def later():
            return call()

        return later() if coroutine else call()


@dataclass
class Loops(Fixed):
    """Plain methods over a client that belongs to the one event loop it was made in."""

    _loop: object = field(init=False, repr=False, compare=False, default=None)

    def _run(self, call):
        async def asked():
            return call()

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(asked())

    def index(self, documents):
        self._run(lambda: super(Loops, self).index(documents))

    def search(self, queries, k):
        return self._run(lambda: super(Loops, self).search(queries, k))


@dataclass
class Foreign(Fixed):
    """Answers as other libraries do, by the name in `how`."""

    how: str = "tuple"

    def search(self, queries, k):
        good = super().search(queries, k)
        return getattr(self, self.how)(good.documents, good.scores)

    def tuple(self, hits, scores):
        return scores, hits

    def padded(self, hits, scores):
        return Ranking(hits, np.where(hits < 0, np.float32(-3.4e38), scores))

    def lists(self, hits, scores):
        return Ranking(hits.tolist(), scores.tolist())

    def distances(self, hits, scores):
        return Ranking(hits, -scores)

    def ids(self, hits, scores):
        return Ranking(hits.astype(str), scores)

    def dictionaries(self, hits, scores):
        return [[{"_id": str(hit)} for hit in row] for row in hits]

    def narrow(self, hits, scores):
        return Ranking(hits[:, :2], scores[:, :2])

    def one_row(self, hits, scores):
        return Ranking(hits[:1], scores[:1])

    def ragged(self, hits, scores):
        return Ranking([row[:end] for end, row in enumerate(hits.tolist(), 1)], scores)

    def nothing(self, hits, scores):
        return None

    def surplus(self, hits, scores):
        made = Ranking.empty(len(hits), hits.shape[1])
        made.put(0, np.arange(hits.shape[1] + 5), np.ones(hits.shape[1] + 5))
        return made

    def crooked(self, hits, scores):
        raise ValueError("the index is crooked")

    def partition(self, hits, scores):
        return np.argpartition(np.zeros(self._size), hits.shape[1])


@dataclass
class Remembers(Fixed):
    """Takes 200 MB for each 100 documents."""

    _held: object = field(init=False, repr=False, compare=False, default=None)

    def index(self, documents):
        self._held = None
        super().index(documents)
        self._held = np.ones((len(documents) // 100) * 25 * 2**20)


class Scripted:
    """A worker that takes a second for whatever it is asked, and keeps what that was."""

    def __init__(self):
        self.asked = []

    def time(self, queries, together=False):
        self.asked.append(list(queries))
        return Timed(np.full(1 if together else len(queries), 10**9), {})


@dataclass(unsafe_hash=True)
class Fused:
    """A retriever made of two, whose rankings it joins; each part tells of its work under its position."""

    parts: tuple = field(default_factory=lambda: (Tfidf(), BM25()))
    k: int = 60
    _size: int | None = field(init=False, repr=False, compare=False, default=None)

    def index(self, documents):
        for number, each in enumerate(self.parts):
            with part(str(number)):
                each.index(documents)
        self._size = len(documents)

    def search(self, queries, k):
        require_index(self._size)
        rankings = []
        for number, each in enumerate(self.parts):
            with part(str(number)):
                rankings.append(each.search(queries, self._size))
        ranking = Ranking.empty(len(queries), k)
        with phase(SELECT):
            fused = reciprocal_rank_fusion(*rankings, self.k)
            for row, (hits, scores) in enumerate(zip(fused.documents, fused.scores, strict=True)):
                kept = hits >= 0
                ranking.put(row, hits[kept][:k], scores[kept][:k])
        return ranking


class DenseFused(Fused):
    """Made of two, and says of itself that it is dense."""

    kind: ClassVar[str] = "dense"


def shared_words(query, documents):
    """A scorer for rerank: the share of the query's words, then the shorter text."""
    asked = set(query.lower().split())
    return [len(asked & set(text.lower().split())) - len(text) / 1e7 for text in documents]


@dataclass
class Placed(Fixed):
    """Holds vectors. fails: how it does when it is asked for them; empty: it gives them."""

    fails: str = ""

    def document_vectors(self, positions):
        if self.fails == "raises":
            raise RuntimeError("no vectors today")
        if self.fails == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        value = np.nan if self.fails == "nan" else 1.0
        return np.stack([positions + value, positions % 3, np.ones(len(positions))], axis=1).astype(np.float32)

    def query_vectors(self, queries):
        width = 2 if self.fails == "narrow" else 3
        return np.ones((len(queries), width), np.float32)


@dataclass
class Fussy(BM25):
    """BM25 that will not search with some values of a parameter: it fails, or its process dies."""

    mood: str = "calm"

    def search(self, queries, k):
        if self.mood == "dead":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.mood == "cross":
            raise RuntimeError("not today")
        return super().search(queries, k)


@dataclass
class Wavering(Fixed):
    """Scores documents by their texts, which are numbers, and adds what should not matter.

    by_batch: what each score of an even number gains with a batch_size of 1. by_place: likewise with the place that the
    document has in the index. equal: all scores are equal, so that the order of documents decides.
    """

    by_batch: float = 0.0
    by_place: float = 0.0
    equal: bool = False
    batch_size: int = 32
    backend: str = "torch"
    kind: ClassVar[str] = "dense"
    _scores: np.ndarray = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self):
        if self.backend == "openvino":
            raise RetrieverError("backend=openvino needs openvino, which is not installed.", "Install it.")

    def index(self, documents):
        numbers = np.array([int(text.split()[-1]) for text in documents], dtype=float)
        even = numbers % 2 == 0
        scores = np.ones(len(numbers)) if self.equal else 100 - numbers
        self._scores = scores + even * (self.batch_size == 1) * self.by_batch + np.arange(len(numbers)) * self.by_place

    def search(self, queries, k):
        require_index(self._scores)
        ranking = Ranking.empty(len(queries), k)
        for row in range(len(queries)):
            ranking.put(row, *top_k(self._scores, k))
        return ranking
