"""Front matter: YAML text → fields with their places, every scalar a string as written, and the parameters it declares.

The only home of `yaml`. It reads the events of PyYAML's Python parser: `safe_load` would accept duplicate keys and turn
`1.10` into a number, `compose` recurses on nesting, and the C parser is neither everywhere nor worded the same.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

import yaml

from skillweave.diagnostics import DIRECTIVE_IN_PARAM, INVALID_FRONT_MATTER, Problem
from skillweave.source import LineIndex, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 50
"""How deep lists and mappings may nest: what walks a value may recurse."""

DIRECTIVE_OPENER = re.compile(r"(?<![<{$])(?:<<|\{\{)[ \t]*(?:include|reference|asset)[ \t]*:")
"""What no parameter's value may hold."""


@dataclass(frozen=True, slots=True)
class Field:
    """One `name: value` of a mapping."""

    name: str
    name_span: Span
    value: Value
    value_span: Span


class Item(NamedTuple):
    """One value of a list."""

    value: Value
    span: Span


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A mapping, the top one or one inside it, in the order of the text. A key stands in it once."""

    fields: tuple[Field, ...] = ()

    def get(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


Value = str | tuple[Item, ...] | FrontMatter


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter that a pattern declares. `span` is its name's."""

    name: str
    default: str | None
    required: bool
    enum: tuple[str, ...] | None
    span: Span


def read_front_matter(text: str, offset: int) -> tuple[FrontMatter, tuple[Problem, ...]]:
    """Read what stands between the two `---` lines; `offset` is its start, which is the start of the file's line 2.

    A text that is no YAML mapping gives an empty `FrontMatter` and one problem. With problems of the other kinds
    (duplicate keys, anchors, tags) it holds what is sound.
    """
    unreadable = _NOT_YAML.search(text)
    if unreadable:
        return FrontMatter(), (_unreadable(unreadable, offset),)
    reader = _Reader(text, offset, [])
    try:
        front_matter = _read(reader)
    except yaml.MarkedYAMLError as error:
        return FrontMatter(), (_yaml_problem(error, reader),)
    except (ValueError, OverflowError):  # the parser hands `\UFFFFFFFF` and `%YAML 1.<5,000 digits>` to chr() and int()
        return FrontMatter(), (_problem("a number that YAML does not take", Span(offset, offset + len(text))),)
    return front_matter, tuple(reader.problems)


def read_params(front_matter: FrontMatter) -> tuple[dict[str, Param], tuple[Problem, ...]] | None:
    """The parameters that `params` declares, by name; None if there is no such key, and so no template."""
    field = front_matter.get("params")
    if field is None:
        return None
    if field.value == "":
        return {}, ()
    if not isinstance(field.value, FrontMatter):
        return {}, (_problem("params is not a mapping", field.value_span, 'write `name: {default: "…"}` below it'),)
    params: dict[str, Param] = {}
    problems: list[Problem] = []
    for declared in field.value.fields:
        wrong = _name_problem(declared)
        if wrong:
            problems.append(wrong)
            continue
        params[declared.name], found = _read_param(declared)
        problems += found
    return params, tuple(problems)


def comment_lines(text: str) -> list[tuple[int, str]]:
    """The lines (from 0) of a front matter that hold a comment and nothing else, each with what stands behind its `#`.

    Where a text is no YAML, only what stands before that is looked at.
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


# What YAML 1.1 calls not printable, and unpaired surrogates. The parser would stop at them without a mark.
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What an escape in quotation marks can still bring into a value, and no text may hold.
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


class _Reader(NamedTuple):
    """What reading passes around: the text, where it starts in its file, and what was found wrong so far."""

    text: str
    offset: int
    problems: list[Problem]

    def span(self, event: yaml.Event) -> Span:
        """The event's place in the file; a block scalar's last line end and what is blank behind it is left out."""
        return self.between(event, event)

    def between(self, first: yaml.Event, last: yaml.Event) -> Span:
        start, end = _index(first.start_mark), _index(last.end_mark)
        return Span(self.offset + start, self.offset + start + len(self.text[start:end].rstrip()))

    def refuse(self, message: str, span: Span, help_: str | None = None) -> None:
        self.problems.append(_problem(message, span, help_))


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end is still to come. `key` is the one that waits for its value."""

    start: yaml.Event
    items: list[Item] | None
    fields: dict[str, Field]
    key: tuple[str, Span] | None = None
    waits: bool = False
    """Whether the next value belongs to a key, kept or refused."""


