"""Builds as actions of other tools: the graph, depfiles, the how-to for Ninja as it is written, and hermetic builds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from projects import files_below, skill, write

if TYPE_CHECKING:
    from conftest import Skillweave

HOW_TO = Path(__file__).parent.parent / "docs/how-to"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three skills: two share a pattern by way of another; one of them looks for an optional file."""
    root = tmp_path / "project"
    write(root / "skillweave.toml", "banner = false\n")
    write(root / "patterns/shared.md", "Shared.\n")
    write(root / "patterns/more/between.md", "Between.\n\n<<include: shared.md>>\n")
    write(root / "patterns/one/alone.md", "Alone.\n")
    write(root / "skills/a/SKILL.md", skill("a", "# a\n\n<<include: more/between.md>>\n"))
    write(
        root / "skills/b/SKILL.md", skill("b", "# b\n\n<<include: shared.md>>\n\n<<include: own/late.md optional>>\n")
    )
    write(root / "skills/c/SKILL.md", skill("c", "# c\n\n<<include: one/alone.md>>\n"))
    return root


def in_path() -> dict[str, str]:
    """The environment, with the commands of this interpreter found first."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(project: Path, *command: str) -> str:
    """Run a command to its end; what it printed."""
    done = subprocess.run(
        command, cwd=project, env=in_path(), capture_output=True, text=True, encoding="utf-8", check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def ninja(project: Path) -> list[str]:
    """Run Ninja; the ids of the entries that it built."""
    return sorted(re.findall(r"^\[\d+/\d+\] bundle (.+)$", run(project, "ninja"), re.MULTILINE))


def blocks_of(page: str, language: str) -> list[str]:
    """The blocks of a page in one language."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    return [found[1] for found in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


@pytest.fixture
def ruled(project: Path) -> Path:
    """The project with the build.ninja that the page's program writes, built once."""
    write(project / "rules.py", blocks_of("ninja.md", "python")[0])
    run(project, sys.executable, "rules.py")
    assert ninja(project) == ["a", "b", "c"]
    return project


# Ninja


def test_a_build_with_nothing_to_do_does_nothing(ruled: Path) -> None:
    assert run(ruled, "ninja").endswith("ninja: no work to do.\n")


@pytest.mark.parametrize(
    ("pattern", "dependents"), [("shared.md", ["a", "b"]), ("more/between.md", ["a"]), ("one/alone.md", ["c"])]
)
def test_an_edited_pattern_rebuilds_exactly_its_dependents(ruled: Path, pattern: str, dependents: list[str]) -> None:
    write(ruled / "patterns" / pattern, "Edited.\n")
    assert ninja(ruled) == dependents
    for name in dependents:
        assert "Edited." in (ruled / f"build/skills/{name}/SKILL.md").read_text(encoding="utf-8")
    assert ninja(ruled) == []


def test_the_configuration_rebuilds_all(ruled: Path) -> None:
    write(ruled / "skillweave.toml", "banner = true\n")
    assert ninja(ruled) == ["a", "b", "c"]


def test_a_touched_pattern_is_settled_by_one_build(ruled: Path) -> None:
    write(ruled / "patterns/one/alone.md", "Alone.\n")
    assert ninja(ruled) == ["c"]
    assert ninja(ruled) == []


def test_an_optional_file_that_comes_rebuilds_who_looked_for_it(ruled: Path) -> None:
    write(ruled / "patterns/own/late.md", "Late.\n")
    assert ninja(ruled) == ["b"]
    assert "Late." in (ruled / "build/skills/b/SKILL.md").read_text(encoding="utf-8")
    assert ninja(ruled) == []


def test_a_file_that_comes_into_a_skill_is_shipped(ruled: Path) -> None:
    write(ruled / "skills/c/notes.txt", "notes\n")
    assert ninja(ruled) == ["c"]
    assert (ruled / "build/skills/c/notes.txt").is_file()


def test_an_include_that_vanished_with_its_file_is_no_obstacle(ruled: Path) -> None:
    (ruled / "patterns/one/alone.md").unlink()
    write(ruled / "skills/c/SKILL.md", skill("c", "# c\n\nNothing.\n"))
    assert ninja(ruled) == ["c"]
    assert ninja(ruled) == []


def test_one_build_removes_what_an_entry_that_is_gone_leaves(ruled: Path) -> None:
    shutil.rmtree(ruled / "skills/c")
    run(ruled, sys.executable, "rules.py")
    assert ninja(ruled) == []
    assert (ruled / "build/skills/c").is_dir()
    run(ruled, "skillweave", "build")
    assert not (ruled / "build/skills/c").exists()
    run(ruled, "skillweave", "build", "--check")


