"""Every format of a report, byte for byte. Text from a repository cannot control a terminal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave import __version__
from skillweave.diagnostics import (
    INCLUDE_CYCLE,
    MISSING_INCLUDE,
    MISSING_SECTION,
    PARAGRAPH_MERGE,
    Diagnostic,
    Fix,
    Note,
    Severity,
)
from skillweave.report import Context, Format, Summary, render, summary_line
from skillweave.source import Edit, Position, SourcePath

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

SECTION = Diagnostic(
    MISSING_SECTION,
    'no section "SRE Debug Flow" in patterns/common-patterns.md',
    SourcePath("agents/task-agent.md"),
    Position(37, 31),
    Position(37, 45),
    help='did you mean "SRE Debug Process (5 Steps)"?',
)
CYCLE = Diagnostic(
    INCLUDE_CYCLE,
    "include cycle of 3 files",
    SourcePath("patterns/a.md"),
    Position(4, 1),
    Position(4, 20),
    help="move what they share into a separate file",
    label="patterns/a.md includes patterns/b.md",
    hops=(
        Note("includes patterns/c.md", SourcePath("patterns/b.md"), Position(1, 1)),
        Note("includes patterns/a.md", SourcePath("patterns/c.md"), Position(9, 1)),
    ),
    notes=(Note("reached from", SourcePath("skills/x/SKILL.md"), Position(12, 1)),),
)
MERGE = Diagnostic(
    PARAGRAPH_MERGE,
    "the text joins the paragraph before it",
    SourcePath("skills/x/SKILL.md"),
    Position(1234, 1),
    Position(1236, 3),
    notes=(Note("no place of its own"), Note("see", SourcePath("patterns/b.md"))),
    severity=Severity.WARNING,
    fix=Fix(safe=True, edits=(Edit(0, 0, "\n"),)),
)
LINES = {
    ("agents/task-agent.md", 37): "{{include: common-patterns.md#SRE Debug Flow}}",
    ("patterns/a.md", 4): "<<include: ./b.md>>",
    ("skills/x/SKILL.md", 1234): "- 字 <<include: b.md>>",
}
ALL = (SECTION, CYCLE, MERGE)


def context(*, color: bool = False) -> Context:
    return Context(lambda path, line: LINES.get((path, line)), color, Summary(2, 1, 0, 42, 7))


def excerpt(text: str, start: int, end: int, line: int = 1) -> list[str]:
    """The two lines of an excerpt, without the margin."""
    diagnostic = Diagnostic(MISSING_INCLUDE, "m", SourcePath("a.md"), Position(line, start), Position(line, end))
    shown = render([diagnostic], Format.FULL, Context(lambda *_: text, color=False, summary=Summary(1, 0, 0, 1, 0)))
    return [row.partition("|")[2].removeprefix(" ") for row in shown.split("\n")[3:5]]


# The formats


def test_the_documented_report_of_a_missing_section() -> None:
    assert (
        render([SECTION], Format.FULL, context())
        == """\
error[SW207]: no section "SRE Debug Flow" in patterns/common-patterns.md
  --> agents/task-agent.md:37:31
   |
