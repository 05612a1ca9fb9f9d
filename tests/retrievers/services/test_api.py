"""Embeddings of a service that limits, hangs, dies half-way, and answers what cannot be used."""

from __future__ import annotations

import numpy as np
import pytest
from embedding_service import answer_of, changed, embedding_service, late, vector_of

import bench
from bench.experiment.workers.recorder import SummingRecorder
from retrievers import RetrieverError, create, signature
from retrievers.base import TOKENS, USD, VECTORS_ENCODED, VECTORS_FROM_CACHE, listening
from retrievers.dense.vector_cache import VectorCache, caching

TEXTS = [f"text number {number} of many" for number in range(20)]
PLAIN = "batch_size=4,concurrency=1"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """What it would have waited, in place of waiting."""
    pauses = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", pauses.append)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return pauses


@pytest.fixture
def service():
    with embedding_service() as running:
        yield running


def api(service, settings=PLAIN):
    return create(f"api:url={service.url},model=words,{settings}")


def vectors_of(retriever, texts=TEXTS):
    retriever.index(texts)
    return retriever.document_vectors(np.arange(len(texts)))


def wanted(texts=TEXTS):
    rows = np.array([vector_of(text) for text in texts])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("settings", [PLAIN, "batch_size=3,concurrency=8", "batch_size=100"])
def test_vectors_are_the_services_in_the_order_of_the_texts(service, settings):
    np.testing.assert_allclose(vectors_of(api(service, settings)), wanted(), atol=1e-6)
    assert sorted(service.texts) == sorted(TEXTS)


def test_requests_run_side_by_side(service):
    service.script = [late(0.2)] * 4
    retriever = api(service, "batch_size=5,concurrency=4")
    with listening(recorder := SummingRecorder()):
        retriever.index(TEXTS)
    assert recorder.nanoseconds["encode"] < 4 * 0.2e9


def test_out_of_order_is_put_right(service):
    service.script = [changed(lambda answer: answer["data"].reverse())] * 5
    np.testing.assert_allclose(vectors_of(api(service)), wanted(), atol=1e-6)


def test_a_service_that_tells_no_places_is_taken_at_its_word(service):
    service.script = [changed(lambda answer: [row.pop("index") for row in answer["data"]])] * 5
    np.testing.assert_allclose(vectors_of(api(service)), wanted(), atol=1e-6)


@pytest.mark.parametrize(
    ("trouble", "pause"),
    [
        ((429, {"Retry-After": "7"}, b"slow down"), 7),
        ((503, {}, b"starting"), None),
        ((500, {}, b"<html>"), None),
        ((200, {"Content-Length": "1000"}, b'{"data": ['), None),  # dies half-way
    ],
)
def test_what_may_work_again_is_asked_again(service, no_pauses, trouble, pause):
    service.script = [trouble, trouble]
    np.testing.assert_allclose(vectors_of(api(service)), wanted(), atol=1e-6)
    assert len(service.requests) == 5 + 2
    if pause is not None:
        assert no_pauses == [pause, pause]


def test_pauses_grow_and_an_hour_is_not_waited(service, no_pauses):
    service.script = [(503, {}, b"")] * 3 + [(429, {"Retry-After": "3600"}, b"")]
    vectors_of(api(service, "attempts=5"))
    assert no_pauses[-1] == 120
    assert sorted(no_pauses) == no_pauses


def test_a_service_that_hangs_is_given_up(service):
    service.script = [late(1.0)] * 2
    with pytest.raises(RetrieverError, match=r"does not answer, after 2 tries: .*timed out"):
        api(service, "timeout=0.1,attempts=2").index(TEXTS[:1])


