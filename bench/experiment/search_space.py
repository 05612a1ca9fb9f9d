"""What is tuned: a retriever whose parameters have several values, and a seeded sample of them.

  bm25:k1=[0.4..2.4],b=[0.2..1.0]                    ranges, of which a value is drawn
  bm25(stop_words=[english, none], k1=[0.4..2.4])    a list, of which one is taken
  hybrid(bm25(k1=[0.5..2]), minilm, weights=[1, [0..3]])  within a part; within a list that is itself the value
  minilm:document_prompt=["", "passage: "]           quotes as in any specification
  ann(lsa):ef=[16..512..16]                          counted by a step

What is in brackets is a list of values to choose from, but where the parameter is a list itself: then it is that list,
and the brackets within are what is chosen from.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.errors import BenchError
from bench.experiment.labels import split_label
from retrievers import RetrieverError, create, load, names
from retrievers.arguments import declared, type_of
from retrievers.specification import Specification, Value, parse, written

FORM = "Write NAME=[0.4..2.4] (a range), NAME=[10..50..10] (counted by 10) or NAME=[a, b, c] (a list)."
MOST_STEPS = 1000
DIGITS = 3  # of a number that is drawn: what is beyond moves no figure, and nobody reads it

_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE]-?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*(?:\.\.\s*({_NUMBER})\s*)?")
# Stands for a bracket while the rest is read; no text has these.
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both of them too. whole: are they whole?"""

    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True)
