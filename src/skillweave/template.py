"""Parameters: a pattern's body as a Jinja2 template, checked, bound to values, and rendered with every line's source.

The only home of `jinja2`. What no template may do is refused before anything runs, from the tokens (which know their
columns) and then from the syntax tree. The text itself never passes through Jinja: rendering yields numbers of pieces,
which are cut from the source, and values. So a value is never read again, and every character knows its line.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import count, islice
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from skillweave.diagnostics import (
    DIRECTIVE_IN_PARAM,
    EXPANSION_TOO_LARGE,
    INVALID_PARAM,
    MISSING_PARAM,
    TEMPLATE_ERROR,
    UNKNOWN_PARAM,
    Problem,
)
from skillweave.front_matter.params import DIRECTIVE_OPENER
from skillweave.source import LineIndex, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import jinja2

    from skillweave.front_matter.values import Param

MAX_DEPTH = 40
"""How deep expressions and `if`s may nest: Jinja's parser and Python's compiler recurse on both."""

MAX_BYTES = 16 * 1024 * 1024
"""What a rendered template may come to, if the caller names no limit."""


class Kept(NamedTuple):
    """Where a mask's text stands after rendering: its index in `masks`, the rendered line, the column from 0."""

    mask: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendered body: its lines (joined by LF they are the text) and, for each, the physical line (from 0) of the
    source that its first character came from.
    """

    lines: tuple[str, ...]
    sources: tuple[int, ...]
    kept: tuple[Kept, ...]


class Chunk(NamedTuple):
    """A part of one source line that reaches the output; `masks` are those inside it, with their columns in it."""

    text: str
    line: int
    masks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template. `pieces` are its texts by their number, and the line for each expression's value."""

    text: str
    last_line: int
    pieces: tuple[tuple[Chunk, ...] | int, ...]
    uses: tuple[tuple[str, int], ...]
    first_tag: Span
    program: jinja2.Template


def check_template(
    text: str, body_start: int, params: Mapping[str, Param], masks: Sequence[Span]
) -> tuple[Template | None, tuple[Problem, ...]]:
    """Check the body of a file, all of it, in branches taken or not. Without a problem there is a template.

    `masks` are the spans of the directives' spellings in `text`, in rising order; they come out as they stand.
    """
    scan = _scan(text, body_start, masks)
    checks = _Checks(scan, params, Counter(), set())
    problems = scan.problems or (*_masked_tags(scan, masks), *_blocks(scan), *_brackets(scan))
    if problems:
        return None, (*problems, *_tag_by_tag(checks, [problem.span for problem in problems]))
    tree = _tree(scan.body, checks, scan.first_tag)
    if isinstance(tree, Problem):
        return None, tuple(_tag_by_tag(checks, ())) or (tree,)
    found = tuple(_refused(tree, checks))
    if found:
        return None, found
    return _compile(tree, scan, masks, checks.names), ()


def render_template(template: Template, values: Mapping[str, str], limit: int = MAX_BYTES) -> Rendered | Problem:
    """The body with `values` (one for every parameter), or what keeps it from being rendered: its size.

    No operation repeats a value, so the output is at most the template's own text and, for every place that names a
    parameter, three times its value (`ΐ` is three characters in upper case). That is known before anything runs.
    """
    size = len(template.text) + sum(3 * count * len(values[name]) for name, count in template.uses)
    if size > limit:
        message = f"this template and its values come to {size:,} characters, above {limit:,}"
        return Problem(EXPANSION_TOO_LARGE, message, template.first_tag)
    lines: list[list[str]] = [[]]
    sources = [template.last_line]
    kept: list[Kept] = []
    column = 0
    for chunk in _chunks(template, values):
        if not column:
            sources[-1] = chunk.line
        kept += (Kept(mask, len(lines) - 1, column + at) for mask, at in chunk.masks)
        lines[-1].append(chunk.text)
        column += len(chunk.text)
        if chunk.text.endswith("\n"):
            lines.append([])
            sources.append(template.last_line)
            column = 0
    joined = ["".join(parts).removesuffix("\n") for parts in lines]
    return Rendered(tuple(joined), tuple(sources), tuple(kept))


