"""Globs match what an equivalent regular expression matches, but without its cost."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skillweave.globs import covers, matches

_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def expression(glob: str) -> re.Pattern[str]:
    """A regular expression equivalent to a glob. With many stars, matching it can take practically forever."""
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
def test_a_glob_matches_what_its_expression_matches(glob: str, path: str) -> None:
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
def test_no_glob_takes_forever(glob: str, path: str) -> None:
    """The test needs no clock: an implementation that tries all splits would never return."""
    assert not matches(path, [glob])
    assert not covers(glob, path)
