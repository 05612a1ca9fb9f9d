"""The rooms of the house: who may import whom. Any other arrow fails here."""

from __future__ import annotations

import ast
import tomllib
from graphlib import CycleError, TopologicalSorter

import pytest
from places import ROOT

# Room -> the rooms that its modules may import, from the ground up. A room is a package with all below it that has no
# line of its own, or one of the loose modules.
ROOMS = {
    "retrievers.base": "",
    "retrievers.source": "",
    "retrievers.words": "",
    "retrievers.analyzer": "retrievers.base retrievers.words",
    "retrievers.contract": "retrievers.base",
    "retrievers.fusion": "retrievers.base",
    "retrievers.expansion": "retrievers.base",
    "retrievers.stages": "retrievers.base",
    "retrievers.saved_index": "retrievers.base",
    "retrievers.approximate": "retrievers.base",
    "retrievers.masking": "retrievers.base",
    "retrievers.sharding": "retrievers.base",
    "retrievers.vectors": "retrievers.base",
    "retrievers.lexical": "retrievers.analyzer retrievers.base retrievers.columns retrievers.saved_index "
    "retrievers.sharding retrievers.vectors retrievers.words",
    "retrievers.dense": "retrievers.base retrievers.columns retrievers.lexical retrievers.saved_index "
    "retrievers.sharding retrievers.vectors retrievers.words",
    "retrievers.services": "retrievers.base retrievers.dense retrievers.masking",
    "retrievers.pipelines": "retrievers.approximate retrievers.base retrievers.columns retrievers.dense "
    "retrievers.expansion retrievers.fusion retrievers.lexical retrievers.source retrievers.stages",
    "retrievers.indexes": "retrievers.approximate retrievers.base retrievers.dense retrievers.pipelines "
    "retrievers.saved_index",
    "retrievers.specification": "retrievers.base retrievers.masking",
    "retrievers.arguments": "retrievers.base retrievers.masking retrievers.specification",
    "retrievers.columns": "retrievers.arguments retrievers.base",
    "retrievers": "retrievers.arguments retrievers.base retrievers.masking retrievers.source retrievers.specification",
    "retrievers.testing": "retrievers retrievers.approximate retrievers.base retrievers.contract retrievers.masking "
    "retrievers.sharding retrievers.stages retrievers.vectors",
    "bench.errors": "",
    "bench.machine": "",
    "bench.evaluation": "bench.errors retrievers.base retrievers.vectors",
    "bench.config": "bench.errors bench.evaluation retrievers retrievers.dense retrievers.specification",
    "bench.data": "bench.errors retrievers.analyzer retrievers.words",
    "bench.data.formats": "bench.data bench.errors bench.evaluation retrievers.base",
    "bench.data.check": "bench.data bench.errors bench.evaluation retrievers.analyzer retrievers.base retrievers.dense "
    "retrievers.words",
    "bench.storage": "bench.errors retrievers.base retrievers.stages",
    "bench.versions": "bench.data bench.errors bench.machine retrievers",
    "bench.analysis": "bench.config bench.data bench.data.check bench.data.formats bench.errors bench.evaluation "
    "bench.machine bench.storage retrievers.analyzer retrievers.approximate retrievers.base retrievers.dense "
    "retrievers.fusion retrievers.lexical retrievers.specification retrievers.stages",
    "bench.judging": "bench.analysis bench.data bench.data.check bench.data.formats bench.errors bench.evaluation "
    "bench.storage retrievers.analyzer retrievers.base retrievers.masking retrievers.services",
    "bench.regression": "bench.data bench.errors bench.evaluation bench.storage",
    "bench.experiment.workers": "bench.data bench.machine retrievers retrievers.approximate retrievers.base "
    "retrievers.contract retrievers.dense retrievers.lexical retrievers.masking retrievers.saved_index "
    "retrievers.stages retrievers.vectors",
    "bench.experiment": "bench.analysis bench.config bench.data bench.data.check bench.data.formats bench.errors "
    "bench.evaluation bench.experiment.workers bench.judging bench.machine bench.storage retrievers "
    "retrievers.approximate retrievers.arguments retrievers.base retrievers.contract retrievers.dense "
    "retrievers.indexes retrievers.masking retrievers.saved_index retrievers.specification retrievers.stages "
    "retrievers.vectors",
    "bench.report": "bench.data bench.errors bench.regression bench.storage",
    "bench.serving": "bench.errors bench.judging bench.report",
    "bench.api": "bench.config bench.data bench.data.formats bench.errors bench.experiment bench.report bench.storage "
    "retrievers retrievers.masking",
    "bench.cli": "bench.config bench.data.check bench.data.formats bench.errors bench.experiment bench.judging "
    "bench.machine bench.regression bench.report bench.serving bench.storage bench.versions retrievers "
    "retrievers.dense retrievers.masking retrievers.saved_index",
    "bench": "",  # it imports on first use, by names
    "bench.__main__": "bench.cli",
    "bench.pytest_plugin": "bench bench.errors bench.regression bench.report",
}
# The same for what is imported for type checking alone, in addition.
TYPES = {
    "bench": "bench.api bench.data bench.errors bench.regression bench.storage",
    "bench.pytest_plugin": "bench.data bench.storage retrievers",
    "bench.cli": "bench.data",
    "bench.report": "bench.data.check bench.experiment bench.judging bench.versions",
}
# All that lies in `bench` beside its packages.
LOOSE = {"__init__", "__main__", "api", "config", "errors", "pytest_plugin"}
# A submodule of such a name would take the place of the function that `bench` offers.
TAKEN = {"run", "compare", "load_run", "load_dataset"}
HEAVY = {"faiss", "torch", "sentence_transformers", "transformers", "matplotlib", "sklearn", "pandas", "scipy"}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for top in ("bench", "retrievers")
    for path in sorted((ROOT / top).rglob("*.py"))
}


