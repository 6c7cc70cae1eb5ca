"""Finds the file that a directive names, or says what is wrong with its path and what may be meant."""

from __future__ import annotations

import re
from functools import cached_property

from skillweave.destination import resolve
from skillweave.diagnostics import (
    AMBIGUOUS_TARGET,
    CASE_MISMATCH,
    MAKE_READABLE,
    MISSING_INCLUDE,
    NOT_A_REGULAR_FILE,
    NOT_MARKDOWN,
    PATH_NOT_PORTABLE,
    PATH_OUTSIDE_ROOTS,
    UNREADABLE_FILE,
    Fix,
    Problem,
)
from skillweave.directive.values import is_relative
from skillweave.directive.writing import path_fix
from skillweave.files import Found, Tree, dangling, is_below, normalise_path
from skillweave.graph.targets import DRIVE, SCHEME, Names, judge_type, portability, respelled
from skillweave.listing import left_out_part
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.roots import lost_link
from skillweave.source import SourcePath, folded
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.directive.values import Directive
    from skillweave.project import Project


class Target(NamedTuple):
    """What a directive names. At most one of these is given; none of them if an optional file has no place to be in."""

    real: SourcePath | None = None
    """The real path of the file or folder."""
    missing: SourcePath | None = None
    """Where an optional file would be."""
    problem: Problem | None = None


class Resolver:
    """Finds the files that the directives of a project name."""

    def __init__(self, tree: Tree, project: Project) -> None:
        self.tree = tree
        self.project = project

    def target(self, source: SourcePath, directive: Directive) -> Target:
        """Find out what a directive in the file `source` names."""
        portable = portability(directive, self._names.all)
        if portable:
            return Target(problem=portable._replace(fix=self._portable_fix(source, directive)))
        found = self._candidates(source, directive.path)
        there = [candidate for candidate in found if candidate.kind != "missing"]
        if len({candidate.real for candidate in there}) > 1:
            message = f"{directive.path} is ambiguous: it can be {' or '.join(sorted(each.real for each in there))}"
            cure = "rename one, or write the path with ./ or ../ from this file"
            return Target(problem=Problem(AMBIGUOUS_TARGET, message, directive.path_span, help=cure))
        if not found:
            if not directive.optional:
                return Target(problem=self._missing(source, directive, []))
            root = next(iter(self.project.absent_roots), "")
            return Target(missing=SourcePath(normalise_path(f"{root}/{directive.path}")))
        match = there[0] if there else found[0]
        problem = self._judge(source, directive, match, [candidate.real for candidate in found])
        if problem is not None:
            return Target(problem=problem)
        return Target(missing=match.real) if match.kind == "missing" else Target(match.real)

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
                lost = self._lost(source, directive)
                return lost or (None if directive.optional else self._missing(source, directive, places))
            case "case":
                actual = respelled(path, found.detail)
                is_case = actual.casefold() == path.casefold()
                how = found.detail if is_case else "in another Unicode normalisation (NFC or NFD)"
                cure = f"write it as on disk: {actual}"
                fix = self._case_fix(source, directive, found)
                return Problem(CASE_MISMATCH, f"{path} is spelled {how} on disk", span, help=cure, fix=fix)
            case "unreadable":
                return Problem(UNREADABLE_FILE, f"{path} cannot be read: {found.detail}", span, help=MAKE_READABLE)
            case "special":
                return Problem(NOT_A_REGULAR_FILE, f"{path} is not a regular file (a FIFO, a socket or a device)", span)
            case "misnamed":
                return Problem(PATH_NOT_PORTABLE, f"{path} leads to a name that is not UTF-8", span, help="rename it")
            case "folder":
                return self._judge_folder(directive)
            case _:
                return judge_type(directive) or _judge_link(directive, found.real)

    def _out_of_reach(self, source: SourcePath, directive: Directive, found: Found) -> Problem | None:
        """The problem of a target that is outside the project, or that this file may not name; None if it may."""
        if found.kind == "outside":
            what = "is" if found.real.startswith(("..", "/")) else "is a symlink that leads"
            message, cure = f"{directive.path} {what} outside the project", "copy the file into a pattern root"
        elif not self.project.may_read(source, found.real):
            is_there = found.real in self._places(source, directive.path)
            what = "is" if is_there else f"is a symlink to {found.real or 'the project itself'}, which is"
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
        """Whether no other name in the same folder differs from this one only in case or Unicode normalisation."""
        folder, _, name = path.rpartition("/")
        return [folded(other) for other in self.tree.names(folder)].count(folded(name)) == 1

    def _lost(self, source: SourcePath, directive: Directive) -> Problem | None:
        """The problem of a path that is a symlink to nowhere, or leads through one: that is not merely missing. A root of that
        kind has a finding of its own.
        """
        for place in self._places(source, directive.path):
            link = lost_link(self.tree, place)
            if link is not None and not any(is_below(root, link) for root in self.project.pattern_roots):
                what = directive.path if link == place else f"cannot find {directive.path}: {link}"
                message = f"{what} {dangling(link, self.tree.look_up(link).real)}"
                cure = "repair the symlink, or remove it"
                return Problem(MISSING_INCLUDE, message, directive.path_span, help=cure)
        return None

    def _missing(self, source: SourcePath, directive: Directive, places: list[SourcePath]) -> Problem:
        """The problem of a file that is not there. `places` are the real paths that were tried."""
        path, span = directive.path, directive.path_span
        looked = self._places(source, path)
        tried = ", ".join(places) or "no pattern root: the folders that `patterns` names do not exist"
        problem = Problem(MISSING_INCLUDE, f"cannot find {path}", span, note=f"tried {tried}")
        hidden = next(filter(None, (left_out_part(place, self.tree.roots) for place in looked)), None)
        if hidden is not None:
            cure = f"rename {hidden}: hidden files, caches and editor backups are left out everywhere"
            return problem._replace(help=cure)
        if close := self._nearest(source, path):
            fix = path_fix(directive, close[0], safe=False) if len(close) == 1 else None
            return problem._replace(help=f'did you mean "{close[0]}"?', fix=fix)
        if _WILD.search(path):
            return problem._replace(help="name one file: paths are taken literally, without wildcards or variables")
        return problem._replace(help="create it, or mark the directive `optional`")

    def _nearest(self, source: SourcePath, path: str) -> list[str]:
        """The paths that may be meant by one that does not exist: if it is relative, first those in that folder."""
        close = self._names.nearest(path, source)
        if is_relative(path):
            folder, _, name = path.rpartition("/")
            beside = self.tree.names(resolve(source, path).rpartition("/")[0])
            close = [f"{folder}/{name}" for name in near_names(name, list(beside), count=2)] + close
        return close or ([f"{path}.md"] if f"{path}.md" in self._names.all else [])

    @cached_property
    def _names(self) -> Names:
        """All patterns, as directives name them."""
        return Names(
            [
                pattern[len(root) + 1 :]
                for root in self.project.pattern_roots
                for pattern in self.project.patterns
                if pattern.startswith(f"{root}/")
            ]
        )


def _judge_link(directive: Directive, real: SourcePath) -> Problem | None:
    """The problem of a path that is named like Markdown, but is a symlink to a file that is not; None if it is none."""
    is_plain = directive.word == "asset" or (directive.as_code and directive.section is None)
    if is_plain or real.endswith(".md"):
        return None
    message = f"{directive.path} is a symlink to {real}, which is not a Markdown file"
    return Problem(NOT_MARKDOWN, message, directive.path_span, help="give that file a name that ends in .md")


_WILD = re.compile(r"[*?$]")
