"""The dependency graph of all files: targets resolved, edges, order, cycles, depth. No text is made here.

Every directive of every file is an edge, selected or not. Nothing recurses.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from skillweave.destination import read_destination, resolve
from skillweave.diagnostics import (
    AMBIGUOUS_TARGET,
    CASE_MISMATCH,
    INCLUDE_CYCLE,
    INCLUDE_TOO_DEEP,
    INVALID_ENCODING,
    INVALID_FRONT_MATTER,
    MISSING_INCLUDE,
    NOT_A_REGULAR_FILE,
    NOT_MARKDOWN,
    PATH_NOT_PORTABLE,
    PATH_OUTSIDE_ROOTS,
    UNREADABLE_FILE,
    Code,
    Diagnostic,
    Fix,
    Note,
    Problem,
    Severity,
)
from skillweave.directive import path_fix
from skillweave.files import Found, Tree, is_below, normalise_path, read_text
from skillweave.project import START
from skillweave.source import EncodingProblem, LineIndex, Position, SourcePath, Span
from skillweave.suppress import Mark, Policy, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from skillweave.cache import Documents
    from skillweave.directive import Directive
    from skillweave.document import Document, PlacedDirective
    from skillweave.project import Project


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was read: its text and, if it is Markdown that is compiled, what it says."""

    path: SourcePath
    text: str
    digest: str
    document: Document | None
    index: LineIndex
    lines: tuple[str, ...]


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


@dataclass(slots=True)
class Graph:
    """All files by real path and what names what. `failed` are the files with an error of their own."""

    files: dict[SourcePath, SourceFile] = field(default_factory=dict)
    edges: dict[SourcePath, tuple[Edge, ...]] = field(default_factory=dict)
    linked: dict[SourcePath, tuple[SourcePath, ...]] = field(default_factory=dict)
    """The shared files that were read because a link of a file leads there."""
    findings: list[Finding] = field(default_factory=list)
    finder: SourcePath | None = None
    """Whose bundle is being worked out."""
    failed: set[SourcePath] = field(default_factory=set)
    order: tuple[SourcePath, ...] = ()
    """Files whose includes hold no cycle, each behind all that it includes."""
    strict: bool = False
    """Whether warnings are errors."""
    policy: Policy = field(default_factory=Policy)
    """What is ignored, and what is raised to an error."""

    def report(self, source: SourcePath, problem: Problem, **more: object) -> None:
        """Add a problem of one file as a diagnostic; an error marks the file as failed."""
        self.add(diagnose(self.files[source].index, source, problem, **more), source)

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


class Reading(NamedTuple):
    """What files are read with, and into what."""

    tree: Tree
    project: Project
    documents: Documents
    """Parses, or knows what earlier builds parsed."""
    graph: Graph
    is_part: bool = False
    """Whether not all patterns are read: then those are that a link leads to."""


def load(reading: Reading, paths: Iterable[SourcePath], progress: Callable[[int, int], None] | None = None) -> None:
    """Read some files and whatever they name into the graph; resolve all directives.

    `progress` is told how many files are read, and of how many.
    """
    graph = reading.graph
    resolver = _Resolver(reading)
    wanted = sorted(paths)
    resolver.read_ahead([path for path in wanted if path not in graph.files])
    for done, path in enumerate(wanted):
        resolver.need(path, None)
        if progress:
            progress(done + 1, len(wanted))
    resolver.run()


def starts_of(project: Project) -> set[SourcePath]:
    """The files that are read for themselves: every pattern that is Markdown, and what entries are compiled from."""
    compiled = {file.real for entry in project.entries for file in entry.files if file.treatment != "copy"}
    return {*(path for path in project.patterns if path.endswith(".md")), *compiled}


