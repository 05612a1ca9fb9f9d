"""docs/plugins.md: its files keep the contract."""

from __future__ import annotations

import importlib
import re
import shlex

import pytest
from places import ROOT

import bench
from retrievers import RetrieverError, create, signature
from retrievers.sharding import is_shardable
from retrievers.testing import check_retriever

PAGE = (ROOT / "docs" / "plugins.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Import a file of the page, from a folder of its own, which is the current one."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "own.sqlite"))

    def imported(name):
        monkeypatch.delitem(importlib.sys.modules, name, raising=False)
        return importlib.import_module(name)

    return imported


def test_each_block_is_a_file_or_a_command():
    assert {
        "shortest.py",
        "test_shortest.py",
        "pyproject.toml",
        "fused.py",
        "mean_words.py",
        "titles.py",
        "rare.py",
    } == FILES.keys()
    assert PAGE.count("\n```") == 2 * (len(FILES) + len(re.findall(r"^```sh\n", PAGE, re.MULTILINE)))


def test_each_link_within_the_page_leads_somewhere():
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in PAGE.splitlines() if line.startswith("#")}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= headings


def test_the_retriever_of_retrievers_keeps_the_contract_and_takes_its_parts_from_the_command_line(page):
    check_retriever(page("fused").Fused)
    (line,) = re.findall(r"^python .*fused:Fused.*$", PAGE, re.MULTILINE)
    made = create(shlex.split(line)[-1])
    assert [type(component).__name__ for component in made.parts] == ["BM25", "Dense"]
    assert "BM25(variant='okapi', k1=0.9, b=0.4" in signature(made)


def test_the_retriever_with_shards_keeps_the_contract_and_declares_them(page):
    rare = page("rare").Rare
    check_retriever(rare)
    assert is_shardable(rare())


def test_an_own_encoder_keeps_the_contract_and_is_asked_once(page, write_set, monkeypatch):
    module = page("mean_words")
    check_retriever(module.MeanWords)
    folder, asked, encode = write_set(), [], module.encode
    monkeypatch.setattr(module, "encode", lambda texts: asked.extend(texts) or encode(texts))
    for name in ("one", "two"):
        found = bench.run(folder, [module.MeanWords()], name=name, latency=False)
        assert found.failures == []
        shares = found.latency.set_index("quantity")["value"]
        assert ("vectors_from_cache" in shares) == (name == "two")
    assert len(asked) == len(set(asked)) > 5
    assert shares["vectors_from_cache"] == 1


def test_the_titles_of_documents_are_searched(page):
    titles = page("titles").Titles
    check_retriever(titles)
    with pytest.raises(RetrieverError, match="no column 'title'"):
        titles().index(["a plain list"])
    found = bench.run("phenomena", [titles()], latency=False, results=".")
    assert not found.failures
