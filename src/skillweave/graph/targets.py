"""Checks a directive's path: whether it is portable, whether the directive takes that kind of file, and what was meant."""

from __future__ import annotations

import re

from skillweave.diagnostics import NOT_A_REGULAR_FILE, NOT_MARKDOWN, PATH_NOT_PORTABLE, Problem
from skillweave.directive.writing import as_written, path_fix
from skillweave.phrases import near_names
from skillweave.source import folded, path_ends
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from skillweave.directive.values import Directive
    from skillweave.source import SourcePath


class Names:
    """The names of many files, prepared to find those that may have been meant by a name that no file has."""

    def __init__(self, names: Sequence[str]) -> None:
        self.all = frozenset(names)
        self.by_file: dict[str, list[str]] = {}
        for name in names:
            self.by_file.setdefault(name.rpartition("/")[2], []).append(name)
        # The ending that all names share would make short names seem alike.
        self.by_stem = {name.removesuffix(".md"): name for name in names}

    def nearest(self, path: str, without: SourcePath) -> list[str]:
        """Up to two names that come nearest to a path; those with the same file name come first. The file `without`, which
        holds the path, is none of them.
        """
        same = self.by_file.get(path.rpartition("/")[2], ())
        near = near_names(path.removesuffix(".md"), self.by_stem, count=3, cutoff=0.55)
        found = dict.fromkeys([*same, *(self.by_stem[stem] for stem in near)])
        return [name for name in found if not without.endswith(f"/{name}")][:2]


def respelled(path: str, actual: str) -> str:
    """A path as written, except for the parts whose case or Unicode normalisation differs on disk."""
    parts, disk = path.split("/"), actual.split("/")
    known = {folded(part): part for part in disk}
    return "/".join(part if part in disk else known.get(folded(part), part) for part in parts)


def judge_type(directive: Directive) -> Problem | None:
    """What is wrong with a directive that names a file (not a folder) with this path; None if nothing is."""
    path, file = directive.path, directive.path.rstrip("/")
    if file != path and (directive.word == "asset" or file.endswith(".md")):
        cure, fix = "remove the trailing slash", path_fix(directive, file, safe=True)
        return Problem(NOT_A_REGULAR_FILE, f"{path} is not a folder", directive.path_span, help=cure, fix=fix)
    if directive.word == "asset" or path.endswith(".md"):
        return None
    if directive.as_code:
        if directive.section is None:
            return None
        return Problem(NOT_MARKDOWN, f"{path} is not a Markdown file, so it has no sections", directive.path_span)
    if directive.word == "reference":
        cure = f"link to it, or ship it: <<asset: {as_written(path)}>>"
    else:
        lang = language(path, None)
        options = f"as=code lang={lang}" if lang.isalnum() else "as=code"
        cure = f"include it as code: <<include: {as_written(path)} {options}>>"
    return Problem(NOT_MARKDOWN, f"{path} is not a Markdown file", directive.path_span, help=cure)


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
    """The info string for a file included as code: as given, else by its extension (directives.md, as=code)."""
    name = path.rpartition("/")[2]
    extension = name.rpartition(".")[2] if "." in name.lstrip(".") else ""
    return given if given is not None else _LANGUAGES.get(extension, extension)


DRIVE = re.compile(r"[A-Za-z]:")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def portability(directive: Directive, names: AbstractSet[str]) -> Problem | None:
    """The problem of a directive's path that works on some systems only; None if there is none. `names` are the paths that
    directives can name, one of which may be meant.
    """
    odd = unportable(directive.path)
    if odd is None:
        return None
    what, path = odd
    meant = path if path.endswith("/") else next((name for name in path_ends(path) if name in names), None)
    advice = f"write it relative to a pattern root, with `/`{f': {meant}' if meant else ''}"
    cure = advice if path else "copy the file into a pattern root"
    return Problem(PATH_NOT_PORTABLE, f"the path {directive.path} {what}", directive.path_span, help=cure)


def unportable(path: str) -> tuple[str, str] | None:
    """Why a path works on some systems only, and the portable path that may be meant, if any; None if it works everywhere."""
    if DRIVE.match(path):
        return "names a drive", path[2:].replace("\\", "/").lstrip("/")
    if SCHEME.match(path):
        return "is a URL", ""
    if path.startswith("~"):
        return "starts with a home folder", path.partition("/")[2]
    if "\\" in path:
        return "contains a backslash", path.replace("\\", "/").lstrip("/")
    return ("is absolute", path.lstrip("/")) if path.startswith("/") else None
