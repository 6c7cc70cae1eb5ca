"""Templates: what is rejected and where, the rendered text, and the source line of each rendered line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillweave.front_matter.values import Param
from skillweave.source import Span
from skillweave.template.arguments import bind, passed_on
from skillweave.template.rendering import check_template, render_template
from skillweave.template.values import Kept, Rendered

FRONT = "---\nparams: {}\n---\n"
FIRST = 3
"""The line number of the body's first line, counted from 0."""

PARAMS = {name: Param(name, None, required=False, enum=None, span=Span(0, 0)) for name in ("a", "b", "lang")}
HERE = Span(0, 5)
LIMIT = 16 * 2**20
"""The maximum size of a rendering, in bytes."""


def masks(text: str) -> list[Span]:
    return [Span(*found.span()) for found in re.finditer(r"<<include.*?>>|\{\{include.*?\}\}(?!\")", text)]


def render(body: str, **values: str) -> Rendered:
    text = FRONT + body
    template, problems = check_template(text, len(FRONT), PARAMS, masks(text))
    assert problems == ()
    assert template is not None
    rendered = render_template(template, {"a": "", "b": "", "lang": "Go", **values}, LIMIT)
    assert isinstance(rendered, Rendered)
    return rendered


def out(body: str, **values: str) -> str:
    return "\n".join(render(body, **values).lines)


def refused(body: str) -> list[tuple[str, str]]:
    text = FRONT + body
    template, problems = check_template(text, len(FRONT), PARAMS, masks(text))
    assert template is None
    assert {problem.code.name for problem in problems} == {"template-error"}
    return [(problem.message, text[problem.span.start : problem.span.end]) for problem in problems]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ lang }}, {{lang|upper}}, {{ lang | lower }}\n", "Go, GO, go\n"),
        ('{{ "x y"|title }} {{ "xY"|capitalize }} {{ " z "|trim }} {{ "-z-"|trim("-") }}', "X Y Xy z z"),
        ('{{ a|default("none", true) }} {{ a|default("q", boolean=true) }} {{ a|default("q") }}', "none q "),
        ('{{ lang ~ "!" ~ 5 }} {{ "y" if lang == "Go" else "n" }} {{ lang in "Gopher" }}', "Go!5 y True"),
        ('{% if a %}1{% elif lang != "Go" or not lang %}2{% elif lang < "H" and 1 < 2 %}3{% else %}4{% endif %}', "3"),
        ("{% raw %}{{ x }} {% for %}{% endraw %}", "{{ x }} {% for %}"),
        ("{% if " + " or ".join(["a == 'x'"] * 99) + " or lang %}1{% endif %}", "1"),
        ("{{ " + "(" * 15 + " or ".join(["a == 'x'"] * 99) + " or '1')|trim" * 15 + " }}", "1"),
        ("{% if a %}1" + "{% elif a %}1" * 499 + "{% elif lang %}2{% endif %}", "2"),
        ("x {# {{ nope }} #}y", "x y"),
        ("a\n\n\n", "a\n\n\n"),
        ("", ""),
    ],
)
def test_what_a_template_may_contain(body: str, text: str) -> None:
    assert out(body) == text


def test_a_value_is_never_rendered_again() -> None:
    hostile = "{{ lang }}{% raw %}\n{# x #} 12 \ue000 \x00"
    assert out("<{{ a }}>{{ b }}\n", a=hostile, b="0") == f"<{hostile}>0\n"


def test_line_ends_in_a_value_become_lf() -> None:
    assert render("x{{ a }}y", a="1\r\n2\r3").lines == ("x1", "2", "3y")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("x\n{% if lang %}\ny\n{% endif %}\nz\n", "x\ny\nz\n"),
        ("x\n  {% if a %} {# why #}\t\ny\n{% else %}\n{% endif %}\nz\n", "x\nz\n"),
        ("x\n{# one\ntwo #}\n\nz\n", "x\n\nz\n"),
        ("{# c #}{# d #}", ""),
        ("x\n{% endraw %}".replace("{% endraw %}", "{% raw %}\n\ny\n{% endraw %}\n"), "x\n\ny\n"),
        ("x {% if lang %}\ny{% endif %}\n", "x \ny\n"),
        ("x\n{{ a }}\ny\n", "x\n\ny\n"),
        ("x\n{% if lang %}{{ a }}{% endif %}\ny\n", "x\n\ny\n"),
        ("x\n{%- if lang %}\ny\n{%- endif %}\nz\n", "x\ny\nz\n"),
        ("x  {#- c -#}  y", "xy"),
        ("{% if lang\n   and lang %}\ny\n{% endif %}", "y\n"),
    ],
)
def test_a_line_of_only_tags_leaves_no_blank_line(body: str, text: str) -> None:
    assert out(body) == text


