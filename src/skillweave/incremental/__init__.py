"""Builds and checks that redo only what a change requires, and report the same as a clean run.

Each step only saves time. If nothing has changed since the last run, its report is repeated; if the contents of files have
changed, whatever they do not affect is taken from it; the documents of unchanged texts come from the cache; and an output that
comes out equal is not written again.
"""

from __future__ import annotations

from skillweave.alone import alone_if_there
from skillweave.diagnostics import Diagnostic
from skillweave.incremental.keeping import begin_places, keep_rewording, keep_run, record_published, save
from skillweave.incremental.last import (
    Last,
    is_more_to_do,
    is_still_published,
    last_published,
    last_run,
    outcome_of,
    renew,
)
from skillweave.incremental.reasons import reasons_of
from skillweave.incremental.values import Asked, EntryResult, Memory, Outcome, Superseded
from skillweave.incremental.work import compile_asked, documents_of
from skillweave.locking import is_locked
from skillweave.record import NamedTuple
from skillweave.state import State, copy_of, has_strays, now, update, written_lock
from skillweave.typed import TYPE_CHECKING
from skillweave.unchanged import lists_the_same

if TYPE_CHECKING:
    from skillweave.build import Compiled
    from skillweave.cache import Documents
    from skillweave.incremental.rewording import Rewording

__all__ = ["Asked", "Memory", "Outcome", "Superseded", "build", "check", "current", "save"]


def check(asked: Asked) -> Outcome:
    """Find every mistake, and write nothing but the cache."""
    started = now()
    last = last_run(asked, started)
    outcome = outcome_of(last.state) if last is not None and not last.changed else None
    if last is not None and outcome is not None:
        renew(asked, last.state, started)
        return outcome
    documents = documents_of(asked)
    compiled, state = compile_asked(asked, last, documents, started)
    outcome = _outcome(compiled, compiled.diagnostics)
    if state is not None:
        state.pending = sorted({*state.pending, *(str(entry.path) for entry in compiled.entries)})
        keep_run(asked, state, compiled, outcome, documents)
        # After a check of the whole project, the next build works everything out again anyway, and notes the places then.
        if last is not None:
            begin_places(asked, last, state, compiled)()
    return outcome


def current(asked: Asked) -> Outcome | None:
    """What a check reports if all outputs are there as they were published, and nothing else is.

    None if that is not so, or can only be found out by working out what the outputs should be.
    """
    started = now()
    last = last_published(asked, started)
    if last is None or not last.is_published():
        return None
    if is_more_to_do(last) or has_strays(last.state) or is_locked(str(asked.output)):
        return None
    outcome = outcome_of(last.state)
    renew(asked, last.state, started)
    return outcome


def build(asked: Asked) -> Outcome:
    """Find every mistake, and publish every bundle that has none. Raises Superseded if `asked.is_wanted` says to give up."""
    outcome = None
    while outcome is None:
        outcome = _build_alone(asked)
    return outcome


def _build_alone(asked: Asked) -> Outcome | None:
    """Build while holding the lock of the output folder. None if the folder did not exist yet and another build made it first:
    the caller then tries again.
    """
    # The lock is taken before the first source is read: a build that has read older sources must not publish after a newer one.
    with alone_if_there(asked.output) as is_locked:
        started = now()
        last = last_published(asked, started) if is_locked and not asked.needs else None
        if last is not None and not is_more_to_do(last):
            outcome = outcome_of(last.state)
            if last.is_published() and outcome is not None:
                renew(asked, last.state, started)
                return outcome._replace(unchanged=tuple(entry.path for entry in outcome.entries if entry.good))
            last = None
        outcome = _build(asked, last, started, is_locked=is_locked)
        if outcome is None:
            return None
        asked = asked._replace(is_wanted=None)
        # A process that builds repeatedly publishes what edits reach first, and checks everything else afterwards.
        if asked.memory is None or last is None or asked.only is not None:
            return outcome
        if is_still_published(asked, asked.memory.state, now()):
            return outcome
        again = _build(asked, None, started, is_locked=is_locked)
        return again and _both(outcome, again)


def _build(asked: Asked, last: Last | None, started: int, *, is_locked: bool) -> Outcome | None:
    """Build on the last run as far as that is possible; None if another first build came before this one."""
    if last is not None and asked.memory is not None and not _is_lock_ours(asked, last):
        last = None  # otherwise, records of entries that no edit reaches might be missing from the lock file
    if last is not None:
        from skillweave.incremental.rewording import reworded  # noqa: PLC0415 (only where there is something to publish)

        words = reworded(asked, last)
        if words is not None:
            outcome = _publish_words(asked, last, words, started) if _may_publish(asked, last, words) else None
            if outcome is not None:
                return outcome
            last = None
    work = _work_out(asked, last, started)
    if asked.memory is not None:
        outcome = _publish(asked, work, is_locked=is_locked)
        begin_places(asked, work.last, work.state, work.compiled)()
        return outcome
    noted = begin_places(asked, work.last, work.state, work.compiled)
    try:
        return _publish(asked, work, is_locked=is_locked)
    finally:
        noted()


class _Work(NamedTuple):
    """A compiled project, the state that it leaves (None if none is kept), and the run that it was built on."""

    compiled: Compiled
    state: State | None
    documents: Documents
    last: Last | None


