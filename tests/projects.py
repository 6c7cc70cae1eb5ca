"""Helpers for test projects: write their files, run the command in them, and inspect the results."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

LOCK = "skillweave.lock.json"
"""The only output file that expected results omit, because it contains digests."""

SPEAKING_VARIABLES = ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "PYTHONIOENCODING")
"""The environment variables that change how the command prints."""


class Outcome(NamedTuple):
    """The result of running the command, apart from files."""

    status: int
    out: str
    err: str


class OutputFile(NamedTuple):
    """A file in an output tree. Bytes that are not UTF-8 are decoded to surrogates, so that differences print readably."""

    content: str
    executable: bool = False


# Files


def skill(name: str, body: str = "") -> str:
    """A valid skill. Its `body` begins on line 5, right below the front matter."""
    return f"---\nname: {name}\ndescription: A skill for tests. Use it in tests.\n---\n{body}"


def write(path: Path, content: str | bytes) -> Path:
    """Write a file with exactly these bytes, creating missing folders, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
    return path


def write_files(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write these files, keyed by relative path, into a folder. Existing files stay. Return the folder."""
    for path, content in files.items():
        write(root / path, content)
    return root


def files_below(root: Path, *, without: Collection[str] = ()) -> dict[str, bytes]:
    """The contents of the files below a folder by relative path; a symlink's target. `without` lists names at the top to omit.

    The result is empty if the folder does not exist.
    """
    return {
        path.relative_to(root).as_posix(): os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(root.rglob("*"))
        if (path.is_file() or path.is_symlink()) and path.relative_to(root).parts[0] not in without
    }


def read_tree(folder: Path) -> dict[str, OutputFile]:
    """All files below a folder, by relative path, except the lock file. An empty folder is listed as `path/`.

    The result is empty if the folder does not exist.
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


# Processes


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The current environment plus `more`, without the variables that change how the command prints."""
    return {name: value for name, value in os.environ.items() if name not in SPEAKING_VARIABLES} | {**(more or {})}


def run_apart(
    project: Path,
    arguments: Sequence[str],
    more: Mapping[str, str] | None = None,
    limit: Callable[[], None] | None = None,
) -> Outcome:
    """Run the command in its own process, without colour and without a terminal, with `more` added to the environment.

    `limit` is called in the new process before the command starts.
    """
    return _run(project, ["-m", "skillweave", *arguments], environment(more), limit)


def run_code(project: Path, code: str, arguments: Sequence[str] = (), more: Mapping[str, str] | None = None) -> Outcome:
    """Run Python code in its own process, with the same import path as this one."""
    variables = environment({"PYTHONPATH": os.pathsep.join(sys.path), **(more or {})})
    return _run(project, ["-c", code, *arguments], variables, None)


def modules_of_a_build(project: Path, *options: str) -> set[str]:
    """The names of the modules that a build loads when it runs in its own process."""
    code = "import sys; from skillweave.__main__ import run; run(sys.argv[1:]); print(*sys.modules)"
    done = run_code(project, code, ["build", *options])
    assert done.status == 0, done.err
    return {*done.out.split()}


def timeless(text: str) -> str:
    """The output of a command, with durations replaced by fixed text."""
    return re.sub(r"in \d+\.\d\d s", "in a while", text)


def _run(
    project: Path, arguments: Sequence[str], variables: Mapping[str, str], limit: Callable[[], None] | None
) -> Outcome:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=limit,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
