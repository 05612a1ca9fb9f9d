"""Retrievers of others: a class by its path, an entry point of another package, an object."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import fakes
import numpy as np
import pytest
from places import ROOT

import bench
import retrievers
from bench.cli import main
from bench.config import RunConfig
from bench.errors import BenchError
from bench.experiment import runner
from retrievers import RetrieverError, create


def test_a_class_by_its_path():
    assert create("fakes:Fixed:step=2.5") == fakes.Fixed(step=2.5)


def test_a_plain_class_takes_parameters_too():
    made = create("fakes:Plain:offset=3,name=x")
    assert (made.offset, made.name) == (3, "x")
    assert re.fullmatch(r"Plain \[fakes [0-9a-f]{12}\]", retrievers.signature(made))


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("no_such_module:Thing", "there is no module 'no_such_module'"),
        ("fakes:Nothing", "fakes has no 'Nothing'"),
        ("fakes:Fixed:stepp=1", "Did you mean 'step'?"),
        ("fakes:Strict", "cannot be made: TypeError"),
        ("fakes:Strict:needed=1", "is no retriever"),
        ("fakes:not_a_class", "is no retriever"),
        ("fakes:Plain:offset=much", "offset='much' is not a whole number"),
    ],
)
def test_what_is_wrong_with_a_plug_in_is_said(specification, message):
    with pytest.raises(RetrieverError) as caught:
        create(specification)
    assert message in str(caught.value)


def test_a_mistake_in_a_plug_ins_own_code_is_no_misspelling(tmp_path, monkeypatch):
    (tmp_path / "mistaken.py").write_text("import os\nos.no_such_thing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RetrieverError, match=r"mistaken:Thing cannot be imported: AttributeError: .*no_such_thing"):
        create("mistaken:Thing")


@pytest.mark.parametrize("retriever", ["fakes:Unprintable", fakes.Unprintable()], ids=["named", "object"])
def test_a_field_that_cannot_be_printed_is_one_error(write_set, tmp_path, retriever):
    with pytest.raises(BenchError, match="cannot be described: ZeroDivisionError"):
        bench.run(write_set(), [retriever], results=str(tmp_path / "out"), latency=False)
    assert not (tmp_path / "out").exists()


def test_an_object_runs_in_this_process(write_set, tmp_path):
    first, second = fakes.Fixed(), fakes.Fixed(step=2)
    found = bench.run(write_set(), [first, second, "bm25"], results=str(tmp_path / "out"), latency=False)
    assert found.retrievers == ["bm25", "Fixed", "Fixed-2"]
    assert first._size == second._size == 5


def test_a_field_that_only_index_fills_does_not_keep_it_from_running(write_set, tmp_path):
    """A dataclass's own repr fails where a shown field has no value yet."""
    with pytest.raises(AttributeError):
        repr(fakes.Unprinted())
    assert re.fullmatch(r"Unprinted\(step=1.0\) \[fakes [0-9a-f]{12}\]", retrievers.signature(fakes.Unprinted()))
    found = bench.run(write_set(), ["fakes:Unprinted"], results=str(tmp_path / "out"), latency=False)
    assert found.failures == []


def test_a_parameter_of_any_type_is_stored(write_set, tmp_path):
    own = fakes.Fixed(step=np.float32(2))
    found = bench.run(write_set(), [own, fakes.Records(told=Path("x"))], results=str(tmp_path / "out"), latency=False)
    assert [retriever for _, retriever, _ in found.failures] == ["Records"]
    told = [each["parameters"] for each in found.info["retrievers"]]
    assert told == [{"step": 2.0}, {"step": 1.0, "told": repr(Path("x"))}]


NESTED = fakes.Fused((create("bm25:k1=1.2"), fakes.Fused((fakes.Fixed(), fakes.Plain())), fakes.DenseFixed(step=2.0)))


def test_a_signature_goes_through_all_parts():
    fixed, plain, dense = (retrievers.signature(each) for each in (fakes.Fixed(), fakes.Plain(), NESTED.parts[2]))
    bm25, code = retrievers.signature(create("bm25:k1=1.2")), fixed.removeprefix("Fixed(step=1.0)")
    assert retrievers.signature(NESTED) == f"Fused({bm25}, Fused({fixed}, {plain}, k=60){code}, {dense}, k=60){code}"
    assert re.fullmatch(r" \[fakes [0-9a-f]{12}\]", code)


