"""Checks includes and references in running text: whether their line keeps its meaning, by rendering it both ways."""

from __future__ import annotations

import re
from bisect import bisect_left
from operator import attrgetter

from skillweave.diagnostics import SEAM_CHANGES_MEANING, Problem
from skillweave.flatten.layout import block_at, edge_of, numbers_within
from skillweave.flatten.splice import width
from skillweave.flatten.texts import text_of
from skillweave.flatten.values import TextKey
from skillweave.markdown import read_blocks, render
from skillweave.markdown.places import MARKS
from skillweave.parse.directives import not_alone
from skillweave.ranges import between, holds
from skillweave.record import NamedTuple
from skillweave.seams.judging import SeamProblem
from skillweave.source import Edit, apply_edits
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.document import PlacedDirective
    from skillweave.flatten.units import Unit, UnitKey
    from skillweave.flatten.values import Node, Nodes, Spliced
    from skillweave.markdown.values import Block
    from skillweave.source import Span


References = dict[str, dict[str, str]]
"""What a renderer knows of the labels that a file defines."""


class _Host(NamedTuple):
    """A text with directives in its running text, and the labels that it defines."""

    unit: Unit
    references: References

    def rendered(self, text: str) -> str:
        return render(text, self.references)


def _host(unit: Unit, known: dict[UnitKey, References]) -> _Host:
    if unit.key not in known:
        definitions = unit.document.definitions if unit.document else ()
        known[unit.key] = {each.label: {"href": "x", "title": ""} for each in definitions if not each.footnote}
    return _Host(unit, known[unit.key])


def check_inline(nodes: Nodes, node: Node, known: dict[UnitKey, References]) -> Iterator[SeamProblem]:
    """Yield the includes in running text with which their block does not render to what it and their texts render to
    separately. `known` remembers what each file defines.

    A block is rendered once for all its includes. Only if the result differs is each tried alone, to find the one to blame.
    """
    by_block: dict[Block, list[Spliced]] = {}
    for each in node.inline:
        block = block_at(node.unit, each.placed.line)
        if block is not None and (each.child is not None or not _has_failed(node.unit, each.placed)):
            by_block.setdefault(block, []).append(each)
    host = _host(node.unit, known) if by_block else _Host(node.unit, {})
    for block, inline in by_block.items():
        in_links = _in_tags(host, block, [placed for placed, _ in inline])
        for placed in in_links:
            problem = not_alone(placed.directive.span, placed.directive.word, "in a link's destination or title")
            yield SeamProblem(placed, problem)
        if in_links or _keeps_meaning(nodes, host, block, inline):
            continue
        blamed = [each for each in inline if len(inline) < _FEW and not _keeps_meaning(nodes, host, block, [each])]
        for placed, child in blamed or inline[:1]:
            message = "the text around this directive, which leaves nothing, means something else without it"
            cure = "put the directive on a line of its own"
            if child is not None and nodes.nodes[child.key].items:
                message = f"{child.key.path} means something else in this line than on its own"
                cure = "put blanks or other text around the directive, or include it on a line of its own"
            yield SeamProblem(placed, Problem(SEAM_CHANGES_MEANING, message, placed.directive.span, help=cure))


def _has_failed(unit: Unit, placed: PlacedDirective) -> bool:
    """Whether it is unknown what a directive that brings nothing would bring."""
    edge = edge_of(unit, placed)
    return edge is None or (edge.missing is None and (edge.directive.word == "include" or edge.target is None))


def check_references(nodes: Nodes, node: Node, known: dict[UnitKey, References]) -> Iterator[SeamProblem]:
    """Yield the references in running text whose links would not be links there, or would change the text around them.

    A link can only go wrong next to brackets or tags. Most blocks have none besides their directives, and are not rendered.
    """
    by_block: dict[Block, list[PlacedDirective]] = {}
    unit, ranges = node.unit, node.key.ranges
    for number in numbers_within(unit, ranges):
        edge = unit.edges[number]
        if edge is None or edge.directive.word != "reference" or edge.target is None or edge.placed.prefix is not None:
            continue
        block = block_at(unit, edge.placed.line)
        if block is not None and holds(ranges, edge.placed.line):
            by_block.setdefault(block, []).append(edge.placed)
    host = _host(unit, known) if by_block else _Host(unit, {})
    before = {one.placed.directive.span.end: one for one in node.inline} if by_block else {}
    for block, places in by_block.items():
        joined = [placed for placed in places if _joins(nodes, unit, before.get(placed.directive.span.start))]
        blank = _with(unit, block, [Edit(*placed.directive.span, " ") for placed in places])
        is_image = any(unit.text.startswith("!", placed.directive.span.start - 1) for placed in places)
        if joined or ((is_image or "[" in blank or "<" in blank) and not _keep_links(host, block, places)):
            tried = places if not joined and len(places) < _FEW else ()
            blamed = joined or [placed for placed in tried if not _keep_links(host, block, [placed])]
            for placed in blamed or places[:1]:
                message = (
                    "the link that this reference leaves would not be a link here, or would take in the text around it"
                )
                cure = "put it outside brackets and tags, without a `!` before it"
                problem = Problem(SEAM_CHANGES_MEANING, message, placed.directive.span, help=cure)
                yield SeamProblem(placed, problem)


