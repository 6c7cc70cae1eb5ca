"""Reads plain Markdown without the parser: a shortcut, taken only where it gives the same result.

Most texts are paragraphs, headings, lists, fences and tables, where one line tells what it is. Such a text is read here
line by line, many times as fast as by the parser. Anything that could mean something else (tags in a paragraph, tabs,
escapes, a lazy continuation line, an odd indent) makes this give up the whole text, and the parser reads it. Tests
compare both on generated and on real texts (`tests/test_plain.py`).
"""

from __future__ import annotations

import re
from functools import lru_cache

from skillweave.directive.openers import CANDIDATE, SPELLED, WORDS, find_close
from skillweave.markdown.html_blocks import html_type, note_html_block
from skillweave.markdown.plain_inline import CAN_MATTER, Found, normalised, note_inline, plain_heading
from skillweave.markdown.values import Block, Container, DefinitionMark, HeadingText, Opener, Reading
from skillweave.record import NamedTuple
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.markdown.values import BlockKind, ContainerKind
    from skillweave.source import LineIndex

MAX_DEPTH = 30
"""The deepest nesting of list items that is read here."""

# What can begin a line of text, and only that, whether the first of a paragraph or a later one. `[` begins no
# definition if its `]` is on the same line without a colon after it.
_START = r"""(?:
    [^\W\d_] | [^\x00-\xa0\s\ufeff] | ["'(),.;?!/$%@&^{}\])\\]
  | (?![0-9]{1,9}[.)](?:[ \t\n]|\Z)) [0-9]
  | \*{1,3}[^*\s] | _{1,2}[^_\s] | `{1,2}[^`\n] | ~{1,2}[^~\n] | [-+:\#][A-Za-z0-9]
  | <(?=[ =0-9]) | </?[A-Za-z0-9]+_[A-Za-z0-9_]*>
  | \[(?!\^)[^\[\]\n\\]*\](?!:)
)"""
# Each part occurs only once, because Python takes long to compile it.
_RUN = rf"(?:[ ]*{_START}[^\n]*(?:\n|\Z))+"
_ROW = r"\|[^\n]*(?:\n|\Z)"
_LABEL = r"[A-Za-z0-9][A-Za-z0-9 _.-]*"
# URLs that normalising leaves unchanged, with no scheme but these two.
_HREF = r"(?:https?://[a-z0-9][a-z0-9.-]*(?:/[A-Za-z0-9_./#-]*)?|(?!//)[A-Za-z0-9_./-]+(?:\#[A-Za-z0-9_-]+)?)"
_NAME = r"[A-Za-z][A-Za-z0-9-]*"
_ATTRIBUTE = r'(?:[ ]+[A-Za-z_:][A-Za-z0-9_:.-]*="[^"\n]*")'

_LINE = re.compile(
    rf"""
    (?P<blank>(?:[ \t]*\n)+|[ \t]+\Z)
  | (?P<indent>[ ]*)(?:
        (?P<directive>{SPELLED}[^\n]*(?:\n|\Z))
      | (?P<text>{_RUN})
      | (?P<item>(?P<marker>[-*+]|[0-9]{{1,9}}[.)])[ ]{{1,4}}(?=[^ \n]))
      | (?P<heading>(?P<hashes>\#{{1,6}})[ ]+(?P<title>[^\s#](?:[^\n]*[^\s#])?\#*)[ \t]*(?:\n|\Z))
      | (?P<fence>(?P<ticks>`{{3,}}|~{{3,}})[^`|\n]*\n)
      | (?P<table>(?P<header>\|[^\n]*\|)[ ]*\n(?P<rule_row>\|(?:[ ]*:?-+:?[ ]*\|)+)[ ]*(?:\n|\Z)(?P<rows>(?:{_ROW})*))
      | (?P<quote>(?:>[ ]?(?:{_START}[^\n]*|(?=\n>))(?:\n|\Z))+)
      | (?P<definition>\[(?P<label>{_LABEL})\]:[ ](?P<href>{_HREF})[ ]*(?:\n|\Z))
      | (?P<rule>(?:-{{3,}}|\*{{3,}}|_{{3,}})[ \t]*(?:\n|\Z))
      | (?P<comment><!--(?!-?>)[^-]*(?:-(?!->)[^-]*)*-->[ ]*(?:\n|\Z))
      | (?P<html><(?:/{_NAME}|{_NAME}{_ATTRIBUTE}*[ ]*/?)>[ ]*(?:\n|\Z)(?:[ ]*[^\s][^\n]*(?:\n|\Z))*)
    )""",
    re.VERBOSE,
)
_WORD = re.compile(r"[A-Za-z0-9]")
_BAR = re.compile(r"(?<!\\)\|")
_QUOTED = re.compile(r">[ ]?([^\n]*)(?:\n|\Z)")
_BLANK = re.compile(r"[ \t]*(?:\n|\Z)")


