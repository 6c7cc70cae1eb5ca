"""Does the work of `skillweave check`."""

from __future__ import annotations

import time

from skillweave.cli.common import configure, from_here, progress, report, status, summary, tell_oddities, usage_errors
from skillweave.cli.fixing import NO_FIXES, Fixing, check_usage, hint, show_fixes, write_fixes
from skillweave.cli.remember import remember
from skillweave.cli.selecting import nothing, shown
from skillweave.cli.status import ERRORS
from skillweave.cli.terminal import echo, say
from skillweave.replay import Answer
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.cli.options import Options
    from skillweave.incremental import Outcome


def run(options: Options, entries: tuple[str, ...] = (), fixing: Fixing = NO_FIXES) -> int:
    """Check, and fix what `--fix` or `--diff` asks for. Returns the exit status."""
    began = time.time_ns()
    check_usage(fixing, options)
    config, failed = configure(options)
    if config is None:
        return failed
    entries = from_here(config, entries)
    from skillweave.incremental import Asked  # noqa: PLC0415
    from skillweave.incremental import check as run_check  # noqa: PLC0415

    def find() -> Outcome:
        with usage_errors(), progress(options) as show:
            return run_check(Asked(config, entries, options.strict, not options.no_cache, show))

    outcome = find()
    if fixing.diff:
        return show_fixes(options, config, shown(config, outcome.diagnostics, options), fixing)
    if fixing.fix:
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

        line = summary_line(summary(outcome, diagnostics), nothing(options)) + hint(diagnostics, fixing)
        echo(line)
    tell_oddities(options, config, outcome)
    result = status(diagnostics)
    if not fixing.fix:
        remember(options, config, outcome, Answer(result, told, line), began)
    return result
