r"""Text -> terms, shared by every lexical retriever, so that they differ in ranking and in nothing else.

The default keeps what decides whole kinds of queries: negations stay (Lucene's short English stop list
without *no* and *not*), and a code with inner or trailing marks is kept whole beside its parts
("E-4012" gives e-4012, e, 4012; "C++" gives c++, c). Plain words go through the Snowball stemmer.
A code is what holds a digit or ends in ++ or #; "well-known" gives its parts alone, since keeping
every hyphenated word whole lowered nDCG@10 on SciFact and Cranfield (`marks="all"` does it).
"""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retrievers.base import RetrieverError
from retrievers.words import normalised, tokens, words

if TYPE_CHECKING:
    import Stemmer

STOP_WORDS: dict[str, frozenset[str]] = {
    # Lucene's EnglishAnalyzer.ENGLISH_STOP_WORDS_SET, less "no" and "not".
    "english": frozenset(
        "a an and are as at be but by for if in into is it of on or such that the their then there these"
        " they this to was will with".split()
    ),
    "none": frozenset(),
}

MARKS = ("codes", "all", "none")

# So many terms at once are stemmed without the stemmer's cache, which is slow once it is full.
MANY_TERMS = 1_000

# What may stand around a word without being part of a token: all of ASCII's punctuation but the marks that can end one.
_AROUND = "".join(set(string.punctuation) - set("_+#"))


@dataclass(frozen=True)
class Analyzer:
    """One configuration of the steps; call it with a text to get its terms in order.

    lowercase: fold case. marks: which tokens with inner or trailing marks are kept whole beside their
    parts: "codes", "all" or "none". stop_words: "english" or "none". stemmer: a Snowball language
    ("english", "german", …) or "none".
    Raises RetrieverError for an unknown list or language.
    """

    lowercase: bool = True
    marks: str = "codes"
    stop_words: str = "english"
    stemmer: str = "english"
    _stem: Stemmer.Stemmer | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.stop_words not in STOP_WORDS:
            raise RetrieverError(f"There is no stop list {self.stop_words!r}.", f"Known: {', '.join(STOP_WORDS)}.")
        if self.marks not in MARKS:
            raise RetrieverError(f"marks={self.marks!r} is not known.", f"Known: {', '.join(MARKS)}.")
        if self.stemmer != "none":
            import Stemmer

            if self.stemmer not in Stemmer.algorithms():
                known = ", ".join(["none", *Stemmer.algorithms()])
                raise RetrieverError(f"There is no stemmer {self.stemmer!r}.", f"Known: {known}.")
            object.__setattr__(self, "_stem", Stemmer.Stemmer(self.stemmer))

    def __call__(self, text: str) -> list[str]:
        """The terms of a text, in order, repetitions kept."""
        return self.stemmed(self.unstemmed(self.folded(text)))

    # The steps, none of which looks across white space: retrievers.lexical.term_numbers relies on it.

    def folded(self, text: str) -> str:
        """A text as its terms are written."""
        text = normalised(text)
        # "İ" first, else its dot would stay behind as a mark.
        return text.replace("İ", "i").lower() if self.lowercase else text

    def unstemmed(self, text: str) -> list[str]:
        """The terms of a folded text, less the stop words."""
        terms = words(text) if self.marks == "none" else self._tokens(text)
        stop = STOP_WORDS[self.stop_words]
        return [term for term in terms if term not in stop] if stop else terms

    def unstemmed_chunks(self, chunks: list[str]) -> tuple[list[str], list[int]]:
        """The same of what stands between white space, all in one list, and how many terms each has."""
        terms: list[str] = []
        sizes = []
        stop = STOP_WORDS[self.stop_words]
        for chunk in chunks:
            word = chunk.strip(_AROUND)
            if not (word.isascii() and word.isalnum()):
                its = self.unstemmed(chunk)
                terms.extend(its)
                sizes.append(len(its))
            elif word in stop:
                sizes.append(0)
            else:  # most are such words, and need no pattern
                terms.append(word)
                sizes.append(1)
        return terms, sizes

    def stemmed(self, terms: list[str]) -> list[str]:
        """The stem of each term."""
        stem = self._stem
        if stem is not None and len(terms) >= MANY_TERMS:
            import Stemmer

            stem = Stemmer.Stemmer(self.stemmer, 0)
        return stem.stemWords(terms) if stem is not None else terms

    def _tokens(self, text: str) -> list[str]:
        terms: list[str] = []
        for token in tokens(text):
            parts = [token] if token.isalnum() else words(token)
            marked = parts[0] != token
            if marked and (self.marks == "all" or token[-1] in "+#" or any(map(str.isdigit, token))):
                terms.append(token)
            terms.extend(parts)
        return terms
