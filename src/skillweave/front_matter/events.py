"""YAML text → fields with their places, read from the events of PyYAML's Python parser.

`safe_load` would accept duplicate keys and turn `1.10` into a number, `compose` recurses on nesting, and the C parser
is not available everywhere and words its errors differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from skillweave.front_matter.values import Field, FrontMatter, Item, Value, problem
from skillweave.record import NamedTuple
from skillweave.source import LineIndex, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.diagnostics import Problem

MAX_DEPTH = 50
"""How deep lists and mappings may nest, because code that walks a value may recurse."""


def read_events(text: str, offset: int) -> tuple[FrontMatter, tuple[Problem, ...]]:
    """Read the text between the two `---` lines; `offset` is where it starts in the file, at the start of the second line.

    A text that is not a YAML mapping gives an empty `FrontMatter` and one problem. With other problems (duplicate keys,
    anchors, tags), the result holds everything that is sound.
    """
    unreadable = _NOT_YAML.search(text)
    if unreadable:
        return FrontMatter(), (_unreadable(unreadable, offset),)
    reader = _Reader(text, offset, [])
    try:
        front_matter = _read(reader)
    except yaml.MarkedYAMLError as error:
        return FrontMatter(), (_yaml_problem(error, reader),)
    except (ValueError, OverflowError):  # the parser passes `\UFFFFFFFF` to chr(), `%YAML 1.<5,000 digits>` to int()
        return FrontMatter(), (problem("a number that YAML does not accept", Span(offset, offset + len(text))),)
    return front_matter, tuple(reader.problems)


def comment_lines(text: str) -> list[tuple[int, str]]:
    """The lines (from 0) of a front matter that hold only a comment, each with the text after its `#`.

    If the text is not valid YAML, only the lines before the mistake are looked at.
    """
    lines = text.split("\n")
    index = LineIndex(text)
    inside: set[int] = set()
    known = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            start, end = _index(event.start_mark), _index(event.end_mark)
            known = index.line_of(start)
            if isinstance(event, yaml.ScalarEvent):
                last = start + len(text[start:end].rstrip())
                inside.update(range(known + 1, index.line_of(last) + 1))
        known = len(lines)
    except (yaml.YAMLError, ValueError, OverflowError):
        pass
    comments = ((at, line.strip()) for at, line in enumerate(lines[:known]) if at not in inside)
    return [(at, comment[1:]) for at, comment in comments if comment.startswith("#")]


# Characters that YAML 1.1 calls not printable, and unpaired surrogates: the parser would stop at them without a mark.
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What escapes in double quotes can still bring into a value, though no text may hold it.
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


class _Reader(NamedTuple):
    """What all reading steps share: the text, where it starts in its file, and the problems found so far."""

    text: str
    offset: int
    problems: list[Problem]

    def span(self, event: yaml.Event) -> Span:
        """The span of an event in the file. The line end and the blanks at the end of a block scalar are left out."""
        return self.between(event, event)

    def between(self, first: yaml.Event, last: yaml.Event) -> Span:
        start, end = _index(first.start_mark), _index(last.end_mark)
        return Span(self.offset + start, self.offset + start + len(self.text[start:end].rstrip()))

    def refuse(self, message: str, span: Span, cure: str | None = None) -> None:
        self.problems.append(problem(message, span, cure))


@dataclass(slots=True)
class _Open:
    """A list or mapping that has not ended yet. `key` is the key whose value comes next."""

    start: yaml.Event
    items: list[Item] | None
    fields: dict[str, Field]
    key: tuple[str, Span] | None = None
    waits: bool = False
    """Whether the next value belongs to a key, which may have been refused."""


def _read(reader: _Reader) -> FrontMatter:
    """The mapping of the only document, built on an explicit stack, without recursion."""
    stack: list[_Open] = []
    front_matter = FrontMatter()
    for event in _events(reader):
        match event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(stack) == MAX_DEPTH:
                    reader.refuse(f"lists and mappings nested deeper than {MAX_DEPTH} levels", reader.span(event))
                    return FrontMatter()
                _refuse_extras(event, reader)
                stack.append(_Open(event, [] if isinstance(event, yaml.SequenceStartEvent) else None, {}))
                continue
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                value, span = _close(stack.pop(), event, reader)
            case yaml.ScalarEvent() | yaml.AliasEvent():
                value, span = _scalar(event, reader)
            case _:
                continue
        if stack:
            _put(stack[-1], value, span, reader)
        elif isinstance(value, FrontMatter):
            front_matter = value
        elif value != "":
            reader.refuse("the front matter is not a mapping of `key: value` lines", span)
    return front_matter


def _events(reader: _Reader) -> Iterator[yaml.Event]:
    """The events of the parser, one at a time, up to a second document."""
    documents = 0
    for event in yaml.parse(reader.text, Loader=yaml.SafeLoader):
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            reader.refuse("more than one YAML document", reader.span(event))
            return
        yield event


def _close(opened: _Open, end: yaml.Event, reader: _Reader) -> tuple[Value, Span]:
    value: Value = tuple(opened.items) if opened.items is not None else FrontMatter(tuple(opened.fields.values()))
    return value, reader.between(opened.start, end)


def _scalar(event: yaml.ScalarEvent | yaml.AliasEvent, reader: _Reader) -> tuple[str, Span]:
    span = reader.span(event)
    if isinstance(event, yaml.AliasEvent):
        reader.refuse(f"an alias (*{event.anchor})", span, cure="write the value again")
        return "", span
    _refuse_extras(event, reader)
    if _NOT_TEXT.search(event.value):
        reader.refuse("an escape that stands for no character of a text", span)
        return "", span
    return event.value, span


def _refuse_extras(event: yaml.ScalarEvent | yaml.CollectionStartEvent, reader: _Reader) -> None:
    """Refuse anchors and tags: anchors serve to copy values, tags to type them, but here every scalar is a string."""
    span = Span(reader.span(event).start, reader.span(event).start + 1)
    if event.anchor is not None:
        reader.refuse(f"an anchor (&{event.anchor})", span, cure="write the value where it is needed")
    if event.tag is not None:
        reader.refuse(f"a tag ({event.tag.replace('tag:yaml.org,2002:', '!!')})", span, cure="leave it out")


def _put(container: _Open, value: Value, span: Span, reader: _Reader) -> None:
    """Add a value to its container: as an item, a key, or the value of the key before it."""
    if container.items is not None:
        container.items.append(Item(value, span))
    elif not container.waits:
        container.waits = True
        container.key = _key(container, value, span, reader)
    else:
        container.waits = False
        if container.key:
            name, name_span = container.key
            container.fields[name] = Field(name, name_span, value, span)


def _key(container: _Open, value: Value, span: Span, reader: _Reader) -> tuple[str, Span] | None:
    """The key and its span, or None if the key is refused; its value is then read and dropped."""
    if not isinstance(value, str):
        reader.refuse("a key that is a list or a mapping", span)
        return None
    first = container.fields.get(value)
    if first:
        # The front matter starts on line 2 of its file.
        line = 2 + reader.text.count("\n", 0, first.name_span.start - reader.offset)
        reader.refuse(f'the key "{value}" is already on line {line}', span, cure="keep one of the two")
        return None
    if value == "<<" and reader.text[span.start - reader.offset] == "<":
        reader.refuse("a merge key (<<)", span, cure="write the keys out")
        return None
    return value, span


def _index(mark: object) -> int:
    """The offset of a mark in the text, in code points."""
    return int(getattr(mark, "index", 0))


def _unreadable(found: re.Match[str], offset: int) -> Problem:
    message = f"a character that YAML does not accept: U+{ord(found.group()):04X}"
    return problem(message, Span(offset + found.start(), offset + found.end()))


_QUOTE = "put the value in quotation marks"

# (what the parser says, our message, what helps). The first entry that occurs in the parser's words is used.
_YAML_SAYS = (
    ("mapping values are not allowed here", "a colon and a blank inside an unquoted value", _QUOTE),
    ("found character '\\t'", "a tab where YAML allows only spaces", "indent with spaces"),
    ("that cannot start any token", "a character that no unquoted value can start with", _QUOTE),
    ("found unexpected end of stream", "a quotation mark that is never closed", None),
    (
        "found unknown escape character",
        "an unknown escape in double quotes",
        "use single quotes, or double the backslash",
    ),
    ("expected ',' or", "a bracket that is never closed, or no comma between two values", _QUOTE),
    ("expected the node content", "a value that is not complete", _QUOTE),
    ("could not find expected ':'", "a line that is not `key: value`", None),
    ("expected <block end>", "something after a complete value, or an indent that matches nothing above", _QUOTE),
    ("expected '<document start>'", "an indent that matches nothing above", None),
    ("expected alphabetic or numeric character", "a value that starts with & or *", _QUOTE),
    (
        "expected chomping or indentation",
        "text after the | or > of a block",
        "write the text on the next line, indented",
    ),
)


def _yaml_problem(error: yaml.MarkedYAMLError, reader: _Reader) -> Problem:
    reason = f"{error.problem or error.context or 'not YAML'}"
    mark = error.problem_mark or error.context_mark
    # An open quotation mark is noticed at the end of the text, but the mistake is where it was opened.
    if reason.startswith("found unexpected end of stream") and error.context_mark:
        mark = error.context_mark
    start = min(_index(mark), len(reader.text))
    span = Span(reader.offset + start, reader.offset + min(start + 1, len(reader.text)))
    for part, message, cure in _YAML_SAYS:
        if part in reason:
            return problem(message, span, cure)
    return problem(f"not YAML: {reason}", span)
