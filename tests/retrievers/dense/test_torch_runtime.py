"""What torch runs: texts are cut into word pieces once, and their vectors are sentence-transformers' own to the bit."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
from tiny import tiny_encoder

from retrievers.dense.encoder import Encoder

TEXTS = [f"{'a longer text of some words ' * (number % 5)}number {number}" for number in range(13)] + ["", "x " * 99]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return str(tiny_encoder(tmp_path_factory.mktemp("models")))


def cut(encoder, texts):
    """How many texts the tokenizer is given."""
    tokenizer = encoder.sentence_transformer.tokenizer
    with patch.object(type(tokenizer), "__call__", autospec=True, side_effect=type(tokenizer).__call__) as call:
        encoder.encode(texts, "document")
        given = [arguments.args[1] for arguments in call.call_args_list]
    return sum(map(len, given))


def test_a_text_is_cut_into_pieces_once(tiny):
    assert cut(Encoder(model=tiny, batch_size=4), TEXTS) == len(TEXTS)


@pytest.mark.parametrize("settings", [{}, {"max_length": 8}, {"query_prompt": "query: "}])
def test_vectors_are_those_of_encode(tiny, settings):
    encoder = Encoder(model=tiny, batch_size=4, **settings)
    vectors = encoder.encode(TEXTS, "query")
    order = sorted(range(len(TEXTS)), key=encoder._load().lengths(TEXTS, "query").__getitem__, reverse=True)
    encoder.sentence_transformer.preprocess.pieces = {}
    for start in range(0, len(order), 4):
        batch = order[start : start + 4]
        theirs = encoder.sentence_transformer.encode_query(
            [TEXTS[position] for position in batch], prompt=settings.get("query_prompt"), normalize_embeddings=True
        )
        assert np.array_equal(vectors[batch], theirs)
