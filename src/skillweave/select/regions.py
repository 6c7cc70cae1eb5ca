"""Regions: the lines between two marked comments of a file."""

from __future__ import annotations

import re

from skillweave.diagnostics import MISSING_REGION, Problem
from skillweave.phrases import near_names
from skillweave.select.values import Regions, Selection
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.directive.values import Directive
    from skillweave.document import Document
    from skillweave.select.values import Lines
    from skillweave.source import Span


def document_regions(document: Document, *, as_code: bool) -> Regions:
    """The regions of a Markdown file. With `as_code`, front matter can be selected too, so its ignore comments are left out."""
    lines: dict[str, tuple[int, int]] = {}
    for region in document.regions:
        lines.setdefault(region.name, (region.start, region.end))
    markers = (*document.front_ignores, *document.markers) if as_code else document.markers
    return Regions(lines, frozenset(document.broken_regions), markers)


_COMMENT_MARKER = re.compile(
    r"\s*(?:#+|//+|--+|;+|%+|'|REM\b|/\*+|<!--|\(\*|\{-|\"\"\")\s*(end)?region:\s*(\S.*?)\s*(?:\*+/|-->|\*\)|-\}|\"\"\")?\s*"
)


def comment_regions(lines: Sequence[str]) -> Regions:
    """The regions of a file that is not Markdown. A marker is a line with nothing else on it but comment signs."""
    found: dict[str, tuple[int, int]] = {}
    opened: list[tuple[str, int]] = []
    broken: set[str] = set()
    markers: list[int] = []
    for number, line in enumerate(lines):
        match = _COMMENT_MARKER.fullmatch(line) if "region:" in line else None
        if not match:
            continue
        markers.append(number)
        if not match[1]:
            opened.append((match[2], number))
        elif not opened or opened[-1][0] != match[2]:
            broken.add(match[2])
        else:
            if match[2] in found:
                broken.add(match[2])
            found[match[2]] = (opened.pop()[1] + 1, number)
    broken.update(name for name, _ in opened)
    return Regions({name: place for name, place in found.items() if name not in broken}, frozenset(broken), markers)


def select_region(source: Lines, directive: Directive) -> Selection:
    """Select the lines between two markers."""
    name, regions = directive.region or "", source.regions
    if name in regions.lines:
        return Selection((regions.lines[name],))
    names = list(regions.lines)
    close = near_names(name, names)
    cure = f'did you mean "{close[0]}"?' if close else None
    is_markdown = source.name.endswith(".md")
    span = directive.selector_span or directive.span
    if name in regions.broken:
        # The document of a Markdown file reports what is wrong with it.
        return Selection((), () if is_markdown else (no_pair(name, source, span),))
    if cure is None:
        listed = ", ".join(f'"{other}"' for other in names[:8])
        marker = f"`<!-- region: {name} -->`" if is_markdown else f"a comment `region: {name}`"
        cure = f"its regions: {listed}" if names else f"mark it with {marker}"
    problem = Problem(MISSING_REGION, f'the region "{name}" is not in {source.name}', span, help=cure)
    return Selection((), (problem,))


def no_pair(name: str, source: Lines, span: Span) -> Problem:
    """The problem of a region whose markers do not pair up."""
    message = f'the region "{name}" does not have a pair of markers in {source.name}'
    cure = f"start it once with `region: {name}` and end it once with `endregion: {name}`, each in a comment"
    return Problem(MISSING_REGION, message, span, help=cure)
