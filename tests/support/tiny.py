"""A sentence encoder that is made in a second and encodes at once: its words are MiniLM's, its weights chance."""

from __future__ import annotations

import shutil
from pathlib import Path

from retrievers.dense.model import locate

SIZES = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
LENGTH = 64


def tiny_encoder(folder: Path) -> Path:
    """The folder of a model of one layer, whose vectors are near where texts share words; `plain` beside it is BERT."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    BertModel(BertConfig(**SIZES, max_position_embeddings=LENGTH)).save_pretrained(folder / "plain")
    _copy_tokenizer(folder / "plain")
    SentenceTransformer(str(folder / "plain"), device="cpu").save_pretrained(str(folder / "tiny"))
    return folder / "tiny"


def tiny_splade(folder: Path) -> Path:
    """The folder of a SPLADE of one layer, as such are published: a masked-language model of transformers."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(**SIZES, max_position_embeddings=LENGTH))
    with torch.no_grad():
        model.cls.predictions.bias -= 0.3  # so that most words have no weight
    model.save_pretrained(folder / "splade")
    _copy_tokenizer(folder / "splade")
    return folder / "splade"


def tiny_colbert(folder: Path) -> Path:
    """The folder of a multi-vector model over the `plain` one, with its projection to 128 dimensions by chance."""
    import torch
    from sentence_transformers import MultiVectorEncoder

    torch.manual_seed(0)
    MultiVectorEncoder(str(folder / "plain"), device="cpu").save_pretrained(str(folder / "colbert"))
    return folder / "colbert"


def _copy_tokenizer(folder: Path) -> None:
    minilm = locate("all-MiniLM-L6-v2", None)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(minilm / name, folder / name)
