"""Front matter: strings exactly as written, places in the file, and everything that is rejected."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from skillweave.front_matter import read_front_matter
from skillweave.front_matter.events import MAX_DEPTH, read_events
from skillweave.front_matter.params import read_params
from skillweave.front_matter.plain import read_plain
from skillweave.front_matter.values import FrontMatter, Item, Param, Value
from skillweave.source import Span

OFFSET = 4


def plain(value: Value) -> object:
    """A value as plain Python lists and dictionaries."""
    match value:
        case str():
            return value
        case FrontMatter():
            return {field.name: plain(field.value) for field in value.fields}
        case _:
            return [plain(item.value) for item in value]


def read(text: str) -> object:
    front_matter, problems = read_front_matter(text, OFFSET)
    assert problems == ()
    return plain(front_matter)


def complaint(text: str) -> tuple[str, str]:
    """The message of the only problem, and the text it points at."""
    _, problems = read_front_matter(text, OFFSET)
    assert [problem.code.name for problem in problems] == ["invalid-front-matter"]
    span = problems[0].span
    return problems[0].message, text[span.start - OFFSET : span.end - OFFSET]


def params(text: str) -> tuple[dict[str, Param], list[tuple[str, str]]]:
    front_matter, problems = read_front_matter(text, OFFSET)
    assert problems == ()
    field = front_matter.get("params")
    assert field is not None
    declared = read_params(field)
    found = [(p.code.name, text[p.span.start - OFFSET : p.span.end - OFFSET]) for p in declared[1]]
    return declared[0], found


def test_every_scalar_is_a_string_as_written() -> None:
    text = (
        "a: 1.10\nb: yes\nc: ~\nd: 'it''s'\ne: \"x\\ty\"\nf: >-\n  one\n  two\ng: |\n  x\nh:\ni: 0x1f\nj: 2024-01-01\n"
    )
    assert read(text) == {
        "a": "1.10",
        "b": "yes",
        "c": "~",
        "d": "it's",
        "e": "x\ty",
        "f": "one two",
        "g": "x\n",
        "h": "",
        "i": "0x1f",
        "j": "2024-01-01",
    }


def test_lists_and_mappings_nest() -> None:
    assert read("a: [x, {b: 1}]\nc:\n  - d\n  - e: f\n") == {"a": ["x", {"b": "1"}], "c": ["d", {"e": "f"}]}


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "{}\n"])
def test_empty_front_matter_is_an_empty_mapping(text: str) -> None:
    assert read(text) == {}


def test_spans_are_offsets_into_the_file_in_code_points() -> None:
    text = "é: 😀 x\nlist: [a, 'b']\nblock: |\n  t\n\n"
    front_matter, _ = read_front_matter(text, OFFSET)
    cut = [(text[s.start - OFFSET : s.end - OFFSET]) for f in front_matter.fields for s in (f.name_span, f.value_span)]
    assert cut == ["é", "😀 x", "list", "[a, 'b']", "block", "|\n  t"]
    listed = front_matter.fields[1].value
    assert listed == (Item("a", Span(18, 19)), Item("b", Span(21, 24)))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "a", 'the key "a" is already on line 2'),
        ("x:\n  b: 2\n  b: 3\n", "b", "already on line 3"),
        ("a: &here 1\n", "&", "an anchor (&here)"),
        ("a: *there\n", "*there", "an alias (*there)"),
        ("a: !!int 3\n", "!", "a tag (!!int)"),
        ("a: !own [x]\n", "!", "a tag (!own)"),
        ("<<: {a: b}\n", "<<", "a merge key"),
        ("? [a, b]\n: c\n", "[a, b]", "a key that is a list or a mapping"),
        ("a: 1\n--- \nb: 2\n", "---", "more than one YAML document"),
        ("- a\n- b\n", "- a\n- b", "not a mapping"),
        ("only words\n", "only words", "not a mapping"),
        ("name: x\ndescription: Use when: asked\n", ":", "a colon and a blank inside an unquoted value"),
        ("a:\n\tb: c\n", "\t", "a tab where YAML allows only spaces"),
        ("a: `x`\n", "`", "no unquoted value can start with"),
        ('a: "x\n', '"', "a quotation mark that is never closed"),
        ("hint: [a] [b]\n", "[", "something after a complete value"),
        ("a: [b\n", "", "a bracket that is never closed"),
        ('a: "\\q"\n', "q", "an unknown escape"),
        ("a: b\x01c\n", "\x01", "U+0001"),
        ("a: \ud800\n", "\ud800", "U+D800"),
        ('a: "\\uD800"\n', '"\\uD800"', "an escape that stands for no character"),
        ('a: "\\0"\n', '"\\0"', "an escape that stands for no character"),
        ('a: "\\UFFFFFFFF"\n', 'a: "\\UFFFFFFFF"\n', "a number that YAML does not accept"),
    ],
)
def test_refused_texts_and_places(text: str, place: str, words: str) -> None:
    message, cut = complaint(text)
    assert words in message
    assert cut == place


def test_a_quoted_merge_key_is_an_ordinary_key() -> None:
    assert read('"<<": x\n') == {"<<": "x"}


def test_valid_fields_survive_a_refused_one() -> None:
    front_matter, problems = read_front_matter("a: 1\na: 2\nb: &x 3\n", OFFSET)
    assert plain(front_matter) == {"a": "1", "b": "3"}
    assert len(problems) == 2


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_reported_without_a_crash(opening: str) -> None:
    message, _ = complaint("a: " + opening * 5000 if opening != "- " else opening * 5000)
    assert message == f"lists and mappings nested deeper than {MAX_DEPTH} levels"


def test_nesting_up_to_the_limit_is_read() -> None:
    """The top-level mapping counts as a level too."""
    assert isinstance(read("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)), dict)
    complaint("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH)


YAML_LIKE = st.text(st.sampled_from(list("ab: \n-[]{},\"'#&*!|>%@`\\xu0\t?~<é😀\u2028\x85")), max_size=60)


@given(YAML_LIKE)
@example("%YAML 1.1\n---\na: b")
def test_reading_never_fails_and_every_span_lies_in_the_text(text: str) -> None:
    front_matter, problems = read_front_matter(text, OFFSET)
    spans = [problem.span for problem in problems]
    spans += [span for field in front_matter.fields for span in (field.name_span, field.value_span)]
    assert all(OFFSET <= start <= end <= OFFSET + len(text) for start, end in spans)
    for field in front_matter.fields:
        read_params(field)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=50),
        st.recursive(st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(max_size=50), v)),
    )
)
def test_json_is_read_back_unchanged(written: dict[str, object]) -> None:
    """JSON is YAML, except for characters that YAML forbids, and keys of more than 1,024 characters, including escapes."""
    text = json.dumps(written)
    front_matter, problems = read_front_matter(text, 0)
    if problems:
        assert any(word in text for word in ("\\u0000", "\\ud", "\\u007f"))
    else:
        assert plain(front_matter) == written


@given(YAML_LIKE)
def test_valid_front_matter_is_read_as_by_pyyaml(text: str) -> None:
    front_matter, problems = read_front_matter(text, OFFSET)
    if not problems:
        loaded = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - the base loader makes strings only
        assert plain(front_matter) == (loaded or {})


def test_params_are_read() -> None:
    declared, problems = params("params:\n  n: {default: 5}\n  l: {required: True, enum: [Go, Rust]}\n  t: {}\n  u:\n")
    assert problems == []
    assert [(p.name, p.default, p.required, p.enum) for p in declared.values()] == [
        ("n", "5", False, None),
        ("l", None, True, ("Go", "Rust")),
        ("t", None, False, None),
        ("u", None, False, None),
    ]
    assert declared["n"].span == Span(14, 15)


def test_empty_params_declare_none() -> None:
    assert params("params:\n") == ({}, [])


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("params: [a]\n", "invalid-front-matter", "[a]"),
        ("params: {t: 5}\n", "invalid-front-matter", "5"),
        ("params: {a-b: {}}\n", "invalid-front-matter", "a-b"),
        ("params: {1a: {}}\n", "invalid-front-matter", "1a"),
        ("params: {ﬁ: {}}\n", "invalid-front-matter", "ﬁ"),
        ("params: {if: {}}\n", "invalid-front-matter", "if"),
        ("params: {self: {}}\n", "invalid-front-matter", "self"),
        ("params: {t: {defualt: x}}\n", "invalid-front-matter", "defualt"),
        ("params: {t: {required: maybe}}\n", "invalid-front-matter", "maybe"),
        ("params: {t: {enum: Go}}\n", "invalid-front-matter", "Go"),
        ("params: {t: {enum: []}}\n", "invalid-front-matter", "[]"),
        ("params: {t: {enum: [[a]]}}\n", "invalid-front-matter", "[[a]]"),
        ("params: {t: {default: [a]}}\n", "invalid-front-matter", "[a]"),
        ("params: {t: {default: C, enum: [Go]}}\n", "invalid-front-matter", "C"),
        ("params: {t: {default: C, required: true}}\n", "invalid-front-matter", "default"),
        ("params: {t: {default: 'a <<include: x.md>>'}}\n", "directive-in-param", "'a <<include: x.md>>'"),
        ("params: {t: {default: '{{ asset : x}}'}}\n", "directive-in-param", "'{{ asset : x}}'"),
    ],
)
def test_an_error_in_params_is_one_problem_at_its_place(text: str, code: str, place: str) -> None:
    assert params(text)[1] == [(code, place)]


@pytest.mark.parametrize("value", ["<<<include: x>>", "${{ include: x }}", "{{ include x }}", "<<EOF"])
def test_text_that_is_not_an_opener_may_be_a_default(value: str) -> None:
    assert params(f"params: {{t: {{default: '{value}'}}}}\n")[0]["t"].default == value


ODD_SCALARS = ("", "a\u2028b", "a\x85b", "a ", " a", "a\x09b", "a\u200bb", "a\ufeffb", "\u3000", "x\u3000")
SCALARS = (
    *ODD_SCALARS,
    *r"""
