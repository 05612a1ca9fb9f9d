"""What language models answered, and what that cost: `answers.jsonl` beside the grades, so that nothing is paid twice.

An answer is known by what was asked: the hash of the service's address, the model and the messages. It is on disk
before the grade is, in the way of `bench.judging.line_file`. No key is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from bench.data.formats.lines import storable
from bench.errors import BenchError, fit
from bench.judging.grades import now
from bench.judging.line_file import append_lines, record_of
from retrievers.services.chat_client import Message

ANSWERS = "answers.jsonl"


@dataclass(frozen=True)
class ModelAnswer:
    """One answer that was paid for, right or wrong. key: of what was asked (`answer_key`). judge: for whom. answer: the
    model's words. usd: by the price at that time, None without one. time: UTC, ISO 8601.
    """

    key: str
    judge: str
    model: str
    url: str
    answer: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usd: float | None = None
    time: str = ""

    @property
    def tokens(self) -> int:
        """All that the service counted."""
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)


@dataclass(frozen=True)
class ModelCost:
    """What a judge that is a model cost so far, with who it is. usd: None where nobody gave a price."""

    judge: str
    model: str
    url: str
    answers: int
    tokens: int
    usd: float | None


def answer_key(url: str, model: str, messages: Sequence[Message]) -> str:
    """SHA-256 of what is asked of whom, in hexadecimal digits."""
    return hashlib.sha256(orjson.dumps([url, model, list(messages)])).hexdigest()


def append_model_answer(folder: Path, answer: ModelAnswer) -> None:
    """Put an answer on disk, with the time. It is there when this returns. Raises BenchError where the disk refuses."""
    path = folder / ANSWERS
    fields = {name: value for name, value in asdict(answer).items() if value is not None}
    fields |= {"answer": storable(answer.answer), "time": answer.time or now()}
    append_lines(path, orjson.dumps(fields) + b"\n", lambda torn: _torn(torn, str(path)) is not None, "the answer")


def read_model_answers(folder: Path) -> list[ModelAnswer]:
    """All answers in their order, none where there is no file; a last line that is torn is left out.

    Raises BenchError with the number of a line that is malformed anywhere else.
    """
    path = folder / ANSWERS
    try:
        *whole, torn = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror or error}.", "Check the file.") from None
    answers = [_answer(line, f"{path}:{number}") for number, line in enumerate(whole, 1) if line.strip()]
    last = _torn(torn, str(path))
    return [*answers, last] if last else answers


def costs(answers: Iterable[ModelAnswer]) -> tuple[ModelCost, ...]:
    """What each judge cost with each model, in the order of their names."""
    by_model: dict[tuple[str, str, str], list[ModelAnswer]] = {}
    for answer in answers:
        by_model.setdefault((answer.judge, answer.model, answer.url), []).append(answer)
    return tuple(
        ModelCost(*who, len(given), sum(answer.tokens for answer in given), _usd(given))
        for who, given in sorted(by_model.items())
    )


def _usd(answers: Iterable[ModelAnswer]) -> float | None:
    priced = [answer.usd for answer in answers if answer.usd is not None]
    return sum(priced) if priced else None


def _torn(content: bytes, where: str) -> ModelAnswer | None:
    try:
        return _answer(content, where)
    except BenchError:
        return None


def _answer(content: bytes, where: str) -> ModelAnswer:
    needed = ("key", "judge", "model", "url", "answer")
    record = record_of(content, where, ModelAnswer.__dataclass_fields__, needed)
    try:
        return ModelAnswer(**fit(ModelAnswer, record))
    except BenchError as error:
        raise BenchError(f"{where}: {error.message}", error.hint) from None
