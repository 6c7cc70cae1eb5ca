"""The names that somebody may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def near_names(name: str, known: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """At most so many of the known names that are like another, the nearest first. `cutoff` is from 0 (any) to 1 (equal)."""
    from difflib import get_close_matches  # noqa: PLC0415 (slow to load, and only a mistake asks for it)

    return get_close_matches(name, list(known), n=count, cutoff=cutoff)