def report_problems(graph: Graph, project: Project, elsewhere: Iterable[SourcePath] = ()) -> None:
    """Report each document's own problems. `elsewhere` are files that others include than those of this graph.

    Some weigh more in a file that is included than in an entry. Front matter is YAML in a SKILL.md and in a pattern; in
    other files of an entry it is their author's (LANGUAGE 1).
    """
    included = {*included_by(graph), *elsewhere, *project.patterns}
    skills = {entry.main.real for entry in project.entries if entry.kind == "skill"}
    for path, file in sorted(graph.files.items()):
        for problem in file.document.problems if file.document else ():
            lenient = problem.code is INVALID_FRONT_MATTER and path not in skills and path in project.homes
            if problem.inclusion_severity and path in included:
                graph.report(path, problem._replace(severity=problem.inclusion_severity))
            elif lenient and file.document and file.document.front_matter:
                graph.report(path, problem._replace(severity=Severity.WARNING))
            else:
                graph.report(path, problem)


def included_by(graph: Graph) -> set[SourcePath]:
    """The files that are expanded somewhere in a graph."""
    return {edge.target for edges in graph.edges.values() for edge in edges if edge.splices and edge.target is not None}


def order(graph: Graph, depth_limit: int) -> None:
    """Find the cycles, the order of all files outside them, and chains of includes above the limit."""
    components = _components(graph)
    for component in components:
        if len(component) > 1 or component[0] in _included(graph, component[0]):
            _report_cycle(graph, sorted(component))
    _report_depth(graph, [component[0] for component in components if len(component) == 1], depth_limit)


def closure(graph: Graph, starts: Iterable[SourcePath]) -> set[SourcePath]:
    """Some files and all that they name, over any number of steps; what an asset names does not count."""
    reached = set(starts)
    shipped = set()
    pending = list(reached)
    while pending:
        for edge in graph.edges.get(pending.pop(), ()):
            if edge.target is None or edge.target in reached:
                continue
            if edge.reads:
                reached.add(edge.target)
                pending.append(edge.target)
            else:
                shipped.add(edge.target)
    return reached | shipped


Links = Mapping[SourcePath, Sequence[Link]]
"""What each file names, in the order of its directives."""


def links_of(graph: Graph) -> dict[SourcePath, tuple[Link, ...]]:
    """What is kept of a graph's edges."""
    return {
        path: tuple(
            Link(edge.target, *file.index.position(edge.directive.span.start), edge.splices, edge.reads)
            for edge in graph.edges.get(path, ())
            if edge.target is not None
        )
        for path, file in graph.files.items()
    }


def trails(links: Links, starts: Iterable[SourcePath]) -> dict[SourcePath, tuple[SourcePath, Link]]:
    """For every file that some starts reach, the link by which a shortest chain comes to it, and the file that has it."""
    came: dict[SourcePath, tuple[SourcePath, Link]] = {}
    pending = deque(sorted(starts))
    seen = set(pending)
    while pending:
        source = pending.popleft()
        for link in links.get(source, ()):
            if link.target not in seen:
                seen.add(link.target)
                came[link.target] = (source, link)
                pending.append(link.target)
    return came


