"""`skillweave trace`."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from skillweave.cli.common import compiled_for, configure, report, tried
from skillweave.cli.options import Options, own_format_options
from skillweave.cli.status import CLEAN, ERRORS
from skillweave.cli.suggest import suggest_built_files
from skillweave.cli.terminal import printable, say, say_json
from skillweave.phrases import counted
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.config import Config
    from skillweave.trace import Trace, TracedLine

_MADE = {
    "banner": "generated: the banner",
    "fence": "generated: the fence around",
    "link": "generated: the link of",
    "end": "generated: the end of an empty file",
}


class _Wanted(NamedTuple):
    """What to trace: a file as it was named, its path relative to the output folder, and a line (from 1), or None for all of
    it.
    """

    name: str
    path: str
    line: int | None


@click.command()
@click.argument("place", metavar="FILE[:LINE]", shell_complete=suggest_built_files)
@own_format_options
def trace(options: Options, place: str) -> int:
    """Show where the lines of a built file come from.

    FILE is a file of a bundle, such as build/skills/commit/SKILL.md:120. For one line: its source, the includes that
    brought it, and the line; without a line, a table of all. The exit status is 1 if the file is not what would be
    built now, or not what the lock file records.
    """
    config, failed = configure(options)
    if config is None:
        return failed
    wanted = _read_place(config, place)
    traced = _compile(options, config, wanted)
    if traced is None:
        return ERRORS
    if wanted.line is not None and not 1 <= wanted.line <= len(traced.lines):
        raise click.UsageError(
            f"{wanted.name} has {counted(len(traced.lines), 'line')}; there is no line {wanted.line}."
        )
    from skillweave.publish import load_lock, read_below  # noqa: PLC0415
    from skillweave.trace import discrepancy  # noqa: PLC0415

    folder = config.root / config.output
    with tried("read"):
        found = read_below(folder, wanted.path)
    problem = discrepancy(traced.output, found, load_lock(folder))
    if options.format == "json":
        say_json(_object(wanted, traced, problem))
    else:
        for line in _one(traced, wanted.line) if wanted.line is not None else _table(wanted, traced):
            say(line)
    if problem is not None:
        say(f"warning: {wanted.name} {problem}", err=True)
    return CLEAN if problem is None else ERRORS


def _read_place(config: Config, place: str) -> _Wanted:
    """Read FILE[:LINE]. A column behind the line, as editors write it, is ignored. Raises UsageError if it is no file of the
    output folder.
    """
    match = re.fullmatch(r"(.+?):0*(\d{1,18})(?::\d+)?", place)
    name, line = (match[1], int(match[2])) if match else (place, None)
    folder = Path(os.path.normpath(config.root / config.output))
    path = Path(os.path.normpath(Path.cwd() / name))
    behind = re.fullmatch(r".+?:([^:/]*)", name)
    if behind and not match and not os.path.lexists(path):
        raise click.UsageError(printable(f"{behind[1] or 'nothing'} is not a line number: {place}"))
    if not path.is_relative_to(folder):
        message = f"{name} is not in the output folder ({config.output}){_made_of(config, path, folder)}."
        raise click.UsageError(message)
    return _Wanted(name, path.relative_to(folder).as_posix(), line)


def _made_of(config: Config, path: Path, folder: Path) -> str:
    """The end of a message if a source was named instead of what is made of it; empty for any other file."""
    from skillweave.files import tree_of  # noqa: PLC0415
    from skillweave.project import discover  # noqa: PLC0415

    if not path.is_relative_to(config.root):
        return ""
    below = path.relative_to(config.root).as_posix()
    entries = discover(tree_of(config), config).entries
    is_entry = any(entry.path == below for entry in entries)
    return f"; it is a source, and {os.path.relpath(folder / below)} is made of it" if is_entry else ""


def _compile(options: Options, config: Config, wanted: _Wanted) -> Trace | None:
    """Trace the wanted file. If the entry that it belongs to has errors, they are reported and None is returned."""
    from skillweave.files import tree_of  # noqa: PLC0415
    from skillweave.project import discover  # noqa: PLC0415
    from skillweave.trace import entry_of, trace  # noqa: PLC0415

    entry = entry_of(discover(tree_of(config), config).entries, wanted.path)
    if entry is None:
        raise click.UsageError(f"no source makes {wanted.name}.")
    compiled = compiled_for(options, config, [entry.path])
    if not compiled.bundles:
        report(options, config, compiled, compiled.diagnostics, err=True)
        say(f"{wanted.name} cannot be traced while {entry.id} has errors", err=True)
        return None
    traced = trace(compiled, wanted.path)
    if traced is None:
        raise click.UsageError(f"{entry.id} does not make {wanted.name}.")
    return traced


def _one(traced: Trace, number: int) -> Iterator[str]:
    line = traced.lines[number - 1]
    yield _origin(line)
    yield from (f"  included from {place.path}:{place.line}" for place in line.chain)
    yield f"  | {line.text}"


def _origin(line: TracedLine) -> str:
    place = f"{line.place.path}:{line.place.line}" if line.place else ""
    return f"{_MADE[line.made]} {place}".rstrip() if line.made else place


def _table(wanted: _Wanted, traced: Trace) -> Iterator[str]:
    from skillweave.trace import runs  # noqa: PLC0415

    if not traced.lines:
        yield f"{wanted.name} is a copy of {traced.copied}" if traced.copied else f"{wanted.name} is empty"
        return
    rows = []
    for run in runs(traced.lines):
        length = run.last - run.first
        origin = _origin(run.line)
        if length and run.line.place and not run.line.made:
            origin += f"-{run.line.place.line + length}"
        chain = ", ".join(f"{place.path}:{place.line}" for place in run.line.chain)
        numbers = f"{run.first}-{run.last}" if length else str(run.first)
        rows.append((numbers, origin, f"from {chain}" if chain else ""))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for numbers, origin, chain in rows:
        yield f"{numbers:>{widths[0]}}  {origin:<{widths[1]}}  {chain}".rstrip()


def _object(wanted: _Wanted, traced: Trace, problem: str | None) -> dict[str, object]:
    lines = [
        {
            "line": number,
            "text": line.text,
            "generated": line.made,
            "origin": line.place._asdict() if line.place else None,
            "included_from": [place._asdict() for place in line.chain],
        }
        for number, line in enumerate(traced.lines, 1)
        if wanted.line in (None, number)
    ]
    return {
        "path": wanted.path,
        "entry": traced.entry.id,
        "copy_of": traced.copied,
        "problem": problem,
        "lines": lines,
    }