class _NotPlainError(Exception):
    """Raised when a text turns out not to be plain."""


class _Run(NamedTuple):
    """A run of inline content: its offsets, and the number of the block if that is a heading (else -1)."""

    start: int
    end: int
    heading: int = -1
    is_cell: bool = False


class _Scan:
    """How far a text has been read, and what was found. A container's end is known late, so blocks refer to it by number."""

    def __init__(self, text: str, at: int, line: int) -> None:
        self.text = text
        self.at = at
        self.line = line
        self.blocks: list[tuple[BlockKind, int, int, int, int]] = []
        """Kind, first line, line after the last one, number of the container (or -1), level."""
        self.containers: list[tuple[ContainerKind, int, int]] = []
        """Kind, first line, number of the container around it (or -1)."""
        self.ends: list[int] = []
        self.open: list[tuple[int, int]] = []
        """The open containers: the column where each one's content begins, and its number."""
        self.runs: list[_Run] = []
        self.definitions: dict[str, DefinitionMark] = {}
        self.directives: dict[int, tuple[int, int]] = {}
        """Offset of an opener → offset where its directive ends, and the number of its block."""
        self.fences: list[tuple[int, int]] = []
        self.html: list[tuple[int, str]] = []
        """The first line of each HTML block, and its text."""
        self.last_end: int = -1
        """The line after the last block."""
        self.text_end: int = -1
        """The line after the last paragraph."""
        self.closed_items: bool = False
        """Whether the current line has ended a list item."""

    def add(self, kind: BlockKind, end: int, level: int = 0) -> None:
        """Add a block from the current line up to the offset `end`, where the next current line begins."""
        text = self.text
        first, self.line = self.line, self.line + text.count("\n", self.at, end) + (text[end - 1] != "\n")
        self.blocks.append((kind, first, self.line, self.open[-1][1] if self.open else -1, level))
        self.at = end
        self.last_end = self.line


def plain_reading(index: LineIndex, body: int = 0) -> Reading | None:
    """Read a text from line `body` on, with places in the whole text; returns None if that needs the parser."""
    text = index.text
    start = index.start(body)
    scan = _Scan(text, start, body)
    try:
        _read_lines(scan)
        while scan.open:
            scan.ends[scan.open.pop()[1]] = scan.line
        return _reading_of(scan, index, start)
    except _NotPlainError:
        return None


def _read_lines(scan: _Scan) -> None:
    text, end = scan.text, len(scan.text)
    while scan.at < end:
        if text[scan.at] == "\n":  # handles most blank lines without the expression
            scan.at += 1
            scan.line += 1
            continue
        match = _LINE.match(text, scan.at)
        if match is None:
            raise _NotPlainError
        kind = match.lastgroup
        if kind == "blank":
            scan.line += text.count("\n", scan.at, match.end())
            scan.at = match.end()
            continue
        indent = match.end(2) - scan.at  # the group `indent`; a group is found faster by its number
        scan.closed_items = False
        if scan.open:
            _close_items(scan, indent)
        if indent > 3 and indent - (scan.open[-1][0] if scan.open else 0) > 3:
            raise _NotPlainError
        if kind == "text":
            scan.runs.append(_Run(match.end(2), match.end()))
            scan.add("paragraph", match.end())
            scan.text_end = scan.line
        elif kind == "item":
            _read_item(scan, match, indent)
        elif kind == "heading":
            scan.runs.append(_Run(match.start("title"), match.end("title"), len(scan.blocks)))
            scan.add("heading", match.end(), len(match["hashes"]))
        elif kind == "fence":
            _read_fence(scan, match)
        elif kind == "directive":
            _read_directive(scan, match)
        else:
            _read_other(scan, match, indent)


