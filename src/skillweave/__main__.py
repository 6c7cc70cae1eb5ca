"""`skillweave` and `python -m skillweave`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from skillweave.cli import run  # noqa: PLC0415 (the command line is imported only by who runs it)

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
