"""Openers → the live directives with their places, and problems for all others."""

from __future__ import annotations

from skillweave.diagnostics import DIRECTIVE_NOT_ALONE, DIRECTIVE_STYLE, Problem
from skillweave.directive.openers import CANDIDATE, find_close, opener_at
from skillweave.directive.reader import read_directive
from skillweave.directive.writing import restyled, style_fix, unclosed_directive, unknown_directive
from skillweave.document import PlacedDirective
from skillweave.markdown.values import IN_HTML
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.directive.values import Directive
    from skillweave.markdown.values import Opener, Reading
    from skillweave.parse.frame import Frame


def placed_directives(frame: Frame, reading: Reading, problems: list[Problem]) -> tuple[PlacedDirective, ...]:
    """The live directives, in the order of the text. What is wrong with any opener is reported."""
    placed = []
    previous = unclosed = -1
    for opener in reading.openers:
        line = frame.line_index.line_of(frame.offset(opener.span.start))
        is_first, previous = line != previous, line
        if opener.fate == "live" and opener.near_miss and not is_first:
            continue  # Only one that is alone on its line can be meant as a directive.
        if opener.fate == "live" and not opener.near_miss and opener.span.end - opener.span.start <= 2:
            if line != unclosed:
                match = CANDIDATE.match(frame.line_index.text, frame.offset(opener.span.start))
                problems += [unclosed_directive(frame.line_index.text, match)] if match else []
            unclosed = line
            continue
        if opener.fate == "stray" and not opener.near_miss:
            problems.append(_stray(frame, opener))
        elif opener.fate == "live":
            directive = _directive(frame, opener, problems)
            if directive:
                placed.append(directive)
    return tuple(placed)


def _directive(frame: Frame, opener: Opener, problems: list[Problem]) -> PlacedDirective | None:
    text = frame.line_index.text
    start = frame.offset(opener.span.start)
    match = CANDIDATE.match(text, start)
    if match is None:  # pragma: no cover - the parse found it by this expression
        return None
    line = frame.line_index.line_of(start)
    line_end = frame.line_index.end(line)
    close = find_close(text, match)
    alone = close is not None and not text[close:line_end].strip(" \t")
    before = text[frame.line_index.starts[line] : start]
    if opener.near_miss:
        target = text[match.end() : close or line_end]
        if alone and close and not before.strip(" \t>-+*.)0123456789") and ("." in target or "/" in target):
            problems.append(unknown_directive(match, Span(start, close)))
        return None
    if close is None:
        return None
    directive, found = read_directive(text, match, close)
    if directive is None:
        problems.extend(found)
        return None
    indented = alone and before != "" and not before.strip(" \t>")
    if not opener.block and (directive.word == "asset" or (directive.word == "include" and indented)):
        problems.append(_indented(directive) if indented else not_alone(directive.span, directive.word))
        return None
    if not directive.styled:
        problems.append(_style(text, directive))
    return PlacedDirective(directive, line, before if opener.block else None, frame.containers(opener.containers))


_LITERAL = "if it is meant literally, escape it with a backslash or use back-ticks"


def not_alone(span: Span, word: str, why: str = "") -> Problem:
    """The problem of a directive that is not alone on its line, but should be."""
    detail = f", {why}," if why else ""
    message = f"this {word}{detail} is not alone on its line"
    return Problem(DIRECTIVE_NOT_ALONE, message, span, help=f"put it on a line of its own; {_LITERAL}")


def _indented(directive: Directive) -> Problem:
    message = f"this {directive.word} is indented by four columns or more, and so part of the paragraph before it"
    cure = f"indent it by at most three columns; {_LITERAL}"
    return Problem(DIRECTIVE_NOT_ALONE, message, directive.span, help=cure)


def _stray(frame: Frame, opener: Opener) -> Problem:
    start = frame.offset(opener.span.start)
    match = opener_at(frame.line_index.text, start)
    close = find_close(frame.line_index.text, match) if match else None
    span = Span(start, close or start + 2)
    if opener.why == IN_HTML:
        cure = "put a blank line before it: an HTML block runs to the next one"
        return Problem(DIRECTIVE_NOT_ALONE, "a directive in an HTML block is not resolved", span, help=cure)
    where = opener.why or "where Markdown has no running text"
    return Problem(
        DIRECTIVE_NOT_ALONE,
        f"a directive {where} is not resolved",
        span,
        help="put it on a line of its own, or escape it with a backslash or back-ticks",
    )


def _style(text: str, directive: Directive) -> Problem:
    usual = restyled(text, directive.span, directive.word)
    close = usual[-2:]
    fix = style_fix(text, directive)
    if _may_be_cut(text, directive, close):
        fix = None
        cure = f"quote the section if the first `{close}` is part of it; if not, write `{usual}`"
    elif fix is None:
        # Without the blank before the close, a section that ends in `>` would have another name.
        cure = f"quote what ends in `{close[0]}`, and put no blank before the close"
    else:
        cure = f"write `{usual}`"
    return Problem(DIRECTIVE_STYLE, "this directive has unusual spacing", directive.span, help=cure, fix=fix)


def _may_be_cut(text: str, directive: Directive, close: str) -> bool:
    """Whether a section's name may go on after the first close, which only its author knows."""
    end = text.find("\n", directive.span.end)
    after = text[directive.span.end : len(text) if end < 0 else end]
    return directive.section is not None and not directive.section_quoted and close in after
