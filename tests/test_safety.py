"""What a project from a stranger can make us read and publish: nothing outside of its roots."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SKILL = "---\nname: s\ndescription: A skill for tests. Use it in tests.\n---\n\n"


@pytest.mark.parametrize(
    ("link", "body"),
    [
        ("skills/s/notes.txt", ""),
        ("skills/s/notes.md", ""),
        ("patterns/a.md", "<<include: a.md>>\n"),
        ("patterns/a.md", "[a](../../patterns/a.md)\n"),
        ("patterns/d/a.txt", "<<asset: d/>>\n"),
        ("patterns/a.txt", "<<asset: a.txt>>\n"),
        ("patterns/a.txt", "<<include: a.txt as=code>>\n"),
        ("patterns/a.txt", "![a](../../patterns/a.txt)\n"),
    ],
)
@pytest.mark.parametrize("target", ["secret", "../secret"], ids=["in the project", "outside"])
def test_a_symlink_brings_nothing_from_elsewhere(tmp_path: Path, link: str, body: str, target: str) -> None:
    project = tmp_path / "project"
    for secret in (project / "secret", tmp_path / "secret"):
        secret.parent.mkdir(exist_ok=True)
        secret.write_text("TOP SECRET\n")
    (project / "skills/s").mkdir(parents=True)
    (project / "skills/s/SKILL.md").write_text(SKILL + body)
    (project / link).parent.mkdir(parents=True, exist_ok=True)
    (project / link).symlink_to((project / target).resolve())
    result = subprocess.run(
        [sys.executable, "-m", "skillweave", "build"], cwd=project, capture_output=True, encoding="utf-8", check=False
    )
    assert result.returncode == 1
    assert "SECRET" not in result.stdout + result.stderr
    published = [path for path in (project / "build").rglob("*") if path.is_file()]
    assert not any("SECRET" in path.read_text() for path in published)
    assert not (project / "build/skills/s").exists()


def test_a_skill_that_is_a_link_to_another_folder_of_the_project_is_read(tmp_path: Path) -> None:
    (tmp_path / "skills/s").mkdir(parents=True)
    (tmp_path / "skills/s/SKILL.md").write_text(SKILL)
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude/skills").symlink_to(tmp_path / "skills")
    (tmp_path / "skillweave.toml").write_text('skills = [".claude/skills"]\n')
    result = subprocess.run(
        [sys.executable, "-m", "skillweave", "build"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "build/.claude/skills/s/SKILL.md").exists()
