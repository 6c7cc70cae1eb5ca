"""What `skillweave build` does to an output folder: what it writes, what it leaves alone, and which links it never follows."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from projects import LOCK, OutputFile, read_tree, skill, write_files
from skillweave.publish.exchange import MOVING, exchange, roll_back

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Skillweave


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one skill, inside a folder of its own."""
    folder = tmp_path / "outside" / "project"
    write_files(folder, {"skills/x/SKILL.md": skill("x"), "skills/x/data.txt": "data\n"})
    (folder / "skillweave.toml").write_text('documents = ["entries"]\nbanner = false\n', encoding="utf-8")
    return folder


def record(*outputs: tuple[str, str], source: str = "skills/x/SKILL.md") -> str:
    """A lock file that claims some outputs, given by path and text."""
    digests = {path: sha256(text.encode()).hexdigest() for path, text in outputs}
    return json.dumps({"version": 1, "tool": "x", "entries": {source: {"inputs": {}, "outputs": digests}}})


def stats(folder: Path) -> dict[str, tuple[int, int]]:
    """The inode and change time of every file and folder, to show whether anything was touched."""
    return {str(p): (p.lstat().st_ino, p.lstat().st_ctime_ns) for p in [folder, *folder.rglob("*")]}


# What is rewritten


def test_unchanged_outputs_are_not_touched(project: Path, skillweave_here: Skillweave) -> None:
    skillweave_here(project, ["build"])
    before = stats(project / "build")
    assert "1 unchanged" in skillweave_here(project, ["build"]).out
    assert stats(project / "build") == before


def test_unchanged_files_of_a_changed_bundle_are_not_rewritten(project: Path, skillweave_here: Skillweave) -> None:
    skillweave_here(project, ["build"])
    data = project / "build/skills/x/data.txt"
    before = data.stat()
    write_files(project, {"skills/x/SKILL.md": skill("x", "New.\n")})
    skillweave_here(project, ["build"])
    after = data.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_nlink) == (before.st_ino, before.st_mtime_ns, 1)


@pytest.mark.parametrize("damage", ["edited", "removed", "executable", "lock"])
def test_a_damaged_output_is_rebuilt(project: Path, damage: str, skillweave_here: Skillweave) -> None:
    skillweave_here(project, ["build"])
    clean, lock = read_tree(project / "build"), project / "build" / LOCK
    locked, data = lock.read_bytes(), project / "build/skills/x/data.txt"
    match damage:
        case "edited":
            data.write_text("edited")
        case "removed":
            data.unlink()
        case "executable":
            data.chmod(0o755)
        case _:
            lock.write_text("{")
    assert skillweave_here(project, ["build"]).status == 0
    assert read_tree(project / "build") == clean
    assert lock.read_bytes() == locked


def test_a_file_becomes_a_folder_and_back(project: Path, skillweave_here: Skillweave) -> None:
    skillweave_here(project, ["build"])
    first = read_tree(project / "build")
    (project / "skills/x/data.txt").unlink()
    write_files(project, {"skills/x/data.txt/deep/a.txt": "a\n"})
    assert skillweave_here(project, ["build"]).status == 0
    assert read_tree(project / "build").keys() == {"skills/x/SKILL.md", "skills/x/data.txt/deep/a.txt"}
    (project / "skills/x/data.txt/deep/a.txt").unlink()
    (project / "skills/x/data.txt/deep").rmdir()
    (project / "skills/x/data.txt").rmdir()
    write_files(project, {"skills/x/data.txt": "data\n"})
    assert skillweave_here(project, ["build"]).status == 0
    assert read_tree(project / "build") == first


def test_a_removed_output_takes_its_empty_parent_folders_with_it(project: Path, skillweave_here: Skillweave) -> None:
    write_files(project, {"skills/deep/y/SKILL.md": skill("y"), "entries/sub/a.md": "a\n"})
    skillweave_here(project, ["build"])
    (project / "skills/deep/y/SKILL.md").unlink()
    (project / "entries/sub/a.md").unlink()
    assert "removed build/skills/deep/y" in skillweave_here(project, ["build"]).out
    assert read_tree(project / "build").keys() == {"skills/x/SKILL.md", "skills/x/data.txt"}


