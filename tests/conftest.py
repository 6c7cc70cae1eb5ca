"""What the tests share: the command, run as people run it, and the option that rewrites expectations."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from adoption import Checkout, checkout

# The same examples each time, however slow the machine: what fails, fails for whoever looks. New ones are looked for with
# `HYPOTHESIS_PROFILE=default pytest`.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

DEFAULT_CONFIG = 'documents = ["entries"]\nbanner = false\n'
"""The `skillweave.toml` of a case or an example that brings none."""

LOCK = "skillweave.lock.json"
"""The one output that expectations leave out: it holds digests."""


SPEAKING_VARIABLES = ("FORCE_COLOR", "NO_COLOR", "COLUMNS")
"""What in the environment changes how the command prints."""


class Outcome(NamedTuple):
    """What a run of the command leaves behind, apart from files."""

    status: int
    out: str
    err: str


class OutputFile(NamedTuple):
    """A file in an output tree; bytes that are not UTF-8 are kept as surrogates, so that differences print well."""

    content: str
    executable: bool = False


Skillweave = Callable[[Path, Sequence[str]], Outcome]
"""(project, arguments) → outcome."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the expectations in tests/cases and in docs/reference/directives.md from what the command does "
        "now (without -n: the page is one file); then read the diff, line by line",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether expectations are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def skillweave_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Skillweave:
    """Runs the command by a call in this process: the same as `skillweave`, without the 0.2 s of a start."""
    from skillweave.__main__ import run as run_command

    for name in SPEAKING_VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def run(project: Path, arguments: Sequence[str]) -> Outcome:
        monkeypatch.chdir(project)
        capsys.readouterr()
        status = run_command(arguments)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def skillweave() -> Skillweave:
    """Runs the command in a process of its own, with no colour and no terminal."""
    environment = {name: value for name, value in os.environ.items() if name not in SPEAKING_VARIABLES}

    def run(project: Path, arguments: Sequence[str]) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "skillweave", *arguments],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """What stands here as others install it, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    return checkout(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


def read_tree(folder: Path) -> dict[str, OutputFile]:
    """Every file below a folder by its path in it, without the lock file; an empty folder is there as `path/`.

    A folder that does not exist is an empty tree.
    """
    tree: dict[str, OutputFile] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            tree[name] = OutputFile(f"-> {path.readlink()}")
        elif path.is_file():
            tree[name] = OutputFile(path.read_bytes().decode("utf-8", "surrogateescape"), os.access(path, os.X_OK))
        elif not any(path.iterdir()):
            tree[f"{name}/"] = OutputFile("")
    tree.pop(LOCK, None)
    return tree
