"""TREC's qrels and runs."""

import pytest

from bench.errors import BenchError
from bench.formats import trec


def test_qrels_and_runs_are_read(tmp_path):
    (tmp_path / "qrels").write_bytes("\ufeff1 0 d1 2\r\n\r\n1 0 d2 -1\n".encode())
    (tmp_path / "run").write_text("1 Q0 d1 9 0.5 tag\n1\tQ0\td2\t1\t7e-1\ttag\n")
    assert trec.read_qrels(tmp_path / "qrels") == {"1": {"d1": 2, "d2": -1}}
    assert trec.read_run(tmp_path / "run") == {"1": {"d1": 0.5, "d2": 0.7}}


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        (trec.read_qrels, "1 0 d1 1\n1 0 d1 1\n", ":2: '1' and 'd1' are judged already"),
        (trec.read_qrels, "1 d1 1\n", ":1: 3 columns, not 4"),
        (trec.read_qrels, "1 0 d1 x\n", ":1: the grade 'x' is not a whole number"),
        (trec.read_run, "1 Q0 d1 1 0.5 t\n1 Q0 d1 2 0.4 t\n", ":2: '1' has 'd1' twice"),
        (trec.read_run, "1 Q0 d1 1 nan t\n", ":1: the score 'nan' is not a finite number"),
        (trec.read_run, "1 Q0 d1 1 0.5\n", ":1: 5 columns, not 6"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, reader, text, message):
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(BenchError) as caught:
        reader(path)
    assert message in caught.value.message


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(BenchError, match="There is no"):
        trec.read_run(tmp_path / "absent")
