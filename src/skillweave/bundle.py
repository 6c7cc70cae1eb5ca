"""Bundles as values: what one entry publishes, and what the lock file will say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.lock import Record
from skillweave.record import NamedTuple
from skillweave.stamps import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.links.site import PlannedPage
    from skillweave.project import Entry
    from skillweave.rules.size import Size
    from skillweave.source import SourcePath


DOCUMENT_MODE = 0o644
"""The mode of what is compiled: a text is not run."""


class Output(NamedTuple):
    """One file to publish: its path below the output folder, its bytes, and whether it can be run."""

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
    copies: Mapping[str, SourcePath]
    """The files copied byte for byte, by the same."""
    size: Size | None
    """How long a skill is at most, as its sources have it; None of what is no skill."""


def record_of(bundle: Bundle) -> Record:
    """What the lock file will say of a bundle."""
    return Record(bundle.inputs, {output.path: digest(output.data) for output in bundle.outputs})
