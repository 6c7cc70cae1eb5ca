"""What a build needs, for other build tools: the files behind every entry, and the same as a depfile of Make and Ninja."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skillweave.files import is_below, normalise_path
from skillweave.graph.reach import closure
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from skillweave.build import Compiled
    from skillweave.graph.values import Edge
    from skillweave.project import Entry
    from skillweave.source import SourcePath


class Needs(NamedTuple):
    """What one entry is made of, and what it makes. All paths are sorted."""

    id: str
    kind: str
    path: str
    """Its source; below the output folder, its main output has the same path."""
    outputs: tuple[str, ...]
    """Paths below the output folder; of an entry with an error, the main one only."""
    inputs: tuple[str, ...]
    """Every source that goes into the bundle, or may."""
    missing: tuple[str, ...]
    """Where optional files were looked for and are not: creating one changes the build."""
    folders: tuple[str, ...]
    """Folders in which a file that is created or removed changes the build."""


class NamedFile(NamedTuple):
    """One directive and the file that it names."""

    source: str
    target: str
    line: int
    column: int
    word: str


class Rule(NamedTuple):
    """A target of a depfile and what it is made of."""

    target: str
    prerequisites: tuple[str, ...]


def needs_of(compiled: Compiled) -> tuple[Needs, ...]:
    """What each entry that was asked for needs."""
    bundles = {bundle.entry.path: bundle for bundle in compiled.bundles}
    needs = []
    for entry in compiled.entries:
        bundle = bundles.get(entry.path)
        inputs = set(bundle.inputs) if bundle else _reached(compiled, entry)
        outputs = [output.path for output in bundle.outputs] if bundle else [str(entry.path)]
        edges = [edge for path in sorted(inputs) for edge in compiled.graph.edges.get(path, ())]  # type: ignore[call-overload]
        missing = sorted({path for edge in edges if edge.missing is not None for path in _looked_for(compiled, edge)})
        folders = {_nearest(compiled, path) for path in missing} | set(_listed(compiled, entry, edges))
        needs.append(
            Needs(
                entry.id,
                entry.kind,
                str(entry.path),
                tuple(sorted(outputs)),
                tuple(sorted(inputs)),
                tuple(missing),
                tuple(sorted(folders)),
            )
        )
    return tuple(needs)


def named_by(compiled: Compiled, needs: Iterable[Needs]) -> tuple[NamedFile, ...]:
    """Every directive of the files that entries need which names a file, in order."""
    sources = {path for need in needs for path in need.inputs}
    found = []
    for source, edges in compiled.graph.edges.items():
        for edge in edges if source in sources else ():
            if edge.target is None:
                continue
            start = compiled.graph.files[source].line_index.position(edge.directive.span.start)
            found.append(NamedFile(source, edge.target, start.line, start.column, edge.directive.word))
    return tuple(sorted(found, key=lambda named: (named.source, named.line, named.column)))


def depfile_text(rules: Iterable[Rule]) -> str:
    """Rules as a depfile: one for each target, and an empty one for each prerequisite.

    By the empty ones Make takes a file that is gone for changed, where it would end for want of a rule to make it.
    """
    rules = tuple(rules)
    lines = [
        " \\\n  ".join([f"{_escape(rule.target)}:", *(_escape(path) for path in rule.prerequisites)]) for rule in rules
    ]
    targets = {rule.target for rule in rules}
    phony = sorted({path for rule in rules for path in rule.prerequisites} - targets)
    return "\n".join([*lines, *(f"{_escape(path)}:" for path in phony)]) + "\n"


def rules_of(
    needs: Iterable[Needs], config: str | None, source: Callable[[str], str], made: Callable[[str], str]
) -> tuple[Rule, ...]:
    """The rule of each entry's main output. `source` and `made` say how the depfile names a source and an output.

    A file that is not there is never named: Ninja would take its target for out of date for ever. The folder that it
    would be created in is named in its place.
    """
    more = (config,) if config is not None else ()
    return tuple(
        Rule(made(need.path), tuple(source(path) for path in sorted({*need.inputs, *need.folders, *more})))
        for need in needs
    )


def unsayable(rules: Iterable[Rule]) -> str | None:
    """A path that cannot be written so that both Make and Ninja read it; None if there is none."""
    paths = (path for rule in rules for path in (rule.target, *rule.prerequisites))
    return next((path for path in paths if re.search(r"[*;<>^`|\x00-\x1f\x7f]|[:\\]\Z", path)), None)


def _escape(path: str) -> str:
    """A path as Make and Ninja read it: backslashes count only before what one of them escapes."""
    return re.sub(r"(\\*)([ #:])", lambda found: f"{found[1] * 2}\\{found[2]}", path).replace("$", "$$")


def _reached(compiled: Compiled, entry: Entry) -> set[str]:
    """The files of an entry that has an error, as far as they are known."""
    starts = {file.real for file in entry.files if file.treatment != "partial"}
    return {str(path) for path in closure(compiled.graph, starts).files if compiled.tree.look_up(path).kind == "file"}


def _looked_for(compiled: Compiled, edge: Edge) -> Iterator[SourcePath]:
    """Every place where an optional file would be found: beside its file, or in any pattern root."""
    path = edge.directive.path
    if edge.missing is not None and path.startswith("."):
        yield edge.missing
        return
    for root in compiled.project.pattern_roots:
        found = compiled.tree.look_up(normalise_path(f"{root}/{path}"))
        if found.kind == "missing":
            yield found.real


def _nearest(compiled: Compiled, path: str) -> str:
    """The folder that exists and is nearest above a file that does not."""
    folder = path.rpartition("/")[0]
    while folder and compiled.tree.look_up(folder).kind != "folder":
        folder = folder.rpartition("/")[0]
    return folder or "."


def _listed(compiled: Compiled, entry: Entry, edges: Iterable[Edge]) -> Iterator[str]:
    """The folders that are published with all that they hold: the skill's own, and those that are assets."""
    tree = compiled.tree
    whole = {tree.look_up(entry.folder).real} if entry.kind == "skill" else set()
    whole |= {edge.target for edge in edges if edge.target is not None and tree.look_up(edge.target).kind == "folder"}
    for folder, listing in tree.listings.items():
        if not isinstance(listing, str) and any(is_below(folder, path) for path in whole):
            yield folder or "."
