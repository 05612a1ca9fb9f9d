"""The commands as a user types them: output, exit codes, errors."""

from __future__ import annotations

import argparse
import importlib.machinery
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest
from fakes import Fixed
from places import ROOT
from stored import edit_info

import bench
import retrievers
from bench.cli import console, main, parser
from bench.config import DEFAULT_RETRIEVERS
from bench.evaluation.measure_names import DEFAULT_MEASURES
from bench.experiment.events import Event
from bench.machine import environment
from retrievers import RetrieverError
from retrievers.dense.vector_cache import default_path


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(each) for each in arguments])
    captured = capsys.readouterr()
    return caught.value.code, captured.out, captured.err


def test_an_output_that_cannot_show_a_character_shows_a_question_mark(write_set):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "bench", "search", "cät on a mat", "-d", write_set(), "-r", "bm25"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "c?t on a mat" in done.stdout


def test_a_cache_that_cannot_be_used_is_no_empty_cache(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    for action in ("info", "clear"):
        code, out, err = call(capsys, "cache", action)
        assert (code, out) == (2, "")
        assert "cannot be used" in err


def test_an_empty_query_is_refused(capsys, write_set):
    code, _, err = call(capsys, "search", " ", "-d", write_set(), "-r", "bm25")
    assert (code, "The query is empty." in err) == (2, True)


def test_a_search_without_documents_says_what_it_searched(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("CORPUS_PATH", raising=False)
    code, out, _ = call(capsys, "search", "cat", "-r", "bm25", "-k", 1)
    assert (code, "Searched: the shipped set phenomena. Documents of your own: -d PATH." in out) == (0, True)
    corpus = tmp_path / "notes" / "mine.txt"
    corpus.parent.mkdir()
    corpus.write_text("A zebu in the rain.\nA cat.\n")
    monkeypatch.setenv("CORPUS_PATH", str(corpus))
    code, out, _ = call(capsys, "search", "zebu", "-r", "bm25", "-k", 1)
    assert (code, "A zebu in the rain." in out) == (0, True)
    assert f"Searched: the paragraphs of {corpus} (CORPUS_PATH)." in " ".join(out.split())


def test_a_search_for_a_path_says_how_to_search_in_it(capsys, write_set):
    folder = write_set()
    code, _, err = call(capsys, "search", folder)
    assert code == 2
    assert f'To search it: python -m bench search "WORDS" -d {folder}' in " ".join(err.split())
    code, out, _ = call(capsys, "search", "cat", "-d", folder, "-r", "bm25")
    assert (code, "Searched" in out) == (0, False)


def test_run_shows_tables_and_writes_reports(capsys, write_set, tmp_path):
    card = 'slices = ["kind"]\n'
    folder = write_set(card=card)
    code, out, err = call(
        capsys,
        "run",
        folder,
        "-r",
        "bm25",
        "-r",
        "tfidf",
        "--results",
        tmp_path / "out",
        "--name",
        "r",
        "--seconds",
        0.2,
    )
    assert code == 0
    assert err == ""
    for text in ("small: 5 documents, 3 queries", "nDCG@10 [95%]", "p50 ms", "Verdict: "):
        assert text in out
    run = tmp_path / "out" / "r"
    assert (out.splitlines()[-1], "by kind" in out) == (f"Open {run / 'report.html'}", False)
    _, verbose, _ = call(capsys, "report", run, "--verbose")
    assert all(text in verbose for text in ("by kind", "Files: ", out[: out.index("Verdict: ")].splitlines()[0]))
    charts = {path.name for path in (run / "charts").iterdir()}
    assert charts == {f"{c}.{f}" for c in ("measures", "recall", "slices", "pareto", "latency") for f in ("svg", "png")}
    report = (run / "report.md").read_text()
    assert "| bm25 |" in report
    assert "charts/pareto.svg" in report


def test_report_makes_the_same_again(capsys, write_set, tmp_path):
    _, first, _ = call(
        capsys, "run", write_set(), "-r", "bm25", "--results", tmp_path / "out", "--name", "r", "--no-latency"
    )
    run = tmp_path / "out" / "r"
    before = {path: path.read_bytes() for path in [run / "report.md", *sorted((run / "charts").iterdir())]}
    for path in before:
        path.unlink()
    code, second, _ = call(capsys, "report", run)
    assert (code, second) == (0, first)
    assert {path: path.read_bytes() for path in before} == before


def test_an_interrupted_run_has_no_report(capsys, write_set, tmp_path):
    call(capsys, "run", write_set(), "-r", "bm25", "--results", tmp_path, "--name", "r", "--no-latency")
    path = tmp_path / "r" / "run.json"
    edit_info(path.parent, complete=False)
    code, _, err = call(capsys, "report", tmp_path / "r")
    assert code == 2
    assert "not complete" in err


def test_a_failed_cell_exits_5(capsys, write_set, tmp_path):
    runs = ["--results", tmp_path, "--no-latency"]
    code, out, err = call(capsys, "run", write_set(), "-r", "bm25", "-r", "fakes:Broken", *runs)
    assert code == 5
    assert "ValueError: the index is broken" in err
    assert "failed: fakes:Broken on small" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "no-such-set"], "There is no dataset, folder or file 'no-such-set'."),
        (["run", "-r", "bm52"], "Did you mean 'bm25'?"),
        (["run", "-r", "bm25", "-r", "dense:model=absent"], "There is no model folder 'absent'."),
        (["run", "-r", "dense:model=."], "The folder '.' holds no model."),
        (["run", "-m", "nDGC@10"], "Did you mean 'nDCG@10'?"),
        (["run", "-k", "0"], "depth is 0."),
        (["run", "--config", "absent.toml"], "There is no absent.toml."),
        (["report", "absent"], "absent is not a stored run"),
    ],
)
def test_bad_input_exits_2_with_one_error(capsys, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_the_help_is_shown(capsys):
    code, out, err = call(capsys)
    assert (code, out) == (2, "")
    assert "run retrievers on datasets" in err


def test_the_version_is_shown(capsys):
    assert call(capsys, "--version") == (0, f"bench {environment.version('bench')}\n", "")


@pytest.mark.parametrize("command", ["run", "curve", "grow", "noise", "search", "score", "ab", "calibrate"])
def test_help_says_which_retrievers_are_the_default(capsys, command):
    code, out, _ = call(capsys, command, "--help")
    assert code == 0
    assert "default: " in out[out.rindex("--retriever") :].partition(" -")[0]


def test_help_names_the_defaults_of_a_run(capsys):
    text = " ".join(call(capsys, "run", "--help")[1].split())
    assert f"(default: {', '.join(DEFAULT_RETRIEVERS)})" in text
    assert f"(default: {', '.join(DEFAULT_MEASURES)})" in text


def test_every_flag_and_command_has_its_help():
    def unexplained(made):
        for action in made._actions:
            if isinstance(action, argparse._SubParsersAction):
                for each in action.choices.values():
                    yield from unexplained(each)
            elif not action.help and action.option_strings:
                yield f"{made.prog} {action.option_strings}"

    assert list(unexplained(parser())) == []


def test_wrong_usage_exits_2(capsys):
    assert call(capsys, "fly")[0] == 2
    assert call(capsys, "run", "--resume", "--fresh")[0] == 2


def test_a_run_is_resumed_where_its_file_put_it(capsys, write_set, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bench.toml").write_text(
        f'datasets = ["{write_set()}"]\nretrievers = ["bm25"]\nresults = "out"\nlatency = false\nname = "r"\n'
    )
    assert call(capsys, "run", "--config", "bench.toml")[0] == 0
    assert call(capsys, "run", "--config", "bench.toml", "--resume")[0] == 0
    assert call(capsys, "run", "--results", "out", "--resume")[0] == 0
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "edit",
    [
        lambda info: info.pop("config"),
        lambda info: info["config"].update(depths=3),
        lambda info: info.pop("environment"),
        lambda info: info.update(retrievers=["bm25"]),
    ],
)
def test_a_damaged_run_is_not_resumed(capsys, write_set, tmp_path, edit):
    given = ("run", write_set(), "-r", "bm25", "--results", tmp_path / "out", "--name", "r", "--no-latency")
    assert call(capsys, *given)[0] == 0
    path = tmp_path / "out" / "r" / "run.json"
    info = json.loads(path.read_text())
    edit(info)
    info.pop("seal", None)  # as of a version that knew none: what is wrong is seen all the same
    path.write_text(json.dumps(info))
    code, _, err = call(capsys, "run", "--resume", "--results", tmp_path / "out", "--name", "r")
    assert code == 2
    assert "damaged" in err
    assert "--fresh" in err