def bind(
    params: Mapping[str, Param], arguments: Sequence[tuple[str, str | None, Span]], directive_span: Span
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """A value for every parameter, from the arguments, then the defaults, then the empty string; and what is wrong.

    An argument without a value (None) is one that is passed on and not known yet: it is there, and not looked at.
    """
    problems: list[Problem] = []
    values = {name: param.default or "" for name, param in params.items()}
    for name, value, span in arguments:
        wrong = _argument_problem(params, name, value, span)
        if wrong:
            problems.append(wrong)
        if name in params and value is not None:
            values[name] = value
    given = {name for name, _, _ in arguments}
    missing = [name for name, param in params.items() if param.required and name not in given]
    if missing:
        what = "a parameter" if len(missing) == 1 else "parameters"
        message = f"the pattern needs {what} that this does not give: {', '.join(missing)}"
        additions = (*(() if given else ("with",)), *(f'{name}="…"' for name in missing))
        problems.append(Problem(MISSING_PARAM, message, directive_span, f"add {' '.join(additions)}"))
    return values, tuple(problems)


def passed_on(value: str) -> str | None:
    """The parameter that an argument in a template passes on: `language` for `{{ language }}`, and nothing else."""
    found = re.fullmatch(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}", value)
    return found.group(1) if found else None


def _argument_problem(params: Mapping[str, Param], name: str, value: str | None, span: Span) -> Problem | None:
    param = params.get(name)
    if param is None:
        near = get_close_matches(name, params, n=1)
        known = f"it has {', '.join(params)}" if params else "it has none"
        help_ = f"did you mean {near[0]}?" if near else known
        return Problem(UNKNOWN_PARAM, f'the pattern has no parameter "{name}"', span, help_)
    if value is None:
        return None
    if DIRECTIVE_OPENER.search(value):
        help_ = "values are never read for directives: write it in the pattern"
        return Problem(DIRECTIVE_IN_PARAM, f'the value of "{name}" holds a directive', span, help_)
    if param.enum is not None and value not in param.enum:
        return Problem(INVALID_PARAM, f'"{name}" does not take "{value}"', span, f"it takes {', '.join(param.enum)}")
    return None


# --- the text, by tokens


class _Token(NamedTuple):
    kind: str
    value: str
    start: int
    end: int


class _Segment(NamedTuple):
    """A stretch of the body: `data`, or a whole `variable`, `block`, `comment` or `raw` tag with its inner tokens."""

    kind: str
    start: int
    end: int
    tokens: tuple[_Token, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scan:
    text: str
    body: str
    """The body, every mask in it written over with as many letters, so that offsets hold."""
    offset: int
    index: LineIndex
    segments: tuple[_Segment, ...]
    problems: tuple[Problem, ...]

    @property
    def first_tag(self) -> Span:
        tag = next((segment for segment in self.segments if segment.kind != "data"), None)
        return self.span(tag) if tag else Span(self.offset, self.offset)

    def span(self, part: _Segment | _Token) -> Span:
        return Span(self.offset + part.start, self.offset + part.end)

    def find(self, line: int, *hints: str, start: int = 0) -> Span:
        """The first token that reads as a hint in a tag of the body's line (from 1) or below; else the line's tag.

        What stands before `start` is not looked at.
        """
        start = max(self.index.starts[min(line, len(self.index.starts)) - 1], start)
        first = bisect_right(self.segments, start, key=lambda segment: segment.end)
        tags = [segment for segment in islice(self.segments, first, first + _NEAR) if segment.kind != "data"]
        tokens = (t for segment in tags for t in segment.tokens if t.start >= start and t.value in hints)
        part: _Segment | _Token | None = next(tokens, None) or next(iter(tags), None)
        return self.span(part) if part else Span(self.offset + start, self.offset + start)


def _scan(text: str, offset: int, masks: Sequence[Span]) -> _Scan:
    """Cut the body into segments. Jinja's lexer tells the tokens; what it strips (`{%-`) stands between them."""
    body = _masked(text, offset, masks)
    segments: list[_Segment] = []
    inner: list[_Token] = []
    problems: list[Problem] = []
    at = 0
    try:
        for _, kind, value in _environment().lex(body):
            start = at
            while not body.startswith(value, start):
                start += 1
            at = start + len(value)
            token = _Token(kind, value, start, at)
            if kind == "data":
                segments.append(_Segment("data", start, at))
            elif kind in ("raw_begin", "raw_end"):
                segments.append(_Segment("raw", start, at))
            elif kind.endswith("_begin"):
                inner = [token]
            elif kind.endswith("_end"):
                segments.append(_Segment(kind.removesuffix("_end"), inner[0].start, at, (*inner, token)))
                inner = []
            elif kind != "whitespace":
                inner.append(token)
    except TemplateSyntaxError as error:
        raw = segments[-1].start if segments and segments[-1].kind == "raw" else at
        begin = inner[0].start if inner else raw
        problems.append(_lexing_problem(error, body, Span(offset + begin, offset + at), offset))
    if inner and not problems:
        span = Span(offset + inner[0].start, offset + inner[0].end)
        problems.append(Problem(TEMPLATE_ERROR, f'"{inner[0].value}" is never closed', span, _RAW))
    return _Scan(text, body, offset, LineIndex(body), tuple(segments), tuple(problems))


# A node's line is its tag's, or one of its lines: the token stands among the next few tags of the text.
_NEAR = 100

_RAW = "what is no template goes between {% raw %} and {% endraw %}"


def _masked(text: str, offset: int, masks: Sequence[Span]) -> str:
    parts: list[str] = []
    at = offset
    for start, end in masks:
        if start >= at:
            parts += text[at:start], "x" * (end - start)
            at = end
    return "".join((*parts, text[at:]))


def _masked_tags(scan: _Scan, masks: Sequence[Span]) -> Iterator[Problem]:
    """A directive inside a tag would vanish with it: only text and comments may hold one."""
    tags = iter(segment for segment in scan.segments if segment.kind in ("variable", "block"))
    tag = next(tags, None)
    for mask in masks:
        while tag and scan.offset + tag.end <= mask.start:
            tag = next(tags, None)
        if tag and scan.offset + tag.start < mask.end:
            yield Problem(TEMPLATE_ERROR, "a directive inside a template's tag", mask, "write it outside the tag")


_WORDS = ("if", "elif", "else", "endif", "raw", "endraw")
_ONLY = (
    "a template takes if, raw, parameters, constants, comparisons, and, or, not, ~ and the filters "
    "upper, lower, title, capitalize, trim, default"
)


def _blocks(scan: _Scan) -> Iterator[Problem]:
    """Refuse every statement but `if`, and what does not close: told from the tokens, so with a column."""
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
        elif word not in _WORDS:
            if word.removeprefix("end") not in refused:
                refused.add(word)
                message = f'a template has no "{word}"' if segment.tokens[1].kind == "name" else "an empty tag"
                yield Problem(TEMPLATE_ERROR, message, span, _statement_help(word))
        elif not _continues(opened, word) and not refused:
            yield Problem(TEMPLATE_ERROR, f'"{word}" has nothing to belong to', span)
    for left in opened:
        yield Problem(TEMPLATE_ERROR, "this `if` is never closed", left.span, "add {% endif %}")


class _If(NamedTuple):
    span: Span
    else_seen: bool


def _continues(opened: list[_If], word: str) -> bool:
    """Whether `elif`, `else` or `endif` fits the innermost open `if`, which then goes on or is closed."""
    if not opened or word == "endraw" or (opened[-1].else_seen and word != "endif"):
        return False
    innermost = opened.pop()
    if word != "endif":
        opened.append(innermost._replace(else_seen=word == "else"))
    return True


def _brackets(scan: _Scan) -> Iterator[Problem]:
    """Refuse brackets that nest too deeply for the parser, before it sees them."""
    for segment in scan.segments:
        depth = 0
        for token in segment.tokens[1:-1]:
            depth += (token.value in ("(", "[", "{")) - (token.value in (")", "]", "}"))
            if depth > MAX_DEPTH:
                yield Problem(TEMPLATE_ERROR, f"brackets nested deeper than {MAX_DEPTH} levels", scan.span(token))
                return


def _statement_help(word: str) -> str:
    near = get_close_matches(word, _WORDS, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else _ONLY


def _lexing_problem(error: TemplateSyntaxError, body: str, tag: Span, offset: int) -> Problem:
    said = error.message or ""
    found = re.search(r"unexpected char (.+) at (\d+)$", said)
    if found:
        at = offset + int(found.group(2))
        message = f'"{body[at - offset]}" has no meaning in a template\'s tag'
        return Problem(TEMPLATE_ERROR, message, Span(at, at + 1), _RAW)
    if said.startswith("Missing end of"):
        return Problem(TEMPLATE_ERROR, "a comment or raw block that is never closed", tag)
    return Problem(TEMPLATE_ERROR, _short(said), tag, _RAW)


# --- the syntax tree


class _Checks(NamedTuple):
    scan: _Scan
    params: Mapping[str, Param]
    names: Counter[str]
    unknown: set[str]
    """The names that were told of: each is once."""
    start: int = 0
    """The offset in the body at which what is checked begins."""

    def find(self, line: int, *hints: str) -> Span:
        """The place of a node: its line is counted from where what is checked begins."""
        return self.scan.find(line + self.scan.index.line_of(self.start), *hints, start=self.start)


def _tree(source: str, checks: _Checks, whole: Span) -> nodes.Template | Problem:
    """The syntax tree of a body, or why it has none; `whole` is where that is, if nothing says it better."""
    try:
        with warnings.catch_warnings(action="ignore"):  # an unknown escape in a string is Python's warning, not ours
            return _environment().parse(source)
    except TemplateSyntaxError as error:
        return _syntax_problem(error, checks)
    except (RecursionError, ValueError) as error:  # ValueError: int() of thousands of digits
        too_deep = f"something nested deeper than {MAX_DEPTH} levels"
        what = too_deep if isinstance(error, RecursionError) else "a number too long"
        return Problem(TEMPLATE_ERROR, f"the template holds {what}", whole)


def _tag_by_tag(checks: _Checks, told: Sequence[Span]) -> Iterator[Problem]:
    """The objections to each tag by itself, for a body that is no tree as a whole. `told` are places of findings.

    What follows from a finding stays silent: a tag that one lies in, and one that names what a refused statement (a
    `for`) would have set. A finding that begins with its tag (an open `if`) says nothing of what the tag holds.
    """
    scan = checks.scan
    given = {name for segment in scan.segments for name in _given(segment)} - checks.params.keys()
    starts = sorted(span.start for span in told)
    for segment in scan.segments:
        is_block = segment.kind == "block"
        span = scan.span(segment)
        if segment.kind != "variable" and not (is_block and segment.tokens[1].value in ("if", "elif")):
            continue
        if bisect_right(starts, span.start) < bisect_left(starts, span.end):
            continue
        if any(token.value in given for token in segment.tokens):
            continue
        own = checks._replace(start=segment.tokens[is_block].end)
        inner = scan.body[own.start : segment.tokens[-1].start]
        tree = _tree(f"{{% if {inner} %}}{{% endif %}}" if is_block else f"{{{{ {inner} }}}}", own, span)
        yield from (tree,) if isinstance(tree, Problem) else _refused(tree, own)


def _given(segment: _Segment) -> Iterator[str]:
    """The names in a refused statement, which may be those that it sets."""
    if segment.kind == "block" and segment.tokens[1].value not in _WORDS:
        yield from (token.value for token in segment.tokens[2:] if token.kind == "name")
        yield from ("loop",) if segment.tokens[1].value == "for" else ()


def _refused(tree: nodes.Template, checks: _Checks) -> Iterator[Problem]:
    """Whatever the tree holds beyond the allowed; a refused node's children are not looked at."""
    stack: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        message = f"nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else _objection(node)
        if message:
            yield Problem(TEMPLATE_ERROR, message, checks.find(node.lineno, *_hints(node)), _ONLY)
            if depth > MAX_DEPTH:
                return
            continue
        if isinstance(node, nodes.Name):
            checks.names[node.name] += 1
            if node.name not in checks.params and node.name not in checks.unknown:
                checks.unknown.add(node.name)
                yield _undeclared(node, checks)
        children = list(node.iter_child_nodes())
        # A chain of `and` is a deep tree, a text of `elif`s a wide one: only expressions count.
        deeper = depth + isinstance(node, nodes.Expr)
        stack += ((child, deeper) for child in reversed(children))


def _undeclared(node: nodes.Name, checks: _Checks) -> Problem:
    near = get_close_matches(node.name, checks.params, n=1)
    help_ = f"did you mean {near[0]}?" if near else f"declare it: `params: {{{node.name}: {{}}}}`"
    message = f'"{node.name}" is not declared in params'
    return Problem(TEMPLATE_ERROR, message, checks.find(node.lineno, node.name), help_)


_PLAIN = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Operand),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Concat),
)
_FILTERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("upper", "lower", "title", "capitalize"), ()),
    "trim": ("chars",),
    "default": ("default_value", "boolean"),
}
_NAMED = (
    (nodes.Call, "a call", "("),
    (nodes.Getattr, "an attribute", "."),
    (nodes.Getitem, "a subscript", "["),
    (nodes.Test, "a test", "is"),
    (nodes.BinExpr, "arithmetic", ""),
    (nodes.UnaryExpr, "arithmetic", ""),
    (nodes.Literal, "a list, tuple or dictionary", ""),
)


