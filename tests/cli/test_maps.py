"""bench map: of a set and of a stored run."""

from __future__ import annotations

import pytest

from bench.cli import main
from bench.storage.run import load_run


def exit_code(*arguments):
    """The exit code of a command."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return end.value.code


def test_a_set_is_placed_and_drawn(write_set, tmp_path, capsys):
    place = ["--results", str(tmp_path), "--name", "mine"]
    assert exit_code("map", str(write_set()), "-r", "bm25", "-r", "lsa", *place) == 0
    out = capsys.readouterr().out
    assert "small to bm25, principal components: " in out
    assert "small to lsa, principal components: " in out
    for name in ("map.html", "map.svg", "map.png", "map.parquet", "map/small/lsa.npy"):
        assert (tmp_path / "mine" / name).is_file()
    svg = (tmp_path / "mine" / "map.svg").read_text()
    assert "small: bm25" in svg
    assert "of the variance" in svg
    assert load_run(tmp_path / "mine").info["config"]["latency"] is False


def test_a_stored_run_is_drawn_again_elsewhere_to_the_byte(write_set, tmp_path, capsys):
    made = tmp_path / "mine"
    place = ["--results", str(tmp_path), "--name", "mine"]
    assert exit_code("map", str(write_set()), "-r", "bm25", *place) == 0
    before = load_run(made).info["checksums"]
    assert exit_code("map", str(made), "--out", str(tmp_path / "out")) == 0
    for name in ("map.html", "map.svg", "map.png"):
        assert (tmp_path / "out" / name).read_bytes() == (made / name).read_bytes()
    assert load_run(made).info["checksums"] == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{set}", "-r", "bm25", "--map", "none"), "A map by --map none is no map."),
        (("{set}", "-r", "bm25", "--map", "pac"), "map is pac."),
        (("{set}", "-r", "hybrid(bm25, tfidf)"), "No map was made: to these retrievers a text is not one vector."),
        (("{run}", "-r", "bm25"), "is a stored run, whose maps are what they are."),
        (("{run}",), "has no maps."),
    ],
)
def test_what_cannot_be_drawn(write_set, tmp_path, capsys, arguments, message):
    folder, stored = write_set(), tmp_path / "without"
    if "{run}" in arguments:
        run = ("run", str(folder), "-r", "bm25", "--no-latency", "--map", "none")
        assert exit_code(*run, "--results", str(tmp_path), "--name", "without") == 0
    filled = [argument.format(set=folder, run=stored) for argument in arguments]
    assert exit_code("map", *filled, "--results", str(tmp_path), "--name", "mine") == 2
    assert message in " ".join(capsys.readouterr().err.split())
