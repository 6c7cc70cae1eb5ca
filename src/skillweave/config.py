"""Finds, reads and checks the project file → a frozen `Config`, and a diagnostic with the exact place of every mistake."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import MappingProxyType

from skillweave.consumers import CONSUMERS
from skillweave.diagnostics import INVALID_CONFIG, Diagnostic, Problem
from skillweave.record import NamedTuple
from skillweave.source import START, EncodingProblem, LineIndex, SourcePath, decode, folders_above, foreign_part
from skillweave.suppress import Policy
from skillweave.toml.kept import keep_toml, kept_toml
from skillweave.toml.policy import POLICY_KEYS, read_globs, read_policy
from skillweave.toml.reading import parsed
from skillweave.toml.table import (
    Table,
    choice,
    flag,
    mismatch,
    normal,
    path_mistake,
    paths,
    positive,
    report,
    report_unknown,
    subtable,
    words,
)
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Literal

    Parse = Callable[[Path, str], "dict[str, object] | Problem"]
    """Parses a TOML text, given the folder of its project."""


class UnknownEntryError(Exception):
    """Somebody asked for an entry that the project does not have. Holds the name, and the known names."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = tuple(known)


class Limits(NamedTuple):
    """What a build refuses to exceed (`bundle_bytes`, `expansions`, `depth`), and what it warns about (the others)."""

    bundle_bytes: int = 16 * 2**20
    expansions: int = 100_000
    depth: int = 64
    skill_lines: int = 500
    skill_tokens: int = 5000


OWN_FILE, SHARED_FILE = "skillweave.toml", "pyproject.toml"
"""The names of a configuration: one of our own, which takes precedence, or one with a table of ours."""
LOCK_NAME = "skillweave.lock.json"
"""The lock file of an output folder: what its bundles were made of."""
JOURNAL = ".skillweave-move.json"
"""The journal of a move, which is in the project's folder until the move is done."""

MOST = {"bundle_bytes": 2**30, "expansions": 10_000_000, "depth": 10_000}
"""The upper bounds of a project's own limits: someone who builds a stranger's project is still protected."""


class Config(NamedTuple):
    """What a project says about itself. Paths are relative to `root`, with `/`.

    An output folder that `--output` puts elsewhere is absolute, or begins with `..`.
    """

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
    limits: Limits = Limits()
    plugins: Mapping[str, Mapping[str, object]] = MappingProxyType({})
    policy: Policy = Policy()
    """Which findings are ignored, and which are raised to errors."""

    @property
    def is_shared(self) -> bool:
        """Whether the configuration is a table in a file that other tools use, too."""
        return self.file is not None and self.file.rpartition("/")[2] == SHARED_FILE


def load_config(
    cwd: Path, root: Path | None = None, file: Path | None = None, output: str | None = None, *, cached: bool = False
) -> tuple[Config, tuple[Diagnostic, ...]]:
    """Load the configuration for a working directory; returns it with every mistake in it. Defaults replace broken values.

    `root`, `file` and `output` are what the command line named, if anything; `output` may be any path. With `cached`, a
    text that was parsed before need not be parsed again.
    """
    parse: Parse = _known_or_parsed if cached else lambda _, text: parsed(text)
    folder, path = _find(cwd, root, file, parse)
    if path is None:
        config, diagnostics = Config(folder, None), []
    elif file is None and _is_elsewhere(path):
        config = Config(folder, _relative(path, folder))
        cure = "put the file itself there, or name it with --config"
        diagnostics = [_at_start(config, "the configuration is a symlink to a file outside the project", cure)]
    else:
        config, diagnostics = _load(folder, path, parse)
    if output is not None:
        config = config._replace(output=_normal(config.root, output))
        diagnostics = [*diagnostics, *_misplaced(config, "--output")]
    else:
        diagnostics = [*diagnostics, *_diverted(config)]
    return config, tuple(sorted(diagnostics, key=Diagnostic.sort_key))


