"""Comments addressed to us: markers of regions, and comments that ignore findings in place."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from skillweave.diagnostics import MISSING_REGION, UNUSED_IGNORE, Problem
from skillweave.document import Region
from skillweave.markdown.html_blocks import html_type
from skillweave.markdown.places import locate
from skillweave.source import LineIndex, Span
from skillweave.suppress import Ignore, is_ours, read_ignore
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.markdown.values import Reading
    from skillweave.parse.frame import Frame


def front_ignores(index: LineIndex, matter: Span) -> list[int]:
    """The lines of the front matter that are YAML comments addressed to us."""
    if "skillweave:" not in index.text[matter.start : matter.end]:
        return []
    from skillweave.front_matter.events import comment_lines  # noqa: PLC0415 (yaml is loaded only if it is needed)

    first = index.line_of(matter.start)
    lines = comment_lines(index.text[matter.start : matter.end])
    return [first + line for line, comment in lines if is_ours(comment)]


def ignores_of(
    index: LineIndex, lines: list[int], hidden: set[int], body: int, problems: list[Problem]
) -> tuple[Ignore, ...]:
    """Read the ignore comments on `lines`, each with the line that it applies to: the next one with text in the same part
    of the file (front matter or body). Mistakes are added to `problems`.
    """
    if not lines:
        return ()
    silent = hidden.union(lines)
    full = [
        line
        for line in range(1, len(index.starts))
        if line not in silent and line != body - 1 and index.line(line).strip(" \t>")
    ]
    if body == 0 and 0 not in hidden and index.line(0).strip(" \t>"):
        full.insert(0, 0)
    found = []
    for line in lines:
        place = bisect_right(full, line)
        behind = full[place] if place < len(full) else line
        if line < body <= behind:
            behind = line  # the end of the front matter also ends what a comment in it applies to
        start, stop = index.starts[line], index.end(line)
        if line < body:
            span = Span(index.text.index("#", start) + 1, stop)
        else:
            span = Span(index.text.index("<!--", start) + 4, index.text.rindex("-->", start, stop))
        named, wrong = read_ignore(index.text, span)
        problems += wrong
        is_first = line < body or place == bisect_left(full, body)
        found.append(Ignore(tuple(c for c, _ in named), tuple(at for _, at in named), line, behind, is_first))
    return tuple(found)


_ASKING = re.compile(r"<!--\s*skillweave:")


def check_comments(frame: Frame, reading: Reading, problems: list[Problem]) -> None:
    """Report comments addressed to us that are not alone on their line: they ignore nothing."""
    for piece in reading.html if "skillweave:" in frame.text else ():
        kind = html_type(piece.text.lstrip()) if piece.block else 2
        if kind not in (2, 6):
            continue  # the text of a script or a `<pre>`
        for match in _ASKING.finditer(piece.text):
            if kind == 2 and piece.text[: match.start()].strip():
                continue  # it is inside another comment
            start = frame.offset(locate(piece.segments, match.start()))
            message = "this comment is not alone on its line, so it ignores nothing"
            cure = "put it on a line of its own, before the line that it is about, with the same indent"
            problems.append(Problem(UNUSED_IGNORE, message, Span(start, start + 4), help=cure))


_MARKER = re.compile(r"(end)?region:\s*(\S.*)")


def markers_of(frame: Frame, reading: Reading) -> dict[int, re.Match[str]]:
    """The lines that are markers of regions, each with its match of `_MARKER`."""
    markers = {}
    for line, comment in reading.comment_lines:
        match = _MARKER.fullmatch(comment)
        if match:
            markers[frame.line(line)] = match
    return markers


def regions_of(
    index: LineIndex, markers: dict[int, re.Match[str]], problems: list[Problem]
) -> tuple[tuple[Region, ...], tuple[str, ...]]:
    """Pair markers to regions; returns the regions and the names of broken ones.

    What is unpaired, crossing or duplicate is reported at its place.
    """
    regions: list[Region] = []
    broken: list[str] = []
    opened: list[tuple[str, int]] = []
    crossed: set[str] = set()
    open_names: dict[str, int] = {}

    def report(message: str, line: int, name: str, cure: str) -> None:
        broken.append(name)
        start = index.starts[line] + len(index.line(line)) - len(index.line(line).lstrip(" \t>"))
        end = index.starts[line] + len(index.line(line).rstrip())
        problems.append(Problem(MISSING_REGION, message, Span(start, end), help=cure))

    names: set[str] = set()
    for line in sorted(markers):
        match = markers[line]
        name = match[2]
        if not match[1]:
            if name in names:
                report(f'there are two regions "{name}"', line, name, "give it another name")
            names.add(name)
            opened.append((name, line))
            open_names[name] = open_names.get(name, 0) + 1
        elif opened and opened[-1][0] == name:
            regions.append(Region(name, opened.pop()[1] + 1, line))
            open_names[name] -= 1
        elif open_names.get(name):
            report(f'the region "{name}" crosses "{opened[-1][0]}"', line, name, "close the inner region first")
            while opened[-1][0] != name:
                inner = opened.pop()[0]
                open_names[inner] -= 1
                crossed.add(inner)
            opened.pop()
            open_names[name] -= 1
        elif name in crossed:
            broken.append(name)  # The crossing is reported where the outer region ends.
        else:
            report(f'no region "{name}" is open here', line, name, f"open it with `<!-- region: {name} -->`")
    for name, line in opened:
        report(f'the region "{name}" is never closed', line, name, f"close it with `<!-- endregion: {name} -->`")
    return tuple(sorted(regions, key=lambda region: region.start)), tuple(broken)
