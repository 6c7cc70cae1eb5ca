"""The Markdown parse: the only package that imports markdown_it, and only once something needs the parser."""

from __future__ import annotations

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.markdown.values import Block, Reading


def read(text: str) -> Reading:
    """Read everything that a text (without front matter) says, as CommonMark with GFM tables and footnotes."""
    from skillweave.markdown import reading  # noqa: PLC0415 (this loads the parser)

    return reading.read(text)


def read_blocks(text: str) -> list[Block]:
    """Read only the blocks of a text; no directive is recognised."""
    from skillweave.markdown import reading  # noqa: PLC0415 (this loads the parser)

    return reading.read_blocks(text)


def render(text: str, references: dict[str, dict[str, str]] | None = None) -> str:
    """The HTML of a text, as a renderer that knows no directives makes it. `references` has the `href` and `title` of
    labels that are defined elsewhere.
    """
    from skillweave.markdown import reading  # noqa: PLC0415 (this loads the parser)

    return reading.render(text, references or {})
