"""Splits much work on many texts between two processes."""

from __future__ import annotations

from skillweave.beside import beside, can_fork
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    T = TypeVar("T")


SHARE = 0.45
"""The share of the text that the other process gets: less than half, as sending back its results takes a while."""


def read_each(read: Callable[[str], T], texts: Mapping[str, str], worth: int) -> dict[str, T]:
    """Call `read` on each text, and return the results by the same names. A result must depend on the text alone.

    From `worth` characters in total on, a second process reads a part of the texts.
    """
    if not can_fork() or sum(map(len, texts.values())) < worth:
        return {name: read(text) for name, text in texts.items()}
    import pickle  # noqa: PLC0415 (used only here, and it only ever reads what our own process has written)

    theirs, ours = _divided(texts)
    others = beside(lambda: pickle.dumps([read(texts[name]) for name in theirs], pickle.HIGHEST_PROTOCOL))
    own = {name: read(texts[name]) for name in ours}
    return own | dict(zip(theirs, pickle.loads(others()), strict=True))  # noqa: S301 (our own process has written it)


def _divided(texts: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The names of the texts for the other process, and of those for this one."""
    theirs, ours = list[str](), list[str]()
    theirs_length = length = 0
    for name in sorted(texts, key=lambda name: len(texts[name]), reverse=True):
        length += len(texts[name])
        if theirs_length + len(texts[name]) <= SHARE * length:
            theirs_length += len(texts[name])
            theirs.append(name)
        else:
            ours.append(name)
    return theirs, ours
