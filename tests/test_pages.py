"""The page of every code: its example gives exactly the finding shown, and its cure leaves none.

The code fences of a page are the files of a project (`file=PATH`). Those under "Example" are written first, and the page's
command is run on them. Those under "Cure" are then added, and replace files of the same name. Builders create what plain
files cannot represent.

`pytest tests/test_pages.py --update-golden` rewrites the outputs and the index. Then read the diff, line by line.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from markdown_it import MarkdownIt

from projects import Outcome, write_files
from skillweave.cli import run
from skillweave.diagnostics import CODES
from skillweave.explain import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Skillweave
    from skillweave.diagnostics import Code

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "docs" / "reference" / "diagnostics"
INDEX = FOLDER / "README.md"
NUMBERS = sorted(path.stem for path in FOLDER.glob("SW*.md"))


class Page(NamedTuple):
    """A page in parts. `span` is the half-open range of its output lines, from 0."""

    text: str
    sections: tuple[str, ...]
    example: dict[str, str]
    cure: dict[str, str]
    command: list[str]
    output: str
    span: tuple[int, int]


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert [code.number for code in CODES.values()] == NUMBERS


def test_the_folder_contains_nothing_else() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*(f"{number}.md" for number in NUMBERS), "README.md"}
    assert {*BUILDERS, *CURES} <= {*NUMBERS}


def test_the_index_lists_every_code(*, update_golden: bool) -> None:
    text = INDEX.read_text("utf-8")
    rows = [
        f"| [{code.number}]({code.number}.md) | {code.name} | {code.severity.value} | {code.summary} |\n"
        for code in CODES.values()
    ]
    if update_golden:
        INDEX.write_text(re.sub(r"(?<=\| --- \|\n)(\| .*\n)*", lambda _: "".join(rows), text), "utf-8")
        text = INDEX.read_text("utf-8")
    assert re.findall(r"^\| \[SW.*\n", text, re.MULTILINE) == rows


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.number)
def test_a_page_has_all_its_parts(code: Code) -> None:
    page = read_page(code.number)
    title, what, severity = page.text.split("\n\n")[:3]
    assert title == f"# {code.number} {code.name}"
    assert re.fullmatch(r"[A-Z`].*\.", what)
    assert severity.startswith(f"Severity: **{code.severity.value}**")
    assert page.sections == ("Example", "Cure", "Why")


@pytest.mark.parametrize("number", NUMBERS)
def test_example(number: str, tmp_path: Path, skillweave: Skillweave, *, update_golden: bool) -> None:
    page = read_page(number)
    lay_out(page, number, tmp_path)
    outcome = (run_without_privileges if number == "SW212" else skillweave)(tmp_path, page.command)
    found = list(findings(outcome))
    # A target named by a broken directive is not included, which may cause a second finding. The page omits that one.
    assert {number} <= {code for code, _ in found} <= {number, "SW304"}, outcome
    output = "\n".join(text for code, text in found if code == number)
    if update_golden:
        lines = page.text.split("\n")
        lines[page.span[0] : page.span[1]] = output.rstrip("\n").split("\n")
        (FOLDER / f"{number}.md").write_text("\n".join(lines), "utf-8")
    else:
        assert output == page.output


@pytest.mark.parametrize("number", NUMBERS)
def test_cure(number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    page = read_page(number)
    assert page.cure or number in CURES, "a page whose cure is not tried"
    lay_out(page, number, tmp_path)
    write_files(tmp_path, page.cure)
    if number in CURES:
        CURES[number](tmp_path)
    monkeypatch.chdir(tmp_path)
    status = run(page.command)
    printed = capsys.readouterr()
    assert list(findings(Outcome(status, printed.out, printed.err))) == []
    assert status == 0


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.number)
def test_explain_finds_a_page_by_number_and_by_name(code: Code) -> None:
    text = (FOLDER / f"{code.number}.md").read_text("utf-8").rstrip("\n")
    for name in (code.number, code.number.lower(), code.number[2:], code.name, code.name.upper()):
        assert explain(name) == (text, None)


@pytest.mark.parametrize(("name", "close"), [("missing-sektion", "missing-section"), ("SW2O7", "SW207"), ("qq", None)])
def test_explain_suggests_the_nearest_name(name: str, close: str | None) -> None:
    assert explain(name) == (None, close)


def test_the_command_prints_a_page(tmp_path: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(tmp_path, ["explain", "sw207"])
    assert outcome == (0, (FOLDER / "SW207.md").read_text("utf-8"), "")


def test_a_wheel_includes_the_pages() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included == {FOLDER.relative_to(REPOSITORY).as_posix(): "skillweave/pages"}
    assert not (REPOSITORY / "src" / "skillweave" / "pages").exists(), "a second copy, which would hide the first"


# Reading a page


def read_page(number: str) -> Page:
    text = (FOLDER / f"{number}.md").read_text("utf-8")
    files: dict[str, dict[str, str]] = {"Example": {}, "Cure": {}, "Why": {}}
    sections: list[str] = []
    outputs: list[tuple[str, tuple[int, int]]] = []
    tokens = MarkdownIt("commonmark").parse(text)
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            sections.append(tokens[at + 1].content)
        elif token.type == "fence" and token.map:
            _, _, path = token.info.partition(" file=")
            if path:
                files[sections[-1]][path] = token.content
            elif token.info == "text output":
                outputs.append((token.content, (token.map[0] + 1, token.map[1] - 1)))
    (command,) = re.findall(r"^`skillweave ([^`]+)` prints:$", text, re.MULTILINE)
    ((output, span),) = outputs
    return Page(text, tuple(sections), files["Example"], files["Cure"], shlex.split(command), output, span)


def findings(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """The code and text of every finding in the full format."""
    for paragraph in (*outcome.out.split("\n\n"), *outcome.err.split("\n\n")):
        head = re.match(r"(?:error|warning|info)\[(SW\d+)\]: ", paragraph)
        if head:
            yield head[1], paragraph.rstrip("\n") + "\n"


# Laying out a project


def lay_out(page: Page, number: str, project: Path) -> None:
    write_files(project, page.example)
    if number in BUILDERS:
        BUILDERS[number](project)


def run_without_privileges(project: Path, arguments: list[str]) -> Outcome:
    """Like the fixture, but file permissions apply to root too, which runs the tests in many containers."""
    start = (
        "import ctypes, os, sys\n"
        "dac_override, dac_read_search, drop_from_bounding_set = 1, 2, 24\n"
        "if sys.platform == 'linux':\n"
        "    for capability in (dac_override, dac_read_search):\n"
        "        ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'skillweave', *sys.argv[1:]])\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "FORCE_COLOR"}
    command = [sys.executable, "-c", start, *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False, timeout=60)
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def save_as_utf_16(project: Path) -> None:
    path = project / "patterns" / "checklist.md"
    path.write_text(path.read_text("utf-8"), "utf-16")


def save_as_utf_8(project: Path) -> None:
    path = project / "patterns" / "checklist.md"
    path.write_text(path.read_text("utf-16"), "utf-8")


def put_in_hidden_characters(project: Path) -> None:
    """Replace `<U+200B>` and the like by the character itself."""
    path = project / "skills" / "review" / "SKILL.md"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r"<U\+([0-9A-F]+)>", lambda found: chr(int(found[1], 16)), text), "utf-8")


def permit(mode: int) -> Callable[[Path], None]:
    return lambda project: (project / "patterns" / "checklist.md").chmod(mode)


def move(source: str, target: str) -> Callable[[Path], None]:
    def rename(project: Path) -> None:
        (project / source).rename(project / target)

    return rename


def move_with_links(source: str, target: str) -> Callable[[Path], None]:
    def rename(project: Path) -> None:
        run(["mv", str(project / source), str(project / target), "--root", str(project), "--quiet"])

    return rename


def remove_the_second(project: Path) -> None:
    shutil.rmtree(project / "more" / "review")


def build(project: Path) -> None:
    run(["build", "--root", str(project), "--quiet"])


def add_samples(project: Path) -> None:
    folder = project / "skills" / "review" / "samples"
    folder.mkdir()
    for number in range(1, 201):
        (folder / f"{number}.txt").write_text(f"{number}\n", "utf-8")


def remove_samples(project: Path) -> None:
    for path in (project / "skills" / "review" / "samples").glob("1*.txt"):
        path.unlink()


BUILDERS: dict[str, Callable[[Path], None]] = {
    "SW109": save_as_utf_16,
    "SW212": permit(0o000),
    "SW801": put_in_hidden_characters,
    "SW802": put_in_hidden_characters,
    "SW904": add_samples,
}
CURES: dict[str, Callable[[Path], None]] = {
    "SW109": save_as_utf_8,
    "SW212": permit(0o644),
    "SW708": remove_the_second,
    "SW709": move_with_links("skills/review/fast", "skills/fast"),
    "SW902": move("build/skills/review/notes.md", "notes.md"),
    "SW903": build,
    "SW904": remove_samples,
    "SW905": move("skills/Code_Tools", "skills/code-tools"),
}
