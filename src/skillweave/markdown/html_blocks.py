"""HTML blocks: where one ends, and the comments in it that are alone on their line."""

from __future__ import annotations

import re

from skillweave.markdown.places import segments_of
from skillweave.markdown.values import HtmlPiece
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.markdown.values import Reading
    from skillweave.source import LineIndex


def html_type(first_line: str) -> int:
    """The CommonMark type of an HTML block (1 to 5), by its first line; 6 stands for types 6 and 7, which a blank line ends."""
    line = first_line.lower()
    if re.match(r"<(?:script|pre|style|textarea)(?:[\s>]|$)", line):
        return 1
    if line.startswith("<!--"):
        return 2
    if line.startswith("<?"):
        return 3
    if line.startswith("<![cdata["):
        return 5
    return 4 if re.match(r"<![a-z]", line) else 6


_HTML_ENDS = {
    1: re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE),
    2: re.compile(r"-->"),
    3: re.compile(r"\?>"),
    4: re.compile(r">"),
    5: re.compile(r"\]\]>"),
}


def is_html_closed(index: LineIndex, content: str, end: int) -> bool:
    """Whether an HTML block ends by itself, not with the text. `content` is its text, `end` the line after it."""
    kind = html_type(content.lstrip())
    if kind == 6:
        return True
    return _HTML_ENDS[kind].search(content) is not None or any(
        index.line(line).strip() for line in range(end, len(index.starts))
    )


def note_html_block(index: LineIndex, content: str, start: int, reading: Reading) -> None:
    """Add an HTML block that starts on line `start` to a reading, with its comments that are alone on their line."""
    kind = html_type(content.lstrip())
    segments = segments_of(index, content.rstrip("\n"), start, None)
    reading.html.append(HtmlPiece(content, segments, block=True))
    if kind not in (2, 6):
        return
    lines = content.rstrip("\n").split("\n")
    open_comment = False
    for number, line in enumerate(lines):
        stripped = line.strip()
        alone = stripped.startswith("<!--") and stripped.endswith("-->") and stripped.count("<!--") == 1
        if alone and not open_comment and (kind == 6 or len(lines) == 1):
            raw = index.line(start + number)
            if not raw[: raw.find("<!--")].strip(" \t>"):
                reading.comment_lines.append((start + number, stripped[4:-3].strip()))
            continue
        last_open, last_close = line.rfind("<!--"), line.rfind("-->")
        open_comment = last_open > last_close or (open_comment and last_close < 0)
