"""`build --check` and `build --diff` write nothing, and report everything that is not current."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from projects import skill, write, write_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Skillweave

SKILL = skill("x", "# X\n\n<<include: a.md>>\n")
BUILT = "build/skills/x/SKILL.md"
LOCK = "build/skillweave.lock.json"


@pytest.fixture
def project(tmp_path: Path, skillweave: Skillweave) -> Path:
    """A project with two skills, already built."""
    write_files(
        tmp_path,
        {
            "skills/x/SKILL.md": SKILL,
            "skills/x/run.sh": "#!/bin/sh\necho x\n",
            "skills/y/SKILL.md": SKILL.replace("x", "y"),
            "patterns/a.md": "## A\n\nText.\n",
        },
    )
    (tmp_path / "skills/x/run.sh").chmod(0o755)
    assert skillweave(tmp_path, ["build"]).status == 0
    return tmp_path


def snapshot(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """The content, mode and modification time of every file and link below a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            str(path.readlink()).encode() if path.is_symlink() else path.read_bytes(),
            path.lstat().st_mode,
            path.lstat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def named(project: Path, skillweave: Skillweave, *arguments: str) -> list[str]:
    """The findings of `build --check` for each output, as `path: state`."""
    before = snapshot(project)
    outcome = skillweave(project, ["build", "--check", "--format", "concise", *arguments])
    assert snapshot(project) == before
    assert outcome.status == 1
    lines = outcome.out.splitlines()
    assert all("SW903" in line for line in lines), outcome.out
    return [f"{line.split(':')[0]}: {line.partition(' is ')[2].split(':')[0]}" for line in lines]


def test_an_edited_output_is_not_laid_to_its_sources(project: Path, skillweave: Skillweave) -> None:
    (project / BUILT).write_text("mine\n", encoding="utf-8")
    assert f"{BUILT} is stale: it is not what was built\n" in skillweave(project, ["build", "--check"]).out
    (project / "patterns/a.md").write_text("Other.\n", encoding="utf-8")
    assert f"{BUILT} is stale: its sources now make something else\n" in skillweave(project, ["build", "--check"]).out