def room(module):
    """The innermost room that a module is in."""
    while module not in ROOMS:
        module = module.rpartition(".")[0]
    return module


def imports(path):
    """(name of a module or of what is in it, is it for type checking alone?) of all imports, wherever they stand."""
    tree = ast.parse(path.read_text("utf-8"))
    checking = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in checking) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from ((f"{node.module}.{alias.name}", id(node) in checking) for alias in node.names)


def ours(names):
    """Those of imported names that are ours, as the modules that they lie in."""
    return {
        (name if name in MODULES else name.rpartition(".")[0], typing)
        for name, typing in names
        if name.partition(".")[0] in ("bench", "retrievers")
    }


def forbidden(module, names):
    """The rooms that a module goes to and may not."""
    own = room(module)
    allowed = {own, *ROOMS[own].split()}
    for_types = {*allowed, *TYPES.get(own, "").split()}
    return {room(target) for target, typing in ours(names) if room(target) not in (for_types if typing else allowed)}


@pytest.mark.parametrize("module", MODULES)
def test_only_allowed_arrows(module):
    assert not forbidden(module, imports(MODULES[module]))


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("bench.regression.gates", "bench.report.table.Table"),
        ("bench.regression.gates", "bench.experiment.workers.worker.Worker"),
        ("bench.report.run.quality", "bench.evaluation.measures.cutoff"),
        ("bench.storage.run", "bench.experiment.runner.run"),
        ("bench.data.dataset", "bench.cli.main"),
        ("bench.data.dataset", "bench.data.formats.load_dataset"),
        ("bench.evaluation.pairs", "bench.data.dataset.Dataset"),
        ("retrievers.lexical.bm25", "retrievers.dense.encoder.Encoder"),
        ("retrievers.base", "bench.errors.BenchError"),
        ("retrievers.lexical.bm25", "bench"),
    ],
)
@pytest.mark.parametrize("typing", [False, True])
def test_a_planted_arrow_fails(module, planted, typing):
    assert forbidden(module, [(planted, typing)])


def test_each_room_is_there_and_no_line_is_out_of_date():
    assert {room(module) for module in MODULES} == set(ROOMS)
    assert set(TYPES) <= set(ROOMS)
    needed = {
        (room(module), room(target), typing)
        for module, path in MODULES.items()
        for target, typing in ours(imports(path))
        if room(target) != room(module)
    }
    for table, typing in ((ROOMS, False), (TYPES, True)):
        listed = {(each, target, typing) for each, line in table.items() for target in line.split()}
        assert not listed - needed, "arrows that nothing needs"


def test_no_circle_of_rooms_nor_of_modules():
    modules = {
        module: {target for target, typing in ours(imports(path)) if not typing and target != module}
        for module, path in MODULES.items()
    }
    for graph in ({each: line.split() for each, line in ROOMS.items()}, modules):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(f"a circle: {error.args[1]}")


def test_what_lies_loose_in_bench():
    assert {path.stem for path in (ROOT / "bench").glob("*.py")} == LOOSE
    assert not {path.stem for path in (ROOT / "bench").iterdir()} & TAKEN


def test_one_word_has_one_meaning():
    """No two classes have one name."""
    where = {}
    for module, path in MODULES.items():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where.setdefault(node.name, []).append(module)
    assert not {name: modules for name, modules in where.items() if len(modules) > 1}


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_are_imported_where_they_are_used(module):
    top = ast.parse(MODULES[module].read_text("utf-8")).body
    names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in top if isinstance(node, ast.ImportFrom)}
    assert not {each.partition(".")[0] for each in names} & HEAVY


def test_only_cli_exits_and_only_console_prints():
    for module, path in MODULES.items():
        calls = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        }
        if module != "bench.cli":
            assert not calls & {"sys.exit", "exit", "quit"}, path
        assert "print" not in calls, path


def test_there_is_no_python_beside_the_data():
    assert not list((ROOT / "datasets").rglob("*.py"))
    assert not list((ROOT / "results").rglob("*.py"))


def test_every_package_is_installed():
    """pyproject.toml lists them by hand; an editable install would not miss one."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    there = {module for module, path in MODULES.items() if path.name == "__init__.py"}
    assert set(listed) == there | {"bench.docs", "bench.shipped"}


# Words that stand for a thousand things: whoever searches for one finds nothing.
VAGUE = {"found", "said", "told", "each"}


def test_names_say_what_they_hold():
    vague = []
    for path in sorted([*(ROOT / "bench").rglob("*.py"), *(ROOT / "retrievers").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            name = node.id if stored else getattr(node, "arg", None) or getattr(node, "name", None)
            if name in VAGUE:
                vague.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {name}")
    assert not vague
