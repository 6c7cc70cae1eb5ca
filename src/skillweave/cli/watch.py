"""`skillweave watch`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import assert_never

import click

from skillweave.cli.common import print_report, report, status, summary
from skillweave.cli.options import Options, own_format_options
from skillweave.cli.status import CLEAN, INTERRUPTED
from skillweave.cli.terminal import echo, say, say_json
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.diagnostics import Diagnostic
    from skillweave.watch.events import Event, Failed, Misconfigured, Rebuilt

FEW = 3
"""How many names a line lists; more are counted."""


@click.command()
@click.option("--exec", "command", metavar="CMD", help="Run this after each rebuild that changed a bundle.")
@click.option("--poll", is_flag=True, help="Poll the files instead of waiting for file system events.")
@own_format_options
def watch(options: Options, command: str | None, *, poll: bool) -> int:
    """Build, and build again whenever a source or the configuration changes.

    Mistakes are reported, and never stop it: an entry with an error keeps its last good output. Press Ctrl-C to stop.

    CMD is a line for the shell. It runs in the project's folder once nothing has an error, with the ids of the entries
    that changed, one per line, in SKILLWEAVE_CHANGED. If it is still running when the next run is due, it is stopped.

    With --format json, every event is one line with an object.
    """
    from skillweave.watch import WatchRequest  # noqa: PLC0415
    from skillweave.watch import watch as run_watch  # noqa: PLC0415

    request = WatchRequest(Path.cwd(), options.root, options.config, options.output, options.strict, poll, command)
    request = request._replace(cached=not options.no_cache)
    config, mistakes = request.load()
    if not config.root.is_dir():
        raise click.UsageError(f"{config.root} is not a folder.")
    # What is wrong with the configuration can be mended while this runs, but not what is wrong with the command line.
    of_file = request._replace(output=None).load()[1] if mistakes else ()
    misused = next((mistake for mistake in mistakes if mistake not in of_file), None)
    if misused is not None:
        raise click.UsageError(f"{misused.message}; {misused.help}.")
    received = run_watch(request, _tell_json if options.format == "json" else partial(_tell_people, options, _Told()))
    return INTERRUPTED if received == "SIGINT" else CLEAN


# For people


@dataclass(slots=True)
class _Told:
    """What the reader was told last."""

    unwell: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()


def _tell_people(options: Options, told: _Told, event: Event) -> None:
    """Print an event as lines: findings and failures to stderr, everything else to stdout."""
    from skillweave.watch.events import Failed, Misconfigured, Polling, Ran, Ready, Rebuilt, Stopped  # noqa: PLC0415

    match event:
        case Rebuilt():
            _tell_rebuilt(options, told, event)
        case Misconfigured() | Failed():
            _tell_not_built(options, event)
            told.unwell, told.diagnostics = True, ()
        case Polling():
            say(f"file system events fail ({event.reason}): polling twice a second", err=True)
        case Ran() if event.status or not options.quiet:
            echo(f"the command exited with status {event.status}", err=True)
        case Ready():
            _say(options, "watching; press Ctrl-C to stop")
        case Stopped():
            _say(options, "stopped")
        case Ran():
            pass
        case _:
            assert_never(event)


def _tell_rebuilt(options: Options, told: _Told, event: Rebuilt) -> None:
    found = event.outcome.diagnostics
    if found != told.diagnostics:
        report(options, event.config, event.outcome, found, err=True)
    _say(options, _rebuilt(event))
    errors = status(found) != CLEAN
    if told.unwell and not errors:
        _say(options, "all is well again")
    told.unwell, told.diagnostics = errors, found


def _tell_not_built(options: Options, event: Misconfigured | Failed) -> None:
    from skillweave.watch.events import Failed  # noqa: PLC0415

    if isinstance(event, Failed):
        say(f"{_what(event.changed)}not built: {event.message}; trying again", err=True)
        return
    try:
        print_report(options, event.config, event.diagnostics, None, err=True)
    except BrokenPipeError:
        raise
    except OSError:  # the file is being replaced, or does not exist: there are no lines of it to show
        print_report(options._replace(format="concise"), event.config, event.diagnostics, None, err=True)
    say(f"{_what(event.changed)}not built: the configuration has a mistake", err=True)


def _say(options: Options, line: str) -> None:
    if not options.quiet:
        say(line)


def _rebuilt(event: Rebuilt) -> str:
    """A line about a rebuild: what changed, which entries were built, how long it took."""
    parts = [f"built {_some(event.built)}"] if event.built else []
    removed, failed = event.outcome.removed, event.outcome.failed
    parts += [f"removed {_some([f'{event.config.output}/{path}' for path in removed])}"] if removed else []
    parts += [f"{failed} with errors, last good output kept"] if failed else []
    return f"{_what(event.changed)}{', '.join(parts) or 'no bundle changed'}, in {event.seconds:.2f} s"


def _what(changed: Sequence[str]) -> str:
    return f"{_some(changed)}: " if changed else ""


def _some(names: Sequence[str]) -> str:
    """A few names in full; of many, the first and how many more."""
    return ", ".join(names) if len(names) <= FEW else f"{names[0]} and {len(names) - 1} more"


# For programs


def _tell_json(event: Event) -> None:
    """Print an event as one line of JSON. No path can break the line or steer a terminal."""
    say_json(_object(event), indent=None)


def _object(event: Event) -> dict[str, object]:
    from skillweave.watch.events import Failed, Misconfigured, Polling, Ran, Ready, Rebuilt, Stopped  # noqa: PLC0415

    match event:
        case Rebuilt():
            return _rebuild_object(event)
        case Misconfigured():
            found = _diagnostics(event.diagnostics)
            return _event("error", changed=event.changed, message="the configuration has a mistake", diagnostics=found)
        case Failed():
            return _event("error", changed=event.changed, message=event.message, diagnostics=[])
        case Ready() | Polling() | Ran() | Stopped():
            return _event(event.NAME, **asdict(event))
        case _:
            assert_never(event)


def _event(name: str, **values: object) -> dict[str, object]:
    return {"event": name, **values}


def _rebuild_object(event: Rebuilt) -> dict[str, object]:
    counts = summary(event.outcome, event.outcome.diagnostics)
    return _event(
        "rebuild",
        changed=event.changed,
        built=event.built,
        removed=event.outcome.removed,
        errors=counts.errors,
        warnings=counts.warnings,
        seconds=round(event.seconds, 4),
        diagnostics=_diagnostics(event.outcome.diagnostics),
    )


def _diagnostics(diagnostics: Sequence[Diagnostic]) -> object:
    from skillweave.report.json_report import plain_object  # noqa: PLC0415

    return [plain_object(diagnostic) for diagnostic in diagnostics]
