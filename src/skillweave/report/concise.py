"""The `concise` format: `path:line:col: SW207 message`, one line each."""

from __future__ import annotations

from skillweave.report.style import SEVERITY_STYLES, Style, paint
from skillweave.report.text import escape, escape_path
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.diagnostics import Diagnostic


def render_concise(diagnostics: Sequence[Diagnostic], *, color: bool) -> str:
    """One line for each diagnostic."""
    return "".join(_line(diagnostic, color=color) for diagnostic in diagnostics)


def _line(diagnostic: Diagnostic, *, color: bool) -> str:
    line, column = diagnostic.start
    path = paint(escape_path(diagnostic.path), Style.STRONG, color=color)
    code = paint(diagnostic.code.number, SEVERITY_STYLES[diagnostic.severity], color=color)
    return f"{path}:{line}:{column}: {code} {escape(diagnostic.message)}\n"
