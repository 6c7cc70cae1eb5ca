"""What a text says as Markdown: blocks, headings, openers and what becomes of them, links, definitions, comments.

Pure; places are offsets and lines (from 0) of the text given. The parse runs at most twice: once without our block rule,
which decides what is inert, and once with it, where a directive that stands alone would else be part of another block.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from markdown_it.common.utils import normalizeReference

from skillweave.directive import CANDIDATE, WORDS, find_close
from skillweave.markdown.rules import MAX_NESTING, BlockNotes, DefinitionMark, Mark, Marks, parser, plain_parser
from skillweave.source import LineIndex, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

ContainerKind = Literal["item", "quote", "note"]
BlockKind = Literal[
    "paragraph", "heading", "setext", "fence", "code", "html", "rule", "table", "definition", "directive"
]
Fate = Literal["live", "escaped", "inert", "stray"]


class Container(NamedTuple):
    """A list item, a block quote or a footnote around a block, and the lines it takes."""

    kind: ContainerKind
    start: int
    end: int


class Block(NamedTuple):
    """A block that holds no blocks. `level` is a heading's; `closed` says whether a fence or an HTML block ends by itself."""

    kind: BlockKind
    start: int
    end: int
    containers: tuple[Container, ...]
    level: int = 0
    closed: bool = True
    content: str = ""
    """Of indented code: what its indent decides."""


class HeadingText(NamedTuple):
    """A heading's text without inline markup, and the span of its raw content."""

    block: Block
    text: str
    content: Span


class Opener(NamedTuple):
    """A possible directive and what the parse makes of it. `why` names the place of a stray one."""

    span: Span
    fate: Fate
    near_miss: bool
    block: Block | None = None
    """The block of its own that it is, if it stands alone."""
    containers: tuple[Container, ...] = ()
    why: str = ""


class Destination(NamedTuple):
    """A link's destination as written (without `<>`), from a link, an image, a definition, or an HTML attribute."""

    kind: Literal["link", "image", "definition", "html"]
    span: Span
    line: int


class LabelUse(NamedTuple):
    """A `[text][label]` that this text defines (`resolved`), or does not; or a `[^note]`."""

    label: str
    span: Span
    resolved: bool
    footnote: bool


class Footnote(NamedTuple):
    """A footnote definition: its normalised label and its lines."""

    label: str
    start: int
    end: int


class HtmlPiece(NamedTuple):
    """A run of HTML: its text without container prefixes, and where each part of it stands."""

    text: str
    segments: tuple[tuple[int, int, int], ...]
    block: bool


@dataclass(slots=True)
class Reading:
    """All that one text says."""

    blocks: list[Block] = field(default_factory=list)
    headings: list[HeadingText] = field(default_factory=list)
    openers: list[Opener] = field(default_factory=list)
    destinations: list[Destination] = field(default_factory=list)
    definitions: list[DefinitionMark] = field(default_factory=list)
    footnotes: list[Footnote] = field(default_factory=list)
    uses: list[LabelUse] = field(default_factory=list)
    html: list[HtmlPiece] = field(default_factory=list)
    code_spans: list[tuple[Span, str]] = field(default_factory=list)
    comment_lines: list[tuple[int, str]] = field(default_factory=list)
    """Lines that hold one HTML comment and nothing else, outside code, with the comment's text."""
    too_deep: int | None = None
    """The first line that is nested too deep to be read."""


def read(text: str) -> Reading:
    """Read a text (without front matter) as CommonMark with GFM tables and footnotes."""
    index = LineIndex(text)
    candidates = [match.start() for match in CANDIDATE.finditer(text)]
    tokens, notes, env = _parse_blocks(text, {})
    first = _walk(index, tokens, notes, env)
    fates = _fates(index, candidates, first) if candidates else {}
    alone = _alone(index, fates)
    if not alone:
        first.reading.openers = _openers(index, fates, first)
        return first.reading
    if not _are_paragraphs(first.reading, alone):
        tokens, notes, env = _parse_blocks(text, alone)
        second = _walk(index, tokens, notes, env)
    else:
        second = first
        blocks = first.reading.blocks
        first.reading.blocks = [
            block._replace(kind="directive") if block.start in alone and block.kind == "paragraph" else block
            for block in blocks
        ]
    second.reading.openers = _openers(index, fates, second)
    return second.reading


