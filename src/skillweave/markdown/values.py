"""The values that a reading of a text consists of. Places are offsets and lines, both from 0."""

from __future__ import annotations

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from skillweave.source import Edit, Span

    ContainerKind = Literal["item", "quote", "note"]
    BlockKind = Literal[
        "paragraph", "heading", "setext", "fence", "code", "html", "rule", "table", "definition", "directive"
    ]
    Fate = Literal["live", "escaped", "inert", "stray"]
    MarkKind = Literal[
        "live", "escape", "near", "code", "html", "link", "image", "use", "unresolved", "note", "soft", "hard"
    ]


IN_HTML = "in an HTML block"
"""The place of a stray directive in an HTML block; see `Opener.why`."""


class Container(NamedTuple):
    """A list item, block quote or footnote around a block, and its lines (half-open)."""

    kind: ContainerKind
    start: int
    end: int


class Segment(NamedTuple):
    """A piece of inline content, and where it stands: content is put together from the tails of lines, or from cells."""

    offset: int
    """Its offset in the content."""
    length: int
    at: int
    """Its offset in the text."""

    @property
    def end(self) -> int:
        """The offset in the text where it ends."""
        return self.at + self.length


Segments = tuple[Segment, ...]


class Block(NamedTuple):
    """A block that contains no other blocks.

    `level` is a heading's; `closed` is False for a fence or an HTML block that only the end of the text ends.
    """

    kind: BlockKind
    start: int
    end: int
    containers: tuple[Container, ...]
    level: int = 0
    closed: bool = True
    content: str = ""
    """Only for indented code, whose content depends on its indent."""

    def identity(self, lines: Sequence[str]) -> tuple[object, ...]:
        """What tells the block apart from others of the same lines. The ends of its containers do not count, nor do blank lines
        at its own end. In a quote, these have a `>`; elsewhere, a `>` is text, or a quote of its own.
        """
        end = self.end
        blanks = " \t>" if any(container.kind == "quote" for container in self.containers) else " \t"
        while end > self.start and not lines[end - 1].strip(blanks):
            end -= 1
        around = tuple((container.kind, container.start) for container in self.containers)
        return self.kind, self.start, end, around, self.content


class HeadingText(NamedTuple):
    """A heading's text without inline markup, and the span of its raw content."""

    block: Block
    text: str
    content: Span
    joints: tuple[Edit, ...] = ()
    """Edits that join the lines of a setext heading into one line that says the same."""


class Opener(NamedTuple):
    """A possible directive, and what the parse makes of it. `why` says in words where a stray one is."""

    span: Span
    fate: Fate
    near_miss: bool
    block: Block | None = None
    """Its own block, if it is alone on its line."""
    containers: tuple[Container, ...] = ()
    why: str = ""


class DefinitionMark(NamedTuple):
    """A link reference definition: its normalised label, its destination and title, its lines, and the destination's span."""

    label: str
    href: str
    title: str
    start: int
    end: int
    destination: Span


class Destination(NamedTuple):
    """A destination as written (without `<>`), of a link, an image, a definition, or an HTML attribute."""

    kind: Literal["link", "image", "definition", "html"]
    span: Span
    line: int


class LabelUse(NamedTuple):
    """A use of a label: `[text][label]`, which this text defines (`resolved`) or not, or `[^note]`."""

    label: str
    span: Span
    resolved: bool
    footnote: bool


class Footnote(NamedTuple):
    """A footnote definition: its normalised label and its lines."""

    label: str
    start: int
    end: int


class HtmlPiece(NamedTuple):
    """A run of HTML: its text without container prefixes, and the segments that map it to the whole text."""

    text: str
    segments: Segments
    block: bool


class Mark(NamedTuple):
    """What a rule took: `span` is all of it, `inner` what matters in it (a destination or a label)."""

    kind: MarkKind
    span: Span
    inner: Span | None = None
    value: str = ""


class Reading:
    """Everything that one text says."""

    def __init__(self, blocks: list[Block], definitions: list[DefinitionMark]) -> None:
        self.blocks = blocks
        self.headings: list[HeadingText] = []
        self.openers: list[Opener] = []
        self.destinations: list[Destination] = []
        self.definitions = definitions
        self.footnotes: list[Footnote] = []
        self.uses: list[LabelUse] = []
        self.html: list[HtmlPiece] = []
        self.code_spans: list[tuple[Span, str]] = []
        self.comment_lines: list[tuple[int, str]] = []
        """Lines that hold one HTML comment and nothing else, outside code, with the comment's text."""
        self.too_deep: int | None = None
        """The first line that is nested too deep to be read."""


class Inline(NamedTuple):
    """One run of inline content: its segments, what the rules noted in it, and the containers around it."""

    segments: Segments
    marks: list[Mark]
    containers: tuple[Container, ...]


class Walk:
    """A reading, with the inline runs that it was made from."""

    def __init__(self, reading: Reading, inlines: list[Inline]) -> None:
        self.reading = reading
        self.inlines = inlines
