"""`skillweave` and `python -m skillweave`."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing has it, too, and takes longer to load than all that may be needed.
if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status: from memory where nothing has changed."""
    from skillweave.replay import replay  # noqa: PLC0415 (an interrupt may come while this is loaded)

    try:
        status = replay(arguments)
    except OSError as error:
        from skillweave.cli import tell_failure  # noqa: PLC0415 (the command line is loaded only where it is needed)

        return tell_failure(error)
    if status is not None:
        return status
    from skillweave.cli import run as run_command  # noqa: PLC0415 (likewise)

    return run_command(arguments)


def main() -> None:
    """Run the command line and exit with its status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # It was closed. Left so, the next file that is opened would take its number.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (to the end)
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # It came before the command line was there to answer it, or while that was being done.
        sys.stderr.write("interrupted\n")
        status = 130
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # Nobody reads it any more, or there is no room for it: what could not be said was not said.
            status = status or 1
    # All that is left to do is to give memory back, object by object: the system does it at once.
    os._exit(status)


if __name__ == "__main__":
    main()
