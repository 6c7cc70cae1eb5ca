"""Binds the arguments of a directive to a template's parameters, and finds what is wrong with them."""

from __future__ import annotations

import re

from skillweave.diagnostics import DIRECTIVE_IN_PARAM, INVALID_PARAM, MISSING_PARAM, UNKNOWN_PARAM, Problem
from skillweave.front_matter.params import DIRECTIVE_OPENER
from skillweave.phrases import near_names
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skillweave.front_matter.values import Param
    from skillweave.source import Span


def bind(
    params: Mapping[str, Param], arguments: Sequence[tuple[str, str, Span]], directive_span: Span
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """A value for every parameter (from the arguments, else its default, else the empty string), and the problems.

    `arguments` are (name, value, span). A missing parameter is reported at `directive_span`.
    """
    problems: list[Problem] = []
    values = {name: param.default or "" for name, param in params.items()}
    for name, value, span in arguments:
        wrong = _argument_problem(params, name, value, span)
        if wrong:
            problems.append(wrong)
        if name in params:
            values[name] = value
    given = {name for name, _, _ in arguments}
    # A misspelt argument is reported at its place, and the parameter that it means does not count as missing.
    given.update(near for name in given - params.keys() for near in near_names(name, params))
    missing = [name for name, param in params.items() if param.required and name not in given]
    if missing:
        what = "a parameter" if len(missing) == 1 else "parameters"
        message = f"the pattern needs {what} that this directive does not pass: {', '.join(missing)}"
        additions = (*(() if given else ("with",)), *(f'{name}="…"' for name in missing))
        problems.append(Problem(MISSING_PARAM, message, directive_span, f"add {' '.join(additions)}"))
    return values, tuple(problems)


def passed_on(value: str) -> str | None:
    """The name of the parameter that a value passes on: `language` for exactly `{{ language }}`; None for anything else."""
    found = re.fullmatch(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}", value)
    return found.group(1) if found else None


def _argument_problem(params: Mapping[str, Param], name: str, value: str, span: Span) -> Problem | None:
    param = params.get(name)
    if param is None:
        near = near_names(name, params)
        known = f"it has {', '.join(params)}" if params else "it has none"
        cure = f"did you mean {near[0]}?" if near else known
        return Problem(UNKNOWN_PARAM, f'the pattern has no parameter "{name}"', span, cure)
    if DIRECTIVE_OPENER.search(value):
        cure = "directives in values are not resolved: write it in the pattern"
        return Problem(DIRECTIVE_IN_PARAM, f'the value of "{name}" contains a directive', span, cure)
    if param.enum is not None and value not in param.enum:
        return Problem(INVALID_PARAM, f'"{name}" cannot be "{value}"', span, f"allowed: {', '.join(param.enum)}")
    return None