def read_configuration(config: Config) -> bytes:
    """The bytes of the configuration file, wherever it is; empty if there is none, or if it cannot be read any more."""
    data = _read(config.root / config.file) if config.file is not None else b""
    return data if isinstance(data, bytes) else b""


def looked_for(config: Config) -> tuple[Path, ...]:
    """The files whose presence or absence decided that this configuration is used, in the project's own folder."""
    names = (OWN_FILE,) if config.file == OWN_FILE else (OWN_FILE, SHARED_FILE)
    if config.file:
        return tuple(config.root / name for name in names)
    return (
        config.root / LOCK_NAME,
        *(folder / name for folder in (config.root, *config.root.parents) for name in names),
    )


def hidden_roots(config: Config) -> frozenset[str]:
    """The configured roots and all folders above them: these are read even if they are hidden."""
    roots = (*config.patterns, *config.skills, *config.documents, *config.shared)
    return frozenset({*roots, *(folder for root in roots for folder in folders_above(root))})


_READ = ("patterns", "skills", "documents", "shared")
"""The keys that name what is read: an output folder inside one of them would become a source."""


def _misplaced(config: Config, name: str) -> list[Diagnostic]:
    """Mistakes of an output folder that the command line named: the project, one that meets a root, or a foreign one."""
    place = os.path.realpath(config.root / config.output)
    below = os.path.relpath(place, config.root).replace(os.sep, "/")
    if foreign_part(below) is not None:
        return [_at_start(config, f"{name}: the output is inside {foreign_part(below)}", "use a folder of its own")]
    if below == ".":
        return [_at_start(config, f"{name}: the output is the project itself", "use a folder of its own")]
    for key in _READ:
        for root in getattr(config, key):
            relation = None if below.startswith("..") else _overlap(below, root)
            if relation is not None:
                message = f'{name}: the output "{below}" {relation} "{root}" of {key}'
                return [_at_start(config, message, "use a folder that is separate from every root")]
    return []


def _diverted(config: Config) -> list[Diagnostic]:
    """Mistakes of an output folder that symlinks lead elsewhere: a repository may have brought them along."""
    place, cure = Path(os.path.realpath(config.root / config.output)), "remove the link, or name a folder with --output"
    if place == config.root / config.output:
        return []
    if place == config.root or not place.is_relative_to(config.root):
        return [_at_start(config, f"the output {config.output} is a symlink that leaves the project", cure)]
    below = place.relative_to(config.root).as_posix()
    mistake = path_mistake(below, star=False)
    if mistake is not None:
        return [_at_start(config, f"the output {config.output} is a symlink: {mistake.message}", cure)]
    return _misplaced(config, f"the output {config.output} is a symlink")


def _at_start(config: Config, message: str, cure: str | None = None) -> Diagnostic:
    """A mistake that belongs to no line of the file."""
    return Diagnostic(INVALID_CONFIG, message, config.file or SourcePath(OWN_FILE), START, START, help=cure)


# Finding and reading


def _find(cwd: Path, root: Path | None, file: Path | None, parse: Parse) -> tuple[Path, Path | None]:
    """The project root, and the path of the configuration file, or None if there is none."""
    if file is not None:
        path = _real(cwd / file.parent) / file.name
        return (path.parent if root is None else _real(cwd / root)), path
    if root is not None:
        folder = _real(cwd / root)
        return folder, _file_in(folder, parse)
    upward = (_real(cwd), *_real(cwd).parents)
    for folder in upward:
        found = _file_in(folder, parse)
        if found is not None:
            return folder, found
    for folder in upward:
        # An output folder mirrors the roots but is no project; its lock file tells it apart.
        is_output = _is(folder / LOCK_NAME, "file")
        if not is_output and any(_is(folder / name, "folder") for name in ("skills", "patterns")):
            return folder, None
    return upward[0], None


def _file_in(folder: Path, parse: Parse) -> Path | None:
    """The configuration file of a folder: `skillweave.toml`, else a `pyproject.toml` with our table; None if there is
    neither.
    """
    if os.path.lexists(folder / OWN_FILE):
        return folder / OWN_FILE  # whatever kind of thing it is: overlooking it would be worse
    path = folder / SHARED_FILE
    data = _read(path)
    return path if isinstance(data, bytes) and _speaks_of_us(folder, data, parse) else None


