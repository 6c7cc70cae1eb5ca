"""Our values ↔ JSON: a value becomes the list of its fields in order, and its type says how to read that list back."""

from __future__ import annotations

import json
import types
from enum import Enum
from functools import cache

from skillweave.diagnostics import CODES, Code
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from skillweave.document import Document


def encode(value: object) -> str:
    """A document, or another value of ours, as one line of JSON."""
    return json.dumps(value, default=_taken_apart, ensure_ascii=False, separators=(",", ":"))


def stored(documents: Mapping[str, Document]) -> dict[str, str]:
    """Documents by digest, each encoded for storage."""
    return {digest: encode(document) for digest, document in documents.items()}


def decode(line: str) -> Document:
    """The document that `encode` wrote. Raises ValueError, TypeError, KeyError or IndexError on anything else."""
    from skillweave.document import Document  # noqa: PLC0415 (the parser's types, only if there is a document to decode)

    document: Document = rebuilt(Document, json.loads(line))
    return document


def rebuilt(kind: Any, value: Any) -> Any:  # noqa: ANN401 (a value of that type)
    """Turn JSON made by `as_json` back into a value of the type `kind`."""
    return _decoder(kind)(value)


def as_json(value: object) -> Any:  # noqa: ANN401 (JSON)
    """A value of ours (named tuples, mappings, codes, strings, numbers) as plain JSON values."""
    return json.loads(encode(value))


def _taken_apart(value: object) -> object:
    """Convert what JSON has no form for: mappings of front matter, and enumerations. JSON writes any tuple as a list."""
    if isinstance(value, Enum):
        return value.value
    # In a union of mapping, list and string, the JSON shape tells which it was: only mappings become an object.
    kind: Any = type(value)
    return {"": [getattr(value, name) for name in kind.__match_args__]}


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401 (one answer per kind of type)
    from typing import Literal, Union, get_args, get_origin  # noqa: PLC0415 (slow to load, and often there is nothing to decode)

    if kind in (str, int, bool, type(None)) or get_origin(kind) is Literal:
        return _same
    if kind is Code:
        return lambda value: CODES[value[1]]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is ...:
            return _many(inner[0])
        decoders = [_decoder(part) for part in inner]
        return lambda values: tuple(decode_one(value) for decode_one, value in zip(decoders, values, strict=True))
    if get_origin(kind) in (Union, types.UnionType):
        return _union(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _made(kind, _same)
    if _is_mapping(kind):
        return _made(kind, lambda value: value[""])
    message = f"a document holds no {kind}"
    raise TypeError(message)


def _same(value: Any) -> Any:  # noqa: ANN401
    return value


def _many(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    decode_one = _decoder(kind)
    if decode_one is _same:
        return tuple
    return lambda values: tuple(map(decode_one, values))


def _made(kind: Any, unwrap: Callable[[Any], Any]) -> Callable[[Any], Any]:  # noqa: ANN401
    decoders: list[Callable[[Any], Any]] = []

    def make(value: Any) -> Any:  # noqa: ANN401
        if not decoders:
            # Built on first use, as a type may contain itself.
            hints = _hints(kind)
            decoders.extend(_decoder(hints[name]) for name in kind.__match_args__)
        return kind(*(decode_one(part) for decode_one, part in zip(decoders, unwrap(value), strict=True)))

    return make


def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    from typing import Literal, get_type_hints  # noqa: PLC0415 (likewise)

    from skillweave import source  # noqa: PLC0415 (names that the types import only under TYPE_CHECKING)

    names = {**vars(source), "Literal": Literal, **dict.fromkeys(_STRINGS, str)}
    if kind.__module__ != "skillweave.diagnostics":
        from skillweave import diagnostics, document, suppress  # noqa: PLC0415
        from skillweave.directive import values as directive  # noqa: PLC0415
        from skillweave.front_matter import values as front_matter  # noqa: PLC0415
        from skillweave.markdown import values  # noqa: PLC0415

        for module in (diagnostics, directive, front_matter, suppress, values, document):
            names |= vars(module)
    return get_type_hints(kind, localns=names)


_STRINGS = ("ContainerKind", "BlockKind", "Fate", "MarkKind", "Word")
"""Names in the types of our values that are defined for type checkers only: they stand for certain strings."""


def _union(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Decode a union: the shape of the JSON value (null, object, list, other) tells which member it is."""
    made: Callable[[Any], Any] | None = None
    listed: Callable[[Any], Any] | None = None
    plain_one: Callable[[Any], Any] = _same
    for kind in kinds:
        if _is_listed(kind):
            listed = _decoder(kind)
        elif _is_mapping(kind):
            made = _decoder(kind)
        elif kind is not type(None):
            plain_one = _decoder(kind)

    def choose(value: Any) -> Any:  # noqa: ANN401
        if value is None:
            return None
        if isinstance(value, dict) and made:
            return made(value)
        if isinstance(value, list) and listed:
            return listed(value)
        return plain_one(value)

    return choose


def _is_mapping(kind: Any) -> bool:  # noqa: ANN401
    return hasattr(kind, "__match_args__")


def _is_listed(kind: Any) -> bool:  # noqa: ANN401
    from typing import get_origin  # noqa: PLC0415 (likewise)

    return get_origin(kind) is tuple or (isinstance(kind, type) and issubclass(kind, tuple) and kind is not Code)