def read_blocks(text: str) -> list[Block]:
    """Only the blocks, without a look at inline content: for the seams of a splice. No directive is recognised."""
    tokens, notes, _ = _parse_blocks(text, {})
    return _blocks_of(LineIndex(text), tokens, notes)


def render(text: str) -> str:
    """The HTML that any renderer makes of a text: for splices whose meaning only rendering can tell."""
    return str(plain_parser().render(text))


class _Inline(NamedTuple):
    """One run of inline content: where its parts stand, what its rules noted, and where it is."""

    segments: tuple[tuple[int, int, int], ...]
    marks: list[Mark]
    start: int
    end: int
    containers: tuple[Container, ...]


@dataclass(slots=True)
class _Walk:
    reading: Reading
    inlines: list[_Inline]


_CONTAINERS: dict[str, ContainerKind] = {
    "list_item_open": "item",
    "blockquote_open": "quote",
    "footnote_reference_open": "note",
}
_CLOSES = {"list_item_close", "blockquote_close", "footnote_reference_close"}
_LEAVES: dict[str, BlockKind] = {
    "paragraph_open": "paragraph",
    "heading_open": "heading",
    "fence": "fence",
    "code_block": "code",
    "html_block": "html",
    "hr": "rule",
    "table_open": "table",
    "directive": "directive",
}
_CAN_MATTER = re.compile(r"[\[<{]|`[^`]*[/:!]|!`")
"""What inline content must hold to hold a directive, a link, or a code span that names something."""
_CAN_MARK_UP = re.compile(r"[\[<{`*_~\\&!]")


def _parse_blocks(text: str, alone: dict[int, int]) -> tuple[list[Token], BlockNotes, dict[str, object]]:
    notes = BlockNotes(directive_lines=alone)
    env: dict[str, object] = {"notes": notes, "references": {}}
    md = parser()
    tokens: list[Token] = []
    md.block.parse(text, md, env, tokens)
    return tokens, notes, env


def _walk(index: LineIndex, tokens: list[Token], notes: BlockNotes, env: dict[str, object]) -> _Walk:
    """Tokens → blocks and inline runs. The inline content is parsed here, where it can matter."""
    reading = Reading(blocks=_blocks_of(index, tokens, notes), definitions=notes.definitions)
    walk = _Walk(reading, [])
    md = parser()
    stack: list[Container] = []
    cells: Iterator[list[tuple[int, str]]] = iter(())
    heading: Block | None = None
    leaves = iter([block for block in reading.blocks if block.kind != "definition"])
    for token in tokens:
        kind = token.type
        if kind in _CONTAINERS:
            start, end = token.map or (0, 0)
            stack.append(Container(_CONTAINERS[kind], start, end))
            if kind == "footnote_reference_open":
                reading.footnotes.append(Footnote(normalizeReference(token.meta["label"]), start, end))
            if token.level >= MAX_NESTING - 1 and reading.too_deep is None:
                reading.too_deep = start
        elif kind in _CLOSES:
            stack.pop()
        elif kind in _LEAVES:
            block = next(leaves)
            heading = block if kind == "heading_open" else None
            if kind == "html_block":
                _read_html_block(index, token, block, reading)
        elif kind == "tr_open" and token.map:
            cells = iter(_cells(index, token.map[0], notes.rows))
        elif kind == "inline":
            start, end = token.map or (0, 0)
            in_row = start in notes.rows
            raw = next(cells, []) if in_row else None
            content = token.content
            if not (_CAN_MARK_UP if heading else _CAN_MATTER).search(content):
                if heading:
                    reading.headings.append(_heading_text(index, heading, content, None))
                continue
            segments = _cell_segments(content, raw) if raw is not None else _segments(index, content, start, heading)
            marks = Marks()
            env["marks"] = marks
            children: list[Token] = []
            md.inline.parse(content, md, env, children)
            inline = _Inline(segments, marks.found, start, end, tuple(stack))
            walk.inlines.append(inline)
            _note_inline(index, inline, reading)
            if heading:
                reading.headings.append(_heading_text(index, heading, content, children))
    return walk


