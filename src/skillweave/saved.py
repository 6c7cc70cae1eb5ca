"""What a run leaves in `.skillweave/` for the next: its state, and what it found out.

A state is written as a whole, and then, as long as they are few, what has changed since, beside it. The older of the two is
no lie without the newer one: whatever a state says is held against what is there.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from skillweave.cachedir import ANCHOR, FOLDER, key_here, prepare_folder, read_whole, write_whole
from skillweave.listing import is_real_folder
from skillweave.replay import SUFFIX
from skillweave.sealed import read_json, write_json
from skillweave.stamps import digest
from skillweave.state import TABLES, State, now
from skillweave.toml.kept import NAME as TOML

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME = "state.json"
SINCE = "since.json"
PARTS = "parts.json"
WORDING = "wording.json"
SOURCE_MAP = "sourcemap.json"
TEXTS = "texts"
DOCUMENTS = "documents"

SHARE = 3
"""The changes of a state are few if it holds so many times as much."""

_REST = ("started", "worked", "made", "published", "pending", "renewed")
"""What else there is to say of a state that has changed."""

_UNREADABLE = (AttributeError, OSError, ValueError, TypeError, KeyError, RecursionError)


def load_state(root: Path, key: str) -> State | None:
    """The state that the last build with this key left; None if there is none that can be believed."""
    try:
        state = _checked(read_json(root / FOLDER / NAME))
    except _UNREADABLE:
        return None
    if state.key != key_here(root, key):
        return None
    try:
        return _with_changes(state, read_json(root / FOLDER / SINCE))
    except _UNREADABLE:
        return state


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


def _with_changes(state: State, content: dict[str, Any]) -> State:
    """A state with what has changed since it was saved; as it is if that is another one's."""
    if content["saved"] != state.saved:
        return state
    changed = _checked({**vars(state), **{name: content[name] for name in _REST}, "changes": content["changes"]})
    for name in TABLES:
        rows = {**getattr(state, name)}
        for path, row in changed.changes[name].items():
            if row:
                (rows[path],) = row
            else:
                rows.pop(path, None)
        setattr(changed, name, rows)
    return changed


def save_state(root: Path, state: State) -> None:
    """Keep a state for the next build. What cannot be written is not kept: that costs time only."""
    number = sum(len(rows) for rows in state.changes.values())
    if state.saved and SHARE * number < sum(len(getattr(state, name)) for name in TABLES):
        _write(root, SINCE, {name: getattr(state, name) for name in ("saved", "changes", *_REST)})
        return
    state.saved, state.changes = now(), State("").changes
    _write(root, NAME, vars(state))


def save_parts(root: Path, state: State, parts: object) -> None:
    """Keep what the run of a state found out. To be saved before the state."""
    _keep(root, PARTS, [state.key, state.made], parts)


def load_parts(root: Path, state: State) -> Any:  # noqa: ANN401 (JSON)
    """What the run that left a state found out, part by part, as it was saved; None if it is not there."""
    return _kept(root, PARTS, [state.key, state.made])


def save_wording(root: Path, state: State, wording: object) -> None:
    """Keep what the next edit of a text can build on."""
    _keep(root, WORDING, [state.key, state.worked], wording)


def load_wording(root: Path, state: State) -> Any:  # noqa: ANN401 (JSON)
    """What the last run left for the next edit of a text, as it was saved; None if it is not there."""
    return _kept(root, WORDING, [state.key, state.worked])


def save_source_map(root: Path, state: State, made: int, source_map: object) -> None:
    """Keep a source map, which `made` tells from any other. To be saved before what builds on it."""
    _keep(root, SOURCE_MAP, [state.key, made], source_map)


def load_source_map(root: Path, state: State, made: int) -> Any:  # noqa: ANN401 (JSON)
    """A source map, as it was saved; None if it is not there."""
    return _kept(root, SOURCE_MAP, [state.key, made])


def _keep(root: Path, name: str, belongs_to: list[object], value: object) -> None:
    """Keep a value, with what tells whose it is."""
    _write(root, name, {"belongs_to": belongs_to, "value": value})


def _kept(root: Path, name: str, belongs_to: list[object]) -> Any:  # noqa: ANN401 (JSON)
    """The value that was kept last under a name; None if there is none, or if it belongs to something else."""
    try:
        content = read_json(root / FOLDER / name)
        return content["value"] if content["belongs_to"] == belongs_to else None
    except _UNREADABLE:
        return None


def save_texts(root: Path, pieces: Iterable[bytes]) -> None:
    """Keep texts, one after the other."""
    if prepare_folder(root):
        write_whole(f"{root / FOLDER / TEXTS}", *pieces)


def load_text(root: Path, start: int, length: int, seal: str) -> str | None:
    """One of the texts that were kept: where it begins, how many bytes it has, and their digest. None if it is not there."""
    try:
        data = read_whole(f"{root / FOLDER / TEXTS}", start, length)
        return data.decode() if digest(data) == seal else None
    except _UNREADABLE:
        return None


def remove_cache(root: Path) -> bool:
    """Remove what earlier runs kept, and nothing else; whether there was any. Raises OSError where the system refuses.

    Where somebody keeps something of their own beside it, that stays, and version control still leaves it alone.
    """
    folder = root / FOLDER
    if not is_real_folder(folder):
        return False
    kept = [name for name in os.listdir(folder) if _CACHE.fullmatch(name)]  # noqa: PTH208 (likewise)
    if is_real_folder(folder / DOCUMENTS):
        names = os.listdir(folder / DOCUMENTS)  # noqa: PTH208 (likewise)
        documents = [name for name in names if _DOCUMENT.fullmatch(name)]
        kept += [f"{DOCUMENTS}/{name}" for name in documents] + ([DOCUMENTS] if documents == names else [])
    for name in kept:
        _remove(folder / name)
    is_rest_ours = set(os.listdir(folder)) <= {ANCHOR}  # noqa: PTH208 (likewise)
    if is_rest_ours:
        (folder / ANCHOR).unlink(missing_ok=True)
        folder.rmdir()
    return bool(kept) or is_rest_ours


_DOCUMENT = re.compile(r"[0-9a-f]{2}\.json(?:\.\d+)?")
"""A file of documents, and what a run that was killed left of one; likewise, what else is kept."""
_NAMES = (NAME, SINCE, PARTS, WORDING, SOURCE_MAP, TEXTS, TOML)
_CACHE = re.compile(
    rf"(?:{'|'.join(map(re.escape, _NAMES))}|[a-z]+-\d{re.escape(SUFFIX)})(?:\.\d+)?|{re.escape(ANCHOR)}\.\d+"
)


def _remove(path: Path) -> None:
    """Remove a file, or a folder that is empty, if it is there. Another run may do the same."""
    with suppress(FileNotFoundError):
        if is_real_folder(path):
            path.rmdir()
        else:
            path.unlink()


def _write(root: Path, name: str, content: object) -> None:
    if prepare_folder(root):
        write_json(root / FOLDER / name, content)
