"""The command line: arguments in, text and an exit status out. No logic of a build lives here.

What is heavy is imported by the command that needs it: `skillweave --help` costs what click costs.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import click

from skillweave import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from skillweave.build import Compiled
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.publish import Published

CLEAN, ERRORS, USAGE, BUG, INTERRUPTED = 0, 1, 2, 3, 130
PATIENCE = 0.5
"""Seconds after which a waiting terminal is shown a progress bar."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status (DIAGNOSTICS, exit status)."""
    try:
        status = main.main(list(arguments), prog_name="skillweave", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        # Who read our output has had enough. What Python would say while it closes the pipe is of no use.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERRORS
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        click.echo(f"skillweave: cannot write{where}: {error.strerror or error}", err=True)
        click.echo("Nothing was lost: what is published is whole, and the next build goes on from here.", err=True)
        return ERRORS
    except Exception:  # noqa: BLE001 (whatever it is, it is our bug, and the reader needs to know what to send us)
        return _report_bug()
    return status if isinstance(status, int) else CLEAN


class Options(NamedTuple):
    """What all commands that read a project are given."""

    root: Path | None
    config: Path | None
    output: str | None
    format: str
    color: str
    strict: bool
    quiet: bool
    verbose: bool


def project_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of every command that reads a project; it receives them as one value."""
    options = [
        click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="The project's folder."),
        click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="The configuration file."),
        click.option("--output", metavar="DIR", help="Where bundles go (default: build)."),
        click.option(
            "--format",
            type=click.Choice(["full", "concise", "json"]),
            default="full",
            help="How findings are written (default: full).",
        ),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colour: on a terminal (auto), always, or never.",
        ),
        click.option("--strict", is_flag=True, help="Treat warnings as errors."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        click.option("-v", "--verbose", is_flag=True, help="Say what is read and built."),
    ]

    def wrapped(**values: Any) -> int:  # noqa: ANN401 (click's values)
        common = Options(**{name: values.pop(name) for name in Options._fields})
        return command(common, **values)

    wrapped.__name__ = command.__name__
    wrapped.__doc__ = command.__doc__
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `skillweave check`. Every finding has a code; `skillweave explain SW207` tells more.",
)
@click.version_option(__version__, message="skillweave %(version)s")
def main() -> None:
    """Weave shared Markdown into self-contained agent skills.

    Keep what skills share in patterns/, and pull it in with a line such as

    \b
        <<include: orchestration/parallel-execution.md>>

    skillweave checks every reference, finds every cycle, and writes flattened bundles to build/, ready to be installed one
    by one.
    """


@main.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...")
@project_options
def build(options: Options, entries: tuple[str, ...]) -> int:
    """Check and flatten every skill and document, and write their bundles.

    An ENTRY is an id (research:orchestration) or a path (skills/research); without one, all are built. An entry with an
    error is not written and keeps its last good output.
    """
    started = time.monotonic()
    config, status = _configure(options)
    if config is None:
        return status
    from skillweave.build import build as run_build  # noqa: PLC0415

    with _usage_errors(), _progress(options) as progress:
        compiled, published = run_build(config, entries, "write", strict=options.strict, progress=progress)
    diagnostics = _sorted(compiled, published)
    _report(options, config, compiled, diagnostics, err=options.format != "json")
    if options.format != "json" and not options.quiet:
        _tell_build(config, compiled, published, time.monotonic() - started, verbose=options.verbose)
    return _status(diagnostics)


@main.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...")
@project_options
def check(options: Options, entries: tuple[str, ...]) -> int:
    """Find every mistake, and write nothing.

    An ENTRY is an id or a path, as for `build`; without one, everything is checked, patterns that nothing includes, too.
    """
    config, status = _configure(options)
    if config is None:
        return status
    from skillweave.build import compile_project  # noqa: PLC0415

    with _usage_errors(), _progress(options) as progress:
        compiled = compile_project(config, entries, strict=options.strict, progress=progress)
    _report(options, config, compiled, compiled.diagnostics, err=False)
    if options.format == "full" and not options.quiet:
        from skillweave.report import summary_line  # noqa: PLC0415

        click.echo(summary_line(_summary(compiled, compiled.diagnostics)))
    return _status(compiled.diagnostics)


@main.command()
@click.argument("code")
def explain(code: str) -> int:
    """Explain a finding: what it means, an example, the cure.

    CODE is a number or a name: SW207, or missing-section.
    """
    from skillweave.explain import explain as find_page  # noqa: PLC0415

    page, close = find_page(code)
    if page is None:
        hint = f" Did you mean {close}?" if close else " `skillweave check --format concise` shows codes."
        raise click.UsageError(f"there is no finding {code!r}.{hint}")
    click.echo(page)
    return CLEAN


def _configure(options: Options) -> tuple[Config | None, int]:
    """The configuration; None and the exit status if there is a mistake in it."""
    from skillweave.config import load_config  # noqa: PLC0415

    config, diagnostics = load_config(Path.cwd(), options.root, options.config, options.output)
    if not config.root.is_dir():
        raise click.UsageError(f"{config.root} is no folder.")
    if diagnostics:
        _print_report(options, config, diagnostics, None, err=options.format != "json")
        return None, USAGE
    return config, CLEAN


@contextmanager
def _usage_errors() -> Iterator[None]:
    from difflib import get_close_matches  # noqa: PLC0415

    from skillweave.build import UnknownEntryError  # noqa: PLC0415

    try:
        yield
    except UnknownEntryError as error:
        close = get_close_matches(error.name, error.known, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(error.known[:10]) or 'none'}."
        raise click.UsageError(f"there is no entry {error.name!r}; {hint}") from None


@contextmanager
def _progress(options: Options) -> Iterator[Callable[[int, int], None] | None]:
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
            click.echo("\x1b[1A\x1b[2K", nl=False, err=True)


def _sorted(compiled: Compiled, published: Published) -> tuple[Diagnostic, ...]:
    return tuple(sorted([*compiled.diagnostics, *published.diagnostics], key=lambda diagnostic: diagnostic.sort_key()))


def _report(
    options: Options, config: Config, compiled: Compiled, diagnostics: Sequence[Diagnostic], *, err: bool
) -> None:
    from skillweave.diagnostics import Severity  # noqa: PLC0415

    if options.quiet:
        diagnostics = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
    _print_report(options, config, diagnostics, compiled, err=err)


def _print_report(
    options: Options, config: Config, diagnostics: Sequence[Diagnostic], compiled: Compiled | None, *, err: bool
) -> None:
    from skillweave.report import Context, Format, render  # noqa: PLC0415
    from skillweave.source import EncodingProblem, SourcePath, decode  # noqa: PLC0415

    texts: dict[SourcePath, list[str]] = {}

    def source_line(path: SourcePath, line: int) -> str | None:
        if path not in texts:
            file = compiled.graph.files.get(path) if compiled else None
            if file is not None:
                texts[path] = list(file.lines)
            elif path == config.file:
                text = decode((config.root / path).read_bytes())
                texts[path] = [] if isinstance(text, EncodingProblem) else text.split("\n")
            else:
                texts[path] = []
        return texts[path][line - 1] if line <= len(texts[path]) else None

    stream = sys.stderr if err else sys.stdout
    context = Context(source_line, _wants_color(options.color, stream), _summary(compiled, diagnostics))
    text = render(diagnostics, Format(options.format), context)
    if text:
        click.echo(text, err=err, nl=not text.endswith("\n"), color=True)
        if options.format == "full":
            click.echo(err=err)


def _wants_color(choice: str, stream: Any) -> bool:  # noqa: ANN401 (a text stream)
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def _summary(compiled: Compiled | None, diagnostics: Sequence[Diagnostic]) -> Any:  # noqa: ANN401 (report.Summary)
    from skillweave.diagnostics import Severity  # noqa: PLC0415
    from skillweave.report import Summary  # noqa: PLC0415

    counts = [sum(d.severity is severity for d in diagnostics) for severity in Severity]
    files = len(compiled.graph.files) if compiled else 0
    skills = sum(entry.kind == "skill" for entry in compiled.project.entries) if compiled else 0
    return Summary(*counts, files, skills)


def _tell_build(config: Config, compiled: Compiled, published: Published, seconds: float, *, verbose: bool) -> None:
    """A line for each entry that changed, and one for all."""
    kinds = {str(entry.path): entry for entry in compiled.project.entries}
    for path in published.changed:
        entry = kinds[path]
        place = path.removesuffix("/SKILL.md") if entry.kind == "skill" else path
        click.echo(f"built {entry.id} → {config.output}/{place}")
    for path in published.unchanged if verbose else ():
        click.echo(f"unchanged {kinds[path].id}")
    for path in published.removed:
        click.echo(f"removed {config.output}/{path.removesuffix('/SKILL.md')}, as its source is gone")
    built = _count([kinds[path].kind for path in published.changed])
    failed = len(compiled.entries) - len(published.changed) - len(published.unchanged)
    parts = [f"built {built}", f"{len(published.unchanged)} unchanged"]
    parts += [f"{failed} with errors"] if failed else []
    click.echo(f"{', '.join(parts)}, in {seconds:.2f} s")


def _count(kinds: Sequence[Literal["skill", "document"]]) -> str:
    skills, documents = kinds.count("skill"), kinds.count("document")
    parts = [f"{skills} skill{'s' if skills != 1 else ''}"] if skills or not documents else []
    parts += [f"{documents} document{'s' if documents != 1 else ''}"] if documents else []
    return " and ".join(parts)


def _status(diagnostics: Sequence[Diagnostic]) -> int:
    from skillweave.diagnostics import Severity  # noqa: PLC0415

    return ERRORS if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics) else CLEAN


def _report_bug() -> int:
    import platform  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    traceback.print_exc()
    click.echo(
        f"\nThis is a bug in skillweave {__version__} (Python {platform.python_version()}, {platform.system()}), not in"
        " your files.\nPlease report it with the lines above and, if you can, the file that it happened on.",
        err=True,
    )
    return BUG
