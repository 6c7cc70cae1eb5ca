"""Files that a folder may contain but a bundle may not: names that are not UTF-8, dangling links, links that lead outside."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from projects import files_below, skill, write_files

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Skillweave

ODD = os.fsdecode(b"f\xff")


def test_a_symlink_to_the_project_itself(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """What is below it has the paths that it has without the symlink."""
    write_files(
        tmp_path,
        {
            "skillweave.toml": 'shared = ["docs"]\n',
            "skills/s/SKILL.md": skill("s", "\n<<include: up/docs/a.md>>\n"),
            "docs/a.md": "A\n",
        },
    )
    for place in ("patterns/up", "skills/up"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).symlink_to("..")
    built = skillweave_here(tmp_path, ["build", "--quiet"])
    assert (built.status, built.out, built.err) == (0, "", "")
    lock = json.loads((tmp_path / "build/skillweave.lock.json").read_text("utf-8"))
    assert [*lock["entries"]["skills/s/SKILL.md"]["inputs"]] == ["docs/a.md", "skills/s/SKILL.md"]


@pytest.fixture
def project(tmp_path: Path, skillweave_here: Skillweave) -> Path:
    """A built project with two skills and two documents, next to an unrelated folder."""
    root = tmp_path / "project"
    write_files(
        tmp_path,
        {
            "project/skillweave.toml": 'documents = ["agents"]\nshared = ["docs"]\n',
            "project/skills/s/SKILL.md": skill("s"),
            "project/skills/t/SKILL.md": skill("t", "\n<<asset: d/>>\n"),
            "project/patterns/d/a.txt": "A\n",
            "project/agents/x.md": "X\n",
            "project/agents/y.md": "Y\n",
            "elsewhere/SKILL.md": skill("s"),
        },
    )
    assert skillweave_here(root, ["build"]).status == 0
    return root


def published(project: Path) -> dict[str, bytes]:
    """Every file in the output folder."""
    return {f"build/{path}": data for path, data in files_below(project / "build").items()}


def told(project: Path, skillweave_here: Skillweave, *command: str) -> list[str]:
    """The findings of a command, as `path: code`. The command must report failure, but not crash."""
    done = skillweave_here(project, [*command, "--format", "json"])
    assert done.status == 1, done.err
    return [f"{found['path']}: {found['code']}" for found in json.loads(done.out)["diagnostics"]]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        (f"skills/s/{ODD}.txt", f"skills/s/{ODD}.txt"),
        (f"skills/s/{ODD}.md", f"skills/s/{ODD}.md"),
        (f"skills/s/{ODD}/a.txt", f"skills/s/{ODD}"),
        (f"skills/{ODD}/SKILL.md", f"skills/{ODD}"),
        (f"agents/{ODD}.md", f"agents/{ODD}.md"),
        (f"patterns/{ODD}.md", f"patterns/{ODD}.md"),
    ],
)
def test_a_name_that_is_not_utf_8_is_one_finding(
    name: str, place: str, project: Path, skillweave_here: Skillweave
) -> None:
    before = published(project)
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).write_text("text\n")
    for command in (["check"], ["build"], ["build", "--check"], ["package"]):
        assert told(project, skillweave_here, *command) == [f"{place}: SW203"], command
    assert published(project) == before
    assert "f\\udcff" in skillweave_here(project, ["check"]).out
    assert "f%FF" in skillweave_here(project, ["check", "--format", "sarif"]).out


@pytest.mark.parametrize("key", ["skills", "documents", "patterns"])
def test_a_name_that_is_not_utf_8_above_a_root(key: str, project: Path, skillweave_here: Skillweave) -> None:
    name = "patterns" if key == "patterns" else "skills"
    (project / f"plugins/{ODD}/{name}/x").mkdir(parents=True)
    (project / f"plugins/{ODD}/{name}/x/SKILL.md").write_text(skill("x"))
    (project / "skillweave.toml").write_text(f'{key} = ["plugins/*/{name}"]\n')
    assert f"plugins/{ODD}/{name}: SW203" in told(project, skillweave_here, "check")


def test_a_name_that_is_not_utf_8_in_a_folder_of_assets(project: Path, skillweave_here: Skillweave) -> None:
    before = published(project)
    (project / f"patterns/d/{ODD}.txt").write_text("text\n")
    expected = [f"patterns/d/{ODD}.txt: SW203", "skills/t/SKILL.md: SW203"]
    assert told(project, skillweave_here, "check") == expected
    assert told(project, skillweave_here, "build") == expected
    assert published(project) == before


def test_a_link_to_a_name_that_is_not_utf_8(project: Path, skillweave_here: Skillweave) -> None:
    (project / "docs").mkdir()
    (project / f"docs/{ODD}.md").write_text("text\n")
    (project / "skills/s/plain.md").symlink_to(project / f"docs/{ODD}.md")
    (project / "patterns/plain.md").symlink_to(project / f"docs/{ODD}.md")
    with (project / "skills/t/SKILL.md").open("a") as file:
        file.write("\n<<include: plain.md>>\n\n[a](../../patterns/plain.md)\n")
    own = [f"skills/t/SKILL.md: {code}" for code in ("SW203", "SW501")]  # for the directive and for the link
    expected = ["patterns/plain.md: SW203", "skills/s/plain.md: SW203", *own]
    assert told(project, skillweave_here, "build") == expected


@pytest.mark.parametrize(
    ("path", "target", "code"),
    [
        ("skills/s/SKILL.md", "../../../elsewhere/SKILL.md", "SW202"),
        ("skills/s", "../../elsewhere", "SW202"),
        ("agents/y.md", "../../elsewhere/SKILL.md", "SW202"),
        ("skills/s/SKILL.md", "nope.md", "SW205"),
        ("skills/s", "nope", "SW205"),
        ("skills/s/d.txt", "nope.txt", "SW205"),
        ("agents/y.md", "nope.md", "SW205"),
    ],
)
def test_a_symlink_instead_of_a_source_is_reported_and_the_last_good_output_is_kept(
    path: str, target: str, code: str, project: Path, skillweave_here: Skillweave
) -> None:
    before = published(project)
    place = project / path
    if place.is_dir():
        (place / "SKILL.md").unlink()
        place.rmdir()
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    (project / "agents/x.md").write_text("More.\n")
    assert told(project, skillweave_here, "check") == [f"{path}: {code}"]
    assert told(project, skillweave_here, "build") == [f"{path}: {code}"]
    after = published(project)
    assert after.keys() == before.keys()
    assert after["build/agents/x.md"] == b"More.\n"  # The other sources are still built.
    assert after["build/skills/s/SKILL.md"] == before["build/skills/s/SKILL.md"]


def test_a_fifo_instead_of_a_skill_keeps_the_last_good_output(project: Path, skillweave_here: Skillweave) -> None:
    before = published(project)
    (project / "skills/s/SKILL.md").unlink()
    os.mkfifo(project / "skills/s/SKILL.md")
    assert told(project, skillweave_here, "build") == ["skills/s/SKILL.md: SW205"]
    assert published(project) == before


def in_place_of(place: Path, kind: str) -> None:
    """Replace a source, or a folder of sources, by something else."""
    aside = place.with_name(f".{place.name}")
    place.rename(aside)
    match kind:
        case "a folder":
            place.mkdir()
        case "a file":
            place.write_text("text\n")
        case "a link that leads away":
            aside.rename(place.parent.parent / "away")
            place.symlink_to("../away")
        case _:
            aside.rename(place.with_name(kind))


@pytest.mark.parametrize(
    ("path", "kind", "finding"),
    [
        ("skills", "a file", "skills: SW205"),
        ("skills", "a link that leads away", "skills: SW202"),
        ("skills/s/SKILL.md", "a folder", "skills/s/SKILL.md: SW205"),
        ("skills/s/SKILL.md", "skill.md", "skills/s/skill.md: SW204"),
        ("agents", "a file", "agents: SW205"),
        ("agents", "a link that leads away", "agents: SW202"),
        ("agents/y.md", "a folder", "agents/y.md: SW205"),
    ],
)
def test_a_source_hidden_by_an_error_keeps_its_last_good_output(
    path: str, kind: str, finding: str, project: Path, skillweave_here: Skillweave
) -> None:
    before = published(project)
    in_place_of(project / path, kind)
    assert finding in told(project, skillweave_here, "check")
    assert finding in told(project, skillweave_here, "build")
    assert skillweave_here(project, ["build", "--diff"]).out == ""
    assert published(project) == before


def test_the_output_of_a_removed_source_is_removed(project: Path, skillweave_here: Skillweave) -> None:
    (project / "skills/s/SKILL.md").unlink()
    (project / "agents/y.md").unlink()
    assert skillweave_here(project, ["build"]).status == 0
    left = {path for path in published(project) if path.endswith(".md")}
    assert left == {"build/agents/x.md", "build/skills/t/SKILL.md"}


def test_symlinks_to_files_beside_skills_are_ignored(project: Path, skillweave_here: Skillweave) -> None:
    (project / "skills/README.md").symlink_to("../../elsewhere/SKILL.md")
    (project / "skills/notes.txt").symlink_to("nope.txt")
    assert skillweave_here(project, ["build"]).status == 0


@pytest.mark.parametrize("name", ["a\\b.md", "c:d.md", 'q"q.md', "two\nlines.md", 'x": {\n.md'])
def test_a_document_with_an_odd_name_is_rebuilt_and_removed(
    project: Path, skillweave_here: Skillweave, name: str
) -> None:
    (project / "agents" / name).write_text("one\n")
    assert skillweave_here(project, ["build"]).status == 0
    (project / "agents" / name).write_text("two\n")
    assert skillweave_here(project, ["build"]).status == 0
    assert published(project)[f"build/agents/{name}"] == b"two\n"
    (project / "agents" / name).unlink()
    assert skillweave_here(project, ["build"]).status == 0
    assert f"build/agents/{name}" not in published(project)
    assert skillweave_here(project, ["build", "--check"]).status == 0


def test_a_symlink_to_itself_is_reported(project: Path, skillweave_here: Skillweave) -> None:
    (project / "skills/loop").symlink_to("loop")
    outcome = skillweave_here(project, ["check"])
    assert outcome.status == 1
    assert (
        "error[SW205]: skills/loop is a symlink that leads back to itself\n  --> skills/loop:1:1\n"
        in outcome.err + outcome.out
    )
