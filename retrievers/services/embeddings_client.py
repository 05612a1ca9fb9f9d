"""`POST /v1/embeddings` as OpenAI wrote it: Ollama, vLLM, text-embeddings-inference and llama.cpp answer it too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from retrievers.services.service_client import ServiceClient

_HINTS = {
    400: "Check model and dimensions; a text that is too long is cut by max_characters.",
    401: "Put the key into the environment variable that key_env names.",
    403: "Put a key that may do this into the environment variable that key_env names.",
    404: "Check url (it ends in /v1/embeddings) and model.",
    413: "Lower batch_size, or cut texts by max_characters.",
    503: "Try later with --resume (what was encoded is in the cache), or lower concurrency or batch_size.",
}


@dataclass(frozen=True)
class Answer:
    """The vectors of a request's texts, in their order. tokens: as the service counted them, None where it did not."""

    vectors: list[list[float]]
    tokens: int | None


class EmbeddingsClient:
    """Asks one service. The parameters are those of ServiceClient."""

    def __init__(self, url: str, key: str, *, timeout: float, attempts: int, connections: int) -> None:
        self._service = ServiceClient(
            url, key, timeout=timeout, attempts=attempts, connections=connections, hints=_HINTS
        )

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
        return self._read(self._service.post({**content, "input": texts}), len(texts))

    def _read(self, data: bytes, count: int) -> Answer:
        try:
            answer = json.loads(data)
            rows = list(answer["data"])
            if all("index" in row for row in rows):
                rows.sort(key=lambda row: row["index"])
            vectors = [row["embedding"] for row in rows]
            numbers = {row["index"] for row in rows if "index" in row}
        except (ValueError, KeyError, TypeError):
            words = self._service.shown(data)
            raise self._service.error(
                f"gives no embeddings: {words}", "Check url (it ends in /v1/embeddings)."
            ) from None
        if len(vectors) != count or (numbers and len(numbers) != count):
            distinct = len(numbers) or len(vectors)
            raise self._service.error(
                f"gives {distinct:,} vectors for {count:,} texts", "Lower batch_size, or mend it."
            )
        usage = answer.get("usage") or {}
        tokens = usage.get("total_tokens", usage.get("prompt_tokens"))
        return Answer(vectors, tokens if isinstance(tokens, int) else None)
