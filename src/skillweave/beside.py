"""Work that a second process does meanwhile. It only ever saves time: where there can be none, this process does it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def beside(work: Callable[[], bytes]) -> Callable[[], bytes]:
    """Have some work begun by a second process, if there can be one. What is returned waits for what comes of it.

    It is to be called once. The work has no effect but its result, so that it can be done again where the other process
    failed for reasons of the machine.
    """
    if not can_fork():
        return work
    import signal  # noqa: PLC0415 (it takes a while to load)

    try:
        reader, writer = os.pipe()
    except OSError:  # There are too many open files.
        return work
    # An interrupt is for the child to end by, wherever it comes: what is above us on the stack is the parent's.
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        child = os.fork()
    except OSError:  # There are too many processes, or too little memory for one more.
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        os.close(reader)
        os.close(writer)
        return work
    if child == 0:
        status = 1
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
            # What the parent has locked is free when the parent ends.
            os.closerange(3, writer)
            os.closerange(writer + 1, writer + 64)
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(work())
            status = 0
        finally:
            os._exit(status)  # nothing of the parent's is closed or flushed twice
    signal.pthread_sigmask(signal.SIG_SETMASK, masked)
    os.close(writer)

    def result() -> bytes:
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        try:
            _, status = os.waitpid(child, 0)
        except ChildProcessError:  # Who started us does not care for children, so the system forgets them at their end.
            return work()
        return answer if status == 0 else work()

    return result


def can_fork() -> bool:
    """Whether there can be a second process, and a processor for it."""
    # A fork copies locks that other threads hold, and nobody would ever release them. Where nobody has loaded `threading`,
    # this thread is the only one.
    threading = sys.modules.get("threading")
    is_alone = threading is None or threading.active_count() == 1
    return hasattr(os, "fork") and (os.cpu_count() or 1) > 1 and is_alone
