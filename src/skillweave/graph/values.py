"""The dependency graph as values: its files, its edges, and its findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager

from skillweave.diagnostics import Diagnostic, Note, Problem, Severity
from skillweave.record import NamedTuple
from skillweave.source import LineIndex, SourcePath
from skillweave.suppress import Mark, Policy, judge
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from skillweave.directive.values import Directive
    from skillweave.document import Document, PlacedDirective


class SourceFile(NamedTuple):
    """A file as it was read: its text and, if it is Markdown that is compiled, its document."""

    path: SourcePath
    text: str
    digest: str
    document: Document | None
    line_index: LineIndex
    lines: tuple[str, ...]
    quoted: Document | None = None
    """The document of Markdown that is only shown as code: it serves to select, and nothing else of it counts."""


class Edge(NamedTuple):
    """A directive of a file and the file that it names. `target` is None after an error, or if an optional file is missing."""

    source: SourcePath
    placed: PlacedDirective
    target: SourcePath | None
    missing: SourcePath | None = None
    """Where a missing optional file was looked for: creating it changes the build."""
    written: Directive | None = None
    """For a rendered template: the directive in the source. `placed` is the one in the rendering."""

    @property
    def directive(self) -> Directive:
        """The directive as it is in the source file, which diagnostics point at."""
        return self.written or self.placed.directive

    @property
    def reads(self) -> bool:
        """Whether the target's text is read; an asset is shipped unread."""
        return self.directive.word != "asset"

    @property
    def follows(self) -> bool:
        """Whether what the target names counts, too; not so for an asset, or a file shown as code."""
        return self.reads and not self.directive.as_code

    @property
    def splices(self) -> bool:
        """Whether the target is spliced as Markdown, so that its own directives are expanded, too."""
        return self.directive.word == "include" and not self.directive.as_code


class Finding(NamedTuple):
    """A diagnostic as it was found. An error keeps all bundles that contain one of its owners from being made."""

    diagnostic: Diagnostic
    owners: tuple[SourcePath, ...]
    finder: SourcePath | None
    """The entry or unreached pattern that was being worked out; None if the finding belongs to the file itself."""
    mark: Mark | None = None
    """Why a finding that is not shown is kept."""


class KeptEdge(NamedTuple):
    """What is kept of an edge between runs: its target, its place (from 1), and what `Edge` says about the target."""

    target: SourcePath
    line: int
    column: int
    splices: bool
    reads: bool
    """Whether the target's text is read; that of an asset is not."""
    follows: bool
    """Whether what the target names counts, too; not so for an asset, or a file shown as code."""


class Graph:
    """All files by real path, and what names what. `failed` are the files that an error is laid to."""

    def __init__(self, *, strict: bool = False, policy: Policy | None = None) -> None:
        self.files: dict[SourcePath, SourceFile] = {}
        """The texts that were read."""
        self.edges: dict[SourcePath, tuple[Edge, ...]] = {}
        """By file, an edge for each of its directives."""
        self.linked: dict[SourcePath, tuple[SourcePath, ...]] = {}
        """By the file with the link: the shared files that were read because a link leads there, and the templates linked
        to.
        """
        self.findings: list[Finding] = []
        """What was found so far, and what was ignored."""
        self.finder: SourcePath | None = None
        """The entry or unreached pattern that is being worked out."""
        self.failed: set[SourcePath] = set()
        self.order: tuple[SourcePath, ...] = ()
        """All files, each after all that it includes (except in cycles)."""
        self.in_cycles: set[SourcePath] = set()
        """The files in cycles."""
        self.too_deep: set[SourcePath] = set()
        """The files that begin a chain of includes longer than the limit."""
        self.strict = strict
        """Whether warnings count as errors."""
        self.policy: Policy = policy or Policy()
        """What is ignored, and what is raised to an error."""

    @contextmanager
    def finding_for(self, path: SourcePath) -> Iterator[None]:
        """Whatever is found meanwhile is found in working out an entry, or an unreached pattern."""
        self.finder = path
        try:
            yield
        finally:
            self.finder = None

    def report(
        self, source: SourcePath, problem: Problem, notes: tuple[Note, ...] = (), owners: Collection[SourcePath] = ()
    ) -> None:
        """Add a problem of one file as a diagnostic, with further notes. An error marks the file as failed, or the owners if
        there are any.
        """
        self.add(diagnose(self.files[source].line_index, source, problem, notes), *(owners or [source]))

    def tells(self, file: SourceFile, problem: Problem) -> bool:
        """Whether a problem of a file would be reported, not ignored."""
        ignores = file.document.ignores if file.document else ()
        diagnostic = diagnose(file.line_index, file.path, problem)
        return isinstance(judge(self.policy, diagnostic, ignores, strict=self.strict), Diagnostic)

    def add(self, diagnostic: Diagnostic, *owners: SourcePath) -> None:
        """Add a diagnostic, unless it is ignored; an error marks its owners as failed."""
        file = self.files.get(diagnostic.path)
        ignores = file.document.ignores if file and file.document else ()
        told = judge(self.policy, diagnostic, ignores, strict=self.strict)
        if isinstance(told, Mark):
            self.findings.append(Finding(diagnostic, (), self.finder, told))
        elif told is not None:
            self.findings.append(Finding(told, owners, self.finder))
            if told.severity is Severity.ERROR:
                self.failed.update(owners)


def diagnose(index: LineIndex, path: SourcePath, problem: Problem, notes: tuple[Note, ...] = ()) -> Diagnostic:
    """Make a diagnostic of a problem of a text and the text's path, with further notes."""
    return Diagnostic(
        code=problem.code,
        message=problem.message,
        path=path,
        start=index.position(problem.span.start),
        end=index.position(problem.span.end),
        help=problem.help,
        severity=problem.severity or problem.code.severity,
        fix=problem.fix,
        notes=(*((Note(problem.note),) if problem.note else ()), *notes),
    )


KeptEdges = Mapping[SourcePath, Sequence[KeptEdge]]
"""What each file names, in the order of its directives."""
