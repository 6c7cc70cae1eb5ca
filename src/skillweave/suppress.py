"""Which findings are told: what a configuration or a command ignores and raises, and what a comment ignores in place.

A finding is judged once, when it is found: what is ignored keeps no entry from being built. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from skillweave.diagnostics import CODES, UNUSED_IGNORE, Code, Diagnostic, Problem, Severity
from skillweave.globs import covers
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class PerPath(NamedTuple):
    """What holds below some paths: the numbers of the codes that are ignored, and of those that are raised."""

    glob: str
    ignore: tuple[str, ...] = ()
    error: tuple[str, ...] = ()


class Policy(NamedTuple):
    """What is ignored and what is raised, as numbers of codes. Errors are in `per_path` only, and only excusable ones."""

    ignore: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    per_path: tuple[PerPath, ...] = ()
    """The last one that speaks of a path and a code wins, and wins over the two above."""
    dropped: tuple[str, ...] = ()
    """What the command line ignores, whatever the configuration says."""
    selected: tuple[str, ...] | None = None
    """What the command line wants to see; None: everything."""

    def selects(self, code: Code) -> bool:
        """Whether the command line wants to see findings of a code."""
        return self.selected is None or code.number in self.selected


class Ignore(NamedTuple):
    """A comment that ignores findings in place. Lines count from 0."""

    codes: tuple[Code, ...]
    names: tuple[Span, ...]
    """Where each code is named."""
    line: int
    last: int
    """The line that it speaks of: the next one that holds text. What stands between is meant, too."""
    is_first: bool
    """Whether it stands before all text, and so speaks of the file as a whole: of findings on its first line."""


class Mark(NamedTuple):
    """What a finding is kept for that is not told: to know, at the end, which comments ignore nothing.

    `ignored`: a comment of its file, on a line (from 0), ignores it. `claim`: it is true if nothing is ignored by the
    comment on that line that has this code's number. `seen`: what that comment speaks of has come into a bundle.
    """

    kind: Literal["ignored", "claim", "seen"]
    line: int
    number: str = ""


def judge(
    policy: Policy, diagnostic: Diagnostic, ignores: Sequence[Ignore], *, strict: bool = False
) -> Diagnostic | Mark | None:
    """What becomes of a finding: it is told as it is or as an error, ignored by a comment, or by the policy (None).

    `ignores` are the comments of the file that it is in. `strict` makes warnings errors.
    """
    code = diagnostic.code
    is_error = diagnostic.severity is Severity.ERROR
    if is_error and not code.excusable:
        return diagnostic
    for ignore in _covering(ignores, diagnostic.start.line - 1):
        if code in ignore.codes:
            return Mark("ignored", ignore.line, code.number)
    asked = _asked(policy, diagnostic.path, code.number)
    if asked == "ignore" or (not is_error and (code.number in policy.dropped or not policy.selects(code))):
        return None
    if asked == "error" or (strict and diagnostic.severity is Severity.WARNING):
        return diagnostic._replace(severity=Severity.ERROR)
    return diagnostic


def _covering(ignores: Sequence[Ignore], line: int) -> Iterator[Ignore]:
    """The comments that speak of a line, the nearest first. They are sorted, and so are the lines that they speak of."""
    if line == 0:
        yield from takewhile(lambda ignore: ignore.is_first, ignores)
        return
    before = bisect_left(ignores, line, key=lambda ignore: ignore.line)
    yield from takewhile(lambda ignore: ignore.last >= line, (ignores[at] for at in range(before - 1, -1, -1)))


def _asked(policy: Policy, path: str, number: str) -> str | None:
    """What the configuration says of a code at a path."""
    for rule in reversed(policy.per_path):
        if (number in rule.ignore or number in rule.error) and covers(rule.glob, path):
            return "ignore" if number in rule.ignore else "error"
    return "ignore" if number in policy.ignore else "error" if number in policy.error else None


# Names of codes


_PREFIX = re.compile(r"SW\d{0,2}")


def find_codes(name: str) -> tuple[Code, ...]:
    """The codes that a name, a number, or the beginning of a number (`SW`, `SW5`) stands for; none for anything else."""
    found = find_code(name)
    if found is not None:
        return (found,)
    prefix = name.upper()
    return tuple(c for c in CODES.values() if _PREFIX.fullmatch(prefix) and c.number.startswith(prefix))


def find_code(name: str) -> Code | None:
    """The code with a name or a number, in any case."""
    return CODES.get(name.lower()) or next((code for code in CODES.values() if code.number == name.upper()), None)


def near_code(name: str) -> str | None:
    """The name or number of a code that may have been meant by one that no code has."""
    known = {spelled.casefold(): spelled for code in CODES.values() for spelled in (code.name, code.number)}
    close = near_names(name.casefold(), known)
    return known[close[0]] if close else None


def nearest(name: str) -> str:
    """What to say of a name that no code has."""
    close = near_code(name)
    return f'did you mean "{close}"?' if close else "as in unused-pattern, or SW304"


def why_not_ignored(code: Code, *, everywhere: bool) -> str | None:
    """Why findings of a code cannot be ignored: everywhere, or in some places; None: they can."""
    if code.severity is not Severity.ERROR or (code.excusable and not everywhere):
        return None
    if code.excusable:
        return f"{code.name} is an error, which can be ignored per path or in place only"
    return None if code.milder else f"{code.name} is an error, and no error of this kind can be ignored"


def why_not_raised(code: Code) -> str | None:
    """Why findings of a code cannot be made errors; None: they can."""
    return f"{code.name} is an error already" if code.severity is Severity.ERROR and not code.milder else None


# Comments


_VERB = re.compile(r"\s*skillweave:\s*([^\s,]*)")


def is_ours(comment: str) -> bool:
    """Whether the text of a comment speaks to us."""
    return _VERB.match(comment) is not None


def read_ignore(text: str, span: Span) -> tuple[tuple[tuple[Code, Span], ...], tuple[Problem, ...]]:
    """The text of a comment that is ours, in its file → the codes that it ignores, each with its place; and mistakes."""
    verb = _VERB.match(text, *span)
    if verb is None or verb[1] != "ignore":
        asked = Span(*verb.span(1)) if verb and verb[1] else span
        message = f'a comment can ask for "ignore", and not for "{text[asked.start : asked.end].strip()}"'
        return (), (Problem(UNUSED_IGNORE, message, asked, help="write `skillweave: ignore NAME`"),)
    found: list[tuple[Code, Span]] = []
    problems: list[Problem] = []
    for word in re.compile(r"[^\s,]+").finditer(text, verb.end(), span.end):
        name, place = word[0], Span(*word.span())
        code = find_code(name)
        reason = why_not_ignored(code, everywhere=False) if code else None
        if code is None:
            problems.append(Problem(UNUSED_IGNORE, f'no finding is called "{name}"', place, help=nearest(name)))
        elif reason:
            problems.append(Problem(UNUSED_IGNORE, reason, place, help="mend what it is about"))
        elif code is UNUSED_IGNORE:
            cure = "remove the comment that ignores nothing"
            problems.append(Problem(UNUSED_IGNORE, f"{code.name} cannot be ignored in place", place, help=cure))
        else:
            found.append((code, place))
    if not found and not problems:
        cure = "name it: `skillweave: ignore NAME`"
        problems.append(Problem(UNUSED_IGNORE, "this comment does not say which finding to ignore", span, help=cure))
    return tuple(found), tuple(problems)


def claim(ignore: Ignore, code: Code, span: Span) -> Problem:
    """What to say of a comment that names a code in vain; `span` is where it does."""
    where = f"on line {ignore.last + 1}" if ignore.last > ignore.line else "behind it"
    message = f"this ignores nothing: there is no {code.name} {where}"
    return Problem(UNUSED_IGNORE, message, span, help=f"remove {code.name} from the comment")
