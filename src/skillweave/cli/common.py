"""What the commands share: configuration, reports, exit statuses. Anything heavy is imported where it is used."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from skillweave.cli.late import click
from skillweave.cli.report_file import keep_off_sources
from skillweave.cli.selecting import narrowed, nothing
from skillweave.cli.status import CLEAN, ERRORS, USAGE
from skillweave.cli.terminal import echo, printable, say
from skillweave.phrases import near_names
from skillweave.regular import replace_file
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from skillweave.build import Compiled
    from skillweave.cache import Fetch
    from skillweave.cli.options import Options
    from skillweave.config import Config
    from skillweave.diagnostics import Code, Diagnostic
    from skillweave.incremental import Outcome
    from skillweave.report import Summary
    from skillweave.source import SourcePath

PATIENCE = 0.5
"""The seconds after which a waiting terminal gets a progress bar."""


def configure(options: Options) -> tuple[Config | None, int]:
    """The configuration and the status CLEAN; or None and the exit status if it has a mistake, which is reported. Raises
    UsageError if the project's folder is none.
    """
    config, diagnostics = _load(options)
    if not config.root.is_dir():
        raise click.UsageError(f"{config.root} is not a folder.")
    if options.output_file is not None:
        keep_off_sources(options.output_file, config, "report")
    if diagnostics:
        if options.output_file is not None:
            # Whoever waits for findings gets this one in the file; whoever made the mistake reads it on standard error.
            print_report(options._replace(quiet=True), config, diagnostics, None, err=True)
            options = options._replace(output_file=None, format="full")
        print_report(options, config, diagnostics, None, err=options.for_people)
        return None, USAGE
    return narrowed(config, options), CLEAN


def is_configured(options: Options, config: Config) -> bool:
    """Whether this configuration is still in force: it may have been edited since it was read."""
    found, diagnostics = _load(options)
    return not diagnostics and narrowed(found, options) == config


def _load(options: Options) -> tuple[Config, tuple[Diagnostic, ...]]:
    from skillweave.config import load_config  # noqa: PLC0415

    return load_config(Path.cwd(), options.root, options.config, options.output, cached=not options.no_cache)


def fetcher_for(options: Options, config: Config) -> Fetch | None:
    """The function that fetches documents parsed by earlier builds; None if the cache must not be used."""
    if options.no_cache:
        return None
    from skillweave.store import fetcher  # noqa: PLC0415 (only where something may have to be parsed)

    return fetcher(config.root)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn the error about an entry that the project does not have into a usage error, with the nearest name."""
    from skillweave.config import UnknownEntryError  # noqa: PLC0415

    try:
        yield
    except UnknownEntryError as error:
        close = near_names(error.name, error.known, cutoff=0.4)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(error.known[:10]) or 'none'}."
        raise click.UsageError(f"there is no entry {error.name!r}; {hint}") from None


@contextmanager
def tried(verb: str) -> Iterator[None]:
    """Make an OSError raised within say what was tried: a verb, or BUILDING. Without such a note, it is taken to be writing."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:  # otherwise, what failed is our own printing
            error.add_note(verb)
        raise


@contextmanager
def progress(options: Options) -> Iterator[Callable[[int, int], None] | None]:
    """Show how far reading is, once a terminal has waited for `PATIENCE` seconds. Yields the function to call with the number
    of files read and their total; None if nothing is to be shown.
    """
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
    """Compile the project as far as some entries need it (all, if none is named), for a command that keeps nothing in the
    cache.
    """
    from skillweave.build import compile_project  # noqa: PLC0415
    from skillweave.cache import Documents  # noqa: PLC0415

    documents = Documents(fetcher_for(options, config))
    with usage_errors(), progress(options) as show:
        return compile_project(config, entries, strict=options.strict, progress=show, documents=documents)


def report(
    options: Options, config: Config, compiled: Compiled | Outcome, diagnostics: Sequence[Diagnostic], *, err: bool
) -> str:
    """Print the findings of a run, in the format that was asked for. Returns what was printed."""
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
    """Print findings to where the options say. Returns what was printed on a stream; empty if they went to a file."""
    if not diagnostics and options.format in ("full", "concise") and not options.output_file:
        return ""  # if there is nothing to say, nothing need be loaded
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
        replace_file(options.output_file, text.encode())
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


def _repository_prefix(root: Path) -> str:
    """The project's folder in its repository, with a final `/`, as annotations and alerts name files from the repository."""
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            return "" if folder == root else f"{root.relative_to(folder).as_posix()}/"
    return ""