37 | {{include: common-patterns.md#SRE Debug Flow}}
   |                               ^^^^^^^^^^^^^^
   = help: did you mean "SRE Debug Process (5 Steps)"?
"""
    )


def test_the_documented_report_of_a_cycle() -> None:
    assert (
        render([CYCLE], Format.FULL, context())
        == """\
error[SW301]: include cycle of 3 files
  --> patterns/a.md:4:1
   |
 4 | <<include: ./b.md>>
   | ^^^^^^^^^^^^^^^^^^^ patterns/a.md includes patterns/b.md
  ::: patterns/b.md:1:1   includes patterns/c.md
  ::: patterns/c.md:9:1   includes patterns/a.md
   = note: reached from skills/x/SKILL.md:12:1
   = help: move what they share into a separate file
"""
    )


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("fmt", Format)
def test_formats(snapshot: SnapshotAssertion, fmt: Format, color: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert render(ALL, fmt, context(color=color)).replace(f'"version": "{__version__}"', '"version": "…"') == snapshot


def test_colour_only_adds_escape_sequences() -> None:
    for fmt in Format:
        coloured = render(ALL, fmt, context(color=True))
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(ALL, fmt, context())


def test_without_a_source_line_there_is_no_excerpt_and_the_label_stays(snapshot: SnapshotAssertion) -> None:
    nowhere = Context(lambda *_: None, color=False, summary=Summary(2, 0, 0, 2, 0))
    assert render([SECTION, CYCLE], Format.FULL, nowhere) == snapshot


def test_no_diagnostics() -> None:
    assert [render([], fmt, context()) for fmt in (Format.FULL, Format.CONCISE)] == ["", ""]
    assert json.loads(render([], Format.JSON, context()))["diagnostics"] == []


def test_json_has_the_documented_shape() -> None:
    report = json.loads(render([CYCLE, MERGE], Format.JSON, context()))
    assert report["summary"] == {"errors": 2, "warnings": 1, "infos": 0, "files": 42, "skills": 7}
    cycle, merge = report["diagnostics"]
    assert cycle == {
        "code": "SW301",
        "name": "include-cycle",
        "severity": "error",
        "message": "include cycle of 3 files",
        "path": "patterns/a.md",
        "start": {"line": 4, "column": 1},
        "end": {"line": 4, "column": 20},
        "notes": [
            {"message": "includes patterns/c.md", "path": "patterns/b.md", "line": 1, "column": 1},
            {"message": "includes patterns/a.md", "path": "patterns/c.md", "line": 9, "column": 1},
            {"message": "reached from", "path": "skills/x/SKILL.md", "line": 12, "column": 1},
        ],
        "help": "move what they share into a separate file",
        "fixable": False,
    }
    assert (merge["severity"], merge["fixable"], merge["help"]) == ("warning", True, None)
    assert merge["notes"][0] == {"message": "no place of its own", "path": None, "line": None, "column": None}


@pytest.mark.parametrize(
    ("summary", "line"),
    [
        (Summary(0, 0, 0, 42, 7), "no problems in 42 files"),
        (Summary(0, 0, 0, 1, 1), "no problems in 1 file"),
        (Summary(3, 1, 0, 42, 7), "3 errors, 1 warning in 42 files"),
        (Summary(1, 0, 2, 1, 0), "1 error, 2 infos in 1 file"),
        (Summary(0, 2, 1, 0, 0), "2 warnings, 1 info in 0 files"),
    ],
)
def test_summary_line(summary: Summary, line: str) -> None:
    assert summary_line(summary) == line


# Excerpts


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        ("abc", 2, 3, ["abc", " ^"]),
        ("abc", 2, 2, ["abc", " ^"]),
        ("abc", 4, 4, ["abc", "   ^"]),
        ("abc", 99, 120, ["abc", "   ^"]),
        ("", 1, 1, ["", "^"]),
        ("\tx", 2, 3, ["    x", "    ^"]),
        ("ab\tx", 3, 5, ["ab  x", "  ^^^"]),
        ("abcd\tx", 6, 7, ["abcd    x", "        ^"]),
        ("字x", 2, 3, ["字x", "  ^"]),
        ("a字\tx", 4, 5, ["a字 x", "    ^"]),
        ("字字", 1, 3, ["字字", "^^^^"]),
        ("e\u0301x", 3, 4, ["e\u0301x", " ^"]),
        ("\u1112\u1161x", 3, 4, ["\u1112\u1161x", "  ^"]),
        ("a\x1b[31mb", 7, 8, ["a\\x1b[31mb", "         ^"]),
        ("\u202ex", 1, 2, ["\\u202ex", "^^^^^^"]),
        ("\U000e0041", 1, 2, ["\\U000e0041", "^" * 10]),
    ],
)
def test_carets(text: str, start: int, end: int, expected: list[str]) -> None:
    assert excerpt(text, start, end) == expected


def test_a_long_line_is_cut_to_a_window_around_the_span() -> None:
    text = "".join(chr(ord("a") + n % 26) for n in range(5_000_000))
    shown, carets = excerpt(text, 2_000_001, 2_000_011)
    assert len(shown) == 160
    assert (shown[0], shown[-1]) == ("…", "…")
    place = carets.index("^")
    assert shown[place:].startswith(text[2_000_000:2_000_010])
    assert carets.strip() == "^" * 10
    assert 60 < place < 100


@pytest.mark.parametrize("start", [1, 5, 300, 395, 401])
@pytest.mark.parametrize("length", [0, 10, 500])
@pytest.mark.parametrize("letter", ["x", "字", "\u200b", "\t"])
def test_no_window_is_wider_than_the_limit(start: int, length: int, letter: str) -> None:
    text = letter * 400
    shown, carets = excerpt(text, start, min(start + length, 401))
    columns = sum(2 if character == "字" else 1 for character in shown)
    assert columns <= 160
    assert columns > 140 or letter == "\t"  # blanks at the end of a line are not printed
    assert 1 <= len(carets) <= 161
    assert carets.strip("^ ") == ""
    assert "^" in carets


def test_a_line_as_long_as_the_limit_is_not_cut() -> None:
    assert excerpt("x" * 160, 1, 2)[0] == "x" * 160
    assert excerpt("x" * 161, 1, 2)[0].endswith("x…")


# Text from a repository cannot control a terminal

HOSTILE = st.text(
    st.sampled_from('a\x1b\x00\x07\x7f\x9b\r\n\t\u200b\u202e\u2066\u2028\ufeff\U000e0041\udc80"\\字:#[]%')
)


@given(HOSTILE, HOSTILE, st.integers(1, 30), st.integers(1, 30))
def test_what_cannot_be_seen_is_escaped_everywhere(text: str, line: str, start: int, end: int) -> None:
    path, place = SourcePath(text), Position(1, start)
    note = Note(text, path, place)
    diagnostic = Diagnostic(
        MISSING_INCLUDE,
        text,
        path,
        place,
        Position(1, max(start, end)),
        text,
        text,
        (note,),
        (note, Note(text), Note(text, path)),
    )
    here = Context(lambda *_: line.replace("\n", ""), color=False, summary=Summary(1, 0, 0, 1, 0))
    for fmt, lines in zip(Format, (10, 1, None, 1, None), strict=True):
        shown = render([diagnostic], fmt, here)
        assert not re.search(r"[^\n -~字…]", shown)
        assert lines in (None, shown.count("\n"))
        assert "##[" not in shown
        assert not re.search(r"^\s*::(?!:\s)", shown, re.MULTILINE) or fmt is Format.GITHUB
    (read,) = json.loads(render([diagnostic], Format.JSON, here))["diagnostics"]
    assert (read["message"], read["path"], read["help"]) == (text, text, text)


@pytest.mark.parametrize("blank", ["\xa0", "\u2003", "\u202f", "\u3000"])
def test_a_blank_that_only_looks_like_a_space_is_escaped(blank: str) -> None:
    diagnostic = Diagnostic(MISSING_SECTION, f'no "a{blank}b"', SourcePath("a.md"), Position(1, 1), Position(1, 4))
    here = Context(lambda *_: f"a{blank}b", color=False, summary=Summary(1, 0, 0, 1, 0))
    shown = blank.encode("ascii", "backslashreplace").decode()
    for fmt in (Format.FULL, Format.CONCISE, Format.GITHUB):
        assert f'no "a{shown}b"' in render([diagnostic], fmt, here)
    assert f" 1 | a{blank}b\n" in render([diagnostic], Format.FULL, here), "the source line is as wide as it is"


@pytest.mark.parametrize("mark", ["##[error]x", "###[x]", "##vso[task.x]", "##teamcity[x]"])
def test_runner_marks_are_escaped_wherever_they_occur(mark: str) -> None:
    assert excerpt(f"a {mark}", 1, 2)[0] == f"a {mark}".replace("#[", "\\x23[").replace("##v", "#\\x23v").replace(
        "##t", "#\\x23t"
    )
    assert excerpt("## [1.0] ### [x](y) a#[b]", 1, 2)[0] == "## [1.0] ### [x](y) a#[b]"


@pytest.mark.parametrize(
    ("path", "shown"), [("::error::x.md", "./::error::x.md"), (" ::x", "./ ::x"), ("a::b", "a::b")]
)
def test_a_path_that_looks_like_a_command_gets_a_prefix(path: str, shown: str) -> None:
    diagnostic = Diagnostic(MISSING_SECTION, "m", SourcePath(path), Position(1, 1), Position(1, 4))
    assert render([diagnostic], Format.CONCISE, context()) == f"{shown}:1:1: SW207 m\n"
