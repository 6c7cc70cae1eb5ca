"""Runs builds and checks that are asked for with flags only, without the time that loading click takes.

If there is anything else in the arguments, even a mistake, click reads them.
"""

from __future__ import annotations

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = frozenset({"--strict", "--no-cache", "--quiet", "-q", "--verbose", "-v"})
BUILD_FLAGS = FLAGS | {"--check", "--explain"}


def run_by_flags(arguments: Sequence[str]) -> int | None:
    """Run a build or a check that is asked for with flags only, and return its exit status; None if click has to read the
    arguments.
    """
    command, *flags = arguments or [""]
    if command not in ("build", "check") or not set(flags) <= (BUILD_FLAGS if command == "build" else FLAGS):
        return None
    from skillweave.cli.options import Options  # noqa: PLC0415 (nobody else needs what follows)

    options = Options(
        tuple(arguments),
        strict="--strict" in flags,
        no_cache="--no-cache" in flags,
        quiet="--quiet" in flags or "-q" in flags,
        verbose="--verbose" in flags or "-v" in flags,
    )
    if command == "check":
        from skillweave.cli import checking  # noqa: PLC0415

        return checking.run(options)
    from skillweave.cli import building  # noqa: PLC0415

    return building.run(options, building.Wanted(check="--check" in flags, explain="--explain" in flags))
