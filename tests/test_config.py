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


def test_an_error_names_the_file_only_where_the_file_is_at_fault(tmp_path):
    path = tmp_path / "bench.toml"
    path.write_text("depth = 10\n")
    with pytest.raises(BenchError) as caught:
        load_config(path, depth=0)
    assert caught.value.message == "depth is 0."