def test_what_was_never_begun_is_not_resumed(capsys, tmp_path):
    """A misspelt name would begin a run of everything."""
    (tmp_path / "nightly").mkdir()
    (tmp_path / "nightly" / "run.json").write_text("{}")
    code, _, err = call(capsys, "run", "--resume", "--results", tmp_path, "--name", "nigthly")
    assert code == 2
    assert "Did you mean 'nightly'?" in err
    assert [each.name for each in tmp_path.iterdir()] == ["nightly"]


@pytest.mark.parametrize("flag", ["--resume", "--fresh"])
def test_a_folder_of_something_else_is_left_alone(capsys, write_set, tmp_path, flag):
    (tmp_path / "out" / "mine").mkdir(parents=True)
    (tmp_path / "out" / "mine" / "precious.txt").write_text("mine")
    given = ("run", write_set(), "-r", "bm25", "--results", tmp_path / "out", "--name", "mine", flag)
    code, _, err = call(capsys, *given)
    assert code == 2
    assert "mine is not a stored run" in err
    assert [each.name for each in (tmp_path / "out" / "mine").iterdir()] == ["precious.txt"]


def test_a_report_that_cannot_be_written_is_one_error(capsys, write_set, tmp_path):
    run = tmp_path / "r"
    call(capsys, "run", write_set(), "-r", "bm25", "--results", tmp_path, "--name", "r", "--no-latency")
    (run / "report.md").unlink()
    (run / "report.md").mkdir()
    code, _, err = call(capsys, "report", run)
    assert code == 2
    assert f"The report cannot be written to {run}" in " ".join(err.split())


