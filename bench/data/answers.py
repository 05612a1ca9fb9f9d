"""The answers of questions, where a set has them: texts in the queries' metadata, in the field `answers`."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from bench.data.dataset import Dataset

FIELD = "answers"
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation))
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def answers_of(dataset: Dataset) -> list[tuple[str, ...]]:
    """[queries]: the distinct answers of each, those of which something is left by SQuAD's rule."""
    return [
        tuple(dict.fromkeys(text for text in answer_texts(fields.get(FIELD)) if normalised_answer(text)))
        for fields in dataset.metadata
    ]


def answer_texts(value: Any) -> list[str]:
    """The texts in a value: it itself, or those of a list, or of an object's field `text`, as SQuAD has them."""
    if isinstance(value, dict):
        return answer_texts(value.get("text"))
    if isinstance(value, list):
        return [text for entry in value for text in answer_texts(entry)]
    return [value] if isinstance(value, str) else []


@lru_cache(maxsize=1 << 14)  # a passage is a hit of many queries
def normalised_answer(text: str) -> str:
    """In lower case, without punctuation, the articles a, an, the, and white space beyond one space between words.

    Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text" (EMNLP 2016), its evaluation script.
    """
    return " ".join(_ARTICLES.sub(" ", text.casefold().translate(_PUNCTUATION)).split())


def stands_in(answers: Sequence[str], passage: str) -> bool:
    """Does one of some answers stand in a passage, as whole words?"""
    text = f" {normalised_answer(passage)} "
    return any(f" {normalised_answer(answer)} " in text for answer in answers)
