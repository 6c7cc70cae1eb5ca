"""Decides which findings are reported: a configuration or command ignores or raises them, a comment ignores them in place.

A finding is judged once, when it is found; an ignored one keeps no entry from being built. Pure functions.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import takewhile

from skillweave.diagnostics import CODES, UNUSED_IGNORE, Code, Diagnostic, Problem, Severity
from skillweave.globs import covers
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal


class PerPath(NamedTuple):
    """What applies to the paths that a glob covers: the numbers of codes that are ignored, and of those that are raised."""

    glob: str
    ignore: tuple[str, ...] = ()
    error: tuple[str, ...] = ()


class Policy(NamedTuple):
    """Which codes are ignored and raised, by number. Errors can be ignored only per path, and only excusable ones."""

    ignore: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    per_path: tuple[PerPath, ...] = ()
    """The last rule that names a code and covers the path wins, also over the two lists above."""
    dropped: tuple[str, ...] = ()
    """What the command line ignores, whatever the configuration says."""
    selected: tuple[str, ...] | None = None
    """What the command line selects to be shown; None: everything."""

    def selects(self, code: Code) -> bool:
        """Whether the command line wants to see findings of a code."""
        return self.selected is None or code.number in self.selected


class Ignore(NamedTuple):
    """A comment that ignores findings in place. Lines count from 0."""

    codes: tuple[Code, ...]
    names: tuple[Span, ...]
    """The span of each code's name."""
    line: int
    last: int
    """The line that it applies to: the next one with text. The lines in between are covered, too."""
    is_first: bool
    """Whether it comes before all text, and so applies to the whole file: to findings on its first line."""


class Mark(NamedTuple):
    """Recorded in place of a finding that is not shown, to know in the end which comments ignore nothing.

    `ignored`: a comment on `line` (from 0) of the file ignores the finding. `claim`: a finding that is true unless the
    comment on that line ignores something with this number. `seen`: what that comment applies to has reached a bundle.
    """

    kind: Literal["ignored", "claim", "seen"]
    line: int
    number: str = ""


def judge(
    policy: Policy, diagnostic: Diagnostic, ignores: Sequence[Ignore], *, strict: bool = False
) -> Diagnostic | Mark | None:
    """Decide what becomes of a finding: shown as it is or as an error, ignored by a comment (`Mark`), or by the policy
    (None).

    `ignores` are the comments of the finding's file. `strict` turns warnings into errors.
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
    """The comments that apply to a line, nearest first. Both the comments and the lines they apply to must be sorted."""
    if line == 0:
        yield from takewhile(lambda ignore: ignore.is_first, ignores)
        return
    before = bisect_left(ignores, line, key=lambda ignore: ignore.line)
    yield from takewhile(lambda ignore: ignore.last >= line, (ignores[at] for at in range(before - 1, -1, -1)))


def _asked(policy: Policy, path: str, number: str) -> str | None:
    """What the configuration asks for a code at a path: "ignore", "error" or None."""
    for rule in reversed(policy.per_path):
        if (number in rule.ignore or number in rule.error) and covers(rule.glob, path):
            return "ignore" if number in rule.ignore else "error"
    return "ignore" if number in policy.ignore else "error" if number in policy.error else None


# Names of codes


_PREFIX = re.compile(r"SW\d{0,2}")


def find_codes(name: str) -> tuple[Code, ...]:
    """The codes for a name, a number, or the beginning of a number (`SW`, `SW5`); empty for anything else."""
    found = find_code(name)
    if found is not None:
        return (found,)
    prefix = name.upper()
    return tuple(c for c in CODES.values() if _PREFIX.fullmatch(prefix) and c.number.startswith(prefix))


def find_code(name: str) -> Code | None:
    """The code with a name or number, in any case; None if there is none."""
    return CODES.get(name.lower()) or next((code for code in CODES.values() if code.number == name.upper()), None)


def near_code(name: str) -> str | None:
    """The name or number that may have been meant by one that no code has; None if nothing is near."""
    known = {spelled.casefold(): spelled for code in CODES.values() for spelled in (code.name, code.number)}
    close = near_names(name.casefold(), known)
    return known[close[0]] if close else None


def nearest(name: str) -> str:
    """A hint for a name that no code has."""
    close = near_code(name)
    return f'did you mean "{close}"?' if close else "names are like unused-pattern, or SW304"


def _cure(name: str, before: Sequence[object]) -> str:
    """A hint for a word of a comment that is no code, after the codes `before`."""
    if find_codes(name):
        return "a comment ignores single findings: name each, not their group"
    return "write `--` before the reason" if before and not near_code(name) else nearest(name)


def why_not_ignored(code: Code, *, everywhere: bool) -> str | None:
    """Why findings of a code cannot be ignored `everywhere` (or else in some places); None if they can."""
    if code.severity is not Severity.ERROR or (code.excusable and not everywhere):
        return None
    if code.excusable:
        return f"{code.name} is an error, which can be ignored per path or in place only"
    return None if code.milder else f"{code.name} is an error, and no error of this kind can be ignored"


def why_not_raised(code: Code) -> str | None:
    """Why findings of a code cannot be raised to errors; None if they can."""
    return f"{code.name} is an error already" if code.severity is Severity.ERROR and not code.milder else None


# Comments


_VERB = re.compile(r"\s*skillweave:\s*([^\s,]*)")


def is_ours(comment: str) -> bool:
    """Whether the text of a comment is addressed to us."""
    return _VERB.match(comment) is not None


def read_ignore(text: str, span: Span) -> tuple[tuple[tuple[Code, Span], ...], tuple[Problem, ...]]:
    """Read one of our comments, whose text is at `span`; returns the codes that it ignores with their places, and problems.

    A `--` ends the names, and a reason may follow, as in a comment for ESLint:
    https://eslint.org/docs/latest/use/configure/rules#comment-descriptions
    """
    verb = _VERB.match(text, *span)
    if verb is None or verb[1] != "ignore":
        asked = Span(*verb.span(1)) if verb and verb[1] else span
        message = f'the only command for a comment is "ignore", not "{text[asked.start : asked.end].strip()}"'
        return (), (Problem(UNUSED_IGNORE, message, asked, help="write `skillweave: ignore NAME`"),)
    found: list[tuple[Code, Span]] = []
    problems: list[Problem] = []
    for word in re.compile(r"[^\s,]+").finditer(text, verb.end(), span.end):
        name, place = word[0], Span(*word.span())
        if name == "--":
            break
        code = find_code(name)
        reason = why_not_ignored(code, everywhere=False) if code else None
        if code is None:
            problems.append(Problem(UNUSED_IGNORE, f'no finding is called "{name}"', place, help=_cure(name, found)))
            if found and not near_code(name):
                break  # A reason without its `--`: one finding, not one for each word.
        elif reason:
            problems.append(Problem(UNUSED_IGNORE, reason, place, help="fix the problem itself"))
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
    """The problem of a comment that ignores a code in vain; `span` is where it names the code."""
    where = f"on line {ignore.last + 1}" if ignore.last > ignore.line else "after it"
    message = f"this ignores nothing: there is no {code.name} {where}"
    return Problem(UNUSED_IGNORE, message, span, help=f"remove {code.name} from the comment")
