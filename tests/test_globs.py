"""Globs: what they match is what a regular expression says that is made of them; what they cost is little."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skillweave.globs import covers, matches

_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def expression(glob: str) -> re.Pattern[str]:
    """What a glob means. Where it holds many stars, this is no way to find out what it matches: it may take for ever."""
    tokens = re.findall(r"\*\*/|\*\*|.", glob, re.DOTALL)
    return re.compile("".join(_MEANINGS.get(token, re.escape(token)) for token in tokens), re.DOTALL)


globs = st.text("ab/*?.\n", max_size=8) | st.lists(
    st.sampled_from(["**/", "**", "*", "?", "a", "b", "/", "a/", "."]), max_size=6
).map("".join)
paths = st.text("ab/.\n", max_size=10)


@given(globs, paths)
@example("**/*a*b", "a/b/aab")
@example("*/a", "b/b/a")
@example("**", "")
def test_a_glob_matches_what_its_expression_does(glob: str, path: str) -> None:
    assert matches(path, [glob]) == bool(expression(glob).fullmatch(path))


@given(globs, paths)
@example("a", "a/b")
@example("", "/a")
def test_a_glob_covers_what_is_below_a_match(glob: str, path: str) -> None:
    parts = path.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
    assert covers(glob, path) == any(expression(glob).fullmatch(folder) for folder in above)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("**/*a*a*a*a*a*a*a*a*a*ab", "a" * 60),
        ("**/" * 30 + "x", "a/" * 60 + "a"),
        ("*" * 2 + "a**" * 30 + "b", "a" * 200),
        ("*?" * 30 + "b", "a" * 200),
    ],
)
def test_no_glob_takes_for_ever(glob: str, path: str) -> None:
    """There is no clock here: a way that tries all splits would not come back."""
    assert not matches(path, [glob])
    assert not covers(glob, path)
