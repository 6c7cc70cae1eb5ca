"""Renders diagnostics as text in one of several formats. Pure; the caller decides on their order and prints the text."""

from __future__ import annotations

from enum import Enum

from skillweave.phrases import counted
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skillweave.diagnostics import Code, Diagnostic
    from skillweave.source import SourcePath


class Format(Enum):
    """The formats of a report: for people, for line-based tools, for programs, for CI runners, for code scanning."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


class Summary(NamedTuple):
    """How much a run found, and how much it looked at."""

    errors: int
    warnings: int
    infos: int
    files: int
    skills: int


class Context(NamedTuple):
    """What a report needs besides the diagnostics.

    `source_line` gets a path and a line number, counted from 1, and returns None if there is no text.
    """

    source_line: Callable[[SourcePath, int], str | None]
    color: bool
    summary: Summary
    prefix: str = ""
    """The project's folder in its repository, with a final `/`; empty if the two are the same."""
    page: Callable[[Code], str | None] = lambda _: None
    """Returns the page that explains a code, in Markdown; None if there is none."""


def render(diagnostics: Sequence[Diagnostic], fmt: Format, context: Context) -> str:
    """The report on diagnostics, in their order: whole lines, or an empty text if there is nothing to say."""
    match fmt:
        case Format.FULL:
            from skillweave.report.full import render_full  # noqa: PLC0415 (each only where it is asked for)

            return render_full(diagnostics, context)
        case Format.CONCISE:
            from skillweave.report.concise import render_concise  # noqa: PLC0415

            return render_concise(diagnostics, color=context.color)
        case Format.JSON:
            from skillweave.report.json_report import render_json  # noqa: PLC0415

            return render_json(diagnostics, context.summary)
        case Format.GITHUB:
            from skillweave.report.github import render_github  # noqa: PLC0415

            return render_github(diagnostics, context)
        case Format.SARIF:
            from skillweave.report.sarif import render_sarif  # noqa: PLC0415

            return render_sarif(diagnostics, context)


def summary_line(summary: Summary, nothing: str = "no problems") -> str:
    """A line such as `3 errors, 1 warning in 42 files`, without a line end. `nothing` stands for the counts if there are no
    findings.
    """
    counts = ((summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "info"))
    found = ", ".join(counted(number, word) for number, word in counts if number)
    return f"{found or nothing} in {counted(summary.files, 'file')}"