def test_every_line_has_its_source() -> None:
    body = "one\n{% if a %}\nno\n{% else %}\n{# x\n\ny #}\nfour {{ lang }}\n{% endif %}\n{{ b\n}}tail\n\n"
    rendered = render(body, b="p\nq\n")
    assert rendered.lines == ("one", "four Go", "p", "q", "tail", "", "")
    assert [source - FIRST for source in rendered.sources] == [0, 7, 9, 9, 10, 11, 12]


def test_directives_are_kept_unchanged_with_their_places() -> None:
    body = (
        '{% if lang %}\n<<include: a.md with u="{{ lang }}">>\n{% endif %}\n{{ a }}`{{include: b.md}}` '
        "<<include: c.md>>\n{% if a == 'no' %}<<include: d.md>>{% endif %}{# <<include: e.md #} >> #}\n"
    )
    rendered = render(body, a="1\n22")
    assert rendered.lines == (
        '<<include: a.md with u="{{ lang }}">>',
        "1",
        "22`{{include: b.md}}` <<include: c.md>>",
        "",
        "",
    )
    assert rendered.kept == (Kept(0, 0, 0), Kept(1, 2, 3), Kept(2, 2, 22))


WORDS = st.text(st.sampled_from("ab \n#%{}\u2028\x0b\ue000é😀"), max_size=40)
NO_TAGS = WORDS.filter(lambda text: not re.search(r"\{[{%#]", text))


@given(NO_TAGS)
def test_a_template_without_tags_renders_to_itself(body: str) -> None:
    rendered = render(body)
    assert "\n".join(rendered.lines) == body
    assert rendered.sources == tuple(range(FIRST, FIRST + len(rendered.lines)))


LINES = st.lists(
    st.sampled_from(
        [
            *("text @", "@ {{ a }}", "{{ b }} @", "", "{% raw %}", "{% endraw %}", "{# c #}", "{# c", "d #}"),
            *("{% if a %}", "{% if lang %}", "{% else %}", "{% endif %}", "  {%- if a -%}  ", "<<include: x.md>> @"),
        ]
    ),
    max_size=14,
)