def _objection(node: nodes.Node) -> str | None:
    """Why a node is refused, or None."""
    match node:
        case nodes.Keyword():
            return None
        case nodes.Const(value=value):
            return "a string with a character that no text holds" if _is_no_text(value) else None
        case nodes.Filter():
            return _filter_objection(node)
        case nodes.CondExpr(expr2=None):
            return "an inline `if` without `else`"
        case nodes.CondExpr():
            return None
        case nodes.Compare():
            return _compare_objection(node)
        case _ if isinstance(node, _PLAIN):
            return None
    named = next((words for kind, words, _ in _NAMED if isinstance(node, kind)), type(node).__name__.lower())
    return f"{named} is not allowed in a template"


def _hints(node: nodes.Node) -> tuple[str, ...]:
    if isinstance(node, nodes.BinExpr | nodes.UnaryExpr):
        return (node.operator,)
    if isinstance(node, nodes.Filter):
        return (node.name,)
    return next(((hint,) for kind, _, hint in _NAMED if isinstance(node, kind)), ())


def _is_no_text(value: object) -> bool:
    return isinstance(value, str) and re.search("[\0\ud800-\udfff]", value) is not None


def _filter_objection(node: nodes.Filter) -> str | None:
    """A filter that is not one of the six, or arguments it would stumble over."""
    takes = _FILTERS.get(node.name)
    if takes is None:
        return f'"{node.name}" is not one of the filters'
    given = [*takes[: len(node.args)], *(keyword.key for keyword in node.kwargs)]
    fits = len(node.args) <= len(takes) and len(set(given)) == len(given) and set(given) <= set(takes)
    if node.node is None or node.dyn_args or node.dyn_kwargs or not fits:
        return f'the filter "{node.name}" does not take these arguments'
    values = [*node.args, *(keyword.value for keyword in node.kwargs)]
    if node.name == "trim" and any(_kinds(value) != {"text"} for value in values):
        return 'the filter "trim" takes a text'
    return None


