"""`skillweave init`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from skillweave.cli.starting import refusal, sound_config
from skillweave.cli.status import CLEAN
from skillweave.cli.terminal import echo, printable
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.starter import FilesPlan
    from skillweave.starter.beginning import Beginning


@click.command()
@click.argument("folder", default=".", metavar="[DIR]", type=click.Path(path_type=Path))
def init(folder: Path) -> int:
    """Start a project: an example, a configuration, a hook. All of it goes into this folder, or into DIR.

    Makes a configuration, a pattern, a skill that includes it, and a hook for pre-commit. What exists is never changed:
    it is kept, and what could be added to it is printed.
    """
    from skillweave.starter import plan, write  # noqa: PLC0415
    from skillweave.starter.beginning import beginning  # noqa: PLC0415

    root = Path(os.path.realpath(folder))
    mistakes = plan(root, ()).mistakes
    if not mistakes:
        begun = beginning(sound_config(root, None))
        planned = plan(root, begun.files)
        mistakes = planned.mistakes
    if mistakes:
        raise refusal("; ".join(mistakes))
    write(root, planned.make)
    _tell(begun, planned)
    outer = _enclosing(root)
    if outer is not None:
        echo(printable(f"note: this is inside the project {outer}, but is a project of its own"))
    there = os.path.relpath(root)
    there = f"./{there}" if there.startswith("-") else there
    echo(printable(f"Next: {'' if there == '.' else f'cd {shlex.quote(there)} && '}skillweave build"))
    return CLEAN


def _enclosing(root: Path) -> Path | None:
    """The folder of the project that a new project's folder is in; None if it is in none."""
    from skillweave.config import load_config  # noqa: PLC0415

    outer, _ = load_config(root.parent)
    is_project = outer.file is not None or any((outer.root / name).is_dir() for name in ("skills", "patterns"))
    return outer.root if is_project else None


def _tell(begun: Beginning, planned: FilesPlan) -> None:
    """Print a line for each file, and what the user has to add."""
    made = {file.path for file in planned.make}
    for file in begun.files:
        echo(printable(f"made {file.path}" if file.path in made else f"kept {file.path}"))
    for note in begun.notes:
        echo(printable(note))
    if begun.add is not None:
        echo(printable(f"kept {begun.add.path}" if begun.add.there else f"not created: {begun.add.path}"))
        if begun.add.lines and begun.add.there:
            echo(f"For the hook, add this below its `repos:`, indented like what is there:\n\n{begun.add.lines}")
        elif begun.add.lines:
            echo(f"For the hook, make that file with this in it:\n\nrepos:\n{begun.add.lines}")
