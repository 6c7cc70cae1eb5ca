"""The `json` format: one object with the diagnostics, in their order, and the summary. Also formats all other JSON that is
printed.
"""

from __future__ import annotations

import json
import re

from skillweave.report.text import INVISIBLE, MARK
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.diagnostics import Diagnostic, Note
    from skillweave.report import Summary

# The line ends of the layout stay. Those in values are already escaped.
_UNSAFE = f"(?!\n)[{INVISIBLE}]|{MARK}"


def render_json(diagnostics: Sequence[Diagnostic], summary: Summary) -> str:
    """A JSON object that reads back as exactly these values."""
    report = {"diagnostics": [plain_object(diagnostic) for diagnostic in diagnostics], "summary": summary._asdict()}
    return json_text(report) + "\n"


def json_text(value: object, indent: int | None = 2) -> str:
    """A value as JSON that reads back as exactly that value, and neither steers a terminal nor commands a CI runner."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    # JSON can also spell any code point as an escape: readers get the same value, terminals no surprise, and a surrogate from
    # an odd file name can be written as UTF-8.
    return re.sub(_UNSAFE, lambda match: "\\u0023" if match[0] == "#" else json.dumps(match[0])[1:-1], text)


def plain_object(diagnostic: Diagnostic) -> dict[str, object]:
    """A diagnostic as values that JSON can hold."""
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
        "fixable": diagnostic.fix is not None,
    }


def _note(note: Note) -> dict[str, object]:
    line, column = note.position or (None, None)
    return {"message": note.message, "path": note.path, "line": line, "column": column}