def _compare_objection(node: nodes.Compare) -> str | None:
    """Parameters are text: an order between a text and a number, or a search in a number, would fail when it runs."""
    kinds = [_kinds(node.expr), *(_kinds(operand.expr) for operand in node.ops)]
    equal = all(operand.op in ("eq", "ne") for operand in node.ops)
    searched = any(operand.op in ("in", "notin") for operand in node.ops)
    if equal or all(kind == {"text"} for kind in kinds) or (not searched and all(kind == {"number"} for kind in kinds)):
        return None
    return "a comparison of a text with something else: parameters are texts, so put the other side in quotation marks"


def _kinds(node: nodes.Node) -> set[str]:
    """What an expression can come to: `text`, `number` (a truth is one), `none`."""
    kinds: set[str] = set()
    stack = [node]
    while stack:
        match stack.pop():
            case nodes.Const(value=value):
                kinds.add("text" if isinstance(value, str) else "none" if value is None else "number")
            case nodes.Compare() | nodes.Not():
                kinds.add("number")
            case nodes.And(left=left, right=right) | nodes.Or(left=left, right=right):
                stack += (left, right)
            case nodes.CondExpr(expr1=one, expr2=other):
                stack += (one, other) if other else (one,)
            case nodes.Filter(name="default") as filtered:
                stack += (n for n in (filtered.node, *filtered.args, *(k.value for k in filtered.kwargs)) if n)
            case _:
                kinds.add("text")
    return kinds


