"""Encoding that is stopped: what was encoded before is kept, and the vectors are those of one that was not stopped."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys

import numpy as np
import pytest
from fakes import Hashed
from places import ROOT

from retrievers import RetrieverError
from retrievers.base import listening
from retrievers.dense.cached import cached_vectors
from retrievers.dense.vector_cache import VectorCache, caching

SIZE = 3
# Lengths come in no order; an incomplete batch is left at the end.
TEXTS = [f"{number} " + "x" * (number * 7 % 23) for number in range(SIZE * 12 + 2)]


class Batched(Hashed):
    """Its vectors depend on all texts of their batch and on the order of these. stop: what the n-th batch does."""

    chunk = 2048
    stop_at, stop = 0, None

    def _forward(self, model, texts, side):
        self.batches = [*getattr(self, "batches", []), list(texts)]
        if len(self.batches) == self.stop_at:
            self.stop()
        seed = int.from_bytes(hashlib.sha256("\0".join(texts).encode()).digest()[:8])
        return np.random.default_rng(seed).normal(size=(len(texts), 4)).astype(np.float32)


def interrupt():
    raise KeyboardInterrupt


@pytest.fixture
def cache(tmp_path):
    made = VectorCache(tmp_path / "vectors.sqlite")
    yield made
    made.close()


@pytest.mark.parametrize("stop_at", [1, 2, 6, 13])
def test_an_interrupted_encoding_loses_one_batch_and_goes_on_with_the_same_ones(cache, stop_at):
    whole = Batched(batch_size=SIZE)
    expected = whole.encode(TEXTS, "document")
    stopped, resumed = Batched(batch_size=SIZE), Batched(batch_size=SIZE)
    stopped.stop_at, stopped.stop = stop_at, interrupt
    with caching(cache):
        with pytest.raises(KeyboardInterrupt):
            stopped.encode(TEXTS, "document")
        kept = cache.info().vectors
        found = resumed.encode(TEXTS, "document")
    assert kept == (stop_at - 1) * SIZE
    assert resumed.batches == whole.batches[kept // SIZE :]
    assert found.tobytes() == expected.tobytes()


def test_a_rest_of_one_batch_is_formed_as_it_would_have_been(cache):
    """It is as short as a set that is encoded in one batch, whose texts are in no order of length."""
    texts = TEXTS[: SIZE * 4 + 2]
    expected = Batched(batch_size=SIZE).encode(texts, "document")
    stopped = Batched(batch_size=SIZE)
    stopped.stop_at, stopped.stop = 5, interrupt
    with caching(cache):
        with pytest.raises(KeyboardInterrupt):
            stopped.encode(texts, "document")
        assert Batched(batch_size=SIZE).encode(texts, "document").tobytes() == expected.tobytes()


def test_a_killed_process_leaves_what_it_encoded(cache):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "sys.path[:0] = ['tests/support', 'tests/retrievers/dense']\n"
        "from test_stopped_encoding import SIZE, TEXTS, Batched, VectorCache, caching\n"
        "encoder = Batched(batch_size=SIZE); encoder.stop_at = 10\n"
        "encoder.stop = lambda: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"with caching(VectorCache(Path({str(cache.path)!r}))): encoder.encode(TEXTS, 'document')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert cache.info().vectors == 9 * SIZE
    expected = Batched(batch_size=SIZE).encode(TEXTS, "document")
    with caching(cache):
        assert Batched(batch_size=SIZE).encode(TEXTS, "document").tobytes() == expected.tobytes()
    assert (cache.rebuilt, cache.damaged) == (0, 0)


# --- encoders of one's own ---


class Service:
    """Counts what it is asked for; fails at the n-th call."""

    def __init__(self, fails_at=0):
        self.asked, self.fails_at = [], fails_at

    def __call__(self, texts):
        self.asked.append(list(texts))
        if len(self.asked) == self.fails_at:
            raise ConnectionError("gone")
        return [[len(text), ord(text[0])] for text in texts]


class Told:
    """Adds up what is recorded."""

    def __init__(self):
        self.quantities = {}

    def recorded(self, quantity, value, part):
        self.quantities[quantity] = self.quantities.get(quantity, 0) + value

    def started(self, phase, total, part): ...
    def advanced(self, phase, steps, part): ...
    def ended(self, phase, nanoseconds, part): ...


def test_an_own_encoder_is_asked_once_for_each_text(cache):
    service, told = Service(), Told()
    with caching(cache), listening(told):
        first = cached_vectors(["bb", "a", "bb", "c"], "m", service, batch_size=2)
        second = cached_vectors(["c", "d", "bb"], "m", service, batch_size=2)
    assert first.tolist() == [[2, 98], [1, 97], [2, 98], [1, 99]]
    assert first.dtype == np.float32
    assert second.tolist() == [[1, 99], [1, 100], [2, 98]]
    assert service.asked == [["bb", "a"], ["c"], ["d"]]
    assert told.quantities == {"vectors_encoded": 4, "vectors_from_cache": 2}


def test_an_own_encoder_works_without_a_cache():
    service, told = Service(), Told()
    with listening(told):
        assert cached_vectors(["a", "a"], "m", service).shape == (2, 2)
        assert cached_vectors([], "m", service).shape == (0, 0)
    assert service.asked == [["a"]]
    assert told.quantities == {}


def test_another_identity_has_vectors_of_its_own(cache):
    service = Service()
    with caching(cache):
        for identity in ("m v1", "m v2"):
            cached_vectors(["a"], identity, service)
    assert service.asked == [["a"], ["a"]]


def test_batches_that_came_before_a_failure_are_kept(cache):
    service = Service(fails_at=3)
    with caching(cache):
        with pytest.raises(ConnectionError):
            cached_vectors(list("abcdef"), "m", service, batch_size=2)
        cached_vectors(list("abcdef"), "m", service, batch_size=2)
    assert service.asked == [["a", "b"], ["c", "d"], ["e", "f"], ["e", "f"]]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1.0]], r"The encoder 'm' gives a batch of 2 an array of shape \(1, 1\)"),
        ([[1.0], [1.0, 2.0]], "The encoder 'm' gives no array"),
        ([[1.0], [np.nan]], "gives 1 of 2 texts a vector that is not finite"),
    ],
)
def test_wrong_vectors_are_refused_and_not_stored(cache, vectors, message):
    with caching(cache), pytest.raises(RetrieverError, match=message):
        cached_vectors(["a", "b"], "m", lambda texts: vectors)
    assert cache.info().vectors == 0


def test_vectors_of_another_length_under_the_same_identity_are_refused(cache):
    with caching(cache):
        cached_vectors(["a"], "m", lambda texts: [[1.0]])
        with pytest.raises(RetrieverError, match="not all of one length"):
            cached_vectors(["a", "b"], "m", lambda texts: [[1.0, 2.0]])