class _Resolver:
    """Reads files as they are needed and resolves what they name."""

    def __init__(self, reading: Reading) -> None:
        self.tree, self.project, self.documents, self.graph, is_part = reading
        self.follows = is_part or bool(self.project.shared)
        self.patterns = frozenset(self.project.patterns if is_part else ())
        self.texts: dict[SourcePath, tuple[str, EncodingProblem | str | None, str]] = {}
        self.pending: list[SourcePath] = []
        self.unreadable: dict[SourcePath, tuple[Code, str]] = {}
        self.named: dict[SourcePath, tuple[SourcePath, Span]] = {}
        self.names: list[str] | None = None

    def need(self, path: SourcePath, by: tuple[SourcePath, Span] | None) -> None:
        """See to it that a file is read."""
        if by and path not in self.named:
            self.named[path] = by
        if path in self.graph.files or path in self.unreadable:
            return
        ahead = self.texts.pop(path) if path in self.texts else None
        text, problem, digest = ahead or read_text(self.tree, path)
        if isinstance(problem, EncodingProblem):
            self.unreadable[path] = (INVALID_ENCODING, problem.message)
        elif problem is not None:
            self.unreadable[path] = (UNREADABLE_FILE, problem)
        else:
            document = self.documents.get(text, digest) if path.endswith(".md") else None
            lines = tuple(text.split("\n"))
            self.graph.files[path] = SourceFile(path, text, digest, document, LineIndex(text), lines)
            self.pending.append(path)

    def read_ahead(self, paths: Iterable[SourcePath]) -> None:
        """Read files that will be needed, and let what parses know all their texts at once."""
        for path in paths:
            self.texts[path] = read_text(self.tree, path)
        self.documents.prepare({digest: text for text, problem, digest in self.texts.values() if problem is None})

    def run(self) -> None:
        """Resolve the directives of all files read so far, and of those that this brings in."""
        while self.pending:
            path = self.pending.pop()
            document = self.graph.files[path].document
            if document is None:
                continue
            self.graph.edges[path] = tuple(self._edge(path, placed) for placed in document.directives)
            if self.follows:
                self._need_linked(path, document)
        for path, (code, message) in sorted(self.unreadable.items()):
            self._report_unreadable(path, code, message)

    def _need_linked(self, source: SourcePath, document: Document) -> None:
        """Read the shared Markdown that a file links to: a bundle ships it, and nothing else has named it.

        Of the patterns, those that a link leads to, where not all are read.
        """
        text = self.graph.files[source].text
        for destination in document.destinations:
            written = read_destination(text[destination.span.start : destination.span.end], destination.kind)
            if written is None or not written.path.endswith(".md"):
                continue
            found = self.tree.look_up(resolve(source, written.path))
            if found.kind != "file":
                continue
            if any(is_below(found.real, folder) for folder in self.project.shared):
                self.need(found.real, (source, destination.span))
                self.graph.linked[source] = (*self.graph.linked.get(source, ()), found.real)
            elif found.real in self.patterns:
                self.need(found.real, (source, destination.span))

    def _edge(self, source: SourcePath, placed: PlacedDirective) -> Edge:
        directive = placed.directive
        target, problem, missing = self._target(source, directive)
        if problem is not None:
            self.graph.report(source, problem)
            return Edge(source, placed, None)
        if target is None:
            return Edge(source, placed, None, missing)
        if directive.word != "asset":
            self.need(target, (source, directive.span))
        return Edge(source, placed, target)

    def _target(
        self, source: SourcePath, directive: Directive
    ) -> tuple[SourcePath | None, Problem | None, SourcePath | None]:
        """The file that a directive names; else the problem; else, for an optional one, where it is not."""
        portable = _portable(directive)
        if portable:
            return None, portable._replace(fix=self._portable_fix(source, directive)), None
        found = self._candidates(source, directive.path)
        there = [candidate for candidate in found if candidate.kind != "missing"]
        if len({candidate.real for candidate in there}) > 1:
            places = " and ".join(sorted(candidate.real for candidate in there))
            cure = "rename one, or write the path with ./ or ../ from this file"
            return (
                None,
                Problem(AMBIGUOUS_TARGET, f"{directive.path} is {places}", directive.path_span, help=cure),
                None,
            )
        if not found:
            return None, None if directive.optional else self._missing(source, directive, []), None
        match = there[0] if there else found[0]
        problem = self._judge(source, directive, match, [candidate.real for candidate in found])
        if problem is not None:
            return None, problem, None
        if match.kind == "missing":
            return None, None, match.real
        return match.real, None, None

    def _candidates(self, source: SourcePath, path: str) -> list[Found]:
        if path.startswith(("./", "../")) or path in (".", ".."):
            folder = source.rpartition("/")[0]
            return [self.tree.look_up(normalise_path(f"{folder}/{path}" if folder else path))]
        return [self.tree.look_up(normalise_path(f"{root}/{path}")) for root in self.project.pattern_roots]

    def _judge(
        self, source: SourcePath, directive: Directive, found: Found, places: list[SourcePath]
    ) -> Problem | None:
        span, path = directive.path_span, directive.path
        if found.kind == "outside" or not self.project.may_read(source, found.real):
            where = "outside the project" if found.kind == "outside" else "outside the folders that this file may name"
            cure = "move the file into a pattern root, or add its folder to `shared` in the configuration"
            return Problem(PATH_OUTSIDE_ROOTS, f"{path} lies {where}", span, help=cure)
        match found.kind:
            case "missing":
                return None if directive.optional else self._missing(source, directive, places)
            case "case":
                actual = _respelled(path, found.detail)
                cure = f"write it as on disk: {actual}"
                fix = self._case_fix(source, directive, found)
                return Problem(CASE_MISMATCH, f"{path} is spelled {found.detail} on disk", span, help=cure, fix=fix)
            case "unreadable":
                return Problem(UNREADABLE_FILE, f"{path} cannot be read: {found.detail}", span)
            case "special":
                return Problem(NOT_A_REGULAR_FILE, f"{path} is no regular file (a FIFO, a socket or a device)", span)
            case "misnamed":
                return Problem(PATH_NOT_PORTABLE, f"{path} leads to a name that is not UTF-8", span, help="rename it")
            case "folder":
                return self._judge_folder(directive)
            case _:
                return _judge_type(directive)

    def _judge_folder(self, directive: Directive) -> Problem | None:
        if directive.word == "asset":
            if directive.path.endswith("/"):
                return None
            cure = f"ship all that it holds with a trailing slash: {directive.path}/"
            fix = path_fix(directive, f"{directive.path}/", safe=False)
        else:
            cure, fix = f"{directive.word} a file of it", None
        return Problem(NOT_A_REGULAR_FILE, f"{directive.path} is a folder", directive.path_span, help=cure, fix=fix)

    def _case_fix(self, source: SourcePath, directive: Directive, found: Found) -> Fix | None:
        """Each part of the path as the disk spells it; None where several names differ in case alone."""
        path = directive.path
        for _ in path.split("/"):
            if found.kind != "case" or not self._is_only_one(found.detail):
                break
            path = _respelled(path, found.detail)
            there = [candidate for candidate in self._candidates(source, path) if candidate.kind != "missing"]
            found = there[0] if there else found
        return path_fix(directive, path, safe=True) if found.kind in ("file", "folder") else None

    def _portable_fix(self, source: SourcePath, directive: Directive) -> Fix | None:
        """With `/` in place of backslashes, and from a pattern root in place of the disk's: if the file is there."""
        path = directive.path
        if _DRIVE.match(path) or _SCHEME.match(path) or path.startswith("~"):
            return None
        portable = path.replace("\\", "/").lstrip("/")
        found = {candidate.real: candidate.kind for candidate in self._candidates(source, portable)}
        there = [kind for kind in found.values() if kind != "missing"]
        if there != ["folder" if portable.endswith("/") else "file"]:
            return None
        return path_fix(directive, portable, safe=not path.startswith(("/", "\\")))

    def _is_only_one(self, path: str) -> bool:
        """Whether nothing beside a file or folder has its name in another case."""
        folder, _, name = path.rpartition("/")
        listing = self.tree.listing(folder)
        return not isinstance(listing, str) and [n.casefold() for n in listing].count(name.casefold()) == 1

    def _missing(self, source: SourcePath, directive: Directive, places: list[SourcePath]) -> Problem:
        path = directive.path
        if self.names is None:
            self.names = [
                pattern[len(root) + 1 :]
                for root in self.project.pattern_roots
                for pattern in self.project.patterns
                if pattern.startswith(f"{root}/")
            ]
        close = suggest_path(path, [name for name in self.names if not source.endswith(f"/{name}")])
        folder = source.rpartition("/")[0]
        if path.startswith("."):
            beside = self.tree.listing(normalise_path(f"{folder}/{path}").rpartition("/")[0])
            if not isinstance(beside, str):
                prefix = path.rpartition("/")[0]
                near = get_close_matches(path.rpartition("/")[2], list(beside), n=2)
                close = [f"{prefix}/{name}" for name in near] + close
        tried = ", ".join(places) or "no pattern root: the folders that `patterns` names are not there"
        cure = f'did you mean "{close[0]}"?' if close else "create it, or mark the directive `optional`"
        if not close and not path.endswith(".md") and f"{path}.md" in self.names:
            close = [f"{path}.md"]
            cure = f'did you mean "{path}.md"?'
        fix = path_fix(directive, close[0], safe=False) if len(close) == 1 else None
        message = f"there is no {path}"
        return Problem(MISSING_INCLUDE, message, directive.path_span, help=cure, note=f"tried {tried}", fix=fix)

    def _report_unreadable(self, path: SourcePath, code: Code, message: str) -> None:
        by = self.named.get(path)
        place = f"{path}: {message}"
        if by is None:
            self.graph.add(Diagnostic(code, place, path, START, START, help=_CURES.get(code)), path)
        else:
            source, span = by
            self.graph.report(source, Problem(code, place, span, help=_CURES.get(code)))
            self.graph.failed.add(path)