def _blocks_of(index: LineIndex, tokens: list[Token], notes: BlockNotes) -> list[Block]:
    blocks: list[Block] = []
    stack: list[Container] = []
    ranges: list[tuple[Container, tuple[Container, ...]]] = []
    for token in tokens:
        kind = token.type
        if kind in _CONTAINERS:
            start, end = token.map or (0, 0)
            stack.append(Container(_CONTAINERS[kind], start, end))
            ranges.append((stack[-1], tuple(stack)))
        elif kind in _CLOSES:
            stack.pop()
        elif kind in _LEAVES:
            start, end = token.map or (0, 0)
            level = int(token.tag[1]) if kind == "heading_open" else 0
            name = _LEAVES[kind]
            if kind == "heading_open" and token.markup in ("=", "-"):
                name = "setext"
            closed = True
            if kind == "fence":
                closed = end < len(index.starts) - 1 or _fence_is_closed(index, token)
            elif kind == "html_block":
                closed = _html_is_closed(index, token)
            content = token.content.expandtabs(4) if kind == "code_block" else ""
            blocks.append(Block(name, start, end, tuple(stack), level, closed, content))
    for definition in notes.definitions:
        around = max(
            (path for container, path in ranges if container.start <= definition.start < container.end),
            key=len,
            default=(),
        )
        blocks.append(Block("definition", definition.start, definition.end, around))
    if notes.definitions:
        blocks.sort(key=lambda block: block.start)
    return blocks


def _fence_is_closed(index: LineIndex, token: Token) -> bool:
    """A fence that reaches the text's end is closed if its last line closes it: if not, that line is content."""
    start, end = token.map or (0, 0)
    while end - 1 > start and end - start > 1 and not index.line(end - 1).strip(" \t>"):
        end -= 1
    if end - start < 2:
        return False
    last = index.line(end - 1).lstrip(" \t>").rstrip(" \t")
    if len(last) < len(token.markup) or set(last) != {token.markup[0]}:
        return False
    # What closes is not among the content's lines.
    return token.content.count("\n") <= end - start - 2


def html_type(first_line: str) -> int:
    """The CommonMark type of an HTML block, 1 to 5, by its first line; 6 stands for 6 and 7, which a blank line ends."""
    line = first_line.lower()
    if re.match(r"<(?:script|pre|style|textarea)(?:[\s>]|$)", line):
        return 1
    if line.startswith("<!--"):
        return 2
    if line.startswith("<?"):
        return 3
    if line.startswith("<![cdata["):
        return 5
    return 4 if re.match(r"<![a-z]", line) else 6


_HTML_ENDS = {
    1: re.compile(r"</(?:script|pre|style|textarea)>", re.IGNORECASE),
    2: re.compile(r"-->"),
    3: re.compile(r"\?>"),
    4: re.compile(r">"),
    5: re.compile(r"\]\]>"),
}


def _html_is_closed(index: LineIndex, token: Token) -> bool:
    kind = html_type(token.content.lstrip())
    if kind == 6:
        return True
    _, end = token.map or (0, 0)
    return _HTML_ENDS[kind].search(token.content) is not None or any(
        index.line(line).strip() for line in range(end, len(index.starts))
    )


