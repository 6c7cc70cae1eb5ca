"""Checks the patterns and partials that no entry reaches: reports the former, and checks the links of both, which no bundle
does.
"""

from __future__ import annotations

import re

from skillweave.diagnostics import (
    INVALID_ENCODING,
    NOT_A_REGULAR_FILE,
    UNREADABLE_FILE,
    UNUSED_PATTERN,
    Diagnostic,
    Severity,
)
from skillweave.files import read_text
from skillweave.links.bundles import check_links
from skillweave.source import START
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from skillweave.graph.values import Finding
    from skillweave.links.site import Site
    from skillweave.source import SourcePath


def unreached_files(
    site: Site, sources: Iterable[frozenset[SourcePath]], findings: Sequence[Finding]
) -> list[SourcePath]:
    """The patterns and partials that are in no bundle. Empty if an entry could not be read, as what it includes is unknown.
    `sources` are the files of each bundle.
    """
    project = site.nodes.project
    own = {file.real for entry in project.entries for file in entry.files}
    unread = [finding.diagnostic for finding in findings if finding.diagnostic.code in _UNREAD]
    if any(found.path in own or found in project.diagnostics for found in unread):
        return []
    reached = set().union(*sources)
    return sorted({*project.patterns, *project.partials} - reached)


def meant_patterns(site: Site, unreached: Iterable[SourcePath], findings: Iterable[Finding]) -> frozenset[SourcePath]:
    """The unreached patterns that a misspelled line may refer to. They are not reported as unused as well."""
    lines = misspelled_lines(findings, site)
    words = {word for line in lines for word in _WORD.findall(line)}
    return frozenset(path for path in unreached if _is_named(_stem(path), words, lines))


def _is_named(stem: str, words: Container[str], lines: Iterable[str]) -> bool:
    """Whether lines name a file: as a word; as any text if its name is no single word."""
    return stem in words or (_WORD.fullmatch(stem) is None and any(stem in line for line in lines))


_WORD = re.compile(r"[^\s/<>{}\"'()#]+?(?=\.md\b|[\s/<>{}\"'()#]|$)")
"""Matches what may be the name of a file, without `.md`, in a line that names one."""


_UNREAD = (INVALID_ENCODING, UNREADABLE_FILE, NOT_A_REGULAR_FILE)


def check_unreached(site: Site, path: SourcePath, *, is_meant: bool) -> frozenset[SourcePath]:
    """Report a pattern that no entry reaches (unless a misspelled line may refer to it), and check its links or those of a
    partial, as no bundle does. Returns the files that they lead to.
    """
    graph = site.nodes.graph
    file = graph.files.get(path)
    has_links = file is not None and file.document is not None and file.document.params is None
    with graph.finding_for(path):
        if path in site.patterns and not is_meant:
            message, cure = f"no entry reaches {path}", "include it, reference it, or remove it"
            unused = Diagnostic(UNUSED_PATTERN, message, path, START, START, help=cure, severity=Severity.WARNING)
            graph.add(unused, path)
        return frozenset(check_links(site, path) if has_links else ())


def misspelled_lines(findings: Iterable[Finding], site: Site) -> list[str]:
    """The lines with an error about a file that they name, and the file names in the cures of these errors, in lower case. What
    they may refer to is not reported as unused as well.
    """
    # A warning that `--strict` or the configuration raises is no error by nature, and takes no other finding's place.
    told = [
        diagnostic
        for diagnostic, _, _, mark in findings
        if mark is None
        and diagnostic.severity is diagnostic.code.severity is Severity.ERROR
        and diagnostic.code.stage in _NAMING
    ]
    lines = [name.casefold() for diagnostic in told for name in _QUOTED_FILE.findall(diagnostic.help or "")]
    # Each line is taken once: a line with many errors may be as long as a whole file.
    for path, number in dict.fromkeys((diagnostic.path, diagnostic.start.line) for diagnostic in told):
        file = site.nodes.graph.files.get(path)
        known = file.lines if file is not None else read_text(site.tree, path).content.split("\n")
        lines += [line.casefold() for line in known[number - 1 : number]]
    return lines


_QUOTED_FILE = re.compile(r'"([^"]*\.md)"')
_NAMING = ("SW1", "SW2", "SW5", "SW9")
"""The stages whose errors are about what a directive or a link names."""


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md").casefold()
