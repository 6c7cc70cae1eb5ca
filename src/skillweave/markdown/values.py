"""What a reading of a text consists of: blocks, containers, openers, destinations. Places are offsets and lines from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from skillweave.record import NamedTuple

if TYPE_CHECKING:
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
"""Where a directive may be that is read as text."""


class Container(NamedTuple):
    """A list item, a block quote or a footnote around a block, and the lines it takes."""

    kind: ContainerKind
    start: int
    end: int


class Block(NamedTuple):
    """A block that holds no blocks. `level` is a heading's; `closed` says whether a fence or an HTML block ends by itself."""

    kind: BlockKind
    start: int
    end: int
    containers: tuple[Container, ...]
    level: int = 0
    closed: bool = True
    content: str = ""
    """Of indented code: what its indent decides."""


class HeadingText(NamedTuple):
    """A heading's text without inline markup, and the span of its raw content."""

    block: Block
    text: str
    content: Span
    joints: tuple[Edit, ...] = ()
    """What puts the lines of a setext heading on one, without that it says anything else."""


class Opener(NamedTuple):
    """A possible directive and what the parse makes of it. `why` names the place of a stray one."""

    span: Span
    fate: Fate
    near_miss: bool
    block: Block | None = None
    """The block of its own that it is, if it stands alone."""
    containers: tuple[Container, ...] = ()
    why: str = ""


class DefinitionMark(NamedTuple):
    """A link reference definition: its normalised label, what it says, and where its destination stands."""

    label: str
    href: str
    title: str
    start: int
    end: int
    destination: Span


class Destination(NamedTuple):
    """A link's destination as written (without `<>`), from a link, an image, a definition, or an HTML attribute."""

    kind: Literal["link", "image", "definition", "html"]
    span: Span
    line: int


class LabelUse(NamedTuple):
    """A `[text][label]` that this text defines (`resolved`), or does not; or a `[^note]`."""

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
    """A run of HTML: its text without container prefixes, and where each part of it stands."""

    text: str
    segments: tuple[tuple[int, int, int], ...]
    block: bool


class Mark(NamedTuple):
    """What a rule took: `span` of all of it; `inner` of what matters in it (a destination, a label)."""

    kind: MarkKind
    span: Span
    inner: Span | None = None
    value: str = ""


class Reading:
    """All that one text says."""

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
    """One run of inline content: where its parts stand, what its rules noted, and what it lies in."""

    segments: tuple[tuple[int, int, int], ...]
    marks: list[Mark]
    containers: tuple[Container, ...]


class Walk:
    """A reading with the inline runs that it was made from."""

    def __init__(self, reading: Reading, inlines: list[Inline]) -> None:
        self.reading = reading
        self.inlines = inlines
