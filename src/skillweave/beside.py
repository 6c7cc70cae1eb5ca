"""Runs work in a second process. This only saves time: where no second process is possible, this process does the work."""

from __future__ import annotations

import os
import sys

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def beside(work: Callable[[], bytes]) -> Callable[[], bytes]:
    """Start some work in a second process if possible, and return a function that waits for its result.

    Call that function exactly once. The work must have no effect besides its result, because it is done again here if
    the other process fails for reasons of the machine.
    """
    if not can_fork():
        return work
    import signal  # noqa: PLC0415 (it takes a while to load)

    try:
        reader, writer = os.pipe()
    except OSError:  # Too many files are open.
        return work
    # Block interrupts until the child restores the mask inside its `try`, so that they end the child: the frames above
    # belong to the parent.
    masked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        child = os.fork()
    except OSError:  # There are too many processes, or there is too little memory for another one.
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
        os.close(reader)
        os.close(writer)
        return work
    if child == 0:
        status = 1
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, masked)
            # Close inherited descriptors, so that the parent's locks are released when the parent ends.
            os.closerange(3, writer)
            os.closerange(writer + 1, writer + 64)
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(work())
            status = 0
        finally:
            os._exit(status)  # skip exit handlers: they would close and flush the parent's files a second time
    signal.pthread_sigmask(signal.SIG_SETMASK, masked)
    os.close(writer)

    def result() -> bytes:
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        try:
            _, status = os.waitpid(child, 0)
        except ChildProcessError:  # Our own parent ignores SIGCHLD, so the system discards a child's status.
            return work()
        return answer if status == 0 else work()

    return result


def can_fork() -> bool:
    """Whether a second process can be started, and there is a processor for it."""
    # A fork copies the locks that other threads hold, and nobody would ever release the copies. If nobody has loaded
    # `threading`, this is the only thread.
    threading = sys.modules.get("threading")
    is_alone = threading is None or threading.active_count() == 1
    return hasattr(os, "fork") and (os.cpu_count() or 1) > 1 and is_alone