def test_an_output_that_was_gone_before_its_source_is_not_said_to_be_removed(
    project: Path, skillweave_here: Skillweave
) -> None:
    write_files(project, {"skills/deep/y/SKILL.md": skill("y")})
    skillweave_here(project, ["build"])
    for folder in ("skills/deep", "build/skills/deep"):
        shutil.rmtree(project / folder)
    done = skillweave_here(project, ["build"])
    assert (done.status, "removed" in done.out) == (0, False)
    assert "skills/deep/y" not in (project / "build/skillweave.lock.json").read_text(encoding="utf-8")


def test_a_skill_around_another_one_is_added_and_removed(project: Path, skillweave_here: Skillweave) -> None:
    write_files(project, {"skills/o/i/SKILL.md": skill("i")})
    skillweave_here(project, ["build"])
    inner = (project / "build/skills/o/i/SKILL.md").stat()
    alone = read_tree(project / "build")
    write_files(project, {"skills/o/SKILL.md": skill("o")})
    skillweave_here(project, ["build"])
    assert read_tree(project / "build").keys() == alone.keys() | {"skills/o/SKILL.md"}
    (project / "skills/o/SKILL.md").unlink()
    skillweave_here(project, ["build"])
    assert read_tree(project / "build") == alone
    assert (project / "build/skills/o/i/SKILL.md").stat().st_ino == inner.st_ino


def test_an_output_folder_elsewhere(project: Path, tmp_path: Path, skillweave_here: Skillweave) -> None:
    assert skillweave_here(project, ["build", "--output", str(tmp_path / "far" / "out")]).status == 0
    assert "skills/x/SKILL.md" in read_tree(tmp_path / "far" / "out")
    assert not (project / "build").exists()


@pytest.mark.parametrize("how", [[], ["--no-cache"]], ids=["with what is known", "anew"])
def test_an_entry_with_an_error_keeps_its_last_good_output(
    project: Path, how: list[str], skillweave_here: Skillweave
) -> None:
    write_files(project, {"skills/y/SKILL.md": skill("y")})
    skillweave_here(project, ["build", *how])
    kept, locked = read_tree(project / "build/skills/x"), recorded(project)
    write_files(
        project, {"skills/x/SKILL.md": skill("x", "<<include: gone.md>>\n"), "skills/y/SKILL.md": skill("y", "New.\n")}
    )
    found = skillweave_here(project, ["build", *how])
    assert (found.status, "1 with errors" in found.out) == (1, True)
    assert read_tree(project / "build/skills/x") == kept
    again = recorded(project)
    assert again["skills/x/SKILL.md"] == locked["skills/x/SKILL.md"]
    assert again["skills/y/SKILL.md"] != locked["skills/y/SKILL.md"]


def recorded(project: Path) -> dict[str, object]:
    """The lock file's record of each entry."""
    entries: dict[str, object] = json.loads((project / "build" / LOCK).read_text(encoding="utf-8"))["entries"]
    return entries


@pytest.mark.parametrize("written", ["./x", "x/", "skills/../x"])
def test_an_output_folder_is_the_same_however_it_is_written(
    project: Path, written: str, skillweave_here: Skillweave
) -> None:
    skillweave_here(project, ["build", "--output", "x"])
    before = stats(project / "x")
    for more in ([], ["--no-cache"], ["--check"]):
        assert skillweave_here(project, ["build", "--output", written, *more]).status == 0
        assert stats(project / "x") == before
    assert sorted(path.name for path in project.iterdir()) == [".skillweave", "skills", "skillweave.toml", "x"]


def test_an_output_is_executable_if_its_owner_may_execute_the_source(
    project: Path, skillweave_here: Skillweave
) -> None:
    """As Git has it: elsewhere, a clone of the sources would make other outputs."""
    write_files(project, {"skills/x/a.sh": "a\n", "skills/x/b.sh": "b\n"})
    (project / "skills/x/a.sh").chmod(0o645)
    (project / "skills/x/b.sh").chmod(0o744)
    assert skillweave_here(project, ["build"]).status == 0
    tree = read_tree(project / "build/skills/x")
    assert (tree["a.sh"].executable, tree["b.sh"].executable) == (False, True)