def _speaks_of_us(folder: Path, data: bytes, parse: Parse) -> bool:
    """Whether a pyproject.toml has `[tool.skillweave]`. If it cannot be parsed, it counts if a line looks like that header."""
    if b"skillweave" not in data:
        return False
    text = decode(data)
    content = parse(folder, text) if isinstance(text, str) else None
    if content is None or isinstance(content, Problem):
        return re.search(rb"""^[ \t]*\[\s*["']?tool["']?\s*\.\s*["']?skillweave\b""", data, re.MULTILINE) is not None
    tool = content.get("tool")
    return isinstance(tool, dict) and "skillweave" in tool


def _is_elsewhere(path: Path) -> bool:
    """Whether a configuration that was found is a symlink to some other file, whose text messages would reveal."""
    real = _real(path)
    inside = real.is_relative_to(path.parent) and foreign_part(real.relative_to(path.parent).as_posix()) is None
    return path.is_symlink() and not (inside and real.name == path.name)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _relative(path: Path, root: Path) -> SourcePath:
    """A file's path as diagnostics show it: relative to the root, or in full if it is outside."""
    return SourcePath((path.relative_to(root) if path.is_relative_to(root) else path).as_posix())


def _is(path: Path, kind: Literal["file", "folder"]) -> bool:
    """Whether there is a file or folder, following symlinks; False if it may not be looked at."""
    try:
        return path.is_file() if kind == "file" else path.is_dir()
    except OSError:
        return False


_LARGEST = 2**24
"""The largest configuration that is read, in bytes."""


def _read(path: Path) -> bytes | str:
    """The bytes of a file, or a string that says why there are none. Only a regular file is opened: a FIFO would block."""
    try:
        if path.is_file():
            return path.read_bytes() if path.stat().st_size <= _LARGEST else "it is larger than 16 MiB"
        return "it is not a regular file" if path.exists() else "there is no such file"
    except OSError as error:
        return error.strerror or type(error).__name__


def _known_or_parsed(root: Path, text: str) -> dict[str, object] | Problem:
    """Parse a TOML text, or take its contents from the project's cache; a newly parsed one is kept there."""
    known = kept_toml(root, text)
    if known is not None:
        return known
    content = parsed(text)
    if not isinstance(content, Problem):
        keep_toml(root, text, content)
    return content


def _load(root: Path, path: Path, parse: Parse) -> tuple[Config, list[Diagnostic]]:
    """Read one configuration file; returns its configuration and its mistakes."""
    name = _relative(path, root)
    config, data = Config(root, name), _read(path)
    if isinstance(data, str):
        return config, [_at_start(config, f"cannot read the configuration: {data}")]
    text = decode(data)
    if isinstance(text, EncodingProblem):
        return config, [_at_start(config, f"cannot read the configuration: {text.message}")]
    problems: list[Problem] = []
    content = parse(root, text)
    if isinstance(content, Problem):
        problems.append(content)
    else:
        found = _checked_file(Table(content, (), None, problems), config)
        if problems:
            from skillweave.toml.places import locate  # noqa: PLC0415 (only mistakes need a second pass)

            problems.clear()
            _checked_file(Table(content, (), locate(text), problems), config)
        config = found
    index = LineIndex(text)
    return config, [_diagnostic(problem, name, index) for problem in problems]


def _checked_file(table: Table, default: Config) -> Config:
    own = _own_table(table) if default.is_shared else table
    return default if own is None else _checked(own, default)


def _diagnostic(problem: Problem, name: SourcePath, index: LineIndex) -> Diagnostic:
    end = max(problem.span.start, min(problem.span.end, len(index.text)))
    start, stop = index.position(problem.span.start), index.position(end)
    return Diagnostic(problem.code, problem.message, name, start, stop, help=problem.help)


# Checking


