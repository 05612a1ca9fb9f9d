"""Public docstrings have sections: they are what a docs site renders."""

from __future__ import annotations

import inspect

import pytest

import bench
import retrievers
from retrievers import base, fusion, testing
from retrievers.dense import cached

PUBLIC = {
    bench: bench.__all__,
    retrievers: retrievers.__all__,
    base: (
        "Ranking",
        "Retriever",
        "top_k",
        "require_index",
        "phase",
        "part",
        "listening",
        "record",
        "warn",
        "parts_of",
    ),
    fusion: ("reciprocal_rank_fusion",),
    cached: ("cached_vectors",),
    testing: ("check_retriever",),
}


def public_functions():
    for module, names in PUBLIC.items():
        for name in names:
            thing = getattr(module, name)
            if inspect.isfunction(thing):
                yield f"{module.__name__}.{name}", thing
            elif inspect.isclass(thing):
                for member in vars(thing):
                    if not member.startswith("_") and inspect.isfunction(getattr(thing, member)):
                        yield f"{module.__name__}.{name}.{member}", getattr(thing, member)


@pytest.mark.parametrize("function", [pytest.param(function, id=name) for name, function in public_functions()])
def test_every_argument_and_what_comes_back_is_said(function):
    text, signature = inspect.getdoc(function) or "", inspect.signature(function)
    arguments = [name for name in signature.parameters if name != "self"]
    assert not arguments or "Args:\n" in text
    for name in arguments:
        assert f"    {name}: " in text or f"    **{name}: " in text, name
    if signature.return_annotation not in ("None", "Iterator[None]", inspect.Signature.empty) and arguments:
        assert "Returns:\n" in text


def test_the_list_holds_what_users_call():
    names = [name for name, _ in public_functions()]
    assert {"bench.run", "bench.Dataset.sample", "retrievers.create", "retrievers.base.Retriever.search"} <= {*names}
