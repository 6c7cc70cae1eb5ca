"""The fast path for plain texts agrees with the parser wherever it gives a result."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skillweave.markdown.plain import plain_reading
from skillweave.parse.documents import parse, parse_by_parser
from skillweave.source import LineIndex, normalise
from strategies import documents, examples, openers_everywhere, scraps

ROOT = Path(__file__).parent.parent
FOLDERS = ("patterns", "skills", "docs", "tests/cases")

INDENTS = ("", "", "", "", "  ", "   ", "    ", " ", "     ", "\t")
MARKERS = ("", "- ", "* ", "+ ", "1. ", "2. ", "1) ", "10. ", "> ", ">", "-   ", "-     ", "- - ")
ODD = ("- ", "\xa0", "\xa0x", "x\xa0", "\u2028", "\u3000x", "\ufeffx", "\x0bx", "\x1f", "\u200b")
WORDS = (
    *ODD,
    *r"""
word
Two words.
1 of 2
1.5 of 2
**Strong:** text
*em* text
__x__
_y_
(aside)
“quoted”
`a/b`
`code` and `b:c`
`` a ` b ``
`open
` x `
`a|b/c`
``
```
```sh
~~~
````
~1
[text](a.md)
[text](a.md#x) and [other](<b c.md>)
[t](a.md "title")
[t](https://e.org/p)
[t](b:c)
[x]
[ ] task
[x][d]
[x][]
[d]
[`a]`](b.md)
[a [b](c.md)
[a](b
[]
[][d]
[^n]
[d][x]
![alt](a.png)
![alt][d]
![`c`](a.png)
!`ls`
a < b
<24h
<2@b.c>
<name>
<b>x</b>
</b>
<https://e.org>
<div>
<!-- c -->
<!-- region: r -->
<include:x>
x <<y
a & b
&amp;
&#58;
\*
\[x]
\`a`
a\
\<<include: a.md>>
{#id}
{{name}}
{{ x: y }}
${{ a: b }}
{% if %}
# Title
## Two `a` words
### **Bold** part
# C#
# a #
#tag
# snake_case
# _em_
# a ~~b~~
#
# A & B!
# &amp;
# [l](a.md)
# <b>
# a | b
# a {#id}
a | b
a |
| a | b |
| a |
|---|---|
|---|
| :-: | --- |
| `x:y` | [l](a.md) |
| a\|b | c |
| `a\|b:` | c |
| a | b | c |
|
| a
---
***
===
--
* * *
___
-
1.
1234567890. x
=
::
-flag
+1
[d]: https://e.org/a
[d]: b.md#c
[e]: a.md 'title'
[ d ]: x
[d]:
[d]: <x>
[d]: a%20b
"title"
<<include: a.md>>
{{include: b.md#c}}
<<reference: a.md>>
<<include: a.md
<<include: a.md>> x
x <<reference: "a>>b.md">>
<<include: a.md with x="<<include: b.md>>">>
`<<include: a.md>>`
<<inlcude: a.md>>
été
— x
[É]
[ß]
[d é]: x
~0.3%
~~x~~
***x*** y
-5 to 5
-a|-
:smile:
:-|
#5
<5 words
<= 3
a < b > c
1 << 32
a <<b
<a_b>
</a_b> x
a <b c
Vec<T> x
Pair<T, E>
<a,b@c.d>
<<x: y
close` x
`a
  b` x
<tag>
<tag a="b" id="c">
<tag a='b'/>
</tag>
<PRE>
<a href="b.md">
<!--
-->
<!-- a
b -->
<!-->
<!-- a --> x
<!-- skillweave: ignore SW501 -->
<!-- <<include: a.md>> -->
# C# and C##
# [x]
# [d]
# [x][d] y
# **b** [x]
# `a` [x] <2
# [`a`] b
# a <b
# Vec<T>
# Pair<T, E>
# a_
# a_b_ c
# *a
# *a `b*`
# _a `b`_
# A&B; C
# ![x]
[t]({b}/x.md)
[t]({{b: c}}/x.md)
[t](https://e.org:80/a?b=c:d&e=f)
[t](a&amp;b)
""".strip().splitlines(),
)


def lines_of_all_kinds() -> st.SearchStrategy[str]:
    """Lines that are nearly plain: each is, or almost is, something that the fast path reads."""
    end = st.sampled_from(("", "", "", " ", "  ", "\t", "\n", "\n", "\n", "\n \n"))
    line = st.builds(
        "{}{}{}{}".format, st.sampled_from(INDENTS), st.just("") | st.sampled_from(MARKERS), st.sampled_from(WORDS), end
    )
    # The fast path reads shorter texts more often.
    return (st.lists(line, max_size=4) | st.lists(line, max_size=9)).map("\n".join)


@examples(400)
@given(lines_of_all_kinds() | scraps() | documents() | openers_everywhere())
@example("- a\n| b |\n|---|\n")
@example("text\n| b |\n|---|\n| c |\n")
@example("# a |\n---\n")
@example("- a\n  2. b\n")
@example("- a\n2. b\n")
@example("> a\n>\n\n\nb\n")
@example("1. a\n   ```\n  b\n   ```\n")
@example("```\na\n    ```\n```sh\nb\n```\n")
@example("[a\n[d]: x]: y\n")
def test_a_plain_text_is_read_as_the_parser_reads_it(text: str) -> None:
    text = normalise(text)
    assert parse(text) == parse_by_parser(text)
    behind = f"---\nname: x\n---\n{text}"
    assert parse(behind) == parse_by_parser(behind)


NEARLY_SOMETHING = (
    "<!-->\n\na\n\n-->\n\n[b](c.md)\n",
    "<!-- a -- b -->\nc\n",
    "<div>\n<!-- region: a -->\nb\n<!-- endregion: a -->\n</div>\n",
    "<pre>\na\n\n# b\n\n</pre>\n",
    "a\n\n~~~\n# b\n",
    "# <1@b.c> d\n",
    "# <a{1@b.c> d\n",
    "<a b\nc> [d](e.md)\n",
    "<a href='b.md' c>\n",
    "x <a href='b.md'\nc> d\n",
    "# _a `b`_\n",
    "# *a* b_c\n",
    "# `a`_b_`c`\n",
    "# a_`b` _c\n",
    "# _[a]_ b\n",
    "`a\nb:c` d\n",
    "- `a\n  b:c` d\n",
    "`a\n  b:c` d\n",
    "[\u1e9e]\n",
    "# [a]\n\n[a]: b\n",
    "# [a] [c]\n\n[c]: d\n",
    "# [a](b.md)\n",
)
"""Texts that differ by one character, but also in meaning, from a plain one."""


@pytest.mark.parametrize("text", NEARLY_SOMETHING)
def test_nearly_plain_texts_are_read_as_the_parser_reads_them(text: str) -> None:
    assert parse(text) == parse_by_parser(text)


@pytest.mark.parametrize("folder", FOLDERS)
def test_real_texts_are_read_as_the_parser_reads_them(folder: str) -> None:
    files = sorted(path for path in (ROOT / folder).rglob("*.md") if path.is_file())
    assert files
    texts = {path: normalise(path.read_text(encoding="utf-8", errors="replace")) for path in files}
    assert [path for path, text in texts.items() if parse(text) != parse_by_parser(text)] == []


def test_ordinary_texts_take_the_fast_path() -> None:
    """Otherwise a fast path that never gives a result would pass all tests."""
    paths = sorted((ROOT / "patterns").rglob("*.md"))
    assert paths
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert plain_reading(LineIndex(text), parse(text).body) is not None, path


@pytest.mark.parametrize(
    "text",
    [
        "Fewer than <5 of a << b, or ~3 <= x.\n",
        "A Pair<T, E> and an <odd_name> that closes.\n",
        "<required_reading>\na\n</required_reading>\n",
        "# Q&A of C#\n\n## [Your title] (< 4 bytes)\n\n### read_*\n",
        "Code `that goes\non` here.\n",
        "<!-- Source: x -->\n# Title\n\n<!--\na\n\nb\n-->\n",
        '<note kind="x">\n- a\n</note>\n\nText:\n> quoted\n',
        "[Été] and [x]({dir}/a.md) and [y](https://e.org/?a=b:c&d=e)\n",
        "- -5 to 5\n- ~5\n- ***x***\n- :smile:\n- #5\n",
    ],
)
def test_plain_texts_take_the_fast_path(text: str) -> None:
    assert plain_reading(LineIndex(text)) is not None
    assert parse(text) == parse_by_parser(text)
