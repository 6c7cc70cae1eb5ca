"""Files to start from: their texts, whether a folder can take them, and how they get there without touching other files."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from importlib import resources
from pathlib import Path

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


class File(NamedTuple):
    """A file to be made: its path relative to the project's folder, with `/`, and its text."""

    path: str
    text: str


class FilesPlan(NamedTuple):
    """What would become of some files: those to make, the paths that are already taken, and what is in the way of the rest."""

    make: tuple[File, ...]
    keep: tuple[str, ...]
    mistakes: tuple[str, ...]


def template(name: str) -> str:
    """The text of one of our own files, by its path relative to `files/`."""
    return resources.files("skillweave").joinpath("starter", "files", *name.split("/")).read_text("utf-8")


def plan(root: Path, files: tuple[File, ...]) -> FilesPlan:
    """Find out, without changing anything, which files can be made in a folder. The folder has to be a real one, or not exist
    yet.

    What exists is kept, whatever it contains. A cause that is in the way of several files is named once.
    """
    make, keep, mistakes = [], [], dict.fromkeys(_root_mistakes(root))
    for file in files if not mistakes else ():
        outcome = _look(root, file.path)
        match outcome:
            case "new":
                make.append(file)
            case "taken":
                keep.append(file.path)
            case _:
                mistakes[outcome] = None
    return FilesPlan(tuple(make), tuple(keep), tuple(mistakes))


def write(root: Path, files: tuple[File, ...]) -> None:
    """Make each file. Raises OSError if one has appeared since the planning, which is then not touched."""
    for file in files:
        path = root / file.path
        made = [folder for folder in path.parents if not folder.exists()]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                _write_whole(stream, file.text, path)
        except BaseException as error:
            for folder in made:
                with suppress(OSError):
                    folder.rmdir()
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(path)
            raise


def _write_whole(stream: TextIO, text: str, path: Path) -> None:
    """Write a new file, and remove it if that fails: the next run would take half a file for the user's and keep it
    for good.
    """
    try:
        stream.write(text)
        stream.flush()
    except BaseException:
        with suppress(OSError):
            path.unlink()
        raise


def repository_of(folder: Path) -> Path | None:
    """The git repository that a folder is in: the nearest folder upward with a `.git`; None if there is none."""
    return next((above for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), None)


def mentions(path: Path, expression: bytes) -> bool:
    """Whether a regular file contains something that a regular expression matches. A file that cannot be read does not."""
    try:
        return path.is_file() and re.search(expression, path.read_bytes()) is not None
    except OSError:
        return False


def _root_mistakes(root: Path) -> list[str]:
    """Why nothing can be made in a folder: there is something else in its place, or in the place of a folder above it."""
    above = next(folder for folder in (root, *root.parents) if os.path.lexists(folder))
    return [] if above.is_dir() else [f"{above} is not a folder"]


def _look(root: Path, path: str) -> str:
    """Either `new` or `taken`, or why a file cannot be made at a path."""
    folder, at = root, ""
    parts = path.split("/")
    for number, part in enumerate(parts):
        at = f"{at}/{part}" if at else part
        place, last = root / at, number == len(parts) - 1
        try:
            mode = place.lstat().st_mode
        except OSError as error:
            return _writable(folder) if isinstance(error, FileNotFoundError) else f"{at}: {error.strerror}"
        if stat.S_ISLNK(mode):
            real = Path(os.path.realpath(place))
            if not real.exists():
                return f"{at} is a symlink to nothing"
            if not last and not real.is_relative_to(root):
                return f"{at} is a symlink that leaves the project"
            mode = real.stat().st_mode
        if last:
            return "taken" if stat.S_ISREG(mode) else f"{at} is not a regular file"
        if not stat.S_ISDIR(mode):
            return f"{at} is not a folder"
        folder = place
    return "taken"


def _writable(folder: Path) -> str:
    """`new` if a folder, or the nearest existing one above it, can be written to; else why not."""
    there = next(above for above in (folder, *folder.parents) if above.exists())
    return "new" if os.access(there, os.W_OK | os.X_OK) else f"{there} is read-only"
