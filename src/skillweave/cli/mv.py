"""`skillweave mv`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from skillweave.cli.common import configure, fetcher_for, interrupted_move, progress, status, summary, wants_color
from skillweave.cli.options import Options, own_format_options, verbose_option
from skillweave.cli.status import CLEAN, ERRORS
from skillweave.cli.suggest import suggest_sources
from skillweave.cli.terminal import echo, printable, say, say_json, say_patch
from skillweave.phrases import counted
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.move.apply import Task
    from skillweave.move.values import BundleChange, MovePlan
    from skillweave.source import SourcePath

MOST = 10
"""How many bundles and places are listed, unless `--verbose` asks for all."""


@click.command()
@click.argument("old", metavar="OLD", shell_complete=suggest_sources)
@click.argument("new", metavar="NEW", shell_complete=suggest_sources)
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be done, and show it as a patch.")
@verbose_option
@own_format_options
def mv(options: Options, old: str, new: str, *, dry_run: bool) -> int:
    """Move a pattern, a skill or a folder, and rewrite what names it. It rewrites directives, links, and the name of a skill.

    OLD and NEW are paths from the working directory. If NEW is a folder, OLD goes into it. Nothing is overwritten, and
    nothing is moved if that would bring an error that is not there now.
    """
    config, failed = configure(options)
    if config is None:
        return failed
    from skillweave.config import JOURNAL  # noqa: PLC0415
    from skillweave.move.values import MoveError  # noqa: PLC0415

    try:
        return _run(options, config, (old, new), dry_run=dry_run)
    except MoveError as error:
        raise click.UsageError(printable(f"{error}.")) from None
    except (OSError, KeyboardInterrupt) as error:
        is_half_done = (config.root / JOURNAL).exists()
        if is_half_done:
            echo("The move is only half done: run the same command again to finish it.", err=True)
        if isinstance(error, (BrokenPipeError, KeyboardInterrupt)):
            raise
        if not is_half_done:
            echo("Nothing was moved.", err=True)
        where = f" {error.filename}" if error.filename else ""
        say(f"skillweave: cannot write{where}: {error.strerror or error}", err=True)
        return ERRORS


def _run(options: Options, config: Config, names: tuple[str, str], *, dry_run: bool) -> int:
    from skillweave.move import MoveRequest, plan_move  # noqa: PLC0415
    from skillweave.move.apply import Task, carry_out, load_journal  # noqa: PLC0415
    from skillweave.move.places import named_move  # noqa: PLC0415

    task = load_journal(config.root)
    if task is not None:
        return _finish(config, task, names, dry_run=dry_run)
    move = named_move(config.root, Path.cwd(), *names)
    with progress(options) as show:
        plan = plan_move(MoveRequest(config, options.strict, fetcher_for(options, config), show), move)
    is_refused = bool(plan.refusals or status(plan.diagnostics))
    is_done = not is_refused and not dry_run
    if is_done:
        carry_out(config.root, Task(plan.move, plan.changes))
    try:
        if options.format == "json":
            say_json(_object(plan, is_done=is_done))
        else:
            _tell(options, plan, is_refused=is_refused, dry_run=dry_run)
    except OSError:
        if is_done:
            echo(
                f"{printable(plan.move.old)} was moved to {printable(plan.move.new)}, but the report could not be printed.",
                err=True,
            )
            return ERRORS
        raise
    return ERRORS if is_refused else CLEAN


def _finish(config: Config, task: Task, names: tuple[str, str], *, dry_run: bool) -> int:
    """Finish a move that was cut off, if it is the one that is asked for. Returns the exit status."""
    from skillweave.move.apply import finish  # noqa: PLC0415
    from skillweave.move.places import is_meant_by  # noqa: PLC0415

    move = task.move
    if dry_run or not is_meant_by(move, config.root, Path.cwd(), names):
        raise click.UsageError(printable(f"{interrupted_move(config)}."))
    left = finish(config.root, task)
    say(f"finished moving {move.old} → {move.new}")
    for path in left:
        say(f"{path} has changed since, and was left as it is: see `skillweave check`", err=True)
    return ERRORS if left else CLEAN


def _tell(options: Options, plan: MovePlan, *, is_refused: bool, dry_run: bool) -> None:
    """Print what was done, or would be. In a dry run, only the patch goes to standard output."""
    from skillweave.diagnostics import Severity  # noqa: PLC0415

    diagnostics = [one for one in plan.diagnostics if not options.quiet or one.severity is Severity.ERROR]
    if diagnostics:
        _report(options, plan, diagnostics)
    for sentence in plan.refusals:
        say(f"refused: {sentence}", err=True)
    if is_refused:
        say(f"{plan.move.old} stays where it is: nothing was changed", err=True)
        return
    for line in () if options.quiet else _lines(plan, verbose=options.verbose, dry_run=dry_run):
        say(line, err=dry_run)
    if dry_run:
        _print_patches(plan)


def _lines(plan: MovePlan, *, verbose: bool, dry_run: bool) -> Iterator[str]:
    move = plan.move
    yield f"{'would move' if dry_run else 'moved'} {move.old} → {move.new}"
    for change in plan.changes:
        places = counted(len(change.edits), "place")
        yield f"{'would rewrite' if dry_run else 'rewrote'} {places} in {move.path(change.path)}"
    most = None if verbose else MOST
    for bundle in plan.bundles[:most]:
        yield f"{'would change' if dry_run else 'changes'} the bundle of {bundle.path}: {_difference(bundle)}"
    yield from _rest("changes of bundles", len(plan.bundles), most)
    for mention in plan.mentions[:most]:
        yield f"left as it is: {mention.path}:{mention.position.line}:{mention.position.column}: {mention.text}"
    yield from _rest("places left as they are", len(plan.mentions), most)
    for reason in plan.unread[:most]:
        yield f"not searched: {reason}"
    yield from _rest("files that were not searched", len(plan.unread), most)


def _rest(what: str, count: int, most: int | None) -> Iterator[str]:
    if most is not None and count > most:
        yield f"and {count - most} more {what}; --verbose lists them"


def _difference(bundle: BundleChange) -> str:
    parts = ((bundle.changed, ""), (bundle.lost, "without "), (bundle.gained, "with "))
    return "; ".join(
        word + ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
        for paths, word in parts
        if paths
    )


def _print_patches(plan: MovePlan) -> None:
    """Print the move as a patch in git's format."""
    from skillweave.diff import patch  # noqa: PLC0415

    for path in sorted({*plan.files, *plan.texts}):
        old, new = plan.texts.get(path, (b"", b""))
        say_patch(patch(plan.move.path(path), (old, 0o644), (new, 0o644), path))


