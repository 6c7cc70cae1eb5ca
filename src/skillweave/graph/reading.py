"""Reads files as they are needed, and resolves everything that they name."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from skillweave.destination import read_destination, resolve
from skillweave.diagnostics import (
    AMBIGUOUS_TARGET,
    CASE_MISMATCH,
    DIRECTIVE_IN_FRONT_MATTER,
    DIRECTIVE_IN_PARAM,
    INVALID_ENCODING,
    MAKE_READABLE,
    MISSING_INCLUDE,
    NOT_A_REGULAR_FILE,
    PATH_NOT_PORTABLE,
    PATH_OUTSIDE_ROOTS,
    UNREADABLE_FILE,
    Code,
    Diagnostic,
    Fix,
    Problem,
)
from skillweave.directive.values import is_relative
from skillweave.directive.writing import path_fix
from skillweave.files import Found, Tree, dangling, is_below, normalise_path, read_text
from skillweave.graph.targets import DRIVE, SCHEME, judge_type, portability, respelled, suggest_path
from skillweave.graph.values import Edge, Graph, SourceFile
from skillweave.listing import left_out_part
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.source import START, EncodingProblem, LineIndex, SourcePath, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from skillweave.cache import Documents
    from skillweave.directive.values import Directive
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
    resolver = _Resolver(reading)
    wanted = sorted(paths)
    resolver.read_ahead(path for path in sorted({*wanted, *likely}) if path not in graph.files)
    for done, path in enumerate(wanted):
        resolver.need(path, None)
        if progress:
            progress(done + 1, len(wanted))
    for path in sorted(shown):
        resolver.need(path, None, quoted=True)
    resolver.run()


class _Resolver:
    """Reads files as they are needed, and resolves what they name."""

    def __init__(self, reading: ReadContext) -> None:
        self.tree, self.project, self.documents, self.graph, is_part, self.known = reading
        self.follows = is_part or bool(self.project.shared)
        self.patterns = frozenset(self.project.patterns if is_part else ())
        own = {file.real for entry in self.project.entries for file in entry.files if file.treatment == "compile"}
        self.templates = frozenset(self.project.patterns) - own
        self.texts: dict[SourcePath, tuple[str, EncodingProblem | str | None, str]] = {}
        self.pending: list[SourcePath] = []
        self.unreadable: dict[SourcePath, tuple[Code, str]] = {}
        self.named: dict[SourcePath, tuple[SourcePath, Span]] = {}
        self.names: list[str] | None = None

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
        text, problem, digest = ahead or read_text(self.tree, path)
        if isinstance(problem, EncodingProblem):
            self.unreadable[path] = (INVALID_ENCODING, problem.message)
        elif problem is not None:
            self.unreadable[path] = (UNREADABLE_FILE, problem)
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
        wrong = document.params_problems
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
        self.documents.prepare({digest: text for text, problem, digest in self.texts.values() if problem is None})

    def run(self) -> None:
        """Resolve the directives of all files read so far, and of the files that these name."""
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
        target, problem, missing = self._target(source, directive)
        if problem is not None:
            self.graph.report(source, problem)
            return Edge(source, placed, None)
        if target is None:
            return Edge(source, placed, None, missing)
        if directive.word != "asset":
            self.need(target, (source, directive.span), quoted=directive.as_code)
        return Edge(source, placed, target)

    def _target(
        self, source: SourcePath, directive: Directive
    ) -> tuple[SourcePath | None, Problem | None, SourcePath | None]:
        """Resolve a directive: returns its target, or a problem, or the place where an optional file is missing (or None
        for all).
        """
        portable = portability(directive)
        if portable:
            return None, portable._replace(fix=self._portable_fix(source, directive)), None
        found = self._candidates(source, directive.path)
        there = [candidate for candidate in found if candidate.kind != "missing"]
        if len({candidate.real for candidate in there}) > 1:
            places = " and ".join(sorted(candidate.real for candidate in there))
            cure = "rename one, or write the path with ./ or ../ from this file"
            return (
                None,
                Problem(
                    AMBIGUOUS_TARGET,
                    f"{directive.path} is ambiguous: it can be {places}",
                    directive.path_span,
                    help=cure,
                ),
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
        return [self.tree.look_up(place) for place in self._places(source, path)]

    def _places(self, source: SourcePath, path: str) -> list[str]:
        """The paths that a directive's path may mean, before symlinks are followed."""
        if is_relative(path):
            return [resolve(source, path)]
        return [normalise_path(f"{root}/{path}") for root in self.project.pattern_roots]

    def _judge(
        self, source: SourcePath, directive: Directive, found: Found, places: list[SourcePath]
    ) -> Problem | None:
        span, path = directive.path_span, directive.path
        if problem := self._out_of_reach(source, directive, found):
            return problem
        match found.kind:
            case "missing":
                return None if directive.optional else self._missing(source, directive, places)
            case "case":
                actual = respelled(path, found.detail)
                cure = f"write it as on disk: {actual}"
                fix = self._case_fix(source, directive, found)
                return Problem(CASE_MISMATCH, f"{path} is spelled {found.detail} on disk", span, help=cure, fix=fix)
            case "unreadable":
                return Problem(UNREADABLE_FILE, f"{path} cannot be read: {found.detail}", span, help=MAKE_READABLE)
            case "special":
                return Problem(NOT_A_REGULAR_FILE, f"{path} is not a regular file (a FIFO, a socket or a device)", span)
            case "misnamed":
                return Problem(PATH_NOT_PORTABLE, f"{path} leads to a name that is not UTF-8", span, help="rename it")
            case "folder":
                return self._judge_folder(directive)
            case _:
                return judge_type(directive)

    def _out_of_reach(self, source: SourcePath, directive: Directive, found: Found) -> Problem | None:
        """The problem of a target that is outside the project, or that this file may not name; None if it may."""
        if found.kind == "outside":
            what = "is" if found.real.startswith(("..", "/")) else "is a symlink that leads"
            message, cure = f"{directive.path} {what} outside the project", "copy the file into a pattern root"
        elif not self.project.may_read(source, found.real):
            is_there = found.real in self._places(source, directive.path)
            what = "is" if is_there else f"is a symlink to {found.real}, which is"
            message = f"{directive.path} {what} outside the folders that this file may name"
            cure = "move the file into a pattern root, or add its folder to `shared` in the configuration"
        else:
            return None
        return Problem(PATH_OUTSIDE_ROOTS, message, directive.path_span, help=cure)

    def _judge_folder(self, directive: Directive) -> Problem | None:
        if directive.word == "asset":
            if directive.path.endswith("/"):
                return None
            cure = f"add a trailing slash to ship all that it contains: {directive.path}/"
            fix = path_fix(directive, f"{directive.path}/", safe=False)
        else:
            cure, fix = f"{directive.word} a file in it", None
        return Problem(NOT_A_REGULAR_FILE, f"{directive.path} is a folder", directive.path_span, help=cure, fix=fix)

    def _case_fix(self, source: SourcePath, directive: Directive, found: Found) -> Fix | None:
        """A fix that spells each part of the path as on disk; None if several names differ only in case."""
        path = directive.path
        for _ in path.split("/"):
            if found.kind != "case" or not self._is_only_one(found.detail):
                break
            path = respelled(path, found.detail)
            there = [candidate for candidate in self._candidates(source, path) if candidate.kind != "missing"]
            found = there[0] if there else found
        return path_fix(directive, path, safe=True) if found.kind in ("file", "folder") else None

    def _portable_fix(self, source: SourcePath, directive: Directive) -> Fix | None:
        """A fix that makes a path portable (`/` for backslashes, no leading slash), if the file is then found in a pattern
        root.
        """
        path = directive.path
        if DRIVE.match(path) or SCHEME.match(path) or path.startswith("~"):
            return None
        portable = path.replace("\\", "/").lstrip("/")
        found = {candidate.real: candidate.kind for candidate in self._candidates(source, portable)}
        there = [kind for kind in found.values() if kind != "missing"]
        if there != ["folder" if portable.endswith("/") else "file"]:
            return None
        return path_fix(directive, portable, safe=not path.startswith(("/", "\\")))

    def _is_only_one(self, path: str) -> bool:
        """Whether no other name in the same folder differs from this one only in case."""
        folder, _, name = path.rpartition("/")
        listing = self.tree.listing(folder)
        return not isinstance(listing, str) and [n.casefold() for n in listing].count(name.casefold()) == 1

    def _missing(self, source: SourcePath, directive: Directive, places: list[SourcePath]) -> Problem:
        path = directive.path
        for place, real in zip(self._places(source, path), places, strict=False):
            folder, _, name = place.rpartition("/")
            listing = self.tree.listing(folder)
            if real != place and not isinstance(listing, str) and name in listing:
                message = f"{path} {dangling(place, real)}"
                return Problem(MISSING_INCLUDE, message, directive.path_span, help="repair the symlink, or remove it")
        if self.names is None:
            self.names = [
                pattern[len(root) + 1 :]
                for root in self.project.pattern_roots
                for pattern in self.project.patterns
                if pattern.startswith(f"{root}/")
            ]
        close = suggest_path(path, [name for name in self.names if not source.endswith(f"/{name}")])
        if is_relative(path):
            beside = self.tree.listing(resolve(source, path).rpartition("/")[0])
            if not isinstance(beside, str):
                prefix = path.rpartition("/")[0]
                near = near_names(path.rpartition("/")[2], list(beside), count=2)
                close = [f"{prefix}/{name}" for name in near] + close
        tried = ", ".join(places) or "no pattern root: the folders that `patterns` names do not exist"
        cure = f'did you mean "{close[0]}"?' if close else "create it, or mark the directive `optional`"
        if not close and _WILD.search(path):
            cure = "name one file: paths are taken literally, without wildcards or variables"
        if not close and not path.endswith(".md") and f"{path}.md" in self.names:
            close = [f"{path}.md"]
            cure = f'did you mean "{path}.md"?'
        hidden = next(
            filter(None, (left_out_part(place, self.tree.roots) for place in self._places(source, path))), None
        )
        if hidden is not None:
            close, cure = [], f"rename {hidden}: hidden files, caches and editor backups are left out everywhere"
        fix = path_fix(directive, close[0], safe=False) if len(close) == 1 else None
        message = f"cannot find {path}"
        return Problem(MISSING_INCLUDE, message, directive.path_span, help=cure, note=f"tried {tried}", fix=fix)

    def _report_unreadable(self, path: SourcePath, code: Code, message: str) -> None:
        by = self.named.get(path)
        place = f"{path}: {message}"
        is_binary = message.startswith("a NUL byte") and "UTF-16" not in message
        cure = (
            "remove the NUL bytes; if this is not a text, ship it with <<asset: …>>" if is_binary else _CURES.get(code)
        )
        if by is None:
            self.graph.add(Diagnostic(code, place, path, START, START, help=cure), path)
        else:
            source, span = by
            self.graph.report(source, Problem(code, place, span, help=cure))
            self.graph.failed.add(path)


_WILD = re.compile(r"[*?$]")
_CURES = {INVALID_ENCODING: "save the file as UTF-8", UNREADABLE_FILE: MAKE_READABLE}
