"""What a run found out, in parts that depend on known files, so that the next run redoes only what an edit reaches.

This works only for files whose content changed. If a file appears, disappears or is renamed, any path may mean
something else, and everything is redone.
"""

from __future__ import annotations

from skillweave.codec import as_json, rebuilt
from skillweave.diagnostics import EXPANSION_TOO_LARGE, INVALID_ENCODING, UNREADABLE_FILE, Severity
from skillweave.graph.reach import closure, kept_edges, with_dependencies, with_dependents
from skillweave.graph.values import Finding, KeptEdge
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from typing import Any

    from skillweave.flatten.units import Calls
    from skillweave.graph.reach import Closure
    from skillweave.graph.values import Graph
    from skillweave.source import SourcePath


class Bundled(NamedTuple):
    """What one bundle was made of."""

    sources: frozenset[SourcePath]
    """The files that go into it, or might."""
    copied: frozenset[SourcePath]
    """Those of the sources that are copied as they are, so that mistakes in their text are no mistakes of the bundle."""
    looked_into: frozenset[SourcePath]
    """Further files that its links ask something of, such as whether a heading exists."""
    good: bool
    """Whether the bundle has no error."""

    @property
    def compiled(self) -> frozenset[SourcePath]:
        """The sources that are spliced or linked, not copied."""
        return self.sources - self.copied if self.copied else self.sources

    def fails(self, failed: AbstractSet[SourcePath]) -> bool:
        """Whether an error laid to any of these files keeps the bundle from being made."""
        return not self.compiled.isdisjoint(failed)

    def depends_on(self, paths: frozenset[SourcePath] | set[SourcePath]) -> bool:
        """Whether one of these files is a source of the bundle, or was looked into for its links."""
        return not (self.sources.isdisjoint(paths) and self.looked_into.isdisjoint(paths))


class Parts(NamedTuple):
    """Everything that a run found out, except the texts."""

    edges: Mapping[SourcePath, tuple[KeptEdge, ...]]
    """What every file's directives name."""
    linked: Mapping[SourcePath, tuple[SourcePath, ...]]
    """By the file with the link: the shared files that were read because a link leads there, and the templates linked to."""
    templates: frozenset[SourcePath]
    renderings: Mapping[SourcePath, int]
    """At most how many sets of values each template is rendered with."""
    bundles: Mapping[SourcePath, Bundled]
    """By the path of the entry."""
    unreached: Mapping[SourcePath, frozenset[SourcePath]]
    """The patterns that no entry reaches, each with the files that its links, or those of what it includes, lead to."""
    meant: frozenset[SourcePath]
    """Those of the unreached patterns that a misspelled line may mean."""
    findings: tuple[Finding, ...]


class Affected(NamedTuple):
    """What some edits affect. Everything else is as it was."""

    changed: frozenset[SourcePath]
    """The edited files, and files below them whose findings depend on what names them."""
    files: frozenset[SourcePath]
    """The changed files, and all that name one of them, directly or not."""
    below: frozenset[SourcePath]
    """The edited files, and all that they name now, directly or not."""


_BEYOND = frozenset({EXPANSION_TOO_LARGE, INVALID_ENCODING, UNREADABLE_FILE})
"""Findings laid to only the first of the many files that they concern: with one of these, everything is redone."""


def depend_on_known_files(findings: Iterable[Finding]) -> bool:
    """Whether each finding depends only on known files."""
    return all(finding.diagnostic.code not in _BEYOND for finding in findings)


