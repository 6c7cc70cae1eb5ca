"""Builds and checks that do again only what something has changed for, and say the same as a clean one.

Three steps, each of which only saves time: where nothing has changed since the last run, what it said is said again; where
something has, the documents of unchanged texts are taken from the cache; and what comes out equal is not written again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from skillweave.cache import Documents, parser_key, plain, rebuilt
from skillweave.diagnostics import Diagnostic
from skillweave.files import Tree
from skillweave.project import hidden_roots
from skillweave.state import (
    load_documents,
    load_state,
    now,
    outputs_unchanged,
    record,
    record_outputs,
    refreshed,
    save_documents,
    save_state,
    sources_unchanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from skillweave.build import Compiled
    from skillweave.config import Config
    from skillweave.depfile import Needs
    from skillweave.emit import Lock
    from skillweave.parse import Document
    from skillweave.publish import Published
    from skillweave.state import State


class Named(NamedTuple):
    """An entry as a report names it. `good`: it has no error."""

    path: str
    id: str
    kind: str
    good: bool


@dataclass(frozen=True, slots=True)
class Outcome:
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


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is asked for."""

    config: Config
    wanted: tuple[str, ...] = ()
    strict: bool = False
    cached: bool = True
    """Whether the cache may be used, and is kept."""
    progress: Callable[[int, int], None] | None = None
    memory: dict[str, Document] | None = None
    """Documents by the digest of their text, for who builds again and again in one process."""
    needs: bool = False
    """Whether a build is to tell what the entries are made of."""

    @property
    def key(self) -> str:
        """What a state depends on besides files."""
        return f"{parser_key()}; strict {self.strict}; {self.config!r}"

    @property
    def output(self) -> Path:
        return self.config.root / self.config.output


def check(asked: Asked) -> Outcome:
    """Find every mistake, and write nothing but the cache."""
    started = now()
    state = _unchanged(asked)
    if state is not None:
        _refresh(asked, state, started)
        return _said(state)
    from skillweave.build import compile_project  # noqa: PLC0415 (the compiler is imported only where it is needed)

    documents = _documents(asked)
    compiled = compile_project(
        asked.config, asked.wanted, strict=asked.strict, progress=asked.progress, documents=documents
    )
    outcome = _outcome(compiled, compiled.diagnostics)
    if asked.cached and not asked.wanted:
        state = record(asked.key, compiled.tree, started, asked.config.output)
        _keep(asked, state, outcome, documents)
    return outcome


def build(asked: Asked) -> Outcome:
    """Find every mistake, and publish every bundle that has none."""
    started = now()
    state = None if asked.needs else _unchanged(asked)
    if state is not None and state.published and outputs_unchanged(state, asked.output):
        _refresh(asked, state, started)
        outcome = _said(state)
        return replace(outcome, unchanged=tuple(entry.path for entry in outcome.entries if entry.good))
    from skillweave.publish import alone_if_there  # noqa: PLC0415 (the compiler only where it is needed)

    # Held from before the first source is read: a build that read older ones must not publish after a newer one.
    with alone_if_there(asked.output, asked.config.output) as is_held:
        return _build(asked, started, is_held=is_held)


def _build(asked: Asked, started: int, *, is_held: bool) -> Outcome:
    from skillweave.build import compile_project, request_of  # noqa: PLC0415 (the compiler only where it is needed)
    from skillweave.depfile import needs_of  # noqa: PLC0415
    from skillweave.publish import load_lock, publish, publish_held, published_files  # noqa: PLC0415

    documents = _documents(asked)
    compiled = compile_project(
        asked.config, asked.wanted, strict=asked.strict, progress=asked.progress, documents=documents
    )
    before = load_lock(asked.output)
    request = request_of(asked.config, compiled)
    published = publish_held(request) if is_held else publish(request)
    diagnostics = tuple(sorted([*compiled.diagnostics, *published.diagnostics], key=Diagnostic.sort_key))
    outcome = replace(
        _outcome(compiled, diagnostics),
        changed=tuple(published.changed),
        unchanged=tuple(published.unchanged),
        removed=tuple(published.removed),
        reasons=_reasons(compiled, published, before),
        needs=needs_of(compiled) if asked.needs else (),
    )
    if asked.cached and not asked.wanted:
        state = record(asked.key, compiled.tree, started, asked.config.output)
        if not published.diagnostics:
            record_outputs(state, asked.output, published_files(asked.output))
        _keep(asked, state, outcome, documents)
    return outcome


def _unchanged(asked: Asked) -> State | None:
    """The state of the last run, if nothing that it read has changed."""
    if not asked.cached or asked.wanted:
        return None
    state = load_state(asked.config.root, asked.key)
    if state is None:
        return None
    return (
        state
        if sources_unchanged(state, Tree(asked.config.root, hidden_roots(asked.config)), asked.config.output)
        else None
    )


def _refresh(asked: Asked, state: State, started: int) -> None:
    """Keep newer stamps where contents had to be read, so that the next run need not."""
    if state.unsettled:
        save_state(asked.config.root, refreshed(state, asked.config.root, asked.output, started))


def _documents(asked: Asked) -> Documents:
    if asked.memory:
        return Documents({}, asked.memory, is_whole=False)
    return Documents(load_documents(asked.config.root, parser_key()) if asked.cached else {}, asked.memory)


def _keep(asked: Asked, state: State, outcome: Outcome, documents: Documents) -> None:
    """Keep what the next run can use."""
    state.result = {
        "entries": [list(entry) for entry in outcome.entries],
        "files": outcome.files,
        "diagnostics": plain(outcome.diagnostics),
    }
    save_state(asked.config.root, state)
    documents.forget_others()
    if documents.is_whole and (documents.fresh or documents.used.keys() != documents.kept):
        save_documents(asked.config.root, parser_key(), documents.all())


def _outcome(compiled: Compiled, diagnostics: tuple[Diagnostic, ...]) -> Outcome:
    good = {bundle.entry.path for bundle in compiled.bundles}
    entries = tuple(
        Named(str(entry.path), entry.id, entry.kind, entry.path in good) for entry in compiled.project.entries
    )
    return Outcome(entries, len(compiled.entries), len(compiled.graph.files), diagnostics)


def _said(state: State) -> Outcome:
    """What the last run said."""
    result = state.result
    entries = tuple(Named(*entry) for entry in result["entries"])
    return Outcome(entries, len(entries), result["files"], rebuilt(tuple[Diagnostic, ...], result["diagnostics"]))


def _reasons(compiled: Compiled, published: Published, before: Lock) -> tuple[tuple[str, str], ...]:
    """Why each entry was written, from what the lock file said of its inputs before."""
    inputs = {str(bundle.entry.path): bundle.inputs for bundle in compiled.bundles}
    return tuple(
        (path, _reason(inputs[path], before[path].inputs if path in before else None)) for path in published.changed
    )


def _reason(after: Mapping[str, str], before: Mapping[str, str] | None) -> str:
    if before is None:
        return "it has not been built before"
    changed = sorted(path for path in after if before.get(path, after[path]) != after[path])
    added = sorted(set(after) - set(before))
    gone = sorted(set(before) - set(after))
    parts = [
        f"{', '.join(paths[:4])}{f' and {len(paths) - 4} more' if len(paths) > 4 else ''} {verb}"
        for paths, verb in ((changed, "changed"), (added, "came in"), (gone, "went out"))
        if paths
    ]
    return "; ".join(parts) or "what was published was changed or is another version's"