def test_a_damaged_cell_is_one_error_in_a_report(capsys, write_set, tmp_path):
    given = ("run", write_set(), "-r", "bm25", "--results", tmp_path, "--name", "r", "--seconds", "0.05")
    call(capsys, *given)
    (path,) = (tmp_path / "r").glob("cells/*/*/cell.json")
    path.write_text(path.read_text()[:50])
    code, _, err = call(capsys, "report", tmp_path / "r")
    assert code == 2
    assert "is damaged" in err


def test_an_interrupted_run_says_how_to_go_on(tmp_path, write_set):
    process = typed(
        tmp_path, "run", write_set(), "-r", "fakes:Hangs", "--name", "r", "--no-latency", stderr=subprocess.PIPE
    )
    while not (tmp_path / "results" / "r" / "run.json").is_file():
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode in (130, -signal.SIGINT)  # one and the same to a shell
    assert b"python -m bench run --resume --name r" in err


def test_an_interrupt_that_a_library_drops_is_kept():
    """As one does that comes while the lock of an import is given back, or under a bare except."""
    code = (
        "import os, signal, time\nfrom bench.machine import interrupt\ninterrupt.keep()\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(3600)\n"
        "except BaseException: pass\n"
        "try:\n    interrupt.check()\nexcept KeyboardInterrupt: print('kept')\n"
        "interrupt.check()\nprint('once')"
    )
    assert run_python(code).split() == ["kept", "once"]


