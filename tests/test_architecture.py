"""Who may import whom. Any other arrow fails here."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted([*(ROOT / "bench").rglob("*.py"), *(ROOT / "retrievers").rglob("*.py")])
# Module or package -> those that it may import, of our own; what is not listed is an arrow that nobody allowed.
# errors, config's defaults and the like are listed as all others are: an arrow is seen here or it fails.
ALLOWED = {
    "bench": "",
    "bench.__main__": "bench.cli",
    "bench.ab": "bench.dataset bench.environment bench.errors bench.latency bench.noise retrievers",
    "bench.analysis": "bench.dataset bench.errors bench.formats bench.guard bench.lint bench.measures "
    "bench.intervals bench.same_text bench.statistics bench.streams retrievers.analyzer retrievers.base",
    "bench.api": "bench.config bench.dataset bench.errors bench.formats bench.runner bench.store retrievers",
    "bench.baseline": "bench.errors bench.regression bench.store",
    "bench.calibrate": "bench.config bench.dataset bench.errors bench.runner bench.store",
    "bench.candidates": "",
    "bench.cli": "bench.ab bench.baseline bench.calibrate bench.config bench.console bench.doctor "
    "bench.environment bench.errors bench.formats bench.interrupt bench.lint bench.regression "
    "bench.report bench.runner bench.search bench.store retrievers retrievers.cache",
    "bench.comparisons": "bench.intervals bench.statistics bench.streams",
    "bench.conclusions": "bench.analysis bench.candidates bench.comparisons bench.config bench.controls "
    "bench.dataset bench.guard bench.measures bench.pareto bench.slice_tests "
    "bench.store bench.verdict bench.wording",
    "bench.config": "bench.errors bench.measure_names retrievers.cache",
    "bench.console": "bench.report",
    "bench.contract": "retrievers.base",
    "bench.controls": "bench.dataset bench.measures bench.statistics bench.streams retrievers.base",
    "bench.dataset": "bench.errors bench.same_text bench.statistics",
    "bench.doctor": "bench.environment bench.formats retrievers retrievers.cache retrievers.model",
    "bench.entrant": "bench.controls bench.dataset bench.errors bench.formats bench.worker retrievers retrievers.base",
    "bench.environment": "",
    "bench.errors": "",
    "bench.failure": "retrievers",
    "bench.family": "",
    "bench.formats": "bench.dataset bench.errors bench.measure_names bench.measures bench.same_text retrievers.base",
    "bench.gates": "bench.errors bench.measure_names",
    "bench.groups": "bench.dataset bench.intervals bench.streams retrievers.base",
    "bench.guard": "",
    "bench.interrupt": "",
    "bench.intervals": "bench.statistics",
    "bench.latency": "",
    "bench.lint": "bench.dataset bench.same_text bench.statistics bench.store bench.tables "
    "retrievers.analyzer retrievers.base retrievers.encoder retrievers.words",
    "bench.measure_names": "bench.errors",
    "bench.measures": "bench.dataset bench.errors bench.measure_names bench.own_measures retrievers.base",
    "bench.memory": "",
    "bench.noise": "",
    "bench.own_measures": "retrievers.base",
    "bench.pareto": "",
    "bench.process": "bench.failure bench.family bench.interrupt bench.worker retrievers retrievers.cache",
    "bench.pytest_plugin": "bench bench.regression bench.report",
    "bench.race": "bench.latency bench.worker",
    "bench.regression": "bench.errors bench.gates bench.intervals bench.measures "
    "bench.statistics bench.store bench.streams",
    "bench.report": "bench.errors bench.regression bench.search bench.store retrievers.analyzer retrievers.words",
    "bench.resume": "bench.errors bench.store",
    "bench.run_info": "",
    "bench.runner": "bench.analysis bench.conclusions bench.config bench.controls bench.dataset bench.entrant "
    "bench.environment bench.errors bench.formats bench.guard bench.interrupt bench.latency "
    "bench.lint bench.measures bench.noise bench.process bench.resume bench.store "
    "bench.tables bench.timing bench.worker retrievers retrievers.base retrievers.cache",
    "bench.same_text": "",
    "bench.search": "bench.contract bench.dataset bench.errors bench.failure retrievers retrievers.cache",
    "bench.slice_tests": "bench.comparisons bench.dataset bench.statistics bench.streams",
    "bench.statistics": "",
    "bench.store": "bench.dataset bench.errors bench.run_info retrievers.base",
    "bench.streams": "",
    "bench.tables": "bench.dataset bench.groups bench.guard bench.intervals bench.latency bench.noise "
    "bench.store bench.streams bench.unanswerable",
    "bench.timing": "bench.entrant bench.latency bench.noise bench.race bench.store bench.streams "
    "bench.worker retrievers",
    "bench.unanswerable": "bench.dataset bench.statistics retrievers.base",
    "bench.verdict": "bench.candidates bench.comparisons bench.intervals bench.statistics bench.wording",
    "bench.wording": "bench.analysis bench.candidates bench.comparisons bench.slice_tests",
    "bench.worker": "bench.contract bench.dataset bench.failure bench.latency bench.memory retrievers.base "
    "retrievers.cache",
    "retrievers": "retrievers.base retrievers.source",
    "retrievers.analyzer": "retrievers.base retrievers.words",
    "retrievers.base": "",
    "retrievers.bm25": "retrievers.analyzer retrievers.base retrievers.postings",
    "retrievers.cache": "retrievers.base",
    "retrievers.dense": "retrievers.base retrievers.encoder retrievers.model",
    "retrievers.encoder": "retrievers.base retrievers.cache retrievers.model",
    "retrievers.model": "retrievers.base",
    "retrievers.postings": "retrievers.base",
    "retrievers.source": "",
    "retrievers.tfidf": "retrievers.analyzer retrievers.base retrievers.postings retrievers.words",
    "retrievers.words": "",
}
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


def room(module):
    """What ALLOWED calls a module of ours: itself, or the package of bench that it is in."""
    parts = module.split(".")
    return ".".join(parts[:2])


def arrows(module, found):
    """The rooms that a module goes to, for what it imports: `from bench import store` goes to bench.store alone."""
    known = {name(path) for path in MODULES}
    ours = {each for each in found if each.partition(".")[0] in ("bench", "retrievers")}
    modules = {each if each in known else each.rpartition(".")[0] for each in ours}
    through = {each.rpartition(".")[0] for each in ours if each in known}  # the package in `from package import module`
    return {room(each) for each in modules if each not in through or each in ALLOWED[room(module)].split()}


def forbidden(module, found):
    """Those that ALLOWED does not name."""
    return arrows(module, found) - {room(module), *ALLOWED[room(module)].split()}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_allowed_arrows(path):
    assert not forbidden(name(path), imports(path))


@pytest.mark.parametrize(
    ("module", "planted"),
    [
        ("bench.gates", "bench.report.table.Table"),
        ("bench.gates", "bench.worker"),
        ("bench.report.figures", "bench.measures.cutoff"),
        ("bench.store", "bench.runner"),
        ("bench.dataset", "bench.cli.main"),
        ("retrievers.bm25", "retrievers.tfidf.Tfidf"),
        ("retrievers.base", "bench.errors.BenchError"),
        ("retrievers.bm25", "bench"),
    ],
)
def test_a_planted_arrow_fails(module, planted):
    assert forbidden(module, {planted, planted.rpartition(".")[0] or planted})


def test_each_module_has_its_line_and_no_line_is_out_of_date():
    rooms = {room(name(path)) for path in MODULES}
    assert set(ALLOWED) == rooms
    gone = {
        (each, target)
        for each, line in ALLOWED.items()
        for target in line.split()
        if not any(target in arrows(name(path), imports(path)) for path in MODULES if room(name(path)) == each)
    }
    assert not gone, "arrows that nothing needs"


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
