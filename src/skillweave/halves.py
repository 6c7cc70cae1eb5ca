"""Much work on many texts, done by two processes at once."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

SHARE = 0.45
"""How much of the text the other process gets: to hand back what it found takes it a while."""


def read_each(read: Callable[[str], T], texts: Mapping[str, str], worth: int) -> dict[str, T]:
    """What reading gives for each of some texts, by the same names. `read` depends on the text alone.

    From `worth` characters on, a second process reads a part. It may fail for reasons of the machine: then this one does
    all.
    """
    if not _can_fork() or sum(map(len, texts.values())) < worth:
        return {name: read(text) for name, text in texts.items()}
    import pickle  # noqa: PLC0415 (only for this; and it only ever reads what our own process has written)

    theirs, ours = _divided(texts)
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError:  # There are too many processes, or too little memory for one more.
        os.close(reader)
        os.close(writer)
        return {name: read(text) for name, text in texts.items()}
    if child == 0:
        status = 1
        try:
            os.close(reader)
            found = pickle.dumps([read(texts[name]) for name in theirs], pickle.HIGHEST_PROTOCOL)
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(found)
            status = 0
        finally:
            os._exit(status)  # nothing of the parent's is closed or flushed twice
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        own = {name: read(texts[name]) for name in ours}
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    others = pickle.loads(answer) if status == 0 else [read(texts[name]) for name in theirs]  # noqa: S301 (as said)
    return own | dict(zip(theirs, others, strict=True))


def _can_fork() -> bool:
    # A fork copies locks that other threads hold, and nobody would ever release them.
    return hasattr(os, "fork") and (os.cpu_count() or 1) > 1 and threading.active_count() == 1


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
