"""The entry point of both `skillweave` and `python -m skillweave`."""

from __future__ import annotations

import os
import sys

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; if nothing has changed, repeat the last run's answer."""
    from skillweave.replay import replay  # noqa: PLC0415 (main() catches an interrupt that comes while this is being loaded)

    try:
        status = replay(arguments)
    except OSError as error:
        from skillweave.cli import tell_failure  # noqa: PLC0415 (the command line is loaded only if it is needed)

        return tell_failure(error)
    if status is not None:
        return status
    from skillweave.cli import run as run_command  # noqa: PLC0415 (likewise)

    return run_command(arguments)


def main() -> None:
    """Run the command line and exit with its status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # It was closed. The next file opened would otherwise get its descriptor number.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 (stays open to the end)
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # It came before the command line could handle it, or while it was handling one.
        sys.stderr.write("interrupted\n")
        status = 130
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # The reader has gone away, or there is no room left: part of the output is lost.
            status = status or 1
    # All that is left is to free memory object by object; the system does that at once.
    os._exit(status)


if __name__ == "__main__":
    main()
