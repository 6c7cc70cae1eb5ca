"""Find, read and check the project file → a frozen `Config` and a diagnostic with its exact place for every mistake."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from skillweave.diagnostics import INVALID_CONFIG, Diagnostic, Problem
from skillweave.source import EncodingProblem, LineIndex, Position, SourcePath, Span, decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KeyPath = tuple[str | int, ...]
"""Where a value lies in the data: keys of tables, indexes of lists."""

_T = TypeVar("_T", bound=str)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a build refuses to exceed (the first three), and what it warns of."""

    bundle_bytes: int = 16 * 2**20
    expansions: int = 100_000
    depth: int = 64
    skill_lines: int = 500
    skill_tokens: int = 5000


@dataclass(frozen=True, slots=True)
class Config:
    """What a project says about itself. Paths are relative to `root`, with `/`; an `--output` is as it was given."""

    root: Path
    file: SourcePath | None
    patterns: tuple[str, ...] = ("patterns",)
    skills: tuple[str, ...] = ("skills",)
    documents: tuple[str, ...] = ()
    output: str = "build"
    headings: Literal["nest", "keep"] = "nest"
    banner: bool = True
    links: Literal["ship", "error"] = "ship"
    shared: tuple[str, ...] = ()
    verbatim: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    plugins: Mapping[str, Mapping[str, object]] = field(default_factory=lambda: MappingProxyType({}))


class Places(NamedTuple):
    """Where the keys and the values of a TOML text stand. A table that a header opens has a key only."""

    keys: dict[KeyPath, Span]
    values: dict[KeyPath, Span]


def load_config(
    cwd: Path, root: Path | None = None, file: Path | None = None, output: str | None = None
) -> tuple[Config, tuple[Diagnostic, ...]]:
    """The configuration in force for a working directory, and every mistake in it; defaults replace broken values.

    `root`, `file` and `output` are what the command line named. `output` is taken as given: it may be any path.
    """
    folder, path = _find(cwd, root, file)
    config, diagnostics = (Config(folder, None), []) if path is None else _load(folder, path)
    if output is not None:
        config = replace(config, output=output)
    return config, tuple(sorted(diagnostics, key=Diagnostic.sort_key))


def locate(text: str) -> Places:
    """Where each key and each value of a *valid* TOML text stands (`tomllib` keeps no places)."""
    places, tokens = Places({}, {}), list(_tokens(text))
    lists: dict[KeyPath, int] = {}  # arrays of tables: how many tables each has
    table: KeyPath = ()
    open_values: list[_Open] = []
    wanted: KeyPath | None = None  # the value that comes next; None: a key does
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.mark in "]}":
            closed = open_values.pop()
            places.values[closed.path] = Span(closed.start, token.span.end)
            wanted = None
        elif token.mark == ",":
            wanted = _next_item(open_values[-1])
        elif token.mark == "\n":
            pass
        elif wanted is not None and token.mark in "[{":
            open_values.append(_Open(wanted, token.mark, token.span.start))
            wanted = _next_item(open_values[-1])
        elif wanted is not None:
            at = _end_of_scalar(tokens, at)
            places.values[wanted] = Span(token.span.start, tokens[at].span.end)
            wanted = None
        elif token.mark == "[":
            at, table = _header(tokens, at, places, lists)
        else:
            base = open_values[-1].path if open_values else table
            at, parts = _key(tokens, at)
            wanted = _record(places, base, parts)
        at += 1
    return places


# Finding and reading


def _find(cwd: Path, root: Path | None, file: Path | None) -> tuple[Path, Path | None]:
    """The project root, and the configuration file, if there is one."""
    if file is not None:
        path = _real(cwd / file.parent) / file.name
        return (path.parent if root is None else _real(cwd / root)), path
    if root is not None:
        folder = _real(cwd / root)
        return folder, _file_in(folder)
    upward = (_real(cwd), *_real(cwd).parents)
    for folder in upward:
        found = _file_in(folder)
        if found is not None:
            return folder, found
    for folder in upward:
        if any(_is(folder / name, "folder") for name in ("skills", "patterns")):
            return folder, None
    return upward[0], None


