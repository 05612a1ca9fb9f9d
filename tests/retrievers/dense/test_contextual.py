"""Means of contextual token vectors, by a reading of transformers' own hidden states."""

from __future__ import annotations

import numpy as np
import pytest
from tiny import tiny_encoder

from bench.experiment.workers.recorder import SummingRecorder
from retrievers import RetrieverError, create
from retrievers.base import listening
from retrievers.dense.vector_cache import VectorCache, caching

TEXTS = ["The cat sat on the mat.", "A dog", "Error E-4012"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("models")).parent / "plain"


def hidden_states(folder, texts):
    """Of each layer, the mean over the tokens of each text, of length 1."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    layers = []
    for text in texts:
        with torch.no_grad():
            states = model(**tokenizer(text, return_tensors="pt"), output_hidden_states=True).hidden_states
        layers.append([its[0].mean(dim=0).numpy() for its in states])
    means = np.array(layers).transpose(1, 0, 2)
    return means / np.linalg.norm(means, axis=2, keepdims=True)


@pytest.mark.parametrize(("setting", "layer"), [("", -1), (",layer=1", 1), (",layer=0", 0)])
def test_it_is_the_mean_of_the_hidden_states(folder, setting, layer):
    contextual = create(f"contextual:model={folder}{setting}")
    contextual.index(TEXTS)
    np.testing.assert_allclose(
        contextual.document_vectors(np.arange(3)), hidden_states(folder, TEXTS)[layer], atol=1e-5
    )


def test_layers_are_cached_apart(folder, tmp_path):
    with caching(VectorCache(tmp_path / "vectors.sqlite")):
        vectors = []
        for setting in ("", ",layer=0", ",layer=0"):
            contextual = create(f"contextual:model={folder}{setting}")
            contextual.index(TEXTS)
            vectors.append(contextual.document_vectors(np.arange(3)))
    assert not np.allclose(vectors[0], vectors[1])
    np.testing.assert_array_equal(vectors[1], vectors[2])
    assert contextual.encoder._loaded is None


def test_a_layer_that_is_not_there_is_refused(folder):
    with pytest.raises(RetrieverError, match=r"has no layer 2. It has 0 to 1"):
        create(f"contextual:model={folder},layer=2")


def test_without_a_model_it_says_how_to_name_one():
    with pytest.raises(RetrieverError, match=r"contextual needs a model.*bert-base-uncased,revision="):
        create("contextual")


def test_a_model_that_was_trained_for_sentences_is_pointed_out(folder):
    warned = []
    for name in (folder.parent / "tiny", folder):
        with listening(recorder := SummingRecorder()):
            create(f"contextual:model={name}").index(TEXTS)
        warned.append([text for text in recorder.warnings if "trained for sentences" in text])
    assert [len(texts) for texts in warned] == [1, 0]
    assert recorder.warnings == []  # nor that the mean is taken, which is what was asked for