def test_a_current_output_is_reported_in_one_line(project: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(project, ["build", "--check"])
    assert (outcome.status, outcome.out, outcome.err) == (0, "build/ is current: 2 skills\n", "")
    assert skillweave(project, ["build", "--check", "x"]).out == "build/ is current: 1 skill\n"
    assert skillweave(project, ["build", "--check", "-q"]).out == ""


def edit_pattern(project: Path) -> None:
    write(project / "patterns/a.md", "## A\n\nOther text.\n")


def edit_output(project: Path) -> None:
    with (project / BUILT).open("a") as file:
        file.write("An edit.\n")


def remove_output(project: Path) -> None:
    (project / BUILT).unlink()


def replace_by_a_link(project: Path) -> None:
    (project / BUILT).rename(project / "same.md")
    (project / BUILT).symlink_to(project / "same.md")


def replace_by_a_folder(project: Path) -> None:
    (project / BUILT).unlink()
    write(project / BUILT / "kept.txt", "Mine.\n")


def take_the_mode(project: Path) -> None:
    (project / "build/skills/x/run.sh").chmod(0o644)


def link_a_folder(project: Path) -> None:
    (project / "build/skills/x").rename(project / "elsewhere")
    (project / "build/skills/x").symlink_to(project / "elsewhere", target_is_directory=True)


def add_strays(project: Path) -> None:
    write(project / "build/skills/x/references/old.md", "Left over.\n")
    write(project / "build/notes.txt", "Mine.\n")
    (project / "build/skills/link").symlink_to("nowhere")


def remove_a_source(project: Path) -> None:
    shutil.rmtree(project / "skills/y")


def remove_the_lock(project: Path) -> None:
    (project / LOCK).unlink()


def break_the_lock(project: Path) -> None:
    write(project / LOCK, "{}\n")


CHANGES: list[tuple[Callable[[Path], None], list[str]]] = [
    (edit_pattern, [f"{BUILT}: stale", "build/skills/y/SKILL.md: stale", f"{LOCK}: stale"]),
    (edit_output, [f"{BUILT}: stale"]),
    (remove_output, [f"{BUILT}: missing"]),
    (replace_by_a_link, [f"{BUILT}: stale"]),
    (replace_by_a_folder, [f"{BUILT}: stale", f"{BUILT}/kept.txt: stray"]),
    (take_the_mode, ["build/skills/x/run.sh: stale"]),
    (link_a_folder, ["build/skills/x: stray", f"{BUILT}: stale", "build/skills/x/run.sh: stale"]),
    (
        add_strays,
        ["build/notes.txt: stray", "build/skills/link: stray", "build/skills/x/references/old.md: stray"],
    ),
    (remove_a_source, ["build/skills/y/SKILL.md: stray", f"{LOCK}: stale"]),
    (remove_the_lock, [f"{LOCK}: missing"]),
    (break_the_lock, [f"{LOCK}: stale"]),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_difference_is_reported(
    project: Path, skillweave: Skillweave, change: Callable[[Path], None], expected: list[str]
) -> None:
    change(project)
    assert named(project, skillweave) == expected


def test_all_outputs_of_an_unbuilt_project_are_missing(project: Path, skillweave: Skillweave) -> None:
    shutil.rmtree(project / "build")
    missing = [f"{BUILT}: missing", "build/skills/x/run.sh: missing", "build/skills/y/SKILL.md: missing"]
    assert named(project, skillweave) == [*missing, f"{LOCK}: missing"]


def test_a_build_is_suggested_only_for_strays_that_a_build_wrote(project: Path, skillweave: Skillweave) -> None:
    remove_a_source(project)
    assert "help: run `skillweave build`" in skillweave(project, ["build", "--check"]).out
    skillweave(project, ["build"])
    write(project / "build/notes.txt", "Mine.\n")
    stray = skillweave(project, ["build", "--check"])
    assert "help: no build wrote it" in stray.out


def test_the_output_of_an_entry_with_an_error_is_not_reported(project: Path, skillweave: Skillweave) -> None:
    """Its last good output is neither stale nor stray. Only the error is reported."""
    write(project / "skills/y/SKILL.md", SKILL.replace("x", "y") + "\n<<include: missing.md>>\n")
    outcome = skillweave(project, ["build", "--check", "--format", "json"])
    assert outcome.status == 1
    assert [found["code"] for found in json.loads(outcome.out)["diagnostics"]] == ["SW201"]


def test_only_the_named_entry_is_checked(project: Path, skillweave: Skillweave) -> None:
    write(project / "skills/y/SKILL.md", SKILL.replace("x", "y") + "\nMore.\n")
    assert skillweave(project, ["build", "--check", "x"]).status == 0
    assert named(project, skillweave, "y") == ["build/skills/y/SKILL.md: stale", f"{LOCK}: stale"]


def test_applying_the_diff_equals_a_build(project: Path, skillweave: Skillweave) -> None:
    """`git apply` accepts it, including new, changed and removed files, modes, and texts without a final newline."""
    edit_pattern(project)
    remove_a_source(project)
    take_the_mode(project)
    write(project / "skills/x/short.txt", "no line end")
    write(project / "skills/x/empty.txt", "")
    before = snapshot(project)
    outcome = skillweave(project, ["build", "--diff"])
    assert (outcome.status, outcome.err) == (1, "")
    assert snapshot(project) == before
    assert "\n-Text.\n+Other text.\n" in outcome.out
    subprocess.run(["git", "apply", "-"], cwd=project, input=outcome.out, text=True, check=True)
    again = skillweave(project, ["build", "--check"])
    assert (again.status, again.out) == (0, "build/ is current: 1 skill\n")
    built = skillweave(project, ["build"])
    assert "0 skills" in built.out


def test_the_diff_includes_line_ends(project: Path, skillweave: Skillweave) -> None:
    built = (project / BUILT).read_bytes()
    (project / BUILT).write_bytes(built.replace(b"\n", b"\r\n"))
    patch = skillweave(project, ["build", "--diff"]).out.encode()
    subprocess.run(["git", "apply", "-"], cwd=project, input=patch, check=True)
    assert (project / BUILT).read_bytes() == built


def test_binary_files_are_only_reported_as_different(project: Path, skillweave: Skillweave) -> None:
    (project / "skills/x/data.bin").write_bytes(b"\0\1")
    (project / "skills/x/latin.txt").write_bytes(b"\xe9\n")
    out = skillweave(project, ["build", "--diff"]).out
    assert "Binary files /dev/null and b/build/skills/x/data.bin differ\n" in out
    assert "Binary files /dev/null and b/build/skills/x/latin.txt differ\n" in out


def test_the_diff_of_a_current_output_is_empty(project: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(project, ["build", "--diff"])
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "build/ is current: 2 skills\n")


def test_a_foreign_file_is_not_part_of_the_diff(project: Path, skillweave: Skillweave) -> None:
    """A build does not touch the file, so the patch must not remove it."""
    write(project / "build/notes.txt", "Mine.\n")
    both = skillweave(project, ["build", "--check", "--diff"])
    assert (both.status, both.out) == (1, "")
    assert "build/notes.txt is stray" in both.err


def test_an_obstacle_is_reported(project: Path, skillweave: Skillweave) -> None:
    replace_by_a_link(project)
    outcome = skillweave(project, ["build", "--diff"])
    assert (outcome.status, outcome.out) == (1, "")
    assert f"error[SW902]: {BUILT} is where an output goes, but no build wrote it" in outcome.err


def test_other_line_ends_in_the_lock_file_are_part_of_the_diff(project: Path, skillweave: Skillweave) -> None:
    lock = project / "build/skillweave.lock.json"
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))
    patch = skillweave(project, ["build", "--diff"]).out
    subprocess.run(["git", "apply", "-"], cwd=project, input=patch.encode(), check=True)
    assert skillweave(project, ["build", "--check"]).status == 0


