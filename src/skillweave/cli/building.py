"""Does the work of `skillweave build`."""

from __future__ import annotations

import os
import time

from skillweave.cli.common import (
    configure,
    from_here,
    is_configured,
    progress,
    report,
    status,
    tell_oddities,
    tried,
    usage_errors,
)
from skillweave.cli.depfile import write_depfile
from skillweave.cli.late import click
from skillweave.cli.remember import remember
from skillweave.cli.report_file import keep_off_sources
from skillweave.cli.status import BUILDING, CLEAN, ERRORS
from skillweave.cli.terminal import echo, printable_line, say, say_patch
from skillweave.phrases import counted
from skillweave.record import NamedTuple
from skillweave.replay import Answer, timed
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from skillweave.build import Compiled
    from skillweave.cli.options import Options
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.incremental import Outcome
    from skillweave.incremental.values import EntryResult
    from skillweave.project import Entry
    from skillweave.publish import Published


class Wanted(NamedTuple):
    """What `build` is asked for, besides the options that all commands have."""

    entries: tuple[str, ...] = ()
    check: bool = False
    diff: bool = False
    explain: bool = False
    depfile: Path | None = None


def run(options: Options, wanted: Wanted) -> int:
    """Build, or compare if `--check` or `--diff` was given. Returns the exit status."""
    depfile = wanted.depfile
    if wanted.diff and not options.for_people:
        raise click.UsageError(
            f"--diff cannot be written as {options.format}; --output-file FILE takes the findings elsewhere."
        )
    if depfile and (wanted.check or wanted.diff):
        raise click.UsageError("--depfile needs a build, but --check and --diff write nothing.")
    if depfile and options.output_file and os.path.realpath(depfile) == os.path.realpath(options.output_file):
        raise click.UsageError(f"--depfile and --output-file both name {depfile}.")
    began, started = time.time_ns(), time.monotonic()
    while True:
        config, failed = configure(options)
        if config is None:
            return failed
        here = wanted._replace(entries=from_here(config, wanted.entries))
        if depfile:
            keep_off_sources(depfile, config, "depfile")
        if wanted.check or wanted.diff:
            return _run_comparison(options, config, here, began)
        outcome = _run_build(options, config, here)
        if outcome is not None:
            break
    told = report(options, config, outcome, outcome.diagnostics, err=options.for_people)
    if wanted.explain and not options.quiet:
        for path, reason in outcome.reasons:
            say(f"{path}: {reason}", err=True)
    line = ""
    if options.for_people and not options.quiet:
        _tell_entries(config, outcome, verbose=options.verbose)
        line = _counted(outcome)
        echo(timed(line, time.monotonic() - started))
    tell_oddities(options, config, outcome)
    result = status(outcome.diagnostics)
    remember(options, config, outcome, Answer(result, told, line, is_aside=options.for_people, is_timed=True), began)
    if depfile and result == CLEAN:
        write_depfile(depfile, config, outcome.needs)
    return result


def _run_build(options: Options, config: Config, wanted: Wanted) -> Outcome | None:
    """Build. Returns None if its configuration is no longer in force, in which case nothing was published."""
    from skillweave.incremental import Asked, Superseded  # noqa: PLC0415
    from skillweave.incremental import build as run_build  # noqa: PLC0415

    def is_wanted() -> bool:
        # Until now, another build may have been at work, with a newer configuration.
        return is_configured(options, config)

    with usage_errors(), progress(options) as show:
        asked = Asked(config, wanted.entries, options.strict, not options.no_cache, show)
        asked = asked._replace(needs=wanted.depfile is not None, is_wanted=is_wanted)
        try:
            with tried(BUILDING):
                return run_build(asked)
        except Superseded:
            return None


