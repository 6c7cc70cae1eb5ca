"""Rewrites directives with the usual spacing, another path or another section; and describes misspelt ones."""

from __future__ import annotations

import re

from skillweave.diagnostics import MALFORMED_DIRECTIVE, UNKNOWN_DIRECTIVE, Fix, Problem
from skillweave.directive.openers import BARE_PATH, CLOSES, find_close, is_near_miss, opener_at
from skillweave.source import Edit, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.directive.values import Directive, Word


def restyled(text: str, span: Span, word: Word) -> str:
    """A directive with the usual spacing: one blank after the colon and between its parts, none inside the brackets."""
    opener = text[span.start : span.start + 2]
    inner = text[span.start + 2 : span.end - 2]
    rest = inner[inner.index(":") + 1 :].strip(" \t")
    parts = re.findall(r'(?:(?<![^=# \t])"(?:\\["\\]|[^"])*"|[^ \t])+', rest)
    return f"{opener}{word}: {' '.join(parts)}{CLOSES[opener]}"


def style_fix(text: str, directive: Directive) -> Fix | None:
    """A fix that gives a directive the usual spacing; None if that would change its meaning."""
    usual = restyled(text, directive.span, directive.word)
    opener = opener_at(usual, 0)
    # A section that ends in `>` needs the blank before the close.
    is_closed = opener is not None and find_close(usual, opener) == len(usual)
    return Fix(safe=True, edits=(Edit(*directive.span, usual),)) if is_closed else None


def as_written(path: str) -> str | None:
    """A path as a directive spells it: in quotation marks if it needs them; None if no directive can spell it."""
    return path if BARE_PATH.fullmatch(path) else quote(path)


def path_fix(directive: Directive, path: str, *, safe: bool) -> Fix | None:
    """A fix that makes a directive name another path; None if the path cannot be written in a directive."""
    is_bare = directive.path_span.end - directive.path_span.start == len(directive.path)
    written = as_written(path) if is_bare else quote(path)
    return Fix(safe, (Edit(*directive.path_span, written),)) if written else None


def section_fix(directive: Directive, section: str) -> Fix | None:
    """A fix (a guess) that makes a directive name another section; None if that cannot be written in a directive."""
    is_plain = _PLAIN_SECTION.fullmatch(section) and not section.endswith("optional")
    written = section if is_plain and not directive.section_quoted else quote(section)
    span = directive.section_span
    return Fix(safe=False, edits=(Edit(*span, written),)) if span and written else None


def unknown_directive(opener: re.Match[str], span: Span) -> Problem:
    """The problem of a word that is one edit away from a directive's."""
    meant = is_near_miss(opener[2])
    fix = Fix(safe=False, edits=(Edit(*opener.span(2), meant),)) if meant else None
    message = f'unknown directive "{opener[2]}"'
    return Problem(UNKNOWN_DIRECTIVE, message, span, help=f'did you mean "{meant}"?', fix=fix)


def unclosed_directive(text: str, opener: re.Match[str]) -> Problem:
    """The problem of an opener that has no close on its line."""
    end = text.find("\n", opener.end())
    line = text[opener.start() : len(text) if end < 0 else end].rstrip()
    close = CLOSES[opener[1]]
    if find_close(text, opener) is not None:  # which only a table can hide
        message = "a `|` ends this cell of the table, and with it the directive"
        cure = "write `\\|` for a `|` in a value; or rename the file or heading that has one"
        return Problem(MALFORMED_DIRECTIVE, message, Span(opener.start(), opener.start() + len(line)), help=cure)
    quoted = " (a quotation mark before it is not closed)" if close in line else ""
    return Problem(
        MALFORMED_DIRECTIVE,
        f"no `{close}` closes this directive on its line{quoted}",
        Span(opener.start(), opener.start() + len(line)),
        help=f"close it with `{close}`, or write `\\{opener[1]}` if the text is meant literally",
    )


_PLAIN_SECTION = re.compile(r"[\w(),.:/-]+(?: [\w(),.:/-]+)*")


def quote(text: str) -> str | None:
    """Quote a text so that `unquote` restores it; None if it has a line end, as a directive is one line."""
    if "\n" in text or "\r" in text:
        return None
    escaped = re.sub(r'["\\]', lambda match: f"\\{match[0]}", text)
    return f'"{escaped}"'
