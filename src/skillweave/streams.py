"""Writes text to streams of any encoding. Imports nothing, because `replay` uses it before anything else is loaded."""

from __future__ import annotations

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO


def put(stream: TextIO, text: str) -> None:
    """Write a text; characters that the stream's encoding lacks are written as escapes. Raises OSError."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