def test_parameters_go_through_all_parts():
    found = retrievers.parameters(NESTED)
    assert json.loads(json.dumps(found)) == found
    assert [name for name in found if not name.startswith("parts.0.")] == [
        *("k", "parts.0", "parts.1", "parts.1.k", "parts.1.parts.0", "parts.1.parts.0.step", "parts.1.parts.1"),
        *("parts.2", "parts.2.step"),
    ]
    assert (found["parts.0"], found["parts.0.k1"], found["parts.2.step"]) == ("BM25", 1.2, 2.0)


@pytest.mark.parametrize(
    ("retriever", "kind"),
    [
        (create("bm25"), "lexical"),
        (fakes.DenseFixed(), "dense"),
        (fakes.Fixed(), "other"),
        (fakes.Nonsense(), "other"),  # its `kind` is a parameter of that name
        (fakes.Fused(), "hybrid"),
        (fakes.DenseFused(), "dense"),
    ],
)
def test_a_kind_is_what_the_class_says_else_hybrid_of_what_has_parts(retriever, kind):
    assert retrievers.kind(retriever) == kind


def test_a_comparison_names_the_part_whose_parameter_changed(write_set, tmp_path):
    dataset = bench.load_dataset(write_set())
    runs = [
        bench.run(dataset, [fakes.Fused((create("tfidf"), create(f"bm25:k1={k1}")))], results=str(tmp_path), name=name)
        for k1, name in ((1.2, "base"), (1.5, "head"))
    ]
    (changed,) = (each for each in bench.compare(*runs).surroundings if "k1" in each.what)
    assert changed == ("Fused: parts.1.k1", "1.2", "1.5")


def readme_example():
    """The files of the plug-in example in docs/plugins.md: name -> content."""
    text = (ROOT / "docs" / "plugins.md").read_text("utf-8")
    return dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", text, re.DOTALL))


