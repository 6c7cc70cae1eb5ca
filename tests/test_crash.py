"""Builds that are killed or fail at every call that changes the disk, and concurrent builds, leave nothing half-done.

Where strace is available, the faults are real: it kills the process, or makes the call fail, at the n-th call of a kind.
Elsewhere, the functions of `os` are replaced in a separate process to do the same.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from projects import LOCK, OutputFile, read_tree, skill, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conftest import Skillweave

Sources = dict[str, str]
Tree = dict[str, OutputFile]
How = Literal["strace", "python"]
Effect = int | Literal["kill"]

CALLS = "/^(write|mkdir(at)?|rename(at|at2)?|link(at)?|symlink(at)?|unlink(at)?|rmdir)$"
"""The calls with which builds change the disk, as a strace filter. `openat` also opens files; the Python faults cover it."""

FAR = 200
"""strace disturbs the call with this number, more than a build makes. Harmless calls made first decide which call that is."""

DRIVER = r"""
import ctypes, json, os, signal, sys
job = json.load(sys.stdin)
from skillweave.cli import run
from skillweave.publish import exchange

library = ctypes.CDLL(None)
BURN = {
    "write": lambda: os.write(-1, b""), "mkdir": lambda: os.mkdir(""),
    "rename": lambda: os.rename("", ""), "link": lambda: os.link("", ""), "unlink": lambda: os.unlink(""),
    "rmdir": lambda: os.rmdir(""), "symlink": lambda: os.symlink("", ""),
    "renameat2": lambda: library.renameat2(-100, b"", -100, b"", 2),
}

def burn(call, times):
    for _ in range(times):
        try:
            BURN[call if call in BURN else call.removesuffix("at")]()
        except OSError:
            pass

def patch(number, effect):
    calls, ours = [], set()
    def wrap(module, name):
        inner = getattr(module, name)
        def faulty(*args, **options):
            if name == "open" and not args[1] & os.O_CREAT:
                descriptor = inner(*args, **options)
                ours.discard(descriptor)
                return descriptor
            if args[0] in ours if name == "write" else "/build" in os.fspath(args[0]):
                calls.append(name)
                if len(calls) == number and effect == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                if len(calls) == number:
                    raise OSError(effect, os.strerror(effect), args[0])
            result = inner(*args, **options)
            if name == "open":
                (ours.add if "/build" in os.fspath(args[0]) else ours.discard)(result)
            return result
        setattr(module, name, faulty)
    for name in ("open", "write", "mkdir", "rename", "replace", "link", "unlink", "rmdir", "symlink"):
        wrap(os, name)
    wrap(exchange, "swap")
    return calls

def build(case):
    os.chdir(case["project"])
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"../{name}", os.O_WRONLY | os.O_CREAT), descriptor)
    if job["journal"]:
        exchange.swap = lambda *_: False
    calls = patch(case["number"], case["effect"]) if "number" in case else []
    burn(case.get("call", "mkdir"), case.get("burn", 0))
    status = run(["build"])
    sys.stdout.flush()
    sys.stderr.flush()
    with open("../calls", "w") as file:
        file.write(" ".join(calls))
    os._exit(status)

os.chdir(job["warm"])  # What is imported late is imported now, once for all.
sys.stdout, talk = open(os.devnull, "w"), sys.stdout
run(["build", "--check"])
sys.stdout, runs = talk, []
for case in job["cases"]:
    child = os.fork()
    if child == 0:
        build(case)
    runs.append([child, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])])
print(json.dumps(runs))
"""


BYSTANDER = r"""
import os, pathlib, signal, sys
from skillweave.cli import run
from skillweave.publish import exchange

swap, rename = exchange.swap, os.rename