def _read_html_block(index: LineIndex, token: Token, block: Block, reading: Reading) -> None:
    content = token.content
    kind = html_type(content.lstrip())
    segments = _segments(index, content.rstrip("\n"), block.start, None)
    reading.html.append(HtmlPiece(content, segments, block=True))
    if kind not in (2, 6):
        return
    lines = content.rstrip("\n").split("\n")
    open_comment = False
    for number, line in enumerate(lines):
        stripped = line.strip()
        alone = stripped.startswith("<!--") and stripped.endswith("-->") and stripped.count("<!--") == 1
        if alone and not open_comment and (kind == 6 or len(lines) == 1):
            raw = index.line(block.start + number)
            if not raw[: raw.find("<!--")].strip(" \t>"):
                reading.comment_lines.append((block.start + number, stripped[4:-3].strip()))
            continue
        last_open, last_close = line.rfind("<!--"), line.rfind("-->")
        open_comment = last_open > last_close or (open_comment and last_close < 0)


def _segments(index: LineIndex, content: str, start: int, heading: Block | None) -> tuple[tuple[int, int, int], ...]:
    """Content that was put together from lines → (offset in content, length, offset in the text) of each part."""
    if heading is not None and heading.kind == "heading":
        raw = index.line(start)
        hashes = _heading_column(raw, heading.level) + heading.level
        at = max(raw.find(content, hashes), hashes)
        return ((0, len(content), index.starts[start] + at),)
    segments = []
    offset = 0
    # markdown-it strips content of all that Python calls blank, whole lines of no-break spaces, too.
    first = content.partition("\n")[0].lstrip(" \t")
    while first and first not in index.line(start):
        start += 1
    for number, line in enumerate(content.split("\n")):
        body = line.lstrip(" \t")
        if body:
            # A line of content is the tail of its raw line; only the last one has lost its trailing blanks.
            at = index.line(start + number).rfind(body)
            segments.append((offset + len(line) - len(body), len(body), index.starts[start + number] + at))
        offset += len(line) + 1
    return tuple(segments)


_HEADING_OPEN = re.compile(r"(?:^|[ \t>):.*+-])(#{1,6})(?=[ \t]|$)")


def _heading_column(raw: str, level: int) -> int:
    """Where the opening sequence of an ATX heading starts in its raw line, behind its container's prefix."""
    for match in _HEADING_OPEN.finditer(raw):
        if len(match[1]) == level:
            return match.start(1)
    return raw.find("#")


def _cells(index: LineIndex, line: int, rows: dict[int, int]) -> list[list[tuple[int, str]]]:
    r"""A table row → its cells, each as pieces (offset in the text, text): the backslash of `\|` belongs to none.

    Mirrors markdown-it's `escapedSplit`.
    """
    start = rows[line]
    text = index.text[start : index.starts[line] + len(index.line(line))].rstrip()
    start += len(text) - len(text.lstrip())
    text = text.lstrip()
    cells: list[list[tuple[int, str]]] = [[]]
    last = 0
    escaped = False
    for at, char in enumerate(text):
        if char == "|":
            if escaped:
                cells[-1].append((start + last, text[last : at - 1]))
                last = at
            else:
                cells[-1].append((start + last, text[last:at]))
                cells.append([])
                last = at + 1
        escaped = char == "\\"
    cells[-1].append((start + last, text[last:]))
    if not "".join(piece for _, piece in cells[0]):
        cells.pop(0)
    if cells and not "".join(piece for _, piece in cells[-1]):
        cells.pop()
    return cells


def _cell_segments(content: str, pieces: list[tuple[int, str]]) -> tuple[tuple[int, int, int], ...]:
    whole = "".join(piece for _, piece in pieces)
    lead = whole.find(content)
    segments = []
    offset = -lead
    for at, piece in pieces:
        if piece:
            segments.append((offset, len(piece), at))
        offset += len(piece)
    return tuple(segments)


def locate(segments: tuple[tuple[int, int, int], ...], offset: int, *, end: bool = False) -> int:
    """An offset into content → the offset in the text. An `end` offset belongs to the part before it."""
    place = bisect_right(segments, (offset - end, 1 << 62, 0)) - 1
    begin, _, at = segments[max(place, 0)]
    return at + offset - begin


