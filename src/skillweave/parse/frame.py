"""A text without some of its lines, and the way back to the whole."""

from __future__ import annotations

from skillweave.markdown.values import Block, Container
from skillweave.source import LineIndex, Span


class Frame:
    """A text made of some lines of another one.

    Its methods convert lines, offsets and spans of it to those of the whole text.
    """

    def __init__(self, index: LineIndex, kept: list[int]) -> None:
        self.line_index = index
        self.kept = kept
        self.is_whole = len(kept) == len(index.starts)
        """Whether all places are the same in both texts."""
        self.text = index.text if self.is_whole else "\n".join(index.line(line) for line in kept)
        self.own = index if self.is_whole else LineIndex(self.text)

    @classmethod
    def whole(cls, index: LineIndex) -> Frame:
        """A frame with all lines, so that no place changes."""
        return cls(index, [*range(len(index.starts))])

    def line(self, line: int) -> int:
        return self.kept[line] if line < len(self.kept) else len(self.line_index.starts)

    def offset(self, offset: int) -> int:
        if self.is_whole:
            return offset
        line = self.own.line_of(offset)
        return self.line_index.starts[self.kept[line]] + offset - self.own.starts[line]

    def span(self, span: Span) -> Span:
        if self.is_whole:
            return span
        return Span(self.offset(span.start), self.offset(span.end))

    def block(self, block: Block) -> Block:
        if self.is_whole:
            return block
        return block._replace(
            start=self.line(block.start), end=self.line(block.end - 1) + 1, containers=self.containers(block.containers)
        )

    def containers(self, containers: tuple[Container, ...]) -> tuple[Container, ...]:
        if self.is_whole:
            return containers
        return tuple(Container(c.kind, self.line(c.start), self.line(c.end - 1) + 1) for c in containers)
