"""The parameters that a pattern's front matter declares."""

from __future__ import annotations

import keyword
import re

from skillweave.diagnostics import DIRECTIVE_IN_PARAM, Problem
from skillweave.directive.openers import SPELLED
from skillweave.front_matter.values import Field, FrontMatter, Param, problem
from skillweave.phrases import near_names

DIRECTIVE_OPENER = re.compile(rf"(?<![<{{$]){SPELLED}")
"""Matches the beginning of a directive, which no parameter's value may contain."""


def read_params(field: Field) -> tuple[dict[str, Param], tuple[Problem, ...]]:
    """The parameters that the field `params` declares, by name, with problems."""
    if field.value == "":
        return {}, ()
    if not isinstance(field.value, FrontMatter):
        return {}, (problem("params is not a mapping", field.value_span, 'write `name: {default: "…"}` below it'),)
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


_TRUTH = {"true": True, "false": False}
_PARAM_KEYS = ("default", "required", "enum")

# Names that have a meaning in Jinja itself.
_JINJA_NAMES = frozenset({"true", "false", "none", "self", "super", "loop", "caller", "varargs", "kwargs"})


def _name_problem(declared: Field) -> Problem | None:
    name, span = declared.name, declared.name_span
    # Not `isidentifier`: Python normalises names that Jinja keeps apart, such as `ﬁ` and `fi`.
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        cure = "use letters, digits and _, and no digit first"
        return problem(f'"{name}" cannot be the name of a parameter', span, cure)
    if keyword.iskeyword(name) or name in _JINJA_NAMES:
        return problem(f'"{name}" already has a meaning in templates', span, "choose another name")
    return None


def _read_param(declared: Field) -> tuple[Param, list[Problem]]:
    """Read one parameter. A broken part counts as not written, so that one mistake gives one problem."""
    name, value = declared.name, declared.value
    plain = Param(name, None, False, None, declared.name_span)  # noqa: FBT003 (the class beside it names the fields)
    if value == "":
        return plain, []
    if not isinstance(value, FrontMatter):
        cure = f'write `{name}: {{default: "…"}}`, or `{name}: {{}}`'
        return plain, [problem(f'the parameter "{name}" is not a mapping', declared.value_span, cure)]
    problems = [_unknown_key(field) for field in value.fields if field.name not in _PARAM_KEYS]
    default, required, enum = (value.get(key) for key in _PARAM_KEYS)
    texts = _texts(enum, problems)
    must = _truth(required, problems)
    preset = _default(default, texts, problems)
    if must and default:
        cure = "leave out one of them"
        problems.append(problem(f'"{name}" is required and has a default', default.name_span, cure))
    return Param(name, preset, must, texts, declared.name_span), problems


def _unknown_key(field: Field) -> Problem:
    near = near_names(field.name, _PARAM_KEYS)
    cure = f"did you mean {near[0]}?" if near else f"a parameter can have {', '.join(_PARAM_KEYS)}"
    return problem(f'a parameter cannot have "{field.name}"', field.name_span, cure)


def _truth(field: Field | None, problems: list[Problem]) -> bool:
    if field is None:
        return False
    truth = _TRUTH.get(field.value.lower()) if isinstance(field.value, str) else None
    if truth is None:
        problems.append(problem("required is neither true nor false", field.value_span))
    return truth is True


def _texts(field: Field | None, problems: list[Problem]) -> tuple[str, ...] | None:
    if field is None:
        return None
    items = field.value if isinstance(field.value, tuple) else ()
    texts = tuple(item.value for item in items if isinstance(item.value, str))
    if not items or len(texts) < len(items):
        problems.append(problem("enum is not a list of values", field.value_span, "write `enum: [one, two]`"))
        return None
    return texts


def _default(field: Field | None, enum: tuple[str, ...] | None, problems: list[Problem]) -> str | None:
    if field is None:
        return None
    if not isinstance(field.value, str):
        problems.append(problem("the default is not a string", field.value_span, "parameters are strings"))
        return None
    if DIRECTIVE_OPENER.search(field.value):
        message = "the default contains a directive"
        cure = "write the directive in the pattern, inside an `if` on the parameter"
        problems.append(Problem(DIRECTIVE_IN_PARAM, message, field.value_span, cure))
    if enum is not None and field.value not in enum:
        cure = f"allowed: {', '.join(enum)}"
        problems.append(problem(f'the default "{field.value}" is not in enum', field.value_span, cure))
    return field.value
