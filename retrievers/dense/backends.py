"""What can run a model, and what each cannot do: told before anything is loaded."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from retrievers.base import RetrieverError
from retrievers.dense.exported_runtime import Run, onnx_run, openvino_run
from retrievers.dense.model import modules_of

TORCH, AUTO = "torch", "auto"
DTYPES = ("float32", "float16", "bfloat16", "int8")
CPUINFO = Path("/proc/cpuinfo")
# Instructions by which the libraries choose how they multiply, and so the last bits of a vector.
_INSTRUCTIONS = frozenset(
    "avx avx2 fma f16c avx512f avx512bw avx512vl avx512_vnni avx_vnni avx512_bf16 avx512_fp16 "
    "amx_tile amx_int8 amx_bf16 asimd asimddp bf16 i8mm sve".split()
)
BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
_POOLINGS = ("mean", "cls")


@dataclass(frozen=True)
class Backend:
    """A library that runs exported models. package: its distribution. extra: of ours, that installs it."""

    package: str
    module: str
    extra: str
    dtypes: tuple[str, ...]
    run: Callable[[Path, str], Run]

    @property
    def installed(self) -> bool:
        """Can it be imported?"""
        return find_spec(self.module) is not None


EXPORTED = {
    "onnx": Backend("onnxruntime", "onnxruntime", "onnx", ("float32", "int8"), onnx_run),
    "openvino": Backend("openvino", "openvino", "openvino", ("float32", "bfloat16"), openvino_run),
}
BACKENDS = (TORCH, *EXPORTED, AUTO)
_OF_TORCH = ("float32", "float16", "bfloat16")


def refuse_backend(name: str, dtype: str, device: str | None, where: Path | str) -> None:
    """Raise RetrieverError for what this backend cannot do, here or with this model."""
    if name not in BACKENDS:
        raise RetrieverError(f"backend={name!r} is not known.", f"Known: {', '.join(BACKENDS)}.")
    if name == AUTO:
        if dtype != "float32":
            raise RetrieverError(
                f"backend=auto chooses among backends of equal vectors, in float32; dtype={dtype} is not.",
                "Leave dtype out, or name a backend.",
            )
        return
    dtypes = EXPORTED[name].dtypes if name in EXPORTED else _OF_TORCH
    if dtype not in dtypes:
        by = [other for other in EXPORTED if dtype in EXPORTED[other].dtypes] + [TORCH] * (dtype in _OF_TORCH)
        raise RetrieverError(
            f"backend={name} has no dtype={dtype}; it has {', '.join(dtypes)}.", f"{dtype} is of backend={by[0]}."
        )
    if name in EXPORTED:
        _refuse_exported(name, dtype, device, where)


def _refuse_exported(name: str, dtype: str, device: str | None, where: Path | str) -> None:
    backend = EXPORTED[name]
    if not backend.installed:
        raise RetrieverError(
            f"backend={name} needs {backend.package}, which is not installed.",
            f"Run: pip install -e '.[{backend.extra}]'",
        )
    if device not in (None, "cpu"):
        raise RetrieverError(
            f"backend={name} runs on the processor; device={device!r} is of torch.", "Leave device or backend out."
        )
    if dtype == "bfloat16" and not BFLOAT16 & processor():
        raise RetrieverError(
            f"This processor has no instructions for bfloat16 ({' or '.join(sorted(BFLOAT16))}).",
            "Leave dtype out: without them it is slower than float32.",
        )
    refuse_export(where)


def refuse_export(where: Path | str) -> None:
    """Raise RetrieverError where a model cannot be exported: it has to be a Transformer and a mean or cls pooling."""
    if not isinstance(where, Path):
        raise RetrieverError(
            f"A model is exported from its folder, and {where!r} is on the hub.",
            "Download it (hf download … --local-dir FOLDER), and give model=FOLDER.",
        )
    modules = modules_of(where)
    kinds = [kind.rpartition(".")[2] for kind, _ in modules]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise RetrieverError(
            f"The model {where.name!r} is made of {' + '.join(kinds) or 'no listed modules'}; exported are "
            "Transformer + Pooling (+ Normalize).",
            "Leave backend out: torch runs it.",
        )
    pooling = _pooling(modules[1][1])
    if pooling not in _POOLINGS:
        raise RetrieverError(
            f"The model {where.name!r} pools by {pooling}; exported are {' and '.join(_POOLINGS)}.",
            "Leave backend out: torch runs it.",
        )


def _pooling(config: dict[str, Any]) -> str:
    """How token vectors become one, by either way that sentence-transformers has written it down."""
    if config.get("include_prompt") is False:
        return "the tokens behind the prompt"
    names = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
    of_old = [names.get(name, name) for name, value in config.items() if name.startswith("pooling_mode_") and value]
    chosen = config.get("pooling_mode", of_old or "mean")
    return chosen if isinstance(chosen, str) else " + ".join(map(str, chosen))


@cache
def processor() -> frozenset[str]:
    """What of this processor decides how libraries multiply: instructions, as Linux names them; elsewhere its kind."""
    try:
        lines = CPUINFO.read_text("utf-8").splitlines()
    except OSError:
        return frozenset({platform.machine(), platform.processor()})
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return _INSTRUCTIONS & set(flags.partition(":")[2].split())
