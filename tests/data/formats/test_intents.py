"""Texts with labels: what has the same label is relevant."""

from __future__ import annotations

import json

import pytest

from bench.data.formats import intents, load_dataset
from bench.data.formats.options import Options
from bench.errors import BenchError


@pytest.fixture
def write(tmp_path):
    def _write(content, name="intents.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
        return path

    return _write


def shown(found):
    """Query text -> the texts of its relevant documents, and all document texts."""
    texts = list(found.texts)
    table = {
        query: {texts[document] for document in judged}
        for query, judged in zip(found.query_texts, found.judgements, strict=True)
    }
    return table, set(texts)


def failing(source, **options):
    with pytest.raises(BenchError) as caught:
        load_dataset(source, Options(**options))
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


def test_without_splits_each_text_is_asked_against_all_others(write):
    found = load_dataset(write("text,label\nhi,greet\nhello,greet\nbye,leave\nhey,greet\nciao,leave\nhm,other\n"))
    assert shown(found) == (
        {
            "hi": {"hello", "hey"},
            "hello": {"hi", "hey"},
            "hey": {"hi", "hello"},
            "bye": {"ciao"},
            "ciao": {"bye"},
        },
        {"hi", "hello", "hey", "bye", "ciao", "hm"},
    )
    assert (found.left_out >= 0).all()
    assert (
        found.note == "read as labelled texts: text, label; 1 text is the only one of its label: a document, no query"
    )
    assert found.query_ids == ["u2", "u3", "u4", "u5", "u6"]
    own = [list(found.texts)[position] for position in found.own_document]
    assert own == found.query_texts
    assert json.loads(found.queries["metadata"][0].as_py()) == {"label": "greet"}


@pytest.mark.parametrize("column", ["", ",split"])
def test_a_text_of_another_label_is_known_to_be_no_answer(write, column):
    splits = iter(["train", "train", "test"])
    lines = [f"{line},{next(splits)}" if column else line for line in ("pay now,pay", "say hello,greet", "pay,pay")]
    found = load_dataset(write("\n".join((f"text,label{column}", *lines))))
    assert found.card.complete
    query = found.query_texts.index("pay")
    grades = {text: found.grade_of(query, place) for place, text in enumerate(found.texts)}
    assert grades == {"pay now": 1, "say hello": 0} | ({} if column else {"pay": None})  # which is the query itself


def test_a_text_on_several_lines_is_one_with_all_their_labels(write):
    found = load_dataset(write("utterance,intent\nHi,a\nhi,b\nx,a\ny,b\nhi,a\n"))
    assert shown(found) == ({"Hi": {"x", "y"}, "x": {"Hi"}, "y": {"Hi"}}, {"Hi", "x", "y"})
    assert json.loads(found.queries["metadata"][0].as_py()) == {"label": "a, b"}


def test_a_column_of_splits(write):
    content = "text\tcategory\tsplit\na\tx\ttrain\nb\ty\tTrain\nc\tx\ttest\nd\tz\ttest\ne\ty\tvalidation\n"
    path = write(content, "intents.tsv")
    found = load_dataset(path)
    assert shown(found) == ({"c": {"a"}, "d": set()}, {"a", "b"})
    assert (found.query_ids, found.document_ids([0, 1])) == (["q4", "q5"], ["d3", "d2"])
    assert found.answerable.tolist() == [True, False]
    assert found.note == (
        "read as labelled texts: text, label = category, split; 1 query has a label that no document has"
    )
    assert (found.left_out < 0).all()
    other = load_dataset(path, Options(split="validation"))
    assert shown(other)[0] == {"e": {"b"}}
    assert other.note == "read as labelled texts: text, label = category, split; split 'validation'"


def test_a_folder_with_a_file_for_each_split(write):
    write('{"text": "a", "label": 3}\n{"text": "b", "label": 4}\n', "set/train.jsonl")
    write('{"text": "c", "label": 3}\n{"text": "", "label": 3}\n{"text": "d", "label": null}\n', "set/test.jsonl")
    write("anything else", "set/README.csv")
    folder = write('{"text": "e", "label": 4}\n', "set/dev.jsonl").parent
    found = load_dataset(folder)
    assert shown(found) == ({"c": {"a"}}, {"a", "b"})
    assert (found.name, found.note) == (
        "set",
        "read as labelled texts: text, label; 2 lines without text or label left out",
    )
    assert shown(load_dataset(folder, Options(split="dev")))[0] == {"e": {"b"}}
    assert "'deb'. Did you mean 'dev'? Known: README, dev, test, train." in failing(folder, split="deb")


def test_a_beir_folder_stays_one(write_set):
    folder = write_set()
    for name in ("train", "test"):
        (folder / f"{name}.csv").write_text("text,label\na,x\n")
    assert len(load_dataset(folder).documents) == 5


def test_ids_and_columns_may_be_named(write):
    path = write("no,said,meant\n7,a,x\n8,b,x\n")
    options = Options(columns=(("id", "no"), ("text", "said"), ("label", "meant")))
    found = load_dataset(f"intents:{path}", options)
    assert found.query_ids == ["7", "8"]


def test_wordings_of_questions_with_one_answer(write):
    path = write("question,answer\nhow to pay,By card.\nways to pay,By card.\nhours,9 to 5\n")
    found = load_dataset(f"intents:{path}", Options(columns=(("label", "answer"),)))
    assert shown(found)[0] == {"how to pay": {"ways to pay"}, "ways to pay": {"how to pay"}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text\na\n", "has no columns text and label; it has text"),
        ("text,label\n", "has no columns text and label; it has no records"),
        ("text,label\na,x\nb,y\n", "no label has two texts"),
        ("text,label,id\na,x,1\nb,x,1\n", "intents.csv:3: the id '1' stands for another text already"),
        ("text,label,split\na,x,train\n", "There is no split in"),
        ("text,label,split\na,x,train\nb,y,test\n", "no query has a label of the training texts"),
    ],
)
def test_one_clear_error(write, content, message):
    assert message in failing(f"intents:{write(content)}")