def _moved(segments: tuple[tuple[int, int, int], ...], span: Span) -> Span:
    if span.start == span.end:
        at = locate(segments, span.start)
        return Span(at, at)
    return Span(locate(segments, span.start), locate(segments, span.end, end=True))


def _note_inline(index: LineIndex, inline: _Inline, reading: Reading) -> None:
    for mark in inline.marks:
        if mark.kind in ("link", "image") and mark.inner is not None:
            span = _moved(inline.segments, mark.inner)
            kind: Literal["link", "image"] = "link" if mark.kind == "link" else "image"
            reading.destinations.append(Destination(kind, span, index.line_of(span.start)))
        elif mark.kind in ("use", "unresolved", "note"):
            span = _moved(inline.segments, mark.span)
            reading.uses.append(LabelUse(mark.value, span, mark.kind == "use", mark.kind == "note"))
        elif mark.kind == "code":
            reading.code_spans.append((_moved(inline.segments, mark.span), mark.value))
        elif mark.kind == "html":
            start = mark.span.start
            shifted = tuple((at - start, length, to) for at, length, to in inline.segments)
            reading.html.append(HtmlPiece(mark.value, shifted, block=False))


def _heading_text(index: LineIndex, block: Block, content: str, children: list[Token] | None) -> HeadingText:
    segments = _segments(index, content, block.start, block)
    span = (
        Span(segments[0][2], segments[-1][2] + segments[-1][1])
        if content
        else Span(index.starts[block.start], index.starts[block.start])
    )
    if children is None:
        return HeadingText(block, " ".join(content.split("\n")) if "\n" in content else content, span)
    text = "".join(_plain(children))
    return HeadingText(block, text, span)


