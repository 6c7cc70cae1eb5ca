"""One text → `Document`: what it says before any other file is looked at.

Never fails, reads no file, does not know its path: a mistake is a `Problem` in the document. Lines count from 0.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from skillweave.diagnostics import (
    DIRECTIVE_IN_FRONT_MATTER,
    DIRECTIVE_NOT_ALONE,
    DIRECTIVE_STYLE,
    INVALID_FRONT_MATTER,
    MISSING_REGION,
    NESTING_TOO_DEEP,
    UNCLOSED_FENCE,
    UNCLOSED_HTML,
    UNUSED_IGNORE,
    Problem,
    Severity,
)
from skillweave.directive import (
    CANDIDATE,
    WORDS,
    Directive,
    find_close,
    opener_at,
    read_directive,
    restyled,
    style_fix,
    unclosed_directive,
    unknown_directive,
)
from skillweave.html import html_anchors, html_destinations
from skillweave.markdown.reading import (
    Block,
    Container,
    Destination,
    LabelUse,
    Opener,
    Reading,
    html_type,
    locate,
    read,
)
from skillweave.source import LineIndex, Span
from skillweave.suppress import Ignore, is_ours, read_ignore

if TYPE_CHECKING:
    from skillweave.front_matter import FrontMatter, Param


class Heading(NamedTuple):
    """A heading: its lines, what it says without inline markup, and the names that it answers to."""

    start: int
    end: int
    level: int
    setext: bool
    text: str
    slug: str
    id: str | None
    content: Span
    id_span: Span | None
    """The explicit `{#id}` with the blanks before it."""
    containers: tuple[Container, ...]


class Region(NamedTuple):
    """The lines between two markers, without them."""

    name: str
    start: int
    end: int


class PlacedDirective(NamedTuple):
    """A live directive and where it stands: `prefix` is what stands before it on its line if it is a block of its own."""

    directive: Directive
    line: int
    prefix: str | None
    containers: tuple[Container, ...]


class Definition(NamedTuple):
    """A link reference definition or a footnote: its normalised label, what it comes to, and its lines."""

    label: str
    meaning: tuple[str, ...]
    start: int
    end: int
    footnote: bool


@dataclass(frozen=True, slots=True)
class Document:
    """What one text says. Spans are offsets into the text, lines count from 0."""

    lines: int
    front_matter: Span | None
    """What stands between the two `---` lines."""
    fields: FrontMatter | None
    """What it says; None where there is none."""
    params: tuple[Param, ...] | None
    """The parameters that it declares, which make the file a template; None: it is none."""
    body: int
    """The first line behind the front matter."""
    directives: tuple[PlacedDirective, ...]
    escapes: tuple[int, ...]
    """The offsets of the backslashes that escape an opener."""
    blocks: tuple[Block, ...]
    headings: tuple[Heading, ...]
    regions: tuple[Region, ...]
    broken_regions: tuple[str, ...]
    markers: tuple[int, ...]
    """The lines of the body that hold a region marker or an ignore: they reach no output."""
    ignores: tuple[Ignore, ...]
    """The comments that ignore findings, in the body and, as YAML, in the front matter."""
    front_ignores: tuple[int, ...]
    """The lines of the front matter that hold one: they reach no output either."""
    definitions: tuple[Definition, ...]
    uses: tuple[LabelUse, ...]
    destinations: tuple[Destination, ...]
    anchors: tuple[str, ...]
    """HTML `id` and `name` attributes: what a fragment can name besides headings."""
    code_spans: tuple[tuple[Span, str], ...]
    problems: tuple[Problem, ...]


def parse(text: str, *, front_matter: bool = True) -> Document:
    """Read one Markdown text (decoded, LF line ends). `front_matter`: whether it can have some; a rendering has none."""
    index = LineIndex(text)
    problems: list[Problem] = []
    matter, body = _front_matter(index, problems) if front_matter else (None, 0)
    frame = _Frame(index, [*range(body, len(index.starts))])
    reading = read(frame.text)
    markers = _markers(frame, reading)
    asking = [frame.line(line) for line, comment in reading.comment_lines if is_ours(comment)]
    hidden = {*markers, *asking}
    if hidden:
        # Marker lines are no seam: what stands around them reads as if they were not there.
        frame = _Frame(index, [line for line in range(body, len(index.starts)) if line not in hidden])
        reading = read(frame.text)
    regions, broken = _regions(index, markers, problems)
    directives = _directives(frame, reading, problems)
    fields, params = _read_front_matter(text, matter, body, problems) if matter else (None, None)
    in_front = _front_ignores(index, matter) if matter else []
    _check_comments(frame, reading, problems)
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
        blocks=tuple(frame.block(block) for block in reading.blocks),
        headings=headings,
        regions=regions,
        broken_regions=broken,
        markers=tuple(sorted(hidden)),
        ignores=_ignores(index, [*in_front, *asking], hidden, body, problems),
        front_ignores=tuple(in_front),
        definitions=_definitions(frame, reading),
        uses=tuple(use._replace(span=frame.span(use.span)) for use in reading.uses),
        destinations=_destinations(frame, reading),
        anchors=tuple(name for piece in reading.html for name in html_anchors(piece.text)),
        code_spans=tuple((frame.span(span), value) for span, value in reading.code_spans),
        problems=tuple(sorted(problems, key=lambda problem: (problem.span, problem.code.number))),
    )


@lru_cache(maxsize=4096)
def slugify(text: str) -> str:
    """A heading's text → GitHub's anchor for it, before repeats are numbered.

    Lower case; letters, digits, marks, `_` and `-` stay, each space becomes `-`, all else goes.
    https://github.com/Flet/github-slugger
    """
    kept = []
    for char in text.lower():
        if char in "_-" or (char.isascii() and char.isalnum()):
            kept.append(char)
        elif char == " ":
            kept.append("-")
        elif not char.isascii() and (
            unicodedata.category(char)[0] in "LM" or unicodedata.category(char) in ("Nd", "Nl")
        ):
            kept.append(char)
    return "".join(kept)


class Slugger:
    """Numbers repeated slugs in the order of a document's headings: `usage`, `usage-1`, `usage-2`."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def slug(self, text: str) -> str:
        """The slug of the next heading."""
        base = slugify(text)
        slug = base
        while slug in self.seen:
            self.seen[base] += 1
            slug = f"{base}-{self.seen[base]}"
        self.seen[slug] = 0
        return slug