def test_a_service_that_is_not_there_is_one_clear_error():
    with pytest.raises(RetrieverError, match=r"127\.0\.0\.1:9/v1/embeddings does not answer, after one try"):
        create("api:url=http://127.0.0.1:9/v1/embeddings,model=m,attempts=1").index(TEXTS)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (changed(lambda answer: answer["data"].pop()), "gives 3 vectors for 4 texts"),
        (changed(lambda answer: answer["data"][0].update(index=1)), "gives 3 vectors for 4 texts"),
        (changed(lambda answer: answer["data"][1].update(embedding=[float("nan")] * 256)), "1 of 4 texts a vector"),
        (changed(lambda answer: answer["data"][1].update(embedding=[1.0])), "gives no array"),
        (changed(lambda answer: answer["data"][1].update(embedding=None)), "gives"),
        (changed(lambda answer: answer.pop("data")), "gives no embeddings"),
        ((200, {}, b"<html>hello</html>"), "gives no embeddings: <html>hello"),
        ((200, {}, b"[1, 2]"), "gives no embeddings"),
        ((400, {}, b'{"error": "too long"}'), 'refuses: 400 {"error": "too long"}'),
        ((404, {}, b""), "refuses: 404 Not Found"),
        ((302, {"Location": "http://elsewhere/"}, b""), "refuses: 302 it points to http://elsewhere/"),
    ],
)
def test_what_cannot_be_used_is_one_clear_error_and_is_not_asked_again(service, answer, message):
    service.script = [answer]
    with pytest.raises(RetrieverError) as caught:
        api(service).index(TEXTS)
    assert message in str(caught.value)
    assert len(service.requests) == 1


def test_another_length_later_is_an_error(service):
    service.script = [answer_of, lambda request: answer_of({**request, "dimensions": 8})]
    with pytest.raises(RetrieverError, match="not all of one length"):
        api(service).index(TEXTS)
    retriever = api(service)
    retriever.index(TEXTS)
    service.script = [lambda request: answer_of({**request, "dimensions": 8})]
    with pytest.raises(RetrieverError, match="gives vectors of 8 dimensions, where 256 are wanted"):
        retriever.search(["text"], 3)


def test_fewer_dimensions_are_asked_for(service):
    assert vectors_of(api(service, "dimensions=8")).shape == (20, 8)
    assert service.requests[0][1]["dimensions"] == 8


def test_what_was_encoded_is_kept_when_a_later_request_fails(service, tmp_path):
    service.script = [answer_of, answer_of, (400, {}, b"no more")]
    with caching(VectorCache(tmp_path / "vectors.sqlite")):
        with pytest.raises(RetrieverError, match="no more"):
            api(service).index(TEXTS)
        asked = len(service.texts)
        with listening(recorder := SummingRecorder()):
            np.testing.assert_allclose(vectors_of(api(service)), wanted(), atol=1e-6)
    assert sorted(service.texts[asked:]) == sorted(TEXTS[8:])
    assert (recorder.quantities[VECTORS_ENCODED], recorder.quantities[VECTORS_FROM_CACHE]) == (12, 8)


def test_those_under_way_are_kept_too(service, tmp_path):
    service.script = [(400, {}, b"no more"), late(0.3), late(0.3)]
    cache = VectorCache(tmp_path / "vectors.sqlite")
    with caching(cache):
        with pytest.raises(RetrieverError, match="no more"):
            api(service, "batch_size=4,concurrency=3").index(TEXTS)
        assert cache.info().vectors == 8
    assert len(service.requests) == 3


def test_prompts_stand_before_the_texts_and_long_texts_are_cut(service):
    retriever = create(
        f"api:url={service.url},model=words,query_prompt=query: ,document_prompt=passage: ,max_characters=4"
    )
    retriever.index(["abcdef"])
    retriever.search(["ghijkl"], 1)
    assert service.texts == ["passage: abcd", "query: ghij"]


def test_an_empty_text_is_not_asked_for(service):
    retriever = api(service)
    retriever.index(["", "  ", TEXTS[0]])
    assert service.texts == [TEXTS[0]]
    assert retriever.search(["", TEXTS[0]], 3).documents.tolist() == [[-1, -1, -1], [2, 0, 1]]
    retriever.index(["", " "])
    assert retriever.search([TEXTS[0]], 3).documents.tolist() == [[-1, -1, -1]]


# --- keys and money ---


def test_the_key_is_sent_and_never_shown(service, monkeypatch):
    monkeypatch.setenv("MY_SERVICE", "sk-0123456789")
    retriever = api(service, "key_env=MY_SERVICE")
    service.script = [(401, {}, b"wrong key sk-0123456789")]
    with pytest.raises(RetrieverError) as caught:
        retriever.index(TEXTS)
    assert service.requests[0][0]["Authorization"] == "Bearer sk-0123456789"
    assert "wrong key ***" in str(caught.value)
    assert "that key_env names" in str(caught.value)
    assert "0123456789" not in repr(retriever) + signature(retriever) + str(caught.value)


