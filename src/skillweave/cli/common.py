"""What the commands share: configuration, reports, exit statuses. What is heavy is imported where it is used."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillweave.cli.late import click
from skillweave.cli.report_file import keep_off_sources
from skillweave.cli.selecting import narrowed, nothing
from skillweave.cli.status import CLEAN, ERRORS, USAGE
from skillweave.cli.terminal import echo, printable
from skillweave.phrases import near_names
from skillweave.regular import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from skillweave.build import Compiled
    from skillweave.cache import Fetch
    from skillweave.cli.options import Options
    from skillweave.config import Config
    from skillweave.diagnostics import Code, Diagnostic
    from skillweave.incremental import Outcome
    from skillweave.report import Summary
    from skillweave.source import SourcePath

PATIENCE = 0.5
"""Seconds after which a waiting terminal is shown a progress bar."""


def configure(options: Options) -> tuple[Config | None, int]:
    """The configuration; None and the exit status if there is a mistake in it."""
    config, diagnostics = _load(options)
    if not config.root.is_dir():
        raise click.UsageError(f"{config.root} is no folder.")
    if options.output_file is not None:
        keep_off_sources(options.output_file, config, "report")
    if diagnostics:
        if options.output_file is not None:
            # Whoever waits for findings finds this one in the file; whoever misconfigured reads it where errors go.
            print_report(options._replace(quiet=True), config, diagnostics, None, err=True)
            options = options._replace(output_file=None, format="full")
        print_report(options, config, diagnostics, None, err=options.for_people)
        return None, USAGE
    return narrowed(config, options), CLEAN


def is_configured(options: Options, config: Config) -> bool:
    """Whether this is still the configuration in force: it may have been edited since it was read."""
    found, diagnostics = _load(options)
    return not diagnostics and narrowed(found, options) == config


def _load(options: Options) -> tuple[Config, tuple[Diagnostic, ...]]:
    from skillweave.config import load_config  # noqa: PLC0415

    return load_config(Path.cwd(), options.root, options.config, options.output, cached=not options.no_cache)


def fetcher_for(options: Options, config: Config) -> Fetch | None:
    """What gets the documents that earlier builds parsed; None if nothing of them is to be believed."""
    if options.no_cache:
        return None
    from skillweave.store import fetcher  # noqa: PLC0415 (only where something may have to be parsed)

    return fetcher(config.root)


@contextmanager
def usage_errors() -> Iterator[None]:
    """What somebody asked for and the project lacks, told as a mistake of the command line, with the nearest name."""
    from skillweave.config import UnknownEntryError  # noqa: PLC0415

    try:
        yield
    except UnknownEntryError as error:
        close = near_names(error.name, error.known, cutoff=0.4)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(error.known[:10]) or 'none'}."
        raise click.UsageError(f"there is no entry {error.name!r}; {hint}") from None


@contextmanager
def tried(verb: str) -> Iterator[None]:
    """Have an error of the system that comes up within say what was tried. Where nobody says it, that was to write."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:  # Else it is what we print that could not be written.
            error.add_note(verb)
        raise


@contextmanager
def progress(options: Options) -> Iterator[Callable[[int, int], None] | None]:
    """Shows how far reading is, once a terminal has waited for more than half a second."""
    if options.quiet or not sys.stderr.isatty():
        yield None
        return
    started = time.monotonic()
    bar: list[Any] = []

    def show(done: int, total: int) -> None:
        if not bar and time.monotonic() - started > PATIENCE:
            bar.append(click.progressbar(length=total, label="reading", file=sys.stderr))
            bar[0].__enter__()
        if bar:
            bar[0].update(done - bar[0].pos)

    try:
        yield show
    finally:
        if bar:
            bar[0].__exit__(None, None, None)
            echo("\x1b[1A\x1b[2K", nl=False, err=True)


def compiled_for(options: Options, config: Config, entries: Sequence[str]) -> Compiled:
    """The project worked out as far as some entries (all, if none is named) ask for it, by a command that keeps nothing."""
    from skillweave.build import compile_project  # noqa: PLC0415
    from skillweave.cache import Documents  # noqa: PLC0415

    documents = Documents(fetcher_for(options, config))
    with usage_errors(), progress(options) as show:
        return compile_project(config, entries, strict=options.strict, progress=show, documents=documents)


def report(
    options: Options, config: Config, compiled: Compiled | Outcome, diagnostics: Sequence[Diagnostic], *, err: bool
) -> str:
    """Print the findings of a run and their count, in the format that was asked for; what was printed."""
    from skillweave.diagnostics import Severity  # noqa: PLC0415

    if options.quiet:
        diagnostics = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
    return print_report(options, config, diagnostics, compiled, err=err)


