"""The requirements for the front matter of a SKILL.md, from the specification and from the configured consumers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skillweave.consumers import CONSUMERS, SPECIFICATION
from skillweave.front_matter import read_front_matter
from skillweave.rules.skill import check_skill_front_matter

if TYPE_CHECKING:
    from skillweave.diagnostics import Problem

OFFSET = 4
SOUND = "name: commit\ndescription: Writes commits.\n"


def check(text: str, *consumers: str) -> list[tuple[str, str]]:
    """The name of every problem, and the text it points at."""
    front_matter, problems = read_front_matter(text, OFFSET)
    assert problems == ()
    source = f"---\n{text}---\n"
    found = check_skill_front_matter(front_matter, "commit", consumers)
    return [(problem.code.name, source[problem.span.start : problem.span.end]) for problem in found]


def only(text: str, *consumers: str) -> Problem:
    front_matter, _ = read_front_matter(text, OFFSET)
    (problem,) = check_skill_front_matter(front_matter, "commit", consumers)
    return problem


def test_a_valid_skill_has_no_problem() -> None:
    text = "license: MIT\ncompatibility: git\nmetadata:\n  version: 1.0\n  on: yes\nallowed-tools: Read Bash(git:*)\n"
    assert check(SOUND + text) == []


def test_missing_front_matter_is_one_problem() -> None:
    (problem,) = check_skill_front_matter(None, "commit", ())
    assert problem.code.number == "SW701"
    assert "name: commit" in (problem.help or "")


def test_both_fields_are_required() -> None:
    assert check("license: MIT\n") == [("missing-field", "---"), ("missing-field", "---")]


@pytest.mark.parametrize("key", ["nmae", "Name", "names", "nam"])
def test_a_misspelt_key_is_reported_as_the_missing_field(key: str) -> None:
    """One cause gives one finding: the key is not reported as unknown too, and its value is not checked."""
    text = f"{key}: Commit\ndescription: x\n"
    assert check(text) == check(text, "codex") == [("missing-field", key)]
    assert only(text).help == "did you mean `name`?"
    assert check(f"{SOUND}{key}: x\n") == [("unportable-field", key)]


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("description: ''\n", "write what it does, and when to use it"),
        ("description: [x]\n", "write one string"),
        (f"description: {'x' * 1030}\n", "shorten it by 6"),
        ("description: x\ncompatibility: ''\n", "write what it needs, or leave it out"),
        ("description: x\nmetadata:\n  a: [x]\n", "write one string"),
        ("description: x\nmetadata: x\n", "write `key: value` lines in it"),
    ],
)
def test_a_refused_value_gets_a_hint(text: str, cure: str) -> None:
    problem = only(f"name: commit\n{text}")
    assert (problem.code.name, problem.help) == ("invalid-field", cure)


def test_a_different_key_is_not_a_misspelling() -> None:
    assert check("license: x\ndescription: x\n") == [("missing-field", "---")]
    assert check("title: x\nDESCRIPTION: x\n") == [
        ("missing-field", "---"),
        ("missing-field", "DESCRIPTION"),
        ("unportable-field", "title"),
    ]


@pytest.mark.parametrize(
    "name", ["Commit", "-commit", "commit-", "com--mit", "com_mit", "''", "é", "x" * 65, "[commit]"]
)
def test_an_invalid_name_is_reported_only_once(name: str) -> None:
    assert check(f"name: {name}\ndescription: x\n") == [("invalid-name", name)]


@pytest.mark.parametrize("name", ["x" * 64, "a-1", "2"])
def test_a_valid_name_must_match_the_folder(name: str) -> None:
    assert check(f"name: {name}\ndescription: x\n") == [("name-mismatch", name)]


def test_a_valid_name_is_suggested() -> None:
    assert "my-skill?" in (only("name: My Skill\ndescription: x\n").help or "")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"name: commit\ndescription: {'x' * 1025}\n", "x" * 1025),
        ("name: commit\ndescription:\n", "description"),
        ("name: commit\ndescription: ' '\n", "description"),
        ("name: commit\ndescription: [x]\n", "[x]"),
        (f"{SOUND}compatibility: {'x' * 501}\n", "x" * 501),
        (f"{SOUND}compatibility: ''\n", "compatibility"),
        (f"{SOUND}metadata: x\n", "x"),
        (f"{SOUND}metadata: {{a: [b]}}\n", "[b]"),
        (f"{SOUND}allowed-tools: [Read]\n", "[Read]"),
    ],
)
def test_an_invalid_field(text: str, place: str) -> None:
    assert check(text) == [("invalid-field", place)]


@pytest.mark.parametrize("text", [f"description: {'😀' * 1024}\n", f"description: x\ncompatibility: {'x' * 500}\n"])
def test_lengths_up_to_the_limit_in_code_points(text: str) -> None:
    assert check(f"name: commit\n{text}") == []


def test_only_the_specification_applies_by_default() -> None:
    assert check(f"{SOUND}model: opus\n") == [("unportable-field", "model")]
    assert "the agent-skills specification" in only(f"{SOUND}model: opus\n").message


def test_the_configured_consumers_apply() -> None:
    text = f"{SOUND}model: opus\n"
    assert check(text, "claude-code") == []
    assert only(text, "claude-code", "codex", "gemini").message.endswith("codex, gemini")


def test_a_key_of_the_specification_is_portable_everywhere() -> None:
    assert check(SOUND, *CONSUMERS) == []
    assert not any(SPECIFICATION & keys for keys in CONSUMERS.values())


def test_a_misspelt_key_is_recognised() -> None:
    assert only(f"{SOUND}licence: MIT\n").help == "did you mean license?"
    assert only(f"{SOUND}author: me\n").help == "put keys of your own under metadata"