def test_the_advice_for_texts_that_are_to_find_their_label_can_be_typed(write, monkeypatch):
    path = write("Question,Category\nhow to pay,By card.\nhours,9 to 5\n", "my faq.csv")
    monkeypatch.chdir(path.parent)
    advice = failing("my faq.csv").rpartition("by the text: ")[2]
    assert advice == "'my faq.csv' --columns query=Question --columns relevant=Category"
    options = Options(columns=(("query", "Question"), ("relevant", "Category")))
    assert shown(load_dataset("my faq.csv", options)) == (
        {"how to pay": {"By card."}, "hours": {"9 to 5"}},
        {"By card.", "9 to 5"},
    )


def test_splits_that_cannot_be_chosen(write):
    path = write("text,label\na,x\nb,x\n")
    assert "has no column of splits" in failing(path, split="test")
    assert "The training texts are the documents" in failing(path, split="train")


def test_a_label_that_is_no_text(write):
    for label, kind in (("true", "bool"), ("[1.5]", "float"), ('["x", {}]', "dict")):
        path = write(f'{{"text": "a", "label": "x"}}\n{{"text": "b", "label": {label}}}\n', "intents.jsonl")
        message = failing(path)
        assert f"intents.jsonl:2: the label is {kind}, not a string" in message
        assert 'several as a list: ["one", "two"]' in message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "l.jsonl",
            '{"text": "a", "label": ["x", "y", "x"]}\n{"text": "b", "label": "x"}\n{"text": "c", "label": ["y"]}\n',
        ),
        ("l.csv", 'text,label\na,"[\'x\', \'y\']"\nb,x\nc,"[""y""]"\n'),
        ("l.json", '[{"text": "a", "label": [1, 2]}, {"text": "b", "label": 1}, {"text": "c", "label": 2.0}]'),
    ],
)
def test_a_list_of_labels_is_several_labels(write, name, content):
    assert shown(load_dataset(write(content, name)))[0] == {"a": {"b", "c"}, "b": {"a"}, "c": {"a"}}


def test_texts_that_are_merged_are_counted(write):
    found = load_dataset(write("text,label\na,x\nA,y\nb,x\nc,y\n"))
    assert found.note == "read as labelled texts: text, label; 1 line with the text of an earlier one, merged with it"


def test_labels_so_broad_that_they_would_fill_the_memory_are_refused(write, monkeypatch):
    """Texts of one label are judged against each other: their number grows with the square of the texts."""
    path = write("text,label\n" + "".join(f"t{n},{n % 2}\n" for n in range(20)))
    monkeypatch.setattr(intents, "MAX_JUDGEMENTS", 200)
    assert len(load_dataset(path).grade) == 2 * 10 * 9
    monkeypatch.setattr(intents, "MAX_JUDGEMENTS", 199)
    message = failing(path)
    assert "20 texts and 2 labels make 200 judgements, more than 199." in message
    assert "Give finer labels, or a column split" in message


def test_the_bound_leaves_room_for_the_usual_sets():
    assert 22_500 * 22_500 // 150 < intents.MAX_JUDGEMENTS < 25_000 * 25_000 // 2


def test_two_files_of_one_split(write):
    write("text,label\na,x\n", "set/train.csv")
    write("text\tlabel\na\tx\n", "set/train.tsv")
    folder = write("text,label\na,x\n", "set/test.csv").parent
    assert "has train.csv and train.tsv" in failing(folder)


def test_the_ways_of_clinc150(data, tmp_path):
    """The real set as a table of labelled texts gives the judgements that its own files have."""
    intents = json.loads((data / "clinc150" / "intents.json").read_text())
    rows = []
    for file, split in (("corpus", "train"), ("queries", "test")):
        for line in (data / "clinc150" / f"{file}.jsonl").read_text().splitlines():
            row = json.loads(line)
            if row["_id"] in intents:
                rows.append({"id": row["_id"], "text": row["text"], "intent": intents[row["_id"]], "split": split})
    path = tmp_path / "clinc.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, own = load_dataset(path), load_dataset(data / "clinc150")
    assert (len(found.documents), len(found.queries)) == (len(own.documents), len(own.queries))
    assert len(found.grade) == len(own.grade)
