"""Phrases of many messages: counts, and the name that may have been meant."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MANY, BESIDE = 100, 12
"""Above MANY names, only some are compared: BESIDE on each side of where the other name would be sorted."""


def counted(number: int, word: str) -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def near_names(name: str, known: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Up to `count` known names that resemble `name`, the nearest first. `cutoff` runs from 0 (any name) to 1 (equal
    names).

    Of many names, only those with a similar beginning or end are compared: otherwise a file with as many mistakes as
    names would take quadratic time.
    """
    from difflib import get_close_matches  # noqa: PLC0415 (slow to load, and needed only for a mistake)

    names = tuple(known)
    if len(names) > MANY:
        forwards, backwards = _sorted(names)
        names = (*_beside(name, forwards), *(ending[::-1] for ending in _beside(name[::-1], backwards)))
        names = tuple(dict.fromkeys(names))
    return get_close_matches(name, names, n=count, cutoff=cutoff)


@lru_cache(maxsize=8)
def _sorted(names: tuple[str, ...]) -> tuple[Sequence[str], Sequence[str]]:
    """The names sorted, and the names spelled backwards and sorted."""
    return sorted(names), sorted(name[::-1] for name in names)


def _beside(name: str, names: Sequence[str]) -> Sequence[str]:
    place = bisect_left(names, name)
    return names[max(place - BESIDE, 0) : place + BESIDE]
