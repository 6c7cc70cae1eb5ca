"""`skillweave clean`."""

from __future__ import annotations

from pathlib import Path

import click

from skillweave.cli.common import tried
from skillweave.cli.options import place_options, quiet_option
from skillweave.cli.status import CLEAN
from skillweave.cli.terminal import echo


@click.command()
@place_options
@quiet_option
def clean(root: Path | None, config: Path | None, *, quiet: bool) -> int:
    """Remove the cache. This only costs the next run some time; bundles stay.

    The configuration says no more than where the project is: it may have mistakes.
    """
    from skillweave.config import load_config  # noqa: PLC0415
    from skillweave.saved import remove_cache  # noqa: PLC0415

    if config is not None and not config.is_file():
        raise click.UsageError(f"{config} is not a file.")
    found, _ = load_config(Path.cwd(), root, config)
    if not found.root.is_dir():
        raise click.UsageError(f"{found.root} is not a folder.")
    with tried("remove"):
        removed = remove_cache(found.root)
    if not quiet:
        echo("removed the cache" if removed else "there is no cache")
    return CLEAN