def _work_out(asked: Asked, last: Last | None, started: int) -> _Work:
    """Compile what is to be published. Raises Superseded if `asked.is_wanted` no longer wants the build."""
    documents = documents_of(asked)
    before = (asked.memory.state, asked.memory.parts) if asked.memory is not None else None
    compiled, state = compile_asked(asked, last, documents, started)
    if last is not None and asked.memory is None and not last.is_published():
        last = None
        compiled, state = compile_asked(asked, last, documents, started)
    if asked.is_wanted is not None and not asked.is_wanted():
        if asked.memory is not None and before is not None:
            asked.memory.state, asked.memory.parts = before
        raise Superseded
    return _Work(compiled, state, documents, last)


def _may_publish(asked: Asked, last: Last, words: Rewording) -> bool:
    """Whether patched outputs may be published: all outputs are there as they were published.

    A process that builds repeatedly checks that only afterwards. For it, it is enough that nothing has appeared in the bundles
    that are about to be published.
    """
    if asked.memory is None:
        return last.is_published()
    paths = [output.path for outputs in words.rewriting.outputs.values() for output in outputs]
    return lists_the_same(last.state, asked.output, paths)


def _is_lock_ours(asked: Asked, last: Last) -> bool:
    """Whether the lock file is the one that the last run wrote."""
    from skillweave.publish import lock_digest  # noqa: PLC0415 (only where there is something to publish)

    return lock_digest(asked.output) == written_lock(last.state)


def _publish(asked: Asked, work: _Work, *, is_locked: bool) -> Outcome | None:
    """Publish what was compiled; None if another first build came before this one."""
    from skillweave.build import request_of  # noqa: PLC0415 (the compiler only where it is needed)
    from skillweave.lock import Ledger  # noqa: PLC0415
    from skillweave.publish import publish, publish_locked, removed_place  # noqa: PLC0415

    compiled, state, documents, last = work
    request = request_of(asked.config, compiled)
    ledger = Ledger(written_lock(last.state) if last is not None else "")
    if asked.memory is not None:
        ledger = asked.memory.ledger = asked.memory.ledger or ledger
    request = request._replace(ledger=ledger)
    published = publish_locked(request) if is_locked else publish(request)
    if published is None:
        return None
    diagnostics = tuple(sorted([*compiled.diagnostics, *published.diagnostics], key=Diagnostic.sort_key))
    worked_out = {str(entry.path) for entry in compiled.entries}
    others = [path for path, known in compiled.parts.bundles.items() if known.good and path not in worked_out]
    outcome = _outcome(compiled, diagnostics)._replace(
        changed=tuple(published.changed),
        unchanged=tuple(sorted([*published.unchanged, *others])),
        removed=tuple(removed_place(asked.output, source) for source in published.removed),
        reasons=reasons_of(published),
    )
    if asked.needs:
        from skillweave.depfile import needs_of  # noqa: PLC0415

        outcome = outcome._replace(needs=needs_of(compiled))
    if state is not None:
        record_published(asked, state, compiled.entries, published)
        # Only a build reports what stands in the way of outputs: a check of the same sources does not look at them.
        keep_run(asked, state, compiled, outcome._replace(diagnostics=compiled.diagnostics), documents)
    return outcome


def _publish_words(asked: Asked, last: Last, words: Rewording, started: int) -> Outcome | None:
    """Publish the outputs that an edit of running text changes. Everything else that the last run reported still holds. None if
    everything has to be worked out after all.
    """
    from skillweave.publish import rewrite_held  # noqa: PLC0415 (only where there is something to publish)

    outcome, state = words.outcome, copy_of(last.state)
    if not update(state, last.tree, asked.config.output, last.changed):
        return None
    if asked.is_wanted is not None and not asked.is_wanted():
        raise Superseded
    published = rewrite_held(words.rewriting)
    if published is None:
        return None
    state.started, state.worked, state.renewed = last.as_of, started, False
    record_published(asked, state, (), published)
    keep_rewording(asked, last, state, words.notes)
    changed = {*published.changed}
    return outcome._replace(
        diagnostics=tuple(sorted([*outcome.diagnostics, *published.diagnostics], key=Diagnostic.sort_key)),
        changed=tuple(published.changed),
        unchanged=tuple(sorted(entry.path for entry in outcome.entries if entry.good and entry.path not in changed)),
        reasons=reasons_of(published),
        repeats=None,
    )


def _both(first: Outcome, second: Outcome) -> Outcome:
    """The outcome of two consecutive builds of the same sources, as one."""
    changed = {*first.changed, *second.changed}
    return second._replace(
        changed=tuple(sorted(changed)),
        unchanged=tuple(path for path in second.unchanged if path not in changed),
        removed=(*first.removed, *second.removed),
        reasons=(*first.reasons, *(reason for reason in second.reasons if reason[0] not in first.changed)),
    )


def _outcome(compiled: Compiled, diagnostics: tuple[Diagnostic, ...]) -> Outcome:
    good = {path for path, known in compiled.parts.bundles.items() if known.good}
    entries = tuple(
        EntryResult(str(entry.path), entry.id, entry.kind, entry.path in good) for entry in compiled.project.entries
    )
    return Outcome(entries, len(compiled.parts.bundles), len(compiled.parts.edges), diagnostics)
