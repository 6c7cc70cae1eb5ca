"""Generated texts and projects for the property tests.

`scraps` are meant to confuse a parser; `documents` are Markdown as people write it; `projects` are files made of such
blocks that include each other. They are kept as templates, so that a test can use the sources or render the parts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

Lines = tuple[str, ...]


def examples(number: int) -> settings:
    """Settings that try this many examples where the default is a hundred. The number scales with the profile."""
    return settings(max_examples=number * settings().max_examples // 100)


_DIRECTIVE_PIECES = (
    "<<include: a.md>>",
    "{{include: b/c.md#Some Section}}",
    '<<reference: a.md text="x">>',
    "<<asset: d/ to=e/>>",
    '<<include: "q r.md" level=+1>>',
    '<<include: a.md with x="1">>',
    "<<include:a.md>>",
    "<<include: ",
    "{{include:",
    "<<inlcude: a.md>>",
    "<<",
    ">>",
    "{{",
    "}}",
    "$",
    " optional",
    " lines=2-",
)
_MARKDOWN_PIECES = (
    *(
        "`",
        "``",
        "```",
        "~~~",
        "```py",
        "    ",
        "\t",
        " ",
        "  ",
        "- ",
        "* ",
        "+ ",
        "1. ",
        "12) ",
        "> ",
        ">",
        "# ",
        "###### ",
    ),
    *(
        "===",
        "---",
        "***",
        "[",
        "]",
        "](",
        ")",
        "(",
        "![",
        "[x]: ",
        "[^n]",
        "[^n]: ",
        "[a](b.md)",
        '"',
        "'",
        "\\",
        "\\\\",
    ),
    *(
        "|",
        "| a | b |",
        "|---|---|",
        "\\|",
        "*",
        "_",
        "**",
        "~~",
        "&amp;",
        "&#10;",
        "{#id}",
        "word",
        "two words",
        "a",
        "1",
        ":",
    ),
    *("<div>", "</div>", "<b>", "</b>", "<!--", "-->", "<!-- c -->", "<pre>", "</pre>", "<?", "?>", "<![CDATA[", "]]>"),
    *('<a href="', '">', "<script>", "</script>", "<!X", "<http://e.org>", "<img src=x>", "<details>"),
    *("<!-- region: r -->", "<!-- endregion: r -->", "<!-- region: s -->", "<!-- endregion: s -->"),
    *(
        "\u2028",
        "\u2029",
        "\x0b",
        "\x0c",
        "\u00a0",
        "\u0085",
        "\u200b",
        "\x1c",
        "\u3000",
        "İ",
        "ß",
        "\U0001f600",
        "\x00",
    ),
)


def scraps() -> st.SearchStrategy[str]:
    """Texts assembled from pieces that mean something to Markdown or to skillweave. Most are not proper documents."""
    ends = st.sampled_from(("\n", "\n", "\n\n"))
    piece = st.one_of(st.sampled_from(_DIRECTIVE_PIECES), st.sampled_from(_MARKDOWN_PIECES), ends)
    body = st.lists(piece, max_size=40).map("".join)
    front = st.sampled_from(("", "", "", "---\n", "---\nname: x\n---\n", "---\nx: <<include: a.md>>\n--- \n", " ---\n"))
    return st.builds(str.__add__, front, body)


def openers_everywhere() -> st.SearchStrategy[str]:
    """Texts with complete directives in places where Markdown is tricky. Each has its own target (`u0q.md`, `u1q.md` …)."""
    directive = st.sampled_from(
        ("<<include: @>>", "{{include: @}}", "<<reference: @>>", "{{ asset: @ }}", "\\<<include: @>>")
    )
    piece = st.one_of(directive, directive, st.sampled_from(_UNTANGLED), st.sampled_from(("\n", "\n", "\n\n")))
    return st.lists(piece, min_size=1, max_size=24).map("".join).map(_numbered)


# Excludes pieces that would change or remove an opener only for skillweave, not for Markdown.
_UNTANGLED = tuple(
    piece
    for piece in _MARKDOWN_PIECES
    if piece not in ("<!X", "\x00") and not re.match(r"<(?!!--|/?(?:div|pre|b|details|script)>)", piece)
)


def _numbered(text: str) -> str:
    parts = text.split("@")
    return "".join(f"{part}u{number}q.md" for number, part in enumerate(parts[:-1])) + parts[-1]


_WORDS = ("alpha", "beta gamma", "delta, and more", "Epsilon zeta", "1 eta", "theta.")
_INLINE = (
    *("`code`", "`` a ` b ``", "*em*", "**strong**", "~~gone~~", "a_b_c", "<b>bold</b>", "\\*", "&amp;", "a &lt; b"),
    *(
        "[text](https://example.org/x)",
        "![alt](https://example.org/i.png)",
        "<https://example.org>",
        "`<<include: no.md>>`",
    ),
    *("[@L-link]", "[text][@L-link]", "x[^@L-note]", "<!-- c -->", "5 < 6", "a | b", "$x$", "#tag", "end\\", "two  "),
)


@st.composite
def _text_lines(draw: st.DrawFn, most: int = 3) -> Lines:
    line = st.lists(st.sampled_from((*_WORDS, *_WORDS, *_INLINE)), min_size=1, max_size=3).map(" ".join)
    first = draw(st.sampled_from(_WORDS))
    lines = draw(st.lists(line, min_size=1, max_size=most))
    return (f"{first} {lines[0]}", *lines[1:])


def _fence(info: str, mark: str, content: list[str]) -> Lines:
    return (f"{mark}{info}", *content, mark)


_CODE = ("code", "a\ttab", "  spaced", "", "# no heading", "- no item", "<<include: no.md>>", "<!-- open", "[x]: y")
_HTML = (
    ("<div>", "inside", "</div>"),
    ("<!-- a comment -->",),
    ("<!-- a comment", "", "of two paragraphs -->"),
    ("<details>", "<summary>More</summary>", "", "*text*", "", "</details>"),
    ("<b>bold</b> text",),
    ("<pre>", "as it is", "", "</pre>"),
)
_TABLES = (("| a | b |", "|---|---|", "| 1 | `2` |"), ("a | b", ":-- | --:", "x | y \\| z"), ("| a |", "|---|"))
_DEFINITIONS = (
    ("[@L-link]: https://example.org/@L",),
    ("[@L-link]: <https://example.org/@L>", '  "A title"'),
    ("[^@L-note]: A note.",),
    ("[^@L-note]: A note", "    of two lines.", "", "    And two paragraphs."),
)


def leaves(*, headings: bool = True) -> st.SearchStrategy[Lines]:
    """One block that contains no other blocks."""
    kinds = [
        _text_lines(),
        _text_lines(),
        st.builds(
            _fence,
            st.sampled_from(("", "python")),
            st.sampled_from(("```", "~~~", "````")),
            st.lists(st.sampled_from(_CODE), max_size=4),
        ),
        st.lists(st.sampled_from(("    code", "\tcode", "     more")), min_size=1, max_size=2).map(tuple),
        st.sampled_from(_TABLES),
        st.sampled_from(_HTML),
        st.sampled_from(_DEFINITIONS),
        st.sampled_from((("***",), ("---",), ("___",), ("- - -",))),
    ]
    if headings:
        kinds.append(
            st.builds(lambda level, text: (f"{'#' * level} {text}",), st.integers(1, 6), st.sampled_from(_WORDS))
        )
        kinds.append(
            st.builds(lambda text, mark: (text, mark), st.sampled_from(_WORDS), st.sampled_from(("===", "---", "-")))
        )
    return st.one_of(kinds)


def blocks(includes: st.SearchStrategy[Lines] | None = None) -> st.SearchStrategy[Lines]:
    """One block: a leaf, an include, or a list or quote that contains blocks."""
    leaf = leaves() if includes is None else st.one_of(leaves(), leaves(), includes)
    return st.recursive(leaf, lambda inner: st.one_of(_lists(inner), _quotes(inner)), max_leaves=6)


_MARKERS = ("- ", "* ", "+ ", "-   ", "-\t", "1. ", "1) ", "10. ", "2.  ", "1.\t")


@st.composite
def _lists(draw: st.DrawFn, inner: st.SearchStrategy[Lines]) -> Lines:
    marker = draw(st.sampled_from(_MARKERS))
    width = len(marker.expandtabs(4))
    indent = draw(st.sampled_from((" " * width, "\t" * -(-width // 4) if width % 4 == 0 else " " * width)))
    apart = draw(st.booleans())
    lines: list[str] = []
    for number, item in enumerate(draw(st.lists(_bodies(inner), min_size=1, max_size=3))):
        if number and apart:
            lines.append("")
        lines.append(marker + item[0])
        lines += [indent + line if line else "" for line in item[1:]]
    return tuple(lines)


@st.composite
def _quotes(draw: st.DrawFn, inner: st.SearchStrategy[Lines]) -> Lines:
    mark = draw(st.sampled_from(("> ", "> ", ">", ">\t")))
    return tuple((mark + line) if line else ">" for line in draw(_bodies(inner)))


@st.composite
def _bodies(draw: st.DrawFn, inner: st.SearchStrategy[Lines]) -> Lines:
    return _joined(draw, draw(st.lists(inner, min_size=1, max_size=3)), tight=4)


def _joined(draw: Callable[[st.SearchStrategy[int]], int], parts: list[Lines], tight: int) -> Lines:
    """The lines of some blocks in a row, separated by blank lines except about once in `tight` times."""
    lines: list[str] = []
    for part in parts:
        if lines and draw(st.integers(1, tight)) > 1:
            lines.append("")
        lines.extend(part)
    return tuple(lines)


@st.composite
def _texts(draw: st.DrawFn, block: st.SearchStrategy[Lines], tight: int = 4) -> str:
    lines = _joined(draw, draw(st.lists(block, min_size=1, max_size=5)), tight)
    return "\n".join(lines) + draw(st.sampled_from(("\n", "\n", "", "\n\n")))


def documents() -> st.SearchStrategy[str]:
    """A text without directives. References to its own labels are included."""
    return _texts(blocks()).map(lambda text: text.replace("@L", "own"))


class Project(NamedTuple):
    """Templates of `p0.md`, `p1.md` …, where `@@2@@` includes `p2.md`. `p0.md` is the entry; includes go to higher numbers."""

    templates: tuple[str, ...]
    levels: tuple[str, ...] = ("keep",)
    """The `level` of the includes of each file: if there are more files, they take turns."""

    def source(self, number: int) -> str:
        """The source text of a file, as an author would write it."""
        level = self.levels[number % len(self.levels)]
        return self.filled(number, lambda target: f"<<include: p{target}.md level={level}>>")

    def filled(self, number: int, stand_in: Callable[[int], str]) -> str:
        """The text of a file with each include replaced by `stand_in(target)`."""
        template = self.templates[number].replace("@L", f"label{number}")
        return re.sub(r"@@(\d)@@", lambda match: stand_in(int(match[1])), template)

    def targets(self, number: int) -> list[int]:
        """The numbers of the files that a file includes, in order."""
        return [int(target) for target in re.findall(r"@@(\d)@@", self.templates[number])]


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """An entry and one to three patterns of arbitrary blocks, with includes as blocks, also in lists and quotes.

    Every file except the last includes another one at least once.
    """
    count = draw(st.integers(2, 4))
    templates = []
    for number in range(count):
        later = [(f"@@{target}@@",) for target in range(number + 1, count)]
        parts = draw(st.lists(blocks(st.sampled_from(later) if later else None), min_size=not later, max_size=4))
        if later:
            include = st.sampled_from(later)
            either = st.one_of(include, leaves())
            parts.insert(draw(st.integers(0, len(parts))), draw(st.one_of(include, _lists(either), _quotes(either))))
        templates.append("\n".join(_joined(draw, parts, tight=3)) + "\n")
    return Project(tuple(templates))


def levelled_projects() -> st.SearchStrategy[Project]:
    """Projects whose includes also move headings."""
    level = st.sampled_from(("keep", "nest", "+1", "-1", "2"))
    levels = st.lists(level, min_size=1, max_size=3)
    return st.builds(lambda project, levels: project._replace(levels=tuple(levels)), projects(), levels)


@st.composite
def ordinary_projects(draw: st.DrawFn) -> Project:
    """Projects of a careful author: blank lines around all blocks, and patterns that begin with a heading or text."""
    count = draw(st.integers(2, 4))
    plain = leaves().filter(lambda lines: not lines[0].startswith((" ", "\t")))
    block = st.recursive(plain, lambda inner: st.one_of(_careful_lists(inner), _careful_quotes(inner)), max_leaves=4)
    begin = st.one_of(_text_lines(), st.sampled_from((("# Title",), ("## Part",), ("Title", "====="))))
    templates = []
    for number in range(count):
        later = [(f"@@{target}@@",) for target in range(number + 1, count)]
        parts = [draw(begin), *draw(st.lists(st.one_of(block, st.sampled_from(later)) if later else block, max_size=3))]
        if later:
            include = st.sampled_from(later)
            held = st.one_of(include, _careful_lists(st.one_of(include, _text_lines())), _careful_quotes(include))
            parts.insert(draw(st.integers(1, len(parts))), draw(held))
        templates.append("\n\n".join("\n".join(lines) for lines in parts) + "\n")
    return Project(tuple(templates))


@st.composite
def _careful_lists(draw: st.DrawFn, inner: st.SearchStrategy[Lines]) -> Lines:
    marker = draw(st.sampled_from(("- ", "1. ")))
    lines: list[str] = []
    for item in draw(st.lists(inner, min_size=1, max_size=3)):
        lines += [marker + item[0], *(" " * len(marker) + line if line else "" for line in item[1:]), ""]
    return tuple(lines[:-1])


def _careful_quotes(inner: st.SearchStrategy[Lines]) -> st.SearchStrategy[Lines]:
    return inner.map(lambda lines: tuple(f"> {line}".rstrip() for line in lines))