@given(LINES, st.sampled_from(["", "v", "v\nw"]))
def test_every_rendered_line_names_its_source_line(lines: list[str], value: str) -> None:
    """`@` stands for its line's number, which must be recorded as the source of the rendered line where it first appears."""
    text = FRONT + "\n".join(line.replace("@", f"@{FIRST + n}@") for n, line in enumerate(lines))
    template, problems = check_template(text, len(FRONT), PARAMS, masks(text))
    if template is None:
        assert problems
        return
    rendered = render_template(template, {"a": value, "b": value, "lang": "Go"}, LIMIT)
    assert isinstance(rendered, Rendered)
    assert len(rendered.lines) == len(rendered.sources)
    assert list(rendered.sources) == sorted(rendered.sources)
    for line, source in zip(rendered.lines, rendered.sources, strict=True):
        numbers = [int(number) for number in re.findall(r"@(\d+)@", line)]
        assert all(source <= number for number in numbers)
        if numbers and line.startswith(("text", "@", "<<")):
            assert source == numbers[0]
    for mask, line_number, column in rendered.kept:
        start, end = masks(text)[mask]
        assert rendered.lines[line_number][column:].startswith(text[start:end])


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        ("{{ lang.__class__.__mro__[1].__subclasses__() }}", "(", "a call"),
        ("{{ lang.x }}", ".", "an attribute"),
        ("{{ lang[0] }}", "[", "a subscript"),
        ("x\n{% for i in range(9) %}x{% endfor %}", "for", '"for" is not allowed'),
        *(
            (f"{{% {word} x %}}", word, f'"{word}" is not allowed')
            for word in ("set", "macro", "include", "import", "extends", "print", "block", "do", "with", "endfor")
        ),
        ("{{ a + b }}", "+", "arithmetic"),
        ("{{ 9 ** 9 }}", "**", "arithmetic"),
        ("{{ a * 9 }}", "*", "arithmetic"),
        ("{{ -5 }}", "-", "arithmetic"),
        ("{{ a is defined }}", "is", "a test"),
        ("{{ [a] }}", "{{ [a] }}", "a list"),
        ("{{ a, b }}", "{{ a, b }}", "a list, tuple"),
        ('{{ a|replace("x", "yy") }}', "replace", "not one of the filters"),
        ('{{ a|join("x") }}', "join", "not one of the filters"),
        ("{{ a|indent }}", "indent", "not one of the filters"),
        ("{{ a|upper(1) }}", "upper", "does not take these arguments"),
        ("{{ a|trim(1) }}", "trim", "takes a string"),
        ("{{ a|default(b, default_value=b) }}", "default", "does not take these arguments"),
        ("{{ nope }}", "nope", '"nope" is not declared'),
        ('{% if a == "2" %}\n{{ nope }}{% endif %}', "nope", '"nope" is not declared'),
        ("{{ range }}", "range", '"range" is not declared'),
        ("{{ a if b }}", "{{ a if b }}", "without `else`"),
        ("{{ a > 3 }}", "{{ a > 3 }}", "a comparison of a string"),
        ("{{ 3 in a }}", "{{ 3 in a }}", "a comparison of a string"),
        ("{{ a|default(3) < b }}", "{{ a|default(3) < b }}", "a comparison of a string"),
        (r'{{ "\x00" }}', r'{{ "\x00" }}', "no text can contain"),
        (r'{{ "\ud800" }}', r'{{ "\ud800" }}', "no text can contain"),
        ("x {{ a", "{{", "never closed"),
        ("x {# a", "{#", "never closed"),
        ("x {% raw %} a", "{% raw %}", "never closed"),
        ("{% if a %}x", "{% if a %}", "never closed"),
        ("{% endif %}", "endif", "does not belong to anything"),
        ("{% endraw %}", "endraw", "does not belong to anything"),
        ("{% if a %}{% else %}{% elif b %}{% endif %}", "elif", "does not belong to anything"),
        ("{% %}", "%}", "an empty tag"),
        ("{{ }}", "{{ }}", "a value is missing"),
        ("{{ a b }}", "b", 'expected "}}"'),
        ("{% if a = b %}{% endif %}", "=", 'expected "%}"'),
        ("x\n{{ a & b }}", "&", '"&" has no meaning'),
        ("{% if <<include: x>> %}{% endif %}", "<<include: x>>", "a directive inside"),
        ("{{ " + "(" * 500 + "a" + ")" * 500 + " }}", "(", "brackets nested deeper"),
        ("{{ " + " and ".join("a" * 500) + " }}", "and", "more than 100 terms"),
        (("{% if " + " and ".join("a" * 90) + " %}{% endif %}\n") * 12, "and", "more than 1,000"),
        (("{% if a %}" + "{% elif a %}" * 150 + "{% else %}") * 20 + "{% endif %}" * 20, "{% if a %}", "more than 500"),
        ("{{ 0x" + "f" * 300 + " }}", "{{ 0x" + "f" * 300 + " }}", "a number too long"),
        ("{% if a %}" + "{% elif a %}" * 501 + "{% endif %}", "{% if a %}", "more than 500 branches"),
        ("{% if a %}" * 99 + "{% endif %}" * 99, "if", "nested deeper"),
    ],
)
def test_refused_texts_and_places(body: str, place: str, words: str) -> None:
    ((message, cut),) = refused(body)
    assert words in message
    assert cut == place


@pytest.mark.parametrize("body", ["{{ " + "not " * 5000 + "a }}", "{{ " + "9" * 5000 + " }}"])
def test_text_that_the_parser_cannot_handle_is_reported_without_a_crash(body: str) -> None:
    assert len(refused(body)) == 1


def test_each_undeclared_name_is_reported_once_in_any_branch() -> None:
    found = refused("{{ x }}\n{% if a %}{{ y }}{% else %}{{ x }}{% endif %}\n")
    assert [cut for _, cut in found] == ["x", "y"]


