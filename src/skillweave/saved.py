"""What a run leaves in `.skillweave/` for the next one: its state, and what it found out.

A state is written whole; later changes are written beside it for as long as they are few. The old state without its
changes does no harm, as whatever a state says is compared with what is on disk.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress

from skillweave.cachedir import ANCHOR, FOLDER, key_here, prepare_folder, read_whole, write_whole
from skillweave.listing import is_real_folder
from skillweave.replay import SUFFIX
from skillweave.sealed import UNREADABLE, read_json, write_json
from skillweave.stamps import digest
from skillweave.state import PAIRED, TABLES, State, now
from skillweave.toml.kept import NAME as TOML
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

    from skillweave.state import Row

NAME = "state.json"
SINCE = "since.json"
PARTS = "parts.json"
WORDING = "wording.json"
SOURCE_MAP = "sourcemap.json"
TEXTS = "texts"
DOCUMENTS = "documents"

SHARE = 3
"""Changes are few if the state holds more than this many times as many rows."""

_REST = ("started", "worked", "made", "published", "pending", "renewed")
"""The other fields of a state that change with it."""


def load_state(root: Path, key: str) -> State | None:
    """The state that the last build with this key left, with its changes; None if there is none that can be believed."""
    try:
        content = read_json(root / FOLDER / NAME)
        state = _checked({**content, **{name: _rows(content[name]) for name in PAIRED}})
    except UNREADABLE:
        return None
    if state.key != key_here(root, key):
        return None
    try:
        return _with_changes(state, read_json(root / FOLDER / SINCE))
    except UNREADABLE:
        return state


def size_of_state(root: Path) -> int:
    """The size of the saved state in bytes; 0 if there is none."""
    try:
        return os.stat(f"{root}/{FOLDER}/{NAME}").st_size  # noqa: PTH116 (a Path costs more)
    except OSError:
        return 0


def _checked(content: dict[str, Any]) -> State:
    state = State("")
    for name, value in vars(state).items():
        if not isinstance(content[name], type(value)):
            raise TypeError(name)
    if not all(isinstance(path, str) for path in content["pending"]):
        raise TypeError("pending")
    if content["changes"].keys() != state.changes.keys():
        raise TypeError("changes")
    vars(state).update((name, content[name]) for name in vars(state))
    return state


_BETWEEN = "//"
"""Separates what `_text` puts together: no path or name is empty inside, so none has two slashes in a row."""


def _text(rows: dict[str, Row]) -> str:
    """The rows of a table as one text, which is read in a third of the time of as many lists."""
    return _BETWEEN.join([part for path, row in rows.items() for part in (path, *row)])


def _rows(text: str) -> dict[str, Row]:
    """The rows of a table that `_text` wrote. Raises ValueError if it is something else."""
    parts = text.split(_BETWEEN) if text else []
    return dict(zip(parts[::3], zip(parts[1::3], parts[2::3], strict=True), strict=True))


def _pair(row: list[Any]) -> Row:
    found, content = row
    if not isinstance(found, str) or not isinstance(content, str):
        raise TypeError(row)
    return found, content


def _with_changes(state: State, content: dict[str, Any]) -> State:
    """Apply the changes since a state was saved; returns it as it is if they belong to another one."""
    if content["saved"] != state.saved:
        return state
    changed = _checked({**vars(state), **{name: content[name] for name in _REST}, "changes": content["changes"]})
    for name in TABLES:
        rows = {**getattr(state, name)}
        for path, row in changed.changes[name].items():
            if row:
                rows[path] = _pair(row[0]) if name in PAIRED else row[0]
            else:
                rows.pop(path, None)
        setattr(changed, name, rows)
    return changed


def save_state(root: Path, state: State) -> None:
    """Store a state for the next build. A failure is ignored: it only costs time."""
    number = sum(len(rows) for rows in state.changes.values())
    if state.saved and SHARE * number < sum(len(getattr(state, name)) for name in TABLES):
        _write(root, SINCE, {name: getattr(state, name) for name in ("saved", "changes", *_REST)})
        return
    state.saved, state.changes = now(), State("").changes
    _write(root, NAME, {**vars(state), **{name: _text(getattr(state, name)) for name in PAIRED}})


def save_parts(root: Path, state: State, parts: object) -> None:
    """Store what the run of a state found out. Call this before `save_state`."""
    _keep(root, PARTS, [state.key, state.made], parts)


def load_parts(root: Path, state: State) -> Any:  # noqa: ANN401 (JSON)
    """What the run of this state found out, as it was saved; None if it is not there."""
    return _kept(root, PARTS, [state.key, state.made])


def save_wording(root: Path, state: State, wording: object) -> None:
    """Store what the next edit of a text can build on."""
    _keep(root, WORDING, [state.key, state.worked], wording)


def load_wording(root: Path, state: State) -> Any:  # noqa: ANN401 (JSON)
    """What the last run left for the next edit of a text, as it was saved; None if it is not there."""
    return _kept(root, WORDING, [state.key, state.worked])


def save_source_map(root: Path, state: State, made: int, source_map: object) -> None:
    """Store a source map, identified by `made`. Call this before saving what builds on it."""
    _keep(root, SOURCE_MAP, [state.key, made], source_map)


def load_source_map(root: Path, state: State, made: int) -> Any:  # noqa: ANN401 (JSON)
    """The source map identified by `made`, as it was saved; None if it is not there."""
    return _kept(root, SOURCE_MAP, [state.key, made])


def _keep(root: Path, name: str, belongs_to: list[object], value: object) -> None:
    """Store a value together with what it belongs to."""
    _write(root, name, {"belongs_to": belongs_to, "value": value})


def _kept(root: Path, name: str, belongs_to: list[object]) -> Any:  # noqa: ANN401 (JSON)
    """The value stored under a name; None if there is none, or if it belongs to something else."""
    try:
        content = read_json(root / FOLDER / name)
        return content["value"] if content["belongs_to"] == belongs_to else None
    except UNREADABLE:
        return None


def save_texts(root: Path, pieces: Iterable[bytes]) -> None:
    """Store texts, one after the other, in one file."""
    if prepare_folder(root):
        write_whole(f"{root / FOLDER / TEXTS}", *pieces)


def load_text(root: Path, start: int, length: int, seal: str) -> str | None:
    """One of the stored texts, given its byte offset, its length in bytes and its digest; None if it is not there."""
    try:
        data = read_whole(f"{root / FOLDER / TEXTS}", start, length)
        return data.decode() if digest(data) == seal else None
    except UNREADABLE:
        return None


def remove_cache(root: Path) -> bool:
    """Remove what earlier runs stored, and nothing else; returns whether there was any. Raises OSError if the system
    refuses.

    If the folder also holds other files, they stay, and version control still ignores it.
    """
    folder = root / FOLDER
    if not is_real_folder(folder):
        return False
    ours = [name for name in os.listdir(folder) if _CACHE.fullmatch(name)]  # noqa: PTH208 (os.listdir gives the names)
    if is_real_folder(folder / DOCUMENTS):
        names = os.listdir(folder / DOCUMENTS)  # noqa: PTH208 (likewise)
        documents = [name for name in names if _DOCUMENT.fullmatch(name)]
        ours += [f"{DOCUMENTS}/{name}" for name in documents] + ([DOCUMENTS] if documents == names else [])
    for name in ours:
        _remove(folder / name)
    is_rest_ours = set(os.listdir(folder)) <= {ANCHOR}  # noqa: PTH208 (likewise)
    if is_rest_ours:
        (folder / ANCHOR).unlink(missing_ok=True)
        folder.rmdir()
    return bool(ours) or is_rest_ours


_DOCUMENT = re.compile(r"[0-9a-f]{2}\.json(?:\.\d+)?")
"""Names of files of documents (below: of the other files), and of what killed runs have left of them."""
_NAMES = (NAME, SINCE, PARTS, WORDING, SOURCE_MAP, TEXTS, TOML)
_CACHE = re.compile(
    rf"(?:{'|'.join(map(re.escape, _NAMES))}|[a-z]+-\d{re.escape(SUFFIX)})(?:\.\d+)?|{re.escape(ANCHOR)}\.\d+"
)


def _remove(path: Path) -> None:
    """Remove a file or an empty folder, if it exists. Another run may do the same at once."""
    with suppress(FileNotFoundError):
        if is_real_folder(path):
            path.rmdir()
        else:
            path.unlink()


def _write(root: Path, name: str, content: object) -> None:
    if prepare_folder(root):
        write_json(root / FOLDER / name, content)
