"""Colours by hand: ANSI sequences around text that is already escaped."""

from __future__ import annotations

from enum import Enum

from skillweave.diagnostics import Severity


class Style(Enum):
    """The role of a part of a report. The value has the parameters of its ANSI sequence."""

    ERROR = "1;31"
    WARNING = "1;33"
    INFO = "1;36"
    GUTTER = "1;34"
    STRONG = "1"


SEVERITY_STYLES = {Severity.ERROR: Style.ERROR, Severity.WARNING: Style.WARNING, Severity.INFO: Style.INFO}


def paint(text: str, style: Style, *, color: bool) -> str:
    """The text in a style; unchanged without colour."""
    return f"\x1b[{style.value}m{text}\x1b[0m" if color else text
