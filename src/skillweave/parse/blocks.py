"""Finds mistakes of blocks: fences and HTML that nothing closes, nesting that is too deep to be read."""

from __future__ import annotations

import re

from skillweave.diagnostics import NESTING_TOO_DEEP, UNCLOSED_FENCE, UNCLOSED_HTML, Problem, Severity
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.markdown.values import Block, Reading
    from skillweave.parse.frame import Frame


def check_blocks(frame: Frame, reading: Reading, problems: list[Problem]) -> None:
    """Report blocks that nothing closes, and the place from which nesting is too deep to be read."""
    for block in reading.blocks:
        if block.closed:
            continue
        line = frame.line(block.start)
        raw = frame.line_index.line(line)
        if block.kind == "fence":
            problems.append(_unclosed_fence(frame, reading, block))
        else:
            start = frame.line_index.starts[line] + max(raw.find("<"), 0)
            problems.append(
                Problem(
                    UNCLOSED_HTML,
                    f"`{frame.line_index.text[start : start + 10].split()[0]}` is never closed",
                    Span(start, frame.line_index.starts[line] + len(raw)),
                    help="close it: everything after it is part of it",
                    severity=Severity.WARNING,
                    inclusion_severity=Severity.ERROR,
                )
            )
    if reading.too_deep is not None:
        line = frame.line(reading.too_deep)
        start = frame.line_index.starts[line]
        problems.append(
            Problem(
                NESTING_TOO_DEEP,
                "from here on, lists and quotes are nested too deeply to be read",
                Span(start, start + len(frame.line_index.line(line))),
                help="nest less deeply; nothing below this level is checked or rewritten",
            )
        )


_FENCE = re.compile(r"(`{3,}|~{3,})")


def _unclosed_fence(frame: Frame, reading: Reading, block: Block) -> Problem:
    line = frame.line(block.start)
    raw = frame.line_index.line(line)
    found = _FENCE.search(raw)
    start = frame.line_index.starts[line] + (found.start() if found else 0)
    fence = found[1] if found else "```"
    note = None
    for other in reversed(reading.blocks):
        if other.kind != "fence" or other.start >= block.start:
            continue
        for inner in range(other.start + 1, other.end - 1):
            content = frame.own.line(inner).strip(" \t>")
            opening = _FENCE.match(content)
            if opening and opening[1][0] == fence[0] and content.strip("`~ \t"):
                first, second = frame.line(other.start) + 1, frame.line(inner) + 1
                note = (
                    f"the fence on line {second} is inside the one on line {first} and just as long: "
                    "the outer one needs more back-ticks"
                )
                break
        if note:
            break
    return Problem(
        UNCLOSED_FENCE,
        "this fence is never closed",
        Span(start, frame.line_index.starts[line] + len(raw.rstrip())),
        help=f"close it with a line of {fence}" if not note else None,
        note=note,
        severity=Severity.WARNING,
        inclusion_severity=Severity.ERROR,
    )
