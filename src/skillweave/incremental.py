"""Builds and checks that do again only what something has changed for, and say the same as a clean one.

Each step only saves time. Where nothing has changed since the last run, what it said is said again; where contents of files
have, what they do not reach is taken from it; the documents of unchanged texts come from the cache; and what comes out
equal is not written again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from skillweave.cachedir import key_here, prepare_folder
from skillweave.config import hidden_roots
from skillweave.diagnostics import DUPLICATE_SKILL, Diagnostic, Severity
from skillweave.files import Tree
from skillweave.state import (
    State,
    changed_files,
    copy_of,
    forget_outputs,
    load_parts,
    load_state,
    now,
    outputs_unchanged,
    parser_key,
    record,
    record_outputs,
    save_parts,
    save_state,
    state_id,
    update,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skillweave.build import Compiled
    from skillweave.cache import Documents
    from skillweave.config import Config
    from skillweave.depfile import Needs
    from skillweave.document import Document
    from skillweave.emit import Ledger, Record
    from skillweave.files import Found
    from skillweave.parts import Parts
    from skillweave.project import Project
    from skillweave.publish import Published
    from skillweave.source import SourcePath


MISSHAPED = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""What reading raises of JSON that is none of ours: it is the cache of another version, or somebody edited it."""


class Superseded(Exception):  # noqa: N818 (nothing has failed)
    """A build was given up before it published anything, as `Asked.hold` said; nothing that is remembered has changed."""


class Named(NamedTuple):
    """An entry as a report names it. `good`: it has no error."""

    path: str
    id: str
    kind: str
    good: bool


class Outcome(NamedTuple):
    """What a build or a check found and did: all that is told of it."""

    entries: tuple[Named, ...]
    """All entries of the project."""
    asked: int
    """How many of them were asked for."""
    files: int
    diagnostics: tuple[Diagnostic, ...]
    changed: tuple[str, ...] = ()
    """The entries that were written, by path; likewise the next two."""
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    """Why an entry was written: its path, and a clause."""
    needs: tuple[Needs, ...] = ()
    """What the entries that were asked for are made of, where that was asked for."""
    repeats: State | None = None
    """The state of the run that said all this, where nothing has changed since."""

    @property
    def failed(self) -> int:
        """How many were asked for and have an error; a skill whose id another one has is none of the entries."""
        refused = sum(d.code is DUPLICATE_SKILL and d.severity is Severity.ERROR for d in self.diagnostics)
        return self.asked - len(self.changed) - len(self.unchanged) + refused


@dataclass(slots=True)
class Memory:
    """What a process that builds again and again knows from its last run."""

    documents: dict[str, Document] = field(default_factory=dict)
    """By the digest of their text."""
    state: State | None = None
    parts: Parts | None = None
    """Those of `state`."""
    project: Project | None = None
    """That of `state`, too."""
    found: dict[str, Found] = field(default_factory=dict)
    """What was looked up for it: where no folder and no symlink has changed, that holds still."""
    ledger: Ledger | None = None
    fresh: dict[str, str | Document] = field(default_factory=dict)
    """The documents that no file holds yet."""


class Asked(NamedTuple):
    """What a run is asked for."""

    config: Config
    wanted: tuple[str, ...] = ()
    strict: bool = False
    cached: bool = True
    """Whether the cache may be used, and is kept."""
    progress: Callable[[int, int], None] | None = None
    memory: Memory | None = None
    """For who builds again and again in one process, and calls `save` in between."""
    needs: bool = False
    """Whether a build is to tell what the entries are made of."""
    hold: Callable[[], bool] | None = None
    """Asked before anything is published: whether that is still wanted. It may take its time."""

    @property
    def key(self) -> str:
        """What a state depends on besides files."""
        return f"{parser_key()}; strict {self.strict}; {self.config!r}"

    @property
    def output(self) -> Path:
        return self.config.root / self.config.output

    @property
    def keeps(self) -> bool:
        """Whether what this run finds out is kept for the next: it is that of all entries."""
        return self.cached and not self.wanted