def _close_items(scan: _Scan, indent: int) -> None:
    while scan.open and scan.open[-1][0] > indent:
        scan.ends[scan.open.pop()[1]] = scan.line
        scan.closed_items = True


def _read_item(scan: _Scan, match: re.Match[str], indent: int) -> None:
    marker, content = match["marker"], match.end()
    # Inside a paragraph, only the number 1 begins a list.
    is_list = scan.closed_items or scan.line != scan.text_end or len(marker) == 1 or int(marker[:-1]) == 1
    run = _LINE.match(scan.text, content)
    if run is None or run.lastgroup != "text" or len(scan.open) > MAX_DEPTH or not is_list:
        raise _NotPlainError
    scan.containers.append(("item", scan.line, scan.open[-1][1] if scan.open else -1))
    scan.ends.append(0)
    scan.open.append((indent + content - match.start("item"), len(scan.ends) - 1))
    scan.runs.append(_Run(content, run.end()))
    scan.add("paragraph", run.end())
    scan.text_end = scan.line


@lru_cache(maxsize=64)
def _fence_end(mark: str, length: int, column: int) -> re.Pattern[str]:
    return re.compile(rf"^([ ]{{0,{column + 3}}}){mark}{{{length},}}[ \t]*(?:\n|\Z)", re.MULTILINE)


@lru_cache(maxsize=16)
def _outdented(column: int) -> re.Pattern[str]:
    return re.compile(rf"^[ ]{{0,{column - 1}}}[^ \n]", re.MULTILINE)


def _read_fence(scan: _Scan, match: re.Match[str]) -> None:
    ticks, column, start = match["ticks"], scan.open[-1][0] if scan.open else 0, match.end()
    end = _fence_end(ticks[0], len(ticks), column).search(scan.text, start)
    if end is None or (column and _outdented(column).search(scan.text, start, end.end())):
        raise _NotPlainError
    scan.fences.append((scan.at, end.end()))
    scan.add("fence", end.end())


def _read_directive(scan: _Scan, match: re.Match[str]) -> None:
    start = match.start("directive")
    opener = CANDIDATE.match(scan.text, start)
    close = find_close(scan.text, opener) if opener else None
    is_alone = close is not None and _BLANK.match(scan.text, close) and _BLANK.match(scan.text, match.end())
    if close is None or not is_alone or scan.line == scan.text_end:
        raise _NotPlainError
    scan.directives[start] = (close, len(scan.blocks))
    scan.add("directive", match.end())


def _read_other(scan: _Scan, match: re.Match[str], indent: int) -> None:
    """Read what is allowed only at the top level and between blank lines; but a table may follow a paragraph directly."""
    kind = match.lastgroup
    if scan.line == (scan.text_end if kind == "html" else scan.last_end) and kind not in ("quote", "comment"):
        is_next = kind == "definition" and scan.blocks[-1][0] == "definition"
        if not is_next and (kind != "table" or scan.closed_items or not _WORD.search(match["header"])):
            raise _NotPlainError
    if scan.open or indent:
        raise _NotPlainError
    if kind not in ("definition", "comment") and not _BLANK.match(scan.text, match.end()):
        raise _NotPlainError
    if kind == "rule":
        scan.add("rule", match.end())
    elif kind in ("comment", "html"):
        _read_html(scan, match)
    elif kind == "table":
        _read_table(scan, match)
    elif kind == "quote":
        _read_quote(scan, match)
    else:
        _read_definition(scan, match)


def _read_table(scan: _Scan, match: re.Match[str]) -> None:
    text = scan.text
    start, end = match.span("table")
    columns = match["rule_row"].count("|") - 1
    if "\\" in match["header"] or match["header"].count("|") - 1 != columns:
        raise _NotPlainError
    if CAN_MATTER.search(text, start, end):
        at = start
        for number, row in enumerate(text[start:end].split("\n")):
            if number != 1 and row:
                _note_cells(scan, row, at, columns)
            at += len(row) + 1
    scan.add("table", end)


