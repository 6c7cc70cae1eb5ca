"""Parsed documents on disk, by the digest of their text: in `.skillweave/documents/`, a file for each two first digits.

A run therefore reads and writes few documents besides those that it needs. A bad, foreign or old file counts as empty,
and if two runs write the same file, the last one wins: either costs only time.
"""

from __future__ import annotations

from skillweave.cachedir import FOLDER, key_here, prepare_folder
from skillweave.saved import DOCUMENTS
from skillweave.sealed import UNREADABLE, read_json, write_json
from skillweave.state import parser_key
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

DIGITS = 2
SLACK = 2
"""A file may keep this many times as many documents as the last whole run used; those of another branch may be needed again."""


def fetcher(root: Path) -> Callable[[Iterable[str]], Mapping[str, str]]:
    """A function that fetches stored documents by digest, if the parser that stored them is the one installed now."""
    key = key_here(root, parser_key())
    return lambda digests: fetch(root, key, digests)


def fetch(root: Path, key: str | None, digests: Iterable[str]) -> dict[str, str]:
    """The stored documents with these digests; those that are not there are left out.

    Without a key, this machine has no cache, and nothing on disk is believed.
    """
    found: dict[str, str] = {}
    if key is None:
        return found
    for name, wanted in _by_file(digests).items():
        kept = _load(root, key, name)
        found.update({digest: kept[digest] for digest in wanted if digest in kept})
    return found


def keep(root: Path, key: str | None, documents: Mapping[str, str], used: Collection[str] | None = None) -> None:
    """Add documents to the store. If `used` has all digests that a run used, surplus documents are dropped from a file."""
    if not documents or not key or not prepare_folder(root, DOCUMENTS):
        return
    in_use = _by_file(used or ())
    for name, digests in _by_file(documents).items():
        kept = _load(root, key, name) | {digest: documents[digest] for digest in digests}
        if used is not None and len(kept) > SLACK * len(in_use[name]) + SLACK:
            kept = {digest: kept[digest] for digest in kept if digest in used}
        write_json(root / FOLDER / DOCUMENTS / f"{name}.json", {"key": key, "documents": kept})


def _by_file(digests: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for digest in digests:
        found.setdefault(digest[:DIGITS], []).append(digest)
    return found


def _load(root: Path, key: str, name: str) -> dict[str, str]:
    try:
        content = read_json(root / FOLDER / DOCUMENTS / f"{name}.json")
        kept: dict[str, str] = content["documents"] if content["key"] == key else {}
        return kept if all(isinstance(value, str) for value in kept.values()) else {}
    except UNREADABLE:
        return {}
