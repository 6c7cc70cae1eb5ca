"""Completions for a half-typed argument. Only folders are listed and no files read, as somebody waits at a prompt."""

from __future__ import annotations

from skillweave.config import LOCK_NAME
from skillweave.destination import relative
from skillweave.diagnostics import CODES
from skillweave.files import Tree, is_below, tree_of
from skillweave.project import discover
from skillweave.roots import expand_roots
from skillweave.source import folders_above
from skillweave.suppress import why_not_ignored
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from skillweave.config import Config
    from skillweave.diagnostics import Code


def entries(config: Config, start: str) -> list[str]:
    """The ids of entries; once something is typed, also their paths and the folders above them."""
    found = discover(tree_of(config), config).entries
    names = [entry.id for entry in found]
    if start:
        paths = [entry.path.removesuffix("/SKILL.md") for entry in found]
        names += [*paths, *(folder for path in paths for folder in folders_above(path))]
    return _offered(names, start)


def sources(config: Config, way: tuple[str, str], start: str) -> list[str]:
    """Patterns and entries, and the folders above them, as paths relative to the working directory.

    `way` is a pair of relative paths: from the working directory to the project's folder, and back.
    """
    found = discover(tree_of(config), config)
    paths = [*found.patterns, *(entry.path.removesuffix("/SKILL.md") for entry in found.entries)]
    below = {*paths, *(folder for path in paths for folder in folders_above(path))}
    there, back = way
    if there == ".":
        return _offered(below, start)
    long = [f"{there}/{path}" for path in below]
    if is_below(back, ".."):
        return _offered(long, start)
    short = [relative(f"{back}/x", path) for path in below if not is_below(back, path)]
    # Someone who has typed `..` may mean a path through the project's folder.
    return _offered([*short, *(long if start.startswith("..") else ())], start)


def pattern_folders(config: Config, start: str) -> list[str]:
    """Where a new pattern can go: folders inside the first pattern root, and all pattern roots, each with a final `/`."""
    tree = tree_of(config)
    roots = [root for _, root in expand_roots(tree, config.patterns)]
    inside = [path[len(roots[0]) + 1 :] for path, _ in tree.walk(roots[0])] if roots else []
    folders = {folder for path in inside for folder in folders_above(path)}
    return _offered((f"{folder}/" for folder in (*folders, *roots)), start)


def namespaces(config: Config, start: str) -> list[str]:
    """How the id of a new skill can begin: the existing namespaces, each with its `:`."""
    ids = (entry.id for entry in discover(tree_of(config), config).entries if entry.kind == "skill")
    return _offered({f"{id_.rpartition(':')[0]}:" for id_ in ids if ":" in id_}, start)


def built_files(output: Path, name: str, start: str) -> list[str]:
    """The files of the output folder `output`, each with `name` put before its path, which starts with `/`."""
    # A tree walked from its own root yields paths that begin with a slash.
    paths = (path for path, found in Tree(output).walk("") if found.kind == "file")
    return _offered((f"{name}{path}" for path in paths if path != f"/{LOCK_NAME}"), start)


def codes(start: str) -> list[tuple[str, str]]:
    """The numbers and names of codes that begin with `start`, each with its summary."""
    return _named(CODES.values(), start)


def listed_codes(start: str, *, ignorable: bool) -> list[tuple[str, str]]:
    """Like `codes`, for the last item of a comma-separated list.

    `ignorable` keeps only codes that can be ignored everywhere.
    """
    head, comma, last = start.rpartition(",")
    possible = [code for code in CODES.values() if not ignorable or why_not_ignored(code, everywhere=True) is None]
    return [(f"{head}{comma}{name}", title) for name, title in _named(possible, last)]


def _named(possible: Iterable[Code], start: str) -> list[tuple[str, str]]:
    wanted = start.casefold()
    named = ((name, code.summary) for code in possible for name in (code.number, code.name))
    return [(name, title) for name, title in named if name.casefold().startswith(wanted)]


def _offered(names: Iterable[str], start: str) -> list[str]:
    """The names that begin with `start`, sorted and without duplicates.

    Unprintable names are left out: a shell would read one with a line break as two, and others cannot be typed anyway.
    """
    dot = "./" if start.startswith("./") else ""
    whole = {f"{dot}{name}" for name in names if name.isprintable()}
    return sorted(name for name in whole if name.startswith(start))
