"""Hygiene: what a pattern means does not depend on where it is included (LANGUAGE 5). Labels of links and footnotes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skillweave.diagnostics import BROKEN_LINK, CAPTURED_REFERENCE, CONFLICTING_DEFINITION, Note, Problem, Severity
from skillweave.graph import diagnose
from skillweave.source import LineIndex, SourcePath, Span
from skillweave.units import to_source

if TYPE_CHECKING:
    from skillweave.document import Definition
    from skillweave.flatten import Nodes
    from skillweave.links import PlannedPage
    from skillweave.units import Unit

Label = tuple[str, bool]
"""A normalised label, and whether it is a footnote's."""


class _Meaning(NamedTuple):
    """What a label comes to in a page, and the definition that says so."""

    says: tuple[str, ...]
    unit: Unit
    definition: Definition


def check_labels(nodes: Nodes, page: PlannedPage, owner: SourcePath) -> None:
    """Report definitions of a page that contradict each other, and references that another file's definition takes."""
    meanings: dict[Label, _Meaning] = {}
    for label, meaning in _definitions(nodes, page):
        first = meanings.setdefault(label, meaning)
        if first.says != meaning.says:
            _report_conflict(nodes, first, meaning, owner)
    for copy in page.page.copies:
        node = nodes.nodes[copy.key]
        if copy.key.code is None and node.unit.document is not None and node.unit.document.uses:
            _check_uses(nodes, node.unit, copy.key.ranges, meanings)


def _definitions(nodes: Nodes, page: PlannedPage) -> list[tuple[Label, _Meaning]]:
    """The definitions of a page in the order of its lines; of two under one label in one file, the first."""
    found: list[tuple[tuple[int, ...], Label, _Meaning]] = []
    for number, copy in enumerate(page.page.copies):
        unit = nodes.nodes[copy.key].unit
        if unit.document is None or copy.key.code is not None:
            continue
        own: set[Label] = set()
        for definition in unit.document.definitions:
            label = (definition.label, definition.footnote)
            if label not in own and _covers(copy.key.ranges, definition.start):
                own.add(label)
                meaning = _Meaning(_says(page, number, unit, definition), unit, definition)
                found.append((page.page.place(number, definition.start), label, meaning))
    return [(label, meaning) for _, label, meaning in sorted(found, key=lambda entry: entry[0])]


def _covers(ranges: tuple[tuple[int, int], ...], line: int) -> bool:
    return any(start <= line < end for start, end in ranges)


def _says(page: PlannedPage, copy: int, unit: Unit, definition: Definition) -> tuple[str, ...]:
    """What a definition says in this page: its destination may have been rewritten."""
    if definition.footnote:
        return definition.meaning
    start = unit.index.starts[definition.start]
    end = unit.index.starts[definition.end - 1] + len(unit.lines[definition.end - 1])
    changed = next((edit.text for edit in page.edits.get(copy, ()) if start <= edit.start < end), None)
    return (changed, *definition.meaning[1:]) if changed is not None else definition.meaning


def _report_conflict(nodes: Nodes, first: _Meaning, second: _Meaning, owner: SourcePath) -> None:
    what = "footnote" if second.definition.footnote else "link definition"
    label = _label(second)
    place = _span(nodes, first)
    index = nodes.graph.files[first.unit.path].index
    problem = Problem(
        CONFLICTING_DEFINITION,
        f"the {what} {label} says something else than the one before it in the same document",
        _span(nodes, second),
        help="give one of them another label: only the first would count",
    )
    notes = (Note("the first one is at", first.unit.path, index.position(place.start)),)
    second_index: LineIndex = nodes.graph.files[second.unit.path].index
    nodes.graph.add(diagnose(second_index, second.unit.path, problem, notes=notes), owner, second.unit.path)


def _label(meaning: _Meaning) -> str:
    line = meaning.unit.lines[meaning.definition.start]
    return line[line.find("[") : line.find("]:") + 1] or f"[{meaning.definition.label}]"


def _span(nodes: Nodes, meaning: _Meaning) -> Span:
    line = meaning.unit.lines[meaning.definition.start]
    start = meaning.unit.index.starts[meaning.definition.start]
    found = Span(start + max(line.find("["), 0), start + len(line))
    return to_source(nodes.graph, meaning.unit, found)


def _check_uses(nodes: Nodes, unit: Unit, ranges: tuple[tuple[int, int], ...], meanings: dict[Label, _Meaning]) -> None:
    document = unit.document
    if document is None:
        return
    own = {(definition.label, definition.footnote): definition for definition in reversed(document.definitions)}
    for use in document.uses:
        label = (use.label, use.footnote)
        defined, meaning = own.get(label), meanings.get(label)
        if (defined is None and meaning is None) or not _covers(ranges, unit.index.line_of(use.span.start)):
            continue
        if defined is not None and _covers(ranges, defined.start):
            continue
        if meaning is not None and (defined is None or meaning.says != defined.meaning):
            text = unit.text[use.span.start : use.span.end]
            problem = Problem(
                CAPTURED_REFERENCE,
                f"{text} becomes a reference to the definition in {meaning.unit.path}",
                use.span,
                help="define it here, too, or escape the bracket with a backslash",
            )
            nodes.report(unit, problem)
        elif meaning is None and defined is not None and not _is_whole(unit, ranges):
            message = f"the definition of {unit.text[use.span.start : use.span.end]} is not in what is selected here"
            cure = f"put the definition into the same section (it stands on line {unit.source_line(defined.start) + 1})"
            nodes.report(unit, Problem(BROKEN_LINK, message, use.span, help=cure, severity=Severity.WARNING))


def _is_whole(unit: Unit, ranges: tuple[tuple[int, int], ...]) -> bool:
    return unit.document is not None and ranges == ((unit.document.body, unit.document.lines),)
