"""What reaches what: closures, chains of includes, and the problems of documents, which depend on who includes them."""

from __future__ import annotations

from collections import deque

from skillweave.diagnostics import (
    DIRECTIVE_IN_FRONT_MATTER,
    INCLUDE_CYCLE,
    INVALID_FRONT_MATTER,
    Note,
    Severity,
)
from skillweave.graph.values import Graph, KeptEdge, KeptEdges
from skillweave.record import NamedTuple
from skillweave.source import Position
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from skillweave.diagnostics import Diagnostic
    from skillweave.graph.values import Finding, SourceFile
    from skillweave.project import Entry, Project
    from skillweave.source import SourcePath


def starts_of(project: Project) -> set[SourcePath]:
    """The files that are read without being named: all Markdown patterns, all partials, and the files that entries are
    compiled from.
    """
    compiled = {file.real for entry in project.entries for file in entry.files if file.treatment == "compile"}
    patterns = (path for path in project.patterns if path.endswith(".md") and not project.is_verbatim(path))
    return {*patterns, *compiled, *project.partials}


def report_problems(graph: Graph, project: Project, elsewhere: Iterable[SourcePath] = ()) -> None:
    """Report each document's own problems. `elsewhere` are files that are included from outside this graph.

    Some problems are more severe in an included file than in an entry. Front matter must be YAML in a SKILL.md and in a
    pattern; in other files of an entry, that is up to the author (directives.md, Front matter).
    """
    included = {*included_by(graph), *elsewhere, *project.patterns}
    skills = {entry.main.real for entry in project.entries if entry.kind == "skill"}
    for path, file in sorted(graph.files.items()):
        spoilt = _spoilt_lines(graph, file) if path not in skills else ()
        for problem in file.document.problems if file.document else ():
            if problem.code is INVALID_FRONT_MATTER and file.line_index.line_of(problem.span.start) in spoilt:
                continue
            lenient = problem.code is INVALID_FRONT_MATTER and path not in skills and path in project.homes
            if problem.inclusion_severity and path in included:
                graph.report(path, problem._replace(severity=problem.inclusion_severity))
            elif lenient and file.document and file.document.front_matter:
                graph.report(path, problem._replace(severity=Severity.WARNING))
            else:
                graph.report(path, problem)


def _spoilt_lines(graph: Graph, file: SourceFile) -> Collection[int]:
    """The lines of front matter that are no YAML because of a directive, if that is reported.

    Empty if the front matter may declare parameters, which cannot be read then.
    """
    document = file.document
    if document is None or document.front_matter is None:
        return ()
    if "params" in file.text[document.front_matter.start : document.front_matter.end]:
        return ()
    found = [problem for problem in document.problems if problem.code is DIRECTIVE_IN_FRONT_MATTER]
    told = [problem for problem in found if graph.tells(file, problem)]
    return {file.line_index.line_of(problem.span.start) for problem in told}


def included_by(graph: Graph) -> set[SourcePath]:
    """The files that some include of a graph splices."""
    return {edge.target for edges in graph.edges.values() for edge in edges if edge.splices and edge.target is not None}


class Closure(NamedTuple):
    """Some files, and all that they name, directly or not."""

    compiled: frozenset[SourcePath]
    """The files that are spliced or linked."""
    copied: frozenset[SourcePath]
    """The files that are only copied, so that what they name does not count: assets, and files shown as code."""

    @property
    def files(self) -> frozenset[SourcePath]:
        return self.compiled | self.copied


def closure(graph: Graph, starts: Iterable[SourcePath]) -> Closure:
    """The files that some files reach, themselves included."""
    reached = set(starts)
    copied = set()
    pending = list(reached)
    while pending:
        for edge in graph.edges.get(pending.pop(), ()):
            if edge.target is None or edge.target in reached:
                continue
            # A file that cannot be read counts as compiled, so that its error reaches the bundle.
            if edge.follows or (edge.reads and edge.target not in graph.files):
                reached.add(edge.target)
                pending.append(edge.target)
            else:
                copied.add(edge.target)
    return Closure(frozenset(reached), frozenset(copied - reached))


