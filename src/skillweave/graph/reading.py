"""Reads files as they are needed, and resolves everything that they name."""

from __future__ import annotations

from types import MappingProxyType

from skillweave.destination import read_destination, resolve
from skillweave.diagnostics import (
    DIRECTIVE_IN_FRONT_MATTER,
    DIRECTIVE_IN_PARAM,
    INVALID_ENCODING,
    MALFORMED_DIRECTIVE,
    TEMPLATE_ERROR,
    UNKNOWN_DIRECTIVE,
    UNREADABLE_FILE,
    Code,
    Diagnostic,
    Problem,
)
from skillweave.files import Text, Tree, cure_of, is_below, read_text
from skillweave.graph.resolving import Resolver
from skillweave.graph.values import Edge, Graph, SourceFile
from skillweave.record import NamedTuple
from skillweave.source import START, EncodingProblem, LineIndex, SourcePath, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from skillweave.cache import Documents
    from skillweave.document import Document, PlacedDirective
    from skillweave.project import Project


class ReadContext(NamedTuple):
    """What reading works with, and the graph that it fills."""

    tree: Tree
    project: Project
    documents: Documents
    """Parses texts, or knows what earlier builds parsed."""
    graph: Graph
    is_part: bool = False
    """Whether only some patterns are read; then a pattern that a link leads to is read, too."""
    known: Mapping[SourcePath, SourceFile] = MappingProxyType({})
    """Files that an earlier build of this process has read, and that have not changed."""


def load(
    reading: ReadContext,
    paths: Iterable[SourcePath],
    progress: Callable[[int, int], None] | None = None,
    likely: Iterable[SourcePath] = (),
    shown: Iterable[SourcePath] = (),
) -> None:
    """Read some files, and whatever they name, into the graph, and resolve all directives.

    `progress` is called with the number of files read so far and in total. `likely` are files that these have named
    before; reading many at once takes less time. `shown` are read too, but what they name does not count, as in
    included code.
    """
    graph = reading.graph
    run = _Reading(reading)
    wanted = sorted(paths)
    run.read_ahead(path for path in sorted({*wanted, *likely}) if path not in graph.files)
    for done, path in enumerate(wanted):
        run.need(path, None)
        if progress:
            progress(done + 1, len(wanted))
    for path in sorted(shown):
        run.need(path, None, quoted=True)
    run.follow()


class _Unreadable(NamedTuple):
    """Why a file cannot be read."""

    code: Code
    message: str
    cure: str


_MEANT_AS_DIRECTIVE = (UNKNOWN_DIRECTIVE, MALFORMED_DIRECTIVE)

NO_TEXT = "remove the NUL bytes; if this is not a text, ship it with <<asset: …>>"


