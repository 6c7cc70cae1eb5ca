"""`skillweave schema`."""

from __future__ import annotations

import click

from skillweave.cli.status import CLEAN
from skillweave.cli.terminal import echo


@click.command()
def schema() -> int:
    """Print the JSON Schema of the configuration, for editors."""
    from skillweave.schema import text  # noqa: PLC0415

    echo(text(), nl=False)
    return CLEAN
