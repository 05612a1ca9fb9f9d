"""A judging of eight queries on sixty short documents, as it begins."""

from __future__ import annotations

import numpy as np

from bench.data.formats import load_dataset
from bench.data.formats.options import Options
from bench.experiment.judging import begin_judging
from bench.judging.judging_record import JudgedQuery
from bench.judging.session import Session

WORDS = "red green blue old new big small warm cold wet dry loud".split()


def small_session(folder):
    """In a new folder `judged` of this one; the judge is ann, who is asked nothing twice."""
    rng = np.random.default_rng(0)
    lines = [" ".join(rng.choice(WORDS, size=int(rng.integers(2, 12)))) for _ in range(60)]
    (folder / "docs").mkdir()
    (folder / "docs" / "corpus.txt").write_text("\n".join(lines), "utf-8")
    documents = load_dataset(f"plain:{folder / 'docs'}", Options(unlabelled=True))
    queries = [JudgedQuery(f"q{number}", f"{WORDS[number]} {WORDS[-number]}", {}) for number in range(1, 9)]
    record = begin_judging(folder / "judged", "docs", documents, queries, ["bm25", "flat=bm25:b=0"])
    return Session(folder / "judged", record, documents, "ann", repeat_share=0.0, shared_share=0.0)