class _Last(NamedTuple):
    """The last run, as far as this one can build on it."""

    state: State
    tree: Tree
    """Found to list what the last run saw."""
    changed: frozenset[SourcePath]
    """The files that have another content now."""


def check(asked: Asked) -> Outcome:
    """Find every mistake, and write nothing but the cache."""
    started = now()
    last = _last(asked, started)
    said = _said(last.state) if last is not None and not last.changed else None
    if last is not None and said is not None:
        _renew(asked, last.state, started)
        return said
    documents = _documents(asked)
    compiled, state = _compile(asked, last, documents, started)
    outcome = _outcome(compiled, compiled.diagnostics, len(compiled.parts.bundles))
    if state is not None:
        state.pending = sorted({*state.pending, *(str(entry.path) for entry in compiled.entries)})
        _keep(asked, state, compiled, outcome, documents)
    return outcome


def build(asked: Asked) -> Outcome:
    """Find every mistake, and publish every bundle that has none. Raises Superseded if that is not wanted any more."""
    started = now()
    saved = state_id(asked.config.root)
    last = None if asked.needs else _last_published(asked, started)
    said = _said(last.state) if last is not None and not _is_more_to_do(last) else None
    if last is not None and said is not None:
        _renew(asked, last.state, started)
        return said._replace(unchanged=tuple(entry.path for entry in said.entries if entry.good))
    from skillweave.publish import alone_if_there  # noqa: PLC0415 (the compiler only where it is needed)

    # Held from before the first source is read: a build that read older ones must not publish after a newer one.
    with alone_if_there(asked.output) as is_held:
        if last is not None and state_id(asked.config.root) != saved:
            # Another build was at work until we got hold of the folder.
            last = _last_published(asked, started)
        outcome = _build(asked, last if is_held else None, started, is_held=is_held)
        asked = asked._replace(hold=None)
        if asked.memory is None or last is None or _holds(asked, asked.memory.state, now()):
            return outcome
        return _both(outcome, _build(asked, None, started, is_held=is_held))


def save(asked: Asked) -> None:
    """Write what the memory of a process holds to the cache, for other processes."""
    memory = asked.memory
    if memory is None or memory.state is None or memory.parts is None or not asked.keeps:
        return
    from skillweave.cache import stored  # noqa: PLC0415
    from skillweave.parts import to_json  # noqa: PLC0415
    from skillweave.store import keep  # noqa: PLC0415

    root = asked.config.root
    keep(root, key_here(root, parser_key()), stored(memory.fresh))
    memory.fresh.clear()
    save_parts(root, memory.state, to_json(memory.parts))
    save_state(root, memory.state)


def _build(asked: Asked, last: _Last | None, started: int, *, is_held: bool) -> Outcome:
    from skillweave.build import request_of  # noqa: PLC0415 (the compiler only where it is needed)
    from skillweave.emit import Ledger  # noqa: PLC0415
    from skillweave.publish import publish, publish_held  # noqa: PLC0415

    documents = _documents(asked)
    before = (asked.memory.state, asked.memory.parts) if asked.memory is not None else None
    compiled, state = _compile(asked, last, documents, started)
    if asked.hold is not None and not asked.hold():
        if asked.memory is not None and before is not None:
            asked.memory.state, asked.memory.parts = before
        raise Superseded
    request = request_of(asked.config, compiled)
    if asked.memory is not None:
        asked.memory.ledger = asked.memory.ledger or Ledger()
        request = request._replace(ledger=asked.memory.ledger)
    published = publish_held(request) if is_held else publish(request)
    diagnostics = tuple(sorted([*compiled.diagnostics, *published.diagnostics], key=Diagnostic.sort_key))
    worked_out = {str(entry.path) for entry in compiled.entries}
    others = [path for path, known in compiled.parts.bundles.items() if known.good and path not in worked_out]
    outcome = _outcome(compiled, diagnostics, len(compiled.parts.bundles))._replace(
        changed=tuple(published.changed),
        unchanged=tuple(sorted([*published.unchanged, *others])),
        removed=tuple(published.removed),
        reasons=_reasons(published),
    )
    if asked.needs:
        from skillweave.depfile import needs_of  # noqa: PLC0415

        outcome = outcome._replace(needs=needs_of(compiled))
    if state is not None:
        _record_published(asked, state, compiled, published)
        # What stands in the way of outputs is for a build to say: a check of the same sources does not look at them.
        _keep(asked, state, compiled, outcome._replace(diagnostics=compiled.diagnostics), documents)
    return outcome


