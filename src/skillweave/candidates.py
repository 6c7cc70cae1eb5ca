"""What a half-written argument may become. Folders are listed and nothing is read, as somebody waits at a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.config import hidden_roots
from skillweave.diagnostics import CODES
from skillweave.files import Tree, expand_roots
from skillweave.project import discover

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from skillweave.config import Config


def entries(config: Config, start: str) -> list[str]:
    """The entries by id; by path too, with the folders above them, once the start is not empty."""
    found = discover(_tree(config), config).entries
    names = [entry.id for entry in found]
    if start:
        paths = [entry.path.removesuffix("/SKILL.md") for entry in found]
        names += [*paths, *(folder for path in paths for folder in _above(path))]
    return _offered(names, start)


def sources(config: Config, name: str, start: str) -> list[str]:
    """Patterns and entries by their paths, and the folders above them; the project's folder goes by a name."""
    found = discover(_tree(config), config)
    paths = [*found.patterns, *(entry.path.removesuffix("/SKILL.md") for entry in found.entries)]
    below = {*paths, *(folder for path in paths for folder in _above(path))}
    return _offered((path if name == "." else f"{name}/{path}" for path in below), start)


def pattern_folders(config: Config, start: str) -> list[str]:
    """Where a new pattern may go: the folders in the first root of patterns, and all roots, each with a final `/`."""
    tree = _tree(config)
    roots = [root for _, root in expand_roots(tree, config.patterns)]
    inside = [path[len(roots[0]) + 1 :] for path, _ in tree.walk(roots[0])] if roots else []
    folders = {folder for path in inside for folder in _above(path)}
    return _offered((f"{folder}/" for folder in (*folders, *roots)), start)


def namespaces(config: Config, start: str) -> list[str]:
    """What the id of a new skill may begin with: the namespaces that there are, each with its `:`."""
    ids = (entry.id for entry in discover(_tree(config), config).entries if entry.kind == "skill")
    return _offered({f"{id_.rpartition(':')[0]}:" for id_ in ids if ":" in id_}, start)


def built_files(output: Path, name: str, start: str) -> list[str]:
    """The files of the output folder, which goes by a name."""
    # What a tree walks from its own root begins with a slash.
    paths = (path for path, found in Tree(output).walk("") if found.kind == "file")
    return _offered((f"{name}{path}" for path in paths if path != "/skillweave.lock.json"), start)


def codes(start: str) -> list[tuple[str, str]]:
    """The numbers and names of findings, each with what it says."""
    wanted = start.casefold()
    named = ((name, code.summary) for code in CODES.values() for name in (code.number, code.name))
    return [(name, title) for name, title in named if name.casefold().startswith(wanted)]


def _tree(config: Config) -> Tree:
    return Tree(config.root, hidden_roots(config))


def _above(path: str) -> list[str]:
    """The folders that a path lies in, the project's own left out."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _offered(names: Iterable[str], start: str) -> list[str]:
    """The names that go on from a start, sorted, each once.

    A name with a line break would be two to a shell; what else cannot be printed has no place on a command line.
    """
    dot = "./" if start.startswith("./") else ""
    whole = {f"{dot}{name}" for name in names if name.isprintable()}
    return sorted(name for name in whole if name.startswith(start))
