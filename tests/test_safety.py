"""An untrusted project cannot make us read, show, write or publish anything outside its own folder and roots."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from projects import files_below, run_apart, skill, write
from skillweave.config import load_config
from skillweave.incremental import Asked, Memory, build

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Skillweave

SKILL = skill("s", "\n")


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
    write(project / "skills/s/SKILL.md", SKILL + body)
    (project / link).parent.mkdir(parents=True, exist_ok=True)
    (project / link).symlink_to((project / target).resolve())
    result = run_apart(project, ["build"])
    assert result.status == 1
    assert "SECRET" not in result.out + result.err
    published = [path for path in (project / "build").rglob("*") if path.is_file()]
    assert not any("SECRET" in path.read_text() for path in published)
    assert not (project / "build/skills/s").exists()


def test_a_skill_folder_that_links_to_another_folder_of_the_project_is_read(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL)
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude/skills").symlink_to(tmp_path / "skills")
    (tmp_path / "skillweave.toml").write_text('skills = [".claude/skills"]\n')
    result = run_apart(tmp_path, ["build"])
    assert result.status == 0, result.err
    assert (tmp_path / "build/.claude/skills/s/SKILL.md").exists()


@pytest.mark.parametrize("text", [f"{'`' * 600_000}\n" * 2, f"{'~' * 600_000}\n" * 2, "```\n```\n" * 100_000])
def test_long_and_many_fences_cost_only_linear_time(text: str, project: Path, skillweave: Skillweave) -> None:
    """If the cost were quadratic, the command would time out."""
    (project / "patterns/a.md").write_text(text)
    (project / "skills/s/SKILL.md").write_text(SKILL + "<<include: a.md>>\n")
    assert skillweave(project, ["check"]).status == 0


@pytest.mark.parametrize("line", ["-" * 100_000 + "x", "- " * 50_000 + "x", "=" * 100_000 + " x", "|" * 100_000])
def test_a_long_line_beside_a_reference_costs_only_linear_time(
    line: str, project: Path, skillweave: Skillweave
) -> None:
    (project / "patterns/a.md").write_text("# A\n")
    (project / "skills/s/SKILL.md").write_text(SKILL + f"<<reference: a.md>>\n{line}\n")
    assert skillweave(project, ["check", "--quiet"]).status in {0, 1}


def test_a_long_line_with_many_errors_costs_only_linear_memory(project: Path, skillweave: Skillweave) -> None:
    """If the cost were quadratic, the command would run out of memory."""
    (project / "patterns/a.md").write_text("a *b*c* _d_ [x](y) " * 52_000 + "\n")
    (project / "skills/s/SKILL.md").write_text(SKILL + "<<include: a.md>>\n")
    done = skillweave(project, ["check", "--format", "concise"])
    assert done.status == 1
    assert done.out.count("SW501") == 52_000


# What a configuration may request


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A valid project in a repository, next to files that it must not touch."""
    (tmp_path / "elsewhere").mkdir()
    root = tmp_path / "project"
    for folder in (tmp_path / "elsewhere", root / ".git", root / ".git/hooks"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config").write_text('secret = "TOP SECRET"\n')
        (folder / "secret.md").write_text("TOP SECRET\n")
    write(root / "skills/s/SKILL.md", SKILL + "text\n")
    (root / "patterns").mkdir()
    return root


def untouchable(project: Path) -> dict[str, bytes]:
    """All files that no run may change or add to: those outside the project, and those of version control."""
    files = [path for path in project.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    found = {str(path): path.read_bytes() for path in files if ".git" in path.parts or not path.is_relative_to(project)}
    assert {str(project.parent / "elsewhere/config"), str(project / ".git/config")} <= found.keys()
    return found


@pytest.mark.parametrize("key", ["patterns", "skills", "documents", "shared", "output"])
@pytest.mark.parametrize(
    "path",
    [
        *("/etc", "../elsewhere", "a/../../elsewhere", "~/x", "C:/x", ".", ""),
        *(".git", ".git/hooks", ".GIT/hooks", ".git./hooks", "git~1/hooks", "a/.git", ".hg", ".svn", ".skillweave"),
        *("a\u202eb", "a\x7f", "a\x9b", "a\u200b", "a\u2028"),
    ],
)
def test_a_configuration_never_widens(key: str, path: str, project: Path, skillweave_here: Skillweave) -> None:
    value = f'"{path}"' if key == "output" else f'["{path}"]'
    (project / "skillweave.toml").write_text(f"{key} = {value}\n".replace("\x7f", "\\u007f"), "utf-8")
    before = untouchable(project)
    done = skillweave_here(project, ["build"])
    assert (done.status, done.out) == (2, "")
    assert f"{key}: " in done.err
    assert untouchable(project) == before
    assert not (project / "build").exists()


@pytest.mark.parametrize("limit", ["bundle_bytes", "expansions", "depth"])
def test_a_limit_cannot_be_raised_without_bound(limit: str, project: Path, skillweave_here: Skillweave) -> None:
    for value, status in ((10**6 if limit != "depth" else 10**4, 0), (10**18, 2)):
        (project / "skillweave.toml").write_text(f"limits.{limit} = {value}\n")
        done = skillweave_here(project, ["check"])
        assert done.status == status, done.err
    assert f"limits.{limit}: expected at most " in done.err


@pytest.mark.parametrize("name", ["skillweave.toml", "pyproject.toml"])
@pytest.mark.parametrize("target", ["../elsewhere/config", ".git/config", "../elsewhere/skillweave.toml", ".env"])
def test_the_content_of_another_file_linked_as_configuration_is_never_shown(
    name: str, target: str, project: Path, skillweave_here: Skillweave
) -> None:
    place = project / target
    place.write_text(
        '[tool.skillweave]\nTOP_SECRET = "TOP SECRET"\n' if name == "pyproject.toml" else 'TOP = "SECRET"\n'
    )
    (project / name).symlink_to(target)
    for fmt in ("full", "json", "sarif"):
        done = skillweave_here(project, ["check", "--format", fmt])
        assert done.status == 2
        assert "the configuration is a symlink to a file outside the project" in done.out + done.err
        assert "SECRET" not in done.out + done.err
        # If it is named on the command line, it is read on purpose, but its content is still not shown.
    done = skillweave_here(project, ["check", "--config", name])
    assert done.status == 2
    assert "TOP SECRET" not in done.err
    assert '= "SECRET"' not in done.err


def test_a_configuration_may_be_a_symlink_within_the_project(project: Path, skillweave_here: Skillweave) -> None:
    (project / "conf").mkdir()
    (project / "conf/skillweave.toml").write_text('output = "out"\n')
    (project / "skillweave.toml").symlink_to("conf/skillweave.toml")
    assert skillweave_here(project, ["build"]).status == 0
    assert (project / "out/skills/s/SKILL.md").exists()


# Where symlinks from a repository may lead


@pytest.mark.parametrize("target", [".git", "../elsewhere"])
@pytest.mark.parametrize(
    ("key", "body"), [("patterns", "<<include: secret.md>>\n"), ("shared", "[a](../../root/secret.md)\n")]
)
def test_nothing_is_included_through_a_root_that_is_a_symlink(
    key: str, body: str, target: str, project: Path, skillweave_here: Skillweave
) -> None:
    (project / "root").symlink_to(target)
    (project / "skillweave.toml").write_text(f'{key} = ["root"]\n')
    (project / "skills/s/SKILL.md").write_text(SKILL + body)
    done = skillweave_here(project, ["build"])
    assert done.status == 1
    assert "SECRET" not in done.out + done.err
    assert not (project / "build/skills").exists()


@pytest.mark.parametrize("target", [".git", ".git/hooks"])
def test_skills_linked_to_version_control_are_not_read(target: str, project: Path, skillweave_here: Skillweave) -> None:
    (project / "more").symlink_to(target)
    (project / ".git/hooks/SKILL.md").write_text(SKILL)
    (project / "skillweave.toml").write_text('skills = ["more"]\n')
    done = skillweave_here(project, ["build"])
    assert done.status == 1
    assert "more is a symlink that leaves the project" in done.err
    assert "TOP SECRET" not in done.out + done.err
    assert [path for path in (project / "build").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("target", ["../elsewhere", ".git", ".git/hooks", "skills", "patterns/x", ".skillweave"])
@pytest.mark.parametrize("output", ["build", "a/build"])
def test_an_output_that_is_a_link_is_not_written_to(
    output: str, target: str, project: Path, skillweave_here: Skillweave
) -> None:
    for folder in (project / "patterns/x", project / ".skillweave"):
        folder.mkdir()
    link = project / output.partition("/")[0]
    link.symlink_to(target)
    (project / "skillweave.toml").write_text(f'output = "{output}"\n')
    before = sorted(path for path in project.parent.rglob("*"))
    for arguments in (["build"], ["build", "--check"]):
        done = skillweave_here(project, arguments)
        assert done.status == 2, done.err
        assert f"the output {output} is a symlink" in done.err + done.out
    assert sorted(path for path in project.parent.rglob("*")) == before


def test_symlinks_planted_in_the_output_are_not_followed(project: Path, skillweave_here: Skillweave) -> None:
    (project / "build").mkdir()
    (project / "build/skills").symlink_to("../../elsewhere")
    before = untouchable(project)
    done = skillweave_here(project, ["build"])
    assert done.status == 1
    assert "build/skills is where the folder of an output goes, but no build wrote it" in done.err
    assert untouchable(project) == before


@pytest.mark.parametrize("place", ["skills", "skills/s"])
@pytest.mark.parametrize("kept", [False, True])
def test_an_output_folder_that_moves_behind_a_symlink_is_not_written_to(
    tmp_path: Path, place: str, *, kept: bool, skillweave_here: Skillweave
) -> None:
    project = tmp_path / "project"
    write(project / "skills/s/SKILL.md", SKILL + "\nwords\n")
    write(project / "patterns/p.md", "words\n")
    memory = Memory() if kept else None

    def build_it() -> tuple[str, ...]:
        return build(Asked(load_config(project)[0], memory=memory)).changed

    assert build_it() == ("skills/s/SKILL.md",)
    assert build_it() == ()
    (project / "build" / place).rename(tmp_path / "elsewhere")
    (project / "build" / place).symlink_to(tmp_path / "elsewhere")
    before = files_below(tmp_path / "elsewhere")
    assert skillweave_here(project, ["build", "--check"]).status == 1
    for text in ("other words\n", "further words\n"):
        write(project / "skills/s/SKILL.md", f"{SKILL}\n{text}")
        assert build_it() == ()
        assert files_below(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("name", ["", "/.gitignore", "/state.json.{}", "/parts.json.{}"])
def test_symlinks_planted_in_place_of_the_cache_are_not_followed(
    name: str, project: Path, skillweave_here: Skillweave
) -> None:
    if name:
        (project / ".skillweave").mkdir()
    name = name.format(os.getpid())
    (project / f".skillweave{name}").symlink_to(project.parent / "elsewhere" / ("new" if name else ""))
    before = untouchable(project)
    assert skillweave_here(project, ["build"]).status == 0
    assert untouchable(project) == before


def test_a_cache_behind_a_planted_symlink_is_not_written_to(project: Path, skillweave_here: Skillweave) -> None:
    (project / "skillweave.toml").write_text('output = "build"\n')
    (project.parent / "elsewhere").mkdir(exist_ok=True)
    (project.parent / "elsewhere/.gitignore").write_text("*\n")
    (project / ".skillweave").symlink_to(project.parent / "elsewhere")
    before = untouchable(project)
    for _ in range(2):
        assert skillweave_here(project, ["build"]).status == 0
    assert untouchable(project) == before


@pytest.mark.parametrize("kind", ["fifo", "link to a fifo", "folder"])
def test_cache_entries_that_are_not_regular_files_are_ignored(kind: str, project: Path, skillweave: Skillweave) -> None:
    """The command runs in its own process, because it would hang on failure."""
    (project / "skills/s/SKILL.md").write_text(SKILL + "text &lt; \\<\n")
    os.mkfifo(project.parent / "fifo")
    assert skillweave(project, ["build"]).status == 0
    kept = [path for path in (project / ".skillweave").rglob("*.json") if path.is_file()]
    assert {path.name for path in kept} > {"state.json", "parts.json"}
    for path in kept:
        path.unlink()
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "link to a fifo":
                path.symlink_to(project.parent / "fifo")
            case _:
                path.mkdir()
    for name in ("check", "build"):
        done = skillweave(project, [name])
        assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("target", ["../elsewhere", ".git", "skills/s"])
def test_packages_are_not_written_through_a_symlink(target: str, project: Path, skillweave_here: Skillweave) -> None:
    (project / "dist").symlink_to(target)
    before = sorted(path for path in project.parent.rglob("*"))
    done = skillweave_here(project, ["package"])
    assert (done.status, done.out) == (2, "")
    assert sorted(path for path in project.parent.rglob("*")) == before


def test_a_depfile_is_not_written_through_a_symlink(project: Path, skillweave_here: Skillweave) -> None:
    victim = project.parent / "elsewhere/secret.md"
    for name in ("deps", f"deps.{os.getpid()}"):
        (project / name).symlink_to(victim)
    assert skillweave_here(project, ["build", "--depfile", "deps"]).status == 0
    assert victim.read_text() == "TOP SECRET\n"
    assert not (project / "deps").is_symlink()
