"""Why entries were written."""

from __future__ import annotations

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.lock import Record
    from skillweave.publish import Published


def reasons_of(published: Published) -> tuple[tuple[str, str], ...]:
    """For each written entry, its path and why it was written, compared with what the lock file said about it before."""
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
        for paths, verb in ((changed, "changed"), (added, "added"), (gone, "removed"))
        if paths
    ]
    if parts:
        return "; ".join(parts)
    if now.outputs != last.outputs:
        return "no source changed, so the configuration or the version of skillweave did"
    # A changed mode leaves no trace in the lock file.
    return "no source text changed, so an output or the mode of a source did"