def _joins(nodes: Nodes, unit: Unit, before: Spliced | None) -> bool:
    """Whether a link right behind a directive, if there is one, becomes an image or text, or goes on with another link. So it
    does behind some characters with which the included text ends, or if there is none, the text before the directive.
    """
    if before is None:
        return False
    text = text_of(nodes, TextKey(before.child.key)) if before.child is not None else ""
    end = len(text)
    if not text:
        text, end = unit.text, before.placed.directive.span.start
    slashes = 0
    while slashes < end and text[end - slashes - 1] == "\\":
        slashes += 1
    return text.endswith(("!", "]"), 0, end) or slashes % 2 == 1


def _keep_links(host: _Host, block: Block, places: Sequence[PlacedDirective]) -> bool:
    words = [_stand_in(number) for number in range(len(places))]
    spans = [placed.directive.span for placed in places]
    held = host.rendered(_with(host.unit, block, [Edit(*span, word) for span, word in zip(spans, words, strict=True)]))
    linked = _with(host.unit, block, [Edit(*span, f"[{word}](x.md)") for span, word in zip(spans, words, strict=True)])
    expected = _STAND_IN.sub(lambda match: f'<a href="x.md">{match[0]}</a>', held)
    return expected == host.rendered(linked) and all(word in held for word in words)


_FEW = 50
"""In a block with fewer directives than this, each is tried alone, to find the one to blame."""


def _in_tags(host: _Host, block: Block, inline: Sequence[PlacedDirective]) -> list[PlacedDirective]:
    """The includes of a block whose text would become part of a link's destination or title, or of an HTML tag."""
    held = _with(host.unit, block, [Edit(*placed.directive.span, _stand_in(n)) for n, placed in enumerate(inline)])
    if "](" not in held and "<" not in held:
        return []
    rendered = host.rendered(held)
    found = set()
    for match in _STAND_IN.finditer(rendered):
        opened = rendered.rfind("<", 0, match.start())
        # An image's alternative text is running text, the only kind that rendering puts into a tag.
        if opened > rendered.rfind(">", 0, match.start()) and not _IN_ALT.search(rendered, opened, match.start()):
            found.add(int(match[1]))
    return [placed for number, placed in enumerate(inline) if number in found]


def _moves_edge(unit: Unit, block: Block, edits: Sequence[Edit]) -> bool:
    """Whether edits at the start of a list item or footnote move the edge at which what follows in it has to begin."""
    inner = block.containers[-1] if block.containers else None
    if inner is None or inner.kind == "quote" or inner.start != block.start:
        return False
    if not any(line.strip(" \t>") for line in unit.lines[block.end : inner.end]):
        return False
    line, start = unit.lines[block.start], unit.line_index.starts[block.start]
    lead = MARKS.match(line)
    at = start + (lead.end() if lead else 0)
    here = between(edits, at, start + len(line) + 1, attrgetter("start"))
    return (
        bool(here)
        and here[0].start == at
        and apply_edits(unit.text, at, start + len(line), here)[:1] in (" ", "\t", "")
    )


def _keeps_meaning(nodes: Nodes, host: _Host, block: Block, inline: Sequence[Spliced]) -> bool:
    spans = [placed.directive.span for placed, _ in inline]
    texts = [text_of(nodes, TextKey(child.key)) if child is not None else "" for _, child in inline]
    held = _plain(host.rendered(_with(host.unit, block, [Edit(*span, _stand_in(n)) for n, span in enumerate(spans)])))
    alone = [_rendered_in_line(host, text) for text in texts]
    edits = [Edit(*span, text) for span, text in zip(spans, texts, strict=True)]
    if _moves_edge(host.unit, block, edits):
        return False
    spliced = _with(host.unit, block, edits)
    # An author may have written such a word, too: words that stand for no include stay.
    by_word = {_stand_in(number): text for number, text in enumerate(alone)}
    expected = _STAND_IN.sub(lambda match: by_word.get(match[0], match[0]), held)
    if not spliced.strip():
        return _may_vanish(host.unit, block)
    kinds = [there.kind for there in read_blocks(spliced)]
    made = host.rendered(spliced)
    if kinds != [block.kind] or _plain(expected) != _plain(made):
        return False
    return not any(_is_styled(host.unit, span) for span in spans) or _keeps_style(host, block, spans, made, alone)


def _is_styled(unit: Unit, span: Span) -> bool:
    """Whether a directive touches a mark of emphasis."""
    around = unit.text[max(span.start - 1, 0) : span.start] + unit.text[span.end : span.end + 1]
    return any(mark in around for mark in "*_~")