def _page(code: Code) -> str | None:
    from skillweave.explain import page  # noqa: PLC0415

    return page(code)


def _is_ours(config: Config, path: str) -> bool:
    """Whether no symlink leads elsewhere from a path: lines of a file are never shown as those of a link to it."""
    place = config.root / path
    # `Path.resolve` raises if symlinks form a circle.
    return os.path.realpath(place) == str(place.parent.resolve() / place.name if path == config.file else place)


def _lines(path: Path) -> list[str]:
    """The lines of a file, to show a finding in; empty if the file cannot be read or is no text."""
    from skillweave.files import LARGEST  # noqa: PLC0415
    from skillweave.source import EncodingProblem, decode  # noqa: PLC0415

    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return []
        text = decode(path.read_bytes())
    except OSError:
        return []
    return [] if isinstance(text, EncodingProblem) else text.split("\n")


def wants_color(choice: str, stream: Any) -> bool:  # noqa: ANN401 (a text stream)
    """Whether to colour a stream: as asked for, else as the terminal and its environment say."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def from_here(config: Config, names: tuple[str, ...]) -> tuple[str, ...]:
    """Translate the names of entries from the working directory: a path that exists there becomes relative to the project's
    folder. Ids stay.
    """
    here = os.getcwd()  # noqa: PTH109 (as the configuration's own root: without symlinks)
    root = os.path.realpath(config.root)
    if not f"{here}/".startswith(f"{root}/"):
        return names
    # No id contains a slash.
    paths = [name for name in names if "/" in name or name in (".", "..") or name.endswith(".md")]
    places = {name: os.path.normpath(os.path.join(here, name)) for name in paths}  # noqa: PTH118 (text from text)
    inside = {
        name: place for name, place in places.items() if os.path.lexists(place) and f"{place}/".startswith(f"{root}/")
    }
    return tuple(inside[name][len(root) + 1 :] or "." if name in inside else name for name in names)


def summary(compiled: Compiled | Outcome | None, diagnostics: Sequence[Diagnostic]) -> Summary:
    """How many findings of each severity there are, and how many files and skills were looked at."""
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


def interrupted_move(config: Config) -> str | None:
    """A sentence about a move that was cut off and how to finish it, without a full stop; None if there is none."""
    from skillweave.config import JOURNAL  # noqa: PLC0415

    if not os.path.lexists(config.root / JOURNAL):
        return None
    from skillweave.move.apply import load_journal  # noqa: PLC0415 (rarely needed)
    from skillweave.move.values import MoveError  # noqa: PLC0415

    try:
        task = load_journal(config.root)
    except MoveError as error:
        return str(error)
    if task is None:
        return None
    import shlex  # noqa: PLC0415 (likewise)

    paths = [os.path.relpath(config.root / path) for path in (task.move.old, task.move.new)]
    end = ["--"] if any(path.startswith("-") for path in paths) else []
    command = shlex.join(["skillweave", "mv", *end, *paths])
    return f"moving {task.move.old} to {task.move.new} was interrupted: run `{command}` to finish it"


def tell_oddities(options: Options, config: Config, found: Outcome | Compiled) -> None:
    """Print what is odd about a project besides its findings. A move was cut off: the project is neither as it was nor as it
    will be. Or there is no skill or document, and no finding says why they cannot be seen: it may be the wrong folder.
    """
    from skillweave.files import is_below  # noqa: PLC0415

    if options.quiet:
        return
    if (message := interrupted_move(config)) is not None:
        say(message, err=True)
    roots = [root.partition("*")[0].rstrip("/") for root in (*config.skills, *config.documents)]
    is_hidden = any(is_below(diagnostic.path, root) for diagnostic in found.diagnostics for root in roots)
    if not found.entries and not is_hidden:
        echo(_nothing_found(config), err=True)


def _nothing_found(config: Config) -> str:
    """The message for a project without any skill or document: where they were looked for, and how to get one."""
    looked = f"looked for SKILL.md below {', '.join(config.skills)}" if config.skills else "`skills` is empty"
    looked += f", and for .md files below {', '.join(config.documents)}" if config.documents else ""
    folders = "other folders" if config.skills else "folders"
    cure = f"name {folders} as `skills` in {config.file or 'a skillweave.toml'}, or start with `skillweave init`"
    return printable(f"no skill or document found in {config.root}: {looked}; {cure}")


def status(diagnostics: Sequence[Diagnostic]) -> int:
    """The exit status for some findings: ERRORS if one of them is an error."""
    from skillweave.diagnostics import Severity  # noqa: PLC0415

    return ERRORS if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics) else CLEAN