def test_the_diff_shows_nothing_that_a_build_would_refuse(project: Path, skillweave: Skillweave) -> None:
    """A build writes the one bundle, and leaves the other one as it is, with the record that it had."""
    write(project / "skills/x/notes.md", "From the source.\n")
    write(project / "build/skills/x/notes.md", "By hand.\n")
    edit_pattern(project)
    shown = skillweave(project, ["build", "--diff"])
    built = skillweave(project, ["build"])
    assert shown.err.partition("SW902")[2] == built.err.partition("SW902")[2] != ""
    assert skillweave(project, ["build", "--diff"]).out == ""
    assert "notes.md" not in shown.out


def test_check_and_diff_print_only_the_patch_to_standard_output(project: Path, skillweave: Skillweave) -> None:
    edit_output(project)
    both = skillweave(project, ["build", "--check", "--diff"])
    assert both.status == 1
    assert both.out == skillweave(project, ["build", "--diff"]).out
    assert f"{BUILT} is stale" in both.err


def test_a_diff_in_json_is_refused(project: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(project, ["build", "--diff", "--format", "json"])
    assert outcome.status == 2
    assert "--diff cannot be written as json" in outcome.err


def test_a_stray_below_a_hidden_root_is_reported(project: Path, skillweave: Skillweave) -> None:
    write(project / "plugins/.x/skills/z/SKILL.md", SKILL.replace("x", "z"))
    write(project / "skillweave.toml", 'skills = ["plugins/.x/skills"]\n')
    assert skillweave(project, ["build"]).status == 0
    write(project / "build/plugins/.x/skills/z/stray.md", "x")
    write(project / "build/plugins/.y/mine.md", "x")
    assert named(project, skillweave) == ["build/plugins/.x/skills/z/stray.md: stray"]


def test_a_build_that_would_be_refused_is_not_suggested(project: Path, skillweave: Skillweave) -> None:
    (project / LOCK).unlink()
    write(project / BUILT, "mine\n")
    outcome = skillweave(project, ["build", "--check", "x"])
    assert f"{BUILT} is stale" in outcome.out
    assert "help: no build wrote it: move it out of the output folder" in outcome.out
    assert skillweave(project, ["build", "x"]).status == 1
