"""Makes docs/lesson.ipynb: the lesson, shortened, with its outputs.

From the root: python tests/support/lesson_notebook.py
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

PLACE = Path(__file__).resolve().parents[2] / "docs" / "lesson.ipynb"

ASKED = '"why do I get nothing just because the page uses a different word for the same thing?"'
# A text, then the code below it, and so on.
CELLS = (
    """# From keywords to meaning

The path of [lesson.md](lesson.md), shortened. It needs `pip install -c constraints.txt -e '.[ann,static]'`.""",
    """import contextlib
import shlex

import faiss
import numpy as np

import bench
from bench.cli import main


def command(line):
    \"\"\"What `python -m bench` would do.\"\"\"
    with contextlib.suppress(SystemExit):
        main(shlex.split(line))


notes = bench.load_dataset("vector-notes")
print(len(notes.documents), "paragraphs,", len(notes.queries), "questions")""",
    "## The same question, through three eras\n\nWords, one vector a word, one vector a sentence.",
    f"command('search {ASKED} -d vector-notes -r bm25 -r static -r minilm -k 2')",
    "## King − man + woman\n\nWith the words that went in, and without them.",
    """from retrievers.dense.word_vectors import files_of, nearest_words, read_word_vectors, word_vector

table = read_word_vectors(files_of("wordllama"))
king, man, woman = (word_vector(table, word) for word in ("king", "man", "woman"))
print(nearest_words(table, king - man + woman, 1)[0][0])
print([word for word, _ in nearest_words(table, king - man + woman, 9, without=["king", "man", "woman"])])""",
    "## A floor\n\nA nearest neighbour is always there. A floor refuses what is too far.",
    "command('search \"how do I boil an egg\" -d vector-notes -r minilm --min-score 0.35')",
    "## A prompt of what was retrieved",
    "command('context \"what is an embedding?\" -d vector-notes -r minilm --budget 150')",
    "## Save, and read it with numpy and faiss\n\nRow i is the same document in every file.",
    """command('export vector-notes --to artefacts -r minilm')
vectors = np.load("artefacts/embeddings.npy")
index = faiss.read_index("artefacts/faiss_hnsw.index")
scores, rows = index.search(vectors[:1], 3)
print(vectors.shape, rows[0], scores[0].round(2))""",
)


def executed() -> Any:
    """The notebook, run in a temporary folder."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.v4.new_notebook(metadata={"language_info": {"name": "python"}})
    kinds = (nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell)
    for number, text in enumerate(CELLS):
        notebook.cells.append(kinds[number % 2](text, id=f"cell-{number}"))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "COLUMNS": "100"}
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}}).execute(env=environment)
    for cell in notebook.cells:
        cell.metadata.clear()  # the times of execution
        # What libraries warn of depends on the machine, and names its places.
        cell["outputs"] = [output for output in cell.get("outputs", ()) if output.get("name") != "stderr"]
        if cell.cell_type != "code":
            del cell["outputs"]
    notebook.metadata = {"language_info": {"name": "python"}}
    return notebook


if __name__ == "__main__":
    import nbformat

    nbformat.write(executed(), PLACE)
