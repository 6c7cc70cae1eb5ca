"""What only the whole project can tell: seams, unused patterns, leftovers; and which entries can be emitted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skillweave.diagnostics import (
    LEFTOVER_DIRECTIVE,
    OUTPUT_COLLISION,
    UNREADABLE_FILE,
    UNUSED_PATTERN,
    INCLUDE_CYCLE,
    Diagnostic,
    Note,
    Problem,
    Severity,
)
from skillweave.directive import CANDIDATE, WORDS
from skillweave.emit import Bundle, Output, banner_of, document_text
from skillweave.files import digest
from skillweave.flatten import Nodes, origins
from skillweave.graph import closure, trails
from skillweave.markdown.reading import read
from skillweave.project import START
from skillweave.seams import check_seams
from skillweave.source import LineIndex, Span
from skillweave.units import UnitKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.files import Tree
    from skillweave.project import Entry
    from skillweave.source import SourcePath


def check_project(nodes: Nodes, entries: Sequence[Entry], *, complete: bool) -> None:
    """All checks over the graph. What they find goes to it; `complete`: all entries are looked at."""
    graph = nodes.graph
    graph.diagnostics += nodes.project.diagnostics
    check_seams(nodes)
    if complete:
        reached = closure(graph, (file.real for entry in entries for file in entry.files))
        for path in nodes.project.patterns:
            if path not in reached:
                graph.add(
                    Diagnostic(
                        UNUSED_PATTERN,
                        f"no entry reaches {path}",
                        path,
                        START,
                        START,
                        help="include it, reference it, or remove it",
                        severity=Severity.WARNING,
                    )
                )


def check_bundle(nodes: Nodes, tree: Tree, entry: Entry) -> Bundle | None:
    """One entry's bundle; None if anything in its closure is wrong."""
    graph = nodes.graph
    compiled = [file for file in entry.files if file.treatment == "compile"]
    inputs = closure(graph, (file.real for file in compiled))
    if inputs & graph.failed or any(nodes.whole(file.real) is None for file in compiled):
        return None
    banner = banner_of(entry) if nodes.config.banner else None
    outputs: list[Output] = []
    digests: dict[str, str] = {path: graph.files[path].digest for path in inputs if path in graph.files}
    for file in entry.files:
        if file.treatment == "partial":
            continue
        if file.treatment == "compile":
            text = document_text(nodes, file.real, banner if file.path == entry.path else None)
            if not _check_leftovers(nodes, file.real, text):
                return None
            outputs.append(Output(file.path, text.encode(), _mode(tree, file.real)))
            continue
        contents = tree.read(file.real)
        if contents.problem is not None:
            message = f"{file.path} cannot be read: {contents.problem}"
            graph.add(Diagnostic(UNREADABLE_FILE, message, file.path, START, START), file.real)
            return None
        outputs.append(Output(file.path, contents.data, contents.mode))
        digests[file.path] = digest(contents.data)
    return Bundle(entry, tuple(sorted(outputs)), digests)


def with_trails(nodes: Nodes, entries: Sequence[Entry], *, complete: bool) -> tuple[Diagnostic, ...]:
    """All diagnostics, sorted, each with the shortest chain of includes from an entry to its file."""
    graph = nodes.graph
    starts = {file.real: entry for entry in entries for file in entry.files}
    came = trails(graph, starts)
    reached = closure(graph, starts)
    found = []
    for diagnostic in dict.fromkeys(graph.diagnostics):
        if not complete and diagnostic.path not in reached:
            continue
        chain = []
        path = diagnostic.path
        while path in came and path not in starts:
            edge = came[path]
            place = graph.files[edge.source].index.position(edge.directive.span.start)
            chain.append(Note("included from", edge.source, place))
            path = edge.source
        if chain and diagnostic.code is INCLUDE_CYCLE:
            chain = [Note("reached from", chain[-1].path, chain[-1].position)]
        found.append(replace(diagnostic, notes=(*diagnostic.notes, *chain)))
    return tuple(sorted(found, key=Diagnostic.sort_key))


def _mode(tree: Tree, path: SourcePath) -> int:
    del tree, path
    return 0o644


def _check_leftovers(nodes: Nodes, path: SourcePath, text: str) -> bool:
    """The last guard: no directive is live in what is emitted, but where an escape put its text."""
    if not any(match[2] in WORDS for match in CANDIDATE.finditer(text)):
        return True
    document = nodes.graph.files[path].document
    body = 0
    if document and document.front_matter:
        index = LineIndex(text)
        body = next(line for line in range(1, len(index.starts)) if index.line(line).rstrip(" \t") == "---") + 1
        text = text[index.starts[body] :] if body < len(index.starts) else ""
    live = [opener for opener in read(text).openers if opener.fate == "live" and not opener.near_miss]
    if not live:
        return True
    index = LineIndex(text)
    places = list(origins(nodes, nodes.wholes[UnitKey(path)]))
    clean = True
    for opener in live:
        origin = places[index.line_of(opener.span.start)]
        file = nodes.graph.files[origin.path]
        escaped = file.document.escapes if file.document else ()
        start = file.index.starts[origin.line]
        if any(start <= offset <= start + len(file.lines[origin.line]) for offset in escaped):
            continue
        clean = False
        column = max(file.lines[origin.line].find(text[opener.span.start : opener.span.start + 2]), 0)
        place = start + column
        nodes.graph.report(
            origin.path,
            Problem(
                LEFTOVER_DIRECTIVE,
                "this directive would be left in the output, live",
                Span(place, place + 2),
                help="it was inert where it stands, and is not where it comes to: select the whole block around it",
            ),
        )
        nodes.graph.failed.add(path)
    return clean