def _read(reader: _Reader) -> FrontMatter:
    """The one document's mapping, built on a stack of its own."""
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
            reader.refuse("the front matter is no mapping of `key: value` lines", span)
    return front_matter


def _events(reader: _Reader) -> Iterator[yaml.Event]:
    """The parser's events, as they are read, up to a second document."""
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
        reader.refuse(f"an alias (*{event.anchor})", span, help_="write the value again")
        return "", span
    _refuse_extras(event, reader)
    if _NOT_TEXT.search(event.value):
        reader.refuse("an escape that stands for no character of a text", span)
        return "", span
    return event.value, span


def _refuse_extras(event: yaml.ScalarEvent | yaml.CollectionStartEvent, reader: _Reader) -> None:
    """Refuse an anchor and a tag: the first copies values, the second types them, and here every scalar is a string."""
    span = Span(reader.span(event).start, reader.span(event).start + 1)
    if event.anchor is not None:
        reader.refuse(f"an anchor (&{event.anchor})", span, help_="write the value where it is needed")
    if event.tag is not None:
        reader.refuse(f"a tag ({event.tag.replace('tag:yaml.org,2002:', '!!')})", span, help_="leave it out")


def _put(container: _Open, value: Value, span: Span, reader: _Reader) -> None:
    """Add a node to its container: an item, a key, or the value of the key before it."""
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
    """The key, or None with a problem: its value is then read and dropped."""
    if not isinstance(value, str):
        reader.refuse("a key that is a list or a mapping", span)
        return None
    first = container.fields.get(value)
    if first:
        # The front matter starts on line 2 of its file.
        line = 2 + reader.text.count("\n", 0, first.name_span.start - reader.offset)
        reader.refuse(f'the key "{value}" is already on line {line}', span, help_="keep one of the two")
        return None
    if value == "<<" and reader.text[span.start - reader.offset] == "<":
        reader.refuse("a merge key (<<)", span, help_="write the keys out")
        return None
    return value, span


def _index(mark: object) -> int:
    """Where a mark stands in the text, in code points."""
    return int(getattr(mark, "index", 0))


def _unreadable(found: re.Match[str], offset: int) -> Problem:
    message = f"a character that YAML does not take: U+{ord(found.group()):04X}"
    return _problem(message, Span(offset + found.start(), offset + found.end()))


_QUOTE = "put the value in quotation marks"

# (what the parser says, what we say, what helps). The first that is found in its words is taken.
_YAML_SAYS = (
    ("mapping values are not allowed here", "a colon and a blank inside an unquoted value", _QUOTE),
    ("found character '\\t'", "a tab where YAML takes spaces only", "indent with spaces"),
    ("that cannot start any token", "a character that no unquoted value can start with", _QUOTE),
    ("found unexpected end of stream", "a quotation mark that is never closed", None),
    (
        "found unknown escape character",
        "an unknown escape in double quotes",
        "use single quotes, or double the backslash",
    ),
    ("expected ',' or", "a bracket that is never closed, or no comma between two values", _QUOTE),
    ("expected the node content", "a value that is not complete", _QUOTE),
    ("could not find expected ':'", "a line that is no `key: value`", None),
    ("expected <block end>", "something behind a complete value, or an indent that fits nothing above", _QUOTE),
    ("expected '<document start>'", "an indent that fits nothing above", None),
    ("expected alphabetic or numeric character", "a value that starts with & or *", _QUOTE),
    (
        "expected chomping or indentation",
        "text behind the | or > of a block",
        "write the text on the next line, indented",
    ),
)


