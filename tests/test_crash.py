"""Builds that are killed or refused at each call that changes the disk, and builds that meet: nothing is half-done.

The faults are real where strace is: it kills the process, or fails the call, at the n-th call of a kind. Elsewhere the
functions of `os` do that, in a process of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from conftest import LOCK, OutputFile, Skillweave, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Sources = dict[str, str]
Tree = dict[str, OutputFile]
How = Literal["strace", "python"]

CALLS = ("openat", "write", "mkdir", "rename", "renameat2", "link", "unlink", "rmdir", "symlink")
"""What builds change the disk with; some machines add `at` to a name."""

DRIVER = r"""
import ctypes, json, os, signal, sys
job = json.load(sys.stdin)
from skillweave.cli import run
from skillweave.publish import exchange

library = ctypes.CDLL(None)
BURN = {
    "openat": lambda: os.open("", os.O_RDONLY), "write": lambda: os.write(-1, b""), "mkdir": lambda: os.mkdir(""),
    "rename": lambda: os.rename("", ""), "link": lambda: os.link("", ""), "unlink": lambda: os.unlink(""),
    "rmdir": lambda: os.rmdir(""), "symlink": lambda: os.symlink("", ""),
    "renameat2": lambda: library.renameat2(-100, b"", -100, b"", 2),
}

def burn(call, times):
    call = next(name for name in (call, call.removesuffix("at"), "rename") if name in BURN)
    for _ in range(times):
        try:
            BURN[call]()
        except OSError:
            pass

def patch(number, effect):
    count = 0
    def wrap(module, name):
        inner = getattr(module, name)
        def faulty(*args, **options):
            nonlocal count
            if name != "open" or args[1] & os.O_CREAT:
                count += 1
                if count == number and effect == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                if count == number:
                    raise OSError(effect, os.strerror(effect), args[0])
            return inner(*args, **options)
        setattr(module, name, faulty)
    for name in ("open", "write", "mkdir", "rename", "replace", "link", "unlink", "rmdir", "symlink"):
        wrap(os, name)
    wrap(exchange, "swap")
    return lambda: count

def build(case):
    os.chdir(case["project"])
    for descriptor, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"../{name}", os.O_WRONLY | os.O_CREAT), descriptor)
    if job["journal"]:
        exchange.swap = lambda *_: False
    counted = patch(case["number"], case["effect"]) if "number" in case else None
    burn(case.get("call", "mkdir"), case.get("burn", 0))
    status = run(["build"])
    sys.stdout.flush()
    sys.stderr.flush()
    if counted:
        open("../count", "w").write(str(counted()))
    os._exit(status)

for number, case in enumerate(job["cases"]):
    child = os.fork()
    if child == 0:
        build(case)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number == 0:  # What is imported late is imported now, once for all that follow.
        os.chdir(case["project"])
        sys.stdout, talk = open(os.devnull, "w"), sys.stdout
        run(["build", "--check"])
        sys.stdout = talk
    print(json.dumps([child, status]), flush=True)
