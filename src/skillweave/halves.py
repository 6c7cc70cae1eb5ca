"""Much work on many texts, done by two processes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from skillweave.beside import beside, can_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

SHARE = 0.45
"""How much of the text the other process gets: to hand back what it found takes it a while."""


def read_each(read: Callable[[str], T], texts: Mapping[str, str], worth: int) -> dict[str, T]:
    """What reading gives for each of some texts, by the same names. `read` depends on the text alone.

    From `worth` characters on, a second process reads a part.
    """
    if not can_fork() or sum(map(len, texts.values())) < worth:
        return {name: read(text) for name, text in texts.items()}
    import pickle  # noqa: PLC0415 (only for this; and it only ever reads what our own process has written)

    theirs, ours = _divided(texts)
    others = beside(lambda: pickle.dumps([read(texts[name]) for name in theirs], pickle.HIGHEST_PROTOCOL))
    own = {name: read(texts[name]) for name in ours}
    return own | dict(zip(theirs, pickle.loads(others()), strict=True))  # noqa: S301 (as said)


def _divided(texts: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The names of the texts that the other process reads, and of those that this one does."""
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
