"""The `json` format: one object with the diagnostics, in their order, and the summary."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

from skillweave.report.text import INVISIBLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.diagnostics import Diagnostic, Note
    from skillweave.report import Summary

# The line ends of the layout stay; those of the values are escapes by then.
_INVISIBLE = re.compile(f"(?!\n)[{INVISIBLE}]")


def render_json(diagnostics: Sequence[Diagnostic], summary: Summary) -> str:
    """An object that reads back as exactly these values."""
    report = {"diagnostics": [_diagnostic(diagnostic) for diagnostic in diagnostics], "summary": asdict(summary)}
    text = json.dumps(report, ensure_ascii=False, indent=2)
    # JSON spells any code point as an escape, too: a reader gets the same value, a terminal no surprise, and a
    # surrogate from an odd file name can be written as UTF-8.
    return _INVISIBLE.sub(lambda match: json.dumps(match[0])[1:-1], text) + "\n"


def _diagnostic(diagnostic: Diagnostic) -> dict[str, object]:
    return {
        "code": diagnostic.code.number,
        "name": diagnostic.code.name,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "path": diagnostic.path,
        "start": {"line": diagnostic.start.line, "column": diagnostic.start.column},
        "end": {"line": diagnostic.end.line, "column": diagnostic.end.column},
        "notes": [_note(note) for note in (*diagnostic.hops, *diagnostic.notes)],
        "help": diagnostic.help,
        "fixable": diagnostic.code.fixable,
    }


def _note(note: Note) -> dict[str, object]:
    line, column = note.position or (None, None)
    return {"message": note.message, "path": note.path, "line": line, "column": column}
