"""markdown-it-py with our two rules in its chain, and with notes about where things are.

markdown-it's inline tokens have no position. The rules that matter here are wrapped: they do what they did, and also
note the span they took, as offsets into the content that is parsed. The alternative text of an image is a nested parse;
`base` is the offset where it starts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.rules_block import StateBlock, reference, table
from markdown_it.rules_inline import StateInline, backtick, escape, html_inline, image, link, newline
from mdit_py_plugins.footnote import footnote_plugin

from skillweave.directive.openers import CANDIDATE, CLOSES, WORDS, find_close, is_near_miss, opener_at
from skillweave.markdown.values import DefinitionMark, Mark
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Literal

    from skillweave.markdown.values import MarkKind

MAX_NESTING = 100
"""The depth of blocks, or of brackets, that is parsed. Deeper nesting exists only to exhaust a parser's stack."""


@dataclass(slots=True)
class Marks:
    """The notes of one inline parse."""

    base: int = 0
    found: list[Mark] = field(default_factory=list)
    last_close: dict[tuple[int, str], int] = field(default_factory=dict)

    def add(self, kind: MarkKind, span: Span, inner: Span | None = None, value: str = "") -> None:
        """Note a mark at a place in the inline text that the parser is reading, which may be inside another one."""
        moved = inner and Span(inner.start + self.base, inner.end + self.base)
        self.found.append(Mark(kind, Span(span.start + self.base, span.end + self.base), moved, value))

    def can_close(self, src: str, opener: str, offset: int) -> bool:
        """Whether there is any close after an offset.

        The last close is searched once per text, or many openers would take quadratic time.
        """
        key = (self.base, opener)
        if key not in self.last_close:
            self.last_close[key] = src.rfind(CLOSES[opener])
        return offset < self.last_close[key]


@dataclass(slots=True)
class BlockNotes:
    """The notes of one block parse, as lines and offsets of the text that was parsed."""

    directive_lines: dict[int, int] = field(default_factory=dict)
    """Input: the lines that are a block directive, with the offset of the opener."""
    rows: dict[int, int] = field(default_factory=dict)
    """The lines of tables, with the offset where the row's text starts."""
    definitions: list[DefinitionMark] = field(default_factory=list)


