"""What many messages say: how many there are of something, and which name may have been meant."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MANY, BESIDE = 100, 12
"""Names of which only some are compared with another one, and how many of them on each side of where it would stand."""


def counted(number: int, word: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def near_names(name: str, known: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """At most so many of the known names that are like another, the nearest first. `cutoff` is from 0 (any) to 1 (equal).

    Of many, those are compared that begin or end alike: else a file with as many mistakes as names would take their square.
    """
    from difflib import get_close_matches  # noqa: PLC0415 (slow to load, and only a mistake asks for it)

    names = tuple(known)
    if len(names) > MANY:
        forwards, backwards = _sorted(names)
        names = (*_beside(name, forwards), *(ending[::-1] for ending in _beside(name[::-1], backwards)))
        names = tuple(dict.fromkeys(names))
    return get_close_matches(name, names, n=count, cutoff=cutoff)


@lru_cache(maxsize=8)
def _sorted(names: tuple[str, ...]) -> tuple[Sequence[str], Sequence[str]]:
    """Names as they are, sorted, and as they are read backwards."""
    return sorted(names), sorted(name[::-1] for name in names)


def _beside(name: str, names: Sequence[str]) -> Sequence[str]:
    place = bisect_left(names, name)
    return names[max(place - BESIDE, 0) : place + BESIDE]
