"""What the tests of hooks and actions share: this checkout as others get it, and an environment without our own git.

What installs the package into an environment of its own takes seconds, so it is done once for all tests and workers.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parent.parent
PUBLISHED = "https://github.com/OWNER/skillweave"
"""The address that the pages give. OWNER is whoever publishes it; the tests put this checkout in its place."""

PACKAGE = (
    *("pyproject.toml", "README.md", "LICENSE", "src", "docs/reference/diagnostics"),
    *(".pre-commit-hooks.yaml", "action.yml"),
)
"""What it takes to install skillweave, and what adopts it."""

OURS = ("GIT_", "PRE_COMMIT", "PYTHONPATH", "SKIP", "FORCE_COLOR", "NO_COLOR", "COLUMNS", "GITHUB_", "RUNNER_")
"""How variables begin that would let the environment of this run into that of the tests."""


class Checkout(NamedTuple):
    """What stands here, uncommitted changes included, as a git repository with one commit."""

    path: Path
    revision: str
    environment: Mapping[str, str]
    """For git and pre-commit: a user who can commit, no configuration of ours, and hooks that are installed once.

    On its path, `pre-commit` and `skillweave` are those of the interpreter that runs the tests.
    """


class Ran(NamedTuple):
    """What a command leaves behind, apart from files: its streams are one, in the order of a terminal."""

    status: int
    text: str


def checkout(shared: Path) -> Checkout:
    """The checkout in a folder that all workers share; the first one makes it."""
    path, config = shared / "skillweave", shared / "gitconfig"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | {
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PRE_COMMIT_HOME": str(shared / "pre-commit"),
        "PATH": f"{shared / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    with locked(shared / "skillweave.lock"):
        if not (path / ".git/HEAD").exists():
            config.write_text(
                "[user]\nname = A\nemail = a@example.org\n[init]\ndefaultBranch = main\n", encoding="utf-8"
            )
            _make_commands(shared / "bin")
            _copy(path)
            for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "skillweave"]):
                assert run(path, environment, ["git", *arguments]) == Ran(0, "")
    revision = run(path, environment, ["git", "rev-parse", "HEAD"]).text.strip()
    return Checkout(path, revision, environment)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock that other workers wait for."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(folder: Path, environment: Mapping[str, str], command: Sequence[str | Path]) -> Ran:
    """Run a command to its end."""
    found = shutil.which(command[0], path=environment["PATH"])
    assert found is not None, command[0]
    done = subprocess.run(
        [found, *command[1:]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        timeout=300,
    )
    return Ran(done.returncode, done.stdout.decode())


def local(page: str, tool: Checkout) -> str:
    """A page's configuration with this checkout in the place of the published repository and its newest release."""
    assert PUBLISHED in page
    return page.replace(PUBLISHED, str(tool.path)).replace("rev: v0.1.0", f"rev: {tool.revision}")


def _make_commands(folder: Path) -> None:
    folder.mkdir()
    for name, module in (("pre-commit", "pre_commit"), ("skillweave", "skillweave")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n', encoding="utf-8")
        program.chmod(0o755)


def _copy(path: Path) -> None:
    for name in PACKAGE:
        source, target = ROOT / name, path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