def save(folder):
    for name in ("added.txt", "deep/added.txt", "comes.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("theirs")
    (folder / ".new").write_text("newer")
    (folder / ".new").replace(folder / ".note")

def watched_rename(source, target):
    if "/.staging-" in target and "/.staging-" not in source:
        save(pathlib.Path(source))
    rename(source, target)

def watched_swap(staged, target):
    if sys.argv[1] == "journal":
        return False
    save(pathlib.Path(target))
    done = swap(staged, target)
    if sys.argv[1] == "killed" and target.endswith("/changed"):
        os.kill(os.getpid(), signal.SIGKILL)
    return done

exchange.swap, os.rename = watched_swap, watched_rename
sys.exit(run(["build", "--format", "concise"]))
"""
"""A build during which someone saves files into each output folder, after its replacement is ready and before the exchange."""

UNREADABLE = r"""
import builtins, errno, io, os, sys
from skillweave.cli import run

def refusing(call):
    def refuse(path, *arguments, **more):
        if os.fspath(path).endswith("skillweave.lock.json") if not isinstance(path, int) else False:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
        return call(path, *arguments, **more)
    return refuse

os.open, io.open = refusing(os.open), refusing(io.open)
sys.exit(run(sys.argv[1:]))
"""
"""A command that is not allowed to read the lock file."""

REFUSING = r"""
import errno, os, sys
from skillweave.cli import run

replace = os.replace

def refusing_replace(source, target):
    if target.endswith("/outer/SKILL.md"):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), target)
    return replace(source, target)