class SearchSpace:
    """A retriever with what is chosen of it.

    label: what it is called; given: as -r has it; choices: the name of each open parameter -> what it is chosen from:
    a Range or a list of values. template: its specification, in which places stand for them.
    """

    label: str
    given: str
    choices: Mapping[str, Range | tuple[str, ...]]
    template: Specification = field(repr=False)
    named: bool = False

    def with_values(self, values: Mapping[str, str]) -> str:
        """The specification with a value for each open parameter."""
        by_place = {_place(number): values[name] for number, name in enumerate(self.choices)}
        return written(_filled(self.template, by_place))

    @property
    def default(self) -> str:
        """The specification without what is chosen: its parameters have their defaults."""
        return written(_without_places(self.template))

    @property
    def is_open(self) -> bool:
        """Is there anything to choose?"""
        return bool(self.choices)

    def sample(self, trials: int, seed: int) -> list[dict[str, str]]:
        """Values of the open parameters, as a specification writes them: no two alike, at most so many.

        All there are, where they are lists that make no more.
        """
        from sklearn.model_selection import ParameterGrid, ParameterSampler

        if not self.is_open:
            return []
        drawn_from = {name: _distribution(values) for name, values in self.choices.items()}
        lists = all(isinstance(values, list) for values in drawn_from.values())
        if lists and len(ParameterGrid(drawn_from)) <= trials:
            return list(self._written(ParameterGrid(drawn_from)))
        distinct: list[dict[str, str]] = []
        for more in (1, 2, 4, 8):  # numbers of three digits may come twice: then some more are drawn
            distinct = list(self._written(ParameterSampler(drawn_from, more * trials, random_state=seed)))
            if lists or len(distinct) >= trials:
                break
        return distinct[:trials]

    def _written(self, drawn: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
        """The values as a specification writes them, no two alike."""
        texts = (tuple((name, _written(values[name])) for name in self.choices) for values in drawn)
        yield from map(dict, dict.fromkeys(texts))


def search_space(given: str) -> SearchSpace:
    """Read a retriever with brackets. Raises BenchError where it cannot be read or cannot be made."""
    label, text = split_label(given)
    brackets: list[_Bracket] = []
    outer = _without_brackets(text, brackets)
    try:
        parsed = parse(outer, names())
        choices: dict[str, Range | tuple[str, ...]] = {}
        template = _opened(parsed, brackets, choices, "")
        space = SearchSpace(label, given, choices, template, named=label != text)
        if label == text:
            space = replace(space, label=space.default)
        _try_all(space)
    except RetrieverError as error:
        bare = f" {FORM}" * (".." in outer)
        raise BenchError(error.message, error.hint + bare) from None
    return space


def _try_all(space: SearchSpace) -> None:
    """Make the retriever by its defaults, and with the ends of each choice, so that a wrong one is refused at once."""
    create(space.default)
    ends = {
        name: [_written(values.low), _written(values.high)] if isinstance(values, Range) else list(values)
        for name, values in space.choices.items()
    }
    first = {name: values[0] for name, values in ends.items()}
    for name, values in ends.items():
        for value in values:
            create(space.with_values({**first, name: value}))


# --- brackets ---

# What stands in brackets: texts, and brackets within.
_Bracket = list["str | _Bracket"]


def _without_brackets(text: str, brackets: list[_Bracket]) -> str:
    """The text with a place in the stead of each outermost bracket, which is added to `brackets`."""
    out, at = [], 0
    while at < len(text):
        if text[at] in "'\"":
            end = text.find(text[at], at + 1)
            end = len(text) - 1 if end < 0 else end
            out.append(text[at : end + 1])
            at = end + 1
        elif text[at] == "[":
            items, at = _bracket(text, at)
            out.append(_place(len(brackets)))
            brackets.append(items)
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


def _bracket(text: str, start: int) -> tuple[_Bracket, int]:
    """What stands in the bracket that opens at `start`, and the place after it."""
    items: _Bracket = []
    at, begin, quoted = start + 1, start + 1, False

    def end_item(end: int) -> None:
        if not quoted and (bare := text[begin:end].strip()):
            items.append(bare)

    while at < len(text):
        character = text[at]
        if character in "'\"" and not text[begin:at].strip():
            close = text.find(character, at + 1)
            if close < 0:
                break
            items.append(text[at + 1 : close])
            at, quoted = close + 1, True
        elif character == "[" and not text[begin:at].strip():
            inner, at = _bracket(text, at)
            items.append(inner)
            quoted = True
        elif character in ",]":
            end_item(at)
            if character == "]":
                return items, at + 1
            at, begin, quoted = at + 1, at + 1, False
        else:
            at += 1
    raise BenchError(f"The retriever {text!r} has a bracket that is never closed.", FORM)


def _place(number: int) -> str:
    return f"{_OPEN}{number}{_CLOSE}"


# --- from places to choices ---


def _opened(
    parsed: Specification, brackets: list[_Bracket], choices: dict[str, Range | tuple[str, ...]], prefix: str
) -> Specification:
    """The same with a place for each choice, numbered as `choices` has them."""
    parts = tuple(
        _opened(part, brackets, choices, f"{prefix}{part.name}{_number(parsed, place)}.")
        for place, part in enumerate(parsed.parts)
    )
    types = _types(parsed.name)
    arguments: dict[str, Value] = {}
    for name, value in parsed.arguments.items():
        place = _PLACE.fullmatch(value) if isinstance(value, str) else None
        if place is None:
            if _PLACE.search(value if isinstance(value, str) else " ".join(value)):
                raise BenchError(f"{prefix}{name} has a bracket within a value.", FORM)
            arguments[name] = value
            continue
        bracket = brackets[int(place[1])]
        kind = types.get(name, str)
        if _is_list(kind) and _range(bracket) is None:
            item = _item(kind)
            arguments[name] = tuple(
                _chosen(choices, f"{prefix}{name}.{number}", inner, item) if isinstance(inner, list) else inner
                for number, inner in enumerate(bracket)
            )
        else:
            arguments[name] = _chosen(choices, f"{prefix}{name}", bracket, kind)
    return Specification(parsed.name, parts, arguments)


def _number(parsed: Specification, place: int) -> str:
    """What tells a part from others of its name."""
    alike = [part.name for part in parsed.parts].count(parsed.parts[place].name) > 1
    return f"-{place + 1}" if alike else ""


def _chosen(choices: dict[str, Range | tuple[str, ...]], name: str, bracket: _Bracket, kind: Any) -> str:
    """A new place for what is chosen."""
    choices[name] = _values(name, bracket, _whole(kind))
    return _place(len(choices) - 1)


def _values(name: str, bracket: _Bracket, whole: bool) -> Range | tuple[str, ...]:
    limits = _range(bracket)
    if limits is None:
        if any(isinstance(item, list) for item in bracket):
            raise BenchError(f"{name} has brackets within brackets.", FORM)
        values = tuple(map(str, bracket))
        if len(values) < 2 or len(set(values)) < len(values):
            raise BenchError(f"{name} has one value alone, or one twice.", f"{FORM} A single value has no brackets.")
        return values
    low, high, step = limits
    if low >= high:
        raise BenchError(f"The range of {name} ends at {high:g} and begins at {low:g}.", FORM)
    if step is not None:
        return _counted(name, low, high, step)
    if whole and not (low.is_integer() and high.is_integer()):
        raise BenchError(f"{name} is a whole number, and its range {low:g}..{high:g} is not.", FORM)
    return Range(low, high, whole)


def _counted(name: str, low: float, high: float, step: float) -> tuple[str, ...]:
    steps = int((high - low) / step + 1e-9) if step > 0 else 0
    if not 1 <= steps <= MOST_STEPS:
        raise BenchError(f"The range of {name} cannot be counted by {step:g}.", f"{FORM} At most {MOST_STEPS:,} steps.")
    return tuple(_written(low + number * step) for number in range(steps + 1))


def _range(bracket: _Bracket) -> tuple[float, float, float | None] | None:
    if len(bracket) != 1 or not isinstance(bracket[0], str):
        return None
    match = _RANGE.fullmatch(bracket[0])
    if match is None:
        if ".." in bracket[0]:
            raise BenchError(f"[{bracket[0]}] is no range of numbers.", FORM)
        return None
    return float(match[1]), float(match[2]), None if match[3] is None else float(match[3])


def _types(name: str) -> dict[str, Any]:
    """The types of a retriever's parameters, by what they are called in specifications."""
    factory = load(name)
    return {key: type_of(factory, parameter) for key, parameter in declared(factory).items()}


def _options(kind: Any) -> Iterator[Any]:
    yield from (option for option in (typing.get_args(kind) or (kind,)) if option is not type(None))


def _is_list(kind: Any) -> bool:
    return any(typing.get_origin(option) in (tuple, list) for option in (kind, *_options(kind)))


def _item(kind: Any) -> Any:
    listing = next(option for option in (kind, *_options(kind)) if typing.get_origin(option) in (tuple, list))
    return next(iter(typing.get_args(listing)), str)


def _whole(kind: Any) -> bool:
    return int in tuple(_options(kind))


# --- from choices to values ---


def _distribution(values: Range | tuple[str, ...]) -> Any:
    from scipy import stats

    if isinstance(values, tuple):
        return list(values)
    if values.whole:
        return stats.randint(int(values.low), int(values.high) + 1)
    return stats.uniform(values.low, values.high - values.low)


def _written(value: Any) -> str:
    """A value as a specification has it: a number with three digits."""
    if isinstance(value, str):
        return value
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.{DIGITS}g}"


def _filled(template: Specification, by_place: Mapping[str, str]) -> Specification:
    parts = tuple(_filled(part, by_place) for part in template.parts)
    arguments: dict[str, Value] = {
        name: by_place.get(value, value)
        if isinstance(value, str)
        else tuple(by_place.get(item, item) for item in value)
        for name, value in template.arguments.items()
    }
    return Specification(template.name, parts, arguments)


def _without_places(template: Specification) -> Specification:
    """Without each argument that has a place, whole."""
    parts = tuple(map(_without_places, template.parts))
    kept = {
        name: value
        for name, value in template.arguments.items()
        if not any(_PLACE.search(item) for item in ((value,) if isinstance(value, str) else value))
    }
    return Specification(template.name, parts, kept)
