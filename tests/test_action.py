"""The GitHub action and the GitLab job, run as their runners would: the original shell text, real bash, real installs."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from adoption import PUBLISHED, ROOT, Ran, locked, run
from projects import skill, write

if TYPE_CHECKING:
    from pathlib import Path

    from adoption import Checkout

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SKILL = skill("x", "# X\n\n<<include: a.md>>\n")
TRAP = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\nraise SystemExit('the trap ran')\n"
MODULES = ("pip", "venv", "ensurepip", "click", "skillweave", "sitecustomize", "usercustomize", "json", "encodings")
"""Modules that a pull request could add to shadow the real ones."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An untrusted checkout: a skill with an error, and modules that must never be imported."""
    for name in MODULES:
        write(tmp_path / f"{name}.py", TRAP)
    write(tmp_path / "skills/x/SKILL.md", SKILL)
    return tmp_path


@pytest.fixture
def runner(project: Path, tool: Checkout) -> dict[str, str]:
    """The runner's environment after the first step, which ran once with the untrusted modules present."""
    temporary = tool.path.parent / "runner"
    environment = dict(tool.environment) | {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(tool.path),
        "GITHUB_WORKSPACE": str(project),
        "RUNNER_TEMP": str(temporary),
    }
    with locked(tool.path.parent / "runner.lock"):
        if not (temporary / "skillweave/bin/skillweave").exists():
            temporary.mkdir(exist_ok=True)
            assert step(0, project, environment, {"python": sys.executable}).status == 0
    return environment


def step(number: int, project: Path, environment: dict[str, str], inputs: dict[str, str]) -> Ran:
    """Run one step of the action as the runner does: fill in the expressions in `env`, then pass the text to bash."""
    found = ACTION["runs"]["steps"][number]
    values = {name: about["default"] for name, about in ACTION["inputs"].items()} | inputs
    given = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda use: values[use[1]], text)
        for name, text in found["env"].items()
    }
    return bash(found["run"], project, environment | given)


def bash(script: str, project: Path, environment: dict[str, str]) -> Ran:
    file = project.parent / f"{project.name}.sh"
    write(file, script)
    return run(project, environment, ["bash", "--noprofile", "--norc", "-eo", "pipefail", file])


def traps_that_ran(project: Path) -> list[Path]:
    return list(project.rglob("*.ran"))


def test_a_mistake_fails_the_step_and_stands_at_its_line(project: Path, runner: dict[str, str]) -> None:
    ran = step(1, project, runner, {})
    assert ran.status == 1
    (annotation,) = [line for line in ran.text.splitlines() if line.startswith("::error ")]
    assert "file=skills/x/SKILL.md" in annotation
    assert "line=7" in annotation
    assert "cannot find a.md" in annotation
    assert traps_that_ran(project) == []


def test_a_valid_project_passes_and_no_cache_is_used(project: Path, runner: dict[str, str]) -> None:
    write(project / "patterns/a.md", "Text.\n")
    ran = step(1, project, runner, {})
    assert ran.status == 0
    assert "::" not in ran.text
    assert not (project / ".skillweave").exists()
    assert traps_that_ran(project) == []


def test_a_stale_committed_bundle_fails_only_build(project: Path, runner: dict[str, str]) -> None:
    write(project / "patterns/a.md", "Text.\n")
    bash('"$RUNNER_TEMP/skillweave/bin/skillweave" build', project, runner)
    assert step(1, project, runner, {"command": "build"}).status == 0
    write(project / "patterns/a.md", "Another text.\n")
    assert step(1, project, runner, {"command": "check"}).status == 0
    stale = step(1, project, runner, {"command": "build"})
    assert stale.status == 1
    assert re.search(r"^::error file=build/skills/x/SKILL.md,.* is stale", stale.text, re.MULTILINE)


def test_arguments_are_arguments_and_never_shell(project: Path, runner: dict[str, str]) -> None:
    write(project / "patterns/a.md", "Text.\n")
    write(project / "patterns/unused.md", "Text.\n")
    assert step(1, project, runner, {}).status == 0
    assert step(1, project, runner, {"args": "--quiet\n--strict"}).status == 1
    for hostile in ("; touch hacked", "$(touch hacked)", "`touch hacked`", "x\n touch hacked", "*"):
        assert step(1, project, runner, {"args": hostile}).status == 2, hostile
        assert step(1, project, runner, {"command": hostile}).status == 2, hostile
    assert not (project / "hacked").exists()


def test_the_findings_are_also_written_as_sarif(project: Path, runner: dict[str, str]) -> None:
    assert step(1, project, runner, {"sarif-file": "no folder/skillweave.sarif"}).status == 2
    ran = step(1, project, runner, {"sarif-file": "skill weave.sarif"})
    assert ran.status == 1
    assert "::error file=skills/x/SKILL.md," in ran.text
    written = json.loads((project / "skill weave.sarif").read_text(encoding="utf-8"))
    assert written["version"] == "2.1.0"
    assert [result["ruleId"] for result in written["runs"][0]["results"]] == ["SW201"]
    write(project / "skillweave.toml", "nonsense = 1\n")
    mistaken = step(1, project, runner, {"sarif-file": "skill weave.sarif"})
    assert mistaken.status == 2
    assert "::error file=skillweave.toml," in mistaken.text


def test_the_job_for_gitlab(project: Path, runner: dict[str, str]) -> None:
    """Run the whole script of the job except the install, which is covered by the action's first step."""
    page = (ROOT / "docs/how-to/gitlab.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml file=\.gitlab-ci\.yml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    job = yaml.safe_load(block)["skillweave"]
    install, *script = job["script"]
    assert install == f'pip install --quiet "git+{PUBLISHED}@v0.1.0"'
    path = f"{runner['RUNNER_TEMP']}/skillweave/bin:{runner['PATH']}"
    ran = bash("\n".join(script), project, runner | {"PATH": path})
    assert ran.status == 1
    assert "skills/x/SKILL.md:7:12: SW201 cannot find a.md\n" in ran.text
    (artifact,) = job["artifacts"]["paths"]
    written = json.loads((project / artifact).read_text(encoding="utf-8"))
    assert [found["code"] for found in written["diagnostics"]] == ["SW201"]
    assert traps_that_ran(project) == []


def test_inputs_are_never_part_of_the_shell_text() -> None:
    for found in ACTION["runs"]["steps"]:
        assert "${{" not in found["run"]
        assert found["shell"] == "bash"
        assert all(re.fullmatch(r"\$\{\{ inputs\.[\w-]+ \}\}", text) for text in found["env"].values())


def test_the_documented_workflows_pin_their_actions_and_use_existing_inputs() -> None:
    page = (ROOT / "docs/how-to/github.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml file=\S+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    steps: list[dict[str, Any]] = [
        used for block in blocks for used in yaml.safe_load(block)["jobs"]["skillweave"]["steps"]
    ]
    ours = [used for used in steps if used["uses"].startswith("OWNER/skillweave@")]
    assert len(ours) == len(blocks) == 2
    assert all(set(used["with"]) <= set(ACTION["inputs"]) for used in ours)
    assert all(re.search(r"@[0-9a-f]{40}$", used["uses"]) for used in steps if used not in ours)
    table = dict(re.findall(r"^\| `([\w-]+)` \| (?:`(.*?)`)? ?\|", page, re.MULTILINE))
    assert table == {name: about["default"] for name, about in ACTION["inputs"].items()}