_CURES = {INVALID_ENCODING: "save the file as UTF-8"}


def suggest_path(path: str, names: list[str]) -> list[str]:
    """The paths that come nearest to one that does not exist: the same file name elsewhere first."""
    base = path.rpartition("/")[2]
    same = [name for name in names if name.rpartition("/")[2] == base]
    return list(dict.fromkeys([*same, *get_close_matches(path, names, n=2, cutoff=0.5)]))[:2]


def _respelled(path: str, actual: str) -> str:
    """The path as written, with the parts that the disk spells otherwise."""
    parts, disk = path.split("/"), actual.split("/")
    folded = {part.casefold(): part for part in disk}
    return "/".join(part if part in disk else folded.get(part.casefold(), part) for part in parts)


def _judge_type(directive: Directive) -> Problem | None:
    path = directive.path
    if directive.word == "asset":
        if not path.endswith("/"):
            return None
        fix = path_fix(directive, path.rstrip("/"), safe=True)
        cure = "drop the trailing slash"
        return Problem(NOT_A_REGULAR_FILE, f"{path} is no folder", directive.path_span, help=cure, fix=fix)
    if path.endswith(".md"):
        return None
    if directive.as_code:
        if directive.section is None:
            return None
        return Problem(NOT_MARKDOWN, f"{path} is no Markdown file, so it has no sections", directive.path_span)
    lang = _LANGUAGES.get(path.rpartition(".")[2], path.rpartition(".")[2]) if "." in path else "text"
    if directive.word == "reference":
        cure = f"link to it, or ship it: <<asset: {path}>>"
    else:
        cure = f"include it as code: <<include: {path} as=code lang={lang}>>"
    return Problem(NOT_MARKDOWN, f"{path} is no Markdown file", directive.path_span, help=cure)


