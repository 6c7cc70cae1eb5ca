"""Parsed documents on the disk, by the digest of their text: in `.skillweave/documents/`, a file for each two first digits.

So a run reads and writes those that it needs, and few others. A bad, foreign or old file is an empty one, and of two runs
that write one file the last one wins: either costs time only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.cachedir import FOLDER, key_here, prepare_folder
from skillweave.saved import DOCUMENTS
from skillweave.sealed import read_json, write_json
from skillweave.state import parser_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

DIGITS = 2
SLACK = 2
"""How many times as many documents a file may keep as the last whole run used: those of another branch come back."""


def fetcher(root: Path) -> Callable[[Iterable[str]], Mapping[str, str]]:
    """What gets the documents that earlier builds of a project have parsed with the parser that is here now, by digest."""
    key = key_here(root, parser_key())
    return lambda digests: fetch(root, key, digests)


def fetch(root: Path, key: str | None, digests: Iterable[str]) -> dict[str, str]:
    """The documents of some texts, as they are stored, by digest; those that are not there are left out.

    Without a key there is no cache of this machine, and nothing that is there is believed.
    """
    found: dict[str, str] = {}
    if key is None:
        return found
    for name, wanted in _by_file(digests).items():
        kept = _load(root, key, name)
        found.update({digest: kept[digest] for digest in wanted if digest in kept})
    return found


def keep(root: Path, key: str | None, documents: Mapping[str, str], used: Collection[str] | None = None) -> None:
    """Add documents. Where all digests that a run used are given, and far more are kept, the others go."""
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
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
