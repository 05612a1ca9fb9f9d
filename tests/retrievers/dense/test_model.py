"""What a model's folder says of itself: honoured, warned of, or refused before anything is loaded. Models made here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from retrievers import RetrieverError, create
from retrievers.base import listening
from retrievers.contract import rehearse
from retrievers.dense import encoder
from retrievers.dense.exact import nearest
from retrievers.dense.model import folder_digest, locate, longest, similarity


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Small ones with random weights: of plain transformers, with dot products and prompts, a table of word vectors."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

    folder, minilm = tmp_path_factory.mktemp("models"), locate("all-MiniLM-L6-v2", None)
    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, max_position_embeddings=64
    )
    BertModel(config).save_pretrained(folder / "plain")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(minilm / name, folder / "plain" / name)
    prompts = {"query": "question: ", "document": "text: "}
    made = SentenceTransformer(
        str(folder / "plain"), similarity_fn_name="dot", prompts=prompts, default_prompt_name="document", device="cpu"
    )
    made.save_pretrained(str(folder / "dot"))
    table = StaticEmbedding(Tokenizer.from_file(str(minilm / "tokenizer.json")), embedding_dim=8)
    SentenceTransformer(modules=[table], device="cpu").save_pretrained(str(folder / "table"))
    return folder


def changed(models, tmp_path, name, file, **content):
    """A copy of a model, a JSON file of which says something else."""
    folder = tmp_path / "changed"
    shutil.copytree(models / name, folder)
    before = json.loads((folder / file).read_text()) if (folder / file).exists() else {}
    (folder / file).write_text(json.dumps({**before, **content}))
    return folder


TEXTS = ["a cat", "a dog sleeps in the long grass of the garden", "rain", "error 4012 of the pump"]


def test_dot_products_are_taken_where_the_model_says_so(models):
    retriever = create(f"dense:model={models / 'dot'}")
    retriever.index(TEXTS)
    assert (np.linalg.norm(retriever._vectors, axis=1) > 1.5).all()
    found = retriever.search(["a cat"], 4)
    query = retriever._encoder.encode(["a cat"], "query")[0]
    products = retriever._vectors @ query
    assert found.documents[0].tolist() == np.argsort(-products, kind="stable").tolist()
    np.testing.assert_allclose(found.scores[0], np.sort(products)[::-1], rtol=1e-5)


def test_cosine_is_taken_where_it_says_so_or_nothing(models, tmp_path):
    assert similarity(models / "plain") == similarity(locate("all-MiniLM-L6-v2", None)) == "cosine"
    folder = changed(models, tmp_path, "dot", "config_sentence_transformers.json", similarity_fn_name="cosine")
    retriever = create(f"dense:model={folder}")
    retriever.index(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(retriever._vectors, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_dot_products_of_vectors_of_any_length_are_searched_exactly(seed):
    """Long vectors that are nearly the same: a product of matrices has them in another order than one by one."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(1, 384)) * 300
    documents = (base * (1 + rng.integers(0, 3, (20_000, 1)) * 6e-8)).astype(np.float32)
    queries = (base + rng.normal(size=(3, 384))).astype(np.float32)
    largest = float(np.linalg.norm(documents, axis=1).max() * np.linalg.norm(queries, axis=1).max())
    found = nearest(queries, documents, 10, largest)
    for row, query in enumerate(queries):
        expected = np.argsort(-np.vecdot(documents, query), kind="stable")[:10]
        assert found.documents[row].tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["euclidean", "manhattan"])
def test_another_similarity_is_refused(models, tmp_path, name):
    folder = changed(models, tmp_path, "dot", "config_sentence_transformers.json", similarity_fn_name=name)
    with pytest.raises(RetrieverError, match=f"compares vectors by {name}"):
        create(f"dense:model={folder}")


@pytest.mark.parametrize(
    ("file", "content", "kind"),
    [
        ("config_sentence_transformers.json", {"model_type": "CrossEncoder"}, "a reranker"),
        ("config_sentence_transformers.json", {"model_type": "SparseEncoder"}, "SPLADE"),
        ("config_sentence_transformers.json", {"model_type": "ColBERT"}, "a multi-vector model"),
        ("config.json", {"architectures": ["BertForSequenceClassification"]}, "a reranker"),
    ],
)
def test_what_is_no_encoder_of_texts_is_refused(models, tmp_path, file, content, kind):
    folder = changed(models, tmp_path, "plain", file, **content)
    with pytest.raises(RetrieverError, match=kind):
        create(f"dense:model={folder}")