_LANGUAGES = {
    "py": "python",
    "js": "javascript",
    "ts": "typescript",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "yml": "yaml",
    "md": "markdown",
}


def language(path: str, given: str | None) -> str:
    """The info string of a file included as code: as given, else by its extension (LANGUAGE 4)."""
    name = path.rpartition("/")[2]
    extension = name.rpartition(".")[2] if "." in name.lstrip(".") else ""
    return given if given is not None else _LANGUAGES.get(extension, extension)


_DRIVE = re.compile(r"[A-Za-z]:(?![^/\\])|[A-Za-z]:[/\\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def _portable(directive: Directive) -> Problem | None:
    path = directive.path
    if _DRIVE.match(path):
        what, cure = "names a drive", path[2:].replace("\\", "/").lstrip("/")
    elif _SCHEME.match(path):
        what, cure = "is a URL", ""
    elif path.startswith("~"):
        what, cure = "starts at a home folder", path.partition("/")[2]
    elif "\\" in path:
        what, cure = "holds a backslash", path.replace("\\", "/").lstrip("/")
    elif path.startswith("/"):
        what, cure = "is absolute", path.lstrip("/")
    else:
        return None
    advice = f"write it relative to a pattern root, with `/`: {cure}" if cure else "copy the file into a pattern root"
    return Problem(PATH_NOT_PORTABLE, f"the path {path} {what}", directive.path_span, help=advice)


def _included(graph: Graph, path: SourcePath) -> list[SourcePath]:
    return [edge.target for edge in graph.edges.get(path, ()) if edge.splices and edge.target is not None]


def _components(graph: Graph) -> list[list[SourcePath]]:
    """The strongly connected components over includes, each behind all that it includes. Tarjan's, without recursion.

    https://en.wikipedia.org/wiki/Tarjan%27s_strongly_connected_components_algorithm
    """
    number: dict[SourcePath, int] = {}
    low: dict[SourcePath, int] = {}
    stack: list[SourcePath] = []
    on_stack: set[SourcePath] = set()
    components: list[list[SourcePath]] = []
    for start in sorted(graph.files):
        if start in number:
            continue
        work = [(start, iter(_included(graph, start)))]
        number[start] = low[start] = len(number)
        stack.append(start)
        on_stack.add(start)
        while work:
            path, targets = work[-1]
            for target in targets:
                if target not in graph.files:
                    continue
                if target not in number:
                    number[target] = low[target] = len(number)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(_included(graph, target))))
                    break
                if target in on_stack:
                    low[path] = min(low[path], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[path])
                if low[path] == number[path]:
                    component: list[SourcePath] = []
                    while not component or component[-1] != path:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    components.append(component)
    return components


