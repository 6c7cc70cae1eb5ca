"""Cuts a template into tags and text with Jinja's own lexer, and finds mistakes in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import islice

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from skillweave.diagnostics import TEMPLATE_ERROR, Problem
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.source import LineIndex, Span
from skillweave.template.values import MAX_DEPTH, Segment, Token
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Scan:
    """A template cut into tags and text, and the problems of cutting it."""

    text: str
    body: str
    """The body with every mask overwritten by as many letters, so that offsets stay valid."""
    offset: int
    index: LineIndex
    segments: tuple[Segment, ...]
    problems: tuple[Problem, ...]

    @property
    def first_tag(self) -> Span:
        tag = next((segment for segment in self.segments if segment.kind != "data"), None)
        return self.span(tag) if tag else Span(self.offset, self.offset)

    def span(self, part: Segment | Token) -> Span:
        return Span(self.offset + part.start, self.offset + part.end)

    def find(self, line: int, *hints: str, start: int = 0) -> Span:
        """The span of the first token that equals a hint, in the tags from line `line` of the body (from 1) on; else of
        the first tag.

        Anything before the offset `start` is ignored. Without a tag, the span is empty and at the start of the line.
        """
        start = max(self.index.starts[min(line, len(self.index.starts)) - 1], start)
        first = bisect_right(self.segments, start, key=lambda segment: segment.end)
        tags = [segment for segment in islice(self.segments, first, first + _NEAR) if segment.kind != "data"]
        tokens = (t for segment in tags for t in segment.tokens if t.start >= start and t.value in hints)
        part: Segment | Token | None = next(tokens, None) or next(iter(tags), None)
        return self.span(part) if part else Span(self.offset + start, self.offset + start)


def cut(text: str, offset: int, masks: Sequence[Span]) -> Scan:
    """Cut the body from `offset` on into segments.

    Jinja's lexer gives the tokens; what it strips (as at `{%-`) is between them.
    """
    body = _masked(text, offset, masks)
    segments: list[Segment] = []
    inner: list[Token] = []
    problems: list[Problem] = []
    at = 0
    try:
        for _, kind, value in environment().lex(body):
            start = at
            while not body.startswith(value, start):
                start += 1
            at = start + len(value)
            token = Token(kind, value, start, at)
            if kind == "data":
                segments.append(Segment("data", start, at))
            elif kind in ("raw_begin", "raw_end"):
                segments.append(Segment("raw", start, at))
            elif kind.endswith("_begin"):
                inner = [token]
            elif kind.endswith("_end"):
                segments.append(Segment(kind.removesuffix("_end"), inner[0].start, at, (*inner, token)))
                inner = []
            elif kind != "whitespace":
                inner.append(token)
    except TemplateSyntaxError as error:
        raw = segments[-1].start if segments and segments[-1].kind == "raw" else at
        begin = inner[0].start if inner else raw
        problems.append(_lexing_problem(error, body, Span(offset + begin, offset + at), offset))
    if inner and not problems:
        span = Span(offset + inner[0].start, offset + inner[0].end)
        problems.append(Problem(TEMPLATE_ERROR, f'"{inner[0].value}" is never closed', span, RAW))
    return Scan(text, body, offset, LineIndex(body), tuple(segments), tuple(problems))


# A node's line is that of its tag, or one inside the tag: the token is in one of the next few tags.
_NEAR = 100
RAW = "put what is not part of the template between {% raw %} and {% endraw %}"


def _masked(text: str, offset: int, masks: Sequence[Span]) -> str:
    parts: list[str] = []
    at = offset
    for start, end in masks:
        if start >= at:
            parts += text[at:start], "x" * (end - start)
            at = end
    return "".join((*parts, text[at:]))


def masked_tags(scan: Scan, masks: Sequence[Span]) -> Iterator[Problem]:
    """Refuse directives inside a tag, as they would vanish with it: only text and comments may contain one."""
    tags = iter(segment for segment in scan.segments if segment.kind in ("variable", "block"))
    tag = next(tags, None)
    for mask in masks:
        while tag and scan.offset + tag.end <= mask.start:
            tag = next(tags, None)
        if tag and scan.offset + tag.start < mask.end:
            yield Problem(TEMPLATE_ERROR, "a directive inside a template's tag", mask, "write it outside the tag")


STATEMENTS = ("if", "elif", "else", "endif", "raw", "endraw")
ONLY = (
    "templates allow if, raw, parameters, constants, comparisons, and, or, not, ~, an inline if with an else, and the "
    "filters upper, lower, title, capitalize, trim, default"
)


def block_problems(scan: Scan) -> Iterator[Problem]:
    """Refuse all statements but `if`, and unmatched ones. This is done on the tokens, which know their columns."""
    opened: list[_If] = []
    refused: set[str] = set()
    for segment in scan.segments:
        if segment.kind != "block":
            continue
        word, span = segment.tokens[1].value, scan.span(segment.tokens[1])
        if word == "if":
            opened.append(_If(scan.span(segment), else_seen=False))
            if len(opened) > MAX_DEPTH:
                yield Problem(TEMPLATE_ERROR, f"`if` nested deeper than {MAX_DEPTH} levels", span)
                return
        elif word not in STATEMENTS:
            if word.removeprefix("end") not in refused:
                refused.add(word)
                message = (
                    f'"{word}" is not allowed in a template' if segment.tokens[1].kind == "name" else "an empty tag"
                )
                yield Problem(TEMPLATE_ERROR, message, span, _statement_help(word))
        elif not _continues(opened, word) and not refused:
            yield Problem(TEMPLATE_ERROR, f'"{word}" does not belong to anything', span)
    for left in opened:
        yield Problem(TEMPLATE_ERROR, "this `if` is never closed", left.span, "add {% endif %}")


class _If(NamedTuple):
    span: Span
    else_seen: bool


def _continues(opened: list[_If], word: str) -> bool:
    """Whether `elif`, `else` or `endif` fits the innermost open `if`; if so, updates or closes that."""
    if not opened or word == "endraw" or (opened[-1].else_seen and word != "endif"):
        return False
    innermost = opened.pop()
    if word != "endif":
        opened.append(innermost._replace(else_seen=word == "else"))
    return True


def bracket_problems(scan: Scan) -> Iterator[Problem]:
    """Refuse brackets that nest too deeply for the parser, before it sees them."""
    for segment in scan.segments:
        depth = 0
        for token in segment.tokens[1:-1]:
            depth += (token.value in ("(", "[", "{")) - (token.value in (")", "]", "}"))
            if depth > MAX_DEPTH:
                yield Problem(TEMPLATE_ERROR, f"brackets nested deeper than {MAX_DEPTH} levels", scan.span(token))
                return


def _statement_help(word: str) -> str:
    near = near_names(word, STATEMENTS, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else ONLY


def _lexing_problem(error: TemplateSyntaxError, body: str, tag: Span, offset: int) -> Problem:
    reason = error.message or ""
    found = re.search(r"unexpected char (.+) at (\d+)$", reason)
    if found:
        at = offset + int(found.group(2))
        message = f'"{body[at - offset]}" has no meaning in a template\'s tag'
        return Problem(TEMPLATE_ERROR, message, Span(at, at + 1), RAW)
    if reason.startswith("Missing end of"):
        return Problem(TEMPLATE_ERROR, "a comment or raw block that is never closed", tag)
    return Problem(TEMPLATE_ERROR, shortened(reason), tag, RAW)


FILTERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("upper", "lower", "title", "capitalize"), ()),
    "trim": ("chars",),
    "default": ("default_value", "boolean"),
}


def shortened(message: str) -> str:
    """A sentence of the parser in our words."""
    for theirs, ours in (
        ("'end of print statement'", '"}}"'),
        ("'end of statement block'", '"%}"'),
        ("expected token ", "expected "),
        ("Expected an expression, got", "a value is missing before"),
        ("Encountered ", ""),
        ("'", '"'),
    ):
        message = message.replace(theirs, ours)
    return message[:1].lower() + message[1:].rstrip(".")


def environment() -> ImmutableSandboxedEnvironment:
    """Jinja's sandbox with only the six filters: no globals, no tests."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.globals.clear()
    environment.tests.clear()
    for name in environment.filters.keys() - FILTERS:
        del environment.filters[name]
    return environment
