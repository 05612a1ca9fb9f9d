"""All parts in a row: a log and documents, a sheet that is graded, a set, a verdict."""

from __future__ import annotations

import numpy as np

import bench
from bench.data.formats import load_dataset
from bench.judging import folder as judged
from bench.judging.agreement import agreement
from bench.judging.disagreement import disagreements
from bench.judging.grades import read
from bench.judging.query_log import read_log
from bench.judging.query_sample import sample_log
from bench.judging.sheet import SheetRow, import_sheet, read_sheet, write_sheet
from bench.storage.run import load_run
from retrievers import create

LOG = """query,count
cat on the mat,40
CAT on the mat,2
where is E-4012 explained,3
bob@example.org,9
movies shown in town,1
"""


def test_from_a_log_to_a_verdict(write_set, tmp_path):
    documents, folder, sheet = load_dataset(write_set()), tmp_path / "judged", tmp_path / "sheet.csv"
    (tmp_path / "log.csv").write_text(LOG, "utf-8")
    log = read_log(tmp_path / "log.csv")
    assert log.held_back == 1
    drawn = sample_log(log.queries, 10, seed=0)
    queries = {sampled.query.id: (sampled.query.text, sampled.metadata) for sampled in drawn}
    assert len(queries) == 3

    ids = documents.documents["id"].to_pylist()
    pool = {}
    for label in ("bm25", "tfidf"):
        retriever = create(label)
        retriever.index(documents.texts)
        hits = retriever.search([text for text, _ in queries.values()], 3).documents
        for query, row in zip(queries, hits.tolist(), strict=True):
            for rank, position in enumerate(row, 1):
                if position >= 0:
                    pool.setdefault((query, ids[position]), {})[label] = rank

    texts = dict(zip(ids, documents.texts, strict=True))
    write_sheet(sheet, [SheetRow(*pair, queries[pair[0]][0], texts[pair[1]]) for pair in pool])
    rows = [row for _, row in read_sheet(sheet)]
    for judge, kind in (("ann", 2), ("bob", 1)):
        graded = [
            SheetRow(*row.pair, row.query, row.document, str(kind if place else 0)) for place, row in enumerate(rows)
        ]
        write_sheet(sheet, graded)
        assert import_sheet(sheet, folder, judge, pool.keys()) == len(pool)

    written = judged.write_set(folder, documents, queries, pool=pool)
    assert written.judgements == len(pool)
    assert len(disagreements(read(folder))) == len(pool) - 1
    assert agreement(read(folder), np.random.default_rng(0)).ordinal.documents == len(pool)

    result = bench.run(str(folder), ["bm25", "tfidf"], latency=False, results=str(tmp_path / "results"))
    analysis = load_run(result.folder).analysis["sets"]["judged"]
    assert analysis["verdict"]["sentences"]
    assert set(analysis["pool_bias"]) == {"bm25", "tfidf"}
    assert load_dataset(folder).metadata[0]["count"] in (42, 3, 1)
