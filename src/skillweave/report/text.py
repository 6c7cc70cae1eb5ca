"""Turns text of a repository into text that is safe and aligned on a terminal and in the log of a CI runner.

Invisible characters are escaped, nothing becomes a command for the runner, and widths are counted. Everything printed from a
repository passes through here, or through `json_text`.
"""

from __future__ import annotations

import re
import unicodedata

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.diagnostics import Note
    from skillweave.source import Position

# Control characters, surrogates, format characters (bidi controls, zero-width characters, tags), line and paragraph
# separators, and the other code points that Unicode calls default-ignorable. Spelled out, so that the report does not
# change with the Unicode version of the Python that runs it.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What cannot be seen, as the body of a character class."""

# Characters that steer a terminal or change the direction of text. If only these are escaped, a patch of honest prose stays as
# it is.
_STEERING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"

# White space that looks like a space, but does not compare equal to one.
_BLANKS = "\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"

MARK = r"(?<=#)#(?=\[|(?:vso|teamcity)\[)"
"""Matches the `#` that makes a command for a CI runner: two runners take `##[…]` for one anywhere in a line."""

# These are only compiled when a text that may need one is printed: most texts are plain.
_EXCERPT = f"[{INVISIBLE}]|{MARK}"
_LINE = f"(?!\t)[{INVISIBLE}]|{MARK}"
_UNSAFE = f"[{INVISIBLE}{_BLANKS}]|{MARK}"
# A carriage return before the line end belongs to it; to a runner, any other one is a line end.
_PATCH = f"(?!\r\n)[{_STEERING}]|{MARK}"
# Joiners and variation selectors are part of many emoji and of some scripts.
_NAME = f"(?![\u200c\u200d\ufe0e\ufe0f])[{INVISIBLE}]|{MARK}"


def escape(text: str) -> str:
    """Escape a part of a line, but not its start: what is invisible, looks like something else, or steers a terminal."""
    return _without(_UNSAFE, text)


def escape_path(path: str) -> str:
    """Escape a path that may start a line. One that a runner could take for a command gets a `./`, which means the
    same file.
    """
    shown = escape(path)
    return f"./{shown}" if shown.lstrip().startswith(":") else shown


def escape_name(path: str) -> str:
    """Escape a path that a program has to find again: only what has to be escaped is, so emoji stay."""
    return _without(_NAME, path)


def escape_line(line: str) -> str:
    """Escape a whole line, without its line end, that contains text of a repository or begins with it. Tabs and white space
    stay.
    """
    return _without_start(_without(_LINE, line))


def escape_patch(line: str) -> str:
    """Escape a line of a patch, with its line end. Emoji and the white space of other scripts stay."""
    return _without_start(_without(_PATCH, line))


def excerpt_escapes(text: str) -> dict[int, str]:
    """What is shown of a source line as an escape, by offset. White space stays, as wide as it is."""
    return {match.start(): escape_code_point(match[0]) for match in re.finditer(_EXCERPT, text)}


def place(path: str, position: Position | None) -> str:
    """`path:line:column`, or the path alone if there is no position."""
    return escape_path(path) if position is None else f"{escape_path(path)}:{position.line}:{position.column}"


def sentence(note: Note) -> str:
    """A note's message, followed by its place if it has one."""
    message = escape(note.message)
    return message if note.path is None else f"{message} {place(note.path, note.position)}"


def hop_line(hop: Note) -> str:
    """A further place of a finding, and what is there, as a line."""
    if hop.path is None:
        return escape(hop.message)
    return f"{place(hop.path, hop.position)}   {escape(hop.message)}".rstrip()


def _without_start(line: str) -> str:
    """Change a line so that no runner takes it for a command. GitHub's runner ignores white space before one."""
    return line.replace(":", "\\x3a", 1) if line.lstrip().startswith("::") else line


def _without(pattern: str, text: str) -> str:
    """Escape what a pattern finds in a text."""
    if text.isascii() and text.isprintable() and "##" not in text:
        return text
    return re.sub(pattern, _escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return escape_code_point(match[0])


def escape_code_point(character: str) -> str:
    r"""A character → `\x1b`, `\u202e` or `\U000e0041`: the shortest that fits."""
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def width(text: str) -> int:
    """How many columns a terminal needs for a text without invisible code points."""
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    # The vowels and finals of decomposed Hangul join the syllable before them.
    if unicodedata.category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 1
