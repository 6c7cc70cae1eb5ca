"""Notes, behind an edit of one text, where its lines stand in outputs: for the next edit of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.diagnostics import EXPANSION_TOO_LARGE, SKILL_TOO_LONG
from skillweave.emit import banner_of, front_of
from skillweave.flatten.origins import runs_of
from skillweave.flatten.values import brought_by
from skillweave.incremental.rewording.words import GROWTH, Made, Run, Worded, Wording, kept_words_of
from skillweave.parts import below
from skillweave.rules.size import BYTES_OF_A_TOKEN
from skillweave.validate import skill_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skillweave.build import Compiled
    from skillweave.bundle import Bundle, Output
    from skillweave.flatten.values import NodeKey
    from skillweave.graph.values import Finding, Graph, SourceFile
    from skillweave.links.site import PlannedPage
    from skillweave.project import Entry
    from skillweave.source import SourcePath


def wording_of(compiled: Compiled, path: SourcePath, worked: int) -> Wording | None:
    """What to note of a text that was edited; None where more than the text of its lines may tell what comes of it."""
    file = compiled.graph.files.get(path)
    if file is None or _has_counted(compiled, path) or not _is_spliced_in_lines(compiled, file):
        return None
    bundles = [bundle for bundle in compiled.bundles if path in bundle.inputs]
    if len(bundles) < sum(path in known.sources for known in compiled.parts.bundles.values()):
        return None  # What has an error is checked, too, and nothing is noted of it.
    outputs = []
    for bundle in bundles:
        if path in bundle.copies.values():
            return None
        for output in bundle.outputs:
            page = bundle.pages.get(output.path)
            if page is not None and path in page.page.by_path:
                worded = _worded(compiled, bundle, output, page, path)
                if not _stands_there(output.data.decode(), file.lines, worded):
                    return None
                outputs.append(worded)
    marked = sorted({*_marked(compiled.parts.findings, path)})
    selected = [key.ranges for key in compiled.nodes.nodes if key.path == path]
    return Wording(
        worked,
        path,
        file.digest,
        file.text,
        GROWTH * len(file.text.encode()),
        # A finding may say where in the text something else stands.
        bool(marked) or () in selected or _is_counted(compiled.graph, path),
        tuple({one: None for ranges in selected for one in ranges}),
        tuple(_made(compiled, bundle.entry) for bundle in bundles),
        tuple(outputs),
        tuple(marked),
    )


def _made(compiled: Compiled, entry: Entry) -> Made:
    key = compiled.nodes.whole(entry.main.real)
    if entry.kind != "skill" or key is None:
        return Made(entry.path, _ANY, _ANY)
    size, limits = skill_size(compiled.nodes, entry, key), compiled.nodes.config.limits
    return Made(entry.path, BYTES_OF_A_TOKEN * limits.skill_tokens - size.bytes, limits.skill_lines - size.lines)


_ANY = 2**60
"""Room for more than there can be."""


def _is_counted(graph: Graph, path: SourcePath) -> bool:
    """Whether a directive may count the lines of a text: it names some by their numbers, or brings what may hold them into
    a line.
    """
    includes = [edge for edges in graph.edges.values() for edge in edges if edge.directive.word == "include"]
    named_by: dict[SourcePath, list[SourcePath]] = {}
    for edge in includes:
        if edge.target is not None:
            named_by.setdefault(edge.target, []).append(edge.source)
    holding = below(named_by, [path])
    return any(
        edge.target in holding
        and (edge.placed.prefix is None or (edge.target == path and edge.directive.lines is not None))
        for edge in includes
    )


def _has_counted(compiled: Compiled, path: SourcePath) -> bool:
    """Whether a finding tells the size of what is made of a text, or an offset in the text itself."""
    made = {place for place, known in compiled.parts.bundles.items() if path in known.sources}
    return any(
        (finding.diagnostic.code in _OF_SIZE and not made.isdisjoint({finding.diagnostic.path, finding.finder}))
        or (finding.diagnostic.path == path and finding.diagnostic.fix is not None)
        for finding in compiled.parts.findings
    )


_OF_SIZE = frozenset({EXPANSION_TOO_LARGE, SKILL_TOO_LONG})


def _marked(findings: Iterable[Finding], path: SourcePath) -> Iterator[int]:
    """The lines of a text that findings, told or not, name: their words may be what is told."""
    for finding in findings:
        diagnostic = finding.diagnostic
        if diagnostic.path == path:
            yield from range(diagnostic.start.line - 1, diagnostic.end.line)
        for note in (*diagnostic.notes, *diagnostic.hops):
            if note.path == path and note.position is not None:
                yield note.position.line - 1


def _is_spliced_in_lines(compiled: Compiled, file: SourceFile) -> bool:
    """Whether a text, and all that holds it, is spliced by whole lines, with no doubt that took a parse to settle, and is
    far from being too large.
    """
    document, nodes = file.document, compiled.nodes
    most = nodes.config.limits.bundle_bytes / GROWTH
    if document is None or document.params is not None:
        return False
    if any(placed.prefix is None for placed in document.directives):
        return False
    holding: set[NodeKey] = set()
    for key, node in nodes.nodes.items():  # a node stands behind all that it includes
        if key.path != file.path and holding.isdisjoint(child.key for child in brought_by(node.items, node.inline)):
            continue
        is_inline = any(child is not None and child.key in holding for _, child in node.inline)
        if is_inline or key.code is not None or key in nodes.doubtful or node.size > most:
            return False
        holding.add(key)
    return True


def _worded(compiled: Compiled, bundle: Bundle, output: Output, page: PlannedPage, path: SourcePath) -> Worded:
    """Where the lines of a text stand in an output."""
    front = front_of(compiled.nodes, page, banner_of(compiled.nodes, bundle.entry, page)).count("\n")
    runs = runs_of(compiled.nodes, page.page.copies[0].key, path)
    return Worded(output.path, tuple(Run(front + there, here, length) for there, here, length in runs))


def _stands_there(output: str, text: Sequence[str], worded: Worded) -> bool:
    """Whether the words of a text are where its lines are said to stand: nothing is built on what is not so."""
    lines = output.split("\n")
    for run in worded.runs:
        for number in range(run.length):
            words = kept_words_of(text[run.here + number])
            if words and not lines[run.there + number].endswith(words):
                return False
    return True
