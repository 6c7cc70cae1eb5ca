"""Named tuples that are cheap to define: in less than a third of the time that `collections.namedtuple` takes.

A command defines up to two hundred of them before it does anything, and `collections` compiles a constructor for each. Here,
all types with the same number of fields share the code of one, apart from the names of its parameters. The classes behave like
those of `typing.NamedTuple`, which type checkers and readers can take them for.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from types import CodeType, FunctionType

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NamedTuple, Self

__all__ = ["NamedTuple"]

_getter: Any = type(vars(namedtuple("_Sample", "field"))["field"])  # noqa: PYI024 (for the type that finds a field by its number)


@cache
def _constructor(fields: int) -> CodeType:
    """The code of a constructor with this many parameters, which needs a global `new`."""
    names = ", ".join(f"field_{number}" for number in range(fields))
    made: CodeType = eval(f"lambda cls, {names}: new(cls, ({names},))").__code__  # noqa: S307 (nothing but the numbers above)
    return made


class _Definition(type):
    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
        if bases == (tuple,):
            return super().__new__(cls, name, bases, namespace)
        fields = tuple(namespace["__annotations__"])
        defaults = {field: namespace[field] for field in fields if field in namespace}
        new = FunctionType(
            _constructor(len(fields)).replace(co_varnames=("cls", *fields)),
            {"new": tuple.__new__},
            "__new__",
            tuple(defaults.values()),
        )
        new.__qualname__ = f"{name}.__new__"
        namespace.update((field, _getter(number, None)) for number, field in enumerate(fields))
        namespace.update(__slots__=(), __new__=new, __match_args__=fields, _fields=fields, _field_defaults=defaults)
        return super().__new__(cls, name, bases, namespace)


if not TYPE_CHECKING:

    class NamedTuple(tuple, metaclass=_Definition):
        """Base class that turns a class into a named tuple of its annotated fields."""

        __slots__ = ()

        @classmethod
        def _make(cls, values: Iterable[Any]) -> Self:
            """Make one from the values of all its fields, in their order."""
            made = tuple.__new__(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"expected {len(cls._fields)} values for {cls.__name__}, got {len(made)}")
            return made

        def _replace(self, **changes: object) -> Self:
            """Make one in which these fields have other values."""
            made = tuple.__new__(type(self), map(changes.pop, self._fields, self))
            if changes:
                raise TypeError(f"{type(self).__name__} has no fields {', '.join(changes)}")
            return made

        def _asdict(self) -> dict[str, Any]:
            """The fields by name."""
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            fields = ", ".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({fields})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)
