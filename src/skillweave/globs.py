"""Globs over paths of a project: `*` and `?` within a part, `**` over parts.

A glob is followed through a path in every way at once, so that no glob takes longer than its length times the path's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = re.compile(r"\*\*/|\*\*|.", re.DOTALL)


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path matches one of some globs."""
    return any(_ends(pattern, path) >> len(path) for pattern in patterns)


def covers(pattern: str, path: str) -> bool:
    """Whether a glob matches a path, or a folder above it."""
    return _ends(pattern, path) & (_places(path, "/") | 1 << len(path)) != 0


def _ends(pattern: str, path: str) -> int:
    """Up to where a glob can match a path from its start: a set of offsets, as the bits of a number."""
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
                # The sum carries the first end of each part through all that follows in it, up to the slash.
                ends |= ((ends & within) + within) ^ within
            case "?":
                ends = (ends & within) << 1
            case _:
                ends = (ends & _places(path, token)) << 1
        if not ends:
            break
    return ends


def _places(path: str, char: str) -> int:
    """Where a character stands in a path: a set of offsets, as the bits of a number."""
    places = 0
    at = path.find(char)
    while at >= 0:
        places |= 1 << at
        at = path.find(char, at + 1)
    return places


@lru_cache(maxsize=256)
def _tokens(pattern: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(pattern))
