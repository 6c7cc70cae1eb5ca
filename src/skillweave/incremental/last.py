"""The last run: what it reported, and whether that still holds."""

from __future__ import annotations

from skillweave.beside import beside
from skillweave.cachedir import key_here
from skillweave.diagnostics import Diagnostic
from skillweave.files import tree_of
from skillweave.incremental.values import Asked, EntryResult, Outcome
from skillweave.record import NamedTuple
from skillweave.saved import load_state, save_state, size_of_state
from skillweave.sealed import MISSHAPED
from skillweave.typed import TYPE_CHECKING
from skillweave.unchanged import changed_files, outputs_unchanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from skillweave.files import Tree
    from skillweave.source import SourcePath
    from skillweave.state import Row, State


class Last(NamedTuple):
    """The last run, as far as this one can build on it."""

    state: State
    tree: Tree
    """Its folders list the same names that the last run saw."""
    changed: frozenset[SourcePath]
    """The files whose content has changed since."""
    as_of: int
    """When everything was looked at that is believed to be as it is in `state`: when this run started, or, if it looks at some
    files only, when the last one did.
    """
    is_published: Callable[[], bool] = lambda: False
    """Waits until it is known whether all outputs are there as they were published. Call it once at most."""


def last_run(asked: Asked, started: int) -> Last | None:
    """The last run and what has changed since; None if it cannot be built on. `started` is when this run started."""
    state = _kept(asked)
    return _since(asked, state, started) if state is not None else None


def last_published(asked: Asked, started: int) -> Last | None:
    """Like `last_run`, but None if its outputs are not published. Whether they are still there is found out in the meantime."""
    holds = _holds_beside(asked, started)
    state = _kept(asked)
    last = _since(asked, state, started) if state is not None and state.published else None
    if last is None:
        holds(state)  # a second process must be waited for, even if nobody needs its result
        return None
    return last._replace(is_published=lambda: holds(state))


def _kept(asked: Asked) -> State | None:
    """The state that the last run left; None if there is none, or if that run was asked for something else."""
    if not asked.keeps:
        return None
    state = asked.memory.state if asked.memory is not None else None
    if state is None or state.key != key_here(asked.config.root, asked.key):
        state = load_state(asked.config.root, asked.key)
        if state is not None and asked.memory is not None:
            asked.memory.begin_with(state)
    return state


def _since(asked: Asked, state: State, started: int) -> Last | None:
    """Find what has changed since a run; None if it cannot be built on."""
    tree = tree_of(asked.config)
    is_remembered = asked.memory is not None and asked.memory.state is state
    try:
        changed = changed_files(state, tree, asked.config.output, started, asked.only if is_remembered else None)
    except MISSHAPED:
        return None
    if changed is None:
        return None
    if asked.memory is not None and is_remembered:
        tree.known.update(asked.memory.found)
    return Last(state, tree, changed, started if asked.only is None else state.started)


def is_more_to_do(last: Last) -> bool:
    """Whether files have changed since the last run, or it left entries to be built."""
    return bool(last.changed or last.state.pending)


def is_still_published(asked: Asked, state: State | None, started: int) -> bool:
    """Whether everything that was published is still there unchanged. True, too, if something is in the way of outputs, as the
    next build looks at them anyway.
    """
    try:
        return state is None or not state.published or outputs_unchanged(state, asked.output, started)
    except MISSHAPED:
        return False


WORTH_A_PROCESS = 200_000
"""Up to this size of the saved state, in bytes, looking at all outputs takes less time than starting a second process."""


def _holds_beside(asked: Asked, started: int) -> Callable[[State | None], bool]:
    """Like `is_still_published`, but done by a second process if there is much to look at. The returned function waits for the
    result, given the state that this process has loaded.
    """
    # A process that builds repeatedly does not ask after an edit, so a second process would never be waited for.
    if asked.memory is not None or not asked.keeps or size_of_state(asked.config.root) <= WORTH_A_PROCESS:
        return lambda state: is_still_published(asked, state, started)

    def look() -> bytes:
        state = _kept(asked)  # loading it a second time takes less time than forking all that it consists of
        is_there = state is not None and state.published and is_still_published(asked, state, started)
        stamps = [row[0] for _, _, row in _outputs(state)] if is_there and state is not None and state.renewed else []
        return "\n".join([str(is_there), str(state and state.started), *stamps]).encode()

    found = beside(look)

    def result(state: State | None) -> bool:
        is_there, run, *stamps = found().decode().split("\n")
        if state is None or run != str(state.started):
            return False
        for (table, path, row), newer in zip(_outputs(state), stamps, strict=False):
            state.put(table, path, (newer, row[1]))
        state.renewed = state.renewed or bool(stamps)
        return is_there == str(True)

    return result


def _outputs(state: State) -> list[tuple[str, str, Row]]:
    """Every row of a state about outputs: the name of its table, its path, the row."""
    tables = (("output_folders", state.output_folders), ("outputs", state.outputs))
    return [(name, path, row) for name, rows in tables for path, row in rows.items()]


def renew(asked: Asked, state: State, started: int) -> None:
    """Save the newer stamps of files whose contents had to be read, so that the next run need not read them."""
    if state.renewed and asked.only is None:
        state.started, state.renewed = started, False
        save_state(asked.config.root, state)


def outcome_of(state: State) -> Outcome | None:
    """What the last run reported; None if that cannot be read."""
    result = state.result
    diagnostics: tuple[Diagnostic, ...] = ()
    try:
        if result["diagnostics"]:
            from skillweave.codec import rebuilt  # noqa: PLC0415 (most often there is nothing to say)

            diagnostics = rebuilt(tuple[Diagnostic, ...], result["diagnostics"])
        entries = tuple(EntryResult(*entry) for entry in result["entries"])
        return Outcome(entries, len(entries), result["files"], diagnostics, repeats=state)
    except MISSHAPED:
        return None
