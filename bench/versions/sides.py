"""Base and head: what a user names, as an interpreter and the folder that its code comes from."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError

_HINT = "Name a git ref of the repository in this folder, a checkout, or a virtual environment."
_SHALLOW = (
    "This clone is shallow and lacks most versions. Run: git fetch --unshallow origin "
    "'+refs/heads/*:refs/remotes/origin/*' (for actions/checkout: fetch-depth: 0), and name it as origin/main."
)


@dataclass(frozen=True)
class Side:
    """One version of the code.

    name: as the user gave it. revision: commit of a git ref, else empty. python: the interpreter. folder: holds the
    package `retrievers`, or a plug-in; None where it is what the interpreter has installed.
    """

    name: str
    python: Path
    folder: Path | None
    revision: str = ""

    def same_as(self, other: Side) -> bool:
        """Is it the same commit, or the same interpreter and folder?"""
        if self.revision and other.revision:
            return self.revision == other.revision
        return (self.python, self.folder) == (other.python, other.folder)

    def describe(self) -> dict[str, str]:
        """What a comparison stores; the folder of a work tree is gone by then and says nothing."""
        where = self.revision or str(self.folder or self.python)
        return {"name": self.name, "what": where}


def this_code() -> Side:
    """The version that is running."""
    import retrievers

    return Side("this code", Path(sys.executable), Path(retrievers.__file__).resolve().parent.parent)


@contextmanager
def opened(name: str) -> Iterator[Side]:
    """The side of that name, for as long as the block lasts: a ref's work tree is removed at its end.

    A folder that holds `retrievers` or an interpreter is itself, whatever refs there are: "./main" and
    "refs/heads/main" tell the two apart. Raises BenchError for a name that is neither.
    """
    if not name:  # an unset variable of a CI job; as a path it would be this folder, and alike to itself
        raise BenchError("A version of the code is named by an empty text.", _HINT)
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - Path's raises without a home
    # No resolve(): an environment's python is a link, and what it links to knows nothing of the environment.
    python = next(
        (
            interpreter
            for interpreter in _interpreters(path)
            if interpreter.is_file() and os.access(interpreter, os.X_OK)
        ),
        None,
    )
    if (path / "retrievers" / "__init__.py").is_file():
        yield Side(name, Path(sys.executable), path.resolve())
    elif python is not None:
        yield Side(name, python.absolute(), None)
    elif path.is_dir() and not _is_ref(name):  # of plug-ins alone
        yield Side(name, Path(sys.executable), path.resolve())
    else:
        with _work_tree(name) as side:
            yield side


def _interpreters(path: Path) -> tuple[Path, ...]:
    return (path, path / "bin" / "python", path / "Scripts" / "python.exe")


def _is_ref(name: str) -> bool:
    try:
        return bool(_revision(name))
    except _RefusedError:
        return False


def _revision(ref: str) -> str:
    # "--end-of-options": a ref that begins with a dash is no option.
    return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")


def _is_shallow() -> bool:
    try:
        return _git("rev-parse", "--is-shallow-repository") == "true"
    except _RefusedError:
        return False


@contextmanager
def _work_tree(ref: str) -> Iterator[Side]:
    try:
        revision = _revision(ref)
        prefix = _git("rev-parse", "--show-prefix")
    except _RefusedError as why:
        raise BenchError(f"{ref!r} names no version of the code{why}.", _SHALLOW if _is_shallow() else _HINT) from None
    with tempfile.TemporaryDirectory(prefix="bench-ab-", ignore_cleanup_errors=True) as temporary:
        tree = Path(temporary).resolve() / "tree"
        try:
            _git("worktree", "add", "--detach", "--quiet", str(tree), revision)
            folder = tree / prefix
            yield Side(ref, Path(sys.executable), folder, revision)
        except _RefusedError as why:
            raise BenchError(f"{ref!r} cannot be checked out{why}.", "Name a checkout or an environment.") from None
        finally:
            with suppress(_RefusedError):  # it may never have come to be
                _git("worktree", "remove", "--force", str(tree))


class _RefusedError(Exception):
    """Git would not; its reason in brackets, where it gave one."""


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise _RefusedError(" (there is no git here)") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines()
        raise _RefusedError(f" ({lines[0]})" if lines else "") from None
    return done.stdout.strip()
