"""Draws the picture in README.md: runs build, check and watch on a small project, and writes what they print as SVG.

How long something took is left out, so that the same words make the same bytes.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = Path(__file__).parent.parent / "docs/skillweave.svg"
PATTERN = "patterns/working.md"
FILES = {
    PATTERN: "# Working rules\n\n## Tests first\n\n1. Write a test that fails.\n",
    "skills/release/SKILL.md": (
        "---\nname: release\ndescription: Cuts a release. Use when the user asks for one.\n---\n"
        "# Release\n\n## Before you start\n\n<<include: working.md#Tests first>>\n"
    ),
}
RENAMED = FILES[PATTERN].replace("Tests first", "Test before you code")
MENDED = f"{FILES[PATTERN]}2. See it fail.\n"

COLUMNS = 80
CELL, LINE, MARGIN = 8.4, 19, 20
"""A character's width, a line's height, and what is left free around all of them, in pixels at a font size of 14."""

COLORS = {"": "#d0d7de", "1": "#ffffff", "1;31": "#ff7b72", "1;33": "#e3b341", "1;34": "#79c0ff", "1;36": "#76e3ea"}
"""What becomes of text after an ANSI sequence with these parameters."""

PROMPT, REMARK = "prompt", "remark"
"""The styles of what no command printed."""

SECONDS = re.compile(r"\b\d+\.\d\d s\b")


class Part(NamedTuple):
    """A piece of a line, in one style: the parameters of an ANSI sequence, or one of ours."""

    style: str
    text: str


def main() -> None:
    """Record, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=PICTURE, metavar="FILE", help="default: the picture of README.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        for name, text in FILES.items():
            save(project / name, text)
        lines = list(record(project))
    options.to.write_text(draw(lines), encoding="utf-8")


def record(project: Path) -> Iterator[list[Part]]:
    """Every line that a user would see who builds, breaks something, looks, and then works with a watch."""
    yield from printed("build", project)
    yield []
    yield remark(f"somebody renames a section of {PATTERN}")
    save(project / PATTERN, RENAMED)
    yield from printed("check", project)
    save(project / PATTERN, FILES[PATTERN])
    yield []
    yield remark("the same, and mended, in an editor, while this runs")
    yield from watched(project)


def remark(text: str) -> list[Part]:
    """A line that a user would not see: what happens between two commands."""
    return [Part(REMARK, f"# {text}")]


def prompt(command: str) -> list[Part]:
    """The line on which a command is given."""
    return [Part(PROMPT, "$ "), Part("1", f"skillweave {command}")]


def printed(command: str, project: Path) -> Iterator[list[Part]]:
    """A command and what it prints."""
    yield prompt(command)
    with started(command, project) as process:
        output, _ = process.communicate(timeout=60)
    yield from map(parts, output.rstrip("\n").split("\n"))


def watched(project: Path) -> Iterator[list[Part]]:
    """A watch that sees the pattern break and mended again, each once the watch has said what is expected of it."""
    yield prompt("watch")
    with started("watch", project) as process:
        for expected, text in (("watching;", RENAMED), ("with errors", MENDED), ("all is well", None)):
            yield from until(process, expected)
            if text is not None:
                save(project / PATTERN, text)
        process.send_signal(signal.SIGINT)
        yield [Part("", "^C")]
        process.communicate(timeout=60)


def until(process: subprocess.Popen[str], expected: str) -> Iterator[list[Part]]:
    """The lines up to one that says what is expected."""
    for line in process.stdout or ():
        yield parts(line.rstrip("\n"))
        if expected in line:
            return
    message = f"the watch ended before it said: {expected}"
    raise SystemExit(message)


def started(command: str, project: Path) -> subprocess.Popen[str]:
    """A command that prints as it does on a terminal, on one stream."""
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    return subprocess.Popen(
        [sys.executable, "-m", "skillweave", command],
        cwd=project,
        env=environment | {"FORCE_COLOR": "1", "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def save(path: Path, text: str) -> None:
    """Save as editors do: whole, by a rename, so that a watch sees one change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    other = path.with_name(f".{path.name}.new")
    other.write_text(text, encoding="utf-8")
    other.replace(path)


def parts(line: str) -> list[Part]:
    """A line with ANSI sequences as parts. How long something took becomes an ellipsis."""
    found, style = [], ""
    for number, piece in enumerate(re.split(r"\x1b\[([\d;]*)m", SECONDS.sub("… s", line))):
        if number % 2:
            style = "" if piece == "0" else piece
        elif piece:
            found.append(Part(style, piece))
    return found


def draw(lines: list[list[Part]]) -> str:
    """The SVG of a terminal. Each line is stretched to its columns, so that carets stand below what they mark."""
    width = round(COLUMNS * CELL) + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    drawn = [text for number, line in enumerate(lines) for text in draw_line(MARGIN + number * LINE + 14, line)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            "<title>skillweave build, check and watch in a terminal</title>",
            "<style>text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre }</style>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def draw_line(y: int, line: list[Part]) -> Iterator[str]:
    """The elements of a line, whose text stands on `y`."""
    columns = sum(len(part.text) for part in line)
    if columns > COLUMNS:
        message = f"more than {COLUMNS} columns: {''.join(part.text for part in line)}"
        raise SystemExit(message)
    if line:
        spans = "".join(f"<tspan {look(part.style)}>{escape(part.text)}</tspan>" for part in line)
        length = f'textLength="{columns * CELL:.1f}"'
        yield f'<text x="{MARGIN}" y="{y}" {length} xml:space="preserve">{spans}</text>'


def look(style: str) -> str:
    """A style as attributes."""
    match style:
        case "prompt":
            return 'fill="#7ee787"'
        case "remark":
            return 'fill="#8b949e" font-style="italic"'
        case _:
            weight = ' font-weight="bold"' if style else ""
            return f'fill="{COLORS[style]}"{weight}'


if __name__ == "__main__":
    main()
