"""`skillweave new`."""

from __future__ import annotations

import click

from skillweave.cli.options import place_options
from skillweave.cli.starting import refusal, sound_config
from skillweave.cli.status import CLEAN
from skillweave.cli.suggest import suggest_new_pattern, suggest_new_skill
from skillweave.cli.terminal import echo, printable
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from skillweave.config import Config
    from skillweave.starter import File


@click.group()
def new() -> None:
    """Create a skill or a pattern to start from. Nothing that exists is changed."""


@new.command()
@click.argument("name", shell_complete=suggest_new_skill)
@place_options
def skill(name: str, root: Path | None, config: Path | None) -> int:
    """Create a skill.

    NAME is its id, such as commit or research:orchestration. It is put where its namespace is already, else into the first
    folder of skills that is configured; a path, such as plugins/research/skills/orchestration, says where.
    """
    from skillweave.starter.additions import Refusal, new_skill  # noqa: PLC0415

    settings = _settings(root, config)
    made = new_skill(settings, name)
    if isinstance(made, Refusal):
        raise refusal(made.message)
    _write(settings, made.file)
    if made.note is not None:
        echo(printable(f"note: {made.note}"))
    echo("Its description is a placeholder: write that first.")
    echo("Next: skillweave check")
    return CLEAN


@new.command()
@click.argument("path", shell_complete=suggest_new_pattern)
@place_options
def pattern(path: str, root: Path | None, config: Path | None) -> int:
    """Create a pattern, and print the line that includes it.

    PATH is below the first folder of patterns that is configured without a *, or begins with one of them; .md is added.
    """
    from skillweave.starter.additions import Refusal, new_pattern  # noqa: PLC0415

    settings = _settings(root, config)
    made = new_pattern(settings, path)
    if isinstance(made, Refusal):
        raise refusal(made.message)
    _write(settings, made.file)
    echo("To include it, write on a line of its own:\n")
    echo(printable(f"    {made.directive}"))
    return CLEAN


def _settings(root: Path | None, file: Path | None) -> Config:
    """The configuration of an existing project. Refuses a folder that does not exist, as that must be a slip."""
    config = sound_config(root, file)
    if not config.root.is_dir():
        raise refusal(f"{config.root} is not a folder")
    return config


def _write(config: Config, file: File) -> None:
    from skillweave.starter import plan, write  # noqa: PLC0415

    planned = plan(config.root, (file,))
    for path in planned.keep:
        raise refusal(f"{path} already exists")
    for mistake in planned.mistakes:
        raise refusal(mistake)
    write(config.root, planned.make)
    where = "" if config.root.samefile(".") else f" in the project {config.root}"
    echo(printable(f"made {file.path}{where}"))
