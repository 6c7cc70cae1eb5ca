"""Units: the texts that can be spliced. A file is one unit; a template is one for each set of values that it is given
(directives.md, Parameters).

A template's directives, selections and problems are found in its source. What is spliced is its rendering, which is parsed
anew. Of the directives in the rendering, only those count that stood in the source and came through.
"""

from __future__ import annotations

from bisect import bisect_left

from skillweave.destination import read_destination, resolve
from skillweave.diagnostics import (
    EXPANSION_TOO_LARGE,
    INVALID_FRONT_MATTER,
    TEMPLATE_ERROR,
    UNCLOSED_FENCE,
    UNCLOSED_HTML,
    UNKNOWN_PARAM,
    Problem,
    Severity,
)
from skillweave.graph.reach import with_dependents
from skillweave.parse.documents import parse
from skillweave.parse.front import directive_spellings
from skillweave.ranges import joined, trimmed, without
from skillweave.record import NamedTuple
from skillweave.source import LineIndex, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from skillweave.document import Document
    from skillweave.files import Tree
    from skillweave.front_matter.values import Param
    from skillweave.graph.values import Edge, Graph, SourceFile
    from skillweave.ranges import Ranges
    from skillweave.source import SourcePath
    from skillweave.template.values import Template

Arguments = tuple[tuple[str, str], ...]
"""The value of every parameter of a template, as pairs sorted by name; empty for any other file."""


class UnitKey(NamedTuple):
    """A file, and the values that it is rendered with if it is a template."""

    path: SourcePath
    arguments: Arguments = ()


class Rendering(NamedTuple):
    """Where the rendering of a template comes from."""

    sources: tuple[int, ...]
    """The line of the source that each line comes from."""
    kept: Mapping[int, int]
    """Where the directives that came through stood in the source: offset in the rendering → in the source."""


class Unit(NamedTuple):
    """A text that can be spliced. `edges` are those of the document's directives, in order; None for one that does
    not count.
    """

    key: UnitKey
    text: str
    line_index: LineIndex
    lines: tuple[str, ...]
    document: Document | None
    edges: tuple[Edge | None, ...]
    is_own: bool
    """Whether it is the own file of a skill or a document: its text keeps its `{#id}`."""
    rendering: Rendering | None = None
    """Where its text comes from if it is the rendering of a template; None for the text of a file."""

    @property
    def path(self) -> SourcePath:
        return self.key.path

    def source_line(self, line: int) -> int:
        """The line of the file that a line of this text comes from."""
        return line if self.rendering is None else self.rendering.sources[line]