def test_a_key_that_the_shown_part_cuts_is_not_shown_in_part(service, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    service.script = [(401, {}, b"x" * 295 + b"sk-0123456789")]
    with pytest.raises(RetrieverError) as caught:
        api(service).index(TEXTS)
    assert "sk-0" not in str(caught.value)


def test_a_key_that_cannot_be_sent_is_one_error_that_does_not_show_it(service, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-01234\n56789")
    with pytest.raises(RetrieverError, match="has characters that no key has") as caught:
        api(service).index(TEXTS)
    assert "sk-0" not in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789\n")
    api(service).index(TEXTS)
    assert service.requests[0][0]["Authorization"] == "Bearer sk-0123456789"


def test_without_a_key_none_is_sent(service):
    api(service).index(TEXTS[:1])
    assert "Authorization" not in service.requests[0][0]


def test_tokens_and_money_are_counted(service):
    with listening(recorder := SummingRecorder()):
        retriever = api(service, f"{PLAIN},usd_per_million=2")
        retriever.index(TEXTS)
        retriever.search(["text number"], 3)
    tokens = sum(-(-len(text) // 4) for text in [*TEXTS, "text number"])
    assert recorder.quantities[TOKENS] == tokens
    assert recorder.quantities[USD] == pytest.approx(tokens * 2e-6)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_no_more_is_spent_than_allowed(service, concurrency):
    price, bound = 1e6, 60.0  # a dollar a token, so that the bound is 60 tokens
    retriever = api(service, f"batch_size=2,concurrency={concurrency},usd_per_million={price},max_usd={bound}")
    with pytest.raises(RetrieverError, match=r"max_usd=60 is reached: \d+\.0000 USD are spent"):
        retriever.index(TEXTS)
    spent = sum(-(-len(text) // 4) for text in service.texts)
    assert 20 < spent <= bound


def test_a_bound_needs_a_service_that_counts(service):
    service.script = [changed(lambda answer: answer.pop("usage"))]
    with pytest.raises(RetrieverError, match="tells no tokens, so that max_usd cannot be kept"):
        api(service, "usd_per_million=1,max_usd=1").index(TEXTS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("url=http://x/v1", "api needs the name of a model"),
        ("url=ftp://x/v1,model=m", "is no address of a service"),
        ("model=m,batch_size=0", "batch_size=0 is below 1"),
        ("model=m,timeout=0", "timeout=0 is not above 0"),
        ("model=m,max_usd=1", "max_usd needs a price"),
        ("model=m,api_key=sk-1", "api has no parameter 'api_key'.*reads keys from environment"),
    ],
)
def test_settings_are_refused_before_anything_is_sent(settings, message):
    with pytest.raises(RetrieverError, match=message):
        create(f"api:{settings}")


def test_a_run_has_tokens_and_money_beside_its_other_costs(service, tmp_path):
    words = api(service, "usd_per_million=0.02")
    run = bench.run("vector-notes", {"words": words}, latency=False, results=tmp_path)
    costs = run.latency.set_index(["retriever", "quantity"])["value"]
    assert costs["words", "tokens"] > 0
    assert costs["words", "usd"] == pytest.approx(costs["words", "tokens"] * 0.02e-6)


def test_a_run_that_was_broken_off_goes_on_where_it_was_and_shows_no_key(service, write_set, tmp_path, monkeypatch):
    key = "sk-live-4f9a77c2"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))
    folder, retriever = write_set(), api(service, "batch_size=1,concurrency=1,attempts=1")
    rehearsed = 3  # their texts are asked for first, beside a query
    service.script = [answer_of] * (rehearsed + 3) + [(500, {}, f"out of order, says {key}".encode())]
    broken = bench.run(folder, [retriever], name="r", latency=False, results=tmp_path)
    (reason,) = [failure[-1] for failure in broken.failures]
    assert "500 out of order, says ***" in reason
    whole = bench.run(folder, [retriever], name="r", latency=False, resume=True, results=tmp_path)
    assert whole.failures == []
    assert len(service.texts) == len(set(service.texts)) + 1  # the one that failed was asked for again
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or key.encode() not in path.read_bytes()