def test_an_interrupt_that_is_lost_ends_the_wait_for_a_retriever(monkeypatch, tmp_path, write_set, capsys):
    """The run looks at it while it waits, and at every step."""
    from bench.experiment.workers.process import ProcessWorker
    from bench.machine import interrupt

    class Lost(ProcessWorker):
        def load(self, cached):
            interrupt._pressed.set()  # and the exception was dropped
            return super().load(cached)

    monkeypatch.setattr("bench.experiment.workers.process.ProcessWorker", Lost)
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "run", write_set(), "-r", "fakes:Hangs", "--name", "r", "--no-latency")
    assert code == 130
    assert "--resume --name r" in err
    assert not interrupt._pressed.is_set()


def test_an_interrupt_that_is_lost_ends_the_run_at_its_next_step(tmp_path, write_set):
    from bench.machine import interrupt

    def listener(event):
        if event.text == "index":
            interrupt._pressed.set()

    with pytest.raises(KeyboardInterrupt):
        bench.run(write_set(), [Fixed()], latency=False, results=str(tmp_path / "r"), listener=listener)


def test_the_lists(capsys):
    code, out, _ = call(capsys, "retrievers")
    assert code == 0
    assert "k1=1.5" in out
    code, out, _ = call(capsys, "datasets")
    assert code == 0
    assert "vector-notes" in out


@pytest.mark.parametrize(
    "arguments", [("datasets",), ("retrievers",), ("datasets", "check", "support-faq")], ids=" ".join
)
def test_piped_output_is_as_wide_as_columns_says_and_nothing_is_cut(capsys, monkeypatch, arguments):
    monkeypatch.setenv("COLUMNS", "80")
    narrow = call(capsys, *arguments)[1]
    assert 60 < max(map(len, narrow.splitlines())) <= 80
    monkeypatch.delenv("COLUMNS")
    wide = call(capsys, *arguments)[1]
    assert 80 < max(map(len, wide.splitlines())) <= 200
    words = re.compile(r"[a-z]{3,}")
    # Of words, which paragraphs go without.
    headings = {"name", "description", "slices", "what", "parameters", "with", "defaults"}
    assert set(words.findall(wide)) - headings <= set(words.findall(narrow))


def test_doctor_shows_paths_whole_in_a_narrow_terminal(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "vectors.sqlite"))
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.sub(
        r"\s", "", call(capsys, "doctor", "--results", tmp_path)[1]
    )  # one longer than a line goes on in the next
    assert str(tmp_path / "vectors.sqlite") in shown
    assert "sha256" in shown


def test_doctor_misses_no_library_that_only_an_extra_needs(capsys, monkeypatch, tmp_path):
    versions = {name: environment.version(name) for name in environment.LIBRARIES}
    monkeypatch.setattr(environment, "version", lambda name: versions.get(name, "1.0" if name == "openvino" else None))
    code, out, _ = call(capsys, "doctor", "--results", tmp_path)
    assert code == 0
    assert "openvino" in out
    assert "faiss" not in out
    assert environment.extras() == {"openvino": "1.0"}


def test_progress_names_the_set_and_leaves_no_empty_part():
    with console.Progress() as progress:

        def label(*event):
            progress(Event(*event))
            return progress._bars.tasks[0].description, progress._bars.tasks[0].fields["amount"]

        progress(Event("begin", total=2))
        assert label("progress", "", "bm25", "load") == ("0/2 · bm25 · load", "")
        assert label("step", "faq", "bm25", "index") == ("0/2 faq · bm25 · index", "")
        assert label("progress", "", "bm25", "encode", 0, 1) == ("0/2 faq · bm25 · encode", "")
        assert label("progress", "", "minilm", "encode", 32, 1000) == ("0/2 faq · minilm · encode", "32/1,000")
        progress(Event("cell", "faq", "bm25"))
        assert label("step", "", "", "analyse") == ("1/2 · analyse", "")
    with console.Progress() as progress:
        assert label("progress", "faq", "bm25", "rounds", 3, 80) == ("faq · bm25 · rounds", "3/80")


