"""What documents are about, in a few groups with names that can be read."""

from __future__ import annotations

import numpy as np

from bench.analysis.topics import NONE, topics_of

SUBJECTS = {
    "sea": "sailor harbour anchor tide vessel",
    "kitchen": "flour oven butter recipe kitchen",
    "court": "judge verdict lawyer trial jury",
}


def texts(each=40, seed=0):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(words.split(), 6)) for words in SUBJECTS.values() for _ in range(each)]


def test_subjects_are_told_apart_and_named_by_their_words():
    found = topics_of(texts(), seed=0)
    subject = np.repeat(np.arange(3), 40)
    for number, name in enumerate(found.names):
        (its,) = set(subject[found.topic == number].tolist())  # no topic mixes two
        assert set(name.split(", ")) <= set(list(SUBJECTS.values())[its].split())
    sizes = np.bincount(found.topic)
    assert sizes.tolist() == sorted(sizes.tolist(), reverse=True)


def test_the_same_seed_gives_the_same_topics():
    assert topics_of(texts(), seed=4).topic.tobytes() == topics_of(texts(), seed=4).topic.tobytes()


def test_a_text_without_a_known_word_has_no_topic():
    assert topics_of([*texts(), "", "4711"], seed=0).topic[-2:].tolist() == [NONE, NONE]


def test_few_documents_or_nothing_in_common_are_one_group_without_a_name():
    for poor in ([], ["one"], texts(each=5), [f"word{number}" for number in range(90)], ["the same"] * 90, [""] * 90):
        found = topics_of(poor, seed=0)
        assert found.names == []
        assert found.topic.tolist() == [NONE] * len(poor)


def test_no_topic_is_about_words_of_grammar():
    """Without content of its own, a style of writing would else become a topic: "has, one, been"."""
    styles = ("has one been", "his had who", "you your get", "than more less", "after through until")
    spoken = [f"{text} {style}" for text, style in zip(texts(), styles * 24, strict=True)]
    named = {word for name in topics_of(spoken, seed=0).names for word in name.split(", ")}
    assert named <= {word for words in SUBJECTS.values() for word in words.split()}