def test_a_sparse_encoder_of_an_older_version_is_known_by_its_modules(models, tmp_path):
    folder = changed(models, tmp_path, "dot", "config.json")
    kind = "sentence_transformers.sparse_encoder.models.SpladePooling"
    (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": kind}]))
    with pytest.raises(RetrieverError, match="SPLADE"):
        create(f"dense:model={folder}")


class Listener:
    def __init__(self):
        self.warnings = []

    def started(self, phase, total, part): ...
    def advanced(self, phase, steps, part): ...
    def ended(self, phase, nanoseconds, part): ...
    def recorded(self, quantity, value, part): ...
    def warned(self, text, part):
        self.warnings.append(text)


@pytest.mark.parametrize(("name", "warnings"), [("plain", 1), ("dot", 0)])
def test_mean_pooling_that_nobody_asked_for_is_a_warning(models, name, warnings):
    listener, retriever = Listener(), create(f"dense:model={models / name}")
    with listening(listener):
        retriever.index(TEXTS)
        retriever.search(["cat"], 2)
    assert len(listener.warnings) == warnings
    assert all("no modules.json" in each and "mean pooling" in each for each in listener.warnings)


def test_a_pointer_of_git_lfs_says_what_to_run(models, tmp_path):
    folder = changed(models, tmp_path, "dot", "config.json")
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(RetrieverError, match=r"model.safetensors is a pointer of Git LFS.*git lfs pull"):
        create(f"dense:model={folder}")


def test_a_tokenizer_without_a_pad_token_says_so(models, tmp_path):
    folder = changed(
        models, tmp_path, "dot", "tokenizer_config.json", pad_token=None, tokenizer_class="TokenizersBackend"
    )
    with pytest.raises(RetrieverError, match="has no pad token"):
        create(f"dense:model={folder}").index(TEXTS)


def test_hidden_files_of_a_download_change_no_digest(models, tmp_path):
    folder = changed(models, tmp_path, "dot", "config.json")
    before = folder_digest(folder)
    for name in (".cache/huggingface/download/config.json.metadata", ".git/HEAD", "1_Pooling/.cache/x.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("stamp")
    assert folder_digest(folder) == before
    (folder / "1_Pooling" / "config.json").write_text("{}")
    assert folder_digest(folder) != before


def test_max_length_beyond_what_the_model_reads_is_refused(models):
    create("minilm:max_length=512")
    with pytest.raises(RetrieverError, match=r"max_length=600 is more than the 512 word pieces"):
        create("minilm:max_length=600")
    with pytest.raises(RetrieverError, match="more than the 64"):
        create(f"dense:model={models / 'dot'},max_length=65")
    create(f"dense:model={models / 'dot'},max_length=64")


@pytest.mark.parametrize(
    ("config", "bound"),
    [
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "mpnet", "max_position_embeddings": 514}, 512),
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, 512),
        ({"model_type": "xlnet", "max_position_embeddings": -1}, None),
        ({"model_type": "t5"}, None),
    ],
)
def test_what_a_model_reads_is_counted_as_its_family_does(tmp_path, config, bound):
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert longest(tmp_path) == bound


@pytest.mark.parametrize("setting", ["max_length=9", "dtype=float16"])
def test_a_table_of_word_vectors_takes_neither_length_nor_dtype(models, setting):
    with pytest.raises(RetrieverError, match="neither max_length nor dtype"):
        create(f"dense:model={models / 'table'},{setting}")
    assert rehearse(create(f"dense:model={models / 'table'}")) == ""


def test_a_revision_of_a_folder_is_refused(models):
    with pytest.raises(RetrieverError, match="revision pins a model of the hub"):
        create(f"dense:model={models / 'dot'},revision={'a' * 40}")


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "meta"])
def test_a_device_that_is_not_there_is_refused_before_the_run(device):
    with pytest.raises(RetrieverError) as caught:
        create(f"minilm:device={device}")
    assert f"There is no device {device!r} here. There is: cpu" in str(caught.value)
    create("minilm:device=cpu")


def encoded(models, monkeypatch, **settings):
    """What the model is asked to encode for each side: (side, prompt)."""
    from sentence_transformers import SentenceTransformer

    asked = []
    original = SentenceTransformer.encode

    def encode(self, inputs, *arguments, **given):
        asked.append(
            (given.get("task"), given.get("prompt"), self._resolve_prompt(given["prompt"], given["prompt_name"]))
        )
        return original(self, inputs, *arguments, **given)

    monkeypatch.setattr(SentenceTransformer, "encode", encode)
    made = encoder.Encoder(model=str(models / "dot"), **settings)
    made.encode(["a cat"], "document")
    made.encode(["a cat"], "query")
    return asked


def test_each_side_is_encoded_by_its_own_method_with_its_own_prompt(models, monkeypatch):
    assert encoded(models, monkeypatch) == [("document", None, "text: "), ("query", None, "question: ")]


def test_a_prompt_of_the_users_goes_through_the_method_of_its_side(models, monkeypatch):
    """A model with towers (a Router) sends a text that has no side to the documents' tower."""
    found = encoded(models, monkeypatch, query_prompt="find ", document_prompt="")
    assert found == [("document", "", ""), ("query", "find ", "find ")]


def test_an_empty_prompt_is_none(models):
    folder = str(models / "dot")
    own, none, said = (
        encoder.Encoder(model=folder, query_prompt=prompt).encode(["a cat"], "query")
        for prompt in (None, "", "question: ")
    )
    assert np.array_equal(own, said)
    assert not np.allclose(own, none)


def test_encoders_of_the_same_settings_share_the_loaded_model(models):
    first, second, third = (
        encoder.Encoder(model=str(models / "dot"), max_length=length) for length in (None, None, 32)
    )
    assert first.sentence_transformer is second.sentence_transformer
    assert third.sentence_transformer is not first.sentence_transformer
    assert third.sentence_transformer.max_seq_length == 32


def test_a_model_that_changed_in_its_folder_is_loaded_anew(models, tmp_path):
    folder = changed(models, tmp_path, "dot", "config.json")
    first = encoder.Encoder(model=str(folder)).sentence_transformer
    Path(folder / "added.json").write_text("{}")
    assert encoder.Encoder(model=str(folder)).sentence_transformer is not first