x
Two words.
1.10
a:b
a: b
a :b
a:
a #b
a#b
#b
- a
(a) b
[a]
{a: b}
&a b
*a
!a
'a'
"a"
a "b"
| x
> x
%a
@a
`a`
été — x
?
? a
~
<<
a, b
https://e.org/a#b
---
...
C:\a
""".strip().splitlines(),
)
KEYS = ("name", "description", "a-b", "a_b", "A1", "a b", "1a", "é", "<<", '"a"', "- a", " a", "#a", "", "? a")
COLONS = (": ", ":", ":  ", ":\t", " : ")


@given(st.lists(st.builds("{}{}{}".format, *map(st.sampled_from, (KEYS, COLONS, SCALARS))), max_size=5))
@example(["a: b", "  c"])
@example(["name: ---", "a: b..."])
def test_plain_lines_are_read_as_the_parser_reads_them(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    plainly = read_plain(text, OFFSET)
    assert plainly is None or (plainly, ()) == read_events(text, OFFSET)


def test_ordinary_front_matter_takes_the_fast_path() -> None:
    assert read_plain("name: a-b\ndescription: Does x (y, z): it's “it”. Use https://e.org/a#b.\n", OFFSET) is None
    assert read_plain("name: a-b\ndescription: Does x (y, z) - it's “it”. Use https://e.org/a#b.\n", OFFSET) is not None