@cache
def parser() -> MarkdownIt:
    """CommonMark with GFM tables, strikethrough and footnotes, and our rules. Cached, as building it costs milliseconds."""
    md = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
    footnote_plugin(md, inline=False, move_to_end=False, always_match_refs=True)
    md.block.ruler.before(
        "table", "directive", _block_directive, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    md.block.ruler.at("table", _noted_table, {"alt": ["paragraph", "reference"]})
    md.block.ruler.at("reference", _noted_reference, {"alt": []})
    md.inline.ruler.before("escape", "directive", _inline_directive)
    md.inline.ruler.at("newline", _noted_newline)
    md.inline.ruler.at("escape", _noted_escape)
    md.inline.ruler.at("backticks", _noted_code)
    md.inline.ruler.at("link", _noted_link)
    md.inline.ruler.at("image", _noted_image)
    md.inline.ruler.at("html_inline", _noted_html)
    md.inline.ruler.before("footnote_ref", "note_ref", _noted_footnote)
    return md


@cache
def bare_parser() -> MarkdownIt:
    """The same CommonMark without our rules, as any renderer reads a text. For tests, and for seams within a line."""
    md = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable(["table", "strikethrough"])
    footnote_plugin(md, inline=False, move_to_end=False, always_match_refs=True)
    return md


def _block_directive(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001 (the rule's signature)
    del end_line
    notes: BlockNotes = state.env["notes"]
    offset = notes.directive_lines.get(start_line)
    if offset is None or state.bMarks[start_line] + state.tShift[start_line] != offset:
        return False
    if state.is_code_block(start_line):
        return False
    if not silent:
        token = state.push("directive", "", 0)
        token.map = [start_line, start_line + 1]
        state.line = start_line + 1
    return True


def _noted_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001
    # A header row contains a pipe, so most lines need not be given to the rule, which looks at the line below.
    if state.src.find("|", state.bMarks[start_line], state.eMarks[start_line]) < 0:
        return False
    if not table(state, start_line, end_line, silent):
        return False
    if not silent:
        notes: BlockNotes = state.env["notes"]
        for line in range(start_line, state.line):
            notes.rows[line] = state.bMarks[line] + state.tShift[line]
    return True


def _noted_reference(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:  # noqa: FBT001
    first = state.bMarks[start_line] + state.tShift[start_line]
    if state.src.startswith("[^", first) or not reference(state, start_line, end_line, silent):
        return False  # "[^" belongs to the footnote plugin, even if that does not take it
    if silent:
        return True
    # The rule reads each line from its first non-blank character, so the destination is searched in the same way.
    starts = [state.bMarks[line] + state.tShift[line] for line in range(start_line, state.line)]
    lines = [state.src[at : state.eMarks[start_line + i] + 1] for i, at in enumerate(starts)]
    text = "".join(lines)
    label_end = _definition_label_end(text)
    at = label_end + 2
    while text[at] in " \t\n":
        at += 1
    result = state.md.helpers.parseLinkDestination(text, at, len(text))
    bracketed = text[at] == "<"
    inner = (at + bracketed, result.pos - bracketed)
    line_starts = [0]
    for line in lines:
        line_starts.append(line_starts[-1] + len(line))
    row = max(i for i, line_start in enumerate(line_starts[:-1]) if line_start <= at)
    shift = starts[row] - line_starts[row]
    label = normalizeReference(text[1:label_end])
    known = state.env["references"][label]
    if known["map"] != [start_line, state.line]:
        known = state.env["duplicate_refs"][-1]
    notes: BlockNotes = state.env["notes"]
    destination = Span(inner[0] + shift, inner[1] + shift)
    notes.definitions.append(DefinitionMark(label, known["href"], known["title"], start_line, state.line, destination))
    return True


def _definition_label_end(text: str) -> int:
    at = 1
    while text[at] != "]":
        at += 2 if text[at] == "\\" else 1
    return at


def _inline_directive(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    start, src = state.pos, state.src
    char = src[start]
    marks: Marks = state.env["marks"]
    if char == "\\":
        opener = opener_at(src, start + 1) if src[start + 1 : start + 3] in CLOSES else None
        if opener is None:
            return False
        if not silent:
            marks.add("escape", Span(start, start + 3))
            token = state.push("text_special", "", 0)
            token.content = opener[1]
        state.pos = start + 3
        return True
    if char not in "<{":
        return False
    opener = CANDIDATE.match(src, start)
    if opener is None:
        return False
    if opener[2] not in WORDS:
        if not silent and is_near_miss(opener[2]):
            marks.add("near", Span(start, start + 2))
        return False
    end = find_close(src, opener) if marks.can_close(src, opener[1], start) else None
    if not silent:
        marks.add("live", Span(start, end or start + 2))
        token = state.push("directive", "", 0)
        token.content = src[start : end or start + 2]
    state.pos = end or start + 2
    return True


def _noted_newline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    start = state.pos
    if not newline(state, silent):
        return False
    if not silent:
        _note_break(state, start)
    return True


def _noted_escape(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    start, src = state.pos, state.src
    if not escape(state, silent):
        return False
    if not silent and src[start + 1] == "\n":
        _note_break(state, start + 1)
    return True


def _note_break(state: StateInline, at: int) -> None:
    """Note a line end that is a break. In the alternative text of an image, no break is hard."""
    marks: Marks = state.env["marks"]
    is_hard = state.tokens[-1].type == "hardbreak" and not marks.base
    marks.add("hard" if is_hard else "soft", Span(at, at + 1))


def _noted_code(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    start, count = state.pos, len(state.tokens)
    if not backtick(state, silent):
        return False
    # An unmatched run of back-ticks is text, and pushes no token of its own.
    if not silent and len(state.tokens) > count and state.tokens[-1].type == "code_inline" and not state.pending:
        state.env["marks"].add("code", Span(start, state.pos), value=state.tokens[-1].content)
    return True


def _noted_html(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    start = state.pos
    if not html_inline(state, silent):
        return False
    if not silent:
        state.env["marks"].add("html", Span(start, state.pos), value=state.src[start : state.pos])
    return True


def _noted_footnote(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    """Note the label that the footnote rule, which comes next, takes. This rule itself never takes anything."""
    if silent or not state.src.startswith("[^", state.pos):
        return False
    end = state.pos + 2
    while end < state.posMax and state.src[end] not in " \n]":
        end += 1
    if end < state.posMax and state.src[end] == "]" and end > state.pos + 2:
        label = state.src[state.pos + 2 : end]
        state.env["marks"].add("note", Span(state.pos, end + 1), value=normalizeReference(label))
    return False


def _noted_link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    start = state.pos
    if state.src[start] != "[":
        return False
    taken = link(state, silent)
    if not silent:
        _note_brackets(state, "link", start, state.pos if taken else None)
    return taken


def _noted_image(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    start = state.pos
    if not state.src.startswith("![", start):
        return False
    marks: Marks = state.env["marks"]
    marks.base += start + 2
    taken = image(state, silent)
    marks.base -= start + 2
    if not silent:
        _note_brackets(state, "image", start, state.pos if taken else None)
    return taken


def _note_brackets(state: StateInline, kind: Literal["link", "image"], start: int, end: int | None) -> None:
    """Note the destination of a link or image, or the label that it uses. `end` is None if no definition was found."""
    marks: Marks = state.env["marks"]
    bracket = start + (kind == "image")
    label_end = state.md.helpers.parseLinkLabel(state, bracket, kind == "link")
    if label_end < 0:
        return
    src, maximum = state.src, state.posMax
    if end is not None and src[end - 1] == ")":
        if marks.base:
            return  # The alternative text of an image is plain text: what would be a link in it leads nowhere.
        at = label_end + 2
        while src[at] in " \t\n":
            at += 1
        result = state.md.helpers.parseLinkDestination(src, at, maximum)
        bracketed = result.ok and src[at] == "<"
        inner = Span(at + bracketed, result.pos - bracketed) if result.ok else Span(at, at)
        marks.add(kind, Span(start, end), inner)
        return
    label = Span(bracket + 1, label_end)
    after = label_end + 1
    if after < maximum and src[after] == "[":
        second = state.md.helpers.parseLinkLabel(state, after)
        if second > after + 1:
            label = Span(after + 1, second)
    name = normalizeReference(src[label.start : label.end])
    if end is not None:
        marks.add("use", Span(start, end), label, name)
    elif name and not name.startswith("^"):
        marks.add("unresolved", Span(start, label_end + 1), label, name)