os.replace = refusing_replace
sys.exit(run(["build"]))
"""
"""A build that cannot publish one of its bundles, but can publish others."""


class Run(NamedTuple):
    """The result of one build."""

    pid: int
    status: int


class Scene(NamedTuple):
    """A build to disturb: its sources, the sources of the next build, the existing outputs, and the expected trees."""

    sources: Sources
    next_sources: Sources
    standing: Path | None
    old: Tree
    new: Tree
    next: Tree


class Job(NamedTuple):
    """The settings that all builds of one sweep share."""

    warm: Path
    """A project to check first, so that all modules are loaded before the builds."""
    journal: bool
    """Whether to simulate a system that cannot exchange folders."""


class Disturbed(NamedTuple):
    """The state after a build with a fault."""

    project: Path
    call: str
    status: int
    err: str


def has_strace() -> bool:
    """Whether strace is installed and allowed to trace."""
    try:
        return subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


HOWS: list[How] = ["strace", "python"] if has_strace() else ["python"]


CONFIG = {"skillweave.toml": 'documents = ["entries"]\nbanner = false\n'}

OLD = CONFIG | {
    "patterns/p.md": "Old pattern.\n",
    "skills/changed/SKILL.md": skill("changed", "<<include: p.md>>\n"),
    "skills/changed/stays.txt": "stays\n",
    "skills/changed/goes.txt": "goes\n",
    "skills/changed/turns": "a file\n",
    "skills/same/SKILL.md": skill("same", "As it was.\n"),
    "skills/gone/SKILL.md": skill("gone", "Old.\n"),
    "skills/gone/data/a.txt": "a\n",
    "skills/outer/SKILL.md": skill("outer", "<<include: p.md>>\n"),
    "skills/outer/inner/SKILL.md": skill("inner", "<<include: p.md>>\n"),
    "skills/outer/calm/SKILL.md": skill("calm", "Calm.\n"),
    "skills/still/SKILL.md": skill("still", "Still.\n"),
    "skills/still/inner/SKILL.md": skill("inner", "<<include: p.md>>\n"),
    "entries/doc.md": "<<include: p.md>>\n",
    "entries/gone.md": "Old.\n",
}
NEW = {name: text for name, text in OLD.items() if not re.search(r"gone|goes|turns", name)} | {
    "patterns/p.md": "New pattern.\n",
    "skills/changed/comes.txt": "comes\n",
    "skills/changed/turns/into.txt": "a folder\n",
    "skills/fresh/SKILL.md": skill("fresh", "New.\n"),
    "skills/fresh/data/b.txt": "b\n",
}
NEXT = {name: text for name, text in NEW.items() if "comes" not in name and "fresh/data" not in name} | {
    "patterns/p.md": "Next pattern.\n",
    "skills/fresh/SKILL.md": skill("fresh", "Next.\n"),
}
BUNDLES = (
    *(f"skills/{name}" for name in ("changed", "same", "gone", "fresh", "outer", "still")),
    *("skills/outer/inner", "skills/outer/calm", "skills/still/inner", "entries/doc.md", "entries/gone.md"),
)
NOT_OURS = "skills/changed/.note"
"""A hidden file that someone put into a bundle. It is not an output, so it must stay."""


def lay_out(project: Path, sources: Mapping[str, str]) -> Path:
    """Replace the sources of a project by these."""
    for root in ("skills", "patterns", "entries"):
        shutil.rmtree(project / root, ignore_errors=True)
    return write_files(project, sources)


def full_tree(project: Path) -> Tree:
    """The whole output tree, including the lock file."""
    lock = project / "build" / LOCK
    locked = {LOCK: OutputFile(lock.read_text(encoding="utf-8"))} if lock.exists() else {}
    return read_tree(project / "build") | locked


def without_empty_folders(tree: Tree) -> Tree:
    """A tree without the folders that stay if a build is cut off before it has removed them. They harm nobody."""
    return {path: file for path, file in tree.items() if not path.endswith("/")}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory, skillweave: Skillweave) -> tuple[Path, list[Tree]]:
    """The old output folder, and the trees that clean builds make of the old, the new, the next and no sources."""
    made = []
    for number, sources in enumerate((OLD, NEW, NEXT, CONFIG)):
        project = lay_out(tmp_path_factory.mktemp("clean") / str(number), sources)
        assert skillweave(project, ["build"]).status == 0
        made.append((project, full_tree(project)))
    standing = made[0][0] / "build"
    (standing / NOT_OURS).write_text("mine", encoding="utf-8")
    return standing, [tree for _, tree in made]


@pytest.fixture(params=["first", "change", "last"])
def scene(request: pytest.FixtureRequest, trees: tuple[Path, list[Tree]]) -> Scene:
    if request.param == "first":
        return Scene(NEW, NEXT, None, {}, *trees[1][1:3])
    old, new, following, none = (tree | {NOT_OURS: OutputFile("mine")} for tree in trees[1])
    if request.param == "last":
        return Scene(CONFIG, NEW, trees[0], old, none, new)
    return Scene(NEW, NEXT, trees[0], old, new, following)


@pytest.mark.parametrize("how", HOWS)
def test_killed_at_any_call(scene: Scene, how: How, tmp_path: Path, skillweave_here: Skillweave) -> None:
    seen = list(sweep(scene, tmp_path, "kill", how))
    assert len(seen) > 20
    healed: list[Tree] = []
    for found in seen:
        assert found.status == -signal.SIGKILL, found
        assert_whole(scene, found)
        assert_heals(scene, found, skillweave_here, healed)


@pytest.mark.parametrize("scene", ["change"], indirect=True)
def test_killed_where_folders_cannot_be_exchanged(scene: Scene, tmp_path: Path, skillweave_here: Skillweave) -> None:
    """Between two renames a bundle may be missing. The next build restores the old one, even if it builds only another one."""
    missing = 0
    healed: list[Tree] = []
    for found in sweep(scene, tmp_path, "kill", "python", journal=True):
        assert_whole(scene, found, may_be_missing=True)
        missing += not (found.project / "build/skills/changed").exists()
        copy = Path(shutil.copytree(found.project, found.project.parent / "restored"))
        assert skillweave_here(copy, ["build", "same"]).status == 0
        assert_whole(scene, found._replace(project=copy))
        assert_heals(scene, found, skillweave_here, healed)
    assert missing


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("scene", ["change"], indirect=True)
def test_folders_are_replaced_even_if_the_system_cannot_exchange_them(scene: Scene, how: How, tmp_path: Path) -> None:
    project, log = set_up(scene, tmp_path / "project"), tmp_path / "log"
    refusing = ["-e", "trace=renameat2", "-e", "inject=renameat2:error=ENOSYS"]
    options = ["strace", "-f", "-o", str(log), *refusing] if how == "strace" else []
    job = Job(set_up(scene, tmp_path / "warm"), journal=how == "python")
    ((_, status),) = drive(job, [{"project": str(project)}], options)
    assert status == 0
    assert how == "python" or "(INJECTED)" in log.read_text()
    assert full_tree(project) == scene.new
    assert_nothing_staged(project)


@pytest.mark.parametrize(
    ("how", "error"),
    [(HOWS[0], errno.ENOSPC), (HOWS[0], errno.EIO), (HOWS[0], errno.EACCES), ("python", errno.EDQUOT)],
    ids=str,
)
def test_refused_at_any_call(scene: Scene, how: How, error: int, tmp_path: Path, skillweave_here: Skillweave) -> None:
    """The build prints one clear error. It may succeed only if the failure does no harm, such as an empty folder that stays."""
    seen = list(sweep(scene, tmp_path, error, how))
    assert len(seen) > 20
    healed: list[Tree] = []
    for found in seen:
        assert_whole(scene, found)
        if found.status == 0:
            assert found.call in ("mkdir", "mkdirat", "rmdir"), found
            assert without_empty_folders(full_tree(found.project)) == scene.new, found
        else:
            assert found.status == 1, found
            first, second, rest = found.err.split("\n", 2)
            assert re.fullmatch(rf"skillweave: cannot write /\S+: {re.escape(os.strerror(error))}", first), found
            assert second.startswith("Nothing was lost"), found
            assert rest == "", found
        assert_heals(scene, found, skillweave_here, healed)


@pytest.mark.parametrize("how", ["exchange", "journal", "killed"])
def test_files_saved_during_a_build_are_not_lost(how: str, tmp_path: Path, skillweave: Skillweave) -> None:
    project = lay_out(tmp_path / "p", OLD)
    assert skillweave(project, ["build"]).status == 0
    (project / "build" / NOT_OURS).write_text("older")
    lay_out(project, NEW)
    first = subprocess.run([sys.executable, "-c", BYSTANDER, how], cwd=project, check=False, capture_output=True)
    told = skillweave(project, ["build", "--format", "concise"])
    assert (first.returncode, told.status) == (-signal.SIGKILL if how == "killed" else 1, 1), first.stderr
    for said in (told.err,) if how == "killed" else (first.stderr.decode(), told.err):
        assert "build/skills/changed/added.txt:1:1: SW902 " in said
    changed, gone = (read_tree(project / f"build/skills/{name}") for name in ("changed", "gone"))
    for tree in (changed, gone):
        assert {tree.pop(name).content for name in ("added.txt", "deep/added.txt")} == {"theirs"}
    assert changed["SKILL.md"].content.endswith("New pattern.\n")
    assert changed["comes.txt"].content == "comes\n"
    assert_nothing_staged(project)
    if how != "killed":
        assert changed["comes.txt.kept"].content == "theirs"
        assert changed[".note"].content == "newer"
        assert {name: file.content for name, file in gone.items()} == {"comes.txt": "theirs", ".note": "newer"}


def test_repeated_failing_builds_leave_one_staging_folder_and_recover(
    trees: tuple[Path, list[Tree]], tmp_path: Path, skillweave: Skillweave
) -> None:
    project = lay_out(tmp_path / "p", OLD)
    assert skillweave(project, ["build"]).status == 0
    for number in range(4):
        lay_out(project, NEW | {"patterns/p.md": f"Number {number}.\n"})
        refused = subprocess.run([sys.executable, "-c", REFUSING], cwd=project, check=False, capture_output=True)
        assert (refused.returncode, b"build/skills/outer/SKILL.md: Permission denied" in refused.stderr) == (1, True)
        inner, changed = (read_tree(project / f"build/skills/{name}") for name in ("still/inner", "changed"))
        assert inner["SKILL.md"].content.endswith(f"Number {number}.\n")
        assert changed.keys() == {"SKILL.md", "stays.txt", "comes.txt", "turns/into.txt"}
        assert len(list((project / "build").glob(".staging-*"))) == 1
    lay_out(project, NEXT)
    assert skillweave(project, ["build"]).status == 0
    assert full_tree(project) == trees[1][2]
    assert_nothing_staged(project)


def test_two_builds_at_once(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "p", OLD)
    builds = [start(project) for _ in range(4)]
    assert [build.wait(60) for build in builds] == [0, 0, 0, 0]
    for build in builds:
        build.communicate()
    again = start(project)
    assert "built 0 skills, 10 unchanged" in again.communicate(timeout=60)[0]
    assert_nothing_staged(project)


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_a_second_build_waits_and_says_so(quiet: list[str], tmp_path: Path) -> None:
    """With `--quiet` too: whoever waits indefinitely should know why."""
    name = "##[error]out"
    project = lay_out(tmp_path / "p", OLD | {"skillweave.toml": f'{CONFIG["skillweave.toml"]}output = "{name}"\n'})
    with holder(project / name) as held:
        build = start(project, *quiet)
        assert build.stderr is not None
        assert build.stderr.readline() == "another build is running in this output folder: waiting for it to finish\n"
        assert [path.name for path in (project / name).iterdir()] == []
        assert held.stdin is not None
        held.stdin.close()
        out, err = build.communicate(timeout=60)
    assert build.returncode == 0
    assert "another build" not in err
    assert ("built 8 skills and 2 documents" in out) is not bool(quiet)


def test_a_build_that_waited_reads_the_configuration_again(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "p", OLD)
    configuration = project / "skillweave.toml"
    with holder(project / "build") as held:
        build = start_waiting(project)
        configuration.write_text(configuration.read_text() + 'headings = "keep"\n')
        finish(held, build)
    assert build.returncode == 0
    checked = start(project, "--check", "--no-cache")
    assert "build/ is current" in checked.communicate(timeout=60)[0]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_build_that_finds_nothing_changed_waits_too(tmp_path: Path, number: int) -> None:
    """After one build, the next compares files; after two, it replays the last answer. Neither knows what others are doing."""
    project = lay_out(tmp_path / "p", OLD)
    for _ in range(number):
        start(project).communicate(timeout=60)
    with holder(project / "build") as held:
        build = start_waiting(project)
        lay_out(project, OLD | {"patterns/p.md": "NEW pattern.\n"})
        finish(held, build)
    assert build.returncode == 0
    assert "NEW pattern." in (project / "build/skills/changed/SKILL.md").read_text("utf-8")


def test_a_build_that_waited_reads_the_sources_again(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "p", OLD)
    start(project).communicate(timeout=60)
    with holder(project / "build") as held:
        lay_out(project, OLD | {"patterns/p.md": "ALD pattern.\n"})
        build = start_waiting(project)
        lay_out(project, OLD | {"patterns/p.md": "NEW pattern.\n"})
        finish(held, build)
    checked = start(project, "--check", "--no-cache")
    assert "build/ is current" in checked.communicate(timeout=60)[0]


@pytest.mark.parametrize("arguments", [["build"], ["build", "--check"]], ids=" ".join)
def test_a_lock_file_that_cannot_be_read_is_not_replaced(arguments: list[str], tmp_path: Path) -> None:
    project = lay_out(tmp_path / "p", OLD)
    start(project).communicate(timeout=60)
    before = full_tree(project)
    lay_out(project, NEW)
    done = subprocess.run(
        [sys.executable, "-c", UNREADABLE, *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"skillweave: cannot read {project.resolve() / 'build' / LOCK}: ")
    assert full_tree(project) == before


def test_the_lock_is_released_when_its_holder_dies(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "p", OLD)
    with holder(project / "build") as held:
        held.kill()
        held.wait(60)
        build = start(project)
        assert "another build" not in build.communicate(timeout=60)[1]
    assert build.returncode == 0


def test_a_waiting_build_notices_a_replaced_output_folder(tmp_path: Path) -> None:
    project = lay_out(tmp_path / "p", OLD)
    with holder(project / "build") as held:
        build = start(project)
        assert build.stderr is not None
        assert "waiting" in build.stderr.readline()
        (project / "build").rename(project / "elsewhere")
        finish(held, build)
    assert build.returncode == 0
    assert (project / "build" / LOCK).exists()
    assert list((project / "elsewhere").iterdir()) == []


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "skillweave", "build", *arguments],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_waiting(project: Path) -> subprocess.Popen[str]:
    """Start a build, and return once it has printed that it is waiting for another one."""
    build = start(project)
    assert build.stderr is not None
    assert "another build" in build.stderr.readline()
    return build


def finish(held: subprocess.Popen[str], build: subprocess.Popen[str]) -> None:
    """Let the lock holder end, and then the build that waits for it."""
    assert held.stdin is not None
    held.stdin.close()
    build.communicate(timeout=60)


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of an output folder until its standard input ends."""
    hold = (
        "import pathlib, sys; from skillweave.alone import alone\n"
        "with alone(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as held:
        assert held.stdout is not None
        assert held.stdout.readline() == "held\n"
        yield held


def assert_whole(scene: Scene, found: Disturbed, *, may_be_missing: bool = False) -> None:
    """Assert that each bundle is either the old or the new one, and that files that are not ours still exist."""
    tree = full_tree(found.project)
    for bundle in BUNDLES:
        allowed = [part(scene.old, bundle), part(scene.new, bundle)] + [{}] * may_be_missing
        assert part(tree, bundle) in allowed, (bundle, found)


def part(tree: Tree, bundle: str) -> Tree:
    """The files of one bundle, without those of bundles nested in it."""
    inner = tuple(f"{other}/" for other in BUNDLES if other.startswith(f"{bundle}/"))
    return {
        path: file
        for path, file in tree.items()
        if path == bundle or (path.startswith(f"{bundle}/") and not path.startswith(inner))
    }


def assert_heals(scene: Scene, found: Disturbed, skillweave_here: Skillweave, healed: list[Tree]) -> None:
    """Assert that the next build equals a clean one, even if the sources have changed. States in `healed` are skipped."""
    state = as_left(found.project)
    if state in healed:
        return
    healed.append(state)
    copy = Path(shutil.copytree(found.project, found.project.parent / "next"))
    for project, sources, tree in (
        (found.project, scene.sources, scene.new),
        (copy, scene.next_sources, scene.next),
    ):
        built = skillweave_here(lay_out(project, sources), ["build"])
        assert built.status == 0, (found, built)
        assert without_empty_folders(full_tree(project)) == tree, found
        assert_nothing_staged(project)


def as_left(project: Path) -> Tree:
    """What the next build depends on: the output folder, and only the top level of a staging folder."""
    left = {re.sub(r"^\.staging-\w+", ".staging", path): file for path, file in full_tree(project).items()}
    return {path: file for path, file in left.items() if not re.match(r"\.staging/.+/", path)}


def assert_nothing_staged(project: Path) -> None:
    assert [path.name for path in (project / "build").iterdir() if path.name.startswith(".")] == []


def set_up(scene: Scene, folder: Path) -> Path:
    """Create a project for the build to disturb."""
    project = lay_out(folder / "p", scene.sources)
    if scene.standing:
        shutil.copytree(scene.standing, project / "build")
    return project


def sweep(scene: Scene, tmp_path: Path, effect: Effect, how: How, *, journal: bool = False) -> Iterator[Disturbed]:
    """Run one build for each call that changes the disk, with a fault at that call."""
    job = Job(set_up(scene, tmp_path / "warm"), journal)
    probe = set_up(scene, tmp_path / "probe")
    if how == "strace":
        log = tmp_path / "log"
        pid = drive(job, [{"project": str(probe)}], ["strace", "-f", "-y", "-o", str(log), "-e", f"trace={CALLS}"])[0][
            0
        ]
        faults = [
            {"call": call, "burn": FAR - number} for call, number in calls_of(log.read_text(), pid, probe.parent.parent)
        ]
        what = "signal=KILL" if effect == "kill" else f"error={errno.errorcode[effect]}"
        options = ["strace", "-f", "-o", os.devnull, "-e", f"trace={CALLS}", "-e", f"inject={CALLS}:{what}:when={FAR}"]
    else:
        drive(job, [{"project": str(probe), "number": -1, "effect": 0}])
        calls = (probe.parent / "calls").read_text().split()
        faults = [{"call": call, "number": number, "effect": effect} for number, call in enumerate(calls, 1)]
        options = []
    projects = [set_up(scene, tmp_path / f"{how}{number}") for number in range(len(faults))]
    runs = drive(job, [{"project": str(p)} | fault for p, fault in zip(projects, faults, strict=True)], options)
    for project, fault, (_, status) in zip(projects, faults, runs, strict=True):
        yield Disturbed(project, str(fault["call"]), status, (project.parent / "err").read_text())


def drive(job: Job, cases: Sequence[Mapping[str, object]], strace: Sequence[str] = ()) -> list[tuple[int, int]]:
    """Build some projects in turn, each in its own process. Return the process ids and exit statuses."""
    done = subprocess.run(
        [*strace, sys.executable, "-B", "-c", DRIVER],
        input=json.dumps({"cases": cases, "warm": str(job.warm), "journal": job.journal}).encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [(pid, status) for pid, status in json.loads(done.stdout)]


def calls_of(log: str, pid: int, folder: Path) -> Iterator[tuple[str, int]]:
    """The calls of a process that change a folder, each with its number among all calls of the same kind."""
    counts: Counter[str] = Counter()
    for name, arguments in re.findall(rf"^{pid} +(\w+)\((.*)$", log, re.MULTILINE):
        counts[name] += 1
        if f"{folder}/probe/p/build" in arguments:
            yield name, counts[name]