@pytest.mark.parametrize(
    ("body", "cuts"),
    [
        ("{% for x in a %}{{ x.y }}{{ loop.line_index }}{% endfor %}{{ z }}{{ a.b }}", ["for", "z", "."]),
        ("{% set x = 1 %}{{ x }}\n{{ y\n}}{% if z %}{% endif %}", ["set", "y", "z"]),
        ("{{ a b }}{{ x }}\n{{ c d }}{% if %}{% endif %}", ["b", "x", "d", "{% if %}"]),
        ("{% if x %}{{ y }}", ["{% if x %}", "x", "y"]),
        ("{{ x }}{{ 'a", ["'", "x"]),
        ("{{ " + "9" * 5000 + " }}{{ x }}", ["{{ " + "9" * 5000 + " }}", "x"]),
        ("{# if #}{#if#}{% for x in a %}{% endfor %}{%- if a-%}{{-a-}}{% endif %}", ["for"]),
    ],
)
def test_no_error_hides_another(body: str, cuts: list[str]) -> None:
    """An error that only follows from another, such as a name that a `for` would define, is not reported."""
    assert [cut for _, cut in refused(body)] == cuts


@given(st.text(st.sampled_from(list("ab {}%#\n\"'|()[].~-+=<>!,if\\")), max_size=40))
def test_checking_never_fails(body: str) -> None:
    text = FRONT + body
    template, problems = check_template(text, len(FRONT), PARAMS, ())
    assert (template is None) == bool(problems)
    assert all(len(FRONT) <= p.span.start <= p.span.end <= len(text) for p in problems)
    if template:
        assert isinstance(render_template(template, {"a": "x", "b": "", "lang": "Go"}, LIMIT), Rendered)


def test_a_rendering_above_the_limit_is_refused_in_advance() -> None:
    text = FRONT + "{{ a ~ a ~ a }}" * 100
    template, _ = check_template(text, len(FRONT), PARAMS, ())
    assert template is not None
    problem = render_template(template, {"a": "x" * 10_000_000, "b": "", "lang": ""}, LIMIT)
    assert not isinstance(problem, Rendered)
    assert problem.code.name == "expansion-too-large"


@given(st.text(max_size=20))
def test_filters_grow_a_text_at_most_threefold(value: str) -> None:
    text = FRONT + "{{ a|upper|title|lower|capitalize|upper }}"
    template, _ = check_template(text, len(FRONT), PARAMS, ())
    assert template is not None
    limit = len(text) + 3 * len(value.encode())
    rendered = render_template(template, {"a": value, "b": "", "lang": ""}, limit)
    assert isinstance(rendered, Rendered)
    assert len("\n".join(rendered.lines).encode()) <= 3 * len(value.encode())


NEEDED = {
    "lang": Param("lang", None, required=True, enum=("Go", "Rust"), span=HERE),
    "n": Param("n", "5", required=False, enum=None, span=HERE),
    "t": Param("t", None, required=False, enum=None, span=HERE),
}


def test_values_come_from_arguments_then_defaults_or_are_empty() -> None:
    assert bind(NEEDED, [("lang", "Go", HERE)], HERE) == ({"lang": "Go", "n": "5", "t": ""}, ())
    assert bind(NEEDED, [("lang", "Rust", HERE), ("n", "", HERE)], HERE)[0]["n"] == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words", "helps"),
    [
        ([], "missing-param", "lang", 'add with lang="…"'),
        ([("n", "1", HERE)], "missing-param", "lang", 'add lang="…"'),
        ([("lang", "Go", HERE), ("nn", "1", HERE)], "unknown-param", '"nn"', "did you mean n?"),
        ([("lang", "Go", HERE), ("zzz", "1", HERE)], "unknown-param", '"zzz"', "it has lang, n, t"),
        ([("lang", "C", HERE)], "invalid-param", '"C"', "allowed: Go, Rust"),
        ([("lang", "Go", HERE), ("t", "<< include: x", HERE)], "directive-in-param", '"t"', "write it in the pattern"),
    ],
)
def test_errors_in_arguments(arguments: list[tuple[str, str, Span]], code: str, words: str, helps: str) -> None:
    _, (problem,) = bind(NEEDED, arguments, HERE)
    assert problem.code.name == code
    assert words in problem.message
    assert helps in (problem.help or "")


def test_a_pattern_without_parameters_accepts_none() -> None:
    _, (problem,) = bind({}, [("x", "1", HERE)], HERE)
    assert (problem.code.name, problem.help) == ("unknown-param", "it has none")


@pytest.mark.parametrize(
    ("value", "name"),
    [("{{ lang }}", "lang"), ("{{lang}}", "lang"), ("x{{ lang }}", None), ("{{ lang|upper }}", None), ("lang", None)],
)
def test_only_a_bare_parameter_is_passed_on(value: str, name: str | None) -> None:
    assert passed_on(value) == name
