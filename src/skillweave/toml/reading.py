"""A TOML text → its contents, or the mistake in it with its place."""

from __future__ import annotations

import re

from skillweave.diagnostics import INVALID_CONFIG, Problem
from skillweave.source import LineIndex, Span

_MOST_PARTS = 500
"""The most parts of a dotted key: tomllib takes quadratic time and memory for them."""
_KEY = re.compile(r"[ \t\[]*+[A-Za-z0-9_\"'-][A-Za-z0-9_\"'. \t-]*+\]*+[ \t]*+")
"""A key, or the header of a table, as far as a line shows it."""
_BEFORE_A_KEY = re.compile(r"[{,]")
_SYNTAX_ERROR = re.compile(
    r"(?P<message>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)


def parsed(text: str) -> dict[str, object] | Problem:
    """The contents of a TOML text, or why it is not valid."""
    import tomllib  # noqa: PLC0415 (slow to load, and mostly the contents are known from the cache)

    at = 0
    for line in text.split("\n"):
        if any(key.count(".") >= _MOST_PARTS and _KEY.fullmatch(key) for key in _keys_in(line)):
            return _mistake(f"a key has more than {_MOST_PARTS} parts", Span(at, at + 1))
        at += len(line) + 1
    try:
        return tomllib.loads(text)
    except RecursionError:
        from skillweave.toml.places import deepest  # noqa: PLC0415 (likewise)

        return _mistake("values are nested too deeply", deepest(text))
    except ValueError as error:  # TOMLDecodeError, or an integer of thousands of digits
        return _located(text, str(error))


def _keys_in(line: str) -> list[str]:
    """What may be keys in a line, also in inline tables; or all of it if it may be the header of a table."""
    before = [_BEFORE_A_KEY.split(part)[-1] for part in line.split("=")[:-1]]
    return before or [line]


def _located(text: str, told: str) -> Problem:
    """The problem for a message of the parser, with its place."""
    from skillweave.toml.places import longest, repeated  # noqa: PLC0415 (needed only for a mistake)

    match = _SYNTAX_ERROR.fullmatch(told)
    if match is None:
        return _mistake("an integer has too many digits", longest(text))
    index, end = LineIndex(text), len(text.rstrip())
    if match["line"] is not None:
        end = index.starts[int(match["line"]) - 1] + int(match["column"]) - 1
    message = match["message"]
    again = repeated(text[:end]) if message.startswith(("Cannot ", "Duplicate ")) else None
    if again is None:
        return _mistake(f"{message[:1].lower()}{message[1:]}", Span(end, end + 1))
    line = index.position(again.first.start).line
    if again.whole == again.holder:
        return _mistake(f'"{again.whole}" is set twice, first on line {line}', again.span, "keep one of the two")
    words = f'"{again.whole}" conflicts with "{again.holder}", which has a value on line {line}'
    return _mistake(words, again.span, "keep one of the two")


def _mistake(words: str, span: Span, cure: str | None = None) -> Problem:
    return Problem(INVALID_CONFIG, f"not valid TOML: {words}", span, cure)
