"""Our named tuples behave as those of `typing` do."""

from __future__ import annotations

import copy
import pickle
import typing

import pytest

from skillweave import record


class Ours(record.NamedTuple):
    """A place."""

    path: str
    line: int = 1
    """Counted from 1."""

    @property
    def shown(self) -> str:
        return f"{self.path}:{self.line}"

    @classmethod
    def first(cls, path: str) -> Ours:
        return cls(path)


class Theirs(typing.NamedTuple):
    """A place."""

    path: str
    line: int = 1


def test_a_value_is_a_tuple_of_its_fields() -> None:
    ours, theirs = Ours("a.md", line=3), Theirs("a.md", line=3)
    assert ours == ("a.md", 3)
    assert tuple(theirs) == ("a.md", 3)
    assert hash(ours) == hash(theirs)
    assert repr(ours).replace("Ours", "Theirs") == repr(theirs)
    assert (ours._asdict(), ours._fields, Ours._field_defaults) == (
        theirs._asdict(),
        theirs._fields,
        Theirs._field_defaults,
    )
    assert Ours.__doc__ == Theirs.__doc__
    assert typing.get_type_hints(Ours) == typing.get_type_hints(Theirs)
    assert not hasattr(ours, "__dict__")


def test_defaults_properties_and_other_members_are_there() -> None:
    assert Ours("a.md") == Ours.first("a.md") == ("a.md", 1)
    assert Ours("a.md").shown == "a.md:1"
    assert Ours._make(["a.md", 2]).shown == "a.md:2"
    assert Ours("a.md")._replace(line=5, path="b.md") == ("b.md", 5)
    match Ours("a.md", 4):
        case Ours(path, line):
            assert (path, line) == ("a.md", 4)


@pytest.mark.parametrize("kind", [Ours, Theirs])
def test_what_does_not_fit_is_refused(kind: typing.Any) -> None:  # noqa: ANN401 (a type checker refuses these, too)
    for arguments in ((), ("a.md", 1, 2)):
        with pytest.raises(TypeError, match=kind.__name__):
            kind(*arguments)
    for values in (["a.md"], ["a.md", 1, 2]):
        with pytest.raises(TypeError):
            kind._make(values)
    with pytest.raises(ValueError if kind is Theirs else TypeError, match="column"):
        kind("a.md")._replace(column=1)
    with pytest.raises(AttributeError):
        kind("a.md").line = 2


def test_copies_are_equal_and_of_the_same_type() -> None:
    value = Ours("a.md", 2)
    for same in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301 (our own value)
        assert same == value
        assert type(same) is Ours
