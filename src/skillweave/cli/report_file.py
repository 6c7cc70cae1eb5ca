"""What `--output-file` and `--depfile` name: a file that is written whole, and none that the project reads or builds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from skillweave.cli.late import click

if TYPE_CHECKING:
    from skillweave.config import Config


def output_file(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """The option's value; a usage error if no file can be written there, before anything is done."""
    del context, parameter
    if value is None:
        return None
    if not value.parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.parent}.")
    if (os.path.lexists(value) and not value.is_file()) or _is_for_devices(value.parent):
        raise click.BadParameter(f"{value} is no regular file.")
    return value


def _is_for_devices(folder: Path) -> bool:
    """Whether what a folder holds are names of devices and streams, also where one leads to a regular file now."""
    real = os.path.realpath(folder)
    return real == "/dev" or real.startswith("/proc/")


def keep_off_sources(file: Path, config: Config, what: str) -> None:
    """A usage error if a file lies where the project reads or builds: it would be a source's end, or a stray output.

    `what` the file is to be, in words.
    """
    from skillweave.source import foreign_part  # noqa: PLC0415

    place = Path(os.path.realpath(file.parent)) / file.name
    names = [config.root / name for name in ("skillweave.toml", "pyproject.toml", config.file) if name]
    if place in names:
        raise click.UsageError(f"{file} is a configuration, and no place for a {what}.")
    claimed = claimed_by(place, config)
    if claimed is None and place.is_relative_to(config.root):
        claimed = foreign_part(place.relative_to(config.root).as_posix())
    if claimed is not None:
        raise click.UsageError(f"{file} lies in {claimed}, which is no place for a {what}.")


def claimed_by(place: Path, config: Config) -> str | None:
    """What a place lies in that the project reads or builds: its output, a root, or what is shared; None for any other.

    The place has no symlinks in it.
    """
    from skillweave.files import Tree, expand_roots, is_below  # noqa: PLC0415

    if place.is_relative_to(os.path.realpath(config.root / config.output)):
        return config.output
    if not place.is_relative_to(config.root):
        return None
    path = place.relative_to(config.root).as_posix()
    configured = (*config.patterns, *config.skills, *config.documents)
    roots = (*config.shared, *(root for _, root in expand_roots(Tree(config.root), configured)))
    return next((root for root in roots if is_below(path, root)), None)