def print_report(
    options: Options,
    config: Config,
    diagnostics: Sequence[Diagnostic],
    compiled: Compiled | Outcome | None,
    *,
    err: bool,
) -> str:
    """Print findings, with a count where there is one, to where the options say; what was printed on a stream."""
    if not diagnostics and options.format in ("full", "concise") and not options.output_file:
        return ""  # Nothing to say costs nothing to load.
    from skillweave.report import Context, Format, render, summary_line  # noqa: PLC0415

    texts: dict[SourcePath, list[str]] = {}

    def source_line(path: SourcePath, line: int) -> str | None:
        if path not in texts:
            texts[path] = _lines(config.root / path) if _is_ours(config, path) else []
        return texts[path][line - 1] if line <= len(texts[path]) else None

    stream = sys.stderr if err else sys.stdout
    is_colored = options.color == "always" if options.output_file else wants_color(options.color, stream)
    prefix = _repository_prefix(config.root) if options.format in ("github", "sarif") else ""
    context = Context(source_line, is_colored, summary(compiled, diagnostics), prefix, _page)
    text = render(diagnostics, Format(options.format), context)
    if options.output_file:
        _write_report(options.output_file, text)
        if not options.quiet:
            echo(
                f"{summary_line(context.summary, nothing(options))}: see {printable(str(options.output_file))}", err=err
            )
        return ""
    if text:
        text += "" if text.endswith("\n") else "\n"
        text += "\n" if options.format == "full" else ""
        echo(text, err=err, nl=False)
    return text


def _write_report(file: Path, text: str) -> None:
    try:
        replace_file(file, text.encode())
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror or error}") from None


def _repository_prefix(root: Path) -> str:
    """The project's folder in its repository, with a final `/`: annotations and alerts name files from there."""
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return "" if folder == root else f"{root.relative_to(folder).as_posix()}/"
    return ""


def _page(code: Code) -> str | None:
    from skillweave.explain import page  # noqa: PLC0415

    return page(code)


def _is_ours(config: Config, path: str) -> bool:
    """Whether a path is what it says: no line of a file that a symlink leads to is ever shown as the link's."""
    place = config.root / path
    # `Path.resolve` raises where symlinks lead in a circle.
    return os.path.realpath(place) == str(place.parent.resolve() / place.name if path == config.file else place)


def _lines(path: Path) -> list[str]:
    """The lines of a file that a finding is shown in; none where it is no text."""
    from skillweave.source import EncodingProblem, decode  # noqa: PLC0415

    if not path.is_file():
        return []
    try:
        text = decode(path.read_bytes())
    except OSError:
        return []
    return [] if isinstance(text, EncodingProblem) else text.split("\n")


def wants_color(choice: str, stream: Any) -> bool:  # noqa: ANN401 (a text stream)
    """Whether a stream is to be coloured: as asked for, else as the terminal and its environment say."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def from_here(config: Config, names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of entries as they are meant in a folder of the project: what is a path from there is one from the project's."""
    here = os.getcwd()  # noqa: PTH109 (as the configuration's own root: without symlinks)
    root = os.path.realpath(config.root)
    if not f"{here}/".startswith(f"{root}/"):
        return names
    # No id has a slash.
    paths = [name for name in names if "/" in name or name in (".", "..") or name.endswith(".md")]
    places = {name: os.path.normpath(os.path.join(here, name)) for name in paths}  # noqa: PTH118 (text from text)
    inside = {
        name: place for name, place in places.items() if os.path.lexists(place) and f"{place}/".startswith(f"{root}/")
    }
    return tuple(inside[name][len(root) + 1 :] or "." if name in inside else name for name in names)


def summary(compiled: Compiled | Outcome | None, diagnostics: Sequence[Diagnostic]) -> Summary:
    """How many findings of each kind there are, and in how many files and skills."""
    from skillweave.diagnostics import Severity  # noqa: PLC0415
    from skillweave.incremental import Outcome  # noqa: PLC0415
    from skillweave.report import Summary  # noqa: PLC0415

    counts = [sum(d.severity is severity for d in diagnostics) for severity in Severity]
    errors, warnings, infos = counts
    match compiled:
        case None:
            return Summary(errors, warnings, infos, 0, 0)
        case Outcome(files=files, entries=entries):
            return Summary(errors, warnings, infos, files, sum(entry.kind == "skill" for entry in entries))
        case _:
            skills = sum(entry.kind == "skill" for entry in compiled.project.entries)
            return Summary(errors, warnings, infos, len(compiled.graph.files), skills)


def nothing_found(config: Config) -> str:
    """What to say of a project without a skill or document: where was looked, and how to have one."""
    looked = f"looked for SKILL.md below {', '.join(config.skills)}" if config.skills else "`skills` is empty"
    looked += f", and for .md files below {', '.join(config.documents)}" if config.documents else ""
    folders = "other folders" if config.skills else "folders"
    cure = f"name {folders} as `skills` in {config.file or 'a skillweave.toml'}, or begin with `skillweave init`"
    return printable(f"no skill or document found in {config.root}: {looked}; {cure}")


def status(diagnostics: Sequence[Diagnostic]) -> int:
    """The exit status that findings come to."""
    from skillweave.diagnostics import Severity  # noqa: PLC0415

    return ERRORS if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics) else CLEAN
