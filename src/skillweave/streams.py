"""Writes text to streams of any encoding. Imports nothing, because `replay` uses it before anything else is loaded."""

from __future__ import annotations

TYPE_CHECKING = False  # typing has this constant too, but takes longer to load than everything else here.
if TYPE_CHECKING:
    from typing import TextIO


def put(stream: TextIO, text: str) -> None:
    """Write a text; characters that the stream's encoding lacks are written as escapes. Raises OSError."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
