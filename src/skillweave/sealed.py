"""JSON files of the cache, each under a checksum: one that is not as it was written is not believed."""

from __future__ import annotations

import json

from skillweave.cachedir import read_whole, write_whole
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def read_json(path: Path) -> Any:  # noqa: ANN401 (JSON)
    """Read a JSON file of the cache. Raises ValueError if it is damaged, or OSError, also if it is not a regular file."""
    seal, _, text = read_whole(f"{path}").partition(b"\n")
    if seal != digest(text).encode():
        message = f"{path} is not as it was written"
        raise ValueError(message)
    return json.loads(text)


def write_json(path: Path, content: object) -> None:
    """Write a JSON file of the cache, whole or not at all. A failure of the disk is ignored.

    Raises TypeError if JSON cannot express the content.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    write_whole(f"{path}", digest(text).encode() + b"\n" + text)