def _file_in(folder: Path) -> Path | None:
    """The configuration file of a folder: `skillweave.toml`, else a `pyproject.toml` that speaks of us."""
    if _is(folder / "skillweave.toml", "file"):
        return folder / "skillweave.toml"
    path = folder / "pyproject.toml"
    data = _read(path)
    return path if isinstance(data, bytes) and _speaks_of_us(data) else None


def _speaks_of_us(data: bytes) -> bool:
    """Whether a pyproject.toml has `[tool.skillweave]`. One that is no TOML is ours if it looks as if it had."""
    if b"skillweave" not in data:
        return False
    text = decode(data)
    if isinstance(text, EncodingProblem):
        return False
    parsed = _parse(text)
    if isinstance(parsed, Problem):
        return re.search(r"""^[ \t]*\[\s*["']?tool["']?\s*\.\s*["']?skillweave\b""", text, re.MULTILINE) is not None
    tool = parsed.get("tool")
    return isinstance(tool, dict) and "skillweave" in tool


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _relative(path: Path, root: Path) -> SourcePath:
    """A file as diagnostics name it: below the root, or in full where it lies elsewhere."""
    return SourcePath((path.relative_to(root) if path.is_relative_to(root) else path).as_posix())


def _is(path: Path, kind: Literal["file", "folder"]) -> bool:
    """Whether something of this kind is there; what may not be looked at is not."""
    try:
        return path.is_file() if kind == "file" else path.is_dir()
    except OSError:
        return False


def _read(path: Path) -> bytes | str:
    """The bytes of a file, or why there are none. Nothing but a regular file is opened: a FIFO would block."""
    try:
        if path.is_file():
            return path.read_bytes()
        return "it is not a regular file" if path.exists() else "there is no such file"
    except OSError as error:
        return error.strerror or type(error).__name__


