"""What a command prints."""

from __future__ import annotations

import os
import sys
from codecs import lookup

from skillweave.cli.late import click
from skillweave.streams import put


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text as it is, escape sequences included, to standard output or, with `err`, to standard error."""
    stream = sys.stderr if err else sys.stdout
    # click knows the consoles of Windows. It takes an ASCII stream for a wrong setting, and writes UTF-8 to it.
    if os.name == "nt" or stream is None or lookup(stream.encoding or "utf-8").name == "ascii":
        click.echo(text, err=err, nl=nl, color=True)
        return
    put(stream, f"{text}\n" if nl else text)
    stream.flush()


def printable(text: str) -> str:
    """Escape a part of a line so that it can be printed, and neither steers a terminal nor commands a CI runner."""
    from skillweave.report.text import escape  # noqa: PLC0415

    return escape(text)


def printable_line(line: str) -> str:
    """Escape a line with text of the repository so that it can be printed."""
    from skillweave.report.text import escape_line  # noqa: PLC0415

    return escape_line(line)


def say(line: str, *, err: bool = False) -> None:
    """Print a line with text of the repository, escaped."""
    echo(printable_line(line), err=err)


def say_json(value: object, indent: int | None = 2) -> None:
    """Print a value as JSON."""
    from skillweave.report.json_report import json_text  # noqa: PLC0415

    echo(json_text(value, indent))


def say_patch(patch: str) -> None:
    """Print a patch, which contains text of the repository, escaped."""
    from skillweave.report.text import escape_patch  # noqa: PLC0415

    for line in patch.split("\n")[:-1]:
        echo(escape_patch(f"{line}\n"), nl=False)
