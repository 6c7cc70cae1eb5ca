"""Reports for CI: GitHub workflow commands, SARIF, and `--output-file`. Nothing that is printed can act as a runner command."""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from projects import files_below, skill, write_files
from skillweave.cli.options import FORMATS
from skillweave.diagnostics import INCLUDE_CYCLE, INVALID_CONFIG, MISSING_INCLUDE, Diagnostic, Note, Severity
from skillweave.report import Context, Format, Summary, render
from skillweave.report.text import escape, escape_patch, escape_path
from skillweave.source import Position, SourcePath
from strategies import examples

if TYPE_CHECKING:
    from conftest import Skillweave

STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
SEVERITIES = st.sampled_from(list(Severity))
HOSTILE = st.text(st.sampled_from("a:#[]%,=(){}\\; \t\r\n\x1b\x07\x9b\x85\xa0\u2028\u202e\u200d\U000e0041\udc80字"))


class Command(NamedTuple):
    """A runner's interpretation of a line."""

    name: str
    properties: dict[str, str]
    data: str


def command(line: str) -> Command | None:
    """Parse a line like GitHub's runner: `::name key=value,…::data` after blanks, or `##[name …]` anywhere."""
    trimmed = line.lstrip()
    if trimmed.startswith("::") and "::" in trimmed[2:]:
        head, _, data = trimmed[2:].partition("::")
        name, _, rest = head.partition(" ")
        pairs = [pair.split("=", 1) for pair in rest.strip().split(",") if "=" in pair]
        return Command(name, {key: decoded(value, "\r\n:,%") for key, value in pairs}, decoded(data, "\r\n%"))
    old = re.search(r"##\[([^ \]]*)", line)
    return Command(old[1], {}, "") if old and "]" in line[old.start() :] else None


def decoded(text: str, special: str) -> str:
    for character in special:  # One after the other, with the per cent sign last, like the runner.
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def lines_of(log: str) -> list[str]:
    """The lines of a log, split at every line end that a runner recognises."""
    return re.split("\r\n|\r|\n", log)


def context(line: str | None = None, prefix: str = "") -> Context:
    return Context(lambda *_: line, color=False, summary=Summary(1, 0, 0, 1, 0), prefix=prefix)


def found(message: str, path: str = "a.md", *, line: int = 1, **more: Any) -> Diagnostic:  # noqa: ANN401 - fields
    place = Position(line, 1)
    return Diagnostic(MISSING_INCLUDE, message, SourcePath(path), place, Position(line, 3), **more)


