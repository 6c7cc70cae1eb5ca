"""Documents ↔ JSON, and the file that keeps them by the digest of their text. A bad, foreign or old file is an empty one.

A document depends on nothing but its text and the parser, so an entry is right or not there. Nothing across files is kept.
"""

from __future__ import annotations

import json
import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from skillweave import __version__
from skillweave.diagnostics import CODES, Code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skillweave.parse import Document


def parser_key() -> str:
    """What a document depends on besides its text: this version and the parsers', without importing them."""
    versions = [__version__]
    for name in ("markdown_it", "mdit_py_plugins", "yaml", "jinja2"):
        spec = find_spec(name)
        origin = Path(spec.origin) if spec and spec.origin else None
        stat = origin.stat() if origin else None
        versions.append(f"{name} {stat.st_size} {stat.st_mtime_ns}" if stat else name)
    return "; ".join(versions)


class Documents:
    """Documents by the digest of their text: those of the last build, and those that are parsed in this one."""

    def __init__(self, stored: Mapping[str, str], parse: Callable[[str], Document]) -> None:
        self.stored = stored
        self.parse = parse
        self.used: dict[str, str] = {}
        self.fresh: dict[str, Document] = {}

    def get(self, text: str, digest: str) -> Document:
        """The document of a text."""
        stored = self.stored.get(digest)
        if stored is not None:
            try:
                document = decode(stored)
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
                pass
            else:
                self.used[digest] = stored
                return document
        document = self.parse(text)
        self.fresh[digest] = document
        return document

    def all(self) -> dict[str, str]:
        """What the next build can use: the documents that this one used, as they are stored."""
        return dict(
            sorted({**self.used, **{digest: encode(document) for digest, document in self.fresh.items()}}.items())
        )


def encode(document: Document) -> str:
    """A document as a line of JSON: its values in the order of their fields."""
    return json.dumps(plain(document), ensure_ascii=False, separators=(",", ":"))


def decode(stored: str) -> Document:
    """The document that `encode` wrote. Raises ValueError, TypeError, KeyError or IndexError on anything else."""
    from skillweave.parse import Document  # noqa: PLC0415 (the parser's types, only where there is something to decode)

    document: Document = rebuilt(Document, json.loads(stored))
    return document


def rebuilt(kind: Any, value: Any) -> Any:  # noqa: ANN401 (a value of that type)
    """The value that `plain` made JSON of, given its type."""
    return _decoder(kind)(value)


def plain(value: Any) -> Any:  # noqa: ANN401 (any value of a document)
    """A value of ours (frozen dataclasses, named tuples, codes, strings, numbers) as JSON has it."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Code):
        return value.name
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        # A union of a mapping, a list and a string is told apart by its JSON: only the mapping is wrapped.
        return {"": [plain(getattr(value, field.name)) for field in fields(value)]}
    return [plain(item) for item in value]


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401 (one answer per kind of type)
    kind = getattr(kind, "__supertype__", kind)  # a NewType is its base
    if kind in (str, int, bool, type(None)) or get_origin(kind) is Literal:
        return _same
    if kind is Code:
        return CODES.__getitem__
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is ...:
            return _many(inner[0])
        decoders = [_decoder(part) for part in inner]
        return lambda values: tuple(decode_one(value) for decode_one, value in zip(decoders, values, strict=True))
    if get_origin(kind) in (typing.Union, types.UnionType):
        return _union(get_args(kind))
    if is_dataclass(kind):
        return _made(kind, lambda value: value[""])
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _made(kind, _same)
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
            # Late, as a type may hold itself.
            hints = _hints(kind)
            names = [field.name for field in fields(kind)] if is_dataclass(kind) else kind._fields
            decoders.extend(_decoder(hints[name]) for name in names)
        return kind(*(decode_one(part) for decode_one, part in zip(decoders, unwrap(value), strict=True)))

    return make


def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    from skillweave import source  # noqa: PLC0415 (names that the types import for checking only)

    names = dict(vars(source))
    if kind.__module__ != "skillweave.diagnostics":
        from skillweave import directive, front_matter, parse  # noqa: PLC0415

        names |= {**vars(directive), **vars(front_matter), **vars(parse)}
    return typing.get_type_hints(kind, localns=names)


def _union(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    """The member of a union that a JSON value is: told by its shape."""
    made: Callable[[Any], Any] | None = None
    listed: Callable[[Any], Any] | None = None
    plain_one: Callable[[Any], Any] = _same
    for kind in kinds:
        if is_dataclass(kind):
            made = _decoder(typing.cast("type", kind))
        elif _is_listed(kind):
            listed = _decoder(kind)
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


def _is_listed(kind: Any) -> bool:  # noqa: ANN401
    return get_origin(kind) is tuple or (isinstance(kind, type) and issubclass(kind, tuple) and kind is not Code)
