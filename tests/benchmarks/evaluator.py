"""What sentence-transformers' own evaluator needs for the same figures: the yardstick of test_whole_runs.py.

python tests/benchmarks/evaluator.py FOLDER    prints R@1, R@5, R@10, R@100, RR@10, nDCG@10 and AP@100 as JSON
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])  # the repo's root, in place of this folder


def main(folder: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

    from bench.machine.environment import default_threads
    from retrievers.dense.encoder import MINILM, locate

    torch.set_num_threads(default_threads())
    rows = {name: [json.loads(line) for line in (folder / f"{name}.jsonl").open()] for name in ("corpus", "queries")}
    corpus = {row["_id"]: f"{row.get('title', '')} {row['text']}".strip() for row in rows["corpus"]}
    texts = {row["_id"]: row["text"] for row in rows["queries"]}
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query, set()).add(document)
    evaluator = InformationRetrievalEvaluator(
        {query: texts[query] for query in relevant},
        corpus,
        relevant,
        mrr_at_k=[10],
        ndcg_at_k=[10],
        accuracy_at_k=[1],
        precision_recall_at_k=[1, 5, 10, 100],
        map_at_k=[100],
        show_progress_bar=False,
        write_csv=False,
    )
    found = evaluator(SentenceTransformer(str(locate(MINILM, None)), device="cpu", local_files_only=True))
    names = {f"R@{k}": f"recall@{k}" for k in (1, 5, 10, 100)}
    names |= {"RR@10": "mrr@10", "nDCG@10": "ndcg@10", "AP@100": "map@100"}
    print(json.dumps({name: found[f"cosine_{theirs}"] for name, theirs in names.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
