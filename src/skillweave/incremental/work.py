"""Compiles a project: only as far as edits reach, if that is possible."""

from __future__ import annotations

from skillweave.cachedir import key_here, prepare_folder
from skillweave.saved import load_parts
from skillweave.sealed import MISSHAPED
from skillweave.state import State, copy_of, record, update
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeGuard

    from skillweave.build import Compiled
    from skillweave.cache import Documents
    from skillweave.incremental.last import Last
    from skillweave.incremental.values import Asked, Memory
    from skillweave.parts import Parts

_unfreed: list[Compiled] = []
"""What a process that runs only once has compiled last. The system frees all of it at once when the process ends; freeing it
value by value would take a twentieth of a first build.
"""


def compile_asked(asked: Asked, last: Last | None, documents: Documents, started: int) -> tuple[Compiled, State | None]:
    """Compile the project, only as far as edits reach if that is possible. Also returns the state that this leaves, if it is to
    be kept. `started` is when the run started.
    """
    compiled, state = _compile(asked, last, documents, started)
    if asked.memory is None:
        _unfreed[:] = [compiled]
    return compiled, state


def _compile(asked: Asked, last: Last | None, documents: Documents, started: int) -> tuple[Compiled, State | None]:
    parts = _parts_of(asked, last) if last is not None else None
    if last is not None and parts is not None:
        compiled_changes = _compile_changes(asked, last, parts, documents)
        state = copy_of(last.state)
        if compiled_changes is not None and update(state, last.tree, asked.config.output, last.changed):
            state.started, state.worked, state.renewed = last.as_of, started, False
            if compiled_changes.parts != parts:
                state.made = started
            return compiled_changes, state
    from skillweave.build import compile_project  # noqa: PLC0415 (the compiler is imported only where it is needed)

    compiled = compile_project(
        asked.config, asked.wanted, strict=asked.strict, progress=asked.progress, documents=documents
    )
    key = key_here(asked.config.root, asked.key) if asked.keeps and prepare_folder(asked.config.root) else None
    return compiled, record(key, compiled.tree, started, asked.config.output) if key else None


def _parts_of(asked: Asked, last: Last) -> Parts | None:
    """The parts of the last run; None if they are not available."""
    if _is_at_hand(asked.memory, last):
        return asked.memory.parts
    kept = load_parts(asked.config.root, last.state)
    if kept is None:
        return None
    from skillweave.parts import from_json  # noqa: PLC0415 (the compiler is imported only where it is needed)

    try:
        return from_json(kept)
    except MISSHAPED:
        return None


def _is_at_hand(memory: Memory | None, last: Last) -> TypeGuard[Memory]:
    return memory is not None and memory.state is last.state and memory.parts is not None


def _compile_changes(asked: Asked, last: Last, parts: Parts, documents: Documents) -> Compiled | None:
    from skillweave.incremental.recompile import Edits, recompile  # noqa: PLC0415 (the compiler is imported only where it is needed)

    edits = Edits(last.changed, frozenset(last.state.pending), parts, last.tree)
    if _is_at_hand(asked.memory, last):
        edits = edits._replace(project=asked.memory.project, files=asked.memory.files)
        # Until this run is done, what is remembered describes neither the old nor the new project.
        asked.memory.state = asked.memory.parts = None
    return recompile(asked.config, edits, documents, strict=asked.strict)


def documents_of(asked: Asked) -> Documents:
    """The documents that earlier builds and this process have already parsed."""
    from skillweave.cache import Documents  # noqa: PLC0415
    from skillweave.store import fetcher  # noqa: PLC0415 (only where something may have to be parsed)

    memory = asked.memory.documents if asked.memory is not None else None
    return Documents(fetcher(asked.config.root) if asked.cached else None, memory)