def test_a_log_has_a_line_for_what_takes_long_with_an_estimate(capsys, monkeypatch):
    monkeypatch.setattr(console, "STEP_SECONDS", 5.0)
    times = iter([0.0, 1.0, 6.0, 9.0, 16.0, 20.0, 49.0, 3700.0])
    with console.Progress(clock=lambda: next(times)) as progress:
        progress(Event("begin", total=6))
        for event in (
            ("step", "faq", "bm25", "index"),  # what is over in a moment is not told
            ("step", "faq", "minilm", "index"),
            ("progress", "", "minilm", "encode", 32, 1000),  # how fast it goes, nobody knows at the first word of it
            ("progress", "", "minilm", "encode", 100, 1000),
            ("progress", "", "minilm", "encode", 200, 1000),  # nor the same again so soon
            ("progress", "", "minilm", "encode", 500, 1000),
            ("step", "", "", "analyse"),
        ):
            progress(Event(*event))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "[0:06] 0/6 faq · minilm · index",
        "[0:16] 0/6 faq · minilm · encode 100/1,000, about 1:33 more",
        "[0:49] 0/6 faq · minilm · encode 500/1,000, about 0:43 more",
        "[1:01:40] 0/6 · analyse",
    ]


def test_a_cell_that_fails_while_it_is_timed_is_counted_once():
    with console.Progress() as progress:
        progress(Event("begin", total=2))
        for kind, retriever in (("cell", "bm25"), ("cell", "mine"), ("failed", "mine"), ("failed", "bm25")):
            progress(Event(kind, "faq", retriever))
        progress(Event("step", "faq", "bm25", "time"))
        assert progress._bars.tasks[0].description.startswith("2/2 faq")


def test_check_finds_and_exits(capsys, write_set):
    code, out, _ = call(capsys, "datasets", "check", write_set())
    assert code == 0
    assert "terms stand in the best relevant document" in out
    bad = write_set("bad", qrels=[("q1", "d1", 0)])
    code, out, _ = call(capsys, "datasets", "check", bad, "--json")
    assert code == 2
    assert json.loads(out)["counts"]["error"] >= 1


def run_python(code, *, cwd=ROOT):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_imports_nothing_heavy():
    code = (
        "import sys, contextlib\nfrom bench.cli import main\n"
        "with contextlib.suppress(SystemExit): main(['--help'])\n"
        "print(sorted({'numpy', 'pyarrow', 'pandas', 'torch', 'sklearn', 'matplotlib', 'rich'} & set(sys.modules)))"
    )
    assert run_python(code).splitlines()[-1] == "[]"


def test_a_lexical_run_never_imports_torch(write_set, tmp_path):
    folder = write_set()
    code = (
        "import sys, bench, retrievers\nfrom bench.report.run import forms, terminal\n"
        f"chosen, out = [retrievers.create('tfidf'), 'bm25'], {str(tmp_path / 'out')!r}\n"
        f"found = bench.run({str(folder)!r}, chosen, results=out, seconds=0.05)\n"
        "forms.write(found); list(terminal.render(found))\n"
        "print(found.failures, sorted({'torch', 'sentence_transformers'} & set(sys.modules)))"
    )
    assert run_python(code).splitlines()[-1] == "[] []"


@pytest.mark.slow
def test_the_model_encodes_from_the_repository_root(tmp_path):
    """A folder named datasets stands there; transformers takes it for Hugging Face's package if it can."""
    code = (
        "import retrievers\nr = retrievers.create('minilm')\nr.index(['a cat'])\n"
        "print(r.search(['cat'], 1).documents.tolist())"
    )
    assert run_python(code).splitlines()[-1] == "[[0]]"


