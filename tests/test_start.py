"""`init` and `new` create valid files, and never touch existing ones."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
import yaml

from projects import read_tree, run_apart, skill, write
from skillweave.starter import template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Skillweave

CONFIG, PATTERN, SKILL, HOOK = FILES = (
    "skillweave.toml",
    "patterns/evidence.md",
    "skills/fix-bug/SKILL.md",
    ".pre-commit-config.yaml",
)
OWN = skill("x", "# X\n")


def put(project: Path, **texts: str) -> Path:
    """Write files. In their names, `__` means `/`, and a final `_md` or `_toml` means `.md` or `.toml`."""
    for name, content in texts.items():
        write(project / name.replace("__", "/").replace("_md", ".md").replace("_toml", ".toml"), content)
    return project


def refuses(project: Path, run: Skillweave, arguments: list[str], reason: str) -> None:
    """Assert that a command is refused with one line that gives this reason, and that it changes nothing."""
    before = state(project)
    shown = run(project, arguments)
    assert (shown.status, shown.out) == (2, "")
    assert [line for line in shown.err.splitlines() if line.startswith("Error")] == [
        f"Error: nothing was created: {reason}"
    ]
    assert shown.err.endswith(f"{reason}\n")
    assert state(project) == before


def state(project: Path) -> dict[Path, bytes | int]:
    """Everything in a folder: the bytes of files, and the mode of everything else."""
    return {
        path: path.read_bytes() if path.is_file() and not path.is_symlink() else path.lstat().st_mode
        for path in sorted(project.rglob("*"))
    }


# init


def test_a_new_project_builds_without_findings(tmp_path: Path, skillweave: Skillweave) -> None:
    made = skillweave(tmp_path, ["init"])
    assert made == (0, "".join(f"made {name}\n" for name in FILES) + "Next: skillweave build\n", "")
    assert sorted(read_tree(tmp_path)) == sorted(FILES)
    built = skillweave(tmp_path, ["build", "--strict"])
    assert (built.status, built.err) == (0, "")
    assert built.out.startswith("built fix-bug → build/skills/fix-bug\n")
    published = (tmp_path / "build/skills/fix-bug/SKILL.md").read_text(encoding="utf-8")
    assert "### Evidence\n" in published
    assert "<<include" not in published


def test_the_created_configuration_shows_the_defaults(tmp_path: Path, skillweave_here: Skillweave) -> None:
    skillweave_here(tmp_path, ["init"])
    told = (tmp_path / CONFIG).read_text(encoding="utf-8")
    assert tomllib.loads(told) == {"patterns": ["patterns"], "skills": ["skills"], "output": "build"}
    # The options that it shows in comments are valid, too.
    (tmp_path / CONFIG).write_text(re.sub(r"^# (?=\[|\w+ = )", "", told, flags=re.MULTILINE), encoding="utf-8")
    assert {"consumers", "limits"} < tomllib.loads((tmp_path / CONFIG).read_text(encoding="utf-8")).keys()
    assert skillweave_here(tmp_path, ["check", "--strict"]).status == 0


def test_a_second_init_changes_nothing(tmp_path: Path, skillweave_here: Skillweave) -> None:
    skillweave_here(tmp_path, ["init"])
    before = read_tree(tmp_path)
    again = skillweave_here(tmp_path, ["init"])
    assert again == (0, "".join(f"kept {name}\n" for name in FILES) + "Next: skillweave build\n", "")
    assert read_tree(tmp_path) == before


@pytest.mark.parametrize("name", FILES)
def test_missing_files_are_created_again(tmp_path: Path, skillweave_here: Skillweave, name: str) -> None:
    skillweave_here(tmp_path, ["init"])
    before = read_tree(tmp_path)
    (tmp_path / name).unlink()
    assert f"made {name}\n" in skillweave_here(tmp_path, ["init"]).out
    assert read_tree(tmp_path) == before


@pytest.mark.parametrize("name", FILES)
def test_existing_files_are_kept(tmp_path: Path, skillweave_here: Skillweave, name: str) -> None:
    own = OWN.replace("name: x", "name: fix-bug") if name == SKILL else "# mine\n"
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(own, encoding="utf-8")
    shown = skillweave_here(tmp_path, ["init"])
    assert (shown.status, shown.err) == (0, "")
    assert (tmp_path / name).read_text(encoding="utf-8") == own
    assert re.search(rf"^(kept|no example:) {re.escape(name)}\b", shown.out, re.MULTILINE)
    assert skillweave_here(tmp_path, ["build", "--strict"]).status == 0


def test_a_missing_folder_is_created(tmp_path: Path, skillweave_here: Skillweave) -> None:
    shown = skillweave_here(tmp_path, ["init", "a b/\x1b[2Jc"])
    assert shown.status == 0
    assert shown.out.endswith("Next: cd 'a b/\\x1b[2Jc' && skillweave build\n")
    assert "\x1b" not in shown.out
    assert sorted(read_tree(tmp_path / "a b/\x1b[2Jc")) == sorted(FILES)
    assert skillweave_here(tmp_path, ["init", "--", "-x"]).out.endswith("Next: cd ./-x && skillweave build\n")


def test_with_existing_skills_no_example_is_created(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, skills__x__SKILL_md=OWN)
    shown = skillweave_here(tmp_path, ["init"])
    assert shown.out.splitlines() == [
        f"made {CONFIG}",
        f"made {HOOK}",
        "no example: skills/x/SKILL.md already exists",
        "Next: skillweave build",
    ]
    assert skillweave_here(tmp_path, ["check", "--strict"]).status == 0


def test_the_example_is_created_in_the_configured_folders(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, skillweave_toml='patterns = ["plugins/*/p", "shared/p"]\nskills = [".claude/skills"]\n')
    assert skillweave_here(tmp_path, ["init"]).status == 0
    assert sorted(read_tree(tmp_path)) == sorted(
        [CONFIG, HOOK, "shared/p/evidence.md", ".claude/skills/fix-bug/SKILL.md"]
    )
    assert skillweave_here(tmp_path, ["build", "--strict"]).status == 0


def test_with_only_wildcard_folders_no_example_is_created(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, skillweave_toml='skills = ["plugins/*/skills"]\n')
    assert "no example: it needs a folder" in skillweave_here(tmp_path, ["init"]).out
    assert sorted(read_tree(tmp_path)) == [HOOK, CONFIG]


def test_a_configuration_in_pyproject_remains_in_use(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, pyproject_toml='[tool.skillweave]\nskills = ["s"]\n')
    shown = skillweave_here(tmp_path, ["init"])
    assert f"kept pyproject.toml, which has [tool.skillweave]: no {CONFIG} is needed\n" in shown.out
    assert sorted(read_tree(tmp_path)) == sorted([PATTERN, HOOK, "pyproject.toml", "s/fix-bug/SKILL.md"])


# The hook


def hooks(text: str) -> list[dict[str, object]]:
    return [hook for repo in yaml.safe_load(text)["repos"] for hook in repo["hooks"]]


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run git or pre-commit in a new repository, with a separate environment and our command on the PATH."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin/skillweave"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m skillweave "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    environment = kept | {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "PRE_COMMIT_COLOR": "never",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments,
            cwd=tmp_path / "repository",
            env=environment,
            capture_output=True,
            check=False,
            timeout=60,
            text=True,
        )

    (tmp_path / "repository").mkdir()
    assert run("git", "init", "--quiet").returncode == 0
    return run


def test_the_hook_accepts_valid_skills_and_rejects_a_broken_one(
    tmp_path: Path, skillweave_here: Skillweave, git: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    repository = tmp_path / "repository"
    skillweave_here(repository, ["init"])
    git("git", "add", ".")
    pre_commit = (sys.executable, "-m", "pre_commit", "run")
    passed = git(*pre_commit)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert re.fullmatch(r"skillweave check\.+Passed\n", passed.stdout)
    committed = git("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "Begin")
    assert committed.returncode == 0
    # A commit that only deletes files passes no files to a hook, which must run all the same.
    (repository / PATTERN).unlink()
    git("git", "add", ".")
    failed = git(*pre_commit)
    assert failed.returncode == 1
    assert "error[SW201]" in failed.stdout
    # If pre-commit also handles commit messages, the check still runs once per commit, not twice.
    message = git(*pre_commit, "--hook-stage", "commit-msg", "--commit-msg-filename", PATTERN)
    assert (message.returncode, message.stdout) == (0, "")


def test_lines_are_offered_for_an_existing_hook_configuration(tmp_path: Path, skillweave_here: Skillweave) -> None:
    theirs = "repos:\n  - repo: local\n    hooks:\n      - {id: x, name: x, entry: x, language: system}\n"
    (tmp_path / HOOK).write_text(theirs, encoding="utf-8")
    shown = skillweave_here(tmp_path, ["init"])
    assert (tmp_path / HOOK).read_text(encoding="utf-8") == theirs
    lines = shown.out.partition("indented like what is there:\n\n")[2].partition("\nNext")[0]
    assert f"kept {HOOK}\n" in shown.out
    assert hooks(theirs + lines) == [*hooks(theirs), *hooks(template("hook.yaml"))]
    (tmp_path / HOOK).write_text(theirs + lines, encoding="utf-8")
    again = skillweave_here(tmp_path, ["init"])
    assert again.out.endswith(f"kept {HOOK}\nNext: skillweave build\n")


def test_init_in_a_subfolder_of_a_repository(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """pre-commit reads only the configuration at the top of a repository, and runs hooks from there."""
    (tmp_path / ".git").mkdir()
    shown = skillweave_here(tmp_path, ["init", "tools/our skills"])
    assert sorted(read_tree(tmp_path / "tools/our skills")) == sorted(name for name in FILES if name != HOOK)
    assert not (tmp_path / HOOK).exists()
    assert f"not created: ../../{HOOK}\n" in shown.out
    lines = shown.out.partition("make that file with this in it:\n\n")[2].partition("\nNext")[0]
    assert [hook["entry"] for hook in hooks(lines)] == ["skillweave check --root 'tools/our skills'"]


@pytest.mark.parametrize(
    ("folder", "there", "is_enough"),
    [
        ("", "skillweave check", True),
        ("", ".venv/bin/skillweave check --strict", True),
        ("", "skillweave check --root tools", False),
        ("", "skillweave check --strict --root tools", False),
        ("tools", "skillweave check --root tools", True),
        ("tools", "skillweave check --root tools --strict", True),
        ("tools", "skillweave check", False),
        ("tools", "skillweave check --root tools-2", False),
        ("tools", "skillweave check --root tools/more", False),
        ("tools", "skillweave check --root tools.d", False),
    ],
)
def test_the_hook_of_another_project_does_not_count(
    tmp_path: Path, skillweave_here: Skillweave, folder: str, there: str, *, is_enough: bool
) -> None:
    (tmp_path / ".git").mkdir()
    theirs = template("hook.yaml").replace("entry: skillweave check\n", f'entry: "{there}"\n')
    (tmp_path / HOOK).write_text(theirs, encoding="utf-8")
    shown = skillweave_here(tmp_path, ["init", *([folder] if folder else [])])
    assert shown.status == 0
    assert ("For the hook, add this" not in shown.out) == is_enough


# Obstacles


OBSTACLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file for a folder": (lambda project: (project / "patterns").write_text("x"), "patterns is not a folder"),
    "a folder for the hook": (lambda project: (project / HOOK).mkdir(), f"{HOOK} is not a regular file"),
    "a folder for a file": (lambda project: (project / SKILL).mkdir(parents=True), f"{SKILL} is not a regular file"),
    "a FIFO": (
        lambda project: os.mkfifo(project / CONFIG),
        f"{CONFIG}:1:1: SW001 cannot read the configuration: it is not a regular file",
    ),
    "a symlink that leaves": (
        lambda project: (project / "skills").symlink_to(project.parent),
        "skills is a symlink that leaves the project",
    ),
    "a symlink to nothing": (
        lambda project: (project / PATTERN).parent.symlink_to("nowhere"),
        "patterns is a symlink to nothing",
    ),
    "a symlink for a file": (
        lambda project: (project / CONFIG).symlink_to("nowhere"),
        f"{CONFIG}:1:1: SW001 the configuration is a symlink to a file outside the project",
    ),
    "a circle": (lambda project: (project / "skills").symlink_to("skills"), "skills is a symlink to nothing"),
    "a broken configuration": (
        lambda project: (project / CONFIG).write_text("skills = 1\n"),
        f"{CONFIG}:1:10: SW001 skills: expected a list of strings, found an integer",
    ),
}


@pytest.mark.parametrize("kind", OBSTACLES)
def test_nothing_is_created_if_there_is_an_obstacle(tmp_path: Path, skillweave_here: Skillweave, kind: str) -> None:
    make, reason = OBSTACLES[kind]
    project = tmp_path / "project"
    project.mkdir()
    make(project)
    refuses(project, skillweave_here, ["init"], reason)


def test_a_symlink_within_the_project_is_followed(tmp_path: Path, skillweave_here: Skillweave) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "patterns").symlink_to("real")
    assert skillweave_here(tmp_path, ["init"]).status == 0
    assert (tmp_path / "real/evidence.md").is_file()
    assert skillweave_here(tmp_path, ["check", "--strict"]).status == 0


def test_all_obstacles_are_reported_at_once(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, patterns="x", skills="x")
    refuses(tmp_path, skillweave_here, ["init"], "patterns is not a folder; skills is not a folder")


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_not_a_project(tmp_path: Path, skillweave_here: Skillweave, name: str) -> None:
    put(tmp_path, file="x")
    refuses(tmp_path, skillweave_here, ["init", name], f"{tmp_path}/file is not a folder")


def without_privileges() -> None:
    """If the tests run as root, drop the capability to write everywhere."""
    libc = ctypes.CDLL(None)
    libc.prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


@pytest.mark.parametrize(
    ("folder", "arguments"), [("skills", ["init"]), ("", ["init", "new"]), ("skills", ["new", "skill", "x"])]
)
def test_a_read_only_folder(tmp_path: Path, folder: str, arguments: list[str]) -> None:
    (tmp_path / "skills").mkdir()
    (tmp_path / folder).chmod(0o555)
    shown = run_apart(tmp_path, arguments, limit=without_privileges)
    (tmp_path / folder).chmod(0o755)
    assert (shown.status, shown.out) == (2, "")
    assert shown.err.endswith(f"Error: nothing was created: {tmp_path / folder} is read-only\n")
    assert list(read_tree(tmp_path)) == ["skills/"]


def test_a_full_disk_leaves_no_partial_file(tmp_path: Path) -> None:
    size = len(template(CONFIG)) + 50
    assert size < len(template(PATTERN))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    shown = run_apart(tmp_path, ["init"], limit=limit)
    assert shown.status == 1
    assert "Traceback" not in shown.err
    assert list(read_tree(tmp_path)) == [CONFIG]
    assert run_apart(tmp_path, ["init"]).status == 0
    assert sorted(read_tree(tmp_path)) == sorted(FILES)


# new skill


TWO = 'skills = ["skills", "plugins/*/skills"]\n'


@pytest.mark.parametrize(
    ("config", "name", "path"),
    [
        ("", "commit", "skills/commit"),
        ("", "research:deep:web", "skills/research/deep/web"),
        ("", "skills/x/y", "skills/x/y"),
        ("", "./skills/x/", "skills/x"),
        ("", "007", "skills/007"),
        ("", "true", "skills/true"),
        (TWO, "commit", "skills/commit"),
        (TWO, "other:commit", "skills/other/commit"),
        (TWO, "known:commit", "plugins/known/skills/commit"),
        (TWO, "plugins/other/skills/commit", "plugins/other/skills/commit"),
        ('skills = ["plugins/*/skills"]\n', "other:commit", "plugins/other/skills/commit"),
        ('skills = [".claude/skills"]\n', "commit", ".claude/skills/commit"),
    ],
)
def test_a_new_skill_is_valid_without_changes(
    tmp_path: Path, skillweave_here: Skillweave, config: str, name: str, path: str
) -> None:
    put(tmp_path, skillweave_toml=config, plugins__known__x="")
    made = skillweave_here(tmp_path, ["new", "skill", name])
    assert (made.status, made.err) == (0, "")
    assert made.out.splitlines()[0] == f"made {path}/SKILL.md"
    assert made.out.splitlines()[-1] == "Next: skillweave check"
    assert skillweave_here(tmp_path, ["check", "--strict"]) == (0, "no problems in 1 file\n", "")
    header = yaml.safe_load((tmp_path / path / "SKILL.md").read_text(encoding="utf-8").split("---")[1])
    assert header["name"] == path.rpartition("/")[2]


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("x:y", "note: it is inside the skill x: "),
        ("x:in:y", "note: it is inside the skill x:in: "),
        ("p", "note: the skill p:q is inside it: "),
        ("xx:y", None),
    ],
)
def test_a_nested_new_skill_is_reported(
    tmp_path: Path, skillweave_here: Skillweave, name: str, note: str | None
) -> None:
    put(tmp_path, skills__x__SKILL_md=OWN, skills__x__in__SKILL_md=OWN, skills__p__q__SKILL_md=OWN)
    made = skillweave_here(tmp_path, ["new", "skill", name])
    assert made.status == 0
    second = made.out.splitlines()[1]
    assert second.startswith(note) if note else not second.startswith("note")
    warned = skillweave_here(tmp_path, ["check", "--format", "concise"]).out.count("SW709")
    assert warned == 1 + (note is not None)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "Commit",
            '"Commit" is not a valid name for a skill (use a to z, 0 to 9, and single hyphens between them: commit?)',
        ),
        ("a--b", '"a--b" is not a valid name for a skill (use a to z, 0 to 9, and single hyphens between them: a-b?)'),
        ("a" * 65, "the name has 65 characters; the limit is 64"),
        ("", '"" is not a valid name for a skill (use a to z, 0 to 9, and single hyphens between them)'),
        (
            "a\nb",
            r'"a\x0ab" is not a valid name for a skill (use a to z, 0 to 9, and single hyphens between them: a-b?)',
        ),
        ("a::b", '"skills/a//b" is not the path of a file'),
        ("..:b", '"skills/../b" has a ".." part'),
        ("*:b", '"skills/*/b" has a "*"'),
        (".x:b", '"skills/.x/b" would never be read, because of ".x"'),
        ("a\\b:c", r'"skills/a\b/c" has a backslash'),
        ("../b", "../b is not below skills"),
        ("/b", "/b is not below skills"),
        ("skills/../b", '"skills/../b" has a ".." part'),
        ("patterns/b", "patterns/b is not below skills"),
        ("x", "skills/x/SKILL.md already exists"),
        ("nul", '"skills/nul" is not a valid path on every machine'),
    ],
)
def test_invalid_skill_names_are_refused(tmp_path: Path, skillweave_here: Skillweave, name: str, reason: str) -> None:
    put(tmp_path, skills__x__SKILL_md=OWN)
    refuses(tmp_path, skillweave_here, ["new", "skill", name], reason)


def test_a_duplicate_id_is_refused(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, skillweave_toml=TWO, plugins__p__skills__x__SKILL_md=OWN)
    refuses(
        tmp_path, skillweave_here, ["new", "skill", "skills/p/x"], "plugins/p/skills/x/SKILL.md already has the id p:x"
    )


def test_a_new_skill_needs_a_definite_root(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, skillweave_toml='skills = ["plugins/*/skills"]\n')
    reason = "say in which plugin, as in plugin:x: skills are in plugins/*/skills"
    refuses(tmp_path, skillweave_here, ["new", "skill", "x"], reason)


def test_a_name_that_differs_only_in_case_is_refused(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, Skills__x__SKILL_md=OWN, patterns__Evidence_md="x\n")
    refuses(tmp_path, skillweave_here, ["new", "skill", "y"], "Skills exists, in a different case")
    refuses(
        tmp_path, skillweave_here, ["new", "pattern", "evidence"], "patterns/Evidence.md exists, in a different case"
    )


# new pattern


@pytest.mark.parametrize(
    ("config", "name", "path", "directive"),
    [
        ("", "git/commits", "patterns/git/commits.md", "<<include: git/commits.md>>"),
        ("", "git/commits.md", "patterns/git/commits.md", "<<include: git/commits.md>>"),
        ("", "patterns/x.md", "patterns/x.md", "<<include: x.md>>"),
        ("", "a b", "patterns/a b.md", '<<include: "a b.md">>'),
        ("", "a#b", "patterns/a#b.md", '<<include: "a#b.md">>'),
        ("", "a{{b", "patterns/a{{b.md", '<<include: "a{{b.md">>'),
        ("", "README.txt", "patterns/README.txt.md", "<<include: README.txt.md>>"),
        ('patterns = ["p/*/q", "r"]\n', "x", "r/x.md", "<<include: x.md>>"),
        ('patterns = ["p/*/q", "r"]\n', "p/a/q/x", "p/a/q/x.md", "<<include: x.md>>"),
    ],
)
def test_the_suggested_directive_includes_the_new_pattern(  # noqa: PLR0913, PLR0917 (a row of the table)
    tmp_path: Path, skillweave_here: Skillweave, config: str, name: str, path: str, directive: str
) -> None:
    put(tmp_path, skillweave_toml=config)
    made = skillweave_here(tmp_path, ["new", "pattern", name])
    assert made == (0, f"made {path}\nTo include it, write on a line of its own:\n\n    {directive}\n", "")
    put(tmp_path, skills__x__SKILL_md=f"{OWN}\n{directive}\n")
    assert skillweave_here(tmp_path, ["build", "--strict"]).status == 0
    assert "Still to be written" in (tmp_path / "build/skills/x/SKILL.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", '"patterns/.md" would never be read, because of ".md"'),
        ("x/", '"patterns/x/" is not the path of a file'),
        ("../x", '"../x.md" has a ".." part'),
        ("a/../../x", '"a/../../x.md" has a ".." part'),
        ("/x", '"/x.md" is not a path below the project folder'),
        ("~x", '"~x.md" starts with a home folder'),
        ("C:x", '"C:x.md" is not a path below the project folder'),
        ("http://x", '"patterns/http://x.md" is not a valid path on every machine'),
        ("a\\b", r'"a\b.md" has a backslash'),
        ("a?b", '"patterns/a?b.md" is not a valid path on every machine'),
        ("git/Aux", '"patterns/git/Aux.md" is not a valid path on every machine'),
        ("git./a", '"patterns/git./a.md" is not a valid path on every machine'),
        ("a\tb", "a path cannot contain control characters"),
        (".hidden/x", '"patterns/.hidden/x.md" would never be read, because of ".hidden"'),
        ("a /x", '"patterns/a /x.md" is not the path of a file'),
        ("x.md/y", "patterns/x.md is not a folder"),
        ("x", "patterns/x.md already exists"),
        ("other", "more/other.md exists: a directive could not distinguish the two"),
    ],
)
def test_invalid_pattern_paths_are_refused(tmp_path: Path, skillweave_here: Skillweave, name: str, reason: str) -> None:
    put(tmp_path, skillweave_toml='patterns = ["patterns", "more"]\n', patterns__x_md="x\n", more__other_md="x\n")
    refuses(tmp_path, skillweave_here, ["new", "pattern", name], reason)


def test_a_pattern_is_not_created_through_a_symlink_out_of_the_project(
    tmp_path: Path, skillweave_here: Skillweave
) -> None:
    project = put(tmp_path / "project", patterns__x_md="x\n")
    (project / "patterns/out").symlink_to(tmp_path)
    reason = "patterns/out is a symlink that leaves the project"
    refuses(project, skillweave_here, ["new", "pattern", "out/x"], reason)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project"]


def test_an_error_in_the_configuration_is_refused(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, skillweave_toml="\nskils = []\n")
    refuses(tmp_path, skillweave_here, ["new", "skill", "x"], 'skillweave.toml:2:1: SW001 unknown key "skils"')


def test_another_project_can_be_named(tmp_path: Path, skillweave_here: Skillweave) -> None:
    put(tmp_path, other__skillweave_toml='patterns = ["p"]\n')
    assert skillweave_here(tmp_path, ["new", "pattern", "x", "--root", "other"]).status == 0
    assert skillweave_here(tmp_path, ["new", "skill", "x", "--config", "other/skillweave.toml"]).status == 0
    assert sorted(read_tree(tmp_path)) == ["other/p/x.md", "other/skills/x/SKILL.md", "other/skillweave.toml"]


@pytest.mark.parametrize("kind", ["skill", "pattern"])
def test_a_missing_project_is_not_created(tmp_path: Path, skillweave_here: Skillweave, kind: str) -> None:
    put(tmp_path, file="x\n")
    for name in ("typo", "file"):
        refuses(tmp_path, skillweave_here, ["new", kind, "x", "--root", name], f"{tmp_path}/{name} is not a folder")


@pytest.mark.parametrize("kind", ["skill", "pattern"])
def test_help(tmp_path: Path, skillweave_here: Skillweave, kind: str) -> None:
    shown = skillweave_here(tmp_path, ["new", kind, "--help"])
    assert shown.status == 0
    assert shown.out.startswith(f"Usage: skillweave new {kind} [OPTIONS]")


def test_a_project_inside_another_one_is_noted(tmp_path: Path, skillweave_here: Skillweave) -> None:
    (tmp_path / "outer/skills").mkdir(parents=True)
    begun = skillweave_here(tmp_path / "outer", ["init", "inner"])
    assert f"note: this is inside the project {tmp_path}/outer, but is a project of its own\n" in begun.out
    assert "note:" not in skillweave_here(tmp_path, ["init", "beside"]).out


def test_files_created_from_a_subfolder_are_reported_with_the_project_folder(
    tmp_path: Path, skillweave_here: Skillweave
) -> None:
    put(tmp_path, skillweave_toml="", deep__x="")
    made = skillweave_here(tmp_path / "deep", ["new", "skill", "commit"])
    assert made.out.splitlines()[0] == f"made skills/commit/SKILL.md in the project {tmp_path}"