@functools.cache
def validator() -> Draft4Validator:
    schema = json.loads((Path(__file__).parent / "data/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    return Draft4Validator(schema)


def sarif(text: str) -> dict[str, Any]:
    """The only run of a log, after validating the log against the SARIF schema."""
    log = json.loads(text)
    assert [error.message for error in validator().iter_errors(log)] == []
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


# GitHub


def test_the_simulated_runner_recognises_commands() -> None:
    assert command("  ::error file=a%2Cb,line=1::x%0Ay%25") == Command("error", {"file": "a,b", "line": "1"}, "x\ny%")
    assert command("12 | ##[add-path]x") == Command("add-path", {}, "")
    assert [command(line) for line in ("a ::error::x", "# [error]", "::: a.md:1:1", "::error")] == [None] * 4


@given(HOSTILE, HOSTILE, SEVERITIES)
def test_the_runner_reads_back_every_finding(text: str, path: str, severity: Severity) -> None:
    note = Note(text, SourcePath(path), Position(3, 4))
    diagnostic = found(text, path, help=text, label="b", hops=(note,), notes=(note, Note(text)), severity=severity)
    (line, end) = lines_of(render([diagnostic], Format.GITHUB, context()))
    read = command(line)
    assert end == ""
    assert read is not None
    assert read.name == {"error": "error", "warning": "warning", "info": "notice"}[severity.value]
    place, said = f"{escape_path(path)}:3:4", escape(text)
    hop = f"{place}   {said}".rstrip()
    assert read.data == f"{said}\nb\n{hop}\nnote: {said} {place}\nnote: {said}\nhelp: {said}"
    assert read.properties.keys() == {"file", "line", "col", "endLine", "endColumn", "title"}
    assert STEERING.search(read.properties["file"] + read.data) is None
    assert path == read.properties["file"] or re.search(r"[^a:#\[\]%,=(){}\\; \xa0\u200d字]|##\[", path)


def test_text_that_looks_encoded_is_read_back_unchanged() -> None:
    read = command(render([found("100%25 %0A::%3A", "a%2Cb%0D.md")], Format.GITHUB, context()).removesuffix("\n"))
    assert read is not None
    assert (read.data, read.properties["file"]) == ("100%25 %0A::%3A", "a%2Cb%0D.md")


def test_a_finding_of_several_lines_has_no_columns() -> None:
    diagnostic = Diagnostic(MISSING_INCLUDE, "m", SourcePath("a.md"), Position(2, 5), Position(4, 1))
    assert render([diagnostic], Format.GITHUB, context()) == (
        "::error file=a.md,line=2,endLine=4,title=SW201 missing-include::m\n"
    )


def test_emoji_in_the_path_of_an_annotation_are_kept() -> None:
    path = "docs/👩\u200d💻 ℹ\ufe0f.md"
    read = command(render([found("m", path)], Format.GITHUB, context()))
    assert read is not None
    assert read.properties["file"] == path


# SARIF


@examples(30)
@given(st.lists(st.tuples(HOSTILE, HOSTILE), max_size=3), HOSTILE)
def test_sarif_conforms_to_the_standard(texts: list[tuple[str, str]], line: str) -> None:
    note = Note("see", SourcePath("b.md"))
    everything = [
        found(text, path or "a", notes=(Note(text, SourcePath(path or "a"), Position(2, 2)), note, Note(text)))
        for text, path in texts
    ]
    text = render(everything, Format.SARIF, context(line))
    run = sarif(text)
    assert [result["ruleId"] for result in run["results"]] == ["SW201"] * len(texts)
    for result, (_, path) in zip(run["results"], texts, strict=True):
        ids = [related["id"] for related in result["relatedLocations"]]
        assert ids == [1, 2]
        # In a message, only our own links are active, and each leads to a related location.
        assert [int(number) for number in re.findall(r"(?<!\\)\]\((.*?)\)", result["message"]["text"])] == ids
        artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert unquote(urlsplit(artifact["uri"]).path, errors="surrogateescape").lstrip("/") == (path or "a").lstrip(
            "/"
        )
        assert re.fullmatch(r"[!-~]+", artifact["uri"])
        assert ("uriBaseId" in artifact) is not artifact["uri"].startswith("file:")


def test_the_include_chain_becomes_related_locations() -> None:
    hops = (Note("includes b.md", SourcePath("b.md"), Position(1, 1)),)
    notes = (Note("no place"), Note("reached from", SourcePath("x [1]/S.md"), Position(12, 2)))
    place = Position(4, 1)
    cycle = Diagnostic(INCLUDE_CYCLE, "a cycle of {{x}}", SourcePath("a.md"), place, place, None, "l", hops, notes)
    (result,) = sarif(render([cycle], Format.SARIF, context()))["results"]
    assert result["message"]["text"] == (
        "a cycle of {{{{x}}}}\nl\n[b.md:1:1](1) includes b.md\nNote: no place\n"
        "Note: reached from [x \\[1\\]/S.md:12:2](2)"
    )
    assert [related["physicalLocation"] for related in result["relatedLocations"]] == [
        {
            "artifactLocation": {"uri": "b.md", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 1, "startColumn": 1},
        },
        {
            "artifactLocation": {"uri": "x%20%5B1%5D/S.md", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 12, "startColumn": 2},
        },
    ]


def test_text_of_the_repository_never_becomes_a_link() -> None:
    (result,) = sarif(render([found("[x](1) [y\\](https://e.example/)")], Format.SARIF, context()))["results"]
    assert result["message"]["text"] == "[x] (1) [y\\] (https://e.example/)"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b/ü.md", "sub/a%20b/%C3%BC.md"),
        ("a:b#c?d%e.md", "sub/a%3Ab%23c%3Fd%25e.md"),
        ("../out/x.md", "out/x.md"),
        ("/out/x y.md", "file:///out/x%20y.md"),
        ("\udcff.md", "sub/%FF.md"),
    ],
)
def test_places_are_relative_to_the_repository(path: str, uri: str) -> None:
    (result,) = sarif(render([found("m", path)], Format.SARIF, context(prefix="sub/")))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_an_error_in_the_configuration_is_a_failed_run() -> None:
    place = Position(1, 1)
    mistake = Diagnostic(INVALID_CONFIG, "m", SourcePath("skillweave.toml"), place, place)
    for findings, succeeded in (([mistake], False), ([found("m")], True), ([], True)):
        run = sarif(render(findings, Format.SARIF, context()))
        assert run["invocations"] == [{"executionSuccessful": succeeded}]
        assert len(run["tool"]["driver"]["rules"]) == len(run["results"]) == len(findings)