def _last(asked: Asked, started: int) -> _Last | None:
    """The last run and what has changed since; None if it cannot be built on."""
    if not asked.keeps:
        return None
    root = asked.config.root
    state = asked.memory.state if asked.memory is not None else None
    if state is None or state.key != key_here(root, asked.key):
        state = load_state(root, asked.key)
    if state is None:
        return None
    tree = Tree(root, hidden_roots(asked.config))
    try:
        changed = changed_files(state, tree, asked.config.output, started)
    except MISSHAPED:
        return None
    if changed is None:
        return None
    if asked.memory is not None and asked.memory.state is state:
        tree.known.update(asked.memory.found)
    return _Last(state, tree, changed)


def _last_published(asked: Asked, started: int) -> _Last | None:
    """The last run, if what it published is there as it was.

    Who builds again and again waits for what edits reach, and looks at everything else afterwards.
    """
    last = _last(asked, started)
    if last is None or not last.state.published:
        return None
    is_later = asked.memory is not None and _is_more_to_do(last)
    return last if is_later or _holds(asked, last.state, started) else None


def _is_more_to_do(last: _Last) -> bool:
    return bool(last.changed or last.state.pending)


def _holds(asked: Asked, state: State | None, started: int) -> bool:
    """Whether all that was published is there as it was. Where something is in its way, the next build asks again."""
    try:
        return state is None or not state.published or outputs_unchanged(state, asked.output, started)
    except MISSHAPED:
        return False


def _both(first: Outcome, second: Outcome) -> Outcome:
    """What two builds of the same sources did."""
    changed = {*first.changed, *second.changed}
    return second._replace(
        changed=tuple(sorted(changed)),
        unchanged=tuple(path for path in second.unchanged if path not in changed),
        removed=(*first.removed, *second.removed),
        reasons=(*first.reasons, *second.reasons),
    )


def _renew(asked: Asked, state: State, started: int) -> None:
    """Keep newer stamps where contents had to be read, so that the next run need not."""
    if state.renewed:
        state.started, state.renewed = started, False
        save_state(asked.config.root, state)


def _compile(asked: Asked, last: _Last | None, documents: Documents, started: int) -> tuple[Compiled, State | None]:
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


def _compile_changes(asked: Asked, last: _Last, documents: Documents) -> Compiled | None:
    from skillweave.parts import from_json  # noqa: PLC0415 (the compiler is imported only where it is needed)
    from skillweave.recompile import Edits, recompile  # noqa: PLC0415

    memory = asked.memory
    project = None
    if memory is not None and memory.state is last.state and memory.parts is not None:
        parts, project = memory.parts, memory.project
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
    edits = Edits(last.changed, frozenset(last.state.pending), parts, last.tree, project)
    return recompile(asked.config, edits, documents, strict=asked.strict)


def _documents(asked: Asked) -> Documents:
    from skillweave.cache import Documents  # noqa: PLC0415
    from skillweave.store import fetch  # noqa: PLC0415 (only where something may have to be parsed)

    root = asked.config.root
    key = key_here(root, parser_key())
    memory = asked.memory.documents if asked.memory is not None else None
    return Documents((lambda digests: fetch(root, key, digests)) if asked.cached else None, memory)