"""


class Fault(NamedTuple):
    """The n-th call of a kind (or, in Python, of any kind) kills the process or fails."""

    call: str
    number: int
    effect: str


class Run(NamedTuple):
    """What became of one build."""

    pid: int
    status: int


class Scene(NamedTuple):
    """A build to disturb: what stands in the output folder, what is built, what is built next, and all they lead to."""

    sources: Sources
    next_sources: Sources
    standing: Path | None
    old: Tree
    new: Tree
    next: Tree
    bundles: tuple[str, ...]


def skill(name: str, body: str) -> str:
    return f"---\nname: {name}\ndescription: What {name} does.\n---\n\n# {name}\n\n{body}\n"


CONFIG = {"skillweave.toml": 'documents = ["entries"]\nbanner = false\n'}

OLD = CONFIG | {
    "patterns/p.md": "Old pattern.\n",
    "skills/changed/SKILL.md": skill("changed", "<<include: p.md>>"),
    "skills/changed/stays.txt": "stays\n",
    "skills/changed/goes.txt": "goes\n",
    "skills/changed/turns": "a file\n",
    "skills/same/SKILL.md": skill("same", "As it was."),
    "skills/gone/SKILL.md": skill("gone", "Old."),
    "skills/gone/data/a.txt": "a\n",
    "skills/outer/SKILL.md": skill("outer", "<<include: p.md>>"),
    "skills/outer/inner/SKILL.md": skill("inner", "<<include: p.md>>"),
    "skills/outer/calm/SKILL.md": skill("calm", "Calm."),
    "skills/still/SKILL.md": skill("still", "Still."),
    "skills/still/inner/SKILL.md": skill("inner", "<<include: p.md>>"),
    "entries/doc.md": "<<include: p.md>>\n",
    "entries/gone.md": "Old.\n",
}
NEW = {name: text for name, text in OLD.items() if not re.search(r"gone|goes|turns", name)} | {
    "patterns/p.md": "New pattern.\n",
    "skills/changed/comes.txt": "comes\n",
    "skills/changed/turns/into.txt": "a folder\n",
    "skills/fresh/SKILL.md": skill("fresh", "New."),
    "skills/fresh/data/b.txt": "b\n",
}
NEXT = {name: text for name, text in NEW.items() if "comes" not in name and "fresh/data" not in name} | {
    "patterns/p.md": "Next pattern.\n",
    "skills/fresh/SKILL.md": skill("fresh", "Next."),
}
BUNDLES = (
    *(f"skills/{name}" for name in ("changed", "same", "gone", "fresh", "outer", "still")),
    *("skills/outer/inner", "skills/outer/calm", "skills/still/inner", "entries/doc.md", "entries/gone.md"),
)
NOT_OURS = "skills/changed/.note"
"""A hidden file that somebody put into a bundle: it is nobody's output, and stays."""


def lay_out(project: Path, sources: Mapping[str, str]) -> Path:
    """The sources of a project, in place of those that it has."""
    for root in ("skills", "patterns", "entries"):
        shutil.rmtree(project / root, ignore_errors=True)
    for name, text in sources.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(text.encode())
    return project


def full_tree(project: Path) -> Tree:
    """The whole output tree, the lock file too."""
    lock = project / "build" / LOCK
    locked = {LOCK: OutputFile(lock.read_text(encoding="utf-8"))} if lock.exists() else {}
    return read_tree(project / "build") | locked


def clean(project: Path, sources: Sources, skillweave_here: Skillweave) -> Tree:
    assert skillweave_here(lay_out(project, sources), ["build"]).status == 0
    return full_tree(project)


@pytest.fixture(params=["first", "change"])
def scene(request: pytest.FixtureRequest, tmp_path: Path, skillweave_here: Skillweave) -> Scene:
    trees = [clean(tmp_path / f"clean{n}" / "p", s, skillweave_here) for n, s in enumerate((OLD, NEW, NEXT))]
    if request.param == "first":
        return Scene(NEW, NEXT, None, {}, *trees[1:], BUNDLES)
    standing = tmp_path / "clean0" / "p" / "build"
    (standing / NOT_OURS).write_text("mine")
    old, new, following = (tree | {NOT_OURS: OutputFile("mine")} for tree in trees)
    return Scene(NEW, NEXT, standing, old, new, following, BUNDLES)


def set_up(scene: Scene, project: Path) -> Path:
    lay_out(project, scene.sources)
    if scene.standing:
        shutil.copytree(scene.standing, project / "build")
    return project


def drive(cases: Sequence[Mapping[str, object]], strace: Sequence[str] = (), *, journal: bool = False) -> list[Run]:
    """Builds of some projects, one after the other, each in a process of its own."""
    done = subprocess.run(
        [*strace, os.path.realpath(sys.executable) if False else sys.executable, "-c", DRIVER],
        input=json.dumps({"cases": cases, "journal": journal}).encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [Run(*json.loads(line)) for line in done.stdout.decode().splitlines()]


def calls_of(log: str, pid: int, project: Path) -> Iterator[tuple[str, int]]:
    """The calls of a process that change a project, each with its number among all calls of its kind."""
    counts: Counter[str] = Counter()
    for name, arguments in re.findall(rf"^{pid} +(\w+)\((.*)$", log, re.MULTILINE):
        counts[name] += 1
        if str(project) in arguments and (name != "openat" or "O_CREAT" in arguments):
            yield name, counts[name]


def sweep(scene: Scene, tmp_path: Path, effects: Sequence[str], how: How, *, journal: bool) -> Iterator[tuple[Fault, Path, int]]:
    """A disturbed build for each call that changes the disk and each effect: the fault, the project, the status."""
    warm = set_up(scene, tmp_path / "warm" / "p")
    probe = set_up(scene, tmp_path / "probe" / "p")