def kept_edges(graph: Graph) -> dict[SourcePath, tuple[KeptEdge, ...]]:
    """The part of a graph's edges that is kept between runs: those with a target, by file."""
    return {
        path: tuple(
            KeptEdge(
                edge.target,
                *file.line_index.position(edge.directive.span.start),
                edge.splices,
                edge.reads,
                edge.follows,
            )
            for edge in graph.edges.get(path, ())
            if edge.target is not None
        )
        for path, file in graph.files.items()
    }


def trails(edges: KeptEdges, starts: Iterable[SourcePath]) -> dict[SourcePath, tuple[SourcePath, KeptEdge]]:
    """For every file reached from `starts`: the edge that leads to it on a shortest chain, and the file that it starts from."""
    came: dict[SourcePath, tuple[SourcePath, KeptEdge]] = {}
    pending = deque(sorted(starts))
    seen = set(pending)
    while pending:
        source = pending.popleft()
        for edge in edges.get(source, ()):
            if edge.target not in seen:
                seen.add(edge.target)
                came[edge.target] = (source, edge)
                pending.append(edge.target)
    return came


GIVEN = "with the values that are given at"
"""The note on where a template gets values with which it has a problem: how that place is reached is what matters then."""


def with_trails(findings: Iterable[Finding], edges: KeptEdges, entries: Iterable[Entry]) -> tuple[Diagnostic, ...]:
    """All diagnostics, sorted and without duplicates, each with a chain of edges that leads to its file from an entry that has
    it: a shortest one.
    """
    found: dict[Diagnostic, set[SourcePath]] = {}
    for finding in findings:
        if finding.mark is None:
            found.setdefault(finding.diagnostic, set()).update([finding.finder] if finding.finder else [])
    files = {entry.path: frozenset(file.real for file in entry.files) for entry in entries} if found else {}
    starts = frozenset().union(*files.values())
    came = trails(edges, starts) if found else {}
    of_entry: dict[SourcePath, dict[SourcePath, tuple[SourcePath, KeptEdge]]] = {}
    chained = []
    for diagnostic, finders in found.items():
        given = next((note.path for note in diagnostic.notes if note.message == GIVEN), None)
        chain, start = _chain(came, starts, given or diagnostic.path)
        those = sorted(finders & files.keys())
        if chain and those and not any(start in files[finder] for finder in those):
            # The nearest entry does not have it: what is wrong depends on what is around the text, or on values.
            first = those[0]
            if first not in of_entry:
                of_entry[first] = trails(edges, files[first])
            chain, _ = _chain(of_entry[first], files[first], diagnostic.path)
        if chain and diagnostic.code is INCLUDE_CYCLE:
            chain = [Note("reached from", chain[-1].path, chain[-1].position)]
        chained.append(diagnostic._replace(notes=(*diagnostic.notes, *chain)) if chain else diagnostic)
    # Diagnostics with the same place and message may differ in the rest; sort by that too, so that the order in which
    # they were found does not matter.
    return tuple(sorted(chained, key=lambda d: (*d.sort_key(), d.end, d.help or "", d.label or "", str(d.notes))))


def _chain(
    came: Mapping[SourcePath, tuple[SourcePath, KeptEdge]], starts: Collection[SourcePath], path: SourcePath
) -> tuple[list[Note], SourcePath]:
    """The notes on how a path is reached, from the path up, and the file that this begins in."""
    chain = []
    while path in came and path not in starts:
        path, edge = came[path]
        chain.append(Note("included from", path, Position(edge.line, edge.column)))
    return chain, path


def with_dependencies(
    names: Mapping[SourcePath, Iterable[SourcePath]], starts: Iterable[SourcePath]
) -> set[SourcePath]:
    """The files in `starts`, and all that they name, directly or not."""
    reached = set(starts)
    pending = list(reached)
    while pending:
        for target in names.get(pending.pop(), ()):
            if target not in reached:
                reached.add(target)
                pending.append(target)
    return reached


def with_dependents(
    graphs: Iterable[Mapping[SourcePath, Iterable[SourcePath]]], starts: Iterable[SourcePath]
) -> set[SourcePath]:
    """The files in `starts`, and all that name them in any of the graphs, directly or not."""
    named_by: dict[SourcePath, list[SourcePath]] = {}
    for graph in graphs:
        for path, targets in graph.items():
            for target in targets:
                named_by.setdefault(target, []).append(path)
    return with_dependencies(named_by, starts)