class _Frame:
    """A text made of some lines of another one, and the way back: lines and offsets of the kept text → of the whole."""

    def __init__(self, index: LineIndex, kept: list[int]) -> None:
        self.index = index
        self.kept = kept
        whole = len(kept) == len(index.starts)
        self.text = index.text if whole else "\n".join(index.line(line) for line in kept)
        self.own = index if whole else LineIndex(self.text)

    def line(self, line: int) -> int:
        return self.kept[line] if line < len(self.kept) else len(self.index.starts)

    def offset(self, offset: int) -> int:
        if self.own is self.index:
            return offset
        line = self.own.line_of(offset)
        return self.index.starts[self.kept[line]] + offset - self.own.starts[line]

    def span(self, span: Span) -> Span:
        return Span(self.offset(span.start), self.offset(span.end))

    def block(self, block: Block) -> Block:
        if self.own is self.index:
            return block
        return block._replace(
            start=self.line(block.start), end=self.line(block.end - 1) + 1, containers=self.containers(block.containers)
        )

    def containers(self, containers: tuple[Container, ...]) -> tuple[Container, ...]:
        if self.own is self.index:
            return containers
        return tuple(Container(c.kind, self.line(c.start), self.line(c.end - 1) + 1) for c in containers)


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
    text: str, span: Span, body: int, problems: list[Problem]
) -> tuple[FrontMatter, tuple[Param, ...] | None]:
    """What the front matter says. A directive in it is not resolved; a template is checked as a whole."""
    from skillweave.front_matter import read_front_matter, read_params  # noqa: PLC0415 (yaml only where it is needed)

    for found in directive_spellings(text, 1, span.end):
        message = "a directive in front matter is not resolved"
        problems.append(Problem(DIRECTIVE_IN_FRONT_MATTER, message, found, help="move it into the body"))
    fields, wrong = read_front_matter(text[span.start : span.end], span.start)
    problems += wrong
    declared = read_params(fields)
    if declared is None:
        return fields, None
    params, wrong = declared
    problems += wrong
    if not wrong:
        from skillweave.template import check_template  # noqa: PLC0415 (jinja2 only where it is needed)

        start = LineIndex(text).starts
        body_start = start[body] if body < len(start) else len(text)
        _, wrong = check_template(text, body_start, params, directive_spellings(text, body))
        problems += wrong
    return fields, tuple(params.values())


def directive_spellings(text: str, first_line: int, end: int | None = None) -> tuple[Span, ...]:
    """Every directive as it is spelled in a text, from a line on: live or not, none inside another."""
    spans = []
    starts = LineIndex(text).starts
    at = starts[first_line] if first_line < len(starts) else len(text)
    end = len(text) if end is None else end
    while match := CANDIDATE.search(text, at, end):
        at = match.end()
        if match[2] in WORDS:
            at = find_close(text, match) or match.end()
            spans.append(Span(match.start(), at))
    return tuple(spans)


def _front_ignores(index: LineIndex, matter: Span) -> list[int]:
    """The lines of the front matter that are a YAML comment and speak to us."""
    if "skillweave:" not in index.text[matter.start : matter.end]:
        return []
    from skillweave.front_matter import comment_lines  # noqa: PLC0415 (yaml only where it is needed)

    first = index.line_of(matter.start)
    lines = comment_lines(index.text[matter.start : matter.end])
    return [first + line for line, comment in lines if is_ours(comment)]


