"""Checks what a template may contain: its syntax tree, node by node."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left, bisect_right

from jinja2 import TemplateSyntaxError, nodes

from skillweave.diagnostics import TEMPLATE_ERROR, Problem
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.template.scan import FILTERS, ONLY, RAW, STATEMENTS, Scan, environment, shortened
from skillweave.template.values import MAX_BITS, MAX_BRANCHES, MAX_DEPTH, MAX_JOINTS, MAX_TERMS, Segment
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Mapping, Sequence

    from skillweave.front_matter.values import Param
    from skillweave.source import Span


class Checks(NamedTuple):
    """What all checks share: the template, its parameters, how often it uses each name, and the names already reported."""

    scan: Scan
    params: Mapping[str, Param]
    names: Counter[str]
    unknown: set[str]
    """The undeclared names that were reported: each is reported once."""
    start: int = 0
    """The offset in the body where the checked part begins."""

    def find(self, line: int, *hints: str) -> Span:
        """The span of a node, whose line is counted from the start of the checked part."""
        return self.scan.find(line + self.scan.index.line_of(self.start), *hints, start=self.start)


def tree_of(source: str, checks: Checks, whole: Span) -> nodes.Template | Problem:
    """Parse a body to a syntax tree, or return the problem; `whole` is its span if there is no better one."""
    try:
        with warnings.catch_warnings(action="ignore"):  # an unknown escape in a string is Python's warning, not ours
            return environment().parse(source)
    except TemplateSyntaxError as error:
        return _syntax_problem(error, checks)
    except (RecursionError, ValueError) as error:  # ValueError: int() of thousands of digits
        too_deep = f"something nested deeper than {MAX_DEPTH} levels"
        what = too_deep if isinstance(error, RecursionError) else "a number too long"
        return Problem(TEMPLATE_ERROR, f"the template contains {what}", whole)


def tag_by_tag(checks: Checks, told: Sequence[Span]) -> Iterator[Problem]:
    """Check each tag by itself, for a body that does not parse as a whole. `told` are the places of earlier findings.

    Consequences of those findings are not reported: in a tag that contains one, and in a tag that uses a name which a
    refused statement (such as `for`) would have set. A finding at the start of a tag (such as an unclosed `if`) does
    not count as being inside it.
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
        tree = tree_of(f"{{% if {inner} %}}{{% endif %}}" if is_block else f"{{{{ {inner} }}}}", own, span)
        yield from (tree,) if isinstance(tree, Problem) else refusals(tree, own)


def _given(segment: Segment) -> Iterator[str]:
    """The names in a refused statement, as it may set them."""
    if segment.kind == "block" and segment.tokens[1].value not in STATEMENTS:
        yield from (token.value for token in segment.tokens[2:] if token.kind == "name")
        yield from ("loop",) if segment.tokens[1].value == "for" else ()


def refusals(tree: nodes.Template, checks: Checks) -> Iterator[Problem]:
    """Report everything in a tree that is not allowed. The children of a refused node are not looked at."""
    stack: list[tuple[nodes.Node, _Nesting]] = [(tree, _Nesting())]
    joints = 0
    while stack:
        node, nesting = stack.pop()
        joints += isinstance(node, nodes.And | nodes.Or)
        too_much = _too_much(nesting, joints)
        message = too_much or _objection(node)
        if message:
            yield Problem(TEMPLATE_ERROR, message, checks.find(node.lineno, *_hints(node)), ONLY)
            if too_much:
                return
            continue
        if isinstance(node, nodes.Name):
            checks.names[node.name] += 1
            if node.name not in checks.params and node.name not in checks.unknown:
                checks.unknown.add(node.name)
                yield _undeclared(node, checks)
        stack += reversed([*_children(node, nesting)])


class _Nesting(NamedTuple):
    """How deep a node is nested, in the eyes of the compiler."""

    depth: int = 0
    """How many expressions are around it."""
    terms: int = 1
    """How many terms come with it in the chains of `and` and `or` that it is in."""
    branches: int = 0
    """How many branches come before it in the `if`s around it."""


