"""The `full` format, for people: message, place, the line with carets, further places, notes, and the cure."""

from __future__ import annotations

from skillweave.diagnostics import INVALID_CONFIG
from skillweave.record import NamedTuple
from skillweave.report.style import SEVERITY_STYLES, Style, paint
from skillweave.report.text import escape, excerpt_escapes, hop_line, place, sentence, width
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.diagnostics import Diagnostic
    from skillweave.report import Context
    from skillweave.source import Position

_MOST_COLUMNS = 160
_TAB = 4


class _Excerpt(NamedTuple):
    """The part of a source line that is shown, and the columns of the carets below it."""

    text: str
    caret_start: int
    caret_width: int


def render_full(diagnostics: Sequence[Diagnostic], context: Context) -> str:
    """One paragraph for each diagnostic, with blank lines between them."""
    return "\n".join("".join(f"{line}\n" for line in _lines(diagnostic, context)) for diagnostic in diagnostics)


def _lines(diagnostic: Diagnostic, context: Context) -> Iterator[str]:
    color = context.color
    style = SEVERITY_STYLES[diagnostic.severity]
    # At least two columns, as most line numbers have: the arrows then line up.
    gutter = max(2, len(str(diagnostic.start.line)))
    head = paint(f"{diagnostic.severity.value}[{diagnostic.code.number}]", style, color=color)
    yield head + paint(f": {escape(diagnostic.message)}", Style.STRONG, color=color)

    label = escape(diagnostic.label or "")
    here = f"{' ' * gutter}{paint('-->', Style.GUTTER, color=color)} {place(diagnostic.path, diagnostic.start)}"
    source = None if _is_of_no_line(diagnostic) else context.source_line(diagnostic.path, diagnostic.start.line)
    if source is None:
        yield f"{here}   {label}".rstrip()
    else:
        yield here
        excerpt = _excerpt(source, diagnostic.start, diagnostic.end)
        bar = paint("|", Style.GUTTER, color=color)
        number = paint(f"{diagnostic.start.line:>{gutter}} |", Style.GUTTER, color=color)
        carets = paint(f"{'^' * excerpt.caret_width} {label}".rstrip(), style, color=color)
        yield f"{' ' * gutter} {bar}"
        yield f"{number} {excerpt.text}".rstrip()
        yield f"{' ' * gutter} {bar} {' ' * excerpt.caret_start}{carets}"

    for hop in diagnostic.hops:
        yield f"{' ' * gutter}{paint(':::', Style.GUTTER, color=color)} {hop_line(hop)}"
    ending = f"{' ' * gutter} {paint('=', Style.GUTTER, color=color)}"
    for note in diagnostic.notes:
        yield f"{ending} {paint('note:', Style.STRONG, color=color)} {sentence(note)}"
    if diagnostic.help is not None:
        yield f"{ending} {paint('help:', Style.STRONG, color=color)} {escape(diagnostic.help)}"


def _is_of_no_line(diagnostic: Diagnostic) -> bool:
    """Whether a mistake is in no particular line: it is in the configuration as a whole, or on the command line."""
    return diagnostic.code is INVALID_CONFIG and diagnostic.start == diagnostic.end == (1, 1)


def _excerpt(source: str, start: Position, end: Position) -> _Excerpt:
    """The part of a line to show, and where the carets go. A span over several lines is marked up to the end of its
    first line.
    """
    first = min(start.column - 1, len(source))
    last = min(end.column - 1, len(source)) if end.line == start.line else len(source)
    # A line may be megabytes long. What is further away than the width of a window cannot be shown, and is not looked at.
    cut = max(0, first - 2 * _MOST_COLUMNS)
    near = source[cut : first + 2 * _MOST_COLUMNS]
    cells = _cells(near)
    low, high = _window(cells, first - cut, min(last - cut, len(near)))
    left = "…" if cut or low else ""
    right = "…" if high < len(near) or cut + len(near) < len(source) else ""
    before = width(left + "".join(cells[low : first - cut]))
    under = width("".join(cells[first - cut : min(last - cut, high)]))
    return _Excerpt(left + "".join(cells[low:high]) + right, before, max(1, under))


def _cells(text: str) -> list[str]:
    """Each code point as it is shown: a tab as the spaces up to its stop, an invisible character as an escape."""
    cells = []
    column = 0
    escapes = excerpt_escapes(text)
    for at, character in enumerate(text):
        cell = " " * (_TAB - column % _TAB) if character == "\t" else escapes.get(at, character)
        column += width(cell)
        cells.append(cell)
    return cells


def _window(cells: list[str], first: int, last: int) -> tuple[int, int]:
    """The range of cells that fit into a window around a span, with room for two ellipses. Of a long span, the start
    is shown.
    """
    widths = [width(cell) for cell in cells]
    if sum(widths) <= _MOST_COLUMNS:
        return 0, len(cells)
    room = _MOST_COLUMNS - 2
    context = max(room // 4, (room - sum(widths[first:last])) // 2)
    low, used = first, 0
    while low and used + widths[low - 1] <= context:
        low -= 1
        used += widths[low]
    high = low
    used = 0
    while high < len(cells) and used + widths[high] <= room:
        used += widths[high]
        high += 1
    # Near the end of the line, the left side takes the room that the right side does not need.
    while low and used + widths[low - 1] <= room:
        low -= 1
        used += widths[low]
    return low, high