class Calls:
    """The values that each template is given by the directives that name it, over all levels."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.templates: dict[SourcePath, Template | None] = {}
        """The templates read so far; None for one with a problem."""
        self.instances: dict[SourcePath, set[Arguments]] = {}
        """By template, the sets of values that it is rendered with."""
        self.arguments: dict[tuple[UnitKey, Edge], Arguments | None] = {}
        """What `of` has worked out so far."""
        self.first: dict[UnitKey, tuple[SourcePath, int]] = {}
        """The first directive, by file and offset, that gives a template these values."""
        self.callers: dict[UnitKey, set[UnitKey]] = {}
        """The units with directives that give a template these values."""
        self.by_default: set[UnitKey] = set()
        """The templates with their defaults, if links lead there or nothing names them."""

    def of(self, caller: UnitKey, edge: Edge) -> Arguments | None:
        """The values that a directive gives to its target in one unit. None if they are wrong, which is reported here, or if
        the target could not be read.
        """
        key = (caller, edge)
        if key not in self.arguments:
            self.arguments[key] = _bind(self.graph, caller, edge)
        return self.arguments[key]

    def template(self, path: SourcePath) -> Template | None:
        """The template of a file; None if it is none, or has a problem (which is reported with its document's)."""
        if path not in self.templates:
            self.templates[path] = _template(self.graph.files[path])
        return self.templates[path]

    def givers(self, keys: Iterable[UnitKey]) -> list[SourcePath]:
        """The files that fail if something is wrong with some units: their own; but for a template, the files whose values
        reach it, and its own only if it is rendered with its defaults.
        """
        found: set[SourcePath] = set()
        pending = [*keys]
        seen = {*pending}
        while pending:
            key = pending.pop()
            if key in self.by_default or not _is_template(self.graph.files[key.path]):
                found.add(key.path)
            more = self.callers.get(key, set()) - seen
            seen |= more
            pending += more
        return sorted(found)


def defaults_of(params: Iterable[Param]) -> Arguments:
    """What a template is rendered with if nobody gives it values."""
    return tuple(sorted((param.name, param.default or "") for param in params))


def find_calls(graph: Graph, limit: int, linked: Collection[SourcePath]) -> Calls:
    """Find every set of values that a directive gives to a template, starting from all files that are no templates.

    `linked` are the templates that links lead to. These, and templates that nothing names, are taken with their defaults. More
    than `limit` sets of values are reported where they become too many, and all that begins at the same file is not rendered.
    """
    calls = Calls(graph)
    pending = [UnitKey(path) for path, file in sorted(graph.files.items()) if not _is_template(file)]
    called = {edge.target for edges in graph.edges.values() for edge in edges if edge.follows}
    for path, file in sorted(graph.files.items()):
        params = file.document.params if file.document else None
        if params is None or any(param.required for param in params):
            continue
        if path in linked or path not in called:
            # A link gives no values, and a template that nothing names is still checked: its defaults will do for both.
            given = defaults_of(params)
            calls.instances.setdefault(path, set()).add(given)
            pending.append(UnitKey(path, given))
            calls.by_default.add(pending[-1])
    barred: set[SourcePath] = set()
    left = limit
    for start in reversed(pending):
        found, edge = _calls_from(calls, start, left, barred)
        if edge is None:
            left -= len(found)
            continue
        message = f"templates are rendered with more than {limit:,} different sets of values from here on"
        cure = "pass fewer values on, or raise `limits.expansions` in the configuration"
        graph.report(edge.source, Problem(EXPANSION_TOO_LARGE, message, edge.directive.span, help=cure))
        # The error keeps back all that reach this directive, so nothing needs to be rendered for them.
        named = {path: [edge.target for edge in edges if edge.target] for path, edges in graph.edges.items()}
        barred |= with_dependents([named], [edge.source])
        for key in found:
            calls.instances[key.path].discard(key.arguments)
    return calls


def _calls_from(
    calls: Calls, start: UnitKey, limit: int, barred: Collection[SourcePath]
) -> tuple[list[UnitKey], Edge | None]:
    """Find the sets of values that a unit gives to templates, and these to further ones, except to those in `barred`. Returns
    the renderings that were not known; if they are more than `limit`, also the directive at which the search ended.
    """
    graph, found, pending = calls.graph, list[UnitKey](), [start]
    while pending:
        caller = pending.pop()
        for edge in graph.edges.get(caller.path, ()):
            if edge.target is None or edge.target not in graph.files or edge.directive.word == "asset":
                continue
            if edge.directive.as_code or edge.target in barred:
                continue
            given = calls.of(caller, edge)
            if given is not None:
                key, place = UnitKey(edge.target, given), (edge.source, edge.directive.span.start)
                calls.first[key] = min(calls.first.get(key, place), place)
                calls.callers.setdefault(key, set()).add(caller)
            known = calls.instances.setdefault(edge.target, set())
            if given is None or given in known or not _is_template(graph.files[edge.target]):
                continue
            known.add(given)
            found.append(UnitKey(edge.target, given))
            if len(found) > limit:
                return found, edge
            pending.append(found[-1])
    return found, None


def note_linked_templates(graph: Graph, tree: Tree, units: Iterable[Unit] = ()) -> set[SourcePath]:
    """The templates that links of files lead to, and those of some units.

    They are noted in `graph.linked`, by the file with the link: what a link leads to depends on that file.
    """
    templates = {path for path, file in graph.files.items() if _is_template(file)}
    found = set()
    texts = [(path, file.text, file.document) for path, file in graph.files.items()] if templates else []
    for path, text, document in (*texts, *((unit.path, unit.text, unit.document) for unit in units)):
        for destination in document.destinations if document else ():
            written = read_destination(text[destination.span.start : destination.span.end], destination.kind)
            target = tree.look_up(resolve(path, written.path)).real if written is not None and written.path else None
            if target is not None and target in templates:
                found.add(target)
                graph.linked[path] = tuple(dict.fromkeys((*graph.linked.get(path, ()), target)))
    return found


def file_unit(graph: Graph, path: SourcePath, *, is_own: bool) -> Unit:
    """The unit of a file that is no template."""
    file = graph.files[path]
    edges = graph.edges.get(path, ())
    return Unit(UnitKey(path), file.text, file.line_index, file.lines, file.document, edges, is_own)


def rendered_unit(calls: Calls, key: UnitKey, limit: int) -> tuple[Unit | None, list[Problem]]:
    """Render a template: the unit of it with its values, and what is wrong with it in the template's own text. The unit is None
    if it cannot be rendered, or is larger than `limit` bytes.
    """
    from skillweave.template.rendering import render_template  # noqa: PLC0415 (jinja2 is imported for templates only)

    graph = calls.graph
    file = graph.files[key.path]
    template = calls.template(key.path)
    if template is None or file.document is None:
        return None, []
    rendered = render_template(template, dict(key.arguments), limit)
    if isinstance(rendered, Problem):
        return None, [rendered]
    text = "\n".join(rendered.lines)
    index = LineIndex(text)
    masks = directive_spellings(file.line_index, file.document.body)
    kept = {index.starts[place.line] + place.column: masks[place.mask].start for place in rendered.kept}
    document = parse(text, front_matter=False)
    by_start = {edge.directive.span.start: edge for edge in graph.edges.get(key.path, ())}
    edges = []
    for placed in document.directives:
        edge = by_start.get(kept.get(placed.directive.span.start, -1))
        edges.append(edge._replace(placed=placed, written=edge.directive) if edge else None)
    rendering = Rendering(rendered.sources, kept)
    unit = Unit(key, text, index, rendered.lines, document, tuple(edges), is_own=False, rendering=rendering)
    unclosed = [
        problem._replace(span=to_source(graph, unit, problem.span), severity=Severity.ERROR)
        for problem in document.problems
        if problem.code in (UNCLOSED_FENCE, UNCLOSED_HTML)
    ]
    return unit, unclosed or [*_lost_directives(unit, by_start)]


def _lost_directives(unit: Unit, edges: Mapping[int, Edge]) -> Iterator[Problem]:
    """Yield a problem for every directive that is live in a template's source, but in this rendering stands in code, a comment
    or a tag. `edges` are those of the source, by offset.
    """
    read = {placed.directive.span.start for placed in unit.document.directives} if unit.document else set()
    for start, written in unit.rendering.kept.items() if unit.rendering is not None else ():
        edge = edges.get(written)
        if edge is not None and start not in read:
            message = "with these values, this directive ends up where directives are not read"
            cure = "pass no value that opens code, a comment or a tag before it, or escapes it"
            yield Problem(TEMPLATE_ERROR, message, edge.directive.span, help=cure)


def to_source(graph: Graph, unit: Unit, span: Span) -> Span:
    """Translate a span of a unit's text to its file: exact for files, for directives, and for lines that are the same up to the
    end of the span; the whole line for other rendered text.
    """
    if unit.rendering is None:
        return span
    file = graph.files[unit.path]
    if span.start in unit.rendering.kept:
        start = unit.rendering.kept[span.start]
        return Span(start, start + span.end - span.start)
    rendered = unit.line_index.line_of(span.start)
    line = unit.rendering.sources[rendered]
    start, length = file.line_index.starts[line], len(file.lines[line])
    column, end = span.start - unit.line_index.starts[rendered], span.end - unit.line_index.starts[rendered]
    if end <= length and file.lines[line][:end] == unit.lines[rendered][:end]:
        return Span(start + column, start + end)
    return Span(start, start + length)


def rendered_ranges(unit: Unit, ranges: Ranges) -> Ranges:
    """Translate line ranges of a template's source to those of the rendering that they became, without blank lines at both
    ends.
    """
    if unit.rendering is None:
        return ranges
    sources = unit.rendering.sources
    # A value may contain a marker, too, and no marker may reach an output.
    hidden = unit.document.markers if unit.document else ()
    # The lines of a rendering are in the order of their sources.
    runs = ((bisect_left(sources, start), bisect_left(sources, end)) for start, end in ranges)
    chosen = without(hidden, tuple((start, end) for start, end in runs if start < end))
    return trimmed(unit.lines, joined(chosen))


def _is_template(file: SourceFile) -> bool:
    return file.document is not None and file.document.params is not None


def _template(file: SourceFile) -> Template | None:
    from skillweave.template.rendering import check_template  # noqa: PLC0415 (jinja2 is imported for templates only)

    document = file.document
    if document is None or document.params is None:
        return None
    params = {param.name: param for param in document.params}
    body, spelled = file.line_index.start(document.body), directive_spellings(file.line_index, document.body)
    template, _ = check_template(file.text, body, params, spelled)
    return template


def _bind(graph: Graph, caller: UnitKey, edge: Edge) -> Arguments | None:
    directive = edge.directive
    if edge.target is not None and edge.target not in graph.files:
        return None  # It could not be read, which is reported.
    target = graph.files[edge.target] if edge.target is not None else None
    document = target.document if target else None
    if document is None or document.params is None:
        if document is not None and any(problem.code is INVALID_FRONT_MATTER for problem in document.problems):
            return None if directive.arguments else ()  # It may have parameters; that nobody can read them is reported.
        for argument in directive.arguments:
            message, cure = f"{edge.target} has no parameters", "declare them under `params` in its front matter"
            if document is not None and document.fields is not None and document.fields.get("params") is not None:
                message = f"{edge.target} is not below a pattern root, so it has no parameters"
                cure = "move it into a pattern root"
            graph.report(edge.source, Problem(UNKNOWN_PARAM, message, argument.span, help=cure))
        return None if directive.arguments else ()
    if any(problem.code is not TEMPLATE_ERROR for problem in document.params_problems):
        return None  # Its parameters are unknown, which is reported at their declaration.
    from skillweave.template.arguments import bind, passed_on  # noqa: PLC0415 (jinja2 is imported for templates only)

    values = dict(caller.arguments)
    given = []
    for argument in directive.arguments:
        name = passed_on(argument.value) if values or _is_template(graph.files[caller.path]) else None
        if name is not None and name not in values:
            message = f'"{name}" is not a parameter of {caller.path}'
            cure = "declare it under `params` in the front matter"
            graph.report(edge.source, Problem(TEMPLATE_ERROR, message, argument.span, help=cure))
        value = argument.value if name is None else values.get(name, "")
        given.append((argument.name, value, argument.span))
    bound, problems = bind({param.name: param for param in document.params}, given, directive.span)
    for problem in problems:
        graph.report(edge.source, problem)
    return None if problems else tuple(sorted(bound.items()))
