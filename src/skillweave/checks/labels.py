"""Hygiene: what a pattern means must not depend on where it is included. Checks the labels of links and footnotes
(directives.md, Definitions and anchors).
"""

from __future__ import annotations

from operator import attrgetter

from skillweave.destination import read_destination, resolve
from skillweave.diagnostics import BROKEN_LINK, CAPTURED_REFERENCE, CONFLICTING_DEFINITION, Note, Problem, Severity
from skillweave.flatten.units import to_source
from skillweave.graph.values import diagnose
from skillweave.links.site import named
from skillweave.ranges import between
from skillweave.record import NamedTuple
from skillweave.source import LineIndex, SourcePath, Span, apply_edits
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skillweave.document import Definition
    from skillweave.flatten.units import Unit
    from skillweave.flatten.values import NodeKey, Nodes
    from skillweave.links.site import NamedByNode, PlannedPage, Site
    from skillweave.markdown.values import LabelUse

Label = tuple[str, bool]
"""A normalised label, and whether it is a footnote's."""


class _Meaning(NamedTuple):
    """What a label stands for in a page, and the definition that says so."""

    says: tuple[str, ...]
    unit: Unit
    definition: Definition


def check_labels(site: Site, page: PlannedPage, owner: SourcePath) -> None:
    """Report definitions in a page that contradict each other, and references that pick up another file's definition. `owner`
    is the main file of the entry, which a contradiction fails.
    """
    nodes = site.nodes
    copies = [
        (n, copy.key, named(site, copy.key)) for n, copy in enumerate(page.layout.copies) if copy.key.code is None
    ]
    meanings: dict[Label, _Meaning] = {}
    for label, meaning in _definitions(site, page, copies):
        first = meanings.setdefault(label, meaning)
        if first.says != meaning.says:
            _report_conflict(nodes, first, meaning, owner)
    for _, key, names in copies:
        for use, defined in names.uses:
            problem = _captured(nodes, key, meanings.get((use.label, use.footnote)), (use, defined))
            if problem is not None:
                nodes.report(nodes.nodes[key].unit, problem, owner)


def _definitions(
    site: Site, page: PlannedPage, copies: Iterable[tuple[int, NodeKey, NamedByNode]]
) -> list[tuple[Label, _Meaning]]:
    """The definitions of a page, in the order of its lines."""
    found: list[tuple[tuple[int, ...], Label, _Meaning]] = []
    for number, key, names in copies:
        for definition in names.definitions:
            unit = site.nodes.nodes[key].unit
            meaning = _Meaning(_says(page, number, unit, definition), unit, definition)
            found.append(
                (page.layout.place(number, definition.start), (definition.label, definition.footnote), meaning)
            )
    return [(label, meaning) for _, label, meaning in sorted(found, key=lambda entry: entry[0])]


def _says(page: PlannedPage, copy: int, unit: Unit, definition: Definition) -> tuple[str, ...]:
    """What a definition says in this page, where its destination may have been rewritten."""
    start = unit.line_index.starts[definition.start]
    end = unit.line_index.end(definition.end - 1)
    edits = page.edits.get(copy, [])
    within = between(edits, start, end, attrgetter("start"))
    if definition.footnote and (within or _has_destination(unit, definition)):
        from textwrap import dedent  # noqa: PLC0415 (slow to load, and most texts have no footnotes)

        first, _, others = apply_edits(unit.text, start, end, within).partition("\n")
        return (first.partition("]:")[2].strip(), dedent(others).rstrip())
    return (within[0].text, *definition.meaning[1:]) if within and not definition.footnote else definition.meaning


def _has_destination(unit: Unit, definition: Definition) -> bool:
    destinations = unit.document.destinations if unit.document else ()
    return bool(between(destinations, definition.start, definition.end, attrgetter("line")))


def _report_conflict(nodes: Nodes, first: _Meaning, second: _Meaning, owner: SourcePath) -> None:
    what = "footnote" if second.definition.footnote else "link definition"
    label = _label(second)
    place = _span(nodes, first)
    index = nodes.graph.files[first.unit.path].line_index
    is_copy = (first.unit.path, place) == (second.unit.path, _span(nodes, second))
    copied = f"the {what} {label} differs from the one in another copy of this text in the same document"
    cure = "write the whole link where the label is used: each copy then links to its own heading"
    if second.definition.footnote:
        cure = "write it into the text: a page has only one footnote with a label"
    problem = Problem(
        CONFLICTING_DEFINITION,
        copied if is_copy else f"the {what} {label} differs from an earlier one in the same document",
        _span(nodes, second),
        help=cure if is_copy else "give one of them another label: Markdown would use the first for both",
    )
    notes = () if is_copy else (Note("the first one is at", first.unit.path, index.position(place.start)),)
    second_index: LineIndex = nodes.graph.files[second.unit.path].line_index
    nodes.graph.add(diagnose(second_index, second.unit.path, problem, notes=notes), owner)


def _label(meaning: _Meaning) -> str:
    line = meaning.unit.lines[meaning.definition.start]
    return line[line.find("[") : line.find("]:") + 1] or f"[{meaning.definition.label}]"


def _span(nodes: Nodes, meaning: _Meaning) -> Span:
    line = meaning.unit.lines[meaning.definition.start]
    start = meaning.unit.line_index.starts[meaning.definition.start]
    found = Span(start + max(line.find("["), 0), start + len(line))
    return to_source(nodes.graph, meaning.unit, found)


def _captured(
    nodes: Nodes, key: NodeKey, meaning: _Meaning | None, used: tuple[LabelUse, Definition | None]
) -> Problem | None:
    """What is wrong with a label that a node's lines use but do not define. `used` also has the definition in the rest of its
    file, if any; `meaning` is what the label stands for in the page.
    """
    unit = nodes.nodes[key].unit
    use, defined = used
    if meaning is not None and (defined is None or _goal(meaning.unit, meaning.definition) != _goal(unit, defined)):
        text = unit.text[use.span.start : use.span.end]
        return Problem(
            CAPTURED_REFERENCE,
            f"{text} becomes a reference to the definition in {meaning.unit.path}",
            use.span,
            help="define it here too, or escape the bracket with a backslash",
        )
    if meaning is None and defined is not None:
        message = f"the definition of {unit.text[use.span.start : use.span.end]} is not in what is selected here"
        cure = f"put the definition into the same section (it stands on line {unit.source_line(defined.start) + 1})"
        return Problem(BROKEN_LINK, message, use.span, help=cure, severity=Severity.WARNING)
    return None


def _goal(unit: Unit, definition: Definition) -> tuple[str, ...]:
    """What a definition means regardless of where it is spliced: a relative destination starts at the definition's own file."""
    written = None if definition.footnote else read_destination(definition.meaning[0], "definition")
    if written is None or not written.path:
        return definition.meaning
    return (resolve(unit.path, written.path), definition.meaning[0][written.length :], *definition.meaning[1:])