def typed(folder, *arguments, **settings):
    """As a process of its own, in this folder."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests" / "support")))}
    command = [sys.executable, "-m", "bench", *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, **settings)


NAMESAKES = {
    "a package": ["retrievers/__init__.py"],
    "a folder": ["retrievers/notes.txt", "bench/notes.txt", "datasets/notes.txt"],
    "libraries": ["numpy.py", "regex.py", "pyarrow/__init__.py", "random.py", "datasets/__init__.py"],
}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(files, id=name, marks=[pytest.mark.slow] * (name != "libraries"))
        for name, files in NAMESAKES.items()
    ],
)
def test_what_lies_in_the_current_folder_hides_nothing(tmp_path, write_set, files):
    for each in files:
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).write_text("raise SystemExit(1)\n")
    (tmp_path / "own.py").write_text("from fakes import Fixed\n")  # and yet a plug-in that lies there is found
    write_set()
    chosen = ["-r", "bm25", "-r", "own:Fixed"]
    process = typed(tmp_path, "run", "small", *chosen, "--no-latency", stderr=subprocess.PIPE, text=True)
    _, err = process.communicate()
    assert process.returncode == 0
    assert not [line for line in err.splitlines() if not line.startswith("[")], "how far it is, where that took long"


def test_a_package_that_hides_the_retrievers_all_the_same_is_one_error(tmp_path, monkeypatch, capsys):
    found = importlib.machinery.ModuleSpec("retrievers", None, origin=str(tmp_path / "retrievers" / "__init__.py"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: found)
    with pytest.raises(SystemExit) as caught:
        main(["datasets"])
    err = " ".join(capsys.readouterr().err.split())
    assert caught.value.code == 2
    assert f"{tmp_path / 'retrievers'} hides bench's own package" in err
    assert "python -P -m bench" in err


def test_a_folder_that_is_gone_is_one_error(tmp_path):
    (tmp_path / "gone").mkdir()
    code = "import os, sys; os.rmdir(os.getcwd()); from bench.cli import main; main(['datasets'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "gone", capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "The current folder does not exist any more." in done.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [(ZeroDivisionError("oh"), 70, "a fault of bench"), (ImportError("no such library"), 2, "cannot be imported")],
)
def test_a_fault_of_bench_is_no_regression(monkeypatch, capsys, error, code, said):
    """Python itself would end with 1."""

    def fails(options):
        raise error

    monkeypatch.setattr("bench.cli.datasets._datasets", fails)
    with pytest.raises(SystemExit) as caught:
        main(["datasets"])
    assert caught.value.code == code
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert said in err


def test_a_container_without_a_home_runs(tmp_path, monkeypatch):
    """Its user has a number alone: no name, no folder."""
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    for name in ("BENCH_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert default_path().is_absolute()
    with pytest.raises(RetrieverError, match="There is no model folder '~/model'"):
        retrievers.create("dense:model=~/model")


@pytest.mark.slow
def test_the_exit_code_stands_whether_or_not_somebody_reads(tmp_path, write_set):
    """Rich ends with 1 where the pipe is broken, which here means a regression."""
    process = typed(tmp_path, "run", write_set(), "-r", "bm25", "-r", "fakes:Broken", "--no-latency")
    process.stdout.close()
    assert process.wait() == 5
    (run,) = (tmp_path / "results").iterdir()
    for arguments, code in ((("report", run), 5), (("compare", run, run), 5), (("datasets",), 0)):
        process = typed(tmp_path, *arguments)
        process.stdout.close()
        assert process.wait() == code


def test_a_closed_output_is_no_traceback(tmp_path):
    command = f'"{sys.executable}" -m bench datasets >&-'
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_plug_in_says_steers_no_terminal_and_no_ci_system(tmp_path, write_set):
    """Its error may quote a query; a command counts where it begins a line, as it may after a line is broken."""
    process = typed(
        tmp_path, "run", write_set(), "-r", "bm25", "-r", "fakes:Quotes", "--no-latency", stderr=subprocess.PIPE
    )
    out, err = process.communicate()
    assert process.returncode == 5
    for shown in (out.decode(), err.decode()):
        assert "pwned" in shown
        assert not re.search(r"(?m)^\s*::|##\[|\x1b", shown)


@pytest.mark.parametrize("flags", [("--results", "r\udcff"), ("--name", "n\udcff"), ("-r", "dense:model=m\udcff")])
def test_a_name_that_is_no_utf_8_is_one_error(capsys, write_set, flags):
    code, _, err = call(capsys, "run", write_set(), "--no-latency", *flags)
    assert code == 2
    assert "is not UTF-8" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "--limitt", "3"), "python -m bench run does not take '--limitt'. Did you mean --limit?"),
        (
            ("datasets", "check", "--jsn", "x"),
            "python -m bench datasets check does not take '--jsn'. Did you mean --json?",
        ),
        (("report", "a", "b"), "python -m bench report does not take 'b'. python -m bench report --help lists"),
        (("--versionn",), "python -m bench does not take '--versionn'. Did you mean --version?"),
    ],
)
def test_a_flag_that_is_none_is_told_of_with_the_one_that_was_meant(capsys, arguments, says):
    code, _, shown = call(capsys, *arguments)
    assert code == 2
    assert says in " ".join(shown.split())


@pytest.mark.parametrize(
    ("command", "groups"), [("run", 7), ("curve", 5), ("grow", 5), ("noise", 5), ("tune", 4), ("score", 4)]
)
def test_help_is_in_groups_with_three_examples(capsys, command, groups):
    shown = call(capsys, command, "--help")[1]
    assert len(re.findall(r"^[a-z][a-z ]+:$", shown, re.MULTILINE)) >= groups
    examples = re.findall(rf"^  python -m bench ({command} .*?)(?:  .*)?$", shown, re.MULTILINE)
    assert len(examples) == 3
    for example in examples:
        parser().parse_args(shlex.split(example))


def test_report_prints_or_writes_a_form_and_nothing_else(capsys, write_set, tmp_path):
    folder = tmp_path / "out" / "r"
    bench.run([write_set()], [Fixed()], results=str(folder.parent), name="r", latency=False)
    code, out, err = call(capsys, "report", folder, "--csv")
    assert (code, out.splitlines()[0].partition(",")[0], err) == (0, "dataset", "")
    assert all(line.startswith(("dataset,", "small,")) for line in out.splitlines())
    code, out, err = call(capsys, "report", folder, "--csv", tmp_path / "t.csv", "--latex", "--intervals")
    assert (code, out.splitlines()[-1]) == (0, r"\end{table}")
    assert "scriptsize" in out
    assert f"Written: {tmp_path / 't.csv'}" in err.replace("\n", "")
    assert (tmp_path / "t.csv").read_text("utf-8").startswith("dataset,")
    assert not (folder / "report.md").exists()  # nothing else is made again


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--csv", "--latex"), "Two forms cannot be written to one place."),
        (("--intervals",), "--intervals belongs to --latex."),
        (("--latex", "."), ". is a folder."),
        (("--csv", "/dev/null/t.csv"), "/dev/null/t.csv cannot be written"),
    ],
)
def test_a_form_that_cannot_be_written_is_one_error(capsys, write_set, tmp_path, flags, message):
    run = bench.run([write_set()], [Fixed()], results=str(tmp_path), latency=False)
    code, out, err = call(capsys, "report", run.folder, *flags)
    assert (code, out) == (2, "")
    assert message in err


def test_report_all_writes_a_page_of_all_runs(write_set, tmp_path, capsys):
    results, folder = tmp_path / "runs", write_set()
    for name in ("one", "two"):
        made = ("run", str(folder), "-r", "bm25", "--no-latency", "--results", str(results), "--name", name)
        assert call(capsys, *made)[0] == 0
    (results / "broken").mkdir()
    (results / "broken" / "run.json").write_text("{}", "utf-8")
    code, out, err = call(capsys, "report", "--all", str(results))
    assert (code, out) == (0, f"Open {results / 'index.html'}\n")
    assert "broken is left out" in err
    assert 'href="one/report.html"' in (results / "index.html").read_text("utf-8")
    code, _, err = call(capsys, "report", "--all", str(results / "one"))
    assert code == 2
    assert "is a run, not a folder of runs" in err
