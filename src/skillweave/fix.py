"""Fixes of findings → the new bytes of source files. Each fix is tried on the whole project before anything is written.

A fix that causes other findings is left out. Fixes that touch each other are applied one after the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from skillweave.diagnostics import Severity
from skillweave.record import NamedTuple
from skillweave.rewrite import Rewrite, edit_bytes
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skillweave.build import Compiled
    from skillweave.diagnostics import Code, Diagnostic
    from skillweave.graph.values import Graph
    from skillweave.source import SourcePath

Drafts = dict[str, bytes]
"""The new bytes of files, by path."""

IsWanted = Callable[["Diagnostic"], bool]
"""Whether a finding should be fixed if it has a fix."""


class LeftOut(NamedTuple):
    """A finding whose fix is not applied, and why: a clause whose subject is the fix."""

    diagnostic: Diagnostic
    why: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """The outcome: the files to rewrite, the findings that were fixed or left out, and those of the project that remain."""

    rewrites: tuple[Rewrite, ...]
    applied: tuple[Diagnostic, ...]
    left_out: tuple[LeftOut, ...]
    remaining: tuple[Diagnostic, ...]


def fix_project(compile_with: Callable[[Mapping[str, bytes]], Compiled], is_wanted: IsWanted) -> Fixed:
    """Fix the wanted findings that can be fixed. `compile_with` compiles the whole project with drafts in place of its
    files.

    The loop ends because each accepted fix of a warning leaves fewer warnings and no more errors, and each accepted fix
    of an error leaves fewer errors.
    """
    drafts: Drafts = {}
    before: Drafts = {}
    applied: list[Diagnostic] = []
    left_out: dict[tuple[str, ...], LeftOut] = {}
    compiled = compile_with(drafts)
    limits: dict[tuple[str, ...], int] = {}
    refused: Counter[tuple[str, Code]] = Counter()
    while chosen := _together(compiled.graph, _choose(compiled, is_wanted, left_out), limits):
        attempt = _edited(compiled, drafts, chosen, before)
        tried = compile_with(attempt)
        why = _what_is_worse(compiled, tried, chosen)
        if why is None:
            compiled, drafts = tried, attempt
            applied += chosen
            for each in chosen:
                del refused[_kin(each)]
        elif len(chosen) > 1:
            limits.update((_identity(compiled.graph, each), len(chosen) // 2) for each in chosen)
        else:
            left_out[_identity(compiled.graph, chosen[0])] = LeftOut(chosen[0], why)
            refused[_kin(chosen[0])] += 1
            if refused[_kin(chosen[0])] >= _MANY:
                why = f"it was not tried, as {_MANY} like it were refused: {why}"
                alike = (each for each in compiled.diagnostics if each.fix and _kin(each) == _kin(chosen[0]))
                for each in filter(is_wanted, alike):
                    left_out.setdefault(_identity(compiled.graph, each), LeftOut(each, why))
    rewrites = (Rewrite(path, before[path], after) for path, after in sorted(drafts.items()) if after != before[path])
    return Fixed(tuple(rewrites), tuple(applied), tuple(left_out.values()), compiled.diagnostics)


_MANY = 20
"""After so many refused fixes of one kind in a file, one after the other, those that are left are not tried: each attempt takes
as long as compiling the project.
"""


def _kin(diagnostic: Diagnostic) -> tuple[str, Code]:
    """What fixes have in common that are likely to be refused together."""
    return diagnostic.path, diagnostic.code


def _together(
    graph: Graph, chosen: Sequence[Diagnostic], limits: Mapping[tuple[str, ...], int]
) -> Sequence[Diagnostic]:
    """The first findings, which are tried in one attempt.

    If an attempt fails, one of its findings is to blame. Each is then tried with half as many at most (`limits`), so that the
    number of attempts grows no faster than the number of fixes that are left out.
    """
    most = len(chosen)
    for count, diagnostic in enumerate(chosen):
        most = min(most, limits.get(_identity(graph, diagnostic), most))
        if count >= most:
            return chosen[:count]
    return chosen


def _choose(compiled: Compiled, is_wanted: IsWanted, left_out: dict[tuple[str, ...], LeftOut]) -> list[Diagnostic]:
    """Findings to fix in one attempt: all of one kind, since each kind is judged differently, and none touching another."""
    graph = compiled.graph
    selected = _selected_lines(graph)
    found = []
    for diagnostic in dict.fromkeys(compiled.diagnostics):
        if diagnostic.fix is None or not is_wanted(diagnostic):
            continue
        identity = _identity(graph, diagnostic)
        if identity not in left_out and _moves_lines(graph, diagnostic, selected.get(diagnostic.path, 0)):
            left_out[identity] = LeftOut(diagnostic, "it would move lines that an include selects by their numbers")
        if identity not in left_out:
            kind = (not diagnostic.fix.safe, diagnostic.code.severity is Severity.ERROR)
            found.append((kind, diagnostic.path, diagnostic.fix.edits, diagnostic))
    found.sort(key=lambda each: each[:3])
    chosen: list[Diagnostic] = []
    last: tuple[str, int] = ("", -1)
    for kind, path, edits, diagnostic in found:
        if kind == found[0][0] and (path != last[0] or edits[0].start > last[1]):
            chosen.append(diagnostic)
            last = (path, edits[-1].end)
    return chosen


def _edited(compiled: Compiled, drafts: Drafts, chosen: Sequence[Diagnostic], before: Drafts) -> Drafts:
    """The drafts with some more fixes applied. The original bytes of each file that is first edited here go into `before`."""
    edits: dict[SourcePath, list[Diagnostic]] = {}
    for diagnostic in chosen:
        edits.setdefault(diagnostic.path, []).append(diagnostic)
    attempt = dict(drafts)
    for path, diagnostics in edits.items():
        data = drafts[path] if path in drafts else compiled.tree.read(path).data
        before.setdefault(path, data)
        if digest(data) == compiled.graph.files[path].digest:  # Otherwise it was saved in the meantime.
            attempt[path] = edit_bytes(data, (edit for found in diagnostics if found.fix for edit in found.fix.edits))
    return attempt


def _what_is_worse(compiled: Compiled, tried: Compiled, chosen: Sequence[Diagnostic]) -> str | None:
    """Why an attempt is no improvement, as a clause; None if it is one. A fixed error may reveal further warnings."""
    allowed = Counter(map(_kind, compiled.diagnostics))
    gone = Counter(map(_kind, chosen))
    allowed.subtract(gone)
    of_errors = all(diagnostic.code.severity is Severity.ERROR for diagnostic in chosen)
    for diagnostic in tried.diagnostics:
        kind = _kind(diagnostic)
        allowed[kind] -= 1
        if allowed[kind] >= 0 or (of_errors and diagnostic.severity is not Severity.ERROR and kind not in gone):
            continue
        if kind in gone:
            return "it would not help"
        return f"it would cause {diagnostic.code.number}: {diagnostic.message}"
    return None


def _kind(diagnostic: Diagnostic) -> tuple[str, str, str]:
    """What identifies a kind of finding even if lines move: its path, code, and message without digits."""
    return (diagnostic.path, diagnostic.code.number, re.sub(r"\d+", "", diagnostic.message))


def _identity(graph: Graph, diagnostic: Diagnostic) -> tuple[str, ...]:
    """What tells a finding from others even if its line moves: its kind, and the text of its line."""
    return (*_kind(diagnostic), graph.files[diagnostic.path].lines[diagnostic.start.line - 1])


def _moves_lines(graph: Graph, diagnostic: Diagnostic, last: int) -> bool:
    """Whether a fix adds or removes lines at or before line `last`, the last one that a directive selects by its number."""
    file = graph.files[diagnostic.path]
    return any(
        edit.text.count("\n") != file.text.count("\n", edit.start, edit.end)
        and file.line_index.line_of(edit.start) < last
        for edit in (diagnostic.fix.edits if diagnostic.fix else ())
    )


def _selected_lines(graph: Graph) -> dict[SourcePath, int]:
    """For each file with lines selected by number, the last such line, counted from 1."""
    last: dict[SourcePath, int] = {}
    for edges in graph.edges.values():
        for edge in edges:
            if edge.target is not None and edge.target in graph.files and edge.directive.lines:
                end = edge.directive.lines[-1].last or len(graph.files[edge.target].lines)
                last[edge.target] = max(end, last.get(edge.target, 0))
    return last