def _yaml_problem(error: yaml.MarkedYAMLError, reader: _Reader) -> Problem:
    said = f"{error.problem or error.context or 'not YAML'}"
    mark = error.problem_mark or error.context_mark
    # An open quotation mark is found at the end of the text, and is a mistake where it stands.
    if said.startswith("found unexpected end of stream") and error.context_mark:
        mark = error.context_mark
    start = min(_index(mark), len(reader.text))
    span = Span(reader.offset + start, reader.offset + min(start + 1, len(reader.text)))
    for part, message, help_ in _YAML_SAYS:
        if part in said:
            return _problem(message, span, help_)
    return _problem(f"not YAML: {said}", span)


_TRUTH = {"true": True, "false": False}
_PARAM_KEYS = ("default", "required", "enum")

# Names to which Jinja itself gives a meaning.
_JINJA_NAMES = frozenset({"true", "false", "none", "self", "super", "loop", "caller", "varargs", "kwargs"})


def _name_problem(declared: Field) -> Problem | None:
    name, span = declared.name, declared.name_span
    # Not `isidentifier`: Python holds two names for one that Jinja tells apart (`ﬁ`, `fi`).
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        help_ = "use letters, digits and _, and no digit first"
        return _problem(f'"{name}" cannot be the name of a parameter', span, help_)
    if keyword.iskeyword(name) or name in _JINJA_NAMES:
        return _problem(f'"{name}" means something in a template already', span, "choose another name")
    return None


def _read_param(declared: Field) -> tuple[Param, list[Problem]]:
    """One parameter. What is wrong in it counts as not written, so that one mistake is one problem."""
    name, value = declared.name, declared.value
    plain = Param(name, None, False, None, declared.name_span)  # noqa: FBT003 - read with the class beside it
    if value == "":
        return plain, []
    if not isinstance(value, FrontMatter):
        help_ = f'write `{name}: {{default: "…"}}`, or `{name}: {{}}`'
        return plain, [_problem(f'the parameter "{name}" is not a mapping', declared.value_span, help_)]
    problems = [_unknown_key(field) for field in value.fields if field.name not in _PARAM_KEYS]
    default, required, enum = (value.get(key) for key in _PARAM_KEYS)
    texts = _texts(enum, problems)
    must = _truth(required, problems)
    preset = _default(default, texts, problems)
    if must and default:
        help_ = "leave out one of them"
        problems.append(_problem(f'"{name}" is required and has a default', default.name_span, help_))
    return Param(name, preset, must, texts, declared.name_span), problems


def _unknown_key(field: Field) -> Problem:
    near = get_close_matches(field.name, _PARAM_KEYS, n=1)
    help_ = f"did you mean {near[0]}?" if near else f"a parameter has {', '.join(_PARAM_KEYS)}"
    return _problem(f'a parameter has no "{field.name}"', field.name_span, help_)


def _truth(field: Field | None, problems: list[Problem]) -> bool:
    if field is None:
        return False
    truth = _TRUTH.get(field.value.lower()) if isinstance(field.value, str) else None
    if truth is None:
        problems.append(_problem("required is neither true nor false", field.value_span))
    return truth is True


def _texts(field: Field | None, problems: list[Problem]) -> tuple[str, ...] | None:
    if field is None:
        return None
    items = field.value if isinstance(field.value, tuple) else ()
    texts = tuple(item.value for item in items if isinstance(item.value, str))
    if not items or len(texts) < len(items):
        problems.append(_problem("enum is not a list of values", field.value_span, "write `enum: [one, two]`"))
        return None
    return texts


def _default(field: Field | None, enum: tuple[str, ...] | None, problems: list[Problem]) -> str | None:
    if field is None:
        return None
    if not isinstance(field.value, str):
        problems.append(_problem("the default is not a text", field.value_span, "parameters are strings"))
        return None
    if DIRECTIVE_OPENER.search(field.value):
        message = "a default that holds a directive"
        help_ = "write the directive in the pattern, inside an `if` on the parameter"
        problems.append(Problem(DIRECTIVE_IN_PARAM, message, field.value_span, help_))
    if enum is not None and field.value not in enum:
        help_ = f"it takes {', '.join(enum)}"
        problems.append(_problem(f'the default "{field.value}" is not in enum', field.value_span, help_))
    return field.value


def _problem(message: str, span: Span, help_: str | None = None) -> Problem:
    return Problem(INVALID_FRONT_MATTER, message, span, help_)
