"""A service of embeddings on this machine, which answers as it is told to: rightly, late, too little, out of order."""

from __future__ import annotations

import hashlib

import local_service
import numpy as np

DIMENSIONS = 256


def vector_of(text, dimensions=DIMENSIONS):
    """The sum of vectors that are drawn from the hashes of the text's words."""
    total = np.zeros(dimensions)
    for word in text.lower().replace(".", "").split() or [text]:
        total += np.random.default_rng(int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])).normal(
            size=dimensions
        )
    return total.tolist()


def answer_of(request):
    """What a whole service says. Of texts every four characters are a token."""
    size = request.get("dimensions", DIMENSIONS)
    rows = [
        {"object": "embedding", "index": row, "embedding": vector_of(text, size)}
        for row, text in enumerate(request["input"])
    ]
    tokens = sum(-(-len(text) // 4) for text in request["input"])
    return {"object": "list", "data": rows, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


class EmbeddingService(local_service.LocalService):
    @property
    def texts(self):
        return [text for _, request in self.requests for text in request["input"]]


def late(seconds):
    return local_service.late(seconds, answer_of)


def changed(change):
    """A right answer that is then changed."""

    def answer(request):
        right = answer_of(request)
        change(right)
        return right

    return answer


def embedding_service():
    return local_service.local_service("/v1/embeddings", answer_of, EmbeddingService)
