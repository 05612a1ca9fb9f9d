"""Datasets of the Hugging Face hub in MTEB's and BEIR's layouts: hf:mteb/scifact, hf:mteb/scifact@revision.

Files are fetched and read as `hub` says, nothing else: code of the hub is never run.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from bench.data.dataset import Card, Dataset
from bench.data.formats import hub as layout
from bench.data.formats.beir import DEFAULT_SPLIT
from bench.data.formats.options import Options
from bench.errors import BenchError

SOURCE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
PLACES = (*layout.TEXTS, *layout.LABELS[:2], *(f"{head}/" for head in layout.LABELS[2:]))
FETCHED = ["README.md", *(f"{start}*{suffix}" for start in PLACES for suffix in layout.SUFFIXES)]
PATIENCE = 15.0  # seconds without an answer


def claims(path: Path, options: Options) -> None:
    """No path: a set of the hub has a name of its own."""


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Fetch what is not here yet, and read it; the card's source names the commit.

    Raises BenchError where it cannot be fetched, has another layout, or holds what cannot be used.
    """
    options.only("hf", "split")
    match = SOURCE.fullmatch(source)
    if not match:
        raise BenchError(f"{source!r} names no dataset of the hub.", "Write hf:owner/name, or hf:owner/name@revision.")
    repo = match["repo"]
    folder = _fetched(repo, match["revision"], options.split or DEFAULT_SPLIT)
    card = Card(source=f"hf:{repo}@{folder.name}", licence=_licence(folder / "README.md"))
    return layout.read(repo, f"hf:{repo}", layout.groups(folder), options.split, card)


def _fetched(repo: str, revision: str | None, split: str) -> Path:
    """The folder of a commit, named by its hash. Without a network, what was fetched before."""
    try:
        import huggingface_hub as hub
        from huggingface_hub import errors
    except ImportError:
        raise BenchError("huggingface_hub is not installed.", "Install it: pip install -e '.[hub]'") from None
    patterns = [*FETCHED, *(f"{split}{suffix}" for suffix in layout.SUFFIXES)]
    try:
        return Path(_snapshot(hub, repo, revision, patterns))
    except errors.GatedRepoError:
        message = f"hf:{repo} asks to accept its terms."
        hint = f"Do so at https://huggingface.co/datasets/{repo}, then: hf auth login."
    except errors.RepositoryNotFoundError:
        message = f"The hub has no dataset {repo!r}, or it is private."
        hint = "Check the name at https://huggingface.co/datasets; for a private one: hf auth login."
    except errors.RevisionNotFoundError:
        message, hint = f"hf:{repo} has no revision {revision!r}.", "Name a branch, a tag or a commit, or none."
    except Exception as error:  # noqa: BLE001 - httpx', OSError, ValueError for a path that leads out of the folder …
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        message, hint = f"hf:{repo} cannot be fetched: {reason}.", "Check the network and the disk, and try again."
    raise BenchError(message, hint)


def _snapshot(hub: Any, repo: str, revision: str | None, patterns: list[str]) -> str:
    """snapshot_download with an end: by itself it waits without limit for a hub that accepts and never answers."""
    from huggingface_hub.utils import get_session

    fetch = partial(hub.snapshot_download, repo, repo_type="dataset", revision=revision, allow_patterns=patterns)
    get_session().timeout = PATIENCE
    try:
        hub.HfApi().dataset_info(repo, revision=revision, timeout=PATIENCE)
    except (hub.errors.RepositoryNotFoundError, hub.errors.RevisionNotFoundError):
        raise
    except Exception as error:  # noqa: BLE001 - no network, or a hub in trouble: what was fetched before will do
        try:
            return str(fetch(local_files_only=True))
        except hub.errors.LocalEntryNotFoundError:
            raise error from None
    return str(fetch())


def _licence(card: Path) -> str:
    """What the dataset's card says; "" where it says nothing or cannot be read."""
    from huggingface_hub.repocard import metadata_load

    try:
        content = metadata_load(card) or {}
    except Exception:  # noqa: BLE001 - a broken card, YAML of any kind: the licence is then not known
        return ""
    licence = content.get("license", "")
    return ", ".join(map(str, licence)) if isinstance(licence, list) else str(licence or "")