_SYNTAX_ERROR = re.compile(
    r"(?P<message>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)


def _parse(text: str) -> dict[str, object] | Problem:
    """What a TOML text says, or why it is none."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        return Problem(INVALID_CONFIG, "not valid TOML: values are nested too deeply", Span(0, 0))
    except ValueError as error:  # TOMLDecodeError, and an integer of thousands of digits
        match = _SYNTAX_ERROR.fullmatch(str(error))
        end = len(text.rstrip())
        if match is None:
            return Problem(INVALID_CONFIG, f"not valid TOML: {error}", Span(0, 0))
        if match["line"] is not None:
            end = LineIndex(text).starts[int(match["line"]) - 1] + int(match["column"]) - 1
        message = match["message"]
        return Problem(INVALID_CONFIG, f"not valid TOML: {message[:1].lower()}{message[1:]}", Span(end, end + 1))


def _load(root: Path, path: Path) -> tuple[Config, list[Diagnostic]]:
    """The configuration that one file gives, with its mistakes."""
    name = _relative(path, root)
    config, data = Config(root, name), _read(path)
    if isinstance(data, str):
        return config, [_at_top(name, f"cannot read the configuration: {data}")]
    text = decode(data)
    if isinstance(text, EncodingProblem):
        return config, [_at_top(name, f"cannot read the configuration: {text.message}")]
    problems: list[Problem] = []
    parsed = _parse(text)
    if isinstance(parsed, Problem):
        problems.append(parsed)
    else:
        table = _Table(parsed, (), locate(text), problems)
        own = _own_table(table) if path.name == "pyproject.toml" else table
        config = config if own is None else _checked(own, config)
    index = LineIndex(text)
    return config, [_diagnostic(problem, name, index) for problem in problems]


def _diagnostic(problem: Problem, name: SourcePath, index: LineIndex) -> Diagnostic:
    end = max(problem.span.start, min(problem.span.end, len(index.text)))
    start, stop = index.position(problem.span.start), index.position(end)
    return Diagnostic(problem.code, problem.message, name, start, stop, help=problem.help)


def _at_top(name: SourcePath, message: str) -> Diagnostic:
    return Diagnostic(INVALID_CONFIG, message, name, Position(1, 1), Position(1, 1))


# Checking


class _Table(NamedTuple):
    """A table of the file: what it says, where it lies in the file, and the mistakes found so far (appended to)."""

    data: Mapping[str, object]
    path: KeyPath
    places: Places
    problems: list[Problem]


def _report(table: _Table, message: str, *path: str | int, cure: str | None = None) -> None:
    """Adds a mistake in the value at a path below a table; where that has no place, in what holds it."""
    whole, span = table.path + path, None
    while span is None and whole:
        span = table.places.values.get(whole) or table.places.keys.get(whole)
        whole = whole[:-1]
    table.problems.append(Problem(INVALID_CONFIG, message, span or Span(0, 0), cure))


def _own_table(table: _Table) -> _Table | None:
    """`[tool.skillweave]` of a pyproject.toml."""
    tool = table.data.get("tool")
    if not isinstance(tool, dict) or "skillweave" not in tool:
        _report(table, "there is no [tool.skillweave] table")
        return None
    return _subtable(table._replace(data=tool, path=("tool",)), "skillweave")


def _checked(table: _Table, default: Config) -> Config:
    """The values of a table; each broken one is reported, and its default stands in."""
    _report_unknown(table, [f.name for f in fields(Config) if f.name not in ("root", "file")])
    config = Config(
        default.root,
        default.file,
        patterns=_paths(table, "patterns", default.patterns),
        skills=_paths(table, "skills", default.skills),
        documents=_paths(table, "documents", default.documents),
        output=_output(table, default.output),
        headings=_choice(table, "headings", ("nest", "keep")),
        banner=_flag(table, "banner", default=default.banner),
        links=_choice(table, "links", ("ship", "error")),
        shared=_paths(table, "shared", default.shared, star=False),
        verbatim=_words(table, "verbatim"),
        consumers=_words(table, "consumers"),
        limits=_limits(table),
        plugins=_plugins(table),
    )
    return _without_overlap(table, config, default)


def _report_unknown(table: _Table, known: list[str]) -> None:
    """Adds a mistake for every key that is not known, with the nearest one that is."""
    for key in table.data:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            cure = f'did you mean "{near[0]}"?' if near else f"the keys are {', '.join(sorted(known))}"
            span = table.places.keys.get((*table.path, key), Span(0, 0))
            inside = f" in {_dotted(table)}" if _dotted(table) else ""
            table.problems.append(Problem(INVALID_CONFIG, f'unknown key "{key}"{inside}', span, cure))


def _subtable(table: _Table, key: str) -> _Table | None:
    """The table under a key; None where there is none, or something else (reported)."""
    value = table.data.get(key)
    if isinstance(value, dict):
        return table._replace(data=value, path=(*table.path, key))
    if value is not None:
        _report(table, _expected(table, key, "a table", value), key)
    return None


def _strings(table: _Table, key: str) -> list[tuple[int, str]] | None:
    """The strings of the list under a key, with their indexes; None without a list. What is no string is reported."""
    value = table.data.get(key)
    if not isinstance(value, list):
        if value is not None:
            _report(table, _expected(table, key, "a list of strings", value), key)
        return None
    for index, item in enumerate(value):
        if not isinstance(item, str):
            _report(table, _expected(table, key, "a string", item), key, index)
    return [(index, item) for index, item in enumerate(value) if isinstance(item, str)]


def _words(table: _Table, key: str) -> tuple[str, ...]:
    """The strings under a key as they are; none where one of them is broken."""
    mistakes = len(table.problems)
    values = _strings(table, key) or []
    return tuple(value for _, value in values) if len(table.problems) == mistakes else ()


def _paths(table: _Table, key: str, default: tuple[str, ...], *, star: bool = True) -> tuple[str, ...]:
    """The paths under a key, in their normal form. With `star`, a path may hold one `*` as a part."""
    mistakes = len(table.problems)
    values = _strings(table, key)
    for index, value in values or []:
        mistake = _path_mistake(value, star=star)
        if mistake is not None:
            _report(table, f"{key}: {mistake.message}", key, index, cure=mistake.cure)
    if values is None or len(table.problems) > mistakes:
        return default
    return tuple(_normal(value) for _, value in values)


def _output(table: _Table, default: str) -> str:
    """The output folder, which must lie below the project's."""
    value = table.data.get("output", default)
    if not isinstance(value, str):
        _report(table, _expected(table, "output", "a string", value), "output")
        return default
    mistake = _path_mistake(value, star=False)
    if mistake is None:
        return _normal(value)
    cure = mistake.cure or "the output can narrow, never widen beyond the project folder"
    _report(table, f"output: {mistake.message}", "output", cure=cure)
    return default


def _without_overlap(table: _Table, config: Config, default: Config) -> Config:
    """The configuration with an output apart from every root. Its own value gives way, else the root's."""
    cure = "the output needs a folder that is apart from every root"
    for key in ("patterns", "skills", "documents"):
        for index, root in enumerate(getattr(config, key)):
            relation = _overlap(config.output, root)
            if relation is None:
                continue
            message = f'the output "{config.output}" {relation} "{root}" of {key}'
            if config.output != default.output:
                _report(table, f"output: {message}", "output", cure=cure)
                return replace(config, output=default.output)
            _report(table, f"{key}: {message}", key, index, cure=cure)
            config = replace(config, **{key: getattr(default, key)})
    return config


def _overlap(output: str, root: str) -> str | None:
    """How an output meets a root, in words. `*` stands for any part; case is ignored, as some disks do."""
    ours, theirs = output.casefold().split("/"), root.casefold().split("/")
    if any(b not in (a, "*") for a, b in zip(ours, theirs, strict=False)):
        return None
    if len(ours) == len(theirs):
        return "is the root"
    return "lies inside the root" if len(ours) > len(theirs) else "holds the root"


def _choice(table: _Table, key: str, allowed: tuple[_T, _T]) -> _T:
    """One of two words, the first by default."""
    value = table.data.get(key, allowed[0])
    for word in allowed:
        if value == word:
            return word
    found = f'"{value}"' if isinstance(value, str) else _kind(value)
    near = difflib.get_close_matches(value, allowed, n=1) if isinstance(value, str) else []
    cure = f'did you mean "{near[0]}"?' if near else None
    _report(table, f'{key}: expected "{allowed[0]}" or "{allowed[1]}", found {found}', key, cure=cure)
    return allowed[0]


def _flag(table: _Table, key: str, *, default: bool) -> bool:
    value = table.data.get(key, default)
    if isinstance(value, bool):
        return value
    _report(table, _expected(table, key, "true or false", value), key)
    return default


def _limits(table: _Table) -> Limits:
    limits, own = Limits(), _subtable(table, "limits")
    if own is None:
        return limits
    names = [f.name for f in fields(Limits)]
    _report_unknown(own, names)
    for name in names:
        value = own.data.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool):
            _report(own, _expected(own, name, "a positive integer", value), name)
        elif value < 1:
            _report(own, f"{_dotted(own)}.{name}: expected a positive integer, found {value}", name)
        elif name in own.data:
            limits = replace(limits, **{name: value})
    return limits