def _ignores(
    index: LineIndex, lines: list[int], hidden: set[int], body: int, problems: list[Problem]
) -> tuple[Ignore, ...]:
    """The comments on some lines, and what each speaks of: the next line that holds text, in its own part of the file."""
    if not lines:
        return ()
    silent = hidden.union(lines)
    full = [
        line
        for line in range(1, len(index.starts))
        if line not in silent and line != body - 1 and index.line(line).strip(" \t>")
    ]
    if body == 0 and 0 not in hidden and index.line(0).strip(" \t>"):
        full.insert(0, 0)
    found = []
    for line in lines:
        place = bisect_right(full, line)
        behind = full[place] if place < len(full) else line
        if line < body <= behind:
            behind = line  # what ends the front matter ends what a comment in it speaks of
        start, stop = index.starts[line], index.starts[line] + len(index.line(line))
        if line < body:
            span = Span(index.text.index("#", start) + 1, stop)
        else:
            span = Span(index.text.index("<!--", start) + 4, index.text.rindex("-->", start, stop))
        named, wrong = read_ignore(index.text, span)
        problems += wrong
        is_first = line < body or place == bisect_left(full, body)
        found.append(Ignore(tuple(c for c, _ in named), tuple(at for _, at in named), line, behind, is_first))
    return tuple(found)


_ASKING = re.compile(r"<!--\s*skillweave:")


def _check_comments(frame: _Frame, reading: Reading, problems: list[Problem]) -> None:
    """Report the comments that speak to us and do not stand alone on their line: they ignore nothing."""
    for piece in reading.html if "skillweave:" in frame.text else ():
        kind = html_type(piece.text.lstrip()) if piece.block else 2
        if kind not in (2, 6):
            continue  # the text of a script or a `<pre>`
        for match in _ASKING.finditer(piece.text):
            if kind == 2 and piece.text[: match.start()].strip():
                continue  # it stands in another comment
            start = frame.offset(locate(piece.segments, match.start()))
            message = "this comment does not stand alone on its line, and ignores nothing"
            cure = "put it on a line of its own, before the one that it speaks of, and as far indented"
            problems.append(Problem(UNUSED_IGNORE, message, Span(start, start + 4), help=cure))


_MARKER = re.compile(r"(end)?region:\s*(\S.*)")


def _markers(frame: _Frame, reading: Reading) -> dict[int, re.Match[str]]:
    markers = {}
    for line, comment in reading.comment_lines:
        match = _MARKER.fullmatch(comment)
        if match:
            markers[frame.line(line)] = match
    return markers


def _regions(
    index: LineIndex, markers: dict[int, re.Match[str]], problems: list[Problem]
) -> tuple[tuple[Region, ...], tuple[str, ...]]:
    """Pair the markers. What is unpaired, crossing or twice is a problem where it stands."""
    regions: list[Region] = []
    broken: list[str] = []
    opened: list[tuple[str, int]] = []
    crossed: set[str] = set()
    open_names: dict[str, int] = {}

    def report(message: str, line: int, name: str, cure: str) -> None:
        broken.append(name)
        start = index.starts[line] + len(index.line(line)) - len(index.line(line).lstrip(" \t>"))
        end = index.starts[line] + len(index.line(line).rstrip())
        problems.append(Problem(MISSING_REGION, message, Span(start, end), help=cure))

    names: set[str] = set()
    for line in sorted(markers):
        match = markers[line]
        name = match[2]
        if not match[1]:
            if name in names:
                report(f'the region "{name}" stands here twice', line, name, "give it another name")
            names.add(name)
            opened.append((name, line))
            open_names[name] = open_names.get(name, 0) + 1
        elif opened and opened[-1][0] == name:
            regions.append(Region(name, opened.pop()[1] + 1, line))
            open_names[name] -= 1
        elif open_names.get(name):
            report(f'the region "{name}" crosses "{opened[-1][0]}"', line, name, "close the inner region first")
            while opened[-1][0] != name:
                inner = opened.pop()[0]
                open_names[inner] -= 1
                crossed.add(inner)
            opened.pop()
            open_names[name] -= 1
        elif name in crossed:
            broken.append(name)  # That it crosses is said where the other one ends.
        else:
            report(f'no region "{name}" is open here', line, name, f"open it with `<!-- region: {name} -->`")
    for name, line in opened:
        report(f'the region "{name}" is never closed', line, name, f"close it with `<!-- endregion: {name} -->`")
    return tuple(sorted(regions, key=lambda region: region.start)), tuple(broken)


def _directives(frame: _Frame, reading: Reading, problems: list[Problem]) -> tuple[PlacedDirective, ...]:
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


def _directive(frame: _Frame, opener: Opener, problems: list[Problem]) -> PlacedDirective | None:
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


def _stray(frame: _Frame, opener: Opener) -> Problem:
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
    cure = f"write `{usual}`" if fix else f"quote what ends in `{usual[-1]}`, and leave no blank between it and the close"
    return Problem(DIRECTIVE_STYLE, "this directive is spaced unusually", directive.span, help=cure, fix=fix)


def _check_blocks(frame: _Frame, reading: Reading, problems: list[Problem]) -> None:
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


def _unclosed_fence(frame: _Frame, reading: Reading, block: Block) -> Problem:
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


def _headings(frame: _Frame, reading: Reading) -> tuple[Heading, ...]:
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


def _definitions(frame: _Frame, reading: Reading) -> tuple[Definition, ...]:
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


def _destinations(frame: _Frame, reading: Reading) -> tuple[Destination, ...]:
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
