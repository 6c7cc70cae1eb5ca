"""The notes on where lines stand in outputs: kept from run to run, and consulted for the text that was edited.

A whole run leaves a source map. What later runs and edits find out is kept beside it as a list of steps, and merged into it
once there are many. If the text that was edited last is edited again, neither is needed: its wording is at hand.
"""

from __future__ import annotations

from itertools import groupby

from skillweave.incremental.rewording.source_map import whole_name
from skillweave.incremental.rewording.words import Wording, from_json
from skillweave.record import NamedTuple
from skillweave.saved import (
    load_source_map,
    load_text,
    load_wording,
    save_source_map,
    save_texts,
    save_wording,
)
from skillweave.sealed import MISSHAPED
from skillweave.state import State, now
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from skillweave.build import Compiled
    from skillweave.incremental.last import Last
    from skillweave.incremental.rewording.source_map import SourceMap, Text
    from skillweave.lock import Lock
    from skillweave.source import SourcePath

MOST = 16
"""How many steps may be kept beside a source map."""

SHARE = 3
"""Steps are merged into the source map at once if their runs worked out more than one in `SHARE` of all bundles."""


class Notes(NamedTuple):
    """What the next edit can build on."""

    base: int
    """The number of the source map that the steps add to."""
    steps: list[Any]
    """What came after that source map, as JSON: for a run that looked at only a part of the project, a dict of that run's
    source map; for a text that was edited repeatedly, a list of its wording.
    """
    wording: Wording | None = None
    """The wording of the text that was edited last, if that edit took no compiler."""
    source_map: SourceMap | None = None
    """The source map with the steps merged into it, if something has asked for it."""
    is_new: bool = False
    """Whether the source map has yet to be saved, under the number `base`; there are no steps beside it then."""
    others: str = ""
    """The names (see `Wording.names`) of all texts but the one that was edited last; empty until that renames a heading."""


def load_notes(root: Path, state: State) -> Notes | None:
    """Load the notes of the run that left a state; None if they are missing or unreadable."""
    try:
        base, steps, wording, others = load_wording(root, state)
        return Notes(base, [*steps], from_json(wording) if wording else None, others=str(others))
    except MISSHAPED:
        return None


def save_notes(root: Path, state: State, notes: Notes) -> None:
    """Save notes for the next edit."""
    base, steps, wording, source_map, is_new, others = notes
    if source_map is not None and is_new:
        save_source_map(root, state, base, vars(source_map))
    save_wording(root, state, [base, steps, wording and [*wording], others])


def notes_of(root: Path, state: State, notes: Notes, path: SourcePath, lock: Lock) -> Notes | None:
    """Notes with the wording of the text at `path`; None if only the compiler can handle its edits. The outputs must be the
    ones that `state` describes.
    """
    steps = _steps(notes)
    try:
        found = _load(root, state, notes.base, steps)
        text = _text(root, found, path) if found is not None else None
        if found is None or text is None or text.digest != state.files[path][1]:
            return None
        from skillweave.incremental.rewording.source_map import wording_of  # noqa: PLC0415 (most edits do without)

        wording = wording_of(found, path, text, lock)
    except MISSHAPED:
        return None
    if wording is None:
        return None
    if len(steps) <= MOST:
        return Notes(notes.base, steps, wording, found)
    return Notes(now(), [], wording, found, is_new=True)


def names_beside(root: Path, state: State, notes: Notes, path: SourcePath) -> str | None:
    """The names (see `Wording.names`) of all texts but the one that was edited last, at `path`; None if they cannot be read."""
    if notes.others:
        return notes.others
    try:
        found = notes.source_map or _load(root, state, notes.base, _steps(notes))
    except MISSHAPED:
        return None
    own = whole_name(path)
    return "".join(names for name, names in found.names.items() if name != own) if found is not None else None


def note_run(root: Path, last: Last | None, state: State, compiled: Compiled) -> None:
    """Save what a run found out, for the edits to come. `last`: the run before it, if this run only worked out what edits
    reach.
    """
    save_notes(root, state, _notes_after(root, last, compiled) if last is not None else _notes_of_all(root, compiled))


def _notes_of_all(root: Path, compiled: Compiled) -> Notes:
    from skillweave.incremental.rewording.noting import laid_down, source_map_of, texts_of  # noqa: PLC0415 (compiler)

    found = source_map_of(compiled)
    found.texts, pieces = laid_down(texts_of(compiled, compiled.graph.files))
    save_texts(root, pieces)
    return Notes(now(), [], None, found, is_new=True)


def _notes_after(root: Path, last: Last, compiled: Compiled) -> Notes:
    from skillweave.incremental.rewording.noting import source_map_of, texts_of  # noqa: PLC0415 (with the compiler)
    from skillweave.incremental.rewording.source_map import with_runs  # noqa: PLC0415 (likewise)

    found = source_map_of(compiled)
    found.texts = texts_of(compiled, last.changed)
    notes = load_notes(root, last.state)
    if notes is None:
        return Notes(now(), [], None, found, is_new=True)
    try:
        steps = _steps(notes)
        if steps and _is_renewed(steps[-1], found):
            steps.pop()
        worked_out = len(found.entries) + sum(len(step["entries"]) for step in steps if isinstance(step, dict))
        if SHARE * worked_out < len(compiled.parts.bundles) and len(steps) < MOST:
            return Notes(notes.base, [*steps, vars(found)])
        before = _load(root, last.state, notes.base, steps)
    except MISSHAPED:
        before = None
    return Notes(now(), [], None, with_runs(before, [found]) if before is not None else found, is_new=True)


def _is_renewed(step: Any, run: SourceMap) -> bool:  # noqa: ANN401 (JSON)
    """Whether a run worked out everything that an earlier step did, so that the step can be dropped."""
    if not isinstance(step, dict):
        return False
    return {*step["texts"]} <= {*run.texts} and {*step["entries"], *step["failed"]} <= {*run.entries, *run.failed}


def _steps(notes: Notes) -> list[Any]:
    return [*notes.steps, *([[*notes.wording]] if notes.wording is not None else [])]


def _load(root: Path, state: State, base: int, steps: list[Any]) -> SourceMap | None:
    """Load a source map and merge the steps into it; None if it is missing. Raises an error of `MISSHAPED` if the JSON is not
    ours.
    """
    from skillweave.incremental.rewording.source_map import with_runs, with_words  # noqa: PLC0415 (likewise)

    kept = load_source_map(root, state, base)
    if kept is None:
        return None
    found = _source_map(kept)
    for is_run, alike in groupby(steps, key=lambda step: isinstance(step, dict)):
        if is_run:
            found = with_runs(found, map(_source_map, alike))
        else:
            for step in alike:
                found = with_words(found, from_json(step))
    return found


def _source_map(content: dict[str, Any]) -> SourceMap:
    from skillweave.incremental.rewording.source_map import SourceMap  # noqa: PLC0415 (likewise)

    found = SourceMap()
    vars(found).update(content)
    return found


def _text(root: Path, found: SourceMap, path: SourcePath) -> Text | None:
    """A text with its content; None if that is missing, or if only the compiler can handle its edits."""
    from skillweave.incremental.rewording.source_map import Text  # noqa: PLC0415 (likewise)

    kept = found.texts.get(path)
    text = Text(*kept) if kept else None
    if text is None or isinstance(text.content, str):
        return text
    content = load_text(root, *text.content)
    return text._replace(content=content) if content is not None else None
