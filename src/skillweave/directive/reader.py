"""The grammar of a directive: one line of text → what it asks for, or what is wrong with it (directives.md, Directives)."""

from __future__ import annotations

import re

from skillweave.diagnostics import CONFLICTING_OPTIONS, MALFORMED_DIRECTIVE, UNKNOWN_OPTION, Problem
from skillweave.directive.openers import BARE_PATH, CLOSES, end_of_quoted
from skillweave.directive.values import Argument, Directive, Level, LineNumbers
from skillweave.directive.writing import quote, restyled
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.directive.values import Word

_WORDS: dict[str, Word] = {"include": "include", "reference": "reference", "asset": "asset"}


def read_directive(text: str, opener: re.Match[str], end: int) -> tuple[Directive | None, tuple[Problem, ...]]:
    """Read the directive between an opener and `end`, the offset after its close; returns the directive, or None and
    problems.
    """
    path = BARE_PATH.match(text, opener.end() + 1, end - 2)
    if path and path.end() == end - 2 and text.startswith(" ", opener.end()):
        # Fast path: most directives only name a file.
        word = _WORDS[opener[2]]
        styled = opener.end() - opener.start() == len(word) + 3
        return Directive(word, Span(opener.start(), end), path[0], Span(*path.span()), styled=styled), ()
    return _Reader(text, opener, end).read()


def unquote(text: str) -> str:
    r"""The value of a quoted string: `\"` and `\\` are unescaped, any other backslash stands for itself."""
    return re.sub(r'\\(["\\])', r"\1", text[1:-1])


class _Token(NamedTuple):
    text: str
    span: Span


class _Section(NamedTuple):
    """The section that a directive names, without the `#`."""

    token: _Token
    is_quoted: bool

    @property
    def name(self) -> str:
        return unquote(self.token.text) if self.is_quoted else self.token.text


_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_RANGES = re.compile(r"\d+(?:-\d*)?(?:,\d+(?:-\d*)?)*", re.ASCII)
_LEVEL = re.compile(r"[+-]?\d{1,3}|nest|keep", re.ASCII)
_OPTIONS = ("optional", "lines", "region", "level", "heading", "as", "lang", "to", "text")
_TAKES: dict[Word, frozenset[str]] = {
    "include": frozenset({"section", "optional", "lines", "region", "level", "heading", "as", "lang", "with"}),
    "reference": frozenset({"section", "text", "optional", "with"}),
    "asset": frozenset({"to", "optional"}),
}
_EXPECTED = {
    "lines": "lines=2-5,9-",
    "region": "region=NAME",
    "level": "level=+1, level=-1, level=2, level=nest or level=keep",
    "heading": "heading=drop",
    "as": "as=code",
    "lang": "lang=python",
    "to": "to=scripts/",
    "text": 'text="…"',
}


