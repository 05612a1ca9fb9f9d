"""Who may import whom. Any other arrow fails here."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*(ROOT / "bench").rglob("*.py"), *(ROOT / "retrievers").rglob("*.py")])
# What retrievers may share; a retriever never imports another one.
SHARED = ("base", "analyzer", "encoder", "postings", "cache", "words", "model")
HEAVY = {"torch", "sentence_transformers", "transformers", "matplotlib", "sklearn", "pandas", "scipy"}


def imports(path, top_level_only=False):
    """Full names of the modules that a file imports, less those for type checking alone."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(tree.body) if top_level_only else list(ast.walk(tree))
    checking = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in nodes:
        if id(node) in checking:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_allowed_arrows(path):
    module, found = name(path), imports(path)
    ours = {each for each in found if each.partition(".")[0] in ("bench", "retrievers")}
    if module.startswith("retrievers"):
        assert not {each for each in ours if each.startswith("bench")}
    if module.startswith("retrievers.") and module.rpartition(".")[2] not in (
        "base",
        "analyzer",
        "encoder",
        "postings",
    ):
        allowed = tuple(f"retrievers.{each}" for each in SHARED)
        assert all(each.startswith(allowed) for each in ours)
    if module.startswith("bench.report"):
        allowed = (
            "bench.report",
            "bench.store",
            "bench.regression",
            "bench.errors",
            "bench.search",
            "retrievers.analyzer",
            "retrievers.words",
        )
        assert all(each.startswith(allowed) for each in ours)
    if module != "bench.__main__" and not module.startswith("bench.cli"):
        assert not any(each.startswith("bench.cli") for each in found), "cli is imported by nobody"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_heavy_libraries_are_imported_where_they_are_used(path):
    assert not {each.partition(".")[0] for each in imports(path, top_level_only=True)} & HEAVY


def test_only_cli_exits_and_only_console_prints():
    for path in MODULES:
        calls = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        }
        if name(path) != "bench.cli":
            assert not calls & {"sys.exit", "exit", "quit"}, path
        assert "print" not in calls, path


def test_there_is_no_python_beside_the_data():
    assert not list((ROOT / "datasets").rglob("*.py"))
    assert not list((ROOT / "results").rglob("*.py"))


def test_every_package_is_installed():
    """pyproject.toml lists them by hand; an editable install would not miss one."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    there = {name(path) for path in MODULES if path.name == "__init__.py"}
    assert set(listed) == there | {"bench.shipped"}
