"""`skillweave check`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from skillweave.cli.common import configure, nothing_found, progress, report, say, status, summary, usage_errors
from skillweave.cli.fixing import Fixing, check_usage, hint, show_fixes, write_fixes
from skillweave.cli.options import Options, project_options, report_options
from skillweave.cli.remember import remember
from skillweave.cli.selecting import selection_options, shown
from skillweave.cli.status import ERRORS
from skillweave.cli.suggest import suggest_entries
from skillweave.replay import Said

if TYPE_CHECKING:
    from skillweave.incremental import Outcome


@click.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...", shell_complete=suggest_entries)
@click.option("--fix", is_flag=True, help="Fix in the sources what has one sure cure; report what remains.")
@click.option("--diff", is_flag=True, help="Write nothing; show what --fix would change, as a patch.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: make likely guesses, too.")
@selection_options
@report_options
@project_options
def check(options: Options, entries: tuple[str, ...], *, fix: bool, diff: bool, unsafe_fixes: bool) -> int:
    """Find every mistake, and write nothing unless --fix says so.

    An ENTRY is an id or a path, as for `build`; without one, everything is checked, patterns that nothing includes, too.

    With --diff the exit status is 1 if there is anything to fix.
    """
    began = time.time_ns()
    fixing = Fixing(fix, diff, unsafe_fixes)
    check_usage(fixing, options)
    config, failed = configure(options)
    if config is None:
        return failed
    from skillweave.incremental import Asked  # noqa: PLC0415
    from skillweave.incremental import check as run_check  # noqa: PLC0415

    def find() -> Outcome:
        with usage_errors(), progress(options) as show:
            return run_check(Asked(config, entries, options.strict, not options.no_cache, show))

    outcome = find()
    if diff:
        return show_fixes(options, config, outcome.diagnostics, fixing)
    if fix:
        changed = write_fixes(options, config, outcome.diagnostics, fixing)
        if changed is None:
            return ERRORS
        outcome = find() if changed else outcome
    diagnostics = shown(config, outcome.diagnostics, options)
    told, line = report(options, config, outcome, diagnostics, err=False), ""
    if options.verbose and (options.format == "full" or options.output_file):
        for entry in outcome.entries:
            say(f"{'checked' if entry.good else 'has errors:'} {entry.id}")
    if options.format == "full" and not options.quiet and not options.output_file:
        from skillweave.report import summary_line  # noqa: PLC0415

        line = summary_line(summary(outcome, diagnostics)) + hint(diagnostics, fixing)
        click.echo(line)
    if not outcome.entries and not options.quiet:
        click.echo(nothing_found(config), err=True)
    result = status(diagnostics)
    if not fix:
        remember(options, config, outcome, Said(result, told, line), began)
    return result
