"""A sentence encoder that is made in a second and encodes at once: its words are MiniLM's, its weights chance."""

from __future__ import annotations

import shutil
from pathlib import Path

from retrievers.dense.model import locate


def tiny_encoder(folder: Path) -> Path:
    """The folder of a model of one layer, whose vectors are near where texts share words."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers import BertConfig, BertModel

    minilm = locate("all-MiniLM-L6-v2", None)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(**sizes, max_position_embeddings=64)).save_pretrained(folder / "plain")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(minilm / name, folder / "plain" / name)
    SentenceTransformer(str(folder / "plain"), device="cpu").save_pretrained(str(folder / "tiny"))
    return folder / "tiny"
