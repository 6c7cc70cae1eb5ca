"""A document: what one text says before any other file is looked at. Places are offsets and lines (from 0) of the text."""

from __future__ import annotations

from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.diagnostics import Problem
    from skillweave.directive.values import Directive
    from skillweave.front_matter.values import FrontMatter, Param
    from skillweave.markdown.values import Block, Container, Destination, LabelUse
    from skillweave.source import Edit, Span
    from skillweave.suppress import Ignore


class Heading(NamedTuple):
    """A heading: its lines, its text without inline markup, and the names that it answers to."""

    start: int
    end: int
    level: int
    setext: bool
    text: str
    slug: str
    id: str | None
    content: Span
    id_span: Span | None
    """The explicit `{#id}`, with the blanks before it."""
    containers: tuple[Container, ...]
    joints: tuple[Edit, ...]
    """Edits that join the lines of a setext heading into one line that says the same."""


class Region(NamedTuple):
    """The lines between two markers, half-open and without the markers."""

    name: str
    start: int
    end: int


class PlacedDirective(NamedTuple):
    """A live directive and its line. `prefix` is what precedes it on that line if it is a block of its own, else None."""

    directive: Directive
    line: int
    prefix: str | None
    containers: tuple[Container, ...]


class Definition(NamedTuple):
    """A link reference definition or a footnote: its normalised label, its meaning, and its lines."""

    label: str
    meaning: tuple[str, ...]
    start: int
    end: int
    footnote: bool


class Document(NamedTuple):
    """What one text says. Spans are offsets into the text; lines count from 0."""

    lines: int
    front_matter: Span | None
    """The text between the two `---` lines."""
    fields: FrontMatter | None
    """The fields of the front matter; None if there is none."""
    params: tuple[Param, ...] | None
    """The parameters that the front matter declares, or None. Declaring them is what makes a pattern a template."""
    params_problems: tuple[Problem, ...]
    """Problems of the parameters and of the template; reported only if the file is a pattern."""
    body: int
    """The first line after the front matter."""
    directives: tuple[PlacedDirective, ...]
    escapes: tuple[int, ...]
    """The offsets of backslashes that escape an opener."""
    blocks: tuple[Block, ...]
    headings: tuple[Heading, ...]
    regions: tuple[Region, ...]
    broken_regions: tuple[str, ...]
    markers: tuple[int, ...]
    """The lines of the body that hold a region marker or an ignore comment; they reach no output."""
    ignores: tuple[Ignore, ...]
    """The comments that ignore findings, in the body and (as YAML comments) in the front matter."""
    front_ignores: tuple[int, ...]
    """The lines of the front matter that hold an ignore comment; they reach no output either."""
    definitions: tuple[Definition, ...]
    uses: tuple[LabelUse, ...]
    destinations: tuple[Destination, ...]
    anchors: tuple[str, ...]
    """HTML `id` and `name` attributes: what a fragment can name besides headings."""
    code_spans: tuple[tuple[Span, str], ...]
    problems: tuple[Problem, ...]
