"""Which findings a configuration ignores and raises: `ignore`, `error` and `[per-path."GLOB"]` → a `Policy`."""

from __future__ import annotations

from skillweave.suppress import PerPath, Policy, find_code, find_codes, nearest, why_not_ignored, why_not_raised
from skillweave.toml.table import normal, report, report_unknown, strings, subtable
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from skillweave.diagnostics import Code
    from skillweave.toml.table import Table

POLICY_KEYS = ("ignore", "error", "per-path")


def read_policy(table: Table) -> Policy:
    """The policy in a table; mistakes are reported and left out."""
    ignore, error = _lists(table, everywhere=True)
    own = subtable(table, "per-path")
    found = [] if own is None else [_per_path(own, glob) for glob in own.data]
    return Policy(ignore, error, tuple(rule for rule in found if rule is not None))


def _per_path(own: Table, glob: str) -> PerPath | None:
    """The policy for the paths of one glob; None if something is wrong with the glob or its table."""
    table = subtable(own, glob)
    if table is None:
        return None
    mistake = _glob_mistake(glob)
    if mistake is not None:
        report(own, f'per-path: "{glob}" {mistake}', glob, cure=_LIKE_A_GLOB)
        return None
    report_unknown(table, ["ignore", "error"])
    return PerPath(normal(glob), *_lists(table, everywhere=False))


def read_globs(table: Table, key: str) -> tuple[str, ...]:
    """The globs in a list, in normal form; empty if one can match nothing, which is reported."""
    mistakes, globs = len(table.problems), strings(table, key) or []
    for index, glob in globs:
        mistake = _glob_mistake(glob)
        if mistake is not None:
            report(table, f'{key}: "{glob}" {mistake}', key, index, cure=_LIKE_A_GLOB)
    return tuple(normal(glob) for _, glob in globs) if len(table.problems) == mistakes else ()


_LIKE_A_GLOB = 'write a path of the project, as in "skills/legacy/**"'


def _glob_mistake(glob: str) -> str | None:
    """Why a glob can match no path of a project, as a clause; None if it can."""
    if not normal(glob):
        return "names no file"
    if glob.startswith(("/", "~")) or ".." in glob.split("/"):
        return "leaves the project"
    return "has a backslash" if "\\" in glob else None


def _lists(table: Table, *, everywhere: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers of the codes that a table ignores, and of those that it raises.

    A code in both is reported, and only ignored.
    """
    ignored = _codes(table, "ignore", lambda code: why_not_ignored(code, everywhere=everywhere))
    raised = _codes(table, "error", why_not_raised)
    for number in sorted(ignored.keys() & raised.keys()):
        name = next(code.name for code in find_codes(number))
        report(table, f"error: {name} is also in `ignore`", "error", raised[number], cure="keep one of the two")
    return tuple(sorted(ignored)), tuple(sorted(raised.keys() - ignored.keys()))


def _codes(table: Table, key: str, why_not: Callable[[Code], str | None]) -> dict[str, int]:
    """The numbers of the codes in a list, each with its index there. A prefix stands for those codes that the list may hold."""
    found: dict[str, int] = {}
    for index, name in strings(table, key) or []:
        codes = find_codes(name)
        possible = [code for code in codes if why_not(code) is None]
        if not codes:
            report(table, f'{key}: no finding is called "{name}"', key, index, cure=nearest(name))
        elif not possible:
            reason = why_not(codes[0]) if find_code(name) else f"no finding of {name} can be in this list"
            report(table, f"{key}: {reason}", key, index, cure=_cure(key, codes[0]))
        for code in possible:
            found.setdefault(code.number, index)
    return found


def _cure(key: str, code: Code) -> str:
    if key == "error":
        return "remove it"
    return 'as in [per-path."skills/legacy/**"]' if code.excusable else "fix the problem itself"