def _tell_current(options: Options, config: Config, outcome: Outcome, began: int) -> int:
    told, result = report(options, config, outcome, outcome.diagnostics, err=False), status(outcome.diagnostics)
    line = ""
    if result == CLEAN and options.for_people and not options.quiet:
        line = printable_line(_all_current(config, outcome.entries))
        echo(line)
    tell_oddities(options, config, outcome)
    remember(options, config, outcome, Answer(result, told, line), began)
    return result


def _all_current(config: Config, entries: Iterable[Entry | EntryResult]) -> str:
    return f"{config.output}/ is current: {_kinds([entry.kind for entry in entries])}"


def _run_comparison(options: Options, config: Config, wanted: Wanted, began: int) -> int:
    from skillweave.incremental import Asked, current  # noqa: PLC0415

    asked = Asked(config, wanted.entries, options.strict, not options.no_cache)
    outcome = None if wanted.diff else current(asked)
    if outcome is not None:
        return _tell_current(options, config, outcome, began)
    from skillweave.build import compare_project  # noqa: PLC0415
    from skillweave.incremental.work import documents_of  # noqa: PLC0415

    with tried("read"), usage_errors(), progress(options) as show:
        compiled, published = compare_project(
            config, wanted.entries, strict=options.strict, progress=show, documents=documents_of(asked)
        )
    return _compare(options, config, compiled, published, wanted)


def _compare(options: Options, config: Config, compiled: Compiled, published: Published, wanted: Wanted) -> int:
    """Print what is not current: the findings, the patch, or both, in which case the findings go to standard error."""
    # What is stale is a finding if `--check` asks for it; what a build would not overwrite is one in any case.
    found: Sequence[Diagnostic] = published.diagnostics
    if wanted.diff:
        from skillweave.build import request_of  # noqa: PLC0415
        from skillweave.diff import differences  # noqa: PLC0415

        with tried("read"):
            patches, in_the_way = differences(request_of(config, compiled))
            for patch in patches:
                say_patch(patch)
        found = found if wanted.check else in_the_way
    diagnostics = tuple(sorted([*compiled.diagnostics, *found], key=lambda diagnostic: diagnostic.sort_key()))
    report(options, config, compiled, diagnostics, err=wanted.diff)
    if published.diagnostics or status(diagnostics):
        return ERRORS
    if options.for_people and not options.quiet:
        say(_all_current(config, compiled.entries), err=wanted.diff)
    tell_oddities(options, config, compiled)
    return status(diagnostics)


def _tell_entries(config: Config, outcome: Outcome, *, verbose: bool) -> None:
    """Print a line for each entry that was built or removed."""
    entries = {entry.path: entry for entry in outcome.entries}
    for path in outcome.changed:
        entry = entries[path]
        place = path.removesuffix("/SKILL.md") if entry.kind == "skill" else path
        say(f"built {entry.id} → {config.output}/{place}")
    for path in outcome.unchanged if verbose else ():
        say(f"unchanged {entries[path].id}")
    for path in outcome.removed:
        say(f"removed {config.output}/{path}, which has no source any more")
    if outcome.removed:
        from skillweave.files import tree_of  # noqa: PLC0415 (rarely needed)
        from skillweave.roots import absent_roots  # noqa: PLC0415

        for root in absent_roots(tree_of(config), (*config.skills, *config.documents)):
            say(f"{root}, where entries are looked for, does not exist", err=True)


def _counted(outcome: Outcome) -> str:
    """A line that counts all entries."""
    entries = {entry.path: entry for entry in outcome.entries}
    built = _kinds([entries[path].kind for path in outcome.changed])
    parts = [f"built {built}", f"{len(outcome.unchanged)} unchanged"]
    parts += [f"{outcome.failed} with errors"] if outcome.failed else []
    return ", ".join(parts)


def _kinds(kinds: Sequence[str]) -> str:
    skills, documents = kinds.count("skill"), kinds.count("document")
    parts = [counted(skills, "skill")] if skills or not documents else []
    parts += [counted(documents, "document")] if documents else []
    return " and ".join(parts)
