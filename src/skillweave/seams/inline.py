"""Includes in running text: whether the line keeps its meaning, told by rendering it both ways."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skillweave.diagnostics import SEAM_CHANGES_MEANING, Problem
from skillweave.flatten.layout import block_at
from skillweave.flatten.texts import text_of
from skillweave.markdown import read_blocks, render
from skillweave.parse.directives import not_alone
from skillweave.source import Edit, apply_edits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.document import PlacedDirective
    from skillweave.flatten.values import Child, Node, Nodes
    from skillweave.markdown.values import Block
    from skillweave.units import Unit


def check_inline(nodes: Nodes, node: Node) -> Iterator[tuple[PlacedDirective, Problem]]:
    """Includes in running text must render to what their block and their texts render to.

    A block is rendered once for all that stands in it; which include is to blame is looked for only if it differs.
    """
    by_block: dict[Block, list[tuple[PlacedDirective, Child]]] = {}
    for placed, child in node.inline:
        block = block_at(node.unit, placed.line)
        if child is not None and block is not None and nodes.nodes[child.key].items:
            by_block.setdefault(block, []).append((placed, child))
    for block, inline in by_block.items():
        in_links = _in_tags(node.unit, block, [placed for placed, _ in inline])
        for placed in in_links:
            yield placed, not_alone(placed.directive.span, "include", "in a link's destination or title")
        if in_links or _keeps_meaning(nodes, node.unit, block, inline):
            continue
        blamed = (
            [each for each in inline if not _keeps_meaning(nodes, node.unit, block, [each])] if len(inline) < 50 else []
        )
        for placed, child in blamed or inline[:1]:
            problem = Problem(
                SEAM_CHANGES_MEANING,
                f"{child.key.path} means something else in this line than on its own",
                placed.directive.span,
                help="put blanks or other text around the directive, or include it on a line of its own",
            )
            yield placed, problem


def _in_tags(unit: Unit, block: Block, inline: Sequence[PlacedDirective]) -> list[PlacedDirective]:
    """The includes of a block whose text would become part of a link's destination or title, or of an HTML tag."""
    held = _with(unit, block, [Edit(*placed.directive.span, _stand_in(n)) for n, placed in enumerate(inline)])
    if "](" not in held and "<" not in held:
        return []
    rendered = render(held)
    found = set()
    for match in _STAND_IN.finditer(rendered):
        opened = rendered.rfind("<", 0, match.start())
        # An image's alternative text is running text, and the only one that rendering puts into a tag.
        if opened > rendered.rfind(">", 0, match.start()) and not _IN_ALT.search(rendered, opened, match.start()):
            found.add(int(match[1]))
    return [placed for number, placed in enumerate(inline) if number in found]


def _keeps_meaning(nodes: Nodes, unit: Unit, block: Block, inline: Sequence[tuple[PlacedDirective, Child]]) -> bool:
    spans = [placed.directive.span for placed, _ in inline]
    texts = [text_of(nodes, child.key).strip(" \t") for _, child in inline]
    held = render(_with(unit, block, [Edit(*span, _stand_in(n)) for n, span in enumerate(spans)]))
    alone = [render(text).strip().removeprefix("<p>").removesuffix("</p>") for text in texts]
    spliced = _with(unit, block, [Edit(*span, text) for span, text in zip(spans, texts, strict=True)])
    # An author may have written such a word, too.
    said = {_stand_in(number): text for number, text in enumerate(alone)}
    expected = _STAND_IN.sub(lambda match: said.get(match[0], match[0]), held)
    return expected == render(spliced) and [there.kind for there in read_blocks(spliced)] == [block.kind]


def _with(unit: Unit, block: Block, edits: Sequence[Edit]) -> str:
    """A block's text with edits made, and without the indents of its lines."""
    start = unit.line_index.starts[block.start]
    end = unit.line_index.starts[block.end - 1] + len(unit.lines[block.end - 1])
    return _INDENT.sub("", apply_edits(unit.text, start, end, edits))


def _stand_in(number: int) -> str:
    """A word that stands for the text of an include, and is no part of another one."""
    return f"skillweavestandsinhere{number}x"


_STAND_IN = re.compile(r"skillweavestandsinhere(\d+)x")
_IN_ALT = re.compile(r'\balt="[^"]*\Z')
_INDENT = re.compile(r"(?m)^[ \t]+")
