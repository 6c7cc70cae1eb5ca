"""Checks what `--output-file` and `--depfile` name: a file that can be written whole, and that the project neither reads nor
builds.
"""

from __future__ import annotations

import os
from pathlib import Path

from skillweave.cli.late import click
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.config import Config


def output_file(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """The value of the option. Raises a usage error, before anything is done, if no file can be written there."""
    del context, parameter
    if value is None:
        return None
    if not value.parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.parent}.")
    if (os.path.lexists(value) and not value.is_file()) or _is_for_devices(value.parent):
        raise click.BadParameter(f"{value} is not a regular file.")
    return value


def _is_for_devices(folder: Path) -> bool:
    """Whether a folder contains devices and streams. What one leads to now may be a regular file all the same."""
    real = os.path.realpath(folder)
    return real == "/dev" or real.startswith("/proc/")


def keep_off_sources(file: Path, config: Config, what: str) -> None:
    """Raise a usage error if a file is where the project reads or builds: it would overwrite a source, or become a stray
    output.

    `what` says in words what the file will be.
    """
    from skillweave.config import OWN_FILE, SHARED_FILE  # noqa: PLC0415
    from skillweave.source import foreign_part  # noqa: PLC0415

    place = Path(os.path.realpath(file.parent)) / file.name
    names = [config.root / name for name in (OWN_FILE, SHARED_FILE, config.file) if name]
    if place in names:
        raise click.UsageError(f"{file} is a configuration file, which is no place for a {what}.")
    claimed = claimed_by(place, config)
    if claimed is None and place.is_relative_to(config.root):
        claimed = foreign_part(place.relative_to(config.root).as_posix())
    if claimed is not None:
        raise click.UsageError(f"{file} is in {claimed}, which is no place for a {what}.")


def claimed_by(place: Path, config: Config) -> str | None:
    """The folder that the project reads or builds and that a place is in: its output, a root, or a shared folder; None if there
    is none.

    The place must contain no symlinks.
    """
    from skillweave.files import is_below, tree_of  # noqa: PLC0415
    from skillweave.roots import expand_roots  # noqa: PLC0415

    if place.is_relative_to(os.path.realpath(config.root / config.output)):
        return config.output
    if not place.is_relative_to(config.root):
        return None
    path = place.relative_to(config.root).as_posix()
    configured = (*config.patterns, *config.skills, *config.documents)
    roots = (*config.shared, *(root for _, root in expand_roots(tree_of(config), configured)))
    return next((root for root in roots if is_below(path, root)), None)
