"""`skillweave clean`."""

from __future__ import annotations

import click

from skillweave.cli.common import configure, tried
from skillweave.cli.options import Options, project_options
from skillweave.cli.status import CLEAN, USAGE
from skillweave.cli.terminal import echo


@click.command()
@project_options
def clean(options: Options) -> int:
    """Remove the cache. It only costs the next run some time; bundles stay."""
    config, failed = configure(options)
    if config is None:
        return failed or USAGE
    from skillweave.saved import remove_cache  # noqa: PLC0415

    with tried("remove"):
        removed = remove_cache(config.root)
    if not options.quiet:
        echo("removed the cache" if removed else "there is no cache")
    return CLEAN
