"""Saves what a run leaves for the next one."""

from __future__ import annotations

from skillweave.beside import beside
from skillweave.cachedir import key_here
from skillweave.replay import forget
from skillweave.saved import save_parts, save_state
from skillweave.state import State, forget_outputs, parser_key, record_outputs
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from skillweave.build import Compiled
    from skillweave.cache import Documents
    from skillweave.incremental.last import Last
    from skillweave.incremental.rewording.notes import Notes
    from skillweave.incremental.values import Asked, Outcome
    from skillweave.project import Entry
    from skillweave.publish import Published


def keep_run(asked: Asked, state: State, compiled: Compiled, outcome: Outcome, documents: Documents) -> None:
    """Keep what the next run can use: in memory if the process builds repeatedly, else in the cache."""
    from skillweave.codec import as_json  # noqa: PLC0415

    result = {
        "entries": [list(entry) for entry in outcome.entries],
        "files": outcome.files,
        "diagnostics": as_json(outcome.diagnostics),
    }
    for name, value in result.items():
        state.put("result", name, value)
    if asked.memory is not None:
        documents.forget_others()
        asked.memory.state, asked.memory.parts, asked.memory.project = state, compiled.parts, compiled.project
        asked.memory.found = compiled.tree.known
        files = {**asked.memory.files, **compiled.graph.files}
        asked.memory.files = {path: files[path] for path in compiled.parts.edges if path in files}
        asked.memory.fresh.update(documents.fresh)
        return
    from skillweave.codec import stored  # noqa: PLC0415
    from skillweave.parts import to_json  # noqa: PLC0415
    from skillweave.store import keep  # noqa: PLC0415

    root = asked.config.root
    is_whole = len(compiled.graph.files) == outcome.files
    if documents.fresh:
        keep(root, key_here(root, parser_key()), stored(documents.fresh), documents.used if is_whole else None)
    if state.made == state.started:  # otherwise the parts are unchanged
        save_parts(root, state, to_json(compiled.parts))
    save_state(root, state)
    forget(root)


def begin_places(asked: Asked, last: Last | None, state: State | None, compiled: Compiled) -> Callable[[], object]:
    """Start saving where lines stand in outputs; calling the returned function finishes it.

    A second process does the work if there is much of it. `last` is the run that this one built on. The notes are not believed
    until the state is saved, too, so this may start before that.
    """
    if state is None:
        return lambda: None
    from skillweave.incremental.rewording.notes import note_run  # noqa: PLC0415 (with the compiler)

    is_whole = (
        compiled.entries == compiled.project.entries and compiled.graph.files.keys() >= compiled.parts.edges.keys()
    )

    def keep() -> bytes:
        note_run(asked.config.root, None if is_whole else last, state, compiled)
        return b""

    # A process that builds repeatedly must leave no second process behind when a build is given up.
    return beside(keep) if asked.memory is None and len(compiled.parts.bundles) > WORTH_A_PROCESS else keep


WORTH_A_PROCESS = 100
"""Up to this number of bundles, starting a second process takes longer than it saves."""


def keep_rewording(asked: Asked, last: Last, state: State, notes: Notes) -> None:
    """Keep what the next run can use after an edit of running text. `last` is the run that this one built on."""
    from skillweave.incremental.rewording.notes import save_notes  # noqa: PLC0415 (where there is something to publish)

    root, memory = asked.config.root, asked.memory
    if memory is not None:
        if memory.state is not last.state:  # another process has built in between
            memory.begin_with(last.state)
        memory.state = state
        if notes.wording is not None:
            memory.files.pop(notes.wording.path, None)
    if memory is None or memory.parts is None:  # otherwise, `save` does it later
        save_state(root, state)
    save_notes(root, state, notes)
    forget(root)


def save(asked: Asked) -> None:
    """Write what a process remembers to the cache, for other processes."""
    memory = asked.memory
    if memory is None or memory.state is None or memory.parts is None or not asked.keeps:
        return
    from skillweave.codec import stored  # noqa: PLC0415
    from skillweave.parts import to_json  # noqa: PLC0415
    from skillweave.store import keep  # noqa: PLC0415

    root = asked.config.root
    keep(root, key_here(root, parser_key()), stored(memory.fresh))
    memory.fresh.clear()
    save_parts(root, memory.state, to_json(memory.parts))
    save_state(root, memory.state)


def record_published(asked: Asked, state: State, entries: Iterable[Entry], published: Published) -> None:
    """Record in a state what is published now. `entries` are those that this run worked out: they are no longer pending."""
    if published.diagnostics:
        state.published = False
        return
    if state.published:
        before = published.before
        written = published.files(published.changed)
        gone = {path for entry in published.changed if entry in before for path in before[entry].outputs}
        forget_outputs(state, asked.output, gone - written.keys())
        record_outputs(state, asked.output, written, published.made)
    else:
        record_outputs(state, asked.output, published.files(published.after), published.made)
    done = {str(entry.path) for entry in entries}
    state.pending = [path for path in state.pending if path not in done]
