"""`skillweave check`."""

from __future__ import annotations

import click

from skillweave.cli.common import Options, configure, progress, project_options, report, status, summary, usage_errors


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
    from skillweave.build import compile_project  # noqa: PLC0415

    with usage_errors(), progress(options) as show:
        compiled = compile_project(config, entries, strict=options.strict, progress=show)
    report(options, config, compiled, compiled.diagnostics, err=False)
    if options.format == "full" and not options.quiet:
        from skillweave.report import summary_line  # noqa: PLC0415

        click.echo(summary_line(summary(compiled, compiled.diagnostics)))
    return status(compiled.diagnostics)
