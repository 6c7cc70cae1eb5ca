"""Globs over paths of a project: `*` and `?` within a part, `**` over parts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path matches one of some globs."""
    return any(_glob(pattern).fullmatch(path) for pattern in patterns)


def covers(pattern: str, path: str) -> bool:
    """Whether a glob matches a path, or a folder above it."""
    parts = path.split("/")
    return any(_glob(pattern).fullmatch("/".join(parts[:count])) for count in range(len(parts), 0, -1))


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    parts = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            parts.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        else:
            char = pattern[at]
            parts.append("[^/]*" if char == "*" else "[^/]" if char == "?" else re.escape(char))
            at += 1
    return re.compile("".join(parts), re.DOTALL)
