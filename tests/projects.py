"""What tests do with a project: write its files, run the command in it, and look at what is there."""

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
"""The one output that expectations leave out: it holds digests."""

SPEAKING_VARIABLES = ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "PYTHONIOENCODING")
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


# Files


def skill(name: str, body: str = "") -> str:
    """A skill without a mistake; `body` begins in line 5, right below the front matter."""
    return f"---\nname: {name}\ndescription: A skill for tests. Use it in tests.\n---\n{body}"


def write(path: Path, content: str | bytes) -> Path:
    """The file, written with exactly these bytes, in folders that come to be where there are none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
    return path


def write_files(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder, with these files in it by their path, beside what else it holds."""
    for path, content in files.items():
        write(root / path, content)
    return root


def files_below(root: Path, *, without: Collection[str] = ()) -> dict[str, bytes]:
    """Every file below a folder by its path in it, and where a link leads, but for what these names at its top hold.

    A folder that does not exist has none.
    """
    return {
        path.relative_to(root).as_posix(): os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in sorted(root.rglob("*"))
        if (path.is_file() or path.is_symlink()) and path.relative_to(root).parts[0] not in without
    }


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


# Processes


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our own environment without what changes how the command prints, and with what a test adds."""
    return {name: value for name, value in os.environ.items() if name not in SPEAKING_VARIABLES} | {**(more or {})}


def run_apart(
    project: Path,
    arguments: Sequence[str],
    more: Mapping[str, str] | None = None,
    limit: Callable[[], None] | None = None,
) -> Outcome:
    """Run the command in a process of its own, with no colour and no terminal, and `more` in its environment.

    `limit` is called in the new process before the command starts.
    """
    return _run(project, ["-m", "skillweave", *arguments], environment(more), limit)


def run_code(project: Path, code: str, arguments: Sequence[str] = (), more: Mapping[str, str] | None = None) -> Outcome:
    """Run Python code in a process of its own, which imports what this one would import."""
    variables = environment({"PYTHONPATH": os.pathsep.join(sys.path), **(more or {})})
    return _run(project, ["-c", code, *arguments], variables, None)


def modules_of_a_build(project: Path, *options: str) -> set[str]:
    """The modules that a build loads, as a process of its own."""
    code = "import sys; from skillweave.__main__ import run; run(sys.argv[1:]); print(*sys.modules)"
    done = run_code(project, code, ["build", *options])
    assert done.status == 0, done.err
    return {*done.out.split()}


def timeless(text: str) -> str:
    """What a command has printed, without how long it took."""
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