def _plain(children: Iterable[Token]) -> Iterator[str]:
    for child in children:
        if child.type in ("text", "code_inline", "text_special"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "


def _fates(index: LineIndex, candidates: list[int], walk: _Walk) -> dict[int, Opener]:
    """What becomes of each candidate. One that no rule came by stands where Markdown has no running text: stray."""
    fates: dict[int, Opener] = {}
    blocks = walk.reading.blocks
    starts = [block.start for block in blocks]
    for inline in walk.inlines:
        for mark in inline.marks:
            _judge_mark(index.text, inline, mark, fates)
    taken = sorted(opener.span for opener in fates.values() if opener.fate == "live" and not opener.near_miss)
    for offset in candidates:
        if offset in fates or _is_within(offset, taken):
            continue  # An opener in another directive's value belongs to that.
        opener = CANDIDATE.match(index.text, offset)
        assert opener is not None  # noqa: S101 (it was found by the same expression)
        line = index.line_of(offset)
        block = blocks[place] if (place := bisect_right(starts, line) - 1) >= 0 else None
        if block is not None and not block.start <= line < block.end:
            block = None
        fates[offset] = _judge_block(index, offset, opener[2] not in WORDS, block, walk.reading)
    return {offset: fates[offset] for offset in candidates if offset in fates}


def _is_within(offset: int, spans: list[Span]) -> bool:
    place = bisect_right(spans, (offset, offset)) - 1
    return place >= 0 and spans[place].start < offset < spans[place].end


def _judge_mark(text: str, inline: _Inline, mark: Mark, fates: dict[int, Opener]) -> None:
    span = _moved(inline.segments, mark.span)
    match mark.kind:
        case "live" | "near":
            fates[span.start] = Opener(span, "live", mark.kind == "near", None, inline.containers)
        case "escape":
            fates[span.start + 1] = Opener(Span(span.start, span.end), "escaped", near_miss=False)
        case "code":
            _all_inside(text, span, "inert", "", fates)
        case "html":
            inert = mark.value.startswith(("<!", "<?"))
            _all_inside(text, span, "inert" if inert else "stray", "in an HTML tag", fates)
        case "link" | "image" | "use" | "unresolved" | "note" | "autolink":
            pass


def _all_inside(text: str, span: Span, fate: Fate, why: str, fates: dict[int, Opener]) -> None:
    for match in CANDIDATE.finditer(text, span.start, span.end):
        near = match[2] not in WORDS
        fates.setdefault(match.start(), Opener(Span(match.start(), match.start() + 2), fate, near, None, (), why))


def _judge_block(index: LineIndex, offset: int, near: bool, block: Block | None, reading: Reading) -> Opener:  # noqa: FBT001
    span = Span(offset, offset + 2)
    if block is None:
        return Opener(span, "stray", near, None, (), "nested too deep" if reading.too_deep is not None else "")
    match block.kind:
        case "fence" | "code":
            return Opener(span, "inert", near)
        case "html":
            first = index.line(block.start).lstrip(" \t>")
            kind = next((html_type(p.text.lstrip()) for p in reading.html if p.block and _starts(p, index, block)), 0)
            kind = kind or html_type(first)
            if kind < 6 or _in_comment(index, block, offset):
                return Opener(span, "inert", near)
            return Opener(span, "stray", near, None, block.containers, "in an HTML block")
        case "definition":
            return Opener(span, "stray", near, None, (), "in a link definition")
        case "table":
            return Opener(span, "stray", near, None, (), "in a table, past its last column or in a link")
        case _:
            return Opener(span, "stray", near, None, (), "in a link's destination or title")


def _starts(piece: HtmlPiece, index: LineIndex, block: Block) -> bool:
    return bool(piece.segments) and index.line_of(piece.segments[0][2]) == block.start


def _in_comment(index: LineIndex, block: Block, offset: int) -> bool:
    before = index.text[index.starts[block.start] : offset]
    return before.rfind("<!--") > before.rfind("-->")


def _alone(index: LineIndex, fates: dict[int, Opener]) -> dict[int, int]:
    """The lines that hold a live directive and nothing else but their container's prefix: line → opener."""
    alone: dict[int, int] = {}
    for offset, opener in fates.items():
        if opener.fate != "live" or opener.near_miss:
            continue
        match = CANDIDATE.match(index.text, offset)
        close = find_close(index.text, match) if match and opener.span.end - offset > 2 else None
        line = index.line_of(offset)
        if (
            close is None
            or line in alone
            or index.text[close : index.starts[line] + len(index.line(line))].strip(" \t")
        ):
            continue
        alone[line] = offset
    # What stands before it may be a prefix or text: the first live opener of its line is asked, and the parse decides.
    return {line: offset for line, offset in alone.items() if _is_prefix(index, line, offset)}


_PREFIX = re.compile(r"(?:[ \t]|>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[\^[^\]\s]+\]:)*")


def _is_prefix(index: LineIndex, line: int, offset: int) -> bool:
    """Whether only what can be a container's prefix stands before an opener. A filter: the block rule has the last word."""
    match = _PREFIX.fullmatch(index.text, index.starts[line], offset)
    return match is not None


def _are_paragraphs(reading: Reading, alone: dict[int, int]) -> bool:
    """Whether every directive that stands alone already is a paragraph of one line, so that no second parse is needed."""
    single = {block.start for block in reading.blocks if block.kind == "paragraph" and block.end == block.start + 1}
    return all(line in single for line in alone)


def _openers(index: LineIndex, fates: dict[int, Opener], walk: _Walk) -> list[Opener]:
    """The fates, with the block that each directive standing alone is in the final parse."""
    blocks = {block.start: block for block in walk.reading.blocks if block.kind == "directive"}
    openers = []
    for offset, opener in fates.items():
        block = blocks.get(index.line_of(offset)) if opener.fate == "live" and not opener.near_miss else None
        if block:
            openers.append(opener._replace(block=block, containers=block.containers))
        else:
            openers.append(opener)
    return openers
