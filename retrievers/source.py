"""The code that a plug-in is made of: the file of its class, and what that imports from its own package or folder."""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import site
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path
from types import FunctionType, ModuleType

# Not a plug-in's own, also where it lies beside them.
_OURS = ("bench", "retrievers")


def import_from_here(name: str) -> ModuleType:
    """Import a module, also of the folder that one stands in, where the `bench` script does not look by itself."""
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    return importlib.import_module(name)


def code_digest(its: type) -> str | None:
    """sha256 of the code of a class: of its module's files, else of its methods where Python has their text.

    It has that of a notebook's cell. None where it has not, as of a script that is piped into it.
    """
    return source_digest(its.__module__) or _methods_digest(its)


def function_digest(function: Callable[..., object]) -> str | None:
    """The same of a function: of its module's files, else of its own text, as of one in a notebook."""
    while isinstance(function, partial):
        function = function.func
    if not isinstance(function, FunctionType):
        return code_digest(type(function))
    if digest := source_digest(function.__module__):
        return digest
    with suppress(OSError, TypeError):
        return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()
    return None


def _methods_digest(its: type) -> str | None:
    texts = []
    inherited = (base for base in its.__mro__ if base.__module__ == its.__module__)
    for method in chain.from_iterable(vars(base).values() for base in inherited):
        with suppress(OSError, TypeError):  # no function, or one without a text, as a dataclass makes them
            texts.append(inspect.getsource(method))
    return hashlib.sha256("\0".join(texts).encode()).hexdigest() if texts else None


def source_digest(module: str) -> str | None:
    """sha256 over the source files of an imported module and of all that it imports of its own; None without a file.

    Its own are modules of its package; beside a plug-in that is not installed, also those in the folder that holds it.
    Imports are read, not run: what is imported by a computed name, and data files, are not seen.
    """
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None or not Path(file).is_file():  # a script that is piped into Python has "<stdin>"
        return None
    files = _own_files(module, Path(file))
    if len(files) == 1:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()


def _own_files(module: str, file: Path) -> dict[str, Path]:
    """Module -> file."""
    depth = module.count(".") + (file.stem == "__init__")
    root = file.parents[depth]
    alone = module.partition(".")[0] if _is_of_others(root) else None
    files, waiting = {module: file}, [module]
    while waiting:
        name = waiting.pop()
        for imported in _imports(name, files[name]):
            top = imported.partition(".")[0]
            path = _file(root, imported) if top not in _OURS and alone in (None, top) else None
            if path is not None and imported not in files:
                files[imported] = path
                waiting.append(imported)
    return files


def _is_of_others(folder: Path) -> bool:
    """Is it a folder that packages are installed to, or Python's own?"""
    known = [*map(sysconfig.get_path, ("purelib", "platlib", "stdlib")), site.getusersitepackages()]
    return folder.resolve() in {Path(path).resolve() for path in known}


def _file(root: Path, module: str) -> Path | None:
    place = root.joinpath(*module.split("."))
    return next((path for path in (place / "__init__.py", place.with_name(f"{place.name}.py")) if path.is_file()), None)


def _imports(module: str, file: Path) -> Iterator[str]:
    """What a module may import: each name and the packages that it lies in; names that are no modules among them."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):  # no Python source: an extension
        return
    package = module if file.stem == "__init__" else module.rpartition(".")[0]
    for node in ast.walk(tree):
        imported: list[str] = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join(filter(None, [*parts, node.module]))
            imported = [".".join(filter(None, [source, alias.name])) for alias in node.names]
        for name in [*imported, module]:
            names = name.split(".")
            yield from (".".join(names[:end]) for end in range(1, len(names) + 1))
