"""docs/ci.md: its example from the files to the exit codes; the action and the workflows that it speaks of."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from places import ROOT

from bench.cli import main
from bench.storage.costs import BY_GATE

PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))
RUNS = re.findall(r"<!-- run: (\d) -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
REPORT = re.search(r"<!-- report -->\n```\n(.*?)```", PAGE, re.DOTALL)[1]
WORKFLOW = re.search(r"<!-- workflow -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """The folder of the example after its commands ran; and exit code and output of the last of each block."""
    folder, ends = tmp_path_factory.mktemp("ci"), []
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    for code, block in RUNS:
        for line in block.splitlines():
            done = subprocess.run(
                [sys.executable, *shlex.split(line)[1:]],
                cwd=folder,
                env={**environment(), "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=False,
            )
            last = line == block.splitlines()[-1]
            assert done.returncode == (int(code) if last else 0), done.stdout + done.stderr
        ends.append(done.stdout)
    config = folder / "bench.toml"  # as the page says that it is changed in the end
    config.write_text(config.read_text("utf-8").replace('["bm25"]', '["bm25", "mine:MyRetriever"]'), "utf-8")
    return folder, ends


def environment():
    return {key: value for key, value in os.environ.items() if key != "GITHUB_STEP_SUMMARY"}


@pytest.mark.slow
def test_the_example_ends_as_the_page_says(worked):
    folder, (updated, same, worse, tested) = worked
    assert "results/baseline is now results/main" in updated
    assert "rankings identical in the top 10, nothing to test" in same
    assert "parameters changed from bm25" in worse
    assert "bm25:stemmer=none: stemmer: english is now none" in worse
    for line in REPORT.splitlines():
        assert line in worse
    assert "1 passed" in tested
    assert all((folder / f"report.{form}").is_file() for form in ("md", "xml", "json"))


def test_the_costs_of_the_page_are_those_that_there_are():
    named = set(re.findall(r"`(\w+_(?:ms|s|mb)) <=", PAGE))
    assert named
    assert named <= set(BY_GATE)


BROKEN = """
from dataclasses import dataclass

@dataclass
class Lost:
    def index(self, documents):
        raise ValueError("lost")

    def search(self, queries, k):
        raise ValueError("lost")
"""


@pytest.fixture
def step(worked):
    """Call a step of the action as a runner does: its exit code and output."""
    folder, _ = worked

    def step(name, **inputs):
        script = next(step["run"] for step in ACTION["runs"]["steps"] if step["name"] == name)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=folder,
            env={
                **environment(),
                "PYTHONPATH": str(ROOT),
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
                "BENCH_CONFIG": "bench.toml",
                "BENCH_BASE": "baseline",
                "BENCH_GATES": "",
                "BENCH_STRICT": "false",
                **inputs,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return step


@pytest.mark.slow
def test_the_action_compares_as_the_page_says(worked, step):
    """Its script, as a runner calls it, with inputs that would harm if they were pasted into it."""
    folder, _ = worked
    config = (folder / "bench.toml").read_text()
    (folder / "worse.toml").write_text('results = "elsewhere"\n' + config.replace('"bm25"', '"bm25:stemmer=none"'))
    assert step("Run", BENCH_CONFIG="worse.toml")[0] == 0
    assert step("Compare", BENCH_GATES="R@10 >= -0.1\n  \n")[0] == 1
    assert "Regression" in (folder / "summary.md").read_text()
    assert sorted(path.name for path in (folder / "bench-report").iterdir()) == [
        "report.json",
        "report.md",
        "report.xml",
    ]
    code, shown = step("Compare", BENCH_GATES="R@10 >= 0\n$(touch pwned)\n")
    assert code == 2
    assert "cannot be read" in shown
    assert "Nothing was compared" in (folder / "summary.md").read_text()
    assert not (folder / "pwned").exists()
    assert step("Compare", BENCH_STRICT="True")[0] == 2, "a wish that is not understood is not ignored"


@pytest.mark.slow
def test_the_action_reports_a_failed_cell(worked, step):
    folder, _ = worked
    (folder / "broken.toml").write_text('datasets = ["help"]\nretrievers = ["bm25", "nowhere:Lost"]\nlatency = false\n')
    (folder / "nowhere.py").write_text(BROKEN)
    (folder / "summary.md").unlink(missing_ok=True)
    assert step("Run", BENCH_CONFIG="broken.toml")[0] == 0
    assert step("Compare", BENCH_CONFIG="broken.toml")[0] == 5
    assert "A cell of head failed" in (folder / "summary.md").read_text()
    assert step("Run", BENCH_CONFIG="none.toml")[0] == 2


@pytest.mark.slow
def test_the_action_serves_a_repository_with_a_package_of_the_same_name(worked, step):
    folder, _ = worked
    for name in ("retrievers", "bench"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("X = 1\n")
    try:
        assert step("Run")[0] == 0
        assert step("Compare")[0] == 0
    finally:
        for name in ("retrievers", "bench"):
            shutil.rmtree(folder / name)


@pytest.mark.parametrize("text", [WORKFLOW, (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")])
def test_workflows_may_only_read_and_are_pinned(text):
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "permissions" not in job
        assert job["timeout-minutes"]
        steps_are_safe(job["steps"])
    assert "pull_request_target" not in str(workflow)


def test_the_action_is_pinned():
    steps_are_safe(ACTION["runs"]["steps"])


def steps_are_safe(steps):
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]) or step["uses"] == "OWNER/bench@COMMIT"
        assert "${{" not in step.get("run", ""), "a value pasted into a script would be run"


def test_the_action_has_the_inputs_of_the_page():
    listed = re.search(r"Its inputs: (.*)", PAGE)[1]
    assert set(re.findall(r"`(\w+)`", listed)) == set(ACTION["inputs"])


def test_the_help_names_the_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert "compare" in shown
    assert "baseline" in shown
