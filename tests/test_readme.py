"""README, tutorial and some how-tos are executed: write the files, run the commands, and compare the output.

A fence with `file=PATH` is a file, and replaces an earlier one of that name. In a `console` fence, `$ ` begins a command,
and its complete output follows. Only durations and trailing blank lines may differ.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

import adoption
from projects import skill, write, write_files
from skillweave.config import Config, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adoption import Checkout

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "docs/tutorial.md", "docs/how-to/migrate.md", "docs/how-to/refactor.md"]
PAPERS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
SECONDS = re.compile(r"\b\d+\.\d\d s\b")


@pytest.mark.parametrize("page", PAGES)
def test_the_page_tells_the_truth(page: str, tmp_path: Path, tool: Checkout, *, update_golden: bool) -> None:
    told = told_now = (ROOT / page).read_text(encoding="utf-8")
    for info, content in fences(told):
        if name := re.search(r"\bfile=(\S+)", info):
            write(tmp_path / name[1], content)
        elif info == "console":
            commands = re.findall(r"^\$ (.*)$", content, re.MULTILINE)
            printed = "".join(f"$ {command}\n{run(command, tmp_path, tool)}" for command in commands)
            if SECONDS.sub("", printed) != SECONDS.sub("", content):
                told_now = told_now.replace(f"```console\n{content}```", f"```console\n{printed}```")
    if update_golden:
        (ROOT / page).write_text(told_now, encoding="utf-8")
    assert told_now == told
    assert "```console\n" in told


def fences(text: str) -> Iterator[tuple[str, str]]:
    """The info string and content of every fence."""
    return ((token.info, token.content) for token in MarkdownIt().parse(text) if token.type == "fence")


def run(command: str, project: Path, tool: Checkout) -> str:
    """The output of a command of a page, on both streams, without trailing blank lines.

    A hook that a page installs runs the `skillweave` on the PATH, as it would for a reader. Here that is this checkout's.
    """
    program, *arguments = shlex.split(command)
    if program == "cat":
        return "".join((project / name).read_text(encoding="utf-8") for name in arguments)
    assert program in {"skillweave", "git", "pre-commit"}, command
    text = adoption.run(project, tool.environment, [program, *arguments]).text.rstrip("\n")
    return f"{text}\n" if text else ""


def test_the_two_lines_are_two_and_the_second_is_what_ci_runs() -> None:
    """`.ci/run` extracts its line from README.md. The test asks which line it would run."""
    lines = [content.rstrip("\n") for info, content in fences((ROOT / "README.md").read_text("utf-8")) if info == "sh"]
    assert len(lines) == 2
    assert all(line.startswith("python3 -m venv .venv && ") and "\n" not in line for line in lines)
    script = (ROOT / ".ci/run").read_text(encoding="utf-8").partition("eval ")[0].replace('"${BASH_SOURCE[0]}"', '"$1"')
    done = subprocess.run(
        ["bash", "-c", script, "bash", ROOT / ".ci/run"], cwd="/", capture_output=True, check=True, timeout=60
    )
    assert done.stdout.decode() == f"$ {lines[1]}\n"
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_replacements_for_directives_of_other_tools_work_and_leftovers_are_found(
    tmp_path: Path, tool: Checkout
) -> None:
    page = (ROOT / "docs/how-to/migrate.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)[1:]
    theirs = [span for there, _ in rows for span in re.findall(r"`([^`]*nclude [^`]*|--8<-- \"[^`]*)`", there)]
    ours = [span for _, here in rows for span in re.findall(r"`(<<include: [^`]*>>)`", here)]
    assert (len(theirs), len(ours)) == (8, 4)
    texts = {
        "skills/x/SKILL.md": "\n\n".join([skill("x", "# X"), *ours, ""]),
        "patterns/notes.md": "Before.\n\n<!-- region: why -->\nWhy.\n<!-- endregion: why -->\n",
        "patterns/run.py": "1\n2\n3\n4\n5\n6\n",
        "patterns/greeting.md": "---\nparams:\n  who: {required: true}\n---\nHello {{ who }}.\n",
        **{f"left/{number}.md": f"{text}\n" for number, text in enumerate(theirs)},
    }
    write_files(tmp_path, texts)
    assert run("skillweave check --strict --quiet", tmp_path, tool) == ""
    (search,) = [content for info, content in fences(page) if info == "sh"]
    for command in ("git init --quiet", "git add ."):
        run(command, tmp_path, tool)
    found = [line.partition(":")[0] for line in run(search, tmp_path, tool).splitlines()]
    assert sorted(found) == sorted(name for name in texts if name.startswith("left/"))


def test_the_configuration_reference_lists_every_key_with_its_default() -> None:
    text = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    keys, limits = (
        dict(re.findall(r"^\| `([\w-]+)` \| (?:`(.*?)`|see below) \|", section, re.MULTILINE))
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:3]
    )
    config = Config(ROOT, None)
    others = {"root", "file", "limits", "policy"}
    expected = {name: value for name, value in config._asdict().items() if name not in others}
    expected |= {"ignore": (), "error": (), "per-path": {}}
    assert keys.pop("limits") == ""
    assert {name: tomllib.loads(f"k = {value}")["k"] for name, value in keys.items()} == {
        name: list(value) if isinstance(value, tuple) else value for name, value in expected.items()
    }
    assert {name: int(value) for name, value in limits.items()} == Limits()._asdict()


def test_the_main_pages_stay_short() -> None:
    for name in ("README.md", "ARCHITECTURE.md"):
        assert (ROOT / name).read_text(encoding="utf-8").count("\n") <= 150, name


@pytest.mark.parametrize("page", [*PAPERS, *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/**/*.md"))])
def test_links_lead_to_existing_files(page: str) -> None:
    tokens = [child for token in MarkdownIt().parse((ROOT / page).read_text("utf-8")) for child in token.children or ()]
    targets = [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]
    local = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    assert [target for target in local if not (ROOT / page).parent.joinpath(target).exists()] == []
