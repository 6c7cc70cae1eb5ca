"""JSON files of the cache, each under a checksum: one that is not as it was written is not believed."""

from __future__ import annotations

import json

from skillweave.cachedir import read_whole, write_whole
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

_SEAL = 64
"""The length of the checksum, in hexadecimal. It has a line of its own."""


MISSHAPED = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
"""The errors raised by taking JSON for what we write if it is not: it is from another version, or somebody edited it."""
UNREADABLE = (OSError, *MISSHAPED)
"""The errors raised by reading such a file and taking it for what we write."""


def read_json(path: Path) -> Any:  # noqa: ANN401 (JSON)
    """Read a JSON file of the cache. Raises ValueError if it is damaged, or OSError, also if it is not a regular file."""
    data = memoryview(read_whole(f"{path}"))
    text = data[_SEAL + 1 :]
    if bytes(data[: _SEAL + 1]) != f"{digest(text)}\n".encode():
        raise ValueError(f"{path} is not as it was written")
    return json.loads(str(text, "utf-8", "surrogatepass"))


def write_json(path: Path, content: object) -> None:
    """Write a JSON file of the cache, whole or not at all. A failure of the disk is ignored.

    Raises TypeError if JSON cannot express the content.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    write_whole(f"{path}", f"{digest(text)}\n".encode(), text)
