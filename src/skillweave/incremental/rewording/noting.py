"""Makes the source map of a run: where the lines of texts stand in its outputs, for the edits to come."""

from __future__ import annotations

from skillweave.destination import read_destination, resolve
from skillweave.diagnostics import EXPANSION_TOO_LARGE, SKILL_TOO_LONG
from skillweave.emit import front_lines
from skillweave.flatten.splice import continuation
from skillweave.flatten.values import ChildItem, TextItem
from skillweave.graph.reach import with_dependencies
from skillweave.incremental.rewording.names import names_in
from skillweave.incremental.rewording.source_map import EntryRow, NodeRow, SourceMap, Text, whole_name
from skillweave.incremental.rewording.words import GROWTH
from skillweave.links.captions import heading_text
from skillweave.rules.size import BYTES_OF_A_TOKEN
from skillweave.slugs import slugify
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skillweave.build import Compiled
    from skillweave.bundle import Bundle
    from skillweave.destination import Written
    from skillweave.flatten.units import Unit, UnitKey
    from skillweave.flatten.values import Item, Node, NodeKey, Nodes
    from skillweave.graph.values import Finding, Graph, SourceFile
    from skillweave.source import SourcePath


def source_map_of(compiled: Compiled) -> SourceMap:
    """The source map of a run, still without its texts."""
    nodes, graph = compiled.nodes, compiled.graph
    numbers = {key: number for number, key in enumerate(nodes.nodes)}
    found = SourceMap()
    joined: dict[UnitKey, list[int]] = {}
    counted = _counted(graph)
    worst = _worst(nodes)
    odd = {key for key, node in nodes.nodes.items() if _is_odd(nodes, node, worst[key], counted)}
    found.rows = [[*_row(node, numbers, joined)._replace(is_odd=key in odd)] for key, node in nodes.nodes.items()]
    found.wholes = {whole_name(unit.path, unit.arguments): numbers[key] for unit, key in nodes.wholes.items()}
    found.names = {whole_name(unit.path, unit.arguments): _names(nodes, nodes.units[unit]) for unit in nodes.wholes}
    found.named = sorted(_named(compiled))
    found.counted = sorted(counted | {key.path for key in nodes.nodes if not key.ranges})
    found.entries = {bundle.entry.path: [*_entry(nodes, bundle, numbers)] for bundle in compiled.bundles}
    found.failed = [path for path, known in compiled.parts.bundles.items() if not known.good]
    for finding in compiled.parts.findings:
        for path, line in _marked(finding):
            found.marked.setdefault(path, []).append(line)
    found.sized = sorted(_sized(compiled))
    fixed = {finding.diagnostic.path for finding in compiled.parts.findings if finding.diagnostic.fix is not None}
    found.fixed = sorted(fixed)
    return found


_OF_SIZE = frozenset({EXPANSION_TOO_LARGE, SKILL_TOO_LONG})


def texts_of(compiled: Compiled, paths: Iterable[SourcePath]) -> dict[str, Text | None]:
    """The texts at some paths, as a source map holds them; None for one whose edits only the compiler can handle."""
    files = {path: compiled.graph.files.get(path) for path in sorted(paths)}
    return {path: _text(file) if file is not None and _is_simple(file) else None for path, file in files.items()}


def laid_down(texts: Mapping[str, Text | None]) -> tuple[dict[str, Text | None], list[bytes]]:
    """Lay out texts in one file. Returns the texts, with the place of each in that file instead of its content, and the pieces
    of which the file consists.
    """
    placed, pieces, start = dict[str, Text | None](), list[bytes](), 0
    for path, text in texts.items():
        if text is not None:
            piece = str(text.content).encode()
            placed[path] = text._replace(content=[start, len(piece), digest(piece)])
            pieces.append(piece)
            start += len(piece)
    return placed, pieces


def _text(file: SourceFile) -> Text:
    return Text(file.text, GROWTH * len(file.text.encode()), file.digest)


def _is_simple(file: SourceFile) -> bool:
    """Whether a text is spliced line by line and unchanged: it is no template and has no setext heading."""
    document = file.document
    return document is not None and document.params is None and not any(heading.setext for heading in document.headings)


def _row(node: Node, numbers: Mapping[NodeKey, int], joined: dict[UnitKey, list[int]]) -> NodeRow:
    """The row of a node, with `is_odd` still False. `joined` caches, by unit, the lines that `NodeRow.joined` lists."""
    key, unit = node.key, node.unit
    if unit.key not in joined:
        headings = unit.document.headings if unit.document else ()
        setext = (heading for heading in headings if heading.setext)
        joined[unit.key] = [line for heading in setext for line in range(heading.start + 1, heading.end)]
    items = [_item(item, numbers) for item in node.items]
    return NodeRow(
        key.path,
        [[*lines] for lines in key.ranges],
        f"{key.code} {key.unit.arguments}" if key.code is not None or key.unit.arguments else "",
        # Text taken as code gets a fence line before it and one behind it.
        items if key.code is None else [[], *items, []],
        [numbers[child.key] for _, child in node.inline if child is not None],
        joined[unit.key] if key.code is None else [],
        is_odd=False,
    )