# Make


@pytest.mark.parametrize("configured", [True, False])
def test_the_makefile_of_the_page(project: Path, *, configured: bool) -> None:
    if not configured:
        (project / "skillweave.toml").unlink()
    target = project / "build/skills/c/SKILL.md"
    (rules,) = blocks_of("ninja.md", "make")
    write(project / "Makefile", rules.replace("review", "c"))
    assert "skillweave build" in run(project, "make")
    age(project, target)
    assert "skillweave build" not in run(project, "make")
    (project / "patterns/one/alone.md").unlink()
    write(project / "skills/c/SKILL.md", skill("c", "# c\n\nNothing.\n"))
    assert "skillweave build" in run(project, "make"), "an include that is gone is no obstacle"
    assert "Nothing." in target.read_text(encoding="utf-8")
    age(project, target)
    assert "skillweave build" not in run(project, "make")


# Depfiles


def test_a_depfile_names_all_that_a_bundle_is_made_of(project: Path, skillweave: Skillweave) -> None:
    assert skillweave(project, ["build", "b", "--output", "out", "--depfile", "b.d"]).status == 0
    needed = ["patterns", "patterns/shared.md", "skills/b", "skills/b/SKILL.md", "skillweave.toml"]
    rule = " \\\n  ".join(["out/skills/b/SKILL.md:", *needed])
    assert (project / "b.d").read_text(encoding="utf-8") == rule + "\n" + "".join(f"{path}:\n" for path in needed)


def test_paths_are_those_of_the_working_directory(project: Path, skillweave: Skillweave) -> None:
    where = project / "skills/c"
    out = project.parent / "out"
    assert skillweave(where, ["build", "c", "--output", str(out), "--depfile", "../../c.d"]).status == 0
    rule = (project / "c.d").read_text(encoding="utf-8").partition("SKILL.md:")
    assert rule[0] == f"{out}/skills/c/"
    assert re.findall(r"^  (\S+)", rule[2], re.MULTILINE) == [
        "../../patterns/one/alone.md",
        ".",
        "SKILL.md",
        "../../skillweave.toml",
    ]


def test_names_that_need_escapes_are_read_by_ninja_and_make(project: Path, skillweave: Skillweave) -> None:
    names = ["a b.txt", "c#d.txt", "e$f.txt", "g:h.txt", "é.txt", "i&(j)'.txt"]
    for name in names:
        write(project / "skills/c" / name, name)
    assert skillweave(project, ["build", "c", "--depfile", "c.d"]).status == 0
    target = "build/skills/c/SKILL.md"
    rule = f"rule r\n  command = touch {target}\n  depfile = copy.d\nbuild {target}: r\n"
    write(project / "build.ninja", rule)
    write(project / "Makefile", f"{target}:\n\ttouch $@\n\ninclude copy.d\n")
    shutil.copy(project / "c.d", project / "copy.d")
    for tool in ("ninja", "make"):
        run(project, tool)
        age(project, project / target)
        assert "touch" not in run(project, tool)
        for name in names:
            age(project, project / target)
            os.utime(project / "skills/c" / name, (OLD + 2, OLD + 2))
            assert "touch" in run(project, tool), name


OLD = 1_000_000_000


def age(project: Path, target: Path) -> None:
    """Give all files one old time, and the target the next second."""
    for path in project.rglob("*"):
        os.utime(path, (OLD, OLD))
    os.utime(target, (OLD + 1, OLD + 1))


def test_a_name_without_a_spelling_is_refused(project: Path, skillweave: Skillweave) -> None:
    write(project / "skills/c/a;b.txt", "x")
    outcome = skillweave(project, ["build", "c", "--depfile", "c.d"])
    assert outcome.status == 2
    assert "a;b.txt" in outcome.err
    assert not (project / "c.d").exists()


def test_a_depfile_that_says_the_same_is_left_alone(project: Path, skillweave: Skillweave) -> None:
    assert skillweave(project, ["build", "--depfile", "all.d"]).status == 0
    before = (project / "all.d").stat()
    write(project / "patterns/shared.md", "Edited.\n")
    assert skillweave(project, ["build", "--depfile", "all.d"]).status == 0
    after = (project / "all.d").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    (project / "all.d").unlink()
    assert skillweave(project, ["build", "--depfile", "all.d"]).status == 0
    assert (project / "all.d").is_file(), "also where nothing had to be built"


