"""Finds, reads and checks front matter; also finds directives by their spelling, live or not."""

from __future__ import annotations

from skillweave.diagnostics import DIRECTIVE_IN_FRONT_MATTER, INVALID_FRONT_MATTER, Problem
from skillweave.directive.openers import CANDIDATE, WORDS, find_close
from skillweave.front_matter import read_front_matter
from skillweave.source import LineIndex, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.front_matter.values import FrontMatter, Param


def find_front_matter(index: LineIndex, problems: list[Problem]) -> tuple[Span | None, int]:
    """The span of the front matter between its `---` lines, and the first line of the body (directives.md, Front matter).

    Returns (None, 0) if there is none; one that is never closed is reported.
    """
    if index.line(0).rstrip(" \t") != "---":
        return None, 0
    for line in range(1, len(index.starts)):
        if index.line(line).rstrip(" \t") == "---":
            return Span(index.starts[1], index.starts[line]), line + 1
    problems.append(
        Problem(
            INVALID_FRONT_MATTER,
            "the front matter is never closed",
            Span(0, 3),
            help="close it with a line `---`; if the first line is meant as a rule, write `***`",
        )
    )
    return None, 0


def read_front(
    index: LineIndex, span: Span, body: int, problems: list[Problem]
) -> tuple[FrontMatter, tuple[Param, ...] | None, list[Problem]]:
    """Read the front matter: its fields, the parameters that it declares (or None), and problems of these and of the
    template.

    `span` is that of the front matter, `body` the first line after it. Other problems are added to `problems`, among
    them directives in the front matter, as they are not resolved.
    """
    for found in directive_spellings(index, 1, span.end):
        message = "a directive in front matter is not resolved"
        problems.append(Problem(DIRECTIVE_IN_FRONT_MATTER, message, found, help="move it into the body"))
    fields, wrong = read_front_matter(index.text[span.start : span.end], span.start)
    problems += wrong
    declared = fields.get("params")
    if declared is None:
        return fields, None, []
    from skillweave.front_matter.params import read_params  # noqa: PLC0415 (few files declare any)

    params, wrong = read_params(declared)
    if not wrong:
        from skillweave.template.rendering import check_template  # noqa: PLC0415 (jinja2 is loaded only if it is needed)

        _, wrong = check_template(index.text, index.start(body), params, directive_spellings(index, body))
    return fields, tuple(params.values()), [*wrong]


def directive_spellings(index: LineIndex, first_line: int, end: int | None = None) -> tuple[Span, ...]:
    """The spans of all spelled directives from a line on, live or not; one inside another is left out."""
    spans = []
    text, at = index.text, index.start(first_line)
    end = len(text) if end is None else end
    while match := CANDIDATE.search(text, at, end):
        at = match.end()
        if match[2] in WORDS:
            at = find_close(text, match) or match.end()
            spans.append(Span(match.start(), at))
    return tuple(spans)
