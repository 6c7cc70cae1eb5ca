"""Bundles as values: what one entry publishes, and its record in the lock file."""

from __future__ import annotations

from skillweave.lock import Record
from skillweave.record import NamedTuple
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.links.site import PlannedPage
    from skillweave.project import Entry
    from skillweave.rules.size import Size
    from skillweave.source import SourcePath


DOCUMENT_MODE = 0o644
"""The mode of compiled documents: they are never executable."""


class Output(NamedTuple):
    """One file to publish: its path below the output folder, its bytes, and its mode (0o644, or 0o755 if executable)."""

    path: str
    data: bytes
    mode: int


class Bundle(NamedTuple):
    """All that one entry publishes, and the digest of every file that went into it."""

    entry: Entry
    outputs: tuple[Output, ...]
    inputs: Mapping[str, str]
    pages: Mapping[str, PlannedPage]
    """The compiled documents among the outputs, by their path below the output folder."""
    copied: Mapping[str, SourcePath]
    """The source of each file that is copied byte for byte, by its path below the output folder."""
    size: Size | None
    """The largest size that a skill can have, judged by its sources; None if the entry is no skill."""


def record_of(bundle: Bundle) -> Record:
    """The lock file's record of a bundle: the digests of its inputs and outputs."""
    return Record(bundle.inputs, {output.path: digest(output.data) for output in bundle.outputs})