def test_an_entry_with_an_error_leaves_the_depfile_as_it_is(project: Path, skillweave: Skillweave) -> None:
    write(project / "c.d", "before\n")
    (project / "patterns/one/alone.md").unlink()
    assert skillweave(project, ["build", "c", "--depfile", "c.d"]).status == 1
    assert (project / "c.d").read_text(encoding="utf-8") == "before\n"
    assert skillweave(project, ["build", "a", "--depfile", "a.d"]).status == 0, "another entry is not concerned"


@pytest.mark.parametrize("option", ["--check", "--diff"])
def test_what_writes_nothing_writes_no_depfile(project: Path, skillweave: Skillweave, option: str) -> None:
    assert skillweave(project, ["build", option, "--depfile", "c.d"]).status == 2
    assert not (project / "c.d").exists()


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("patterns/shared.md", "patterns/shared.md is in patterns, which is no place for a depfile."),
        ("skills/a/SKILL.md", "skills/a/SKILL.md is in skills, which is no place for a depfile."),
        ("build/skills/a/x.d", "build/skills/a/x.d is in build, which is no place for a depfile."),
        ("../out/x.d", "x.d is in {}, which is no place for a depfile."),
        ("skillweave.toml", "skillweave.toml is a configuration file, which is no place for a depfile."),
        ("no/such/x.d", "there is no folder no/such."),
        ("patterns", "patterns is not a regular file."),
        ("fifo", "fifo is not a regular file."),
        ("/dev/full", "/dev/full is not a regular file."),
        ("/dev/stdout", "/dev/stdout is not a regular file."),
    ],
)
def test_a_depfile_that_cannot_be_is_refused_before_anything_is_done(
    project: Path, skillweave: Skillweave, file: str, message: str
) -> None:
    elsewhere = project.parent / "out"
    for folder in (project / "build/skills/a", elsewhere):
        folder.mkdir(parents=True)
    os.mkfifo(project / "fifo")
    before = files_below(project.parent)
    output = str(elsewhere) if "out/" in file else "build"
    outcome = skillweave(project, ["build", "a", "--depfile", file, "--output", output])
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.splitlines()[-1].endswith(message.format(output))
    assert files_below(project.parent) == before


def test_a_stream_that_leads_to_a_file_is_no_place_for_a_depfile(project: Path) -> None:
    """It is refused by its name: a file that took its place would be the end of it for all programs."""
    with (project / "said").open("wb") as said:
        done = subprocess.run(
            [sys.executable, "-m", "skillweave", "build", "--depfile", "/dev/fd/1"],
            cwd=project,
            stdout=said,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, b"/dev/fd/1 is not a regular file." in done.stderr) == (2, True)


# The graph


