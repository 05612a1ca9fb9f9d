"""The scripts and the style of static/, each as one text that stands in the page.

The scripts are modules to a reader and to tools. A page without a server cannot import, so they are put one after the
other, what a module imports first: each name at the top of a module is then one of the whole page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from graphlib import TopologicalSorter
from importlib.resources import files

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z_]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async |function |const |class |let )", re.MULTILINE)
_COMMENT = re.compile(r"//.*|/\*.*\*/")  # a whole line of a script or of a style sheet


def style(names: Iterable[str] = ()) -> str:
    """The page's style sheet, and those of modules that have one. names: of the modules, without the end."""
    folder = files("bench.report.page") / "static"
    own = [f"{name}.css" for name in names if (folder / f"{name}.css").is_file()]
    return "".join(map(_file, ["page.css", *own]))


def script(names: Iterable[str]) -> str:
    """Modules and all that they import, as one script. names: without the end."""
    sources: dict[str, str] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop()
        if name not in sources:
            sources[name] = _file(f"{name}.js")
            wanted += _IMPORT.findall(sources[name])
    order = TopologicalSorter({name: set(_IMPORT.findall(source)) for name, source in sorted(sources.items())})
    return "".join(_EXPORT.sub("", _IMPORT.sub("", sources[name])) for name in order.static_order())


def _file(name: str) -> str:
    """A file of static/ without what only its readers need: indentation, empty lines, lines of comment."""
    lines = map(str.strip, (files("bench.report.page") / "static" / name).read_text("utf-8").splitlines())
    return "".join(f"{line}\n" for line in lines if line and not _COMMENT.fullmatch(line))