def _own_table(table: Table) -> Table | None:
    """The table `[tool.skillweave]` of a pyproject.toml; reports it and returns None if it is missing."""
    tool = table.data.get("tool")
    if not isinstance(tool, dict) or "skillweave" not in tool:
        report(table, "there is no [tool.skillweave] table")
        return None
    return subtable(table._replace(data=tool, path=("tool",)), "skillweave")


def _checked(table: Table, default: Config) -> Config:
    """The configuration in a table; each broken value is reported and replaced by its default."""
    keys = [name for name in Config._fields if name not in ("root", "file", "policy")]
    # Someone used to a pyproject.toml may write its table headers in skillweave.toml.
    is_top = not table.path
    top = "in skillweave.toml, the keys are at the top level, not in a table"
    cures = {name: top for name in ("skillweave", "tool") if is_top and isinstance(table.data.get(name), dict)}
    report_unknown(table, [*keys, *POLICY_KEYS], cures)
    config = Config(
        default.root,
        default.file,
        patterns=paths(table, "patterns", default.patterns),
        skills=paths(table, "skills", default.skills),
        documents=paths(table, "documents", default.documents),
        output=_output(table, default.output),
        headings=choice(table, "headings", ("nest", "keep")),
        banner=flag(table, "banner", default=default.banner),
        links=choice(table, "links", ("ship", "error")),
        shared=paths(table, "shared", default.shared, star=False),
        verbatim=read_globs(table, "verbatim"),
        consumers=words(table, "consumers", CONSUMERS),
        limits=_limits(table),
        plugins=_plugins(table),
        policy=read_policy(table),
    )
    return _without_overlap(table, config, default)


def _normal(root: Path, output: str) -> str:
    """An output folder in the form that is compared with other paths: relative to the project if it is inside."""
    place = Path(os.path.normpath(output))
    return (place.relative_to(root) if place.is_relative_to(root) else place).as_posix()


def _output(table: Table, default: str) -> str:
    """The output folder, which must be inside the project; else that is reported and the default returned."""
    value = table.data.get("output", default)
    if not isinstance(value, str):
        report(table, mismatch(table, "output", "a string", value), "output")
        return default
    mistake = path_mistake(value, star=False)
    if mistake is None:
        return normal(value)
    cure = mistake.cure or "the output must be a folder inside the project"
    report(table, f"output: {mistake.message}", "output", cure=cure)
    return default


def _without_overlap(table: Table, config: Config, default: Config) -> Config:
    """Report an output that meets a root. The output falls back to its default; if it has it already, the roots do."""
    cure = "the output needs a folder that is separate from every root"
    for key in _READ:
        for index, root in enumerate(getattr(config, key)):
            relation = _overlap(config.output, root)
            if relation is None:
                continue
            message = f'the output "{config.output}" {relation} "{root}" of {key}'
            if config.output != default.output:
                report(table, f"output: {message}", "output", cure=cure)
                return config._replace(output=default.output)
            report(table, f"{key}: {message}", key, index, cure=cure)
            config = config._replace(**{key: getattr(default, key)})
    return config


def _overlap(output: str, root: str) -> str | None:
    """How an output meets a root, in words, or None. `*` stands for any part; case is ignored, as it is on some disks."""
    ours, theirs = output.casefold().split("/"), root.casefold().split("/")
    if any(b not in (a, "*") for a, b in zip(ours, theirs, strict=False)):
        return None
    if len(ours) == len(theirs):
        return "is the root"
    return "is inside the root" if len(ours) > len(theirs) else "contains the root"


def _limits(table: Table) -> Limits:
    limits, own = Limits(), subtable(table, "limits")
    if own is None:
        return limits
    names = [*Limits._fields]
    report_unknown(own, names)
    return Limits(**{name: positive(own, name, getattr(limits, name), MOST.get(name)) for name in names})


def _plugins(table: Table) -> Mapping[str, Mapping[str, object]]:
    """The tables `[plugins.NAME]` by name."""
    if "plugins" not in table.data:
        return MappingProxyType({})
    from skillweave.toml.plugins import read_plugins  # noqa: PLC0415 (most projects have no plugins)

    return read_plugins(table)
