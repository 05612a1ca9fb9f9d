"""A judging of eight queries on sixty short documents, as it begins."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.experiment.judging import begin_judging
from bench.judging.judging_record import JudgedQuery, read_record
from bench.judging.session import Session

WORDS = "red green blue old new big small warm cold wet dry loud".split()


def small_session(folder):
    """In a new folder `judged` of this one; the judge is ann, who is asked nothing twice."""
    for name in ("docs", "judged"):
        shutil.copytree(Path(begun().name) / name, folder / name)
    record = read_record(folder / "judged")
    return Session(folder / "judged", record, _documents(folder), "ann", repeat_share=0.0, shared_share=0.0)


@cache
def begun():
    """The folder that all of them are copies of, since its retrievers run in processes of their own."""
    folder = tempfile.TemporaryDirectory()
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS, size=int(rng.integers(2, 12)))) for _ in range(60)]
    (Path(folder.name) / "docs").mkdir()
    (Path(folder.name) / "docs" / "corpus.txt").write_text("\n".join(lines), "utf-8")
    queries = [JudgedQuery(f"q{number}", f"{WORDS[number]} {WORDS[-number]}", {}) for number in range(1, 9)]
    judged = Path(folder.name) / "judged"
    begin_judging(judged, "docs", _documents(Path(folder.name)), queries, ["bm25", "flat=bm25:b=0"])
    return folder


def _documents(folder):
    return load_dataset(f"plain:{folder / 'docs'}", Options(unlabelled=True))