class _Reading:
    """Reads files as they are needed, and those that they name."""

    def __init__(self, reading: ReadContext) -> None:
        self.tree, self.project, self.documents, self.graph, is_part, self.known = reading
        self.resolver = Resolver(self.tree, self.project)
        self.follows = is_part or bool(self.project.shared)
        self.patterns = frozenset(self.project.patterns if is_part else ())
        own = {file.real for entry in self.project.entries for file in entry.files if file.treatment == "compile"}
        self.templates = frozenset(self.project.patterns) - own
        self.texts: dict[SourcePath, Text] = {}
        self.pending: list[SourcePath] = []
        self.unreadable: dict[SourcePath, _Unreadable] = {}
        self.named: dict[SourcePath, tuple[SourcePath, Span]] = {}

    def need(self, path: SourcePath, by: tuple[SourcePath, Span] | None, *, quoted: bool = False) -> None:
        """Make sure that a file is read. If it is only `quoted` (shown as code), what it names does not count.

        `by` is the file and the span that name it, if any.
        """
        if by:
            self.named[path] = min(by, self.named.get(path, by))
        if path in self.unreadable:
            return
        file = self.graph.files.get(path)
        if file is not None and (quoted or file.quoted is None):
            return
        file = file or self.known.get(path) or self._read(path)
        if file is None:
            return
        document = file.document or file.quoted
        self.graph.files[path] = file._replace(
            document=None if quoted else document, quoted=document if quoted else None
        )
        if not quoted:
            self.pending.append(path)

    def _read(self, path: SourcePath) -> SourceFile | None:
        ahead = self.texts.pop(path) if path in self.texts else None
        text, digest, problem = ahead or read_text(self.tree, path)
        if isinstance(problem, EncodingProblem):
            cure = NO_TEXT if problem.is_binary else "save the file as UTF-8"
            self.unreadable[path] = _Unreadable(INVALID_ENCODING, problem.message, cure)
        elif problem is not None:
            self.unreadable[path] = _Unreadable(UNREADABLE_FILE, problem, cure_of(problem))
        else:
            document = self._document(path, text, digest) if path.endswith(".md") else None
            return SourceFile(path, text, digest, document, LineIndex(text), tuple(text.split("\n")))
        return None

    def _document(self, path: SourcePath, text: str, digest: str) -> Document:
        """The document of a file. Only a pattern can be a template, and a file that an entry compiles itself is none."""
        document = self.documents.get(text, digest)
        if document.params is None:
            return document
        if path not in self.templates:
            return document._replace(params=None, params_problems=())
        index = LineIndex(text)
        stray = {index.line_of(one.span.start) for one in document.problems if one.code in _MEANT_AS_DIRECTIVE}
        # What is no directive because it is misspelled is no expression either; one finding says so.
        wrong = [
            problem
            for problem in document.params_problems
            if problem.code is not TEMPLATE_ERROR or index.line_of(problem.span.start) not in stray
        ]
        bad = [problem.span for problem in wrong if problem.code is DIRECTIVE_IN_PARAM]
        told = (
            problem
            for problem in document.problems
            if problem.code is not DIRECTIVE_IN_FRONT_MATTER
            or not any(span.start <= problem.span.start < span.end for span in bad)
        )
        return document._replace(problems=tuple(sorted([*told, *wrong], key=lambda p: (p.span, p.code.number))))

    def read_ahead(self, paths: Iterable[SourcePath]) -> None:
        """Read files that will be needed, and prepare all their documents at once."""
        for path in paths:
            if path not in self.known:
                self.texts[path] = read_text(self.tree, path)
        self.documents.prepare({text.digest: text.content for text in self.texts.values() if text.problem is None})

    def follow(self) -> None:
        """Resolve the directives of all files read so far, and of the files that these name."""
        while self.pending:
            path = self.pending.pop()
            document = self.graph.files[path].document
            if document is None:
                continue
            self.graph.edges[path] = tuple(self._edge(path, placed) for placed in document.directives)
            if self.follows:
                self._need_linked(path, document)
        for path, why in sorted(self.unreadable.items()):
            self._report_unreadable(path, why)

    def _need_linked(self, source: SourcePath, document: Document) -> None:
        """Read the shared Markdown that a file links to: bundles ship it, though no directive names it.

        If only some patterns are read, those that a link leads to are read, too.
        """
        text = self.graph.files[source].text
        for destination in document.destinations:
            written = read_destination(text[destination.span.start : destination.span.end], destination.kind)
            if written is None or not written.path.endswith(".md"):
                continue
            found = self.tree.look_up(resolve(source, written.path))
            if found.kind != "file" or self.project.is_verbatim(found.real):
                continue
            if any(is_below(found.real, folder) for folder in self.project.shared):
                self.need(found.real, (source, destination.span))
                self.graph.linked[source] = (*self.graph.linked.get(source, ()), found.real)
            elif found.real in self.patterns:
                self.need(found.real, (source, destination.span))

    def _edge(self, source: SourcePath, placed: PlacedDirective) -> Edge:
        directive = placed.directive
        target = self.resolver.target(source, directive)
        if target.problem is not None:
            self.graph.report(source, target.problem)
        if target.real is not None and directive.word != "asset":
            self.need(target.real, (source, directive.span), quoted=directive.as_code)
        return Edge(source, placed, target.real, target.missing)

    def _report_unreadable(self, path: SourcePath, why: _Unreadable) -> None:
        by = self.named.get(path)
        message = f"{path}: {why.message}"
        if by is None:
            self.graph.add(Diagnostic(why.code, message, path, START, START, help=why.cure), path)
        else:
            source, span = by
            self.graph.report(source, Problem(why.code, message, span, help=why.cure))
            self.graph.failed.add(path)
