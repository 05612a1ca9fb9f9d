"""`POST /v1/embeddings` as OpenAI wrote it: Ollama, vLLM, text-embeddings-inference and llama.cpp answer it too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from retrievers.base import RetrieverError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

# What may work when it is asked again.
BUSY = (408, 409, 425, 429, 500, 502, 503, 504)
# Seconds: between tries 1, 2, 4 … up to this, or as long as Retry-After says, up to this too.
LONGEST_PAUSE = 120
# Of a service's own words, so many characters are shown.
SHOWN = 300


@dataclass(frozen=True)
class Answer:
    """The vectors of a request's texts, in their order. tokens: as the service counted them, None where it did not."""

    vectors: list[list[float]]
    tokens: int | None


class EmbeddingsClient:
    """Asks one service. connections: requests that may run side by side. key: sent as a bearer token, if any.

    timeout: seconds for an answer. attempts: tries of a request in all.
    """

    def __init__(self, url: str, key: str, *, timeout: float, attempts: int, connections: int) -> None:
        self._url, self._key = url, key
        self._timeout, self._attempts, self._connections = timeout, attempts, connections

    @cached_property
    def _pool(self) -> PoolManager:
        try:
            import urllib3
        except ModuleNotFoundError:
            raise RetrieverError("api needs urllib3, which is not installed.", "Run: pip install -e '.[api]'") from None
        retries = urllib3.Retry(
            self._attempts - 1,
            redirect=0,
            allowed_methods=None,  # the same question may be asked again
            status_forcelist=BUSY,
            backoff_factor=0.5,  # 1 s after the first failure, then twice as long each time
            backoff_max=LONGEST_PAUSE,
            backoff_jitter=0.5,
            retry_after_max=LONGEST_PAUSE,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        settings: dict[str, Any] = {"maxsize": self._connections, "retries": retries, "timeout": self._timeout}
        place = urlsplit(self._url)
        proxy = None if proxy_bypass(place.hostname or "") else getproxies().get(place.scheme)
        return urllib3.ProxyManager(proxy, **settings) if proxy else urllib3.PoolManager(**settings)

    def embed(self, texts: list[str], content: dict[str, Any]) -> Answer:
        """The vectors of texts.

        Args:
            texts: None of them empty.
            content: Of the request beside them: the model.

        Returns:
            A vector for each text.

        Raises:
            RetrieverError: Where the service does not answer after all tries, refuses, or its answer has not one
                vector a text.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        body = json.dumps({**content, "input": texts}).encode()
        return self._read(self._ask(body, headers), len(texts))

    def _ask(self, body: bytes, headers: dict[str, str]) -> bytes:
        import urllib3

        try:
            response = self._pool.request("POST", self._url, body=body, headers=headers)
        except urllib3.exceptions.MaxRetryError as error:
            reason = error.reason if error.reason is not None else error
            raise self._error(
                f"does not answer, after {self._tries}: {reason}", "Check url, and that the service runs."
            ) from None
        except urllib3.exceptions.HTTPError as error:
            raise self._error(f"cannot be asked: {error}", "Check url.") from None
        if response.status == 200:
            return response.data
        raise self._refusal(response)

    @property
    def _tries(self) -> str:
        return "one try" if self._attempts == 1 else f"{self._attempts} tries"

    def _refusal(self, response: BaseHTTPResponse) -> RetrieverError:
        words = response.data.decode("utf-8", "replace").strip()[:SHOWN] or response.reason or "no reason given"
        if response.status in BUSY:
            hint = "Try later with --resume (what was encoded is in the cache), or lower concurrency or batch_size."
            return self._error(f"is busy or out of order, after {self._tries}: {response.status} {words}", hint)
        hints = {
            301: "Give the address that it points to.",
            400: "Check model and dimensions; a text that is too long is cut by max_characters.",
            401: "Put the key into the environment variable that key_env names.",
            403: "Put a key that may do this into the environment variable that key_env names.",
            404: "Check url (it ends in /v1/embeddings) and model.",
            413: "Lower batch_size, or cut texts by max_characters.",
        }
        status = 301 if 300 <= response.status < 400 else response.status
        if status == 301:
            words = f"it points to {response.headers.get('Location', 'nowhere')}"
        return self._error(f"refuses: {response.status} {words}", hints.get(status, hints[400]))

    def _read(self, data: bytes, count: int) -> Answer:
        try:
            answer = json.loads(data)
            rows = list(answer["data"])
            if all("index" in row for row in rows):
                rows.sort(key=lambda row: row["index"])
            vectors = [row["embedding"] for row in rows]
            numbers = {row["index"] for row in rows if "index" in row}
        except (ValueError, KeyError, TypeError):
            words = data.decode("utf-8", "replace")[:SHOWN]
            raise self._error(f"gives no embeddings: {words}", "Check url (it ends in /v1/embeddings).") from None
        if len(vectors) != count or (numbers and len(numbers) != count):
            distinct = len(numbers) or len(vectors)
            raise self._error(f"gives {distinct:,} vectors for {count:,} texts", "Lower batch_size, or mend it.")
        usage = answer.get("usage") or {}
        tokens = usage.get("total_tokens", usage.get("prompt_tokens"))
        return Answer(vectors, tokens if isinstance(tokens, int) else None)

    def _error(self, reason: str, hint: str) -> RetrieverError:
        """With the key out of it, which some services repeat."""
        text = f"{self._url} {reason}"
        return RetrieverError(f"{text.replace(self._key, '***') if self._key else text}.", hint)
