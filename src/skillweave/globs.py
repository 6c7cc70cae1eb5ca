"""Globs over paths of a project: `*` and `?` match within a part, `**` across parts.

All ways to match are followed at once, so a match never takes longer than the glob's length times the path's.
"""

from __future__ import annotations

import re
from functools import lru_cache

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = re.compile(r"\*\*/|\*\*|.", re.DOTALL)


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path matches at least one of some globs."""
    return any(_ends(pattern, path) >> len(path) for pattern in patterns)


def covers(pattern: str, path: str) -> bool:
    """Whether a glob matches a path or a folder above it."""
    return _ends(pattern, path) & (_places(path, "/") | 1 << len(path)) != 0


def _ends(pattern: str, path: str) -> int:
    """All offsets where a match that starts at the path's start can end, as a bit set."""
    tokens = _tokens(pattern)
    slashes = _places(path, "/")
    all_places = (1 << len(path)) - 1
    within = all_places ^ slashes
    ends = 1
    for token in tokens:
        onward = -(ends & -ends)
        match token:
            case "**/":
                ends |= (onward & slashes) << 1
            case "**":
                ends = onward & (all_places << 1 | 1)
            case "*":
                # The addition carries the first end in each part through all that follows, up to the slash.
                ends |= ((ends & within) + within) ^ within
            case "?":
                ends = (ends & within) << 1
            case _:
                ends = (ends & _places(path, token)) << 1
        if not ends:
            break
    return ends


def _places(path: str, char: str) -> int:
    """All offsets of a character in a path, as a bit set."""
    places = 0
    at = path.find(char)
    while at >= 0:
        places |= 1 << at
        at = path.find(char, at + 1)
    return places


@lru_cache(maxsize=256)
def _tokens(pattern: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(pattern))
