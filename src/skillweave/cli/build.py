"""`skillweave build`."""

from __future__ import annotations

from pathlib import Path

import click

from skillweave.cli.building import Wanted, run
from skillweave.cli.options import Options, project_options, report_options, verbose_option
from skillweave.cli.report_file import output_file
from skillweave.cli.selecting import selection_options
from skillweave.cli.suggest import suggest_entries


@click.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...", shell_complete=suggest_entries)
@click.option("--check", is_flag=True, help="Write nothing; name every output that is stale, missing or stray.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, as a patch.")
@click.option("--explain", is_flag=True, help="Say why each entry was rebuilt.")
@click.option(
    "--depfile",
    type=click.Path(path_type=Path),
    metavar="FILE",
    callback=output_file,
    help="Write what each entry was made of, for Make and Ninja.",
)
@selection_options
@report_options
@verbose_option
@project_options
def build(  # noqa: PLR0913 (click hands over each option by its name)
    options: Options, entries: tuple[str, ...], *, check: bool, diff: bool, explain: bool, depfile: Path | None
) -> int:
    """Check and flatten every skill and document, and write their bundles.

    An ENTRY is an id (research:orchestration) or a path (skills/research); without one, all are built. An entry with an
    error is not written and keeps its last good output.

    With --check or --diff nothing is written, and the exit status is 1 unless all bundles are current.
    """
    return run(options, Wanted(entries, check, diff, explain, depfile))
