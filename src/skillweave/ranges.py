"""Half-open ranges of lines: what is in them, and what remains if some lines are left out."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    T = TypeVar("T")


Ranges = tuple[tuple[int, int], ...]
"""Half-open ranges of lines, in rising order, counted from 0."""


def without(lines: Sequence[int], ranges: Ranges) -> Ranges:
    """Remove lines (in rising order) from ranges."""
    kept: list[tuple[int, int]] = []
    cuts = iter(lines[bisect_left(lines, ranges[0][0]) : bisect_left(lines, ranges[-1][1])] if ranges else ())
    cut = next(cuts, None)
    for first, last in ranges:
        start = first
        while cut is not None and cut < last:
            if cut >= start:
                if cut > start:
                    kept.append((start, cut))
                start = cut + 1
            cut = next(cuts, None)
        if start < last:
            kept.append((start, last))
    return tuple(kept)


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Ranges in any order, which may touch or overlap → ranges of the same lines that rise and do not touch."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def holds(ranges: Ranges, line: int) -> bool:
    """Whether ranges contain a line."""
    place = bisect_right(ranges, (line + 1,)) - 1
    return place >= 0 and line < ranges[place][1]


def count_within(ranges: Ranges, start: int, end: int) -> int:
    """How many lines of ranges are within one more range. Only those of them that overlap it are looked at."""
    count = 0
    for place in range(max(bisect_right(ranges, (start,)) - 1, 0), len(ranges)):
        if ranges[place][0] >= end:
            break
        count += max(0, min(ranges[place][1], end) - max(ranges[place][0], start))
    return count


def between(parts: Sequence[T], start: int, end: int, line: Callable[[T], int]) -> Sequence[T]:
    """The parts whose line is in the half-open range from `start` to `end`. `parts` must be sorted by their lines."""
    return parts[bisect_left(parts, start, key=line) : bisect_left(parts, end, key=line)]


def bridged(ranges: Ranges, hidden: Sequence[int]) -> Ranges:
    """Join ranges that are separated only by hidden lines, as if those had not been left out."""
    if not hidden or len(ranges) < 2:
        return ranges
    gaps = set(hidden[bisect_left(hidden, ranges[0][0]) : bisect_left(hidden, ranges[-1][1])])
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if found and all(line in gaps for line in range(found[-1][1], start)):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)


def intersect(ranges: Ranges, bounds: tuple[int, int]) -> Ranges:
    """The lines of ranges that are within one more range."""
    cut = ((max(start, bounds[0]), min(end, bounds[1])) for start, end in ranges)
    return tuple((start, end) for start, end in cut if start < end)


def trimmed(lines: Sequence[str], ranges: Ranges) -> Ranges:
    """Remove the blank lines at both ends of a selection."""
    kept = list(ranges)
    while kept:
        start, end = kept[0]
        while start < end and not lines[start].strip(" \t"):
            start += 1
        kept[0] = (start, end)
        if start < end:
            break
        kept.pop(0)
    while kept:
        start, end = kept[-1]
        while start < end and not lines[end - 1].strip(" \t"):
            end -= 1
        kept[-1] = (start, end)
        if start < end:
            break
        kept.pop()
    return tuple(kept)
