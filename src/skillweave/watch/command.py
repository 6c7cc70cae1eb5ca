"""Runs the author's own command after a rebuild, in a process group of its own, so that it can be ended with all it started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

VARIABLE = "SKILLWEAVE_CHANGED"
"""The environment variable with the ids of the entries that changed, one per line."""

_LONGEST = 64 * 1024
"""The number of characters that certainly fit into one variable on every system."""

_PATIENCE = 0.4
"""The seconds that a command has to end once it is asked to."""


def start(command: str, folder: Path, changed: Iterable[str], on_end: Callable[[], None]) -> subprocess.Popen[bytes]:
    """Run a shell command in a folder. `on_end` is called from another thread when it has ended.

    If there are too many entries to name, the variable is `*`. The command's output goes to stderr, as stdout is for whoever
    reads our events.
    """
    names = "\n".join(changed)
    process = subprocess.Popen(  # noqa: S602 (a shell is what the author's command line is written for)
        command,
        shell=True,
        cwd=folder,
        env=os.environ | {VARIABLE: names if len(names) <= _LONGEST else "*"},
        stdin=subprocess.DEVNULL,
        stdout=2,
        start_new_session=True,
    )

    def wait() -> None:
        process.wait()
        on_end()

    threading.Thread(target=wait, daemon=True).start()
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    """End a command and everything that it started: it is first asked to, and killed soon after."""
    _send(process, "SIGTERM")
    with suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)
    _send(process, "SIGKILL")
    process.wait()


def _send(process: subprocess.Popen[bytes], name: str) -> None:
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, getattr(signal, name))
    elif process.poll() is None:
        process.terminate()