def test_the_pages_package_plugs_in(write_set, tmp_path):
    """As a separate installed package: its own folder, its own metadata, found by its entry point alone."""
    files = readme_example()
    source = tmp_path / "package"
    source.mkdir()
    for name in ("shortest.py", "pyproject.toml"):
        (source / name).write_text(files[name])
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*install, "--target", str(site), str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = [sys.executable, "-m", "bench", "run", str(write_set()), "-r", "shortest", "-r", "shortest:reverse=true"]
    done = subprocess.run(
        [*run, "--results", str(tmp_path / "out"), "--name", "r", "--no-latency"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(site)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    info = json.loads((tmp_path / "out" / "r" / "run.json").read_text())
    assert [each["label"] for each in info["retrievers"]] == ["shortest", "shortest:reverse=true"]


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write a plug-in's files, import it and tell its signature, each time anew."""
    monkeypatch.syspath_prepend(tmp_path)

    def signed(specification, **files):
        for name, text in files.items():
            path = tmp_path / (name.replace("__", "/") + ".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        for name in [each for each in sys.modules if each.split(".")[0] in ("own", "alone", "beside", "deep")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        return retrievers.signature(create(specification))

    yield signed
    for name in [each for each in sys.modules if each.split(".")[0] in ("own", "alone", "beside", "deep")]:
        del sys.modules[name]


PACKAGE = {
    "own__plugin": "from fakes import Fixed\nfrom own import text\nfrom . import deeper\nclass Own(Fixed):\n    pass\n",
    "own__text": "import json\nKEY = 1\n",
    "own__deeper": "def late():\n    from own.last import KEY\n    return KEY\n",
    "own__last": "KEY = 1\n",
    "own__unused": "KEY = 1\n",
}


@pytest.mark.parametrize(("changed", "seen"), [("plugin", True), ("text", True), ("last", True), ("unused", False)])
@pytest.mark.parametrize("inside", [True, False], ids=["package", "namespace"])
def test_the_signature_covers_what_a_plug_in_imports_of_its_own(written, changed, seen, inside):
    files = {**PACKAGE, **({"own____init__": ""} if inside else {})}
    before = written("own.plugin:Own", **files)
    assert written("own.plugin:Own") == before
    changed = f"own__{changed}"
    assert (written("own.plugin:Own", **{changed: f"{PACKAGE[changed]}# other\n"}) != before) == seen


def test_the_signature_covers_a_file_beside_a_plug_in(written):
    code = "import beside\nfrom fakes import Fixed\nclass Alone(Fixed):\n    pass\n"
    before = written("alone:Alone", alone=code, beside="KEY = 1\n")
    assert written("alone:Alone", beside="KEY = 2\n") != before


def test_the_signature_of_one_file_is_its_hash(written):
    code = "from retrievers import Ranking\nfrom dataclasses import dataclass\n" + (
        "class Alone:\n    def index(self, documents):\n        pass\n    def search(self, queries, k):\n        pass\n"
    )
    assert hashlib.sha256(code.encode()).hexdigest()[:12] in written("alone:Alone", alone=code)


def test_what_is_installed_beside_a_plug_in_is_not_its_own(written, tmp_path, monkeypatch):
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    code = "import beside\nfrom fakes import Fixed\nclass Alone(Fixed):\n    pass\n"
    before = written("alone:Alone", alone=code, beside="KEY = 1\n")
    assert written("alone:Alone", beside="KEY = 2\n") == before


def test_a_run_is_not_continued_with_another_helper(written, write_set, tmp_path):
    settings = {"results": str(tmp_path / "out"), "name": "r", "latency": False, "measures": ("R@1",)}
    written("own.plugin:Own", **PACKAGE)
    config = RunConfig(datasets=(str(write_set()),), retrievers=("own.plugin:Own",), **settings)
    runner.run(config)
    written("own.plugin:Own", own__last="KEY = 2\n")
    with pytest.raises(BenchError, match=r"cannot be continued: own.plugin:Own \(signature\)"):
        runner.run(config, resume=True)


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("query_prompt=find ", "find "),
        ('query_prompt="find "', "find "),
        ("query_prompt=find ,max_length= 12 ", "find "),
        ("query_prompt=' find, then rank: '", " find, then rank: "),
        ("query_prompt=", ""),
        ("query_prompt=''", ""),
        ("query_prompt=None", None),
    ],
)
def test_a_prompt_arrives_as_it_was_typed(text, prompt):
    assert create(f"minilm:{text}").query_prompt == prompt


def test_a_broken_package_does_not_hide_the_others(monkeypatch, capsys):
    names = {"gone": "no_such_module:Thing", "bare": "fakes:Bare", **retrievers.RETRIEVERS}
    monkeypatch.setattr(retrievers, "names", lambda: names)
    with pytest.raises(SystemExit) as caught:
        main(["retrievers"])
    assert caught.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "cannot be used: gone: there is no module 'no_such_module'" in shown
    assert "k1=1.5" in shown


SCRIPT = """
import linecache
from dataclasses import dataclass

import retrievers

CLASS = '''
class Base:
    def search(self, queries, k): return {answer}

@dataclass
class Mine(Base):
    size: int = 1
    def index(self, documents): ...
'''

def signed(answer, cell=None):
    text = CLASS.format(answer=answer)
    if cell:  # as notebooks keep the text of a cell
        linecache.cache[cell] = (len(text), None, text.splitlines(True), cell)
    exec(compile(text, cell or "<stdin>", "exec"), globals())
    return retrievers.signature(Mine())

print(signed(1), signed(1, "<cell 1>"), signed(1, "<cell 2>"), signed(2, "<cell 3>"), sep="\\n")
"""


def test_a_class_of_a_piped_script_or_of_a_cell_has_a_signature():
    """Python calls the file of what is piped into it "<stdin>"; of a cell it has the text alone."""
    done = subprocess.run(
        [sys.executable, "-"], input=SCRIPT, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    piped, *cells = done.stdout.splitlines()
    assert piped == "Mine(size=1) [__main__ no file]", done.stderr
    assert all(re.fullmatch(r"Mine\(size=1\) \[__main__ [0-9a-f]{12}\]", cell) for cell in cells)
    assert cells[0] == cells[1] != cells[2]
