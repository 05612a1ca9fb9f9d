"""Models exported to ONNX from a folder that torch can load: made on first use, kept by content beside the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from retrievers.base import RetrieverError, warn
from retrievers.dense import vector_cache
from retrievers.dense.exported_runtime import MODEL, TOKENIZER, ExportSettings
from retrievers.dense.model import file_digest, folder_digest

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SETTINGS, SUMS = "settings.json", "SHA256SUMS"
# What decides the bits of an export beside the model's own files; another number where this module makes others.
FORMAT = 1
LIBRARIES = ("torch", "transformers", "sentence-transformers", "onnx")
OPSET = 17
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def store() -> Path:
    """The folder that exported models are in."""
    cache = vector_cache.default_path()
    return cache.with_name(f"{cache.name}.models")


def stored() -> tuple[int, float]:
    """How many exported models there are, and their megabytes."""
    models = list(store().glob(f"*/{SUMS}"))
    return len(models), sum(file.stat().st_size for model in models for file in model.parent.iterdir()) / 2**20


def clear() -> None:
    """Remove them all, and which of the backends was fastest."""
    shutil.rmtree(store(), ignore_errors=True)


def export_key(folder: Path, dtype: str) -> str:
    """Of what decides an export: the model's content, the number type, the exporting libraries."""
    libraries = {name: version(name) for name in (*LIBRARIES, *(("onnxruntime",) if dtype == "int8" else ()))}
    content = [FORMAT, folder_digest(folder), "int8" if dtype == "int8" else "float32", libraries]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def version(package: str) -> str | None:
    """None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def exported(folder: Path, dtype: str) -> Path:
    """Where the export of a model lies. Made where there is none, made again, with a warning, where it is damaged.

    dtype: "int8" for weights so rounded, any other for float32.
    Raises RetrieverError where the model cannot be exported, or nothing be written beside the cache.
    """
    place = store() / export_key(folder, dtype)
    if _whole(place):
        return place
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock"):
            if not _whole(place):  # nor made by another process meanwhile
                _replace(place, folder, dtype)
    except OSError as error:
        raise RetrieverError(
            f"The exported model cannot be written to {place.parent}: {error.strerror or error}.",
            "Make room there, or set BENCH_CACHE to a file elsewhere: exported models lie beside it.",
        ) from error
    return place


def settings_of(place: Path) -> ExportSettings:
    """What an export says of itself."""
    content = json.loads((place / SETTINGS).read_text("utf-8"))
    return ExportSettings(**content | {"inputs": tuple(content["inputs"])})


def _whole(place: Path) -> bool:
    try:
        sums = (place / SUMS).read_text("utf-8")
        return sums == _sums(place)
    except (OSError, ValueError):
        return False


def _sums(place: Path) -> str:
    """As sha256sum prints them."""
    return "".join(f"{file_digest(place / name)}  {name}\n" for name in (MODEL, TOKENIZER, SETTINGS))


def _replace(place: Path, folder: Path, dtype: str) -> None:
    if place.exists():
        warn(f"the exported model {place} was damaged; it was exported again.")
        shutil.rmtree(place)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="unfinished-") as spare:
        made = Path(spare, "model")
        made.mkdir()
        _export(folder, made)
        if dtype == "int8":
            _round(made)
        (made / SUMS).write_text(_sums(made), "utf-8")
        made.rename(place)


def _export(folder: Path, made: Path) -> None:
    """Write graph, tokenizer and settings of a model into a folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model = SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            # The plain formula of attention is traced without constants, and runs no slower.
            model_kwargs={"dtype": torch.float32, "attn_implementation": "eager"},
        ).eval()
        settings = _settings(model)
        (made / TOKENIZER).write_text(model.tokenizer.backend_tokenizer.to_str(), "utf-8")
        (made / SETTINGS).write_text(json.dumps(settings), "utf-8")
        _trace(model[0].model, settings["inputs"], made / MODEL)
    except RetrieverError:
        raise
    except ImportError as error:
        raise RetrieverError(f"To export a model, {error.name} is needed.", "Run: pip install -e '.[onnx]'") from error
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise RetrieverError(
            f"The model {str(folder)!r} cannot be exported: {reason}", "Leave backend out: torch runs it."
        ) from error


def _settings(model: SentenceTransformer) -> dict[str, Any]:
    pooling = model[1]
    features = model.preprocess(["a text"])
    return {
        "inputs": [name for name in INPUTS if name in features],
        "pooling": pooling.pooling_mode,
        "normalise": len(model) > 2,
        "max_length": model.max_seq_length or model[0].model.config.max_position_embeddings,
        "prompts": {"query": _prompt(model, "query"), "document": _prompt(model, "document", "passage", "corpus")},
    }


def _prompt(model: SentenceTransformer, *names: str) -> str:
    """The one that the model puts before texts of a side, as sentence-transformers chooses it."""
    named = next((name for name in names if name in model.prompts), model.default_prompt_name)
    return str(model.prompts.get(named) or "")


def _trace(model: Any, inputs: list[str], file: Path) -> None:
    import torch

    class Tokens(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *arrays: Any) -> Any:
            return self.model(**dict(zip(inputs, arrays, strict=True)))[0]

    numbers, mask = torch.arange(5, 19).reshape(2, 7), torch.ones((2, 7), dtype=torch.int64)
    arrays = {"input_ids": numbers, "attention_mask": mask, "token_type_ids": torch.zeros_like(mask)}
    axes = {0: "texts", 1: "pieces"}
    with torch.inference_mode(), _quiet():
        torch.onnx.export(
            Tokens().eval(),
            tuple(arrays[name] for name in inputs),
            str(file),
            input_names=inputs,
            output_names=["tokens"],
            dynamic_axes=dict.fromkeys((*inputs, "tokens"), axes),
            opset_version=OPSET,
            dynamo=False,  # the newer exporter needs another package and ten times as long, for an equal graph
        )


def _round(made: Path) -> None:
    """Weights to int8, a scale a column; by 7 bits, as processors without VNNI add up pairs of products in 16."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = made / "whole.onnx"
    (made / MODEL).rename(whole)
    with _quiet():
        quantize_dynamic(whole, made / MODEL, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    whole.unlink()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the libraries say of their own age."""
    import logging

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
