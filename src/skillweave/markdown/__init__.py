"""The Markdown parse: the only package that imports markdown_it, and only once something takes the parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.markdown.values import Block, Reading


def read(text: str) -> Reading:
    """All that a text (without front matter) says, as CommonMark with GFM tables and footnotes."""
    from skillweave.markdown import reading  # noqa: PLC0415 (it loads the parser)

    return reading.read(text)


def read_blocks(text: str) -> list[Block]:
    """Only its blocks; no directive is recognised."""
    from skillweave.markdown import reading  # noqa: PLC0415 (it loads the parser)

    return reading.read_blocks(text)


def render(text: str) -> str:
    """The HTML that any renderer makes of it."""
    from skillweave.markdown import reading  # noqa: PLC0415 (it loads the parser)

    return reading.render(text)
