"""What the last build saw and did, so that the next one can tell that nothing has changed. Kept in `.skillweave/`.

It may only ever save time: it is believed where every folder that was listed, every file that was read and every file that
was written is as it was, and ignored where it cannot be read, is another version's, or asks for anything else.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from skillweave.files import Read, Tree, digest, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = ".skillweave"
NAME = "state.json"
DOCUMENTS = "documents.json"
SETTLED = 2_000_000_000
"""Nanoseconds after which a file's time stamp tells of any further change, on every file system (FAT counts in 2 s)."""


@dataclass(slots=True)
class State:
    """One build, as far as the next one needs it. `key` says what it was asked for, by which version."""

    key: str
    folders: dict[str, Any] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    output_folders: dict[str, list[str]] = field(default_factory=dict)
    result: Any = None
    started: int = 0
    published: bool = False
    """Whether the outputs are those of this state."""
    unsettled: bool = False
    """Whether contents had to be read to tell that nothing changed, so that a newer state saves that next time."""


def load_state(root: Path, key: str) -> State | None:
    """The state that the last build with this key left; None if there is none that can be believed."""
    try:
        with open(root / FOLDER / NAME, "rb") as file:  # noqa: PTH123 (pathlib costs more than the read)
            content = json.loads(file.read())
        return State(**content) if content["key"] == key else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def load_documents(root: Path, key: str) -> dict[str, str]:
    """The documents that the last build kept, as they are stored; none where the file cannot be believed."""
    try:
        with open(root / FOLDER / DOCUMENTS, "rb") as file:  # noqa: PTH123
            content = json.loads(file.read())
        documents = content["documents"] if content["key"] == key else {}
        return documents if all(isinstance(value, str) for value in documents.values()) else {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def record(key: str, tree: Tree, started: int, output: str) -> State:
    """The state of a build's sources: every folder it listed, every file it read, every symlink it followed.

    `output` is the output folder's path: that a build makes it is no change of the sources.
    """
    state = State(key, started=started)
    for folder, listing in tree.listings.items():
        state.folders[folder] = _but(listing, folder, output)
    for path, read in tree.reads.items():
        state.files[path] = [list(read.stamp), read.digest] if isinstance(read, Read) else read
    for path, resolved in tree.links.items():
        state.links[path] = list(resolved) if resolved else None
    return state


def sources_unchanged(state: State, tree: Tree, output: str) -> bool:
    """Whether all that a build read is as it was. Stamps are believed once they have settled; else contents are read."""
    for path, resolved in state.links.items():
        found = tree.resolve_link(path)
        if (list(found) if found else None) != resolved:
            return False
    for folder, listing in state.folders.items():
        if _but(tree.listing(folder), folder, output) != listing:
            return False
    return all(_file_unchanged(state, tree, path, known) for path, known in state.files.items())


def _but(listing: dict[str, Any] | str, folder: str, output: str) -> dict[str, Any] | str:
    """A folder's listing without the output folder and those that lead to it alone."""
    if isinstance(listing, str) or not f"{output}/".startswith(f"{folder}/" if folder else ""):
        return listing
    name = output[len(folder) :].strip("/").partition("/")[0]
    return {known: kind for known, kind in listing.items() if known != name}


def record_outputs(state: State, folder: Path, paths: Mapping[str, str]) -> None:
    """Add what was published: each file with its stamp and digest, and the names in every folder it is in."""
    for path, fingerprint in paths.items():
        try:
            state.outputs[path] = [list(stamp(os.lstat(folder / path))), fingerprint]
        except OSError:
            state.outputs[path] = [[], fingerprint]
    state.published = True
    folders = {""}
    for path in paths:
        parts = path.split("/")[:-1]
        folders.update("/".join(parts[:count]) for count in range(1, len(parts) + 1))
    state.output_folders = {name: _names(folder, name) for name in sorted(folders)}


def outputs_unchanged(state: State, folder: Path) -> bool:
    """Whether everything that was published is as it was, and nothing stands beside it that did not."""
    for name, names in state.output_folders.items():
        if _names(folder, name) != names:
            return False
    base = str(folder)
    for path, (known, fingerprint) in state.outputs.items():
        try:
            now = stamp(os.lstat(f"{base}/{path}"))
        except OSError:
            return False
        if list(now) != known or not _is_settled(now, state.started):
            state.unsettled = True
            if now[0] != (known[0] if known else -1) or now[4] != known[4]:
                return False
            try:
                with open(f"{base}/{path}", "rb") as file:  # noqa: PTH123
                    if digest(file.read()) != fingerprint:
                        return False
            except OSError:
                return False
    return True


def refreshed(state: State, root: Path, output: Path, started: int) -> State:
    """A state whose contents were found unchanged by a run that started then, with newer stamps.

    What changes after the start has a stamp that is not settled by it, and keeps the old one.
    """
    files = {
        path: known if isinstance(known, str) else _restamp(f"{root}/{path}", known, started)
        for path, known in state.files.items()
    }
    outputs = {path: _restamp(f"{output}/{path}", known, started) for path, known in state.outputs.items()}
    return replace(state, files=files, outputs=outputs, started=started, unsettled=False)


def _restamp(place: str, known: Any, started: int) -> Any:  # noqa: ANN401 (JSON)
    try:
        current = stamp(os.stat(place))  # noqa: PTH116 (a string is at hand, and a Path costs more than the call)
    except OSError:
        return known
    return [list(current), known[1]] if known[0] and _is_settled(current, started) else known


def save_state(root: Path, state: State) -> None:
    """Keep a state for the next build. What cannot be written is not kept: that costs time only."""
    content = {name: getattr(state, name) for name in State.__slots__}
    _write(root / FOLDER / NAME, content)


def save_documents(root: Path, key: str, documents: Mapping[str, str]) -> None:
    """Keep documents for the next build."""
    _write(root / FOLDER / DOCUMENTS, {"key": key, "documents": documents})


def remove_cache(root: Path) -> bool:
    """Remove what earlier runs kept, and nothing else; whether there was any."""
    folder = root / FOLDER
    removed = False
    for name in (NAME, DOCUMENTS, ".gitignore"):
        try:
            (folder / name).unlink()
            removed = True
        except OSError:
            continue
    with suppress(OSError):
        folder.rmdir()
    return removed


def now() -> int:
    """The time that stamps are held against, in nanoseconds."""
    return time.time_ns()


def _file_unchanged(state: State, tree: Tree, path: str, known: Any) -> bool:  # noqa: ANN401 (JSON)
    if isinstance(known, str):
        contents = tree.read(path)
        return contents.problem == known
    before, fingerprint = known
    try:
        current = stamp(os.stat(f"{tree.root}/{path}"))  # noqa: PTH116 (likewise)
    except OSError:
        return False
    if list(current) == before and _is_settled(current, state.started):
        return True
    if current[0] != before[0] or current[4] != before[4]:
        return False
    state.unsettled = True
    contents = tree.read(path)
    return contents.problem is None and digest(contents.data) == fingerprint


def _is_settled(found: tuple[int, int, int, int, int], started: int) -> bool:
    """Whether a stamp was old enough when it was taken that a later change must have changed it."""
    return max(found[1], found[2]) < started - SETTLED


def _names(folder: Path, name: str) -> list[str]:
    try:
        return sorted(os.listdir(f"{folder}/{name}" if name else folder))  # noqa: PTH208 (likewise)
    except OSError:
        return []


def _write(path: Path, content: object) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        with open(temporary, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(content, file, ensure_ascii=False, separators=(",", ":"))
        temporary.replace(path)
        ignore = path.with_name(".gitignore")
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError:
        temporary.unlink(missing_ok=True)
