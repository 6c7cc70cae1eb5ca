"""What a build needs, for other build tools: the inputs of every entry, also as a depfile for Make and Ninja."""

from __future__ import annotations

import re

from skillweave.directive.values import is_relative
from skillweave.files import is_below, normalise_path
from skillweave.graph.reach import closure
from skillweave.record import NamedTuple
from skillweave.source import folders_above
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from skillweave.build import Compiled
    from skillweave.graph.values import Edge
    from skillweave.project import Entry
    from skillweave.source import SourcePath


class Needs(NamedTuple):
    """The inputs and outputs of one entry. All paths are sorted."""

    id: str
    kind: str
    path: str
    """Its source; its main output has the same path below the output folder."""
    outputs: tuple[str, ...]
    """Paths below the output folder; only the main one if the entry has an error."""
    inputs: tuple[str, ...]
    """Every source that goes into the bundle, or may."""
    missing: tuple[str, ...]
    """Where optional files were looked for and not found: creating one changes the build."""
    folders: tuple[str, ...]
    """Folders where creating or removing a file changes the build."""


class NamedFile(NamedTuple):
    """A directive's place (line and column count from 1) and word, and the file that it names."""

    source: str
    target: str
    line: int
    column: int
    word: str


class Rule(NamedTuple):
    """A target of a depfile, and its prerequisites."""

    target: str
    prerequisites: tuple[str, ...]


def needs_of(compiled: Compiled) -> tuple[Needs, ...]:
    """What each compiled entry needs."""
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
                tuple(path for path in missing if "*" not in path),  # a root that is a glob names no file
                tuple(sorted(folders)),
            )
        )
    return tuple(needs)


def named_by(compiled: Compiled, needs: Iterable[Needs]) -> tuple[NamedFile, ...]:
    """Every directive that names a file, in all files that some entries need, sorted by source, line and column."""
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
    """Rules as the text of a depfile: one for each target, and an empty one for each prerequisite that is no target.

    The empty rules make Make treat a missing file as changed; without them it would stop, as no rule makes the file.
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
    """The rule of each entry's main output. `source` and `made` turn a source or output path into its name in the depfile.

    A missing file is never named, because Ninja would then consider its target out of date forever. The folder that it
    would be created in is named instead.
    """
    more = (config,) if config is not None else ()
    return tuple(
        Rule(made(need.path), tuple(source(path) for path in sorted({*need.inputs, *need.folders, *more})))
        for need in needs
    )


def unsayable(rules: Iterable[Rule]) -> str | None:
    """The first path that cannot be written so that both Make and Ninja can read it; None if there is none."""
    paths = (path for rule in rules for path in (rule.target, *rule.prerequisites))
    return next((path for path in paths if re.search(r"[*;<>^`|\x00-\x1f\x7f]|[:\\]\Z", path)), None)


def _escape(path: str) -> str:
    """Escape a path for Make and Ninja: backslashes are doubled only before a character that is itself escaped."""
    return re.sub(r"(\\*)([ #:])", lambda found: f"{found[1] * 2}\\{found[2]}", path).replace("$", "$$")


def _reached(compiled: Compiled, entry: Entry) -> set[str]:
    """The sources of an entry that has an error, as far as they are known."""
    starts = {file.real for file in entry.files if file.treatment != "partial"}
    return {str(path) for path in closure(compiled.graph, starts).files if compiled.tree.look_up(path).kind == "file"}


def _looked_for(compiled: Compiled, edge: Edge) -> Iterator[SourcePath]:
    """Every missing path where an optional file would be found: beside the file that names it, or in each pattern root."""
    path = edge.directive.path
    if edge.missing is not None and is_relative(path):
        yield edge.missing
        return
    for root in (*compiled.project.pattern_roots, *compiled.project.absent_roots):
        found = compiled.tree.look_up(normalise_path(f"{root}/{path}"))
        if found.kind == "missing":
            yield found.real


def _nearest(compiled: Compiled, path: str) -> str:
    """The closest existing folder above a missing file."""
    return next((folder for folder in folders_above(path) if compiled.tree.look_up(folder).kind == "folder"), ".")


def _listed(compiled: Compiled, entry: Entry, edges: Iterable[Edge]) -> Iterator[str]:
    """The folders that are published with everything in them: the skill's own, and assets that are folders."""
    tree = compiled.tree
    whole = {tree.look_up(entry.folder).real} if entry.kind == "skill" else set()
    whole |= {edge.target for edge in edges if edge.target is not None and tree.look_up(edge.target).kind == "folder"}
    for folder, listing in tree.listings.items():
        if not isinstance(listing, str) and any(is_below(folder, path) for path in whole):
            yield folder or "."