def _report(options: Options, plan: MovePlan, diagnostics: Sequence[Diagnostic]) -> None:
    """Print the findings that the move would bring, with the lines as they would be."""
    from skillweave.report import Context, Format, render  # noqa: PLC0415

    context = Context(_source_line(plan), wants_color(options.color, sys.stderr), summary(plan.after, diagnostics))
    text = render(diagnostics, Format(options.format), context)
    echo(text, err=True, nl=not text.endswith("\n"))


def _source_line(plan: MovePlan) -> Callable[[SourcePath, int], str | None]:
    """A function that gets lines of the project as it would be."""
    files = plan.after.graph.files

    def line(path: SourcePath, number: int) -> str | None:
        lines = files[path].lines if path in files else ()
        return lines[number - 1] if number <= len(lines) else None

    return line


def _object(plan: MovePlan, *, is_done: bool) -> dict[str, object]:
    """The plan as values that JSON can hold."""
    from skillweave.report.json_report import plain_object  # noqa: PLC0415

    return {
        "from": plan.move.old,
        "to": plan.move.new,
        "done": is_done,
        "refusals": plan.refusals,
        "rewritten": [{"path": plan.move.path(c.path), "places": len(c.edits)} for c in plan.changes],
        "bundles": [bundle._asdict() for bundle in plan.bundles],
        "mentions": [
            {"path": m.path, "line": m.position.line, "column": m.position.column, "text": m.text}
            for m in plan.mentions
        ],
        "unread": plan.unread,
        "diagnostics": [plain_object(diagnostic) for diagnostic in plan.diagnostics],
        "summary": summary(plan.after, plan.diagnostics)._asdict(),
    }
