"""Named tuples that cost less to define than those of typing, which examines the type of each field at every start.

This matters for many small types: a hundred definitions took a tenth of a build after an edit. Type checkers and
readers can take `NamedTuple` for the one of typing; at run time, it makes a named tuple of the standard library's
collections.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False  # typing has this constant too, but need not be loaded for it.
if TYPE_CHECKING:
    from typing import Any, NamedTuple

__all__ = ["NamedTuple"]

_NO_MEMBERS = frozenset({"__module__", "__qualname__", "__annotations__"})


class _Definition(type):
    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
        if not bases:
            return super().__new__(cls, name, bases, namespace)
        fields = namespace["__annotations__"]
        defaults = [namespace[field] for field in fields if field in namespace]
        made = namedtuple(name, fields, defaults=defaults, module=namespace["__module__"])  # type: ignore[misc]  # noqa: PYI024 (typing's is what this avoids)
        made.__annotations__ = fields
        for member, value in namespace.items():
            if member not in _NO_MEMBERS and member not in fields:
                setattr(made, member, value)
        return made


if not TYPE_CHECKING:

    class NamedTuple(metaclass=_Definition):
        """Base class that turns a class into a named tuple of its annotated fields."""
