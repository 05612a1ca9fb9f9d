"""`POST /v1/chat/completions` as OpenAI wrote it: Ollama, vLLM and llama.cpp answer it too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from retrievers.services.service_client import ServiceClient


class Message(TypedDict):
    """role: "system" or "user"."""

    role: str
    content: str


@dataclass(frozen=True)
class Completion:
    """text: what the model wrote, without the key, perhaps cut. prompt_tokens, completion_tokens: as the service
    counted them, None where it did not.
    """

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None

    @property
    def tokens(self) -> int | None:
        """All that is paid for."""
        counts = (self.prompt_tokens, self.completion_tokens)
        return None if None in counts else sum(count or 0 for count in counts)


class ChatClient:
    """Asks one model of a service, at temperature 0."""

    def __init__(self, service: ServiceClient, model: str) -> None:
        self._service, self._model = service, model

    def complete(self, messages: Sequence[Message], max_tokens: int) -> Completion:
        """What follows on messages, of so many tokens at most.

        Raises RetrieverError where the service does not answer after all tries, refuses, or answers no completion.
        """
        settings = {"model": self._model, "temperature": 0, "max_tokens": max_tokens, "stream": False}
        data = self._service.post({**settings, "messages": list(messages)})
        try:
            answer = json.loads(data)
            choice = answer["choices"][0]
            text, usage = choice["message"].get("content"), answer.get("usage") or {}
            counts = [_count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens")]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            hint = "Check the address (it ends in /v1/chat/completions)."
            raise self._service.error(f"gives no completion: {self._service.shown(data)}", hint) from None
        written = self._service.without_key(text) if isinstance(text, str) else ""  # none where it only thought
        return Completion(written, counts[0], counts[1])


def _count(tokens: Any) -> int | None:
    return tokens if type(tokens) is int and tokens >= 0 else None
