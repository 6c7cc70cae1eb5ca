"""A project worked out, as far as edits reach where that can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.cachedir import key_here, prepare_folder
from skillweave.incremental.last import MISSHAPED, Last
from skillweave.state import State, copy_of, load_parts, parser_key, record, update

if TYPE_CHECKING:
    from skillweave.build import Compiled
    from skillweave.cache import Documents
    from skillweave.incremental.values import Asked


def compile_asked(asked: Asked, last: Last | None, documents: Documents, started: int) -> tuple[Compiled, State | None]:
    """The project worked out, as far as edits reach where that can tell; and the state that this leaves, if it is kept."""
    if last is not None:
        compiled = _compile_changes(asked, last, documents)
        state = copy_of(last.state)
        if compiled is not None and update(state, last.tree, asked.config.output, last.changed):
            state.started = state.made = started
            state.renewed = False
            return compiled, state
    from skillweave.build import compile_project  # noqa: PLC0415 (the compiler is imported only where it is needed)

    compiled = compile_project(
        asked.config, asked.wanted, strict=asked.strict, progress=asked.progress, documents=documents
    )
    key = key_here(asked.config.root, asked.key) if asked.keeps and prepare_folder(asked.config.root) else None
    return compiled, record(key, compiled.tree, started, asked.config.output) if key else None


def _compile_changes(asked: Asked, last: Last, documents: Documents) -> Compiled | None:
    from skillweave.parts import from_json  # noqa: PLC0415 (the compiler is imported only where it is needed)
    from skillweave.recompile import Edits, recompile  # noqa: PLC0415

    memory = asked.memory
    project, files = None, {}
    if memory is not None and memory.state is last.state and memory.parts is not None:
        parts, project, files = memory.parts, memory.project, memory.files
        # Until this run is through, what is known is neither the old nor the new.
        memory.state = memory.parts = None
    else:
        kept = load_parts(asked.config.root, last.state)
        if kept is None:
            return None
        try:
            parts = from_json(kept)
        except MISSHAPED:
            return None
    edits = Edits(last.changed, frozenset(last.state.pending), parts, last.tree, project, files)
    return recompile(asked.config, edits, documents, strict=asked.strict)


def documents_of(asked: Asked) -> Documents:
    from skillweave.cache import Documents  # noqa: PLC0415
    from skillweave.store import fetch  # noqa: PLC0415 (only where something may have to be parsed)

    root = asked.config.root
    key = key_here(root, parser_key())
    memory = asked.memory.documents if asked.memory is not None else None
    return Documents((lambda digests: fetch(root, key, digests)) if asked.cached else None, memory)
