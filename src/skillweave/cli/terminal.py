"""What a command prints."""

from __future__ import annotations

import os
import sys
from codecs import lookup

from skillweave.cli.late import click
from skillweave.streams import put


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text as it is, escape sequences included, to standard output or where errors go."""
    stream = sys.stderr if err else sys.stdout
    # click knows consoles of Windows, and takes a stream of ASCII for one that is set up wrongly: it writes UTF-8.
    if os.name == "nt" or stream is None or lookup(stream.encoding or "utf-8").name == "ascii":
        click.echo(text, err=err, nl=nl, color=True)
        return
    put(stream, f"{text}\n" if nl else text)
    stream.flush()
