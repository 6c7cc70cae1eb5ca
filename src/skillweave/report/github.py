"""The `github` format: a workflow command for each diagnostic, which GitHub's runner turns into an annotation."""

from __future__ import annotations

import re

from skillweave.diagnostics import Severity
from skillweave.report.places import in_repository
from skillweave.report.text import escape, escape_name, hop_line, sentence
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.diagnostics import Diagnostic
    from skillweave.report import Context

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render_github(diagnostics: Sequence[Diagnostic], context: Context) -> str:
    """One line for each diagnostic, with its place and title as properties, and its message, further places, notes and help as
    data.
    """
    return "".join(f"{_command(diagnostic, context.prefix)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic, prefix: str) -> str:
    (line, column), (end_line, end_column) = diagnostic.start, diagnostic.end
    # Emoji in a path stay as they are; otherwise the annotation would not find the file.
    values: dict[str, object] = {"file": escape_name(in_repository(diagnostic.path, prefix)), "line": line}
    if end_line == line:
        values |= {"col": column, "endLine": line, "endColumn": end_column}
    else:  # the runner drops the columns of a range over several lines, with a message in its log
        values |= {"endLine": end_line}
    values["title"] = f"{diagnostic.code.number} {diagnostic.code.name}"
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in values.items())
    return f"::{_COMMANDS[diagnostic.severity]} {properties}::{_data(chr(10).join(_lines(diagnostic)))}"


def _lines(diagnostic: Diagnostic) -> Iterator[str]:
    yield escape(diagnostic.message)
    if diagnostic.label:
        yield escape(diagnostic.label)
    yield from map(hop_line, diagnostic.hops)
    yield from (f"note: {sentence(note)}" for note in diagnostic.notes)
    if diagnostic.help is not None:
        yield f"help: {escape(diagnostic.help)}"


def _data(text: str) -> str:
    """Encode text as the runner expects it behind the second `::`."""
    return _encoded(text, "%\r\n")


def _property(text: str) -> str:
    """Encode text as the runner expects it in the value of a property."""
    return _encoded(text, "%\r\n:,")


def _encoded(text: str, special: str) -> str:
    return re.sub(f"[{special}]", lambda match: f"%{ord(match[0]):02X}", text)