def test_the_graph_as_json(project: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(project, ["graph", "a", "b", "--format", "json"])
    assert (outcome.status, outcome.err) == (0, "")
    assert json.loads(outcome.out) == {
        "config": "skillweave.toml",
        "entries": [
            {
                "id": "a",
                "kind": "skill",
                "path": "skills/a/SKILL.md",
                "outputs": ["skills/a/SKILL.md"],
                "inputs": ["patterns/more/between.md", "patterns/shared.md", "skills/a/SKILL.md"],
                "missing": [],
                "folders": ["skills/a"],
            },
            {
                "id": "b",
                "kind": "skill",
                "path": "skills/b/SKILL.md",
                "outputs": ["skills/b/SKILL.md"],
                "inputs": ["patterns/shared.md", "skills/b/SKILL.md"],
                "missing": ["patterns/own/late.md"],
                "folders": ["patterns", "skills/b"],
            },
        ],
        "edges": [
            {"from": source, "to": target, "line": line, "column": 1, "word": "include"}
            for source, target, line in (
                ("patterns/more/between.md", "patterns/shared.md", 3),
                ("skills/a/SKILL.md", "patterns/more/between.md", 7),
                ("skills/b/SKILL.md", "patterns/shared.md", 7),
            )
        ],
    }


def test_the_graph_as_text(project: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(project, ["graph", "b"])
    assert outcome.out.splitlines() == [
        "skills/b/SKILL.md",
        "  patterns/shared.md",
        "  skills/b/SKILL.md",
        "  patterns/own/late.md (optional, missing)",
    ]


def test_every_place_where_an_optional_file_may_come_and_every_folder_that_is_shipped(
    project: Path, skillweave: Skillweave
) -> None:
    write(project / "skillweave.toml", 'patterns = ["patterns", "library"]\n')
    write(project / "library/tools/bin/run.sh", "exit 0\n")
    body = "<<include: own/late.md optional>>\n\n<<include: ./late.md optional>>\n\n<<asset: tools/>>\n"
    write(project / "skills/b/SKILL.md", skill("b", f"# b\n\n{body}"))
    (entry,) = json.loads(skillweave(project, ["graph", "b", "--format", "json"]).out)["entries"]
    assert entry["missing"] == ["library/own/late.md", "patterns/own/late.md", "skills/b/late.md"]
    assert entry["folders"] == ["library", "library/tools", "library/tools/bin", "patterns", "skills/b"]
    assert entry["inputs"] == ["library/tools/bin/run.sh", "skills/b/SKILL.md"]
    assert skillweave(project, ["build", "b", "--depfile", "b.d"]).status == 0


def test_the_graph_of_an_entry_with_an_error(project: Path, skillweave: Skillweave) -> None:
    write(project / "patterns/more/between.md", "<<include: gone.md>>\n\n<<include: shared.md>>\n")
    outcome = skillweave(project, ["graph", "a", "--format", "json"])
    assert outcome.status == 1
    assert "gone.md" in outcome.err
    (entry,) = json.loads(outcome.out)["entries"]
    assert entry["inputs"] == ["patterns/more/between.md", "patterns/shared.md", "skills/a/SKILL.md"]
    assert entry["outputs"] == ["skills/a/SKILL.md"]
    shown = skillweave(project, ["graph", "a"]).err
    assert shown.startswith("error[SW201]: cannot find gone.md\n  --> patterns/more/between.md:1:12\n")
    assert skillweave(project, ["graph", "a", "--format", "concise"]).err == outcome.err


# Hermetic builds


def test_neither_order_nor_place_nor_working_directory_shows(project: Path, skillweave: Skillweave) -> None:
    other = project.parent / "elsewhere" / "copy"
    shutil.copytree(project, other)
    for name in ("a", "b", "c"):
        assert skillweave(project, ["build", name, "--output", "out"]).status == 0
    for name in ("c", "b", "a"):
        where = ["--root", str(other), "--output", str(other.parent / "out")]
        assert skillweave(project.parent, ["build", name, *where]).status == 0
    assert len(files_below(project / "out")) >= 4
    assert files_below(project / "out") == files_below(other.parent / "out")


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_the_inputs_of_the_graph_are_all_that_a_bundle_needs(project: Path, skillweave: Skillweave, name: str) -> None:
    """What runs in a sandbox with its declared inputs only gives the same bytes."""
    write(project / "skills/c/scripts/run.sh", "exit 0\n")
    graph = json.loads(skillweave(project, ["graph", name, "--format", "json"]).out)
    (entry,) = graph["entries"]
    sandbox = project.parent / "sandbox"
    for path in [graph["config"], *entry["inputs"]]:
        (sandbox / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / path, sandbox / path)
    for folder in (project, sandbox):
        assert skillweave(folder, ["build", name, "--output", "out", "--no-cache"]).status == 0
    assert files_below(sandbox / "out") == files_below(project / "out")
    made = {path for path in files_below(project / "out") if not path.endswith("lock.json")}
    assert sorted(made) == entry["outputs"]


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_the_page_for_bazel_as_far_as_it_goes_without(project: Path, name: str) -> None:
    """Its program's inputs, as links to files outside as a sandbox has them, and the shell lines of its rule."""
    write(project / "skills.py", blocks_of("bazel.md", "python")[0])
    run(project, sys.executable, "skills.py")
    declared = json.loads((project / "skills.bzl").read_text(encoding="utf-8").removeprefix("SKILLS = "))
    entry = f"skills/{name}/SKILL.md"
    sandbox = project.parent / "sandbox"
    for path in declared[entry]:
        (sandbox / path).parent.mkdir(parents=True, exist_ok=True)
        (sandbox / path).symlink_to(project / path)
    write(sandbox / "names", "".join(f"{path}\n" for path in declared[entry]))
    (sandbox / "out").mkdir()
    (shell,) = re.findall(r'command = """\n(.*?)"""', (HOW_TO / "bazel.md").read_text(encoding="utf-8"), re.DOTALL)
    run(sandbox, "sh", "-c", shell, "sh", "skillweave", entry, "out", "names")
    run(project, "skillweave", "build", entry, "--output", "out")
    assert files_below(sandbox / "out") == files_below(project / "out")
