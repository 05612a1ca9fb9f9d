"""bench.toml and flags."""

import pytest

from bench.config import RunConfig, load_config
from bench.errors import BenchError


def test_flags_win_over_the_file(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text('datasets = ["scifact"]\nretrievers = ["bm25"]\ndepth = 50\nlatency = false\nseconds = 2\n')
    config = load_config(path, depth=20, name=None)
    assert config == RunConfig(datasets=("scifact",), retrievers=("bm25",), depth=20, latency=False, seconds=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("retriever = ['bm25']", "Did you mean 'retrievers'?"),
        ("retrievers = 'bm25'", "retrievers must be a list of strings, not 'bm25'"),
        ("retrievers = [1]", "retrievers must be a list of strings"),
        ("depth = 'ten'", "depth must be a whole number"),
        ("depth = true", "depth must be a whole number"),
        ("depth = 0", "depth is 0. Give 1 to 1,000,000."),
        ("depth = 1_000_001", "depth is 1000001"),
        ("threads = 100_000", "threads is 100000. Give 1 to 1,024."),
        ("samples = 0", "samples is 0. Give at least 1."),
        ("name = '.hidden'", "name '.hidden' cannot be a run's name"),
        ("name = ' '", "name ' ' cannot be"),
        ("name = 'a '", "name 'a ' cannot be"),
        ('name = "a\\nb"', "cannot be a run's name"),
        ("name = '../up'", "cannot be a run's name"),
        ("latency = 1", "latency must be true or false"),
        ("seconds = 'long'", "seconds must be a number"),
        ("seconds = inf", "seconds is inf"),
        ("timeout = inf", "timeout is inf"),
        ("max_p95_ms = inf", "max_p95_ms is inf"),
        ("margin = ['nDCG@10=inf']", "margin 'nDCG@10=inf'"),
        ("= 1", "bench.toml: "),
    ],
)
def test_every_error_names_the_key(tmp_path, text, message):
    path = tmp_path / "bench.toml"
    path.write_text(text)
    with pytest.raises(BenchError) as caught:
        load_config(path)
    assert message in str(caught.value)
    assert "bench.toml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BenchError, match=r"no .*absent\.toml"):
        load_config(tmp_path / "absent.toml")


def test_a_key_of_the_file_may_need_one_that_the_flags_give(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text("traps = 'traps.tsv'\n")
    assert load_config(path, datasets=("scifact",)).traps == "traps.tsv"
    with pytest.raises(BenchError, match=r"bench\.toml: traps belong to one dataset"):
        load_config(path)
    path.write_text("margin = ['P@3=0.1']\nmeasures = ['nDCG@10']\n")
    assert load_config(path, measures=("P@3",)).margins == {"P@3": 0.1}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (("NDCG@10", "nDCG@10", "R@5"), ("nDCG@10", "R@5")),
        (("MAP", "AP", "AP(rel=1)", "AP(judged_only=False)"), ("AP",)),
        (("SetF(beta=2)", "SetF(beta=2.0)"), ("SetF(beta=2.0)",)),
        (("P(judged_only=True,rel=2)@5", "Precision(rel=2,judged_only=True)@5"), ("P(rel=2,judged_only=True)@5",)),
        (("R@10", "R@10"), ("R@10",)),
    ],
)
def test_a_measure_is_kept_once_by_one_name(given, kept):
    assert RunConfig(measures=given).measures == kept


def test_a_margin_meets_its_measure_by_any_name():
    assert RunConfig(margin=("NDCG@10=0.02", "MRR@10=.1")).margins == {"nDCG@10": 0.02, "RR@10": 0.1}
    assert RunConfig(margin=("AP(rel=2)@100=0.03",)).margins == {"AP(rel=2)@100": 0.03}
    assert RunConfig(margin=("own name=0.1",)).margins == {"own name": 0.1}


def test_two_margins_of_one_measure_are_refused():
    with pytest.raises(BenchError, match=r"margin names nDCG@10 twice"):
        RunConfig(margin=("NDCG@10=0.02", "nDCG@10=0.05"))


def test_an_error_names_the_file_only_where_the_file_is_at_fault(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text("depth = 10\n")
    with pytest.raises(BenchError) as caught:
        load_config(path, depth=0)
    assert caught.value.message == "depth is 0."


def test_retrievers_may_have_tables_of_their_own(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text(
        """
[retrievers]
bm25 = "bm25"
tuned = "bm25:k1=0.9"

[retrievers.mine]
use = "hybrid"
parts = ["bm25(k1=0.9)", "minilm"]
weights = [1, 2.5]
parallel = true
"""
    )
    assert load_config(path).retrievers == (
        "bm25",
        "tuned=bm25:k1=0.9",
        "mine=hybrid(bm25(k1=0.9), minilm, weights=[1, 2.5], parallel=true)",
    )


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('parts = ["bm25"]', "[retrievers.mine] does not say what to use"),
        ('use = "hybrid"\nparts = "bm25"', "or of which parts"),
        ('use = "hybrid"\nparts = ["bm25(", "minilm"]', "[retrievers.mine]: The retriever 'bm25(' cannot be read"),
    ],
)
def test_a_table_that_is_no_retriever_is_named(tmp_path, table, says):
    path = tmp_path / "bench.toml"
    path.write_text(f"[retrievers.mine]\n{table}\n")
    with pytest.raises(BenchError) as raised:
        load_config(path)
    assert says in str(raised.value)
