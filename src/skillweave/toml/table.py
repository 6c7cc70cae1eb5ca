"""A table of a TOML file, read value by value: a value of the wrong kind is a problem at its exact place."""

from __future__ import annotations

import re

from skillweave.diagnostics import INVALID_CONFIG, Problem
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.source import Span, foreign_part
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TypeVar

    from skillweave.toml.places import KeyPath, Places

    _T = TypeVar("_T", bound=str)


class Table(NamedTuple):
    """A table of the file: its contents, its path in the file, and the list that mistakes are added to."""

    data: Mapping[str, object]
    path: KeyPath
    places: Places | None
    """The places of keys and values; None until they are needed, which is only after a mistake."""
    problems: list[Problem]


def report(table: Table, message: str, *path: str | int, cure: str | None = None) -> None:
    """Add a mistake in the value at a path below a table.

    If that has no place, the place is that of the closest value above it.
    """
    whole, span = table.path + path, None
    while table.places and span is None and whole:
        span = table.places.values.get(whole) or table.places.keys.get(whole)
        whole = whole[:-1]
    table.problems.append(Problem(INVALID_CONFIG, message, span or Span(0, 0), cure))


def report_unknown(table: Table, known: list[str], cures: Mapping[str, str] | None = None) -> None:
    """Add a mistake for every unknown key, with the nearest known one as cure, or with the key's own cure in `cures`."""
    for key in table.data:
        if key not in known:
            near = near_names(key, known)
            cure = f'did you mean "{near[0]}"?' if near else f"the keys are {', '.join(sorted(known))}"
            cure = (cures or {}).get(key, cure)
            span = table.places.keys.get((*table.path, key), Span(0, 0)) if table.places else Span(0, 0)
            inside = f" in {_dotted(table)}" if _dotted(table) else ""
            table.problems.append(Problem(INVALID_CONFIG, f'unknown key "{key}"{inside}', span, cure))


def subtable(table: Table, key: str) -> Table | None:
    """The table under a key; None if there is none, or if it is something else, which is reported."""
    value = table.data.get(key)
    if isinstance(value, dict):
        return table._replace(data=value, path=(*table.path, key))
    if value is not None:
        report(table, mismatch(table, key, "a table", value), key)
    return None


def strings(table: Table, key: str) -> list[tuple[int, str]] | None:
    """The strings in the list under a key, with their indexes; None if there is no list. Anything else is reported."""
    value = table.data.get(key)
    if not isinstance(value, list):
        if value is not None:
            report(table, mismatch(table, key, "a list of strings", value), key, cure=_listed(value))
        return None
    for index, item in enumerate(value):
        if not isinstance(item, str):
            report(table, mismatch(table, key, "a string", item), key, index)
    return [(index, item) for index, item in enumerate(value) if isinstance(item, str)]


def _listed(value: object) -> str | None:
    """How a single string is written as a list; None if it would need more than quotation marks."""
    is_plain = isinstance(value, str) and value.isprintable() and value and not set(value) & set('"\\')
    return f'write ["{value}"]' if is_plain else None


def words(table: Table, key: str, known: Collection[str] | None = None) -> tuple[str, ...]:
    """The strings under a key; empty if one is broken or not in `known`, which is reported."""
    mistakes = len(table.problems)
    values = strings(table, key) or []
    for index, value in values if known is not None else ():
        if value not in (known or ()):
            near = near_names(value, known or ())
            cure = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known or ())}"
            report(table, f'{key}: unknown value "{value}"', key, index, cure=cure)
    return tuple(value for _, value in values) if len(table.problems) == mistakes else ()


def paths(table: Table, key: str, default: tuple[str, ...], *, star: bool = True) -> tuple[str, ...]:
    """The paths under a key, in normal form; `default` if there is no list, or a path is wrong.

    With `star`, a part may be `*`.
    """
    mistakes = len(table.problems)
    values = strings(table, key)
    for index, value in values or []:
        mistake = path_mistake(value, star=star)
        if mistake is not None:
            report(table, f"{key}: {mistake.message}", key, index, cure=mistake.cure)
    if values is None or len(table.problems) > mistakes:
        return default
    return tuple(normal(value) for _, value in values)


