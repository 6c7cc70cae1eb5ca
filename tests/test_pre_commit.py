"""The hooks, run by the real pre-commit in test repositories: what they block, what they accept, and when they run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import yaml

from adoption import PUBLISHED, ROOT, Ran, local, run
from projects import skill, write

if TYPE_CHECKING:
    from pathlib import Path

    from adoption import Checkout

SKILL = skill("x", "# X\n\n<<include: a.md>>\n")
BOTH = (
    "repos:\n  - repo: {0}\n    rev: v0.1.0\n    hooks:\n      - id: skillweave-check\n      - id: skillweave-build\n"
)
PAGE = (ROOT / "docs/how-to/pre-commit.md").read_text(encoding="utf-8")
MANIFEST = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

Command = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A skill that includes a pattern which does not exist yet."""
    write(tmp_path / "skills/x/SKILL.md", SKILL)
    return tmp_path


@pytest.fixture
def command(project: Path, tool: Checkout) -> Command:
    """Run a command in the project, which is made a repository."""
    run(project, tool.environment, ["git", "init", "--quiet"])
    return lambda *arguments: run(project, tool.environment, arguments)


def verdicts(ran: Ran) -> dict[str, str]:
    """The result that pre-commit prints for each hook."""
    return dict(re.findall(r"^(skillweave \S.*?)\.{3,}(?:\(.*\))?(\w+)$", ran.text, re.MULTILINE))


def test_a_bad_commit_is_blocked_and_a_mended_one_goes_through(project: Path, tool: Checkout, command: Command) -> None:
    write(project / ".pre-commit-config.yaml", local(BOTH.format(PUBLISHED), tool))
    assert command("pre-commit", "install").status == 0

    def commit() -> Ran:
        command("git", "add", "--all")
        return command("git", "commit", "--quiet", "--message", "a change")

    def commits() -> int:
        return len(command("git", "log", "--all", "--format=%H").text.split())

    broken = commit()
    assert verdicts(broken) == {"skillweave check": "Failed", "skillweave build --check": "Failed"}
    assert "error[SW201]: cannot find a.md\n  --> skills/x/SKILL.md:7:12\n" in broken.text
    assert (broken.status, commits()) == (1, 0)

    write(project / "patterns/a.md", "Text.\n")
    unbuilt = commit()
    assert verdicts(unbuilt) == {"skillweave check": "Passed", "skillweave build --check": "Failed"}
    assert "build/skills/x/SKILL.md is missing" in unbuilt.text

    assert command("skillweave", "build").status == 0
    good = commit()
    assert verdicts(good) == {"skillweave check": "Passed", "skillweave build --check": "Passed"}
    assert (good.status, commits()) == (0, 1)

    write(project / "patterns/a.md", "Another text.\n")
    stale = commit()
    assert verdicts(stale) == {"skillweave check": "Passed", "skillweave build --check": "Failed"}
    assert "error[SW903]: build/skills/x/SKILL.md is stale" in stale.text

    command("git", "rm", "--quiet", "--force", "patterns/a.md")
    deleted = command("git", "commit", "--quiet", "--message", "only a deletion")
    assert verdicts(deleted) == {"skillweave check": "Failed", "skillweave build --check": "Failed"}
    assert commits() == 1


def test_try_repo_runs_both_hooks_without_a_configuration(project: Path, tool: Checkout, command: Command) -> None:
    write(project / "patterns/a.md", "Text.\n")
    command("git", "add", "--all")
    tried = command("pre-commit", "try-repo", str(tool.path), "--all-files", "--verbose")
    assert verdicts(tried) == {"skillweave check": "Passed", "skillweave build --check": "Failed"}
    assert "no problems in 2 files" in tried.text
    assert "build/skills/x/SKILL.md is missing" in tried.text


def test_the_documented_filter_limits_when_a_hook_runs(project: Path, tool: Checkout, command: Command) -> None:
    _, narrowed = re.findall(r"^```yaml file=\.pre-commit-config\.yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    write(project / ".pre-commit-config.yaml", local(narrowed, tool))
    write(project / "skillweave.toml", 'patterns = ["shared"]\nskills = ["bots"]\n')
    write(project / "bots/x/SKILL.md", SKILL)
    write(project / "README.md", "Unlike the others, nothing of skillweave.\n")

    def verdict(file: str) -> dict[str, str]:
        command("git", "add", "--all")
        return verdicts(command("pre-commit", "run", "--files", file))

    assert verdict("README.md") == {"skillweave check": "Skipped"}
    assert verdict("skillweave.toml") == {"skillweave check": "Failed"}
    write(project / "shared/a.md", "Text.\n")
    assert verdict("shared/a.md") == {"skillweave check": "Passed"}


def test_the_first_documented_configuration_works(project: Path, tool: Checkout, command: Command) -> None:
    first, _ = re.findall(r"^```yaml file=(\.pre-commit-config\.yaml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    write(project / first[0], local(first[1], tool))
    assert verdicts(command("pre-commit", "run", "--all-files")) == {"skillweave build --check": "Failed"}


def test_the_hooks_check_the_whole_project_once_on_every_possible_change(command: Command) -> None:
    assert command("pre-commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")) == Ran(0, "")
    assert {hook["id"]: hook["entry"] for hook in MANIFEST} == {
        "skillweave-check": "skillweave check",
        "skillweave-build": "skillweave build --check",
    }
    for hook in MANIFEST:
        assert hook["language"] == "python"
        assert (hook["always_run"], hook["pass_filenames"], hook["require_serial"]) == (True, False, True)
        assert "commit-msg" not in hook["stages"], "a hook that always runs would run for every stage that is installed"


@pytest.mark.parametrize("hook", MANIFEST, ids=lambda hook: hook["id"])
def test_the_files_that_concern_a_hook_in_the_usual_folders(hook: dict[str, str]) -> None:
    matter = [
        *("patterns/a.md", "skills/x/SKILL.md", "skills/x/scripts/run.py", "plugins/p/skills/x/SKILL.md"),
        *("agents/a.md", "plugins/p/commands/c.md", "skillweave.toml", "pyproject.toml", "tools/skillweave.toml"),
    ]
    output = ["build/skillweave.lock.json", "build/x/SKILL.md"]
    others = ["README.md", "src/main.py", "docs/patterns.md", "myskillweave.toml", "src/antipatterns/a.md"]
    found = [path for path in (*matter, *output, *others) if re.search(hook["files"], path)]
    assert found == [*matter, *(output if hook["id"] == "skillweave-build" else [])]