def affected_by(last: Parts, graph: Graph, changed: frozenset[SourcePath]) -> Affected:
    """Work out how far edits reach. `graph` holds the edited files as they are now, with everything that they name.

    An edit above a template may give it other values, and one above a section may select it no longer. So each file
    below an edited one counts as edited, too, if it is a template or had a finding.
    """
    new = kept_edges(graph)
    names = {path: [edge.target for edge in edges] for path, edges in (*last.edges.items(), *new.items())}
    before = {path: [edge.target for edge in edges] for path, edges in last.edges.items()}
    for path, targets in (*last.linked.items(), *graph.linked.items()):
        names[path] = [*names.get(path, ()), *targets]
        before[path] = [*before.get(path, ()), *targets]
    moved = set(last.templates) | {finding.diagnostic.path for finding in last.findings}
    moved |= templates_of(graph)
    starts: set[SourcePath] = set(changed)
    while True:
        low = with_dependencies(names, starts) | with_dependencies(before, starts)
        if low & moved <= starts:
            break
        starts |= low & moved
    return Affected(
        frozenset(starts),
        frozenset(with_dependents((names, before), starts)),
        frozenset(with_dependencies(names, changed)),
    )


def templates_of(graph: Graph) -> frozenset[SourcePath]:
    """The files of a graph that are templates."""
    return frozenset(path for path, file in graph.files.items() if file.document and file.document.params is not None)


def renderings_of(calls: Calls) -> dict[SourcePath, int]:
    """With how many sets of values each template is rendered in a run."""
    return {path: len(found) for path, found in calls.instances.items() if found}


def failed_of(findings: Iterable[Finding]) -> set[SourcePath]:
    """The files that an error is laid to."""
    return {owner for finding in findings if finding.diagnostic.severity is Severity.ERROR for owner in finding.owners}


def bundled(graph: Graph, made_of: Closure, linked: set[SourcePath], *, good: bool) -> Bundled:
    """Record what a bundle was made of. `linked` are the files that its links lead to."""
    sources = made_of.files
    further = linked - sources
    return Bundled(sources, made_of.copied, closure(graph, further).files - sources if further else frozenset(), good)


def to_json(parts: Parts) -> dict[str, Any]:
    """Parts as JSON values. Each path is written once, and elsewhere stands as its number."""
    numbers: dict[SourcePath, int] = {}

    def number(path: SourcePath) -> int:
        return numbers.setdefault(path, len(numbers))

    return {
        "edges": [
            [number(path), [[number(edge.target), *edge[1:]] for edge in edges]] for path, edges in parts.edges.items()
        ],
        "linked": [[number(path), [number(target) for target in targets]] for path, targets in parts.linked.items()],
        "templates": sorted(map(number, parts.templates)),
        "renderings": [[number(path), count] for path, count in parts.renderings.items()],
        "bundles": [
            [number(path), *(sorted(map(number, paths)) for paths in (b.sources, b.copied, b.looked_into)), b.good]
            for path, b in parts.bundles.items()
        ],
        "unreached": [[number(path), sorted(map(number, asked))] for path, asked in parts.unreached.items()],
        "meant": sorted(map(number, parts.meant)),
        "findings": as_json(parts.findings),
        "paths": list(numbers),
    }


def from_json(content: Any) -> Parts:  # noqa: ANN401 (JSON)
    """The parts that `to_json` wrote. Raises KeyError, TypeError, ValueError or IndexError on anything else."""
    paths: list[SourcePath] = content["paths"]
    return Parts(
        {
            paths[path]: tuple([KeptEdge(paths[target], *rest) for target, *rest in edges])
            for path, edges in content["edges"]
        },
        {paths[path]: tuple([paths[target] for target in targets]) for path, targets in content["linked"]},
        frozenset([paths[path] for path in content["templates"]]),
        {paths[path]: count for path, count in content["renderings"]},
        {
            paths[path]: Bundled(
                frozenset([paths[one] for one in sources]),
                frozenset([paths[one] for one in copied]),
                frozenset([paths[one] for one in asked]),
                good,
            )
            for path, sources, copied, asked, good in content["bundles"]
        },
        {paths[path]: frozenset([paths[one] for one in asked]) for path, asked in content["unreached"]},
        frozenset([paths[path] for path in content["meant"]]),
        rebuilt(tuple[Finding, ...], content["findings"]) if content["findings"] else (),
    )
