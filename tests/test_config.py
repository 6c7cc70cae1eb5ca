"""The project file: which one applies, what it may contain, and the exact place of every error in it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects import modules_of_a_build, write
from skillweave.cachedir import prepare_folder
from skillweave.config import Config, Limits, load_config
from skillweave.diagnostics import Problem
from skillweave.sealed import read_json, write_json
from skillweave.toml.kept import keep_toml, kept_toml
from skillweave.toml.places import locate
from skillweave.toml.reading import parsed

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from skillweave.diagnostics import Diagnostic


def mistakes(text: str, tmp_path: Path, name: str = "skillweave.toml") -> list[tuple[str, str, str, str | None]]:
    """The start, covered text, message and help of each error in a configuration."""
    write(tmp_path / name, text)
    return [told(diagnostic, text) for diagnostic in load_config(tmp_path)[1]]


def told(diagnostic: Diagnostic, text: str) -> tuple[str, str, str, str | None]:
    assert diagnostic.code.name == "invalid-config"
    lines = text.split("\n")
    (line, column), (last, end) = diagnostic.start, diagnostic.end
    covered = lines[line - 1][column - 1 : end - 1] if line == last else f"{lines[line - 1][column - 1 :]}…"
    return f"{line}:{column}", covered, diagnostic.message, diagnostic.help


# Which file applies


def test_without_a_file_the_nearest_folder_with_skills_or_patterns_is_the_root(tmp_path: Path) -> None:
    (tmp_path / "project/patterns").mkdir(parents=True)
    (tmp_path / "project/docs/deep").mkdir(parents=True)
    config, diagnostics = load_config(tmp_path / "project/docs/deep")
    assert config == Config((tmp_path / "project").resolve(), None)
    assert diagnostics == ()


def test_an_output_folder_is_not_taken_for_a_root(tmp_path: Path) -> None:
    """It mirrors the source roots, so a command run inside it could mistake it for a project without sources."""
    write(tmp_path / "skills/x/SKILL.md", "")
    write(tmp_path / "build/skills/x/SKILL.md", "")
    config = Config(tmp_path.resolve(), None)
    assert load_config(tmp_path / "build/skills/x")[0].root == config.root / "build"
    write(tmp_path / "build/skillweave.lock.json", "{}\n")
    for folder in ("build", "build/skills", "build/skills/x", "skills/x"):
        assert load_config(tmp_path / folder) == (config, ())


def test_otherwise_the_working_directory_is_the_root(tmp_path: Path) -> None:
    assert load_config(tmp_path)[0] == Config(tmp_path.resolve(), None)


def test_the_nearest_file_upward_wins_over_a_nearer_skills_folder(tmp_path: Path) -> None:
    write(tmp_path / "skillweave.toml", 'output = "far"')
    write(tmp_path / "a/skillweave.toml", 'output = "near"')
    (tmp_path / "a/b/skills").mkdir(parents=True)
    config, _ = load_config(tmp_path / "a/b")
    assert (config.root, config.file, config.output) == ((tmp_path / "a").resolve(), "skillweave.toml", "near")


def test_skillweave_toml_wins_over_pyproject_in_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "skillweave.toml", 'output = "ours"')
    write(tmp_path / "pyproject.toml", '[tool.skillweave]\noutput = "theirs"')
    assert load_config(tmp_path)[0].output == "ours"


@pytest.mark.parametrize(
    "text",
    [
        '[project]\nname = "skillweave"\n',
        '[tool.other]\nskillweave = "x"\n',
        'tool = "skillweave"\n',
        "[tool.other\nskillweave\n",
    ],
)
def test_a_pyproject_without_our_table_is_skipped(tmp_path: Path, text: str) -> None:
    write(tmp_path / "pyproject.toml", '[tool.skillweave]\noutput = "found"')
    write(tmp_path / "inner/pyproject.toml", text)
    config, diagnostics = load_config(tmp_path / "inner")
    assert (config.root, config.file, config.output) == (tmp_path.resolve(), "pyproject.toml", "found")
    assert diagnostics == ()


def test_a_broken_pyproject_with_our_table_is_reported(tmp_path: Path) -> None:
    found = mistakes('[tool.skillweave]\noutput = "x\n', tmp_path, "pyproject.toml")
    assert [place for place, *_ in found] == ["2:12"]


def test_a_pyproject_with_our_table_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"# caf\xe9\n[tool.skillweave]\noutput = 'out'\n")
    (mistake,) = load_config(tmp_path)[1]
    assert (mistake.path, mistake.code.name) == ("pyproject.toml", "invalid-config")
    (tmp_path / "pyproject.toml").write_bytes(b"# caf\xe9, skillweave\n[tool.other]\n")
    assert load_config(tmp_path) == (Config(tmp_path, None), ())


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("nowhere")])
def test_an_unreadable_configuration_is_not_skipped(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "skillweave.toml")
    (mistake,) = load_config(tmp_path)[1]
    assert (mistake.path, mistake.code.name) == ("skillweave.toml", "invalid-config")


def test_with_a_root_from_the_command_line_parent_folders_are_not_searched(tmp_path: Path) -> None:
    write(tmp_path / "skillweave.toml", 'output = "up"')
    (tmp_path / "inner").mkdir()
    config, _ = load_config(tmp_path, root=tmp_path / "inner")
    assert config == Config((tmp_path / "inner").resolve(), None)


def test_a_named_file_sets_the_root(tmp_path: Path) -> None:
    write(tmp_path / "conf/my.toml", 'output = "x"')
    write(tmp_path / "skillweave.toml", 'output = "no"')
    config, _ = load_config(tmp_path, file=tmp_path / "conf/my.toml")
    assert (config.root, config.file, config.output) == ((tmp_path / "conf").resolve(), "my.toml", "x")


def test_a_named_file_and_a_named_root(tmp_path: Path) -> None:
    write(tmp_path / "conf/my.toml", "nonsense = 1")
    config, (diagnostic,) = load_config(tmp_path, root=tmp_path, file=tmp_path / "conf/my.toml")
    assert (config.root, config.file, diagnostic.path) == (tmp_path.resolve(), "conf/my.toml", "conf/my.toml")


def test_relative_names_are_resolved_from_the_working_directory(tmp_path: Path) -> None:
    path = write(tmp_path / "a/skillweave.toml", 'output = "x"')
    config, _ = load_config(tmp_path / "a", file=path.relative_to(tmp_path / "a"))
    assert config.output == "x"
    assert load_config(tmp_path, root=path.parent.relative_to(tmp_path))[0] == config


def test_a_named_pyproject_must_have_our_table(tmp_path: Path) -> None:
    path = write(tmp_path / "pyproject.toml", "[project]\n")
    _, (diagnostic,) = load_config(tmp_path, file=path)
    assert (diagnostic.message, diagnostic.start) == ("there is no [tool.skillweave] table", (1, 1))


def test_a_named_file_that_does_not_exist(tmp_path: Path) -> None:
    config, (diagnostic,) = load_config(tmp_path, file=tmp_path / "no.toml")
    assert (diagnostic.path, diagnostic.start) == ("no.toml", (1, 1))
    assert diagnostic.message == "cannot read the configuration: there is no such file"
    assert config.file == "no.toml"


def test_a_named_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    _, (diagnostic,) = load_config(tmp_path, file=tmp_path / "pipe.toml")
    assert diagnostic.message == "cannot read the configuration: it is not a regular file"


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "skillweave.toml").write_bytes(b'output = "\xff"')
    _, (diagnostic,) = load_config(tmp_path)
    assert diagnostic.message == "cannot read the configuration: not UTF-8: byte 0xff at byte 10"


def test_a_byte_order_mark_and_windows_line_ends_do_not_shift_places(tmp_path: Path) -> None:
    (tmp_path / "skillweave.toml").write_bytes(b'\xef\xbb\xbfbanner = true\r\noutpt = "x"\r\n')
    _, (diagnostic,) = load_config(tmp_path)
    assert (diagnostic.start, diagnostic.end) == ((2, 1), (2, 6))


# What it may contain

EVERYTHING = """
patterns = ["./shared/", "plugins/*/patterns"]
skills = [".claude//skills"]
documents = ["agents"]
output = "./out/"
headings = "keep"
banner = false
links = "error"
shared = ["CONNECTORS.md"]
verbatim = ["**/templates/**"]
consumers = ["claude-code"]
[limits]
bundle_bytes = 1
expansions = 2
depth = 3
skill_lines = 4
skill_tokens = 5
[plugins.contextd]
version = "1.0"
"""


def test_every_key(tmp_path: Path) -> None:
    write(tmp_path / "skillweave.toml", EVERYTHING)
    config, diagnostics = load_config(tmp_path)
    assert diagnostics == ()
    assert config.patterns == ("shared", "plugins/*/patterns")
    assert (config.skills, config.documents, config.output) == ((".claude/skills",), ("agents",), "out")
    assert (config.headings, config.banner, config.links) == ("keep", False, "error")
    assert config.shared == ("CONNECTORS.md",)
    assert (config.verbatim, config.consumers) == (("**/templates/**",), ("claude-code",))
    assert config.limits == Limits(bundle_bytes=1, expansions=2, depth=3, skill_lines=4, skill_tokens=5)
    assert config.plugins == {"contextd": {"version": "1.0"}}


def test_pyproject_supports_the_same_keys(tmp_path: Path) -> None:
    write(tmp_path / "a/skillweave.toml", EVERYTHING)
    text = EVERYTHING.replace("[limits]", "[tool.skillweave.limits]").replace("[plugins.", "[tool.skillweave.plugins.")
    write(tmp_path / "a/b/pyproject.toml", f"[tool.skillweave]{text}")
    ours, theirs = load_config(tmp_path / "a")[0], load_config(tmp_path / "a/b")[0]
    assert theirs == Config(
        **{name: getattr(ours, name) for name in Config._fields} | {"root": theirs.root, "file": theirs.file}
    )
    assert theirs.output == "out"


def test_the_output_from_the_command_line_may_be_anywhere_and_is_normalised(tmp_path: Path) -> None:
    write(tmp_path / "skillweave.toml", 'output = "x"')
    named = {"/somewhere/else": "/somewhere/else", "../up": "../up", "./y/": "y", "y/../z": "z", f"{tmp_path}/y": "y"}
    for output, name in named.items():
        config, diagnostics = load_config(tmp_path, output=output)
        assert (config.output, diagnostics) == (name, ())


@pytest.mark.parametrize("output", ["skills", "./skills/x", "patterns/out", ".", "skills/../patterns"])
def test_an_output_from_the_command_line_may_not_overlap_the_sources(tmp_path: Path, output: str) -> None:
    _, diagnostics = load_config(tmp_path, output=output)
    assert [diagnostic.code.name for diagnostic in diagnostics] == ["invalid-config"]


def test_an_output_outside_the_project_through_a_symlink_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (project / "build").symlink_to(tmp_path / "elsewhere")
    _, diagnostics = load_config(project, root=project)
    assert [diagnostic.message for diagnostic in diagnostics] == [
        "the output build is a symlink that leaves the project"
    ]


def test_plugins_cannot_be_changed(tmp_path: Path) -> None:
    write(tmp_path / "skillweave.toml", "[plugins.a]\nb = 1")
    plugins = load_config(tmp_path)[0].plugins
    with pytest.raises(TypeError):
        plugins["a"]["b"] = 2  # type: ignore[index]


# Errors

HELP_WIDEN = "the output must be a folder inside the project"
HELP_APART = "the output needs a folder that is separate from every root"
DATE = "output: expected a string, found a date or time"
HEADINGS = 'headings: expected "nest" or "keep", found "nst"'
HALF_STAR = 'skills: "a*/b" has a "*" that is not a whole part'
INSIDE = 'output: the output "skills/x" is inside the root "skills" of skills'
SAME = 'output: the output "Patterns" is the root "patterns" of patterns'
HOLDS = 'output: the output "p" contains the root "p/*/s" of skills'
NO_FLAG = "banner: expected true or false, found a string"
BUILT = 'shared: the output "build" is the root "build" of shared'
STAR = 'output: the output "p/x/s" is the root "p/*/s" of skills'
ROOT = 'skills: the output "build" contains the root "build/s" of skills'
ALL_KEYS = (
    "the keys are banner, consumers, documents, error, headings, ignore, limits, links, output, patterns, per-path, "
    "plugins, shared, skills, verbatim"
)
AT_THE_TOP = "in skillweave.toml, the keys are at the top level, not in a table"
A_GLOB = 'write a path of the project, as in "skills/legacy/**"'
ALL_LIMITS = "the keys are bundle_bytes, depth, expansions, skill_lines, skill_tokens"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\npatern = 1", ("2:1", "patern", 'unknown key "patern"', 'did you mean "patterns"?')),
        ('verbatim = ["a", "../b"]', ("1:18", '"../b"', 'verbatim: "../b" leaves the project', A_GLOB)),
        ('verbatim = ["a\\\\b"]', ("1:13", '"a\\\\b"', 'verbatim: "a\\b" has a backslash', A_GLOB)),
        ('"per-path" = 1', ("1:14", "1", "per-path: expected a table, found an integer", None)),
        ("[error]\n[limits]", ("1:2", "error", "error: expected a list of strings, found a table", None)),
        ("[[toolz]]\nx = 1", ("1:3", "toolz", 'unknown key "toolz"', ALL_KEYS)),
        ("limits.depht = 1", ("1:8", "depht", 'unknown key "depht" in limits', 'did you mean "depth"?')),
        ("limits = {xyz = 1}", ("1:11", "xyz", 'unknown key "xyz" in limits', ALL_LIMITS)),
        ("patterns = 3", ("1:12", "3", "patterns: expected a list of strings, found an integer", None)),
        ('skills = "a"', ("1:10", '"a"', "skills: expected a list of strings, found a string", 'write ["a"]')),
        ("skills = '\"a\"'", ("1:10", "'\"a\"'", "skills: expected a list of strings, found a string", None)),
        ("[skillweave]\nbanner = 1", ("1:2", "skillweave", 'unknown key "skillweave"', AT_THE_TOP)),
        ("[tool.skillweave]\nbanner = 1", ("1:2", "tool", 'unknown key "tool"', AT_THE_TOP)),
        ("[limits.skillweave]", ("1:9", "skillweave", 'unknown key "skillweave" in limits', ALL_LIMITS)),
        ("verbatim = [\n'a', # ]\n 1.5,]", ("3:2", "1.5", "verbatim: expected a string, found a float", None)),
        ('shared = ["build"]', ("1:11", '"build"', BUILT, HELP_APART)),
        (f"# {'a.' * 600}\nbanner = '{'a.' * 600}'", ("2:10", f"'{'a.' * 600}'", NO_FLAG, None)),
        (f"{'a.' * 501}b = 1", ("1:1", "a", "not valid TOML: a key has more than 500 parts", None)),
        (f"limits = {{{'a.' * 501}b = 1}}", ("1:1", "l", "not valid TOML: a key has more than 500 parts", None)),
        ('"a".' * 501 + "b = 1", ("1:1", '"', "not valid TOML: a key has more than 500 parts", None)),
        ("[[shared]]", ("1:3", "shared", "shared: expected a string, found a table", None)),
        ("[consumers]", ("1:2", "consumers", "consumers: expected a list of strings, found a table", None)),
        ('banner = "no"', ("1:10", '"no"', "banner: expected true or false, found a string", None)),
        ("banner = 1", ("1:10", "1", "banner: expected true or false, found an integer", None)),
        ("output = 1979-05-27 07:32:00 # x", ("1:10", "1979-05-27 07:32:00", DATE, None)),
        ("headings = 'nst'", ("1:12", "'nst'", HEADINGS, 'did you mean "nest"?')),
        ("links = []", ("1:9", "[]", 'links: expected "ship" or "error", found a list', None)),
        ("limits = 1", ("1:10", "1", "limits: expected a table, found an integer", None)),
        ("[limits]\ndepth = 0", ("2:9", "0", "limits.depth: expected a positive integer, found 0", None)),
        ("[limits]\ndepth = true", ("2:9", "true", "limits.depth: expected a positive integer, found a boolean", None)),
        ("limits.'depth' = -1", ("1:18", "-1", "limits.depth: expected a positive integer, found -1", None)),
        ("plugins.a = 1", ("1:13", "1", "plugins.a: expected a table, found an integer", None)),
        ('patterns = ["/a"]', ("1:13", '"/a"', 'patterns: "/a" is not a path below the project folder', None)),
        ('patterns = ["C:/a"]', ("1:13", '"C:/a"', 'patterns: "C:/a" is not a path below the project folder', None)),
        ('patterns = ["~/a"]', ("1:13", '"~/a"', 'patterns: "~/a" is not a path below the project folder', None)),
        ('skills = ["a/../b"]', ("1:11", '"a/../b"', 'skills: "a/../b" has a ".." part', None)),
        ("documents = ['a\\b']", ("1:14", "'a\\b'", 'documents: "a\\b" has a backslash', 'write "a/b"')),
        ('shared = [""]', ("1:11", '""', "shared: an empty path names no folder", None)),
        ('patterns = ["./"]', ("1:13", '"./"', 'patterns: "./" is the project folder itself', None)),
        (r'patterns = ["a\u0000"]', ("1:13", r'"a\u0000"', "patterns: a path cannot contain control characters", None)),
        ('skills = ["*/a/*"]', ("1:11", '"*/a/*"', 'skills: "*/a/*" has more than one "*"', None)),
        ('skills = ["a*/b"]', ("1:11", '"a*/b"', HALF_STAR, 'as in "plugins/*/skills"')),
        ('shared = ["*/a"]', ("1:11", '"*/a"', 'shared: "*/a" has a "*"', None)),
        ('output = "."', ("1:10", '"."', 'output: "." is the project folder itself', HELP_WIDEN)),
        ('output = "../x"', ("1:10", '"../x"', 'output: "../x" has a ".." part', HELP_WIDEN)),
        ('output = "/x"', ("1:10", '"/x"', 'output: "/x" is not a path below the project folder', HELP_WIDEN)),
        ('output = "skills/x"', ("1:10", '"skills/x"', INSIDE, HELP_APART)),
        ('output = "Patterns"', ("1:10", '"Patterns"', SAME, HELP_APART)),
        ('output = "p"\nskills = ["p/*/s"]', ("1:10", '"p"', HOLDS, HELP_APART)),
        ('output = "p/x/s"\nskills = ["p/*/s"]', ("1:10", '"p/x/s"', STAR, HELP_APART)),
        ('skills = ["a", "build/s"]', ("1:16", '"build/s"', ROOT, HELP_APART)),
    ],
)  # fmt: skip
def test_one_error(tmp_path: Path, text: str, expected: tuple[str, str, str, str | None]) -> None:
    assert mistakes(text, tmp_path) == [expected]
    config, _ = load_config(tmp_path)
    skills = ("p/*/s",) if "p/*/s" in text else ("skills",)  # the one valid value next to a broken one
    assert config == Config(tmp_path.resolve(), config.file, skills=skills)


TWICE = 'not valid TOML: "{}" is set twice, first on line {}'


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("patterns = [", "1:13", "not valid TOML: invalid value"),
        ('a = "x"\noutput "x"\n', "2:8", "not valid TOML: expected '=' after a key in a key/value pair"),
        ("output = 'x'\noutput = 'y'\n", "2:1", TWICE.format("output", 1)),
        ("[limits]\n[plugins.a]\n[limits]", "3:2", TWICE.format("limits", 1)),
        ("[a.b]\n[a]\n[ 'a' ]\n", "3:3", TWICE.format("a", 2)),
        ("a.b = 1\n[a]", "2:2", TWICE.format("a", 1)),
        ("[a]\n[[a]]", "2:3", TWICE.format("a", 1)),
        ("[[a]]\nb = 1\n[[a]]\nb = 1\n'b' = 2 # c", "5:1", TWICE.format("a.b", 4)),
        ("limits = {depth = 1, depth = 2}", "1:22", TWICE.format("limits.depth", 1)),
        ("a = 1\na.b = 2", "2:1", 'not valid TOML: "a.b" conflicts with "a", which has a value on line 1'),
        ("a = {b = 1}\n[a.c]", "2:2", 'not valid TOML: "a.c" conflicts with "a", which has a value on line 1'),
        (f"# 1\nlimits.depth = {'9' * 5000}", "2:16", "not valid TOML: an integer has too many digits"),
        (f"patterns = {'[' * 5000}{']' * 5000}", "1:5011", "not valid TOML: values are nested too deeply"),
    ],
)
def test_invalid_toml(tmp_path: Path, text: str, place: str, message: str) -> None:
    ((found, _, told_message, _),) = mistakes(text, tmp_path)
    assert found == place
    assert told_message.startswith(message)


def test_all_errors_are_reported_at_once_and_valid_values_are_kept(tmp_path: Path) -> None:
    text = 'b = 1\npatterns = ["ok", 3, "a\\\\b"]\nbanner = false\n[tool]\n[limits]\ndepth = "x"\nskill_lines = 9\n'
    assert [place for place, *_ in mistakes(text, tmp_path)] == ["1:1", "2:19", "2:22", "4:2", "6:9"]
    config, _ = load_config(tmp_path)
    assert (config.patterns, config.banner, config.limits) == (("patterns",), False, Limits(skill_lines=9))


def test_places_in_a_pyproject(tmp_path: Path) -> None:
    text = '[tool.other]\npatern = 1\nlimits.depth = 0\n["tool" . skillweave]\npatern = 1\nlimits.depth = 0\n'
    found = mistakes(text, tmp_path, "pyproject.toml")
    assert [(place, message) for place, _, message, _ in found] == [
        ("5:1", 'unknown key "patern"'),
        ("6:16", "limits.depth: expected a positive integer, found 0"),
    ]


@pytest.mark.parametrize("value", ["3", "[]"])
def test_a_pyproject_value_that_is_not_a_table(tmp_path: Path, value: str) -> None:
    ((place, covered, message, _),) = mistakes(f"[tool]\nskillweave = {value}", tmp_path, "pyproject.toml")
    kind = {"3": "an integer", "[]": "a list"}[value]
    assert (place, covered, message) == ("2:14", value, f"tool.skillweave: expected a table, found {kind}")


# Places: tomllib decides where values are


class Writer:
    """Writes random TOML. Every scalar occurs only once in a text, so that a wrong place is detected."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.count = 0

    def pick(self, *options: str) -> str:
        self.count += 1
        return self.draw(st.sampled_from(options)).replace("N", str(self.count))

    def key(self) -> str:
        return self.pick("kN", "N", '"a.]#N"', "'b = {N'", '"\\u0041 \\" N"', '"é N"')

    def dotted(self) -> str:
        return self.pick(".", " . ").join(self.key() for _ in range(self.draw(st.integers(1, 3))))

    def blank(self, *, lines: bool) -> str:
        return self.pick("", " ", "\n  # ] } ''' \" = \n", "\n") if lines else self.pick("", " ", "\t")

    def scalar(self, *, lines: bool) -> str:
        return self.pick(
            *("N", "-N.5e3", "197N-05-27 07:32:00" if self.count < 9 else "0xN", '"N"', '"\\\\\\"] N # "', "'\\N\"'"),
            *(('"""\n"N" ]\\""""', "'''N\n'# '' = ''''", '"""N"""""', '"""N""""', '"""\\\n  N"""') if lines else ()),
        )

    def value(self, depth: int = 0, *, lines: bool = True) -> str:
        kind = self.draw(st.integers(0, 5 if depth < 3 else 3))
        if kind < 4:
            return self.scalar(lines=lines)
        size = self.draw(st.integers(0, 3))
        if kind == 4:
            items = [self.blank(lines=lines) + self.value(depth + 1, lines=lines) for _ in range(size)]
            comma = self.pick(",", "") if items else ""
            return f"[{','.join(items)}{self.blank(lines=lines)}{comma}{self.blank(lines=lines)}]"
        pairs = [f" {self.dotted()} = {self.value(depth + 1, lines=False)} " for _ in range(size)]
        return f"{{{','.join(pairs)}}}"

    def body(self) -> str:
        statements = [
            f"{self.blank(lines=False)}{self.dotted()} = {self.value()}{self.pick('', ' # x = [')}\n"
            for _ in range(self.draw(st.integers(0, 3)))
        ]
        return "".join(statements)

    def document(self) -> str:
        text = self.body()
        for _ in range(self.draw(st.integers(0, 3))):
            path = self.dotted()
            if self.draw(st.booleans()):
                text += f"[{path}]\n{self.body()}"
                continue
            for _ in range(self.draw(st.integers(1, 3))):
                text += f"[[ {path} ]] # ]\n{self.body()}[{path}.{self.dotted()}]\n{self.body()}"
        return text.removesuffix(self.pick("", "\n"))