def _plugins(table: _Table) -> Mapping[str, Mapping[str, object]]:
    """`[plugins.NAME]`: tables by name. What they hold is for whoever packages to check."""
    own = _subtable(table, "plugins")
    if own is None:
        return MappingProxyType({})
    found = {name: _subtable(own, name) for name in own.data}
    return MappingProxyType({name: MappingProxyType(dict(t.data)) for name, t in found.items() if t is not None})


class _PathMistake(NamedTuple):
    message: str
    cure: str | None = None


def _path_mistake(value: str, *, star: bool) -> _PathMistake | None:
    """Why a path cannot name a place below the project folder, the same one on every machine."""
    portable = value.replace("\\", "/")
    parts = value.split("/")
    checks = (
        (not value, "an empty path names no folder", None),
        (any(ord(character) < 32 for character in value), "a path cannot hold control characters", None),
        ("\\" in value, f'"{value}" has a backslash', f'write "{portable}"'),
        (re.match(r"/|~(/|$)|[A-Za-z]:", value), f'"{value}" is no path below the project folder', None),
        (".." in parts, f'"{value}" has a ".." part', None),
        (not _normal(value), f'"{value}" is the project folder itself', None),
        ("*" in value and not star, f'"{value}" has a "*"', None),
        (
            value.count("*") > parts.count("*"),
            f'"{value}" has a "*" that is not a whole part',
            'as in "plugins/*/skills"',
        ),
        (parts.count("*") > 1, f'"{value}" has more than one "*"', None),
    )
    return next((_PathMistake(message, cure) for wrong, message, cure in checks if wrong), None)