def choice(table: Table, key: str, allowed: tuple[_T, _T]) -> _T:
    """One of two words; the first one is the default."""
    value = table.data.get(key, allowed[0])
    for word in allowed:
        if value == word:
            return word
    found = f'"{value}"' if isinstance(value, str) else _kind(value)
    near = near_names(value, allowed) if isinstance(value, str) else []
    cure = f'did you mean "{near[0]}"?' if near else None
    report(table, f'{key}: expected "{allowed[0]}" or "{allowed[1]}", found {found}', key, cure=cure)
    return allowed[0]


def flag(table: Table, key: str, *, default: bool) -> bool:
    """A boolean; anything else is reported, and the default returned."""
    value = table.data.get(key, default)
    if isinstance(value, bool):
        return value
    report(table, mismatch(table, key, "true or false", value), key)
    return default


def positive(table: Table, key: str, default: int, most: int | None = None) -> int:
    """A positive integer of at most `most`; anything else is reported, and the default returned."""
    value = table.data.get(key, default)
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, int) and is_integer and 0 < value <= (most or value):
        return value
    if isinstance(value, int) and is_integer:
        wanted = "a positive integer" if value <= 0 else f"at most {most}"
        report(table, f"{_dotted(table, key)}: expected {wanted}, found {value}", key)
    else:
        report(table, mismatch(table, key, "a positive integer", value), key)
    return default


class _PathMistake(NamedTuple):
    message: str
    cure: str | None = None


def path_mistake(value: str, *, star: bool) -> _PathMistake | None:
    """Why a path cannot name the same place below the project folder on every machine; None if it can."""
    portable = value.replace("\\", "/")
    parts = value.split("/")
    checks = (
        (not value, "an empty path names no folder", None),
        (any(ord(character) < 32 for character in value), "a path cannot contain control characters", None),
        (not value.isprintable(), f'"{value}" has an invisible character', None),
        ("\\" in value, f'"{value}" has a backslash', f'write "{portable}"'),
        (re.match(r"/|~(/|$)|[A-Za-z]:", value), f'"{value}" is not a path below the project folder', None),
        (".." in parts, f'"{value}" has a ".." part', None),
        (
            foreign_part(value),
            f'"{value}" is inside "{foreign_part(value)}", which does not belong to the project',
            None,
        ),
        (not normal(value), f'"{value}" is the project folder itself', None),
        ("*" in value and not star, f'"{value}" has a "*"', None),
        (
            value.count("*") > parts.count("*"),
            f'"{value}" has a "*" that is not a whole part',
            'as in "plugins/*/skills"',
        ),
        (parts.count("*") > 1, f'"{value}" has more than one "*"', None),
    )
    return next((_PathMistake(message, cure) for wrong, message, cure in checks if wrong), None)


def normal(path: str) -> str:
    """A path without a leading `./`, a trailing `/`, and doubled slashes."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def mismatch(table: Table, key: str, wanted: str, found: object) -> str:
    """A message about a value of the wrong kind."""
    return f"{_dotted(table, key)}: expected {wanted}, found {_kind(found)}"


def _dotted(table: Table, *key: str) -> str:
    """The path of a table, or of a key in it, as written in the file, without `tool.skillweave`."""
    own = table.path[2:] if table.path[:2] == ("tool", "skillweave") else table.path
    return ".".join(str(part) for part in (*own, *key))


def _kind(value: object) -> str:
    """A value's kind, in the words of TOML."""
    from datetime import date, datetime, time  # noqa: PLC0415 (slow to load, and values are seldom wrong)

    kinds = (
        (str, "a string"),
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a float"),
        (list, "a list"),
        (dict, "a table"),
        ((datetime, date, time), "a date or time"),
    )
    return next(word for kind, word in kinds if isinstance(value, kind))
