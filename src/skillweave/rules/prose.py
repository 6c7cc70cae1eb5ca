"""Rules about what prose names: paths and skills in code spans, and commands that run when a skill is loaded."""

from __future__ import annotations

import re
from itertools import accumulate

from skillweave.diagnostics import DANGLING_PATH, INHERITED_COMMAND, UNKNOWN_SKILL, Problem
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skillweave.document import Document

_PART = r"[\w@+-][\w@+.-]*"
_PATH = re.compile(rf"(?:\./)?{_PART}/(?:{_PART}/)*(?:{_PART}\.\w{{1,8}}|{_PART}/)")
# A run of marks is matched only from its first mark; from every mark, a long run would take quadratic time.
_FENCED_COMMAND = re.compile(r"(?:(?<!`)`{3,}|(?<!~)~{3,})[ \t]*!")
_SKILL_ID = re.compile(r"/?([a-z0-9][\w-]*):([a-z0-9][\w-]*(?::[\w-]+)*)")


def named_paths(document: Document) -> Iterator[tuple[Span, str]]:
    """The code spans that look like a path: of a file in a folder, with an extension, or of a nested folder, with a final
    `/`.
    """
    for span, text in document.code_spans:
        if _PATH.fullmatch(text):
            yield span, text


def names_nothing(text: str, span: Span, code: str) -> bool:
    """Whether a code span is of no interest to any of these rules. `span` is its place in `text`, `code` its content."""
    return not (_PATH.fullmatch(code) or _SKILL_ID.fullmatch(code) or _is_command(text, span))


def may_command(line: str) -> bool:
    """Whether a fence that begins on this line would be a command."""
    return _FENCED_COMMAND.search(line) is not None


def moved_path(span: Span, path: str, out: str) -> Problem:
    """The problem of a path in prose whose file is elsewhere in the bundle, at `out`."""
    message = f"`{path}` is called `{out}` in the bundle"
    return Problem(DANGLING_PATH, message, span, help=f"write `{out}`")


def dangling_path(span: Span, path: str, source: str, *, is_there: bool, may_ship: bool) -> Problem:
    """The problem of a path in prose that names a place in the project which the bundle will not contain. `may_ship` says
    whether a directive could bring it.
    """
    if not is_there:
        message, cure = f"`{path}` names {source}, which does not exist", "create it, or name something that exists"
        return Problem(DANGLING_PATH, message, span, help=cure)
    return Problem(
        DANGLING_PATH,
        f"`{path}` names {source}, which the bundle will not contain",
        span,
        help="include what is needed of it, or ship it with a `<<reference: …>>` or an `<<asset: …>>`"
        if may_ship
        else "copy it into the skill or a pattern root, or add its folder to `shared` in the configuration",
    )


def check_skill_names(document: Document, nearest: Callable[[str, str], str | None]) -> Iterator[Problem]:
    """Report code spans that name a skill `plugin:skill` which does not exist.

    `nearest` returns the cure if the plugin is ours and has no such skill, else None.
    """
    for span, text in document.code_spans:
        match = _SKILL_ID.fullmatch(text)
        cure = nearest(match[1], match[2]) if match else None
        if match and cure:
            yield Problem(UNKNOWN_SKILL, f"{match[1]} has no skill or document {match[2]}", span, help=cure)


def check_commands(text: str, document: Document) -> Iterator[Problem]:
    """Report commands in an included pattern that some agents run when they load the skill."""
    for span, _ in document.code_spans:
        if _is_command(text, span):
            yield _command(Span(span.start - 1, span.end))
    fences = [block.start for block in document.blocks if block.kind == "fence"]
    lines = text.split("\n") if fences else []
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    for number in fences:
        if _FENCED_COMMAND.search(lines[number]):
            yield _command(Span(starts[number], starts[number] + len(lines[number])))
    for placed in document.directives:
        if (placed.directive.lang or "").startswith("!"):  # The fence around the included code will be such a command.
            yield _command(placed.directive.span)


def _is_command(text: str, span: Span) -> bool:
    return span.start > 0 and text[span.start - 1] == "!"


def _command(span: Span) -> Problem:
    return Problem(
        INHERITED_COMMAND,
        "some agents run this command when they load the skill that includes it",
        span,
        help="remove the !, or move the command into the skill itself, where its readers see it",
    )
