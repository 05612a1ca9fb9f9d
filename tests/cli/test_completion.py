"""The script that completes commands and flags, in a real shell."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from bench.cli import main

ASK = """
. {script}
COMP_WORDS=(bench {words}) COMP_CWORD={place}
$(complete -p bench | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p') bench "{last}" bench
echo "${{COMPREPLY[@]}}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("ru", "run"),
        ("run --no-l", "--no-latency"),
        ("gr", "grow"),
        ("grow --dis", "--distractors"),
        ("noi", "noise"),
        ("noise --ord", "--orders"),
        ("tu", "tune"),
        ("tune --tri", "--trials"),
    ],
)
def test_bash_completes_commands_and_flags(capsys, tmp_path, words, offered):
    with pytest.raises(SystemExit) as ended:
        main(["completion", "bash"])
    assert ended.value.code == 0
    script = tmp_path / "bench.sh"
    script.write_text(capsys.readouterr().out)
    ask = ASK.format(script=script, words=words, place=len(words.split()), last=words.split()[-1])
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [offered]
    assert not done.stderr


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_have_a_script_too(capsys, shell):
    with pytest.raises(SystemExit) as ended:
        main(["completion", shell])
    assert ended.value.code == 0
    assert "no-latency" in capsys.readouterr().out