def _record_published(asked: Asked, state: State, compiled: Compiled, published: Published) -> None:
    """Have a state say what is published now."""
    if published.diagnostics:
        state.published = False
        return
    if state.published:
        before = published.before
        written = published.files(published.changed)
        gone = {path for entry in published.changed if entry in before for path in before[entry].outputs}
        forget_outputs(state, asked.output, gone - written.keys())
        record_outputs(state, asked.output, written)
    else:
        record_outputs(state, asked.output, published.files(published.after))
    done = {str(entry.path) for entry in compiled.entries}
    state.pending = [path for path in state.pending if path not in done]


def _keep(asked: Asked, state: State, compiled: Compiled, outcome: Outcome, documents: Documents) -> None:
    """Keep what the next run can use."""
    from skillweave.cache import plain  # noqa: PLC0415

    state.result = {
        "entries": [list(entry) for entry in outcome.entries],
        "files": outcome.files,
        "diagnostics": plain(outcome.diagnostics),
    }
    if asked.memory is not None:
        documents.forget_others()
        asked.memory.state, asked.memory.parts, asked.memory.project = state, compiled.parts, compiled.project
        asked.memory.found = compiled.tree.known
        asked.memory.fresh.update(documents.fresh)
        return
    from skillweave.cache import stored  # noqa: PLC0415
    from skillweave.parts import to_json  # noqa: PLC0415
    from skillweave.store import keep  # noqa: PLC0415

    root = asked.config.root
    is_whole = len(compiled.graph.files) == outcome.files
    if documents.fresh:
        keep(root, key_here(root, parser_key()), stored(documents.fresh), documents.used if is_whole else None)
    save_parts(root, state, to_json(compiled.parts))
    save_state(root, state)


def _outcome(compiled: Compiled, diagnostics: tuple[Diagnostic, ...], asked: int) -> Outcome:
    good = {path for path, known in compiled.parts.bundles.items() if known.good}
    entries = tuple(
        Named(str(entry.path), entry.id, entry.kind, entry.path in good) for entry in compiled.project.entries
    )
    return Outcome(entries, asked, len(compiled.parts.links), diagnostics)


def _said(state: State) -> Outcome | None:
    """What the last run said; None if that cannot be read."""
    result = state.result
    diagnostics: tuple[Diagnostic, ...] = ()
    try:
        if result["diagnostics"]:
            from skillweave.cache import rebuilt  # noqa: PLC0415 (most often there is nothing to say)

            diagnostics = rebuilt(tuple[Diagnostic, ...], result["diagnostics"])
        entries = tuple(Named(*entry) for entry in result["entries"])
        return Outcome(entries, len(entries), result["files"], diagnostics, repeats=state)
    except MISSHAPED:
        return None


def _reasons(published: Published) -> tuple[tuple[str, str], ...]:
    """Why each entry was written, from what the lock file said of it before."""
    return tuple((path, _reason(published.after[path], published.before.get(path))) for path in published.changed)


def _reason(now: Record, last: Record | None) -> str:
    if last is None:
        return "it has not been built before"
    after, before = now.inputs, last.inputs
    changed = sorted(path for path in after if before.get(path, after[path]) != after[path])
    added = sorted(set(after) - set(before))
    gone = sorted(set(before) - set(after))
    parts = [
        f"{', '.join(paths[:4])}{f' and {len(paths) - 4} more' if len(paths) > 4 else ''} {verb}"
        for paths, verb in ((changed, "changed"), (added, "came in"), (gone, "went out"))
        if paths
    ]
    if parts:
        return "; ".join(parts)
    if now.outputs != last.outputs:
        return "no source changed, so the configuration or the version of skillweave did"
    # The lock file says nothing of modes.
    return "no source says anything else, so what was published was changed, or the mode of a source"