@pytest.mark.parametrize("path", ["skills/x/SKILL.md", "skills/x/data.txt", LOCK])
def test_an_output_with_other_line_ends_is_rebuilt(project: Path, path: str, skillweave_here: Skillweave) -> None:
    skillweave_here(project, ["build"])
    place = project / "build" / path
    clean = place.read_bytes()
    place.write_bytes(clean.replace(b"\n", b"\r\n"))
    found = skillweave_here(project, ["build", "--check", "--format", "concise"])
    assert (found.status, [line.split(":")[0] for line in found.out.splitlines()]) == (1, [f"build/{path}"])
    assert skillweave_here(project, ["build"]).status == 0
    assert place.read_bytes() == clean


# What is not ours


@pytest.mark.parametrize("path", ["build/skills/x/mine.md", "build/skills/x/SKILL.md", "build/skills/x/sub/mine.txt"])
def test_a_foreign_file_keeps_its_bundle_from_being_touched(
    project: Path, path: str, skillweave_here: Skillweave
) -> None:
    write_files(project, {path: "mine"})
    before = stats(project / "build" / "skills")
    found = skillweave_here(project, ["build", "--format", "concise"])
    assert (found.status, f"{path}:1:1: SW902" in found.err) == (1, True)
    assert stats(project / "build" / "skills") == before


