"""Reports show what is stored, and keep hostile text inert."""

from __future__ import annotations

import io
import itertools
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from fakes import Fixed
from hypothesis import given
from hypothesis import strategies as st
from made import QRELS, QUERIES
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from printed import printed
from rich.console import Console
from whole_report import whole_report

import bench
from bench.data.formats import load_dataset
from bench.report.markdown import escape
from bench.report.run import charts, cost, forms, parts, terminal, terminal_verbose
from bench.report.run.charts import layout, overlap
from bench.report.run.labels import LONGEST, short_labels, shortened
from bench.report.run.markdown import render
from bench.report.run.quality import DAGGER, by_slice, quality, summary
from bench.report.table import best_of

pytestmark = pytest.mark.slow


@pytest.fixture
def found(write_set, tmp_path):
    dataset = load_dataset(write_set(card='slices = ["kind"]\nmeasure = "R@5"'))
    return bench.run([dataset], ["bm25", Fixed()], results=str(tmp_path / "out"), latency=False)


@pytest.fixture
def of_six(write_set, tmp_path):
    """Twice the three queries; one of another kind."""
    more = [{**each, "_id": f"{each['_id']}b"} for each in QUERIES]
    judged = [*QRELS, *((f"{query}b", document, grade) for query, document, grade in QRELS)]
    kinds = ["alone", *["several"] * 5]
    queries = [{**each, "metadata": {"kind": kind}} for each, kind in zip([*QUERIES, *more], kinds, strict=True)]
    dataset = load_dataset(write_set("six", queries=queries, qrels=judged, card='slices = ["kind"]\nmeasure = "R@5"'))
    return bench.run([dataset], ["bm25", Fixed()], results=str(tmp_path / "six-out"), latency=False)


def test_too_few_queries_to_tell_have_no_best(found, of_six):
    """Of five no outcome has a p below .05."""
    for table in (quality(found, found.datasets[0]), summary(found)):
        assert not table.best
    assert summary(of_six).best
    assert not by_slice(of_six, of_six.datasets[0], "kind").best  # of 1 and of 5
    assert (best_of([0.1, 0.2], 5), best_of([0.1, 0.2], 6)) == (set(), {1})


def test_the_best_of_a_column_is_marked(of_six):
    found = of_six
    table = quality(found, found.datasets[0])
    assert table.header[0] == "retriever"
    assert "R@5 [95%]" in table.header  # the card's main measure
    column = table.header.index("RR@10")
    assert (0, column) in table.best
    assert (1, column) not in table.best


def test_shown_figures_are_the_stored_ones(found):
    table = quality(found, found.datasets[0])
    frame = found.measures[(found.measures["slice"] == "all") & (found.measures["retriever"] == "Fixed")]
    for name, value in zip(frame["measure"], frame["value"], strict=True):
        cell = next(c for h, c in zip(table.header, table.rows[1], strict=True) if h.split(" ")[0] == name)
        assert cell.split(" ")[0].rstrip(DAGGER) == f"{value:.4f}"


def test_slices_have_their_counts(found):
    table = by_slice(found, found.datasets[0], "kind")
    assert [(row[0], row[1]) for row in table.rows] == [("code", "1"), ("words", "2")]


