"""Our reading of Markdown agrees with markdown-it: live openers, block directives, and link destinations."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.common.utils import normalizeReference, unescapeAll

from skillweave.markdown.reading import read, read_blocks
from skillweave.markdown.rules import bare_parser
from skillweave.parse.documents import parse
from skillweave.source import normalise
from strategies import documents, examples, openers_everywhere

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from markdown_it.token import Token

    from skillweave.markdown.values import Container, Reading

SETTINGS = examples(200)
ROOT = Path(__file__).parent.parent
OWN_FILES = sorted(path for folder in ("patterns", "skills", "docs") for path in (ROOT / folder).rglob("*.md"))

Place = Literal["text", "inert", "elsewhere"]


@SETTINGS
@given(openers_everywhere())
@example("`a\n<<include: u0q.md>>\nb`\n")
@example("<div>\n<!-- a\n<<include: u0q.md>>\n-->\n<<include: u1q.md>>\n")
@example("| a |\n|---|\n| `{{include: u0q.md}}` | {{include: u1q.md}} |\n")
@example("> ```\n<<include: u0q.md>>\n")
@example("\\\\<<include: u0q.md>> \\<<include: u1q.md>>\n")
@example("\u00a0\n<<include: u0q.md>> x\n")
@example("- \u2028\n  \\<<include: u0q.md>>\n")
@example("# \u00a0<<include: u0q.md>>\n")
def test_an_opener_is_live_where_markdown_has_text(text: str) -> None:
    """To plain Markdown a directive is ordinary text. It is live exactly where Markdown renders it as text."""
    expected = dict(places(bare_parser().parse(text)))
    found = {}
    for opener in read(text).openers:
        target = re.match(r"[^u]*u(\d+)q", text[opener.span.start :].partition(":")[2])
        if target and not opener.near_miss:
            found[int(target[1])] = opener.fate
    for number, fate in found.items():
        match expected.get(number, "elsewhere"):
            case "text":
                assert fate in ("live", "escaped"), number
            case "inert":
                assert fate == "inert", number
            case _:
                is_escaped = re.search(rf"(?<!\\)(?:\\\\)*\\(?:<<|\{{\{{) ?[a-z]+: u{number}q", text)
                assert fate == ("escaped" if is_escaped else "stray"), number
    assert found.keys() >= {int(number) for number in re.findall(r"(?<![<{$])(?:<<|\{\{) ?[a-z]+: u(\d+)q", text)}


def places(tokens: Iterable[Token]) -> Iterator[tuple[int, Place]]:
    """The place of each numbered target: text, or inert for code and comments. Targets in other places are left out."""
    for token in tokens:
        match token.type:
            case "text" | "text_special":
                yield from numbered(token.content, "text")
            case "code_inline" | "code_block" | "fence":
                yield from numbered(token.content + token.info, "inert")
            case "html_inline":
                yield from numbered(token.content, "inert" if token.content.startswith(("<!", "<?")) else "elsewhere")
            case "html_block":
                kept = re.sub(r"<!--.*?(?:-->|\Z)", "", token.content, flags=re.DOTALL)
                raw = re.match(r"\s*<(?:!|\?|(?:script|pre|style|textarea)\b)", token.content, re.IGNORECASE)
                yield from numbered(token.content, "inert")
                yield from numbered(kept, "inert" if raw else "elsewhere")
            case _:
                yield from places(token.children or ())


def numbered(text: str, place: Place) -> Iterator[tuple[int, Place]]:
    return ((int(number), place) for number in re.findall(r"u(\d+)q", text))


@SETTINGS
@given(openers_everywhere())
@example("text\n<<include: u0q.md>>\ntext\n")
@example("- a\n<<include: u0q.md>>\n")
@example("> a\n<<include: u0q.md>>\n")
@example("| a |\n|---|\n<<include: u0q.md>>\n")
@example("1. <<include: u0q.md>>\n   ===\n")
@example("text\n    <<include: u0q.md>>\n")
def test_a_directive_alone_on_its_line_is_a_block_like_a_heading(text: str) -> None:
    """An ATX heading is a block in the same places as a directive, so swapping one in gives the expected result."""
    reading = read(text)
    live = [opener for opener in reading.openers if opener.fate == "live" and not opener.near_miss]
    lines = text.split("\n")
    swapped = {}
    for opener in live:
        number = text.count("\n", 0, opener.span.start)
        start = text.rfind("\n", 0, opener.span.start) + 1
        before, after = text[start : opener.span.start], lines[number][opener.span.end - start :]
        if (
            number not in swapped
            and not after.strip(" \t")
            and re.fullmatch(r"(?:[ \t>]|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[\^n\]:)*", before)
        ):
            swapped[number] = opener
            lines[number] = f"{before}# swapped"
    judged = {block.start: block for block in read_blocks("\n".join(lines)) if block.kind == "heading"}
    for number, opener in swapped.items():
        heading = judged.get(number)
        if heading is None:
            assert opener.block is None
        else:
            assert opener.block is not None
            assert opener.block.containers == heading.containers
    ours = [(block.start, block.end, block.containers) for block in reading.blocks]
    assert ours == [(block.start, block.end, block.containers) for block in read_blocks("\n".join(lines))]


@SETTINGS
@given(st.one_of(documents(), openers_everywhere()))
def test_blocks_are_in_order_and_inside_their_containers(text: str) -> None:
    last = 0
    for block in read(text).blocks:
        assert last <= block.start < block.end <= text.count("\n") + 1
        last = block.end
        around: Container | None = None
        for container in block.containers:
            assert container.start <= block.start < block.end <= container.end
            assert around is None or (around.start <= container.start and container.end <= around.end)
            around = container


_DESTINATIONS = (
    "i{}.md",
    "<i{} x.md>",
    "i{}.md#f",
    "i{}(a).md",
    "i{}\\_.md",
    "i{}&amp;.md",
    "<i{}\\>.md>",
    "i{}%20a.md",
    "<>",
    "i{}ü.md",
)
_TITLES = ("", ' "t"', " 't'", " (t)", ' "a\n b"', ' "t\\"t"')
_WRAPS = (
    "{}",
    "*{}*",
    "- {}\n",
    "> {}\n> more\n",
    "\n| a |\n|---|\n| {} |\n\n",
    "## {}\n",
    "{}\n===\n",
    "\\\\{}",
    "`x`{}",
    "1. a\n\n   {}\n",
    "\u00a0{}",
    "\n\n\u00a0\n{}",
)


@st.composite
def link_documents(draw: st.DrawFn) -> str:
    """Documents full of links, images, definitions and HTML, each with its own destination."""
    parts = []
    for number in range(draw(st.integers(1, 6))):
        destination = draw(st.sampled_from(_DESTINATIONS)).format(number)
        title = draw(st.sampled_from(_TITLES))
        link = draw(
            st.sampled_from(
                (
                    f"[text]({destination}{title})",
                    f"![alt]( {destination}{title} )",
                    f"[![alt]({destination}{title})](outer{number}.md)",
                    f"![a [b]({destination}) c](image{number}.png)",
                    f"[a [b] `]` c]({destination})",
                    f"[a]\\({destination})",
                    f"`[a]({destination})`",
                    f"[text][label{number}] ![text][label{number}] [label{number}]",
                    f'<a class=x href="h{number}.md?a&amp;b">t</a> <img alt="" src=\'s{number}.png\'>',
                )
            )
        )
        parts.append(draw(st.sampled_from(_WRAPS)).format(link))
        if "[label" in link:
            definition = draw(
                st.sampled_from(
                    ("[label{0}]: d{0}.md", "> [label{0}]:\n>   <d{0} x.md> 't'", "- [label{0}]: d{0}.md\n  'a\n  b'")
                )
            )
            parts.append(f"\n\n{definition.format(number)}\n\n")
        parts.append(draw(st.sampled_from((" ", "\n", "\n\n"))))
    return "".join(parts)


@SETTINGS
@given(link_documents())
@example("# \u00a0[a](i0.md)\n")
@example("\u00a0\n[a](i0.md)\n")
@example("\u00a0| [a](i0.md) |\n|---|\n| x |\n")
def test_located_destinations_are_the_ones_that_markdown_sees(text: str) -> None:
    assert_destinations(text)


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_located_destinations_of_our_own_files(path: Path) -> None:
    text = normalise(path.read_text(encoding="utf-8"))
    document = parse(text)
    assert_destinations("\n".join(text.split("\n")[document.body :]))


def assert_destinations(text: str) -> None:
    reading = read(text)
    environment: dict[str, dict[str, dict[str, object]]] = {}
    tokens = bare_parser().parse(text, environment)
    defined = {entry["href"] for entry in environment.get("references", {}).values()}
    inline = sorted(found for found in reading.destinations if found.kind in ("link", "image"))
    inline.sort(key=lambda destination: destination.span)
    located = [decoded(text, found.span.start, found.span.end) for found in inline]
    assert located == [href for href in hrefs(tokens) if href not in defined or href in located]
    for mark in reading.definitions:
        assert decoded(text, *mark.destination) == mark.href
    assert {mark.label for mark in reading.definitions} == set(environment.get("references", {}))
    in_html = [
        html.unescape(text[d.span.start : d.span.end]) for d in parse(f"{text}").destinations if d.kind == "html"
    ]
    assert in_html == list(html_hrefs(tokens))
    labels = {use.label for use in reading.uses if use.resolved}
    assert labels <= {normalizeReference(mark.label) for mark in reading.definitions}


def decoded(text: str, start: int, end: int) -> str:
    return normalizeLink(unescapeAll(text[start:end]))


def hrefs(tokens: Iterable[Token]) -> Iterator[str]:
    """The destinations of links and images in written order. A link's destination comes after its text. The alternative text of
    an image is plain text, so there is no link in it.
    """
    links: list[str] = []
    for token in tokens:
        if token.type == "link_open":
            links.append("" if token.markup == "autolink" else f"={token.attrs['href']}")
        elif token.type == "link_close":
            href = links.pop()
            if href:
                yield href[1:]
        if token.type == "image":
            yield str(token.attrs["src"])
        else:
            yield from hrefs(token.children or ())


def html_hrefs(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("html_block", "html_inline"):
            reader = _Destinations()
            reader.feed(token.content)
            reader.close()
            yield from reader.found
        yield from html_hrefs(token.children or ())


class _Destinations(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.found += [value.strip(" \t\n\f\r") for name, value in attrs if name in ("href", "src") and value]


@pytest.mark.parametrize(
    "text",
    [
        "# A {#x}",
        "# \u00a0A {#x}",
        "## A\u3000{#x} ##",
        "A {#x}\n===",
        "\u00a0\nA {#x}\n---",
        "> #\tA {#x}",
        "1. # A {#x}",
    ],
)
def test_the_id_of_a_heading_is_located_exactly(text: str) -> None:
    heading = parse(text).headings[0]
    assert (heading.text, heading.id) == ("A", "x")
    assert heading.id_span is not None
    assert text[heading.id_span.start : heading.id_span.end].strip() == "{#x}"


def test_an_escaped_brace_does_not_begin_an_id() -> None:
    heading = parse("# A \\{#x}\n").headings[0]
    assert (heading.text, heading.id) == ("A {#x}", None)


@SETTINGS
@given(st.one_of(documents(), openers_everywhere()))
def test_without_directives_our_blocks_are_those_of_markdown(text: str) -> None:
    """On a text without directives, the parser with our rules yields the same blocks as the parser without them."""
    text = re.sub(r"(?:<<|\{\{) ?", "x", text)
    kinds = {
        "paragraph_open": "paragraph",
        "fence": "fence",
        "code_block": "code",
        "html_block": "html",
        "hr": "rule",
        "table_open": "table",
    }
    expected = []
    for token in bare_parser().parse(text):
        if token.type == "heading_open":
            expected.append(("setext" if token.markup in ("=", "-") else "heading", token.map))
        elif token.type in kinds:
            expected.append((kinds[token.type], token.map))
    reading: Reading = read(text)
    assert [(b.kind, [b.start, b.end]) for b in reading.blocks if b.kind != "definition"] == expected