@pytest.mark.parametrize("at", ["skills", "skills/x", "skills/x/sub"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_an_obstacle_to_an_output_folder_is_reported_once(
    project: Path, at: str, kind: str, skillweave_here: Skillweave
) -> None:
    write_files(project, {"skills/y/SKILL.md": skill("y"), "skills/x/sub/a.txt": "a", "skills/x/sub/b.txt": "b"})
    place = project / "build" / at
    place.parent.mkdir(parents=True)
    if kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(project.parent)
    found = skillweave_here(project, ["build", "--format", "concise"])
    why = "is where the folder of an output goes, but no build wrote it"
    assert (found.status, found.err) == (1, f"build/{at}:1:1: SW902 build/{at} {why}\n")


def test_ignored_files_in_a_bundle_survive_every_change(project: Path, skillweave_here: Skillweave) -> None:
    skillweave_here(project, ["build"])
    bundle = project / "build/skills/x"
    write_files(bundle, {".hidden/a.txt": "a", "__pycache__/b.pyc": "b", "SKILL.md~": "c"})
    (bundle / ".hidden/empty").mkdir()
    (bundle / ".hidden/link").symlink_to("nowhere")
    litter = {path: file for path, file in read_tree(bundle).items() if path not in ("SKILL.md", "data.txt")}
    assert litter.keys() == {".hidden/a.txt", ".hidden/empty/", ".hidden/link", "__pycache__/b.pyc", "SKILL.md~"}
    write_files(project, {"skills/x/SKILL.md": skill("x", "New.\n")})
    assert skillweave_here(project, ["build"]).status == 0
    assert read_tree(bundle).items() >= litter.items()
    assert "New." in (bundle / "SKILL.md").read_text(encoding="utf-8")
    (project / "skills/x/SKILL.md").unlink()
    assert skillweave_here(project, ["build"]).status == 0
    assert read_tree(bundle) == litter


@pytest.mark.parametrize("gone", ["data.txt", "SKILL.md"])
def test_an_edited_output_without_a_source_stays(project: Path, gone: str, skillweave_here: Skillweave) -> None:
    skillweave_here(project, ["build"])
    write_files(project, {"build/skills/x/data.txt": "edited"})
    (project / "skills/x" / gone).unlink()
    found = skillweave_here(project, ["build"])
    assert (found.status, "was edited after the build" in found.err) == (1, True)
    assert read_tree(project / "build")["skills/x/data.txt"] == OutputFile("edited")
    assert (project / "build/skills/x/SKILL.md").exists() == (gone != "SKILL.md")


def test_a_file_in_place_of_the_output_folder(project: Path, skillweave_here: Skillweave) -> None:
    write_files(project, {"build": "mine"})
    found = skillweave_here(project, ["build"])
    assert found.status == 1
    assert found.err.splitlines()[0] == f"skillweave: cannot write {project / 'build'}: File exists"
    checked = skillweave_here(project, ["build", "--check"])
    assert (checked.status, checked.out) == (1, "")
    assert checked.err.splitlines() == [
        f"skillweave: cannot use {project / 'build'}: Not a directory",
        "A file is in the way. Nothing was lost: move it, or choose another `output`.",
    ]
    assert (project / "build").read_text(encoding="utf-8") == "mine"


def test_a_folder_in_place_of_the_lock_file_leaves_at_most_one_staging_folder(
    project: Path, skillweave_here: Skillweave
) -> None:
    lock = project / "build" / LOCK
    lock.mkdir(parents=True)
    for number in range(4):
        write_files(project, {"skills/x/SKILL.md": skill("x", f"{number}.\n")})
        refused = skillweave_here(project, ["build"])
        assert (refused.status, f"cannot write {lock}: Is a directory" in refused.err) == (1, True)
        assert len(list((project / "build").glob(".staging-*"))) == 1
    lock.rmdir()
    assert skillweave_here(project, ["build"]).status == 0
    assert sorted(path.name for path in (project / "build").iterdir()) == ["skills", LOCK]
    assert skillweave_here(project, ["build", "--check"]).status == 0


# What leads outside


@pytest.mark.parametrize("link", ["skills", "skills/x", "skills/x/sub"])
def test_a_symlink_in_the_output_folder_is_not_followed(project: Path, link: str, skillweave_here: Skillweave) -> None:
    write_files(project, {"skills/x/sub/a.txt": "ours\n"})
    outside = project.parent / "victim"
    write_files(outside, {"x/SKILL.md": "theirs", "x/sub/a.txt": "theirs", "SKILL.md": "theirs", "a.txt": "theirs"})
    write_files(project / "build", {LOCK: record(("skills/x/sub/a.txt", "theirs"), (link, "theirs"))})
    (project / "build" / link).parent.mkdir(parents=True, exist_ok=True)
    (project / "build" / link).symlink_to(outside)
    before = stats(outside)
    assert skillweave_here(project, ["build"]).status == 1
    (project / "skills/x/SKILL.md").unlink()
    skillweave_here(project, ["build"])
    assert stats(outside) == before
    assert (project / "build" / link).is_symlink()


@pytest.mark.parametrize(
    "path",
    ["../victim.md", "skills/../../victim.md", "/ABSOLUTE", "..\\victim.md", "link/victim.md", "a\0b.md", "a\ud800.md"],
)
@pytest.mark.parametrize("source", ["skills/gone/SKILL.md", "../SKILL.md", "SKILL.md"])
def test_a_lock_file_cannot_name_files_outside(
    project: Path, path: str, source: str, skillweave_here: Skillweave
) -> None:
    victim = project.parent / "victim.md"
    victim.write_text("theirs", encoding="utf-8")
    skillweave_here(project, ["build"])
    (project / "build/link").symlink_to(project.parent)
    lock = record((path.replace("/ABSOLUTE", str(victim)), "theirs"), source=source)
    (project / "build" / LOCK).write_text(lock, encoding="utf-8")
    before = stats(project.parent)[str(victim)]
    assert skillweave_here(project, ["build"]).status == 0
    assert stats(project.parent)[str(victim)] == before


def test_a_lock_file_with_conflict_markers_is_reported_and_kept(project: Path, skillweave_here: Skillweave) -> None:
    assert skillweave_here(project, ["build"]).status == 0
    lock = project / "build" / LOCK
    whole = lock.read_bytes()
    broken = b"<<<<<<< HEAD\n" + whole
    lock.write_bytes(broken)
    assert skillweave_here(project, ["build"]).status == 0  # Every output already matches its sources.
    lock.write_bytes(broken)
    source = project / "skills/x/SKILL.md"
    source.write_text(source.read_text() + "More.\n")
    for arguments in (["build"], ["build", "--check"]):
        outcome = skillweave_here(project, arguments)
        assert outcome.status == 1
        assert f"restore build/{LOCK}" in outcome.out + outcome.err
        assert lock.read_bytes() == broken
    lock.write_bytes(whole)
    assert skillweave_here(project, ["build"]).status == 0
    assert skillweave_here(project, ["build", "--check"]).status == 0


@pytest.mark.parametrize("change", ["a mistake", "a skill that is gone", "a new skill"])
def test_nothing_is_written_next_to_an_unreadable_lock_file(
    project: Path, skillweave_here: Skillweave, change: str
) -> None:
    write_files(project, {"skills/y/SKILL.md": skill("y")})
    assert skillweave_here(project, ["build"]).status == 0
    lock = project / "build" / LOCK
    whole = lock.read_bytes()
    lock.write_bytes(b"<<<<<<< HEAD\n" + whole)
    if change == "a mistake":
        write_files(project, {"skills/y/SKILL.md": skill("y", "<<include: nope.md>>\n")})
    elif change == "a skill that is gone":
        (project / "skills/y/SKILL.md").unlink()
    else:
        write_files(project, {"skills/z/SKILL.md": skill("z")})
    before = read_tree(project / "build")
    outcome = skillweave_here(project, ["build"])
    assert outcome.status == 1
    assert f"build/{LOCK} cannot be read" in outcome.err
    assert read_tree(project / "build") == before
    lock.write_bytes(whole)
    write_files(project, {"skills/y/SKILL.md": skill("y", "Mended.\n")})
    assert skillweave_here(project, ["build"]).status == 0
    assert skillweave_here(project, ["build", "--check"]).status == 0


def test_a_lock_file_that_is_a_symlink_is_replaced_and_not_followed(project: Path, skillweave_here: Skillweave) -> None:
    victim = project.parent / "victim.json"
    victim.write_text("theirs", encoding="utf-8")
    (project / "build").mkdir()
    (project / "build" / LOCK).symlink_to(victim)
    assert skillweave_here(project, ["build"]).status == 0
    assert victim.read_text(encoding="utf-8") == "theirs"
    assert not (project / "build" / LOCK).is_symlink()


def test_only_staging_folders_of_builds_are_removed(project: Path, skillweave_here: Skillweave) -> None:
    outside = project.parent / "victim"
    write_files(outside, {"a.txt": "theirs"})
    build = project / "build"
    write_files(
        build, {".staging-0badf00d/new/a.txt": "left", ".staging-mine/a.txt": "mine", ".staging-12345678": "a file"}
    )
    (build / ".staging-0badf00d/new/out").symlink_to(outside)
    (build / ".staging-deadbeef").symlink_to(outside)
    before = stats(outside)
    assert skillweave_here(project, ["build"]).status == 0
    assert stats(outside) == before
    left = {path.name for path in build.iterdir() if path.name.startswith(".")}
    assert left == {".staging-mine", ".staging-12345678", ".staging-deadbeef"}


# Exchanging folders


def staged(tmp_path: Path, path: str = "skills/x") -> tuple[Path, Path]:
    """An output folder with an old bundle, and its staging folder with the new one."""
    folder = tmp_path / "build"
    staging = folder / ".staging-00000000"
    write_files(folder, {f"{path}/SKILL.md": "old"})
    write_files(staging, {f"new/{path}/SKILL.md": "new"})
    return folder, staging


def test_two_folders_are_exchanged(tmp_path: Path) -> None:
    folder, staging = staged(tmp_path)
    exchange(folder, "skills/x", f"{staging}/new/skills/x", str(staging))
    assert (folder / "skills/x/SKILL.md").read_text(encoding="utf-8") == "new"
    assert (staging / "new/skills/x/SKILL.md").read_text(encoding="utf-8") == "old"


def test_a_missing_folder_cannot_be_exchanged(tmp_path: Path) -> None:
    folder, staging = staged(tmp_path)
    with pytest.raises(FileNotFoundError):
        exchange(folder, "skills/none", f"{staging}/new/skills/x", str(staging))
    assert (staging / "new/skills/x/SKILL.md").exists()


@pytest.mark.parametrize("path", ["../victim", "/etc/victim", "link/victim", "", "a\0b", "taken", "skills\\..\\x"])
def test_a_journal_cannot_lead_outside(tmp_path: Path, path: str) -> None:
    folder, staging = staged(tmp_path)
    write_files(staging, {MOVING: path, "aside/SKILL.md": "theirs"})
    write_files(folder, {"taken/SKILL.md": "taken"})
    (folder / "link").symlink_to(tmp_path)
    roll_back(folder, str(staging))
    assert (staging / "aside/SKILL.md").exists()
    assert not (tmp_path / "victim").exists()


def test_a_journal_restores_a_folder(tmp_path: Path) -> None:
    folder, staging = staged(tmp_path)
    write_files(staging, {MOVING: "skills/x"})
    os.rename(folder / "skills/x", staging / "aside")  # noqa: PTH104
    roll_back(folder, str(staging))
    assert (folder / "skills/x/SKILL.md").read_text(encoding="utf-8") == "old"


def test_reported_removals_name_what_is_gone(tmp_path: Path, skillweave: Skillweave) -> None:
    """A document may be named SKILL.md, and other documents may remain in its folder."""
    documents = dict.fromkeys(("docs/x/SKILL.md", "docs/x/y.md", "docs/z/SKILL.md"), "text\n")
    write_files(tmp_path, {"skillweave.toml": 'documents = ["docs"]\n', **documents})
    skillweave(tmp_path, ["build"])
    for path in ("docs/x/SKILL.md", "docs/z/SKILL.md"):
        (tmp_path / path).unlink()
    assert skillweave(tmp_path, ["build"]).out.splitlines()[:2] == [
        "removed build/docs/x/SKILL.md, which has no source any more",
        "removed build/docs/z, which has no source any more",
    ]


def test_without_entries_there_is_no_lock_file(tmp_path: Path, skillweave: Skillweave) -> None:
    """As after a clean build. A lock file without records, from elsewhere, is removed like any other output."""
    write_files(tmp_path, {"skillweave.toml": "", "skills/s/SKILL.md": skill("s", "text\n")})
    lock = tmp_path / "build" / LOCK
    skillweave(tmp_path, ["build"])
    (tmp_path / "skills/s/SKILL.md").unlink()
    assert "deleted file mode 100644\n--- a/build/skillweave.lock.json" in skillweave(tmp_path, ["build", "--diff"]).out
    assert skillweave(tmp_path, ["build"]).status == 0
    assert [*(tmp_path / "build").iterdir()] == []
    lock.write_text('{"version": 1, "entries": {}}', encoding="utf-8")
    checked = skillweave(tmp_path, ["build", "--check", "--format", "concise"])
    assert (checked.status, "SW903 build/skillweave.lock.json is stray: nothing is published" in checked.out) == (
        1,
        True,
    )
    assert (skillweave(tmp_path, ["build"]).status, lock.exists()) == (0, False)
    assert skillweave(tmp_path, ["build", "--check"]).status == 0


def test_a_misspelled_root_is_named_where_it_costs_an_output(tmp_path: Path, skillweave: Skillweave) -> None:
    config = 'skills = ["skills", "plugins/*/skills"]\ndocuments = ["docs"]\n'
    write_files(tmp_path, {"skillweave.toml": config, "docs/x.md": "text\n", "skills/s/SKILL.md": skill("s", "text\n")})
    skillweave(tmp_path, ["build"])
    write_files(tmp_path, {"skillweave.toml": config.replace("docs", "dosc")})
    done = skillweave(tmp_path, ["build"])
    assert done.out.startswith("removed build/docs/x.md, which has no source any more\n")
    assert done.err == "".join(
        f"{root}, where entries are looked for, does not exist\n" for root in ("plugins/*/skills", "dosc")
    )
    assert skillweave(tmp_path, ["build"]).err == ""


@pytest.mark.parametrize(
    ("root", "target"), [("skills", "gone"), ("docs", "docs"), ("plugins/p/skills", "../away"), ("plugins", "gone")]
)
def test_a_root_that_leads_nowhere_keeps_its_bundles(
    tmp_path: Path, skillweave: Skillweave, root: str, target: str
) -> None:
    config = 'skills = ["skills", "plugins/*/skills"]\ndocuments = ["docs"]\n'
    skills = {f"{folder}/s/SKILL.md": skill("s", "text\n") for folder in ("skills", "plugins/p/skills")}
    write_files(tmp_path, {"skillweave.toml": config, "docs/x.md": "text\n", **skills})
    assert skillweave(tmp_path, ["build"]).status == 0
    before = read_tree(tmp_path / "build")
    (tmp_path / root).rename(tmp_path / "kept")
    (tmp_path / root).symlink_to(target)
    done = skillweave(tmp_path, ["build"])
    assert (done.status, f"error[SW205]: {root} is a symlink" in done.err) == (1, True)
    assert read_tree(tmp_path / "build") == before
    (tmp_path / root).unlink()
    (tmp_path / "kept").rename(tmp_path / root)
    assert skillweave(tmp_path, ["build"]).status == 0
    assert read_tree(tmp_path / "build") == before


@pytest.mark.parametrize(
    ("path", "target", "told"),
    [
        ("patterns/q.md", "gone.md", "error[SW201]: q.md is a symlink to patterns/gone.md, which does not exist"),
        ("patterns/d", "gone", "error[SW201]: cannot find d/r.md: patterns/d is a symlink to patterns/gone"),
        ("patterns", "", "error[SW205]: patterns must be a folder"),
    ],
)
def test_what_is_not_merely_missing_costs_no_optional_text(
    tmp_path: Path, skillweave: Skillweave, path: str, target: str, told: str
) -> None:
    body = "<<include: q.md optional>>\n\n<<include: d/r.md optional>>\n"
    write_files(tmp_path, {"patterns/q.md": "q\n", "patterns/d/r.md": "r\n", "skills/s/SKILL.md": skill("s", body)})
    write_files(tmp_path, {"skillweave.toml": ""})
    skillweave(tmp_path, ["build"])
    before = read_tree(tmp_path / "build")
    (tmp_path / path).rename(tmp_path / "aside")
    if target:
        (tmp_path / path).symlink_to(target)
    else:
        (tmp_path / path).write_text("a file\n", encoding="utf-8")
    done = skillweave(tmp_path, ["build"])
    assert (done.status, told in done.err) == (1, True)
    assert read_tree(tmp_path / "build") == before


def test_a_pattern_root_that_leads_nowhere_costs_no_optional_text(tmp_path: Path, skillweave: Skillweave) -> None:
    files = {
        "skillweave.toml": 'patterns = ["patterns", "vendor/patterns"]\n',
        "patterns/p.md": "text\n",
        "vendor/patterns/q.md": "more\n",
        "skills/s/SKILL.md": skill("s", "<<include: q.md optional>>\n"),
        "skills/t/SKILL.md": skill("t", "<<include: p.md>>\n"),
    }
    write_files(tmp_path, files)
    skillweave(tmp_path, ["build"])
    before = read_tree(tmp_path / "build")
    (tmp_path / "vendor").rename(tmp_path / "kept")
    (tmp_path / "vendor").symlink_to("gone")
    for body in ("text\n", "other text\n"):
        write_files(tmp_path, {"patterns/p.md": body})
        done = skillweave(tmp_path, ["build"])
        assert (done.status, "error[SW205]: vendor is a symlink" in done.err) == (1, True)
        after = read_tree(tmp_path / "build")
        assert after["skills/s/SKILL.md"] == before["skills/s/SKILL.md"]
        assert body in (tmp_path / "build/skills/t/SKILL.md").read_text()