class _Reader:
    """Reads the inside of one directive. A class only so that its steps share the text and the problems."""

    def __init__(self, text: str, opener: re.Match[str], end: int) -> None:
        self.source = text
        self.word = _WORDS[opener[2]]
        self.open = opener[1]
        self.span = Span(opener.start(), end)
        self.inner_start, self.inner_end = opener.end(), end - 2
        self.problems: list[Problem] = []

    def read(self) -> tuple[Directive | None, tuple[Problem, ...]]:
        start = self._skip_blanks(self.inner_start)
        if start >= self.inner_end:
            self._malformed(
                "this directive has no target",
                self.span,
                f"write {self.open}{self.word}: path/of/file.md{CLOSES[self.open]}",
            )
            return None, tuple(self.problems)
        path = self._path(start)
        if path is None:
            return None, tuple(self.problems)
        section = self._section(path.span.end)
        tokens = self._tokens(path.span.end if section is None else section.token.span.end)
        if section is not None and not section.is_quoted:
            cut = _section_tail(tokens)
            last = tokens[cut - 1] if cut else section.token
            section = section._replace(token=self._token(section.token.span.start, last.span.end))
            tokens = tokens[cut:]
        if section is not None and not section.token.text:
            self._malformed("no section after the #", self.span, "name a heading, or remove the #")
        options, arguments = self._options(tokens, path)
        self._check_combination(options, section, arguments)
        if self.problems:
            return None, tuple(self.problems)
        return self._build(path, section, options, arguments), ()

    def _path(self, start: int) -> _Token | None:
        if self.source[start] == '"':
            end = end_of_quoted(self.source, start, self.inner_end)
            if end is None or unquote(self.source[start:end]) == "":
                self._malformed("an empty or unclosed path", Span(start, self.inner_end), "write the path of a file")
                return None
            if end < self.inner_end and self.source[end] not in "# \t":
                self._malformed(
                    "text directly after the quoted path", Span(end, end + 1), "put a blank or # between them"
                )
                return None
            return self._token(start, end)
        end = start
        while end < self.inner_end and self.source[end] not in " \t#":
            end += 1
        token = self._token(start, end)
        if not token.text:
            self._malformed("this directive has no path before the #", self.span, "name the file too")
            return None
        odd = re.search(r'["<>{}|]', token.text)
        if odd:
            place = Span(start + odd.start(), start + odd.end())
            self._malformed(f"`{odd[0]}` in an unquoted path", place, f"quote the path: {quote(token.text)}")
            return None
        return token

    def _section(self, offset: int) -> _Section | None:
        """The part of a section that is certain: all of it if quoted, else its first word. None if there is no section."""
        if offset >= self.inner_end or self.source[offset] != "#":
            return None
        start = offset + 1
        if start < self.inner_end and self.source[start] == '"':
            end = end_of_quoted(self.source, start, self.inner_end) or self.inner_end
            if end < self.inner_end and self.source[end] not in " \t":
                self._malformed(
                    "text directly after the quoted section", Span(end, end + 1), "put a blank between them"
                )
            return _Section(self._token(start, end), is_quoted=True)
        end = start
        while end < self.inner_end and self.source[end] not in " \t":
            end += 1
        return _Section(self._token(start, end), is_quoted=False)

    def _tokens(self, offset: int) -> list[_Token]:
        tokens = []
        while (offset := self._skip_blanks(offset)) < self.inner_end:
            end = offset
            while end < self.inner_end and self.source[end] not in " \t":
                quoted = self.source[end] == '"' and self.source[end - 1] == "="
                end = (end_of_quoted(self.source, end, self.inner_end) or self.inner_end) if quoted else end + 1
            tokens.append(self._token(offset, end))
            offset = end
        return tokens

    def _options(self, tokens: list[_Token], path: _Token) -> tuple[dict[str, _Token], tuple[Argument, ...]]:
        options: dict[str, _Token] = {}
        for index, token in enumerate(tokens):
            if token.text == "with":
                return options, self._arguments(token, tokens[index + 1 :])
            name, equals, _ = token.text.partition("=")
            if name not in _OPTIONS or (name != "optional" and not equals):
                if not self.problems:  # Only the first one is reported: after it, nothing is where it seems to be.
                    self._unknown_option(token, path, tokens[index - 1] if index else None)
            elif not _is_option(token.text):
                self._malformed(f"`{token.text}` is not a valid `{name}`", token.span, _how(name))
            elif name in options:
                self._conflict(f"`{name}` is given twice", token.span)
            else:
                options[name] = token
        return options, ()

    def _arguments(self, keyword: _Token, tokens: list[_Token]) -> tuple[Argument, ...]:
        arguments: list[Argument] = []
        if not tokens:
            self._malformed("no argument after `with`", keyword.span, 'write with name="value"')
        names: set[str] = set()
        for token in tokens:
            if not _is_argument(token.text):
                cure = 'write arguments as name="value", without blanks around ='
                self._malformed(f"`{token.text}` is not an argument", token.span, cure)
                break  # As with options, only the first one is reported.
            name, _, value = token.text.partition("=")
            if name in names:
                self._conflict(f"the argument `{name}` is given twice", token.span)
            names.add(name)
            arguments.append(Argument(name, unquote(value) if value.startswith('"') else value, token.span))
        return tuple(arguments)

    def _unknown_option(self, token: _Token, path: _Token, before: _Token | None) -> None:
        name, equals, asked = token.text.partition("=")
        close = near_names(name.lower(), (*_OPTIONS, "with"))
        key, is_option, value = before.text.partition("=") if before else ("", "", "")
        if name.lower() == "section" and asked and "section" in _TAKES[self.word]:
            cure = f"name a section right after the path: {path.text}#{asked}"
        elif close and close[0] == name:
            cure = f"write an option without blanks around =: {_EXPECTED.get(name, name)}"
        elif close:
            cure = f'did you mean "{close[0]}"?'
        elif token.text.startswith("#"):
            cure = "write no blank before or after the # of a section"
        elif not equals and is_option and '"' not in value:
            cure = f'quote a value that contains blanks: {key}="{value} {token.text}"'
        elif equals and _is_argument(token.text) and "with" in _TAKES[self.word]:
            cure = f"put arguments after `with`: with {token.text}; options are {self._taken()}"
        elif not equals:
            whole = self.source[path.span.start : token.span.end]
            cure = f'quote the path: "{whole}"' if len(whole) < 200 else "quote the path"
        else:
            cure = f"`{self.word}` takes {self._taken()}"
        self.problems.append(Problem(UNKNOWN_OPTION, f'unknown option "{token.text}"', token.span, help=cure))

    def _taken(self) -> str:
        return ", ".join(sorted(_TAKES[self.word] - {"section"}))

    def _check_combination(
        self, options: dict[str, _Token], section: _Section | None, arguments: tuple[Argument, ...]
    ) -> None:
        if self.problems:
            return
        asked = dict(options)
        if section:
            asked["section"] = section.token
        if arguments:
            asked["with"] = _Token("with", Span(arguments[0].span.start, arguments[-1].span.end))
        names = {"section": "a #section"}
        for name, token in asked.items():
            if name not in _TAKES[self.word]:
                self._conflict(f"`{self.word}` takes no {name if name == 'section' else f'`{name}`'}", token.span)
        if self.problems:
            return
        selectors = [name for name in ("section", "region", "lines") if name in asked]
        if len(selectors) > 1:
            both = " and ".join(names.get(name, f"`{name}`") for name in selectors)
            self._conflict(f"two selectors: {both}", asked[selectors[1]].span)
        if "lang" in asked and "as" not in asked:
            self._conflict("`lang` needs `as=code`", asked["lang"].span)
        for name in ("level", "heading", "with"):
            if name in asked and "as" in asked:
                self._conflict(f"`{name}` cannot be combined with `as=code`", asked[name].span)

    def _build(
        self,
        path: _Token,
        section: _Section | None,
        options: dict[str, _Token],
        arguments: tuple[Argument, ...],
    ) -> Directive:
        value = {name: _value(token.text) for name, token in options.items()}
        return Directive(
            word=self.word,
            span=self.span,
            path=unquote(path.text) if path.text.startswith('"') else path.text,
            path_span=path.span,
            section=section.name if section else None,
            section_span=section.token.span if section else None,
            section_quoted=section is not None and section.is_quoted,
            selector_span=_value_span(options.get("region") or options.get("lines")),
            optional="optional" in options,
            region=value.get("region"),
            lines=_ranges(value["lines"]) if "lines" in value else None,
            level=_level(value["level"]) if "level" in value else None,
            drop_heading="heading" in options,
            as_code="as" in options,
            lang=value.get("lang"),
            to=value.get("to"),
            text=value.get("text"),
            arguments=arguments,
            styled=restyled(self.source, self.span, self.word) == self.source[self.span.start : self.span.end],
        )

    def _skip_blanks(self, offset: int) -> int:
        while offset < self.inner_end and self.source[offset] in " \t":
            offset += 1
        return offset

    def _token(self, start: int, end: int) -> _Token:
        return _Token(self.source[start:end], Span(start, end))

    def _malformed(self, message: str, span: Span, cure: str) -> None:
        self.problems.append(Problem(MALFORMED_DIRECTIVE, message, span, help=cure))

    def _conflict(self, message: str, span: Span) -> None:
        self.problems.append(Problem(CONFLICTING_OPTIONS, message, span))