def _syntax_problem(error: TemplateSyntaxError, checks: _Checks) -> Problem:
    got = re.search(r"got '(.*)'$", error.message or "")
    span = checks.find(error.lineno, *(got.groups() if got else ()))
    return Problem(TEMPLATE_ERROR, _short(error.message or ""), span, _RAW)


def _short(said: str) -> str:
    """A parser's sentence in our words."""
    for theirs, ours in (
        ("'end of print statement'", '"}}"'),
        ("'end of statement block'", '"%}"'),
        ("expected token ", "expected "),
        ("Expected an expression, got", "a value is missing before"),
        ("Encountered ", ""),
        ("'", '"'),
    ):
        said = said.replace(theirs, ours)
    return said[:1].lower() + said[1:].rstrip(".")


# --- rendering


def _environment() -> ImmutableSandboxedEnvironment:
    """Jinja's sandbox with the six filters, and nothing else that a name could reach."""
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.globals.clear()
    environment.tests.clear()
    for name in environment.filters.keys() - _FILTERS:
        del environment.filters[name]
    return environment


def _compile(tree: nodes.Template, scan: _Scan, masks: Sequence[Span], names: Counter[str]) -> Template:
    """Put the number of a piece in the place of every text, and before every expression, and compile that.

    Texts and expressions stand in the tree in the order of the segments, comments left out; every one becomes an
    output of its own, since Jinja yields once for each.
    """
    pieces = tuple(_pieces(scan, masks))
    tree.body = _numbered(tree.body, count())
    program = _environment().from_string(tree)
    last_line = LineIndex(scan.text).line_of(len(scan.text))
    return Template(scan.text, last_line, pieces, tuple(sorted(names.items())), scan.first_tag, program)


