"""One text → `Document`: what it says before any other file is looked at.

Never fails, reads no file, does not know its path: a mistake is a `Problem` in the document. Lines count from 0.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skillweave.comments import check_comments, front_ignores, ignores_of, markers_of, regions_of
from skillweave.diagnostics import (
    DIRECTIVE_IN_FRONT_MATTER,
    DIRECTIVE_NOT_ALONE,
    DIRECTIVE_STYLE,
    INVALID_FRONT_MATTER,
    NESTING_TOO_DEEP,
    UNCLOSED_FENCE,
    UNCLOSED_HTML,
    Problem,
    Severity,
)
from skillweave.directive.openers import CANDIDATE, WORDS, find_close, opener_at
from skillweave.directive.reader import read_directive
from skillweave.directive.writing import restyled, style_fix, unclosed_directive, unknown_directive
from skillweave.document import Definition, Document, Heading, PlacedDirective
from skillweave.frame import Frame
from skillweave.front_matter import read_front_matter
from skillweave.html import html_anchors, html_destinations
from skillweave.markdown import read
from skillweave.markdown.places import locate
from skillweave.markdown.plain import plain_reading
from skillweave.markdown.values import Block, Destination, Opener, Reading
from skillweave.slugs import Slugger
from skillweave.source import LineIndex, Span
from skillweave.suppress import is_ours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.directive.values import Directive
    from skillweave.front_matter.values import FrontMatter, Param


def parse(text: str, *, front_matter: bool = True) -> Document:
    """Read one Markdown text (decoded, LF line ends). `front_matter`: whether it can have some; a rendering has none."""
    return parse_plain(text, front_matter=front_matter) or parse_by_parser(text, front_matter=front_matter)


def parse_plain(text: str, *, front_matter: bool = True) -> Document | None:
    """The same by the short cut for plain texts, which takes no parser; None: the text is not one."""
    index = LineIndex(text)
    problems: list[Problem] = []
    front = _front_matter(index, problems) if front_matter else (None, 0)
    reading = plain_reading(index, front[1])
    return None if reading is None else _document(index, front, problems, (Frame.whole(index), reading))


def parse_by_parser(text: str, *, front_matter: bool = True) -> Document:
    """The same of any text, by the parser alone."""
    index = LineIndex(text)
    problems: list[Problem] = []
    return _document(index, _front_matter(index, problems) if front_matter else (None, 0), problems)


def _document(
    index: LineIndex,
    front: tuple[Span | None, int],
    problems: list[Problem],
    plain: tuple[Frame, Reading] | None = None,
) -> Document:
    """All that a text says. A plain one is read, and holds no comment; another one is read here, by the parser."""
    text, (matter, body) = index.text, front
    markers: dict[int, re.Match[str]] = {}
    asking: list[int] = []
    frame, reading = plain or _read(index, range(body, len(index.starts)))
    if plain is None:
        markers = markers_of(frame, reading)
        asking = [frame.line(line) for line, comment in reading.comment_lines if is_ours(comment)]
    hidden = {*markers, *asking}
    if hidden:
        # Marker lines are no seam: what stands around them reads as if they were not there.
        frame, reading = _read(index, [line for line in range(body, len(index.starts)) if line not in hidden])
    regions, broken = regions_of(index, markers, problems)
    directives = _directives(frame, reading, problems)
    fields, params = _read_front_matter(index, matter, body, problems) if matter else (None, None)
    in_front = front_ignores(index, matter) if matter else []
    check_comments(frame, reading, problems)
    _check_blocks(frame, reading, problems)
    headings = _headings(frame, reading)
    return Document(
        lines=len(index.starts) - (text.endswith("\n") or not text),
        front_matter=matter,
        fields=fields,
        params=params,
        body=body,
        directives=directives,
        escapes=tuple(frame.offset(o.span.start) for o in reading.openers if o.fate == "escaped"),
        blocks=tuple(map(frame.block, reading.blocks)),
        headings=headings,
        regions=regions,
        broken_regions=broken,
        markers=tuple(sorted(hidden)),
        ignores=ignores_of(index, [*in_front, *asking], hidden, body, problems),
        front_ignores=tuple(in_front),
        definitions=_definitions(frame, reading),
        uses=tuple(use._replace(span=frame.span(use.span)) for use in reading.uses),
        destinations=_destinations(frame, reading),
        anchors=tuple(name for piece in reading.html for name in html_anchors(piece.text)),
        code_spans=tuple((frame.span(span), value) for span, value in reading.code_spans),
        problems=tuple(sorted(problems, key=lambda problem: (problem.span, problem.code.number))),
    )


def _read(index: LineIndex, lines: Sequence[int]) -> tuple[Frame, Reading]:
    frame = Frame(index, [*lines])
    return frame, read(frame.text)


def _front_matter(index: LineIndex, problems: list[Problem]) -> tuple[Span | None, int]:
    """The span of the front matter and the first line behind it. LANGUAGE 1: from `---` to the next `---`."""
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
            help="close it with a line `---`, or write a rule on the first line as `***`",
        )
    )
    return None, 0


def _read_front_matter(
    index: LineIndex, span: Span, body: int, problems: list[Problem]
) -> tuple[FrontMatter, tuple[Param, ...] | None]:
    """What the front matter says. A directive in it is not resolved; a template is checked as a whole."""
    for found in directive_spellings(index, 1, span.end):
        message = "a directive in front matter is not resolved"
        problems.append(Problem(DIRECTIVE_IN_FRONT_MATTER, message, found, help="move it into the body"))
    fields, wrong = read_front_matter(index.text[span.start : span.end], span.start)
    problems += wrong
    if fields.get("params") is None:
        return fields, None
    from skillweave.front_matter.params import read_params  # noqa: PLC0415 (few files declare some)

    declared = read_params(fields)
    if declared is None:
        return fields, None
    params, wrong = declared
    problems += wrong
    if not wrong:
        from skillweave.template.rendering import check_template  # noqa: PLC0415 (jinja2 only where it is needed)

        body_start = index.starts[body] if body < len(index.starts) else len(index.text)
        _, wrong = check_template(index.text, body_start, params, directive_spellings(index, body))
        problems += wrong
    return fields, tuple(params.values())


def directive_spellings(index: LineIndex, first_line: int, end: int | None = None) -> tuple[Span, ...]:
    """Every directive as it is spelled in a text, from a line on: live or not, none inside another."""
    spans = []
    text, starts = index.text, index.starts
    at = starts[first_line] if first_line < len(starts) else len(text)
    end = len(text) if end is None else end
    while match := CANDIDATE.search(text, at, end):
        at = match.end()
        if match[2] in WORDS:
            at = find_close(text, match) or match.end()
            spans.append(Span(match.start(), at))
    return tuple(spans)


def _directives(frame: Frame, reading: Reading, problems: list[Problem]) -> tuple[PlacedDirective, ...]:
    placed = []
    previous = unclosed = -1
    for opener in reading.openers:
        line = frame.index.line_of(frame.offset(opener.span.start))
        is_first, previous = line != previous, line
        if opener.fate == "live" and opener.near_miss and not is_first:
            continue  # Only one that stands alone on its line can be meant as a directive.
        if opener.fate == "live" and not opener.near_miss and opener.span.end - opener.span.start <= 2:
            if line != unclosed:
                match = CANDIDATE.match(frame.index.text, frame.offset(opener.span.start))
                problems += [unclosed_directive(frame.index.text, match)] if match else []
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
    text = frame.index.text
    start = frame.offset(opener.span.start)
    match = CANDIDATE.match(text, start)
    if match is None:  # pragma: no cover - the parse found it by this expression
        return None
    line = frame.index.line_of(start)
    line_end = frame.index.starts[line] + len(frame.index.line(line))
    close = find_close(text, match)
    alone = close is not None and not text[close:line_end].strip(" \t")
    before = text[frame.index.starts[line] : start]
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
        problems.append(
            not_alone(directive.span, directive.word, "indented by four columns or more" if indented else "")
        )
        return None
    if not directive.styled:
        problems.append(_style(text, directive))
    return PlacedDirective(directive, line, before if opener.block else None, frame.containers(opener.containers))


def not_alone(span: Span, word: str, why: str = "") -> Problem:
    """What to say of a directive that should stand alone on its line and does not."""
    detail = f", {why}," if why else ""
    cure = "indent it by at most three columns" if "indented" in why else "put it on a line of its own"
    return Problem(
        DIRECTIVE_NOT_ALONE,
        f"this {word}{detail} does not stand alone on its line",
        span,
        help=f"{cure}; if it is meant literally, escape it with a backslash or use back-ticks",
    )


def _stray(frame: Frame, opener: Opener) -> Problem:
    start = frame.offset(opener.span.start)
    match = opener_at(frame.index.text, start)
    close = find_close(frame.index.text, match) if match else None
    span = Span(start, close or start + 2)
    if "HTML block" in opener.why:
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
    fix = style_fix(text, directive)
    usual = restyled(text, directive.span, directive.word)
    # Without the blank before the close, a section that ends in `>` would be another one.
    cure = (
        f"write `{usual}`" if fix else f"quote what ends in `{usual[-1]}`, and leave no blank between it and the close"
    )
    return Problem(DIRECTIVE_STYLE, "this directive is spaced unusually", directive.span, help=cure, fix=fix)


def _check_blocks(frame: Frame, reading: Reading, problems: list[Problem]) -> None:
    for block in reading.blocks:
        if block.closed:
            continue
        line = frame.line(block.start)
        raw = frame.index.line(line)
        if block.kind == "fence":
            problems.append(_unclosed_fence(frame, reading, block))
        else:
            start = frame.index.starts[line] + max(raw.find("<"), 0)
            problems.append(
                Problem(
                    UNCLOSED_HTML,
                    f"`{frame.index.text[start : start + 10].split()[0]}` is never closed",
                    Span(start, frame.index.starts[line] + len(raw)),
                    help="close it: all that follows is part of it",
                    severity=Severity.WARNING,
                    inclusion_severity=Severity.ERROR,
                )
            )
    if reading.too_deep is not None:
        line = frame.line(reading.too_deep)
        start = frame.index.starts[line]
        problems.append(
            Problem(
                NESTING_TOO_DEEP,
                "lists and quotes are nested too deep to be read from here on",
                Span(start, start + len(frame.index.line(line))),
                help="nest less deeply; nothing below this level is checked or rewritten",
            )
        )


_FENCE = re.compile(r"(`{3,}|~{3,})")


def _unclosed_fence(frame: Frame, reading: Reading, block: Block) -> Problem:
    line = frame.line(block.start)
    raw = frame.index.line(line)
    found = _FENCE.search(raw)
    start = frame.index.starts[line] + (found.start() if found else 0)
    fence = found[1] if found else "```"
    note = None
    for other in reversed(reading.blocks):
        if other.kind != "fence" or other.start >= block.start:
            continue
        for inner in range(other.start + 1, other.end - 1):
            content = frame.own.line(inner).strip(" \t>")
            opening = _FENCE.match(content)
            if opening and opening[1][0] == fence[0] and content.strip("`~ \t"):
                first, second = frame.line(other.start) + 1, frame.line(inner) + 1
                note = (
                    f"the fence on line {second} stands inside the one on line {first} and is as long: "
                    "the outer one needs more back-ticks"
                )
                break
        if note:
            break
    return Problem(
        UNCLOSED_FENCE,
        "this fence is never closed",
        Span(start, frame.index.starts[line] + len(raw.rstrip())),
        help=f"close it with a line of {fence}" if not note else None,
        note=note,
        severity=Severity.WARNING,
        inclusion_severity=Severity.ERROR,
    )


_HEADING_ID = re.compile(r"[ \t]*\{#([^\s{}]+)\}$")


def _headings(frame: Frame, reading: Reading) -> tuple[Heading, ...]:
    slugger = Slugger()
    headings = []
    for found in reading.headings:
        content = frame.span(found.content)
        text, explicit, id_span = found.text, None, None
        raw = frame.index.text[content.start : content.end]
        match = _HEADING_ID.search(raw) if raw.endswith("}") else None
        before = raw[: match.end() - len(match[1]) - 3] if match else ""
        if match and (len(before) - len(before.rstrip("\\"))) % 2:
            match = None  # an escaped brace
        if match and text.endswith(f"{{#{match[1]}}}"):
            explicit = match[1]
            text = text[: -len(explicit) - 3].rstrip()
            id_span = Span(content.start + match.start(), content.end)
        block = frame.block(found.block)
        headings.append(
            Heading(
                start=block.start,
                end=block.end,
                level=block.level,
                setext=block.kind == "setext",
                text=text,
                slug=slugger.slug(text),
                id=explicit,
                content=content,
                id_span=id_span,
                containers=block.containers,
            )
        )
    return tuple(headings)


def _definitions(frame: Frame, reading: Reading) -> tuple[Definition, ...]:
    links = [
        Definition(
            mark.label, (mark.href, mark.title), frame.line(mark.start), frame.line(mark.end - 1) + 1, footnote=False
        )
        for mark in reading.definitions
    ]
    notes = []
    for note in reading.footnotes:
        lines = tuple(frame.own.line(line).strip() for line in range(note.start, note.end))
        first = lines[0].partition("]:")[2].strip() if lines else ""
        meaning = (first, *(line for line in lines[1:] if line))
        notes.append(
            Definition(note.label, meaning, frame.line(note.start), frame.line(note.end - 1) + 1, footnote=True)
        )
    return tuple(sorted([*links, *notes], key=lambda definition: definition.start))


def _destinations(frame: Frame, reading: Reading) -> tuple[Destination, ...]:
    found = [Destination(d.kind, frame.span(d.span), frame.line(d.line)) for d in reading.destinations]
    for mark in reading.definitions:
        span = frame.span(mark.destination)
        found.append(Destination("definition", span, frame.index.line_of(span.start)))
    for piece in reading.html:
        for span in html_destinations(piece.text):
            at = locate(piece.segments, span.start)
            moved = frame.span(Span(at, at + span.end - span.start))
            found.append(Destination("html", moved, frame.index.line_of(moved.start)))
    return tuple(sorted(found, key=lambda destination: destination.span))
