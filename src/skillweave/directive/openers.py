"""Where directives can begin and end: openers, closes, and words that are nearly one of ours."""

from __future__ import annotations

import re

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.directive.values import Word

WORDS: tuple[Word, ...] = ("include", "reference", "asset")
SPELLED = rf"(?:<<|\{{\{{)[ \t]*(?:{'|'.join(WORDS)})[ \t]*:"
"""A regular expression for the beginning of a directive, live or not."""
CLOSES = {"<<": ">>", "{{": "}}"}
CANDIDATE = re.compile(r"(<<|\{\{)(?<![<{$]<<)(?<![<{$]\{\{)[ \t]*([A-Za-z]+)[ \t]*:")
"""Matches an opener, or what a typing mistake may have made of one. Only the parse decides whether it is live."""


def opener_at(text: str, offset: int) -> re.Match[str] | None:
    """The match of a directive's opener (with one of the three words) at an offset, or None."""
    match = CANDIDATE.match(text, offset)
    return match if match and match[2] in WORDS else None


def find_close(text: str, opener: re.Match[str]) -> int | None:
    """The offset after the close that belongs to an opener: the first one on its line outside quotes. None if there is none."""
    close = CLOSES[opener[1]]
    end = text.find("\n", opener.end())
    end = len(text) if end < 0 else end
    offset = opener.end()
    first = text.find(close, offset, end)
    if text.find('"', offset, end if first < 0 else first) < 0:
        # Without a quotation mark before it, the first close counts. This is nearly always so.
        return first + 2 if first >= 0 else None
    while offset < end and text[offset] in " \t":
        offset += 1
    may_quote, in_path = True, True
    while offset < end:
        char = text[offset]
        if may_quote and char == '"':
            offset = end_of_quoted(text, offset, end) or end
            may_quote = False
            continue
        if text.startswith(close, offset):
            return offset + 2
        may_quote = char == "=" or (char == "#" and in_path)
        in_path = in_path and char != "#"
        offset += 1
    return None


def is_near_miss(word: str) -> Word | None:
    """The directive word that a word is one edit away from: a letter added, missing or replaced, two swapped, or case."""
    for known in WORDS:
        if word != known and _one_edit(word.lower(), known):
            return known
    return None


BARE_PATH = re.compile(r'[^\s"#<>{}|]+')


def end_of_quoted(text: str, start: int, end: int) -> int | None:
    """The offset after the quotation mark that closes the one at `start`; None if there is none before `end`."""
    offset = start + 1
    while offset < end:
        if text[offset] == "\\" and offset + 1 < end and text[offset + 1] in '"\\':
            offset += 2
        elif text[offset] == '"':
            return offset + 1
        else:
            offset += 1
    return None


def _one_edit(word: str, known: str) -> bool:
    if word == known:
        return True
    if abs(len(word) - len(known)) > 1:
        return False
    start = 0
    while start < min(len(word), len(known)) and word[start] == known[start]:
        start += 1
    rest, known_rest = word[start:], known[start:]
    return (
        rest[1:] == known_rest[1:]
        or rest[1:] == known_rest
        or rest == known_rest[1:]
        or (rest[:2] == known_rest[:2][::-1] and rest[2:] == known_rest[2:])
    )
