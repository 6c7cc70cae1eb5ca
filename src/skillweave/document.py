"""A document: what one text says before any other file is looked at. Places are offsets and lines (from 0) of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from skillweave.diagnostics import Problem
    from skillweave.directive.values import Directive
    from skillweave.front_matter.values import FrontMatter, Param
    from skillweave.markdown.values import Block, Container, Destination, LabelUse
    from skillweave.source import Edit, Span
    from skillweave.suppress import Ignore


class Heading(NamedTuple):
    """A heading: its lines, what it says without inline markup, and the names that it answers to."""

    start: int
    end: int
    level: int
    setext: bool
    text: str
    slug: str
    id: str | None
    content: Span
    id_span: Span | None
    """The explicit `{#id}` with the blanks before it."""
    containers: tuple[Container, ...]
    joints: tuple[Edit, ...]
    """What puts the lines of a setext heading on one, without that it says anything else."""


class Region(NamedTuple):
    """The lines between two markers, without them."""

    name: str
    start: int
    end: int


class PlacedDirective(NamedTuple):
    """A live directive and where it stands: `prefix` is what stands before it on its line if it is a block of its own."""

    directive: Directive
    line: int
    prefix: str | None
    containers: tuple[Container, ...]


class Definition(NamedTuple):
    """A link reference definition or a footnote: its normalised label, what it comes to, and its lines."""

    label: str
    meaning: tuple[str, ...]
    start: int
    end: int
    footnote: bool


class Document(NamedTuple):
    """What one text says. Spans are offsets into the text, lines count from 0."""

    lines: int
    front_matter: Span | None
    """What stands between the two `---` lines."""
    fields: FrontMatter | None
    """What it says; None where there is none."""
    params: tuple[Param, ...] | None
    """The parameters that it declares, which make a pattern a template, and nothing else one; None: it declares none."""
    params_problems: tuple[Problem, ...]
    """What is wrong with these, and with the template: to be told of a pattern only."""
    body: int
    """The first line behind the front matter."""
    directives: tuple[PlacedDirective, ...]
    escapes: tuple[int, ...]
    """The offsets of the backslashes that escape an opener."""
    blocks: tuple[Block, ...]
    headings: tuple[Heading, ...]
    regions: tuple[Region, ...]
    broken_regions: tuple[str, ...]
    markers: tuple[int, ...]
    """The lines of the body that hold a region marker or an ignore: they reach no output."""
    ignores: tuple[Ignore, ...]
    """The comments that ignore findings, in the body and, as YAML, in the front matter."""
    front_ignores: tuple[int, ...]
    """The lines of the front matter that hold one: they reach no output either."""
    definitions: tuple[Definition, ...]
    uses: tuple[LabelUse, ...]
    destinations: tuple[Destination, ...]
    anchors: tuple[str, ...]
    """HTML `id` and `name` attributes: what a fragment can name besides headings."""
    code_spans: tuple[tuple[Span, str], ...]
    problems: tuple[Problem, ...]
