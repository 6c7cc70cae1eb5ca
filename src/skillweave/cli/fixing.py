"""What `check --fix` and `check --diff` do: fixes are worked out, then written or shown."""

from __future__ import annotations

from skillweave.cli.common import fetcher_for
from skillweave.cli.late import click
from skillweave.cli.status import CLEAN, ERRORS
from skillweave.cli.terminal import echo, say, say_patch
from skillweave.phrases import counted
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skillweave.build import Compiled
    from skillweave.cli.options import Options
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.document import Document
    from skillweave.fix import Fixed


class Fixing(NamedTuple):
    """What to do with fixes."""

    fix: bool = False
    diff: bool = False
    unsafe: bool = False


NO_FIXES = Fixing()


def check_usage(asked: Fixing, options: Options) -> None:
    """Raise UsageError for options that make no sense together."""
    if asked.unsafe and not (asked.fix or asked.diff):
        raise click.UsageError("--unsafe-fixes needs --fix or --diff.")
    if asked.diff and options.format not in ("full", "concise"):
        raise click.UsageError(f"--diff prints a patch, which cannot be written as {options.format!r}.")
    if asked.diff and options.output_file is not None:
        raise click.UsageError("--diff prints no findings, so there is nothing for --output-file.")


def write_fixes(options: Options, config: Config, found: Sequence[Diagnostic], asked: Fixing) -> bool | None:
    """Apply fixes to what a check found, and print that. Returns whether a file was changed; None if one could not be, in which
    case none was.
    """
    fixed = _work_out(options, config, found, asked)
    if fixed is None:
        return False
    from skillweave.rewrite import rewrite  # noqa: PLC0415

    refused = rewrite(config.root, fixed.rewrites)
    for path, why in refused:
        say(f"cannot fix {path}: it {why}", err=True)
    if refused:
        echo("no file was changed", err=True)
        return None
    _tell(options, fixed, f"fixed {_extent(fixed)}", err=options.format != "full")
    return bool(fixed.rewrites)


def show_fixes(options: Options, config: Config, found: Sequence[Diagnostic], asked: Fixing) -> int:
    """Print what fixes would change, as a patch. Returns the exit status."""
    fixed = _work_out(options, config, found, asked)
    remaining = found
    if fixed is not None:
        from skillweave.diff import patch  # noqa: PLC0415

        for path, before, after in fixed.rewrites:
            say_patch(patch(path, (before, 0), (after, 0)))
        paths = {diagnostic.path for diagnostic in found}
        remaining = [left for left in fixed.remaining if left.path in paths and _is_told(config, left)]
        _tell(options, fixed, f"would fix {_extent(fixed)}", err=True)
    if not options.quiet:
        echo(f"{counted(len(remaining), 'problem')} would remain", err=True)
    errors = any(_is_error(options, diagnostic) for diagnostic in remaining)
    return ERRORS if errors or (fixed is not None and fixed.rewrites) else CLEAN


def hint(diagnostics: Sequence[Diagnostic], asked: Fixing) -> str:
    """What the summary line says about fixes that were not asked for, starting with a semicolon; empty if there are none."""
    fixes = [diagnostic.fix for diagnostic in diagnostics if diagnostic.fix is not None]
    unsafe = 0 if asked.unsafe else sum(not fix.safe for fix in fixes)
    safe = 0 if asked.fix else sum(fix.safe for fix in fixes)
    if safe and unsafe:
        return f"; {safe} fixable with --fix, {unsafe} more with --unsafe-fixes"
    if safe:
        return f"; {safe} fixable with --fix"
    return f"; {unsafe} fixable with --fix --unsafe-fixes" if unsafe else ""


def _work_out(options: Options, config: Config, found: Sequence[Diagnostic], asked: Fixing) -> Fixed | None:
    """Try the fixes of what a check found on the sources as they are now; None if there is nothing to fix."""
    if not any(diagnostic.fix and (diagnostic.fix.safe or asked.unsafe) for diagnostic in found):
        return None
    from skillweave.build import compile_project  # noqa: PLC0415 (the compiler is imported only where it is needed)
    from skillweave.cache import Documents  # noqa: PLC0415
    from skillweave.files import tree_of  # noqa: PLC0415
    from skillweave.fix import fix_project  # noqa: PLC0415

    # New findings that a fix causes are looked for among all findings, including those that this run does not show.
    whole = config._replace(policy=config.policy._replace(selected=None, dropped=()))
    paths = {diagnostic.path for diagnostic in found}
    stored = fetcher_for(options, config)
    memory: dict[str, Document] = {}

    def compile_with(drafts: Mapping[str, bytes]) -> Compiled:
        tree = tree_of(whole, drafts)
        return compile_project(whole, documents=Documents(stored, memory), tree=tree)

    def is_wanted(diagnostic: Diagnostic) -> bool:
        is_sure = diagnostic.fix is not None and (diagnostic.fix.safe or asked.unsafe)
        return is_sure and diagnostic.path in paths and _is_told(config, diagnostic)

    return fix_project(compile_with, is_wanted)


def _tell(options: Options, fixed: Fixed, line: str, *, err: bool) -> None:
    for found, why in () if options.quiet else fixed.left_out:
        say(f"skipped the fix of {found.code.number} at {found.path}:{found.start.line}: {why}", err=True)
    if fixed.applied and not options.quiet:
        echo(line, err=err)


def _extent(fixed: Fixed) -> str:
    return f"{counted(len(fixed.applied), 'problem')} in {counted(len(fixed.rewrites), 'file')}"


def _is_told(config: Config, diagnostic: Diagnostic) -> bool:
    return config.policy.selects(diagnostic.code) and diagnostic.code.number not in config.policy.dropped


def _is_error(options: Options, diagnostic: Diagnostic) -> bool:
    from skillweave.diagnostics import Severity  # noqa: PLC0415

    return diagnostic.severity is Severity.ERROR or (options.strict and diagnostic.severity is Severity.WARNING)
