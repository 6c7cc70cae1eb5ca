"""Helpers for the tests of hooks and actions: a clean copy of this checkout, and an environment without our git settings.

Installing the package into its own environment takes seconds, so it is done once for all tests and workers.
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
"""The repository address in the documentation. OWNER is the future publisher. The tests use this checkout instead."""

PACKAGE = (
    *("pyproject.toml", "README.md", "LICENSE", "src", "docs/reference/diagnostics"),
    *(".pre-commit-hooks.yaml", "action.yml"),
)
"""The files needed to install skillweave and to use its hooks and its action."""

OURS = ("GIT_", "PRE_COMMIT", "PYTHONPATH", "SKIP", "FORCE_COLOR", "NO_COLOR", "COLUMNS", "GITHUB_", "RUNNER_")
"""Prefixes of environment variables that would leak from this test run into the commands under test."""


class Checkout(NamedTuple):
    """A copy of this checkout, including uncommitted changes, as a git repository with one commit."""

    path: Path
    revision: str
    environment: Mapping[str, str]
    """Environment for git and pre-commit: a user who can commit, none of our configuration, and a shared hook cache.

    Its PATH finds `pre-commit` and `skillweave` of the interpreter that runs the tests.
    """


class Ran(NamedTuple):
    """The result of a command, apart from files. Its two streams are combined, in the order a terminal would show."""

    status: int
    text: str


def checkout(shared: Path) -> Checkout:
    """The checkout, in a folder shared by all workers. The first worker creates it."""
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
    """Hold a lock that other workers wait for."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(folder: Path, environment: Mapping[str, str], command: Sequence[str | Path]) -> Ran:
    """Run a command and wait for it to end."""
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
    """A configuration from the documentation that installs this checkout instead of the newest published release."""
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