def test_a_set_without_a_card_is_not_said_to_have_one(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("query,relevant\na red cat,the dog\nthe dog,a red cat\n")
    found = bench.run([path], [Fixed()], results=str(tmp_path / "out"), latency=False)
    notes = quality(found, found.datasets[0]).notes
    assert "A query that is a document too is left out of its own hits (drop_self; --keep-self keeps it)." in notes
    assert "card" not in " ".join(notes)


HOSTILE = "<script>alert(1)</script> | **x** [a](b) `c` $x^2$\n# title"


def test_hostile_names_stay_text(write_set, tmp_path):
    dataset = replace(load_dataset(write_set()), name=HOSTILE)
    found = bench.run([dataset], [Fixed()], results=str(tmp_path / "out"), latency=False)
    charts.write(found)
    text = render(found)
    assert "<script>" not in text
    pipes = [len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")]
    for table in (summary(found), *parts.overviews(found, found.datasets[0])[:1]):
        assert len(table.header) + 1 in pipes
    assert all(line.endswith("|") for line in text.splitlines() if line.startswith("|"))
    assert not any(line.startswith("# title") for line in text.splitlines())
    list(terminal.render(found))


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, by name, in place of files."""
    figures = {}
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.setdefault(id(figure), figure))
    return figures


@pytest.mark.parametrize("count", [1, 3, *(pytest.param(count, marks=pytest.mark.slow) for count in (8, 17))])
def test_all_of_a_chart_lies_within_it_and_every_retriever_looks_different(write_set, tmp_path, drawn, count):
    queries = [{**each, "metadata": {"kind": f"{each['_id']} {'of a long kind ' * 9}"}} for each in QUERIES]
    names = ["a set of a rather long name for one panel", "another"]
    datasets = [replace(load_dataset(write_set(each, queries=queries)), name=each) for each in names]
    long = "bm25:stemmer=none,stop_words=none,epsilon=0.25,delta=none,b=0.123456789," * 2
    retrievers = [type(f"{long[: n % 3 * 70]}k1={n}", (Fixed,), {})() for n in range(count)]
    found = bench.run(datasets, retrievers, results=str(tmp_path / "out"), latency=False, by=["kind"])
    charts.write(found)
    assert drawn
    for figure in drawn.values():
        FigureCanvasAgg(figure)
        panels, legend = [panel.get_tightbbox() for panel in figure.axes], figure.legends[0].get_window_extent()
        for each in (*panels, legend):
            assert 0 <= each.x0 < each.x1 <= figure.bbox.x1
            assert 0 <= each.y0 < each.y1 <= figure.bbox.y1
        assert legend.y1 <= min(each.y0 for each in panels)
        assert not any(one.overlaps(other) for one, other in itertools.combinations(panels, 2))
    styles = [(style["color"], style["marker"]) for _, style in layout.styles(found)]
    assert len(set(styles)) == count


@pytest.mark.parametrize("count", [2, 3, 8])
def test_points_lie_within_the_axis_of_overlaps_and_lines_cross_in_the_grey(write_set, drawn, monkeypatch, count):
    retrievers = [type(f"R{number}", (Fixed,), {})() for number in range(count)]
    found = bench.run([load_dataset(write_set())], retrievers, results=str(write_set("out")), latency=False)
    values = {"R0": (0.4, 0.6, 0.7)} | {f"R{number}": (0.1, 0.5, 0.9) for number in range(1, count)}
    bins = [
        {
            "low": low,
            "high": high,
            "quality": {name: {"value": each[i], "low": each[i], "high": each[i]} for name, each in values.items()},
        }
        for i, (low, high) in enumerate([(0.0, 0.0), (0.1, 0.3), (0.4, 1.0)])
    ]
    contests = [{"dense": "R0", "lexical": name, "crossings": [(0.3, 0.4)]} for name in values if name != "R0"]
    monkeypatch.setattr(overlap, "analysis", lambda *_: {"crossover": {"bins": bins, "contests": contests}})
    charts.write(found)
    (panel,) = next(each for each in drawn.values() if "overlap" in each.axes[0].get_xlabel()).axes
    for line in panel.lines:
        assert 0 <= min(line.get_xdata()) <= max(line.get_xdata()) <= 1
    (band,) = panel.patches
    box = panel.transData.inverted().transform_bbox(band.get_extents())
    assert (box.x0, box.x1) == pytest.approx((0.2, 0.7))  # they cross halfway between the last two points
    assert "the lead changes" in panel.get_legend_handles_labels()[1]


def test_charts_of_times_say_how_many_and_whether_the_machine_was_noisy(found, write_set, tmp_path, drawn):
    timed = bench.run([load_dataset(write_set("timed"))], [Fixed()], results=str(tmp_path / "timed"), seconds=0.1)
    charts.write(timed)
    (dataset,) = timed.datasets
    said = cost.timed(timed, dataset)
    assert re.fullmatch(r"[\d,]+ samples each(, on a noisy machine \(~\))?", said)
    shown = cost.cost(timed, dataset)
    (median,) = (cell for name, cell in zip(shown.header, shown.rows[0], strict=True) if name.startswith("p50"))
    assert ("noisy" in said) == ("~" in median)
    labels = [each.axes[0].get_xlabel() for each in drawn.values()]
    assert sum(label.endswith(said) for label in labels) == 2
    assert cost.timed(found, found.datasets[0]) == ""


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (["dense:model=/long/path/one", "bm25"], ["dense:model=…/one", "bm25"]),
        (
            ["dense:model=/long/a/m,dtype=float16", "dense:model=/long/b/m"],
            ["dense:model=…/a/m,dtype=float16", "dense:model=…/b/m"],
        ),
        (["dense:model=/x/long/m", "dense:model=/x/long/m/2"], ["dense:model=…/m", "dense:model=…/2"]),
        (["dense:model=here/it/is/"], ["dense:model=…/is/"]),
        (["dense:model=intfloat/e5-small", "dense:model=/m"], ["dense:model=intfloat/e5-small", "dense:model=/m"]),
    ],
)
def test_folders_in_labels_are_shown_by_what_tells_them_apart(write_set, tmp_path, drawn, labels, shown):
    retrievers = [type(label, (Fixed,), {})() for label in labels]
    found = bench.run([load_dataset(write_set())], retrievers, results=str(tmp_path / "out"), latency=False)
    assert found.retrievers == labels  # what is stored stays
    short = short_labels(found)
    assert list(map(short, labels)) == shown
    assert short(f"On small use {labels[0]}: it is better.") == f"On small use {shown[0]}: it is better."
    console = Console(file=io.StringIO(), width=200)
    for each in terminal.render(found):
        console.print(each)
    charts.write(found)
    legend = [text.get_text() for text in next(iter(drawn.values())).legends[0].get_texts()]
    for long, each in zip(labels, shown, strict=True):
        assert each in console.file.getvalue()
        assert each in legend
        assert long == each or f"{each} = {long}\n" in console.file.getvalue().replace(" \n", "\n")
        assert long == each or long not in re.sub(r" = .*", "", console.file.getvalue())


OKAPI = [f"bm25:k1={k1},b=0.4,stemmer=english,stop_words=none,epsilon=0.25" for k1 in (0.9, 1.2, 1.5)]
RUNS = [f"run.passage-dev.bm25-default-rm3-feedback-terms-{n}0.reranked-by-monot5-large-10k" for n in (1, 2)]


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (OKAPI, ["bm25:k1=0.9,…", "bm25:k1=1.2,…", "bm25:k1=1.5,…"]),
        (
            [*OKAPI[:1], "bm25", "tfidf:analyzer=char_wb,ngram_min=2,ngram_max=4,sublinear=False"],
            [
                "bm25:k1=0.9,b=0.4,stemmer=e…top_words=none,epsilon=0.25",
                "bm25",
                "tfidf:analyzer=char_wb,ngra…ngram_max=4,sublinear=False",
            ],
        ),
        (
            RUNS,
            [
                "run.passage-dev.bm25-default-rm3-feedback-terms-1…",
                "run.passage-dev.bm25-default-rm3-feedback-terms-2…",
            ],
        ),
        ([f"{'a' * 60}", f"{'a' * 61}"], [f"{'a' * 12}…{'a' * 42}…", f"{'a' * 12}…{'a' * 42}… (2)"]),
        (["rerank(hybrid(bm25, minilm), by=maxsim, depth=20)"], ["rerank(hybrid(bm25, minilm), by=maxsim, depth=20)"]),
        (["x" * 56, "bm25:k1=0.9,b=0.4"], ["x" * 56, "bm25:k1=0.9,b=0.4"]),
    ],
)
def test_long_labels_are_shown_by_what_tells_them_apart(labels, shown):
    short = shortened(labels)
    assert list(short.values()) == shown
    assert all(len(text) <= LONGEST + len(" (2)") for text in shown)


@given(st.lists(st.text("ab:,=/…", min_size=1, max_size=120), unique=True, max_size=6))
def test_shortened_labels_stay_distinct(labels):
    short = shortened(labels)
    assert list(short) == labels
    assert len(set(short.values())) == len(labels)
    assert all(short[label] == label or short[label] not in labels for label in labels)


def test_long_labels_are_short_in_tables_texts_and_charts_with_one_key(write_set, tmp_path, drawn):
    settings = {"results": str(tmp_path / "out"), "latency": False, "controls": True}
    found = bench.run([load_dataset(write_set())], OKAPI, **settings)
    charts.write(found)
    console = Console(file=io.StringIO(), width=200)
    for each in terminal_verbose.render(found):
        console.print(each)
    for text in (whole_report(found).replace("\\", ""), console.file.getvalue()):
        for long, each in shortened(OKAPI).items():
            assert each in text
            signature = text.partition("## Signatures")[0]
            assert signature.count(long) == 1  # in the key
    for figure in drawn.values():
        box = figure.legends[0].get_window_extent(FigureCanvasAgg(figure).get_renderer())
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width
        assert {*shortened(OKAPI).values()} <= {text.get_text() for text in figure.legends[0].get_texts()}


def test_short_labels_have_no_key(write_set, tmp_path):
    found = bench.run([load_dataset(write_set())], [Fixed()], results=str(tmp_path / "out"), latency=False)
    assert "shortened" not in whole_report(found)


def test_a_chart_of_many_slices_shows_the_largest(write_set, tmp_path, drawn):
    queries = [{"_id": f"q{n}", "text": "cat", "metadata": {"id": str(min(n, 90))}} for n in range(100)]
    dataset = load_dataset(write_set(queries=queries, qrels=[(f"q{n}", "d1", 1) for n in range(100)]))
    charts.write(bench.run([dataset], [Fixed()], results=str(tmp_path / "out"), latency=False, by=["id"]))
    panel = next(panel for each in drawn.values() for panel in each.axes if "by id" in panel.get_title("left"))
    assert panel.get_title("left") == "small: nDCG@10 by id, the 60 largest of 91"
    shown = [label.get_text() for label in panel.get_yticklabels()]
    assert len(shown) == 60
    assert "90" in shown


def test_charts_are_the_same_bytes_again(found):
    charts.write(found)
    first = {path.name: path.read_bytes() for path in (found.folder / "charts").iterdir()}
    charts.write(found)
    assert {path.name: path.read_bytes() for path in (found.folder / "charts").iterdir()} == first


def test_a_form_is_one_entry_and_so_is_a_chart(found, monkeypatch):
    names = SimpleNamespace(render=lambda run: "\n".join(run.retrievers))
    monkeypatch.setitem(sys.modules, "bench.report.run.names_alone", names)
    monkeypatch.setitem(forms.FORMS, "names.txt", "names_alone:render")
    monkeypatch.setitem(charts.CHARTS, "empty", charts.Drawing("A new one", "Nothing.", lambda _: Figure()))
    forms.write(found)
    assert (found.folder / "names.txt").read_text() == "bm25\nFixed"
    assert "## A new one\n\n![Nothing.](charts/empty.svg)\n" in whole_report(found)


def test_the_long_tables_stand_with_verbose_and_not_in_the_short_forms(found):
    """The summary of one set says nothing new in a terminal."""
    page, short, verbose = render(found), printed(terminal.render(found)), printed(terminal_verbose.render(found))
    assert ["Summary" in text for text in (page, short, verbose)] == [True, False, False]
    assert ["Signatures" in text for text in (page, short, verbose)] == [False, False, False]
    whole = whole_report(found)
    long = [table for table in parts.tables(found, found.datasets[0]) if " by kind" not in table.title][1:]
    assert long
    for table in long:
        assert escape(table.title) in whole
        assert table.title in verbose
        assert escape(table.title) not in page
        assert table.title not in short


def test_the_short_report_has_the_slices_and_names_the_files_with_the_rest(found):
    page = render(found)
    assert "### small: R@5 \\[95%\\] by kind" in page
    names = ("measures.csv", "comparisons.csv", "analysis.json", "queries.parquet", "run.json")
    assert all(f"`{name}`" in page for name in names)
    assert "report.html" not in page
    (found.folder / "report.html").write_text("")
    assert "`report.html`, `measures.csv`" in render(found)
