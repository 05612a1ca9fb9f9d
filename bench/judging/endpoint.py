"""A judge that is a language model behind OpenAI's `/v1/chat/completions`, on this machine or far away.

Each answer is on disk before its grade is, and is not asked for again: after any end the same command costs nothing
for what was answered. The key is taken from an environment variable, sent, and neither stored nor shown.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from bench.errors import BenchError
from bench.judging.grades import MACHINE
from bench.judging.machine_answer import JudgeStoppedError, MachineAnswer, read_answer
from bench.judging.model_answers import ModelAnswer, answer_key, append_model_answer, read_model_answers
from bench.judging.prompt import judging_messages
from retrievers.base import RetrieverError
from retrievers.masking import in_urls
from retrievers.services.chat_client import ChatClient, Message
from retrievers.services.service_client import ServiceClient
from retrievers.services.spending import Spending

KEY_ENV = "OPENAI_API_KEY"
SECONDS = 60.0  # for an answer
ATTEMPTS = 4  # tries of a question
ANSWER_TOKENS = 1000  # that an answer may have at most
_TEMPLATE_TOKENS = 100  # at most, that a service puts around two messages
_FENCED = re.compile(r"\s*```json[ \t]*\n(?P<inner>(?:(?!```).)*)```\s*", re.DOTALL)
_HINTS = {
    400: "Check --model: it must take temperature 0, max_tokens, and prompts of some thousand tokens.",
    401: "Put the key into the environment variable that --key-env names.",
    403: "Put a key that may do this into the environment variable that --key-env names.",
    404: "Check --endpoint (it ends in /v1/chat/completions) and --model.",
    503: "Try later.",
}


class EndpointJudge:
    """Grades by a language model.

    Args:
        folder: Of the judging, where its answers are kept.
        name: Of the judge.
        url: Of the service's `/v1/chat/completions`.
        model: As the service calls it.
        key_env: The environment variable that holds the key; without a value none is sent.
        seconds: For each answer.
        usd_per_million: The price of a million tokens, of questions and answers alike.
        max_usd: What this model may cost in this folder, what it cost before included.

    Raises:
        BenchError: For an address or a name that is none, an address with a key in it, a number that is not above 0,
            a bound without a price, and stored answers that are malformed.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        url: str,
        model: str,
        *,
        key_env: str = KEY_ENV,
        seconds: float = SECONDS,
        usd_per_million: float | None = None,
        max_usd: float | None = None,
    ) -> None:
        _check(url, model, {"--seconds": seconds, "--usd-per-million": usd_per_million, "--max-usd": max_usd})
        self._folder, self._judge, self._url, self._model = folder, f"{MACHINE}{name}", url, model
        self._price, self._is_bounded = usd_per_million, max_usd is not None
        self._answers = {}
        # Every token is a byte of the text at least, so that the bound is never passed by a guess.
        self._spending = Spending(usd_per_million, max_usd, most_per_character=1.0)
        for stored in read_model_answers(folder):
            self._answers[stored.key] = stored.answer
            if (stored.url, stored.model) == (url, model):
                self._spending.settle(0, stored.tokens)
        self._before = self._spending.totals
        try:
            service = ServiceClient(
                url,
                os.environ.get(key_env, "") if key_env else "",
                timeout=seconds,
                attempts=ATTEMPTS,
                connections=1,
                hints=_HINTS,
            )
        except RetrieverError as error:
            raise BenchError(error.message, error.hint) from None
        self._client = ChatClient(service, model)

    @property
    def cost(self) -> tuple[int, float | None]:
        """Tokens and USD since this judge was made; None without a price."""
        tokens, usd = self._spending.totals
        return tokens - self._before[0], None if self._price is None else usd - self._before[1]

    def ask(self, query: str, document: str, grades: Sequence[str]) -> MachineAnswer:
        """Its grade, from what is stored where that was asked before.

        Raises BenchError where the service or the model has no right answer, and JudgeStoppedError where the next
        question may pass the bound.
        """
        messages = judging_messages(query, document, grades)
        key = answer_key(self._url, self._model, messages)
        if key in self._answers:
            try:
                return _read(self._answers[key], len(grades))
            except BenchError:  # a wrong one was paid for; perhaps the model does better now
                pass
        self._answers[key] = self._asked(key, messages)
        return _read(self._answers[key], len(grades))

    def _asked(self, key: str, messages: Sequence[Message]) -> str:
        """What the model says, which is on disk then."""
        most = sum(len(message["content"].encode()) for message in messages) + _TEMPLATE_TOKENS + ANSWER_TOKENS
        tokens = None
        try:
            self._spending.reserve(most)
        except RetrieverError as error:
            raise JudgeStoppedError(error.message, "The same command with a larger --max-usd goes on.") from None
        try:
            completion = self._client.complete(messages, ANSWER_TOKENS)
            tokens = completion.tokens
        except RetrieverError as error:
            raise BenchError(error.message, error.hint) from None
        finally:
            self._spending.settle(most, tokens)
        append_model_answer(
            self._folder,
            ModelAnswer(
                key,
                self._judge,
                self._model,
                self._url,
                completion.text,
                completion.prompt_tokens,
                completion.completion_tokens,
                None if tokens is None or self._price is None else tokens * self._price / 1e6,
            ),
        )
        if tokens is None and self._is_bounded:
            raise JudgeStoppedError(f"{self._url} tells no tokens, so that --max-usd cannot be kept.", "Leave it out.")
        return completion.text


def _read(text: str, grades: int) -> MachineAnswer:
    """The answer in a model's words: JSON alone, or in one fence."""
    fenced = _FENCED.fullmatch(text)
    hint = f"The model did not keep to the form, or to {ANSWER_TOKENS:,} tokens. Try another one."
    return read_answer(fenced["inner"] if fenced else text, grades, hint)


def _check(url: str, model: str, numbers: dict[str, float | None]) -> None:
    try:
        place = urlsplit(url)
        is_address = place.scheme in ("http", "https") and bool(place.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise BenchError(
            f"--endpoint {url!r} is no address of a service.", "As http://localhost:11434/v1/chat/completions"
        )
    if place.username or in_urls(url):
        raise BenchError(
            "--endpoint holds a key or a name with a password, and the address is stored and shown.",
            "Leave it out; the key is read from the environment variable that --key-env names.",
        )
    if not model.strip() or not model.isprintable():
        raise BenchError("--endpoint needs the name of a model.", "As the service calls it: --model NAME")
    for flag, number in numbers.items():
        if number is not None and not (math.isfinite(number) and number > 0):
            raise BenchError(f"{flag} is {number:g}.", "Give a number above 0.")
    if numbers["--max-usd"] is not None and numbers["--usd-per-million"] is None:
        raise BenchError("--max-usd needs a price.", "Give --usd-per-million, the price of a million tokens.")
