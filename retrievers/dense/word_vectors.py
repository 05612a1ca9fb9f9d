"""Tables of word vectors: word or word piece -> vector, from the files in which they are published."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievers.base import LOAD, RetrieverError, phase
from retrievers.words import normalised, words

WORDLLAMA = "wordllama"
WORD_BEGINS = "▁"  # SentencePiece's mark
_WEIGHTS, _TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
# What the tables in safetensors call the matrix: wordllama and sentence-transformers, model2vec.
_MATRICES = ("embedding.weight", "embeddings")
# In bytes: a word of a binary file, and a line of another (4,096 dimensions of 15 digits).
_LONGEST_WORD, _LONGEST_LINE = 2_000, 1 << 16


@dataclass(frozen=True)
class WordVectors:
    """A table, and how a text becomes rows of it.

    matrix: float32 [words, dimensions]. rows: texts -> of each the rows of its words, in order; what is not in the
    table has none. names: rows -> the word of each, or the piece of one, as the table writes it.
    """

    matrix: NDArray[np.float32]
    rows: Callable[[Sequence[str]], list[list[int]]]
    names: Callable[[Sequence[int]], list[str]]


def files_of(vectors: str) -> list[Path]:
    """The files that a table is read from, by which its content is pinned.

    Args:
        vectors: "wordllama", a folder (model2vec, or StaticEmbedding of sentence-transformers), or a file of GloVe
            (text) or word2vec (text or binary).

    Returns:
        Weights and tokenizer, or the one file.

    Raises:
        RetrieverError: Where there is no such table.
    """
    if vectors == WORDLLAMA:
        spec = importlib.util.find_spec(WORDLLAMA)
        if spec is None or spec.origin is None:
            raise RetrieverError(
                "wordllama, whose word vectors serve by default, is not installed.", "Run: pip install -e '.[static]'"
            )
        return [Path(spec.origin).parent / name for name in (_WEIGHTS, _TOKENIZER)]
    place = Path(vectors).expanduser()
    if place.is_dir():
        return _files_of_folder(place)
    if not place.is_file():
        raise RetrieverError(
            f"There are no word vectors at {vectors!r}.",
            "Give wordllama, a folder of model2vec or StaticEmbedding, or a file of GloVe or word2vec.",
        )
    return [place]


def _files_of_folder(folder: Path) -> list[Path]:
    for place in (folder, folder / "0_StaticEmbedding"):
        files = [place / "model.safetensors", place / "tokenizer.json"]
        if all(file.is_file() for file in files):
            return files
    raise RetrieverError(
        f"The folder {str(folder)!r} holds no table of word vectors.",
        "It needs model.safetensors and tokenizer.json, as model2vec and StaticEmbedding write them.",
    )


def digest_of(files: Sequence[Path]) -> str:
    """sha256 over the contents of a table's files.

    Args:
        files: As `files_of` gives them.

    Returns:
        64 hexadecimal digits.
    """
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def read_word_vectors(files: Sequence[Path]) -> WordVectors:
    """Read a table.

    Args:
        files: As `files_of` gives them.

    Returns:
        The table, in memory: 4 bytes x dimensions a word.

    Raises:
        RetrieverError: Where a file is none of the known forms, or is damaged: the place in it.
    """
    with phase(LOAD):
        if len(files) == 2:
            return _read_tensors(*files)
        return _by_words(*(_read_binary if _is_binary(files[0]) else _read_text)(files[0]))


def word_vector(table: WordVectors, word: str) -> NDArray[np.float32]:
    """The vector of a word, made length 1; of a word in several pieces that of their mean.

    Args:
        table: As `read_word_vectors` gives it.
        word: One word, or several.

    Returns:
        float32 [dimensions].

    Raises:
        RetrieverError: Where the table does not know it.
    """
    (rows,) = table.rows([word])
    vector = table.matrix[rows].mean(axis=0) if rows else np.zeros(1, dtype=np.float32)
    if not vector.any():
        raise RetrieverError(f"The table has no vector for {word!r}.", "Take another word.")
    direction: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return direction


def nearest_words(
    table: WordVectors, vector: NDArray[np.float32], k: int = 10, without: Sequence[str] = ()
) -> list[tuple[str, float]]:
    """The words of a table that are nearest to a vector, by cosine, the nearest first.

    An analogy is one by its vector: king - man + woman (Mikolov, Yih & Zweig, Linguistic regularities in continuous
    space word representations, NAACL 2013). There the words that went in are left out, which decides what comes out.

    Args:
        table: As `read_word_vectors` gives it.
        vector: [dimensions], of any length.
        k: How many.
        without: Words that are left out, in whatever letters they are written.

    Returns:
        (word, cosine) of each; the mark of word pieces for the begin of a word is taken off.
    """
    lengths = np.linalg.norm(table.matrix, axis=1) * np.linalg.norm(vector)
    cosines = table.matrix @ vector / np.where(lengths, lengths, 1)
    left_out = {word.casefold() for word in without}
    nearest: list[tuple[str, float]] = []
    for row in np.argsort(-cosines, kind="stable").tolist():
        (name,) = table.names([row])
        word = name.removeprefix(WORD_BEGINS)
        if word.casefold() not in left_out:
            nearest.append((word, float(cosines[row])))
        if len(nearest) >= k:
            break
    return nearest


# --- tables of word pieces ---


def _read_tensors(weights: Path, tokenizer_file: Path) -> WordVectors:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    try:
        tensors: dict[str, NDArray[Any]] = load_file(weights)
        tokenizer = Tokenizer.from_file(str(tokenizer_file))
    except (SafetensorError, OSError, Exception) as error:
        raise RetrieverError(f"{weights.parent} cannot be read: {error}.", "Give a whole folder.") from error
    name = next((name for name in _MATRICES if name in tensors), None)
    if name is None or tensors[name].ndim != 2:
        raise RetrieverError(
            f"{weights} holds no table of word vectors.", f"It needs a matrix {' or '.join(_MATRICES)}."
        )
    matrix = _all_finite(tensors[name].astype(np.float32), weights)
    if "mapping" in tensors:  # of model2vec: pieces that share a row
        matrix = matrix[tensors["mapping"]]
    if "weights" in tensors:  # of model2vec: what each piece counts
        matrix = matrix * tensors["weights"].astype(np.float32)[:, None]
    tokenizer.no_truncation()
    tokenizer.no_padding()
    unknown = _unknown(tokenizer_file, tokenizer)

    def rows(texts: Sequence[str]) -> list[list[int]]:
        encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [[row for row in pieces.ids if row != unknown and row < len(matrix)] for pieces in encoded]

    def names(rows: Sequence[int]) -> list[str]:
        return [tokenizer.id_to_token(row) or "" for row in rows]

    return WordVectors(matrix, rows, names)


def _unknown(tokenizer_file: Path, tokenizer: Any) -> int | None:
    """The row of the piece that stands for what is not known: it says nothing of a text."""
    token = json.loads(tokenizer_file.read_text("utf-8")).get("model", {}).get("unk_token")
    number: int | None = tokenizer.token_to_id(token) if isinstance(token, str) else None
    return number


# --- tables of words ---


def _by_words(vocabulary: dict[str, int], matrix: NDArray[np.float32]) -> WordVectors:
    """As they stand where the table knows upper case, else in lower case; a word in capitals may stand so or so."""

    def row(word: str) -> int | None:
        known = vocabulary.get(word)
        return vocabulary.get(word.lower()) if known is None else known

    def rows(texts: Sequence[str]) -> list[list[int]]:
        return [[at for word in words(normalised(text)) if (at := row(word)) is not None] for text in texts]

    listed = list(vocabulary)  # in the order of their rows
    return WordVectors(matrix, rows, lambda rows: [listed[row] for row in rows])


def _is_binary(file: Path) -> bool:
    """Of a file that begins with "words dimensions": is what follows anything else than a word and numbers?"""
    with file.open("rb") as stream:
        head, first = stream.readline(_LONGEST_LINE).split(), stream.readline(_LONGEST_LINE)
    if len(head) != 2 or not all(number.isdigit() for number in head):
        return False
    try:
        return len([float(number) for number in first.rstrip().rsplit(b" ", int(head[1]))[1:]]) != int(head[1])
    except ValueError:
        return True


def _read_text(file: Path) -> tuple[dict[str, int], NDArray[np.float32]]:
    """GloVe: "word number number …" a line; word2vec has a first line "words dimensions" before that."""
    with file.open(encoding="utf-8", errors="replace", newline="\n") as stream:
        first = stream.readline().split()
        headed = len(first) == 2 and all(number.isdigit() for number in first)
        lines = sum(1 for _ in stream) + (not headed)
    dimensions = int(first[1]) if headed else len(first) - 1
    if dimensions < 1 or not lines:
        raise _damaged(file, "line 1", "holds no vector")
    vocabulary: dict[str, int] = {}
    matrix = np.empty((lines, dimensions), dtype=np.float32)
    with file.open(encoding="utf-8", errors="replace", newline="\n") as stream:
        if headed:
            stream.readline()
        for number, line in enumerate(stream, 1 + headed):
            word, *values = line.rstrip().rsplit(" ", dimensions)  # from the end, as a word may hold spaces
            try:
                vector = np.array(values, dtype=np.float32)
            except ValueError:
                vector = np.empty(0, dtype=np.float32)
            if len(vector) != dimensions:
                raise _damaged(file, f"line {number:,}", f"has no {dimensions} numbers after a word")
            matrix[len(vocabulary)] = vector
            vocabulary.setdefault(word, len(vocabulary))
    return vocabulary, _all_finite(matrix[: len(vocabulary)], file)


def _read_binary(file: Path) -> tuple[dict[str, int], NDArray[np.float32]]:
    """word2vec's binary form: "words dimensions", then of each the word, a space and float32 in little endian."""
    content = np.memmap(file, dtype=np.uint8, mode="r")
    with file.open("rb") as stream:
        count, dimensions = map(int, stream.readline().split())
        place = stream.tell()
    size, vocabulary = 4 * dimensions, dict[str, int]()
    matrix = np.empty((count, dimensions), dtype=np.float32)
    for number in range(1, count + 1):
        head = content[place : place + _LONGEST_WORD].tobytes()
        space = head.find(b" ")
        vector = content[place + space + 1 : place + space + 1 + size].tobytes()
        if space < 0 or len(vector) != size:
            raise _damaged(file, f"word {number:,}", f"is cut off: there are to be {count:,}")
        matrix[len(vocabulary)] = np.frombuffer(vector, dtype="<f4")
        vocabulary.setdefault(head[:space].decode("utf-8", "replace").lstrip("\n"), len(vocabulary))
        place += space + 1 + size
    return vocabulary, _all_finite(matrix[: len(vocabulary)], file)


def _all_finite(matrix: NDArray[np.float32], file: Path) -> NDArray[np.float32]:
    spoiled = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if len(spoiled):
        raise _damaged(file, f"vector {spoiled[0] + 1:,}", "is not finite")
    return matrix


def _damaged(file: Path, where: str, what: str) -> RetrieverError:
    return RetrieverError(f"{file}, {where}: {what}.", "Give a whole file of word vectors: GloVe's or word2vec's.")
