"""Diagnostics → text in one of the report's formats. Pure; the order is the caller's, and so is the printing."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, assert_never

from skillweave.phrases import counted
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skillweave.diagnostics import Code, Diagnostic
    from skillweave.source import SourcePath


class Format(Enum):
    """How a report is written: for people, for a line-based tool, for a program, for a CI runner, for code scanning."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


class Summary(NamedTuple):
    """What a run found, and in how much."""

    errors: int
    warnings: int
    infos: int
    files: int
    skills: int


class Context(NamedTuple):
    """What a report needs beside the diagnostics. `source_line` counts from 1, and is None where there is no text."""

    source_line: Callable[[SourcePath, int], str | None]
    color: bool
    summary: Summary
    prefix: str = ""
    """The project's folder in its repository, with a final `/`; empty where they are the same."""
    page: Callable[[Code], str | None] = lambda _: None
    """What there is to read about a code."""


def render(diagnostics: Sequence[Diagnostic], fmt: Format, context: Context) -> str:
    """The report on diagnostics, in their order: whole lines, or nothing where there is nothing to say."""
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
        case _:
            assert_never(fmt)


def summary_line(summary: Summary, nothing: str = "no problems") -> str:
    """`3 errors, 1 warning in 42 files`, without a line end; `nothing` is said where there are none."""
    counts = ((summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "info"))
    found = ", ".join(counted(number, word) for number, word in counts if number)
    return f"{found or nothing} in {counted(summary.files, 'file')}"
