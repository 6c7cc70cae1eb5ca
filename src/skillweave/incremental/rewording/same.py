"""Compares what the parse finds in two texts."""

from __future__ import annotations

from skillweave.markdown.values import Container
from skillweave.parse.documents import parse_plain
from skillweave.record import NamedTuple
from skillweave.slugs import slugify
from skillweave.source import Edit, LineIndex, Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from skillweave.document import Document, Heading
    from skillweave.markdown.values import Block


class NewNames(NamedTuple):
    """The names of headings that an edit takes away and adds, in the order of the text. A name is a slug, not numbered."""

    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()

    @classmethod
    def of(cls, before: Sequence[Heading], after: Sequence[Heading]) -> NewNames:
        """The names that differ, given the headings of a text before and after an edit."""
        gone, come = [slugify(heading.text) for heading in before], [slugify(heading.text) for heading in after]
        while gone and come and gone[0] == come[0]:
            del gone[0], come[0]
        while gone and come and gone[-1] == come[-1]:
            del gone[-1], come[-1]
        return cls(tuple(gone), tuple(come))


def read_plain_text(text: str) -> Document | None:
    """The document of a text, if it can be read without the parser; else None. A text with comments addressed to us (regions,
    ignores) may need the parser.
    """
    return None if "<!--" in text and ("region:" in text or "skillweave:" in text) else parse_plain(text)


def new_names(old: str, new: str, lines: Collection[int]) -> NewNames | None:
    """Compare what the parse finds in two plain texts, and where. Returns the names of headings that differ; None if there is
    any other difference.

    Not compared are, on the given lines, the words of headings, the places of labels, and code and links that name nothing of
    the project. All these lines must lie in the body.
    """
    was, is_now = read_plain_text(old), read_plain_text(new)
    if was is None or is_now is None or any(line < was.body for line in lines):
        return None
    before, after = _without_nameless(was, old, lines), _without_nameless(is_now, new, lines)
    if before is None or after is None or labels_on(was, old, lines) != labels_on(is_now, new, lines):
        return None
    if _placed(_without_words(before, lines), old) != _placed(_without_words(after, lines), new):
        return None
    return NewNames.of(before.headings, after.headings)


def _without_words(document: Document, lines: Collection[int]) -> Document:
    """A document without the words of the headings on some lines."""
    if not any(heading.start in lines for heading in document.headings):
        return document
    nowhere = Span(0, 0)
    headings = (
        heading._replace(text="", slug="", content=nowhere) if heading.start in lines else heading
        for heading in document.headings
    )
    return document._replace(headings=tuple(headings))


_FREE = ("paragraph", "table", "fence", "rule", "heading")
"""Blocks that may come and go, as comments may."""


def lasting_lines(document: Document, start: int, end: int, kinds: Collection[str]) -> set[int]:
    """The lines of blocks of some kinds, between `start` and `end` (half-open)."""
    blocks = (block for block in document.blocks if start <= block.start and block.end <= end)
    return {line for block in blocks if block.kind in kinds for line in range(block.start, block.end)}


def holds_blocks_only(document: Document, text: str, free: Collection[int]) -> bool:
    """Whether some lines of a plain text hold nothing but blocks that may come and go.

    That is so if the parse finds the same with these lines blanked, apart from these blocks, from the labels that they use, and
    from code and links in them that name nothing of the project.
    """
    lines = text.split("\n")
    without = read_plain_text(blank := "\n".join("" if line in free else words for line, words in enumerate(lines)))
    rest = _without_nameless(document, text, free)
    if without is None or rest is None:
        return False
    blocks = (
        block
        for block in rest.blocks
        if block.start not in free or not (block.kind in _FREE or is_comment(block, lines))
    )
    headings = (heading for heading in rest.headings if heading.start not in free)
    rest = rest._replace(blocks=tuple(blocks), headings=tuple(headings), lines=0)
    return _placed(rest, text) == _placed(without._replace(lines=0), blank)


def is_comment(block: Block, lines: Sequence[str]) -> bool:
    """Whether a block is a comment that stands in no container. `lines` are those of its text."""
    return block.kind == "html" and lines[block.start].startswith("<!--")


class Label(NamedTuple):
    """A label that is used, whether it is a footnote's, and whether the text defines it."""

    name: str
    footnote: bool
    is_defined: bool


def labels_on(document: Document, text: str, lines: Collection[int]) -> dict[int, set[Label]]:
    """The labels that are used on some lines, by line."""
    index, found = LineIndex(text), dict[int, set[Label]]()
    for use in document.uses:
        line = index.line_of(use.span.start)
        if line in lines:
            found.setdefault(line, set()).add(Label(use.label, use.footnote, use.resolved))
    return found


def _without_nameless(document: Document, text: str, lines: Collection[int]) -> Document | None:
    """A document without the code spans, links and uses of labels on some lines; None if any of the former two names something
    of the project.
    """
    index = LineIndex(text)
    document = document._replace(uses=tuple(use for use in document.uses if index.line_of(use.span.start) not in lines))
    where = [index.line_of(span.start) for span, _ in document.code_spans]
    code = [one for one, line in zip(document.code_spans, where, strict=True) if line in lines]
    links = [link for link in document.destinations if link.line in lines]
    if not (code or links):
        return document
    from skillweave.destination import read_destination  # noqa: PLC0415 (most edits come near none)
    from skillweave.rules.prose import names_nothing  # noqa: PLC0415 (likewise)

    if not all(names_nothing(text, span, content) for span, content in code):
        return None
    if any(read_destination(text[link.span.start : link.span.end], link.kind) is not None for link in links):
        return None
    return document._replace(
        code_spans=tuple(one for one, line in zip(document.code_spans, where, strict=True) if line not in lines),
        destinations=tuple(link for link in document.destinations if link.line not in lines),
    )


def _placed(document: Document, text: str) -> list[Any]:
    """Flatten a document into a list that can be compared, with lines and columns in place of offsets.

    The end of a container is given without its trailing blank lines: whether they belong to it depends on what follows.
    """
    index = LineIndex(text)
    lines = text.split("\n")
    facts: list[Any] = [index.position(offset) for offset in document.escapes]
    pending: list[Any] = [document._replace(escapes=())]
    while pending:
        one = pending.pop()
        if isinstance(one, (Span, Edit)):
            facts += [index.position(one.start), index.position(one.end), *one[2:]]
        elif isinstance(one, Container):
            end = one.end
            while end > one.start and not lines[end - 1].strip(" \t>"):
                end -= 1
            facts += [one.kind, one.start, end]
        elif isinstance(one, tuple):
            facts.append((type(one), len(one)))
            pending.extend(one)
        else:
            facts.append(one)
    return facts