def _children(node: nodes.Node, nesting: _Nesting) -> Iterator[tuple[nodes.Node, _Nesting]]:
    """Yield what a node consists of. `a or b or c` is a chain, although `a or b` is a child of the second `or`."""
    if isinstance(node, nodes.If):
        yield node.test, nesting
        yield from ((child, nesting) for child in node.body)
        for number, branch in enumerate(node.elif_, 1):
            yield branch, nesting._replace(branches=nesting.branches + number)
        behind = nesting._replace(branches=nesting.branches + len(node.elif_) + 1)
        yield from ((child, behind) for child in node.else_)
        return
    for child in node.iter_child_nodes():
        if isinstance(node, nodes.And | nodes.Or) and type(child) is type(node) and child is node.left:
            yield child, nesting._replace(terms=nesting.terms + 1)
        else:
            yield child, nesting._replace(depth=nesting.depth + isinstance(node, nodes.Expr))


def _too_much(nesting: _Nesting, joints: int) -> str | None:
    """Which limit is exceeded, if any. `joints` are the `and`s and `or`s found so far."""
    if nesting.depth > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH} levels"
    if nesting.terms > MAX_TERMS:
        return f"more than {MAX_TERMS} terms joined by `and` or `or`"
    if joints > MAX_JOINTS:
        return f"more than {MAX_JOINTS:,} `and`s and `or`s in one template"
    if nesting.branches > MAX_BRANCHES:
        return f"more than {MAX_BRANCHES} branches of `if`s before this one"
    return None


def _undeclared(node: nodes.Name, checks: Checks) -> Problem:
    near = near_names(node.name, checks.params)
    cure = f"did you mean {near[0]}?" if near else f"declare it: `params: {{{node.name}: {{}}}}`"
    message = f'"{node.name}" is not declared in params'
    return Problem(TEMPLATE_ERROR, message, checks.find(node.lineno, node.name), cure)


_PLAIN = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Operand),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Concat),
)
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
    """Why a node is refused; None if it is allowed."""
    match node:
        case nodes.Keyword():
            return None
        case nodes.Const(value=value):
            return _constant_objection(value)
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


def _constant_objection(value: object) -> str | None:
    """Why a constant is refused: no text can contain it."""
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return "a number too long"
    is_no_text = isinstance(value, str) and re.search("[\0\ud800-\udfff]", value) is not None
    return "a string with a character that no text can contain" if is_no_text else None


def _filter_objection(node: nodes.Filter) -> str | None:
    """Why a filter is refused: it is not one of the six, or its arguments would make it fail."""
    takes = FILTERS.get(node.name)
    if takes is None:
        return f'"{node.name}" is not one of the filters'
    given = [*takes[: len(node.args)], *(keyword.key for keyword in node.kwargs)]
    fits = len(node.args) <= len(takes) and len(set(given)) == len(given) and set(given) <= set(takes)
    if node.node is None or node.dyn_args or node.dyn_kwargs or not fits:
        return f'the filter "{node.name}" does not take these arguments'
    values = [*node.args, *(keyword.value for keyword in node.kwargs)]
    if node.name == "trim" and any(_kinds(value) != {"text"} for value in values):
        return 'the filter "trim" takes a string'
    return None


def _compare_objection(node: nodes.Compare) -> str | None:
    """Why a comparison is refused.

    Parameters are texts, so ordering a text and a number, or searching in a number, would fail when it runs.
    """
    kinds = [_kinds(node.expr), *(_kinds(operand.expr) for operand in node.ops)]
    equal = all(operand.op in ("eq", "ne") for operand in node.ops)
    searched = any(operand.op in ("in", "notin") for operand in node.ops)
    if equal or all(kind == {"text"} for kind in kinds) or (not searched and all(kind == {"number"} for kind in kinds)):
        return None
    return (
        "a comparison of a string with something else: parameters are strings, so put the other side in quotation marks"
    )


def _kinds(node: nodes.Node) -> set[str]:
    """The kinds of values that an expression can have: `text`, `number` (also for booleans), `none`."""
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


def _syntax_problem(error: TemplateSyntaxError, checks: Checks) -> Problem:
    got = re.search(r"got '(.*)'$", error.message or "")
    span = checks.find(error.lineno, *(got.groups() if got else ()))
    return Problem(TEMPLATE_ERROR, shortened(error.message or ""), span, RAW)
