"""`skillweave` and `python -m skillweave`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from skillweave.cli import run  # noqa: PLC0415 (the command line is imported only by who runs it)

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