def _keeps_style(host: _Host, block: Block, spans: Sequence[Span], made: str, alone: Sequence[str]) -> bool:
    """Whether no emphasis is lost that the block has with its directives in it: these begin and end with punctuation, beside
    which a mark may begin or end what it does not beside a letter.
    """
    edits = [Edit(*span, f".{_stand_in(number)}.") for number, span in enumerate(spans)]
    held = host.rendered(_with(host.unit, block, edits))
    own = len(_STYLED.findall(made)) - sum(len(_STYLED.findall(text)) for text in alone)
    return own >= len(_STYLED.findall(held))


def _may_vanish(unit: Unit, block: Block) -> bool:
    """Whether a block may become blank, with only the marks of its containers left.

    A `-` may then underline the paragraph before it, and what is indented may go on with a list item or footnote.
    """
    lines, above, below = unit.lines, block_at(unit, block.start - 1), block.end
    if above is not None and above.kind == "paragraph" and block.containers and not above.containers:
        return False
    while below < len(lines) and not lines[below].strip(" \t"):
        below += 1
    blocks = unit.document.blocks if unit.document else ()
    place = bisect_left(blocks, block.start, key=attrgetter("start"))
    is_in_container = place > 0 and bool(blocks[place - 1].containers)
    is_indented = below < len(lines) and lines[below][:1] in (" ", "\t")
    return bool(block.containers) or not (is_indented and is_in_container)


def _rendered_in_line(host: _Host, text: str) -> str:
    """What a text renders to by itself, as part of a line: without the paragraph around it, and with the blanks at its ends."""
    rendered = host.rendered(text).strip().removeprefix("<p>").removesuffix("</p>")
    lead, trail = text[: len(text) - len(text.lstrip(" "))], text[len(text.rstrip(" ")) :]
    return f"{lead}{rendered}{trail}" if rendered else lead


def _plain(rendered: str) -> str:
    """Rendered text without white space that makes no difference, as the edges of an included text may have some, and without
    the texts of images, which have no markup.
    """
    rendered = re.sub(r'\balt="[^"]*"', 'alt=""', rendered)
    rendered = re.sub(r"\n[ \t]+", "\n", re.sub(r"[ \t]{2,}", " ", rendered))
    return re.sub(r"(?<=<p>)\s+|(?<=<t[dh]>)\s+|(?<=<h[1-6]>)\s+|[ \t]+(?=\n|<br)|\s+(?=</)", "", rendered)


def _with(unit: Unit, block: Block, edits: Sequence[Edit]) -> str:
    """A block's text with edits made, out of its containers: without their marks, and without indents.

    A line goes on with a paragraph for various reasons: it is indented deeply, lies outside the containers, or only looks
    like a block. It gets an indent of four columns, behind which no block begins. If it begins with a directive, it has
    that only if it is indented deeply itself. The line that begins the block, as those before it are blank, keeps its own.
    """
    lines, is_begun = list[str](), False
    quotes = sum(container.kind == "quote" for container in block.containers)
    is_quoted = quotes == len(block.containers)
    later, marks = re.compile(rf"(?:[ \t]*>){{0,{quotes}}}[ \t]*"), re.compile(rf"(?:[ \t]*>[ \t]?){{0,{quotes}}}")
    column, underline = 0, block.end - 1 if block.kind == "setext" else block.end
    for number in range(block.start, block.end):
        line, start = unit.lines[number], unit.line_index.starts[number]
        lead = (later if lines else MARKS).match(line)
        at = lead.end() if lead else 0
        edge = marks.match(line) if is_quoted else None
        indent = width(line[:at]) - (width(line[: edge.end()]) if edge else 0)
        # In a list item, the edge of the item is taken to be where its first line begins.
        column = column if lines or is_quoted else indent
        own = between(edits, start, start + len(line) + 1, attrgetter("start"))
        begins = bool(own) and own[0].start == start + at
        goes_on = is_begun and number < underline and block.kind in ("paragraph", "setext")
        text = apply_edits(unit.text, start + at, start + len(line), own)
        # A line may be text only because of a directive in it.
        is_text = not begins and not (own and _RULE.fullmatch(text))
        deep = 4 if goes_on and (is_text or indent >= column + 4) else 0
        lines.append(" " * (deep if is_begun else max(indent - column, 0)) + text)
        is_begun = is_begun or text.strip() != ""
    return "\n".join(lines)


def _stand_in(number: int) -> str:
    """A word that stands for the text of an include. It is not part of any other such word."""
    return f"skillweavestandsinhere{number}x"


_RULE = re.compile(r"[-=*_ \t]+")
_STYLED = re.compile(r"<(?:em|strong|del|s)>")
_STAND_IN = re.compile(r"skillweavestandsinhere(\d+)x")
_IN_ALT = re.compile(r'\balt="[^"]*\Z')
