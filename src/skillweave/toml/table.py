"""A table of a TOML file, read value by value: what is of the wrong kind is a problem at its exact place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from skillweave.diagnostics import INVALID_CONFIG, Problem
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.source import Span, foreign_part

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from skillweave.toml.places import KeyPath, Places

_T = TypeVar("_T", bound=str)


class Table(NamedTuple):
    """A table of the file: what it says, where it lies in the file, and the mistakes found so far (appended to)."""

    data: Mapping[str, object]
    path: KeyPath
    places: Places | None
    """Where keys and values stand; None while it is not known, which only a mistake asks for."""
    problems: list[Problem]


def report(table: Table, message: str, *path: str | int, cure: str | None = None) -> None:
    """Adds a mistake in the value at a path below a table; where that has no place, in what holds it."""
    whole, span = table.path + path, None
    while table.places and span is None and whole:
        span = table.places.values.get(whole) or table.places.keys.get(whole)
        whole = whole[:-1]
    table.problems.append(Problem(INVALID_CONFIG, message, span or Span(0, 0), cure))


def report_unknown(table: Table, known: list[str], cures: Mapping[str, str] | None = None) -> None:
    """Adds a mistake for every key that is not known, with the nearest one that is, or the cure that is its own."""
    for key in table.data:
        if key not in known:
            near = near_names(key, known)
            cure = f'did you mean "{near[0]}"?' if near else f"the keys are {', '.join(sorted(known))}"
            cure = (cures or {}).get(key, cure)
            span = table.places.keys.get((*table.path, key), Span(0, 0)) if table.places else Span(0, 0)
            inside = f" in {_dotted(table)}" if _dotted(table) else ""
            table.problems.append(Problem(INVALID_CONFIG, f'unknown key "{key}"{inside}', span, cure))


def subtable(table: Table, key: str) -> Table | None:
    """The table under a key; None where there is none, or something else (reported)."""
    value = table.data.get(key)
    if isinstance(value, dict):
        return table._replace(data=value, path=(*table.path, key))
    if value is not None:
        report(table, mismatch(table, key, "a table", value), key)
    return None


def strings(table: Table, key: str) -> list[tuple[int, str]] | None:
    """The strings of the list under a key, with their indexes; None without a list. What is no string is reported."""
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
    """How a string that stands alone is written as a list; None where that takes more than quotation marks."""
    is_plain = isinstance(value, str) and value.isprintable() and value and not set(value) & set('"\\')
    return f'write ["{value}"]' if is_plain else None


def words(table: Table, key: str, known: Collection[str] | None = None) -> tuple[str, ...]:
    """The strings under a key as they are; none where one of them is broken, or not among those that are known."""
    mistakes = len(table.problems)
    values = strings(table, key) or []
    for index, value in values if known is not None else ():
        if value not in (known or ()):
            near = near_names(value, known or ())
            cure = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(known or ())}"
            report(table, f'{key}: nothing is known of "{value}"', key, index, cure=cure)
    return tuple(value for _, value in values) if len(table.problems) == mistakes else ()


def paths(table: Table, key: str, default: tuple[str, ...], *, star: bool = True) -> tuple[str, ...]:
    """The paths under a key, in their normal form. With `star`, a path may hold one `*` as a part."""
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
    """One of two words, the first by default."""
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
    """True or false."""
    value = table.data.get(key, default)
    if isinstance(value, bool):
        return value
    report(table, mismatch(table, key, "true or false", value), key)
    return default


def positive(table: Table, key: str, default: int, most: int | None = None) -> int:
    """A positive integer, and no more than the most that there may be."""
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
    """Why a path cannot name a place below the project folder, the same one on every machine."""
    portable = value.replace("\\", "/")
    parts = value.split("/")
    checks = (
        (not value, "an empty path names no folder", None),
        (any(ord(character) < 32 for character in value), "a path cannot hold control characters", None),
        (not value.isprintable(), f'"{value}" has a character that cannot be seen', None),
        ("\\" in value, f'"{value}" has a backslash', f'write "{portable}"'),
        (re.match(r"/|~(/|$)|[A-Za-z]:", value), f'"{value}" is no path below the project folder', None),
        (".." in parts, f'"{value}" has a ".." part', None),
        (
            foreign_part(value),
            f'"{value}" leads into "{foreign_part(value)}", which is no folder of the project\'s',
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
    """A path without what says nothing: a leading `./`, a trailing `/`, doubled slashes."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def mismatch(table: Table, key: str, wanted: str, found: object) -> str:
    """A message on a value of the wrong kind."""
    return f"{_dotted(table, key)}: expected {wanted}, found {_kind(found)}"


def _dotted(table: Table, *key: str) -> str:
    """The path of a table, or of a key in it, as the file spells it, below our own table."""
    own = table.path[2:] if table.path[:2] == ("tool", "skillweave") else table.path
    return ".".join(str(part) for part in (*own, *key))


def _kind(value: object) -> str:
    """A value's kind, as TOML's users call it."""
    from datetime import date, datetime, time  # noqa: PLC0415 (slow to load, and as a rule no value is wrong)

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
