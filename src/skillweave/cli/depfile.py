"""Writes the file of `skillweave build --depfile`."""

from __future__ import annotations

import os
from pathlib import Path

from skillweave.cli.late import click
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skillweave.config import Config
    from skillweave.depfile import Needs


def write_depfile(file: Path, config: Config, needs: Iterable[Needs]) -> None:
    """Write what some entries were made of, unless the file already says so. No reader ever sees half of it.

    Paths are relative to the working directory, as Make and Ninja read them; outputs are absolute if the output folder is.
    Raises ClickException if Make and Ninja cannot write a path.
    """
    from skillweave.depfile import depfile_text, rules_of, unsayable  # noqa: PLC0415
    from skillweave.regular import read_regular, replace_file  # noqa: PLC0415

    def source(path: str) -> str:
        return _below(config.root / path)

    def made(path: str) -> str:
        place = config.root / config.output / path
        return place.as_posix() if Path(config.output).is_absolute() else _below(place)

    rules = rules_of(needs, config.file, source, made)
    path = unsayable(rules)
    if path is not None:
        raise click.ClickException(f"a depfile cannot name {path!r}: Make and Ninja have no way to write it")
    text = depfile_text(rules).encode()
    found = read_regular(file)
    if found is not None and found[0] == text:
        return
    replace_file(file, text)


def _below(path: Path) -> str:
    """A path relative to the working directory; unchanged if none leads there."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()