def _is_odd(nodes: Nodes, node: Node, worst: int, counted: set[SourcePath]) -> bool:
    """Whether the outcome of a node may depend on more than the text of its lines.

    That is so for code, for a splice that had to be parsed to check it, for a node that may become too large, and for lines
    that are read apart from each other and might spell a directive then.
    """
    key, text = node.key, node.unit.text
    is_cut = len(key.ranges) > 1 or key.path in counted
    if is_cut and ("<<" in text or "{{" in text):
        return True
    return key.code is not None or key in nodes.doubtful or worst * GROWTH > nodes.config.limits.bundle_bytes


def _worst(nodes: Nodes) -> dict[NodeKey, int]:
    """The most bytes that each node can come to, however short its lines: a line of one byte may cost a whole prefix."""
    worst: dict[NodeKey, int] = {}
    for key, node in nodes.nodes.items():  # nodes are in order: each comes after all that it includes
        most = node.size + sum(worst[child.key] for _, child in node.inline if child is not None)
        for item in node.items:
            if isinstance(item, ChildItem):
                most += worst[item.child.key] * (1 + len(continuation(item.child.edge.placed.prefix or "")))
        worst[key] = most
    return worst


def _sized(compiled: Compiled) -> set[SourcePath]:
    """The texts that are part of something whose size a finding reports, or of an entry with errors: as that is not published,
    nobody records how much longer it may become.
    """
    sized = [finding for finding in compiled.parts.findings if finding.diagnostic.code in _OF_SIZE]
    if any(finding.diagnostic.code is EXPANSION_TOO_LARGE for finding in sized):
        return {*compiled.parts.edges}
    places = {path for finding in sized for path in (finding.diagnostic.path, finding.finder)}
    bundles = compiled.parts.bundles
    return {source for path, known in bundles.items() if path in places or not known.good for source in known.sources}


def _names(nodes: Nodes, unit: Unit) -> str:
    """The names of a text, in the form of `Wording.names`. `unit` has a node for the whole of it."""
    if unit.document is None:
        return names_in(())
    node = nodes.nodes[nodes.wholes[unit.key]]
    slugs = (slugify(heading_text(nodes, node, heading)) for heading in unit.document.headings)
    fragments = (written.fragment for written in _written(unit) if written.fragment is not None)
    return names_in([*slugs, *fragments])


def _named(compiled: Compiled) -> set[SourcePath]:
    """The texts that a link or a reference leads to, or of which a directive names a section."""
    nodes, tree = compiled.nodes, compiled.tree
    edges = (edge for edges in compiled.graph.edges.values() for edge in edges)
    named = {
        edge.target
        for edge in edges
        if edge.target is not None and (edge.directive.word == "reference" or edge.directive.section is not None)
    }
    return named | {
        tree.look_up(resolve(unit.path, written.path)).real
        for unit in nodes.units.values()
        for written in _written(unit)
        if written.path
    }


def _written(unit: Unit) -> Iterator[Written]:
    """Yield what the links of a text lead to."""
    for destination in unit.document.destinations if unit.document is not None else ():
        written = read_destination(unit.text[destination.span.start : destination.span.end], destination.kind)
        if written is not None:
            yield written


def _item(item: Item, numbers: Mapping[NodeKey, int]) -> list[int]:
    if isinstance(item, TextItem):
        return [*item]
    return [numbers[item.child.key], item.child.shift, 0] if isinstance(item, ChildItem) else []


def _entry(nodes: Nodes, bundle: Bundle, numbers: Mapping[NodeKey, int]) -> EntryRow:
    entry = bundle.entry
    outputs = {}
    for path, page in bundle.pages.items():
        front = len(front_lines(nodes, entry, page))
        outputs[path] = [numbers[page.layout.copies[0].key], front]
    room, copies = (_ANY, _ANY), [*bundle.copied.values()]
    if bundle.size is not None:
        limits, size = nodes.config.limits, bundle.size
        room = BYTES_OF_A_TOKEN * limits.skill_tokens - size.bytes, limits.skill_lines - size.lines
    return EntryRow(*room, [*map(str, copies)], outputs)


_ANY = 2**60
"""More room than any text can need."""


def _counted(graph: Graph) -> set[SourcePath]:
    """The texts whose lines a directive may count: it selects some by number, or includes in running text something that may
    bring them.
    """
    includes = [edge for edges in graph.edges.values() for edge in edges if edge.directive.word == "include"]
    named: dict[SourcePath, list[SourcePath]] = {}
    for edge in includes:
        if edge.target is not None:
            named.setdefault(edge.source, []).append(edge.target)
    inline = (edge.target for edge in includes if edge.target is not None and edge.placed.prefix is None)
    by_number = (edge.target for edge in includes if edge.target is not None and edge.directive.lines is not None)
    return with_dependencies(named, inline) | {*by_number}


def _marked(finding: Finding) -> Iterator[tuple[SourcePath, int]]:
    """Yield the lines (from 0) that a finding names, each with its text, as the finding may quote their words. Ignored findings
    count, too.
    """
    diagnostic = finding.diagnostic
    for line in range(diagnostic.start.line - 1, diagnostic.end.line):
        yield diagnostic.path, line
    for note in (*diagnostic.notes, *diagnostic.hops):
        if note.path is not None and note.position is not None:
            yield note.path, note.position.line - 1
