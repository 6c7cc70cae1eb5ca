"""`skillweave check`."""

from __future__ import annotations

import click

from skillweave.cli.checking import run
from skillweave.cli.fixing import Fixing
from skillweave.cli.options import Options, project_options, report_options, verbose_option
from skillweave.cli.selecting import selection_options
from skillweave.cli.suggest import suggest_entries


@click.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...", shell_complete=suggest_entries)
@click.option("--fix", is_flag=True, help="Apply all safe fixes to the sources; report what remains.")
@click.option("--diff", is_flag=True, help="Write nothing; show what --fix would change, as a patch.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also apply fixes that are likely guesses.")
@selection_options
@report_options
@verbose_option
@project_options
def check(options: Options, entries: tuple[str, ...], *, fix: bool, diff: bool, unsafe_fixes: bool) -> int:
    """Find every mistake; change no source unless --fix is given.

    An ENTRY is an id or a path, as for `build`; without one, everything is checked, patterns that nothing includes, too.

    With --diff the exit status is 1 if there is anything to fix.
    """
    return run(options, entries, Fixing(fix, diff, unsafe_fixes))
