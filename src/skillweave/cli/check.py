"""`skillweave check`."""

from __future__ import annotations

import click

from skillweave.cli.common import (
    Options,
    configure,
    nothing_found,
    progress,
    project_options,
    report,
    status,
    summary,
    usage_errors,
)


@click.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...")
@project_options
def check(options: Options, entries: tuple[str, ...]) -> int:
    """Find every mistake, and write nothing.

    An ENTRY is an id or a path, as for `build`; without one, everything is checked, patterns that nothing includes, too.
    """
    config, failed = configure(options)
    if config is None:
        return failed
    from skillweave.incremental import Asked  # noqa: PLC0415
    from skillweave.incremental import check as run_check  # noqa: PLC0415

    with usage_errors(), progress(options) as show:
        outcome = run_check(Asked(config, entries, options.strict, not options.no_cache, show))
    report(options, config, outcome, outcome.diagnostics, err=False)
    if options.verbose and options.format == "full":
        for entry in outcome.entries:
            click.echo(f"{'checked' if entry.good else 'has errors:'} {entry.id}")
    if options.format == "full" and not options.quiet:
        from skillweave.report import summary_line  # noqa: PLC0415

        click.echo(summary_line(summary(outcome, outcome.diagnostics)))
    if not outcome.entries and not options.quiet:
        click.echo(nothing_found(config), err=True)
    return status(outcome.diagnostics)