@st.composite
def toml(draw: st.DrawFn) -> str:
    return Writer(draw).document()


@given(toml())
def test_places_are_where_tomllib_reads_the_values(text: str) -> None:
    data = tomllib.loads(text)
    keys, values = locate(text)
    seen: set[tuple[str | int, ...]] = set()
    todo: list[tuple[tuple[str | int, ...], object]] = [((key,), value) for key, value in data.items()]
    while todo:
        path, value = todo.pop()
        seen.add(path)
        if isinstance(path[-1], str):
            assert tomllib.loads(f"{text[slice(*keys[path])]} = 0") == {path[-1]: 0}
        if path in values:
            assert tomllib.loads(f"x = {text[slice(*values[path])]}") == {"x": value}
        else:  # a table, or a list of tables, created by headers or dotted keys
            assert isinstance(value, dict | list)
            assert path in keys
        if isinstance(value, dict):
            todo.extend(((*path, key), item) for key, item in value.items())
        elif isinstance(value, list):
            todo.extend(((*path, index), item) for index, item in enumerate(value))
    assert set(keys) | set(values) == seen


@given(toml(), st.randoms(use_true_random=False))
def test_a_duplicate_key_is_reported_by_name(text: str, random: Random) -> None:
    keys = [span for path, span in locate(text).keys.items() if len(path) == 1]
    again = text[slice(*random.choice(keys))] if keys else "a"
    first = text if keys else "a = 0\n"
    name = next(iter(tomllib.loads(f"{again} = 0")))
    problem = parsed(f"{again} = 0\n{first}")
    assert isinstance(problem, Problem)
    assert f'"{name}' in problem.message
    assert problem.message.endswith("on line 1")