def _normal(path: str) -> str:
    """A path without what says nothing: a leading `./`, a trailing `/`, doubled slashes."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _dotted(table: _Table) -> str:
    """A table's path as the file spells it, below our own table."""
    own = table.path[2:] if table.path[:2] == ("tool", "skillweave") else table.path
    return ".".join(str(part) for part in own)


def _expected(table: _Table, key: str, expected: str, found: object) -> str:
    name = ".".join(part for part in (_dotted(table), key) if part)
    return f"{name}: expected {expected}, found {_kind(found)}"


def _kind(value: object) -> str:
    """A value's kind, as TOML's users call it."""
    kinds = (
        (str, "a string"),
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a float"),
        (list, "a list"),
        (dict, "a table"),
        ((datetime, date, time), "a date or time"),
    )
    return next(word for kind, word in kinds if isinstance(value, kind))


# Locating


class _Token(NamedTuple):
    """A key part, a scalar or a piece of it, a punctuation mark, or a line end; `mark` is its first character."""

    text: str
    mark: str
    span: Span


@dataclass(slots=True)
class _Open:
    """A list or an inline table whose end has not come yet."""

    path: KeyPath
    mark: str
    start: int
    items: int = 0


# A quotation mark inside a multi-line string counts as text unless three follow each other; up to two more may
# stand right before the closing three.
_TOKEN = re.compile(
    r'''
    [ \t]+ | \#[^\n]*
    |
    ( """(?:[^"\\] | \\[\s\S] | "(?!""))*+"{3,5}
    | '{3}(?:[^'] | '(?!''))*+'{3,5}
    | "(?:[^"\\\n] | \\.)*+"
    | '[^'\n]*+'
    | [\[\]{}=,.\n]
    | [^\s\[\]{}=,.\#"']++
    )''',
    re.VERBOSE,
)


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        if match[1]:
            yield _Token(match[1], match[1][0], Span(*match.span(1)))


def _next_item(value: _Open) -> KeyPath | None:
    """The path of a list's next item; None in an inline table, where a key comes next."""
    if value.mark == "{":
        return None
    value.items += 1
    return (*value.path, value.items - 1)


def _end_of_scalar(tokens: list[_Token], at: int) -> int:
    """The index of a scalar's last token: numbers have dots, and a date and its time a blank between."""
    while at + 1 < len(tokens) and tokens[at + 1].mark not in "\n,]}":
        at += 1
    return at


def _key(tokens: list[_Token], at: int) -> tuple[int, list[tuple[str, Span]]]:
    """A dotted key's parts, and the index of the token after it."""
    parts = []
    while tokens[at].mark not in "=]":
        text, mark, span = tokens[at]
        if mark != ".":
            parts.append((tomllib.loads(f"k = {text}")["k"] if mark in "\"'" else text, span))
        at += 1
    return at, parts


def _header(tokens: list[_Token], at: int, places: Places, lists: dict[KeyPath, int]) -> tuple[int, KeyPath]:
    """Reads `[a.b]` or `[[a.b]]`: the index of its last token, and the table that it opens."""
    double = tokens[at + 1].mark == "["
    at, parts = _key(tokens, at + 2 if double else at + 1)
    table: KeyPath = ()
    for number, (name, span) in enumerate(parts, 1):
        table = (*table, name)
        places.keys.setdefault(table, span)
        if double and number == len(parts):
            lists[table] = lists.get(table, -1) + 1
        if table in lists:
            table = (*table, lists[table])
            places.keys.setdefault(table, span)
    return (at + 1 if double else at), table


def _record(places: Places, base: KeyPath, parts: list[tuple[str, Span]]) -> KeyPath:
    """Notes where a key's parts stand; its full path comes out."""
    for name, span in parts:
        base = (*base, name)
        places.keys.setdefault(base, span)
    return base