def _note_cells(scan: _Scan, row: str, at: int, columns: int) -> None:
    """Note the cells of a row: what is between its bars. After the last bar, there may be one more cell."""
    cells = _BAR.split(row.rstrip(" ")[1:]) if "\\" in row else row.rstrip(" ")[1:].split("|")
    if not cells[-1]:
        cells.pop()
    if len(cells) > columns:
        raise _NotPlainError
    at += 1
    for cell in cells:
        content = cell.strip(" ")
        if content and CAN_MATTER.search(content):
            if "\\" in content:
                raise _NotPlainError
            first = at + len(cell) - len(cell.lstrip(" "))
            scan.runs.append(_Run(first, first + len(content), is_cell=True))
        at += len(cell) + 1


def _read_quote(scan: _Scan, match: re.Match[str]) -> None:
    text, end = scan.text, match.end()
    scan.containers.append(("quote", scan.line, -1))
    scan.ends.append(0)
    scan.open.append((0, len(scan.ends) - 1))
    while scan.at < end:
        behind = scan.at
        while behind < end and (line := _QUOTED.match(text, behind)) and line[1]:
            if behind == scan.at:
                start = line.start(1)
            behind = line.end()
        if behind > scan.at:
            scan.runs.append(_Run(start, behind))
            scan.add("paragraph", behind)
        if behind < end:
            scan.at = text.index("\n", behind) + 1
            scan.line += 1
    scan.ends[scan.open.pop()[1]] = scan.line


def _read_html(scan: _Scan, match: re.Match[str]) -> None:
    """Read a comment on a line of its own, or a tag alone on its line with all lines up to a blank one."""
    if html_type(match[0]) not in (2, 6):
        raise _NotPlainError  # A blank line does not end it.
    scan.html.append((scan.line, match[0]))
    scan.add("html", match.end())


def _read_definition(scan: _Scan, match: re.Match[str]) -> None:
    label = normalised(match["label"])
    following = _LINE.match(scan.text, match.end())
    is_last = match.end() == len(scan.text) or (
        following is not None and following.lastgroup in ("blank", "definition")
    )
    if label in scan.definitions or not is_last:
        raise _NotPlainError
    line, destination = scan.line, Span(*match.span("href"))
    scan.add("definition", match.end())
    scan.definitions[label] = DefinitionMark(label, match["href"], "", line, scan.line, destination)


def _reading_of(scan: _Scan, index: LineIndex, start: int) -> Reading:
    around: list[tuple[Container, ...]] = []
    for (kind, first, outer), end in zip(scan.containers, scan.ends, strict=True):
        around.append((*(around[outer] if outer >= 0 else ()), Container(kind, first, end)))
    around.append(())  # the last one, which the number -1 refers to
    blocks = [Block(kind, first, end, around[inside], level) for kind, first, end, inside, level in scan.blocks]
    reading = Reading(blocks, list(scan.definitions.values()))
    for line, content in scan.html:
        note_html_block(index, content, line, reading)
    found = Found(index, scan.definitions, reading)
    for run in scan.runs:
        if run.heading >= 0:
            title = plain_heading(found, run.start, run.end)
            if title is None:
                raise _NotPlainError
            reading.headings.append(HeadingText(blocks[run.heading], title, Span(run.start, run.end)))
        elif (run.is_cell or CAN_MATTER.search(scan.text, run.start, run.end)) and not note_inline(
            found, run.start, run.end, may_hold_tags=not run.is_cell
        ):
            raise _NotPlainError
    code = [*scan.fences, *(span for span, _ in reading.code_spans)]
    reading.openers = _openers(scan, blocks, start, sorted(code))
    return reading


def _openers(scan: _Scan, blocks: list[Block], start: int, code: list[tuple[int, int]]) -> list[Opener]:
    """The openers of a plain text, each a directive that is a block of its own, or in code."""
    openers = []
    behind = start
    inert = iter(code)
    first, last = next(inert, (len(scan.text), 0))
    for match in CANDIDATE.finditer(scan.text, start):
        at = match.start()
        if at in scan.directives:
            behind, number = scan.directives[at]
            block = blocks[number]
            openers.append(Opener(Span(at, behind), "live", False, block, block.containers))  # noqa: FBT003 (near_miss)
            continue
        while last and at >= last:
            first, last = next(inert, (len(scan.text), 0))
        if at < behind or at < first:
            raise _NotPlainError  # in another directive's value, or in running text
        openers.append(Opener(Span(at, at + 2), "inert", match[2] not in WORDS))
    return openers