def _section_tail(tokens: list[_Token]) -> int:
    """How many tokens still belong to an unquoted section: all before the longest tail of nothing but options."""
    cut = _before_options(tokens, len(tokens))
    keyword = len(tokens)
    while keyword > 0 and _is_argument(tokens[keyword - 1].text):
        keyword -= 1
    if 0 < keyword < len(tokens) and tokens[keyword - 1].text == "with":
        cut = min(cut, _before_options(tokens, keyword - 1))
    return cut


def _before_options(tokens: list[_Token], end: int) -> int:
    while end > 0 and _is_option(tokens[end - 1].text):
        end -= 1
    return end


def _is_option(text: str) -> bool:
    if text == "optional":
        return True
    name, equals, value = text.partition("=")
    if not equals or name not in _OPTIONS or not value:
        return False
    match name:
        case "lines":
            return _RANGES.fullmatch(value) is not None
        case "level":
            return _LEVEL.fullmatch(value) is not None
        case "heading":
            return value == "drop"
        case "as":
            return value == "code"
        case "region" | "lang" | "to" | "text":
            # The info string of a back-tick fence cannot contain a back-tick.
            return _is_value(value) and not (name == "lang" and "`" in value)
        case _:
            return False


def _is_argument(text: str) -> bool:
    name, equals, value = text.partition("=")
    return bool(equals) and _NAME.fullmatch(name) is not None and bool(value) and _is_value(value)


def _is_value(value: str) -> bool:
    if value.startswith('"'):
        return len(value) > 1 and end_of_quoted(value, 0, len(value)) == len(value)
    return '"' not in value


def _how(name: str) -> str:
    return f"write {_EXPECTED[name]}" if name in _EXPECTED else f"write `{name}` alone"


def _value(text: str) -> str:
    value = text.partition("=")[2]
    return unquote(value) if value.startswith('"') else value


def _value_span(token: _Token | None) -> Span | None:
    return None if token is None else Span(token.span.start + token.text.index("=") + 1, token.span.end)


def _ranges(value: str) -> tuple[LineNumbers, ...]:
    ranges = []
    for part in value.split(","):
        first, dash, last = part.partition("-")
        number = int(first)
        ranges.append(LineNumbers(number, (int(last) if last else None) if dash else number))
    return tuple(ranges)


def _level(value: str) -> Level:
    match value:
        case "nest" | "keep":
            return Level(value)
        case _ if value[0] in "+-":
            return Level("shift", int(value))
        case _:
            return Level("set", int(value))
