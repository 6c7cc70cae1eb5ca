"""Lines by their numbers: `lines=2-5,9-`."""

from __future__ import annotations

from skillweave.diagnostics import LINES_OUT_OF_RANGE, Problem
from skillweave.phrases import counted
from skillweave.select.values import Selection
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.directive.values import Directive


def select_lines(count: int, name: str, directive: Directive) -> Selection:
    """Select lines of a text of `count` lines; `name` is its name in messages."""
    ranges: list[tuple[int, int]] = []
    previous = 0
    holding = f"{name} has {counted(count, 'line')}"
    for first, last in directive.lines or ():
        end = count if last is None else last
        if first < 1 or first > count or end > count:
            starts_inside = 1 <= first <= count
            message = f"{holding}; there is no line {end if starts_inside else first}"
            if starts_inside:
                cure = f"write {first}-{count}, or {first}- for all lines from there to the end"
            else:
                cure = f"use lines from 1 to {count}" if count else "it is empty"
        elif end < first:
            message = f"the lines {first}-{end} run backwards"
            cure = f"write {end}-{first}; {holding}" if end else f"lines count from 1; {holding}"
        elif first <= previous:
            message = f"line {first} does not come after line {previous}: ranges rise and do not overlap"
            cure = f"write them in rising order, each line once; {holding}"
        else:
            ranges.append((first - 1, end))
            previous = end
            continue
        problem = Problem(LINES_OUT_OF_RANGE, message, directive.selector_span or directive.span, help=cure)
        return Selection((), (problem,))
    return Selection(tuple(ranges))