# What is cached of it


@pytest.mark.parametrize(
    ("name", "header"), [("skillweave.toml", ""), ("pyproject.toml", "[tool.skillweave]\n")], ids=["own", "shared"]
)
def test_a_cached_text_is_read_without_the_parser(tmp_path: Path, name: str, header: str) -> None:
    prepare_folder(tmp_path)
    for output in ("one", "two"):
        write(tmp_path / name, f'{header}output = "{output}"\n')
        found = load_config(tmp_path, cached=True)
        assert found[0].output == output
        assert found == load_config(tmp_path, cached=True) == load_config(tmp_path)
        assert "tomllib" not in modules_of_a_build(tmp_path, "-q")
    assert "tomllib" in modules_of_a_build(tmp_path, "-q", "--no-cache")


@given(toml())
def test_the_cached_values_of_a_text_equal_the_parsed_ones(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.mktemp("kept")
    prepare_folder(root)
    keep_toml(root, text, tomllib.loads(text))
    assert kept_toml(root, text) in (None, tomllib.loads(text))
    assert kept_toml(root, f"{text}\n") is None


def test_foreign_or_modified_cache_files_are_not_trusted(tmp_path: Path) -> None:
    ours, theirs, text = tmp_path / "ours", tmp_path / "theirs", 'output = "out"\n'
    for root in (ours, theirs):
        write(root / "skillweave.toml", text)
        prepare_folder(root)
        load_config(root, cached=True)
    kept = ours / ".skillweave/toml.json"
    write_json(kept, {**read_json(theirs / ".skillweave/toml.json"), "parsed": {"output": "wrong"}})
    assert kept_toml(ours, text) is None
    assert load_config(ours, cached=True)[0].output == "out"
    assert kept_toml(ours, text) == {"output": "out"}
    data = kept.read_bytes()
    for place in range(0, len(data), 5):
        kept.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert load_config(ours, cached=True)[0].output == "out"


def test_without_a_cache_folder_nothing_is_cached(tmp_path: Path) -> None:
    write(tmp_path / "skillweave.toml", 'output = "out"\n')
    load_config(tmp_path, cached=True)
    assert [path.name for path in tmp_path.iterdir()] == ["skillweave.toml"]
