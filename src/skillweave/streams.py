"""Text written to the streams of a process, whatever their encoding. Loads nothing: `replay` runs before all else."""

from __future__ import annotations

TYPE_CHECKING = False  # typing has it, too, and takes longer to load than all else here.
if TYPE_CHECKING:
    from typing import TextIO


def put(stream: TextIO, text: str) -> None:
    """Write a text; what the stream's encoding lacks is written as an escape. Raises OSError."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
