"""The short cut for plain texts, held to the parser: where it answers, both say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skillweave.markdown.plain import plain_reading
from skillweave.parse.documents import parse, parse_by_parser
from skillweave.source import LineIndex, normalise
from strategies import documents, openers_everywhere, scraps

SETTINGS = settings(derandomize=True, deadline=None, database=None, max_examples=400)
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
""".strip().splitlines(),
)


def lines_of_all_kinds() -> st.SearchStrategy[str]:
    """Lines that are nearly plain: each one alone is, or nearly is, something that the short cut reads."""
    end = st.sampled_from(("", "", "", " ", "  ", "\t", "\n", "\n", "\n", "\n \n"))
    line = st.builds(
        "{}{}{}{}".format, st.sampled_from(INDENTS), st.just("") | st.sampled_from(MARKERS), st.sampled_from(WORDS), end
    )
    return st.lists(line, max_size=9).map("\n".join)


@SETTINGS
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


@pytest.mark.parametrize("folder", FOLDERS)
def test_real_texts_are_read_as_the_parser_reads_them(folder: str) -> None:
    files = sorted(path for path in (ROOT / folder).rglob("*.md") if path.is_file())
    texts = {path: normalise(path.read_text(encoding="utf-8", errors="replace")) for path in files}
    assert [path for path, text in texts.items() if parse(text) != parse_by_parser(text)] == []


def test_what_people_write_is_plain() -> None:
    """Without this, a short cut that never answers would pass."""
    for path in sorted((ROOT / "patterns").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        assert plain_reading(LineIndex(text), parse(text).body) is not None, path
