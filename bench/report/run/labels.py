"""Labels of retrievers short enough for tables and charts, and still told apart; one way for every form of a report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from bench.storage.run import Run

LONGEST = 56  # characters: rerank(hybrid(bm25, minilm), by=maxsim, depth=20) has 49
CUT, HEAD = "…", 12
# A folder as the value of a label's parameter: absolute, or of three parts; a model's name in a hub has two.
_PATH = re.compile(r"(?<==)(?:[^,/\\]*[/\\]){2,}[^,/\\]+")


def short_labels(run: Run) -> Callable[[str], str]:
    """Texts that name retrievers -> the same with their labels as `shortened` has them."""
    short = {label: shown for label, shown in shortened(run.retrievers).items() if label != shown}
    if not short:
        return str
    known = re.compile("|".join(map(re.escape, sorted(short, key=len, reverse=True))))
    return lambda text: known.sub(lambda match: short[match.group()], text)


def shortened(labels: Sequence[str]) -> dict[str, str]:
    """Label -> what it is shown as, no two alike; one that is short enough is shown as it is.

    Folders are shown by the last parts that tell them apart. Of a longer label the parameters are left out that all of
    its name have, and then its middle, or all but its beginning and what tells it from others with that beginning.
    """
    folders = _folders(labels)

    def without_folders(text: str) -> str:
        return _PATH.sub(lambda match: folders[match.group()], text)

    texts = {label: without_folders(label) for label in labels}
    long = [label for label, text in texts.items() if len(text) > LONGEST]
    texts |= {label: without_folders(_without_common(label, labels)) for label in long}
    cut = {label: _without_middle(text) for label, text in texts.items()}
    shown: dict[str, str] = {}
    for label, text in cut.items():
        alike = [texts[other] for other in labels if cut[other] == text]
        short = _around_difference(texts[label], alike) if len(alike) > 1 else text
        shown[label] = _distinct(short, {*shown.values(), *labels} - {label})
    return shown


def _without_common(label: str, labels: Sequence[str]) -> str:
    """The label without the parameters that every label of its name has, of which … at its end tells."""
    name, _, parameters = label.partition(":")
    alike = [other.partition(":")[2].split(",") for other in labels if other.partition(":")[0] == name]
    counts = Counter(parameter for listed in alike for parameter in set(listed))
    kept = [part for part in parameters.split(",") if counts[part] < len(alike)]
    return label if len(alike) == 1 else f"{name}:{','.join([*kept, CUT])}"


def _without_middle(text: str) -> str:
    """Names of sets and models differ at their ends."""
    if len(text) <= LONGEST:
        return text
    half = (LONGEST - 1) // 2
    return f"{text[:half]}{CUT}{text.removesuffix(f',{CUT}')[-half:]}"


def _around_difference(text: str, alike: Sequence[str]) -> str:
    """The beginning of a text, and the part in which it differs from others with its beginning and end."""
    start = _alike_for(alike)
    end = min(_alike_for([other[::-1] for other in alike]), min(map(len, alike)) - start)
    room = LONGEST - HEAD - 2 * len(CUT)
    part = text[start : len(text) - end][:room]
    before = max(HEAD, start - room + len(part))
    return f"{text[:HEAD]}{CUT * (before > HEAD)}{text[before:start]}{part}{CUT}"


def _alike_for(texts: Sequence[str]) -> int:
    """How many characters they have in common at their beginning."""
    columns = enumerate(zip(*texts, strict=False))
    return next((place for place, letters in columns if len(set(letters)) > 1), min(map(len, texts)))


def _distinct(text: str, taken: set[str]) -> str:
    """The text, with a number behind it where another label is shown so."""
    numbered = (f"{text} ({number})" for number in range(2, len(taken) + 3))
    return text if text not in taken else next(name for name in numbered if name not in taken)


def _folders(labels: Iterable[str]) -> dict[str, str]:
    """Folder -> its last parts that still tell it apart."""
    parts = {path: re.split(r"[/\\]", path) for label in labels for path in _PATH.findall(label)}
    longest = max(map(len, parts.values()), default=0)
    kept = next((n for n in range(1, 1 + longest) if _are_distinct(folders[-n:] for folders in parts.values())), 1)
    return {
        path: "/".join([CUT, *folders[-kept:]]) if len(folders) > kept + 1 else path for path, folders in parts.items()
    }


def _are_distinct(tails: Iterable[list[str]]) -> bool:
    keys = list(map(tuple, tails))
    return len(set(keys)) == len(keys)
