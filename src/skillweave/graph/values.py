"""The dependency graph as values: its files, its edges, and what was found out on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from skillweave.diagnostics import Diagnostic, Note, Problem, Severity
from skillweave.record import NamedTuple
from skillweave.source import LineIndex, SourcePath
from skillweave.suppress import Mark, Policy, judge

if TYPE_CHECKING:
    from skillweave.directive.values import Directive
    from skillweave.document import Document, PlacedDirective


class SourceFile(NamedTuple):
    """A file as it was read: its text and, if it is Markdown that is compiled, what it says."""

    path: SourcePath
    text: str
    digest: str
    document: Document | None
    line_index: LineIndex
    lines: tuple[str, ...]
    quoted: Document | None = None
    """What it says where it is Markdown that is only shown as code: nothing of that counts but what can be selected."""


class Edge(NamedTuple):
    """One directive of a file and the file that it names. No target: an error, or a missing optional file."""

    source: SourcePath
    placed: PlacedDirective
    target: SourcePath | None
    missing: SourcePath | None = None
    """Where an optional file was looked for and is not: creating it changes the build."""
    written: Directive | None = None
    """In a rendered template: the directive in the source, where `placed` is in the rendering."""

    @property
    def directive(self) -> Directive:
        """The directive as its file has it: what a diagnostic points at."""
        return self.written or self.placed.directive

    @property
    def reads(self) -> bool:
        """Whether the target's text is read for it: an asset is shipped unread."""
        return self.directive.word != "asset"

    @property
    def follows(self) -> bool:
        """Whether what the target names counts, too: of an asset, and of what is shown as code, it does not."""
        return self.reads and not self.directive.as_code

    @property
    def splices(self) -> bool:
        """Whether the target's directives are expanded, too: an include of Markdown as Markdown."""
        return self.directive.word == "include" and not self.directive.as_code


class Finding(NamedTuple):
    """A diagnostic as it was found. An error keeps the bundles that hold its owners from being made."""

    diagnostic: Diagnostic
    owners: tuple[SourcePath, ...]
    finder: SourcePath | None
    """The entry, or unreached pattern, whose bundle was being worked out; None: it was found in the file as such."""
    mark: Mark | None = None
    """Of one that is not told, what it is kept for."""


class Link(NamedTuple):
    """What is kept of an edge: the file that is named, where, and whether its directives are expanded, too."""

    target: SourcePath
    line: int
    column: int
    splices: bool
    reads: bool
    """Whether the target's text is read: that of an asset is not."""
    follows: bool
    """Whether what the target names counts, too: of what is only shown as code, it does not."""


class Graph:
    """All files by real path and what names what. `failed` are the files with an error of their own."""

    def __init__(self, *, strict: bool = False, policy: Policy | None = None) -> None:
        self.files: dict[SourcePath, SourceFile] = {}
        self.edges: dict[SourcePath, tuple[Edge, ...]] = {}
        self.linked: dict[SourcePath, tuple[SourcePath, ...]] = {}
        """The shared files that were read because a link of a file leads there, and the templates that one leads to."""
        self.findings: list[Finding] = []
        self.finder: SourcePath | None = None
        """Whose bundle is being worked out."""
        self.failed: set[SourcePath] = set()
        self.further_templates: frozenset[SourcePath] = frozenset()
        """The templates of the project that are not among its files, where only a part of all is read."""
        self.order: tuple[SourcePath, ...] = ()
        """All files, each behind all that it includes, but for those in cycles."""
        self.knotted: set[SourcePath] = set()
        """The files in cycles."""
        self.too_deep: set[SourcePath] = set()
        """The files that begin a longer chain of includes than is allowed."""
        self.strict = strict
        """Whether warnings are errors."""
        self.policy: Policy = policy or Policy()
        """What is ignored, and what is raised to an error."""

    def report(self, source: SourcePath, problem: Problem, **more: object) -> None:
        """Add a problem of one file as a diagnostic; an error marks the file as failed."""
        self.add(diagnose(self.files[source].line_index, source, problem, **more), source)

    def tells(self, file: SourceFile, problem: Problem) -> bool:
        """Whether a problem of a file is told, and not ignored."""
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


def diagnose(index: LineIndex, path: SourcePath, problem: Problem, **more: object) -> Diagnostic:
    """A problem of a text and the text's path → a diagnostic. `more` are further fields of it."""
    notes = (Note(problem.note),) if problem.note else ()
    return Diagnostic(
        code=problem.code,
        message=problem.message,
        path=path,
        start=index.position(problem.span.start),
        end=index.position(problem.span.end),
        help=problem.help,
        severity=problem.severity or problem.code.severity,
        fix=problem.fix,
        **{"notes": notes, **more},  # type: ignore[arg-type]
    )


Links = Mapping[SourcePath, Sequence[Link]]
"""What each file names, in the order of its directives."""