def _numbered(body: list[nodes.Node], numbers: Iterator[int]) -> list[nodes.Node]:
    """The statements with numbers for texts. It recurses on `if`s, which nest to `MAX_DEPTH` and no deeper."""
    numbered: list[nodes.Node] = []
    for node in body:
        if isinstance(node, nodes.Output):
            for child in node.nodes:
                numbered.append(nodes.Output([nodes.TemplateData(str(next(numbers)))], lineno=node.lineno))
                if not isinstance(child, nodes.TemplateData):
                    numbered.append(nodes.Output([child], lineno=node.lineno))
        elif isinstance(node, nodes.If):
            node.body = _numbered(node.body, numbers)
            for branch in node.elif_:
                branch.body = _numbered(branch.body, numbers)
            node.else_ = _numbered(node.else_, numbers)
            numbered.append(node)
    return numbered


def _pieces(scan: _Scan, masks: Sequence[Span]) -> Iterator[tuple[Chunk, ...] | int]:
    """The text of every data segment by source lines, and the line of every expression, in the order of the body."""
    index = LineIndex(scan.text)
    starts = [mask.start for mask in masks]
    dropped = _dropped(scan)
    for segment in scan.segments:
        if segment.kind == "variable":
            yield index.line_of(scan.offset + segment.start)
        elif segment.kind == "data":
            parts = (part for part in _lines(scan.body, segment) if part not in dropped)
            spans = (Span(scan.offset + start, scan.offset + end) for start, end in parts)
            yield tuple(_chunk(scan.text, span, index, starts) for span in spans)


def _chunk(text: str, span: Span, index: LineIndex, mask_starts: Sequence[int]) -> Chunk:
    inside = range(bisect_left(mask_starts, span.start), bisect_left(mask_starts, span.end))
    masks = tuple((number, mask_starts[number] - span.start) for number in inside)
    return Chunk(text[span.start : span.end], index.line_of(span.start), masks)


def _lines(body: str, segment: _Segment) -> Iterator[Span]:
    """A segment's text, cut behind its line ends."""
    start = segment.start
    while start < segment.end:
        end = body.find("\n", start, segment.end) + 1 or segment.end
        yield Span(start, end)
        start = end


def _dropped(scan: _Scan) -> set[Span]:
    """What is blank on lines that hold nothing but `{% … %}` and `{# … #}`, their line ends with it.

    A line here ends where text has a line end: what `{%-` takes away, or a comment holds, ends none.
    """
    dropped: set[Span] = set()
    blanks: list[Span] = []
    tag = solid = False
    for segment in scan.segments:
        if segment.kind != "data":
            tag = tag or segment.kind != "variable"
            solid = solid or segment.kind == "variable"
            continue
        for part in _lines(scan.body, segment):
            piece = scan.body[part.start : part.end]
            blanks.append(part)
            solid = solid or piece.strip(" \t\n") != ""
            if piece.endswith("\n"):
                dropped.update(blanks if tag and not solid else ())
                blanks, tag, solid = [], False, False
    dropped.update(blanks if tag and not solid else ())
    return dropped


def _chunks(template: Template, values: Mapping[str, str]) -> Iterator[Chunk]:
    """What the template renders to: it yields the number of a piece and, behind an expression's, the value."""
    rendered = template.program.generate(dict(values))
    for number in rendered:
        piece = template.pieces[int(number)]
        if isinstance(piece, int):
            *whole, last = next(rendered).replace("\r\n", "\n").replace("\r", "\n").split("\n")
            yield from (Chunk(f"{line}\n", piece, ()) for line in whole)
            if last:
                yield Chunk(last, piece, ())
        else:
            yield from piece