# Through the command line


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a subfolder of a repository, with findings in a skill and in a pattern that it includes."""
    (tmp_path / ".git").mkdir()
    root = tmp_path / "sub dir"
    return write_files(
        root,
        {
            "skills/s/SKILL.md": skill("s", "\n<<include: p.md>>\n\n<<include: no.md>>\n"),
            "patterns/p.md": "<<include: no.md>>\n\ntext\n\n<<include: no.md>>\n",
        },
    )


def test_sarif_of_a_project(project: Path, skillweave_here: Skillweave) -> None:
    done = skillweave_here(project, ["check", "--format", "sarif"])
    run = sarif(done.out)
    assert (done.status, done.err) == (1, "")
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == ["sub%20dir/patterns/p.md"] * 2 + [
        "sub%20dir/skills/s/SKILL.md"
    ]
    assert places[0]["region"] == {"startLine": 1, "startColumn": 12, "endLine": 1, "endColumn": 17}
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["name"]) == ("SW201", "missing-include")
    assert rule["help"]["markdown"].startswith("# SW201 missing-include\n")
    assert run["columnKind"] == "unicodeCodePoints"
    assert str(project) not in done.out


def test_fingerprints_stay_when_lines_move(project: Path, skillweave_here: Skillweave) -> None:
    def prints() -> list[str]:
        run = sarif(skillweave_here(project, ["check", "--format", "sarif"]).out)
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]

    before = prints()
    assert len(set(before)) == 3
    assert before[0].split(":")[0] == before[1].split(":")[0], "equal lines of one file are counted"
    for path in ("patterns/p.md", "skills/s/SKILL.md"):
        old = (project / path).read_text("utf-8")
        (project / path).write_text(old.replace("<<include: no.md>>", "more\n\n  <<include: no.md>>"), "utf-8")
    assert prints() == before
    (project / "patterns/p.md").write_text("<<include: other.md>>\n", "utf-8")
    assert set(prints()) & set(before) == {before[2]}


def test_paths_in_annotations_are_relative_to_the_repository(project: Path, skillweave_here: Skillweave) -> None:
    done = skillweave_here(project, ["build", "--format", "github"])
    read = [command(line) for line in done.out.splitlines()]
    assert (done.status, done.err) == (1, "")
    assert [(r.name, r.properties["file"], r.properties["line"]) for r in read if r] == [
        ("error", "sub dir/patterns/p.md", "1"),
        ("error", "sub dir/patterns/p.md", "5"),
        ("error", "sub dir/skills/s/SKILL.md", "8"),
    ]
    assert read[0] is not None
    assert "\nnote: included from skills/s/SKILL.md:6:1\n" in read[0].data


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("arguments", [["check"], ["build"], ["build", "--check"], ["package"]], ids=" ".join)
def test_an_output_file_contains_what_would_be_printed(
    fmt: str, arguments: list[str], project: Path, skillweave_here: Skillweave
) -> None:
    plain = skillweave_here(project, [*arguments, "--format", fmt])
    report = project.parent / "report"
    report.write_text("of yesterday")
    done = skillweave_here(project, [*arguments, "--format", fmt, "--output-file", "../report"])
    assert done.status == plain.status == 1
    assert report.read_text("utf-8").strip() in plain.out + plain.err
    assert "SW201" in report.read_text("utf-8")
    assert "SW201" not in done.out + done.err
    assert "3 errors in 2 files: see ../report\n" in done.out + done.err
    assert sorted(path.name for path in project.parent.iterdir()) == [".git", "report", "sub dir"]
    quiet = skillweave_here(project, [*arguments, "--format", fmt, "--output-file", "../report", "--quiet"])
    assert (quiet.out, quiet.err) == ("", "")


def test_every_format_can_be_selected() -> None:
    assert list(FORMATS) == [fmt.value for fmt in Format]


@pytest.mark.parametrize("fmt", ["github", "sarif"])
@pytest.mark.parametrize("name", ["graph", "trace", "watch"])
def test_other_commands_refuse_ci_formats(name: str, fmt: str, project: Path, skillweave_here: Skillweave) -> None:
    done = skillweave_here(project, [name, "--format", fmt])
    assert (done.status, done.out) == (2, "")
    assert f"'{fmt}' is not one of 'full', 'concise', 'json'" in done.err


@pytest.mark.parametrize("fmt", ["github", "sarif", "json"])
def test_a_patch_and_a_report_never_share_standard_output(fmt: str, project: Path, skillweave_here: Skillweave) -> None:
    done = skillweave_here(project, ["build", "--diff", "--format", fmt])
    assert (done.status, done.out) == (2, "")
    assert f"--diff cannot be written as {fmt}" in done.err
    (project / "patterns/p.md").write_text("text\n")
    (project / "skills/s/SKILL.md").write_text(skill("s", "\n<<include: p.md>>\n"))
    done = skillweave_here(project, ["build", "--check", "--diff", "--format", fmt, "--output-file", "../report"])
    assert done.out.startswith("diff --git a/build/")
    assert "SW903" in (project.parent / "report").read_text("utf-8")


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("no/report", "there is no folder no."),
        ("skills", "skills is not a regular file."),
        ("fifo", "fifo is not a regular file."),
        ("skills/s/SKILL.md", "skills/s/SKILL.md is in skills, which is no place for a report."),
        ("patterns/report.md", "patterns/report.md is in patterns, which is no place for a report."),
        ("build/report", "build/report is in build, which is no place for a report."),
        ("skillweave.toml", "skillweave.toml is a configuration file, which is no place for a report."),
    ],
)
def test_an_invalid_output_file_is_refused(file: str, message: str, project: Path, skillweave_here: Skillweave) -> None:
    os.mkfifo(project / "fifo")
    (project / "build").mkdir()
    (project / "skillweave.toml").write_text("")
    before = files_below(project)
    done = skillweave_here(project, ["check", "--output-file", file])
    assert (done.status, done.out) == (2, "")
    assert done.err.splitlines()[-1].endswith(message)
    assert files_below(project) == before


def test_an_output_file_in_a_hidden_root_is_refused(project: Path, skillweave_here: Skillweave) -> None:
    (project / ".plug/one/skills/x").mkdir(parents=True)
    (project / "skillweave.toml").write_text('skills = [".plug/*/skills"]\n')
    done = skillweave_here(project, ["check", "--output-file", ".plug/one/skills/x/report"])
    assert (done.status, done.out) == (2, "")
    assert done.err.endswith("is in .plug/one/skills, which is no place for a report.\n")


def test_a_symlink_as_output_file_is_not_followed(project: Path, skillweave_here: Skillweave) -> None:
    victim = project.parent / "victim"
    victim.write_text("precious")
    (project / "report").symlink_to(victim)
    assert skillweave_here(project, ["check", "--output-file", "report"]).status == 1
    assert victim.read_text() == "precious"
    assert "SW201" in (project / "report").read_text("utf-8")


def test_an_error_in_the_configuration_is_also_written_to_the_file(project: Path, skillweave_here: Skillweave) -> None:
    (project / "skillweave.toml").write_text("paterns = []\n")
    done = skillweave_here(project, ["check", "--format", "sarif", "--output-file", "../report"])
    (result,) = sarif((project.parent / "report").read_text("utf-8"))["results"]
    assert (done.status, result["ruleId"]) == (2, "SW001")
    assert 'unknown key "paterns"' in done.err


# Nothing that is printed is a runner command or controls a terminal

EVIL = "x\n::error::pwned\r##[error]pwned\x1b[31m\x9b\u202e\u2028\xa0"
COMMANDS = [
    *(["check", "--verbose", "--format", fmt] for fmt in FORMATS),
    ["check", "no such entry ::error::x\n::error::y"],
    ["build", "--diff"],
    ["build", "--verbose", "--explain"],
    ["build", "--verbose", "--format", "concise"],
    ["build", "--check"],
    ["graph"],
    ["graph", "--format", "json"],
    ["trace", "build/::notice::root/good/SKILL.md"],
    ["trace", "build/::notice::root/good/SKILL.md:7"],
    ["trace", "build/::notice::root/good/SKILL.md", "--format", "json"],
    ["package", "--verbose"],
    ["package", "--verbose"],
]


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A project whose names and texts look like runner commands."""
    evil = tmp_path / "::notice::root/evil"
    (evil / EVIL).mkdir(parents=True)
    (evil / "SKILL.md").write_text(skill("evil", f"\n# {EVIL}\n\n<<include: p.md>>\n\n[t](<{EVIL[0]}>)\n"), "utf-8")
    (evil / EVIL / "::error::x.md").write_text(f"<<include: {EVIL[2:]}.md>>\n", "utf-8")
    good = tmp_path / "::notice::root/good"
    (good / EVIL).mkdir(parents=True)
    (good / "SKILL.md").write_text(skill("good", "\ntext\n ::error::x\n##[error]y\n\x1b[31m\n"), "utf-8")
    (good / EVIL / "::error::x.txt").write_text(" ::error::x\na\r::error::y\n\x1b]0;t\x07\n", "utf-8")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / f"{EVIL.replace('/', '')}.md").write_text("text\n\n::error::x\n", "utf-8")
    (tmp_path / "patterns").mkdir()
    (tmp_path / "patterns/p.md").write_text(f"##[error]{EVIL}\n", "utf-8")
    (tmp_path / "skillweave.toml").write_text('skills = ["::notice::root"]\ndocuments = ["documents"]\n')
    return tmp_path


def test_no_line_is_a_command(stranger: Path, skillweave_here: Skillweave) -> None:
    for arguments in COMMANDS:
        done = skillweave_here(stranger, arguments)
        assert done.status in (0, 1, 2), (arguments, done.err)
        is_github = "github" in arguments
        for stream in done.out, done.err:
            assert STEERING.search(stream) is None, (arguments, stream)
            commands = [line for line in lines_of(stream) if command(line)]
            assert commands == [line for line in lines_of(stream) if is_github and line], arguments
    assert (stranger / "build/::notice::root/good").is_dir()


@given(HOSTILE)
def test_a_line_of_a_patch_is_never_a_command(text: str) -> None:
    for sign in ("+", "-", " "):
        shown = escape_patch(f"{sign}{text}\n")
        assert all(command(line) is None for line in lines_of(shown))
        assert STEERING.sub("", shown.replace("\r\n", "\n")) == shown.replace("\r\n", "\n")


def test_harmless_text_is_unchanged_in_a_patch() -> None:
    for line in ("+a\tb :: c 👩\u200d💻 ℹ\ufe0f \u3000字\xa0# [x]\n", " \u200cفارسی\r\n", "@@ -1 +1 @@\n"):
        assert escape_patch(line) == line
