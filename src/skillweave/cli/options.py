"""The options that commands share, and the value in which they are passed."""

from __future__ import annotations

from pathlib import Path

from skillweave.cli.late import click
from skillweave.cli.report_file import output_file
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

FOR_PROGRAMS = ("json", "github", "sarif")
"""The formats for programs: standard output then contains nothing but the report."""

OWN_FORMATS = ("full", "concise", "json")
"""The formats of a command with a JSON of its own, which is no report of findings."""

FORMATS = (*OWN_FORMATS, "github", "sarif")


class Options(NamedTuple):
    """The options of all commands that compile a project."""

    arguments: tuple[str, ...]
    """The command line, without the name of the program."""
    root: Path | None = None
    config: Path | None = None
    output: str | None = None
    format: str = "full"
    color: str = "auto"
    strict: bool = False
    no_cache: bool = False
    quiet: bool = False
    verbose: bool = False
    output_file: Path | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()

    @property
    def for_people(self) -> bool:
        """Whether standard output is for people, as no program reads a report there."""
        return self.output_file is not None or self.format not in FOR_PROGRAMS


def project_options(command: Callable[..., int], formats: Sequence[str] = FORMATS) -> Callable[..., int]:
    """Give a command the options of all commands that compile a project. It receives them as one `Options` value."""
    options: list[Callable[..., Callable[..., int]]] = [
        click.option("--output", metavar="DIR", help="Where bundles are (default: as configured, else build)."),
        click.option(
            "--format",
            type=click.Choice(formats),
            default="full",
            help="How findings are written (default: full).",
        ),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colour: on a terminal (auto), always, or never.",
        ),
        click.option("--strict", is_flag=True, help="Treat warnings as errors."),
        click.option("--no-cache", is_flag=True, help="Ignore the cache: read and compile everything again."),
        quiet_option,
    ]

    def wrapped(**values: Any) -> int:  # noqa: ANN401 (click's values)
        given = {name: values.pop(name) for name in Options._fields if name in values}
        common = Options(click.get_current_context().obj, **given)
        return command(common, **values)

    wrapped.__name__ = command.__name__
    wrapped.__doc__ = command.__doc__
    for option in reversed(options):
        wrapped = option(wrapped)
    return place_options(wrapped)


def place_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that say where the project is."""
    path = click.Path(path_type=Path)
    root = click.option("--root", type=path, metavar="DIR", help="The project's folder (default: found upward).")
    config = click.option("--config", type=path, metavar="FILE", help="The configuration (default: found upward).")
    return root(config(command))


def quiet_option(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command `--quiet`."""
    return click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")(command)


def verbose_option(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command `--verbose`. Has to stand above `project_options`."""
    option = click.option("-v", "--verbose", is_flag=True, help="Say more, such as what did not change.")
    return option(command)


def report_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command that reports findings the options for that. Has to stand above `project_options`."""
    option = click.option(
        "--output-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=output_file,
        help="Write the findings to this file.",
    )
    return option(command)


def own_format_options(command: Callable[..., int]) -> Callable[..., int]:
    """Like `project_options`, for a command with a JSON of its own: it has no other format for programs."""
    return project_options(command, OWN_FORMATS)