def _report_cycle(graph: Graph, component: list[SourcePath]) -> None:
    """One diagnostic for a component: a shortest cycle through its smallest path, with every hop."""
    start = component[0]
    members = set(component)
    came: dict[SourcePath, Edge] = {}
    pending = deque([start])
    while pending and start not in came:
        for edge in graph.edges[pending.popleft()]:
            if edge.target is not None and edge.splices and edge.target in members and edge.target not in came:
                came[edge.target] = edge
                pending.append(edge.target)
    hops = [came[start]]
    while hops[0].source != start:
        hops.insert(0, came[hops[0].source])
    first = hops[0]
    files = f"{len(hops)} file" + ("s" if len(hops) != 1 else "")
    notes = []
    if len(component) > len(hops):
        others = [path for path in component if path not in {hop.source for hop in hops}]
        notes.append(Note(f"{len(others)} more in the same knot: {', '.join(others[:5])}"))
    index = graph.files[start].index
    graph.add(
        Diagnostic(
            INCLUDE_CYCLE,
            f"include cycle of {files}",
            start,
            index.position(first.directive.span.start),
            index.position(first.directive.span.end),
            help="move what they share into a file of its own",
            label=f"{start} includes {'itself' if first.target == start else first.target}",
            hops=tuple(Note(f"includes {hop.target}", hop.source, _place(graph, hop)) for hop in hops[1:]),
            notes=tuple(notes),
        ),
        *component,
    )


def _place(graph: Graph, edge: Edge) -> Position:
    return graph.files[edge.source].index.position(edge.directive.span.start)


def _report_depth(graph: Graph, paths: list[SourcePath], limit: int) -> None:
    """Order the files, dependencies first, and measure the longest chain of includes below each."""
    depth: dict[SourcePath, int] = {}
    longest: dict[SourcePath, Edge] = {}
    ordered = []
    for path in paths:
        below = [edge for edge in graph.edges.get(path, ()) if edge.splices and edge.target is not None]
        if any(edge.target not in depth for edge in below) or path in _included(graph, path):
            continue  # It reaches a cycle, or a file that could not be read: that is reported already.
        deepest = max(below, key=lambda edge: depth[edge.target or path], default=None)
        depth[path] = 0 if deepest is None else depth[deepest.target or path] + 1
        ordered.append(path)
        if deepest is None:
            continue
        longest[path] = deepest
        if depth[path] == limit + 1:
            end = path
            while end in longest:
                end = longest[end].target or end
            graph.report(
                path,
                Problem(
                    INCLUDE_TOO_DEEP,
                    f"a chain of {depth[path]} includes starts here, and the limit is {limit}",
                    deepest.directive.span,
                    help="include the deeper files directly, or raise `limits.depth` in the configuration",
                    note=f"the chain ends at {end}",
                ),
            )
    graph.order = tuple(ordered)
