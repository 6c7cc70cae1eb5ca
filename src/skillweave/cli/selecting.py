"""`--select` and `--ignore`: which findings a command shows. Anything heavy is imported where it is used."""

from __future__ import annotations

from skillweave.cli.late import click
from skillweave.cli.suggest import suggest_listed_codes
from skillweave.cli.terminal import echo
from skillweave.phrases import counted
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skillweave.cli.options import Options
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic


def selection_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command `--select` and `--ignore`. Has to stand above `project_options`."""
    select = click.option(
        "--select",
        multiple=True,
        metavar="NAMES",
        callback=_selected,
        shell_complete=suggest_listed_codes,
        help="Report only these findings: names, codes, or SW5 for a whole group.",
    )
    ignore = click.option(
        "--ignore",
        multiple=True,
        metavar="NAMES",
        callback=_ignored,
        shell_complete=suggest_listed_codes,
        help="Do not report these warnings.",
    )
    return select(ignore(command))


def narrowed(config: Config, options: Options) -> Config:
    """The configuration, with the findings that the command line selects and ignores."""
    if options.select is None and not options.ignore:
        return config
    return config._replace(policy=config.policy._replace(selected=options.select, dropped=options.ignore))


def shown(config: Config, diagnostics: Sequence[Diagnostic], options: Options) -> list[Diagnostic]:
    """The findings that were selected, for a command that writes nothing. If errors are left out, that is at least printed."""
    found = [diagnostic for diagnostic in diagnostics if config.policy.selects(diagnostic.code)]
    hidden = len(diagnostics) - len(found)
    if hidden and not options.quiet:
        echo(f"{counted(hidden, 'error')} of other kinds, which --select leaves out", err=True)
    return found


def nothing(options: Options) -> str:
    """What to say if no finding is shown. Only if all were looked at can it be said that there are none."""
    return "no problems" if options.select is None else "nothing that was selected"


def _selected(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    del context, parameter
    return _numbers("--select", values) if values else None


def _ignored(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    del context, parameter
    return _numbers("--ignore", values) if values else ()


def _numbers(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """The numbers that names, codes and beginnings of codes, separated by commas, stand for. Raises UsageError for unknown
    ones, and for those that `--ignore` cannot ignore.
    """
    from skillweave.suppress import find_code, find_codes, nearest, why_not_ignored  # noqa: PLC0415

    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    if not names:
        raise click.UsageError(f"{option} is empty: name a finding.")
    numbers: set[str] = set()
    for name in names:
        codes = find_codes(name)
        if not codes:
            raise click.UsageError(f"{option}: no finding is called {name!r}; {nearest(name)}")
        if option == "--ignore":
            possible = [code for code in codes if why_not_ignored(code, everywhere=True) is None]
            if not possible:
                reason = (
                    why_not_ignored(codes[0], everywhere=True) if find_code(name) else f"{name} contains only errors"
                )
                raise click.UsageError(f"{option}: {reason}; use --select to choose what `check` reports.")
            codes = tuple(possible)
        numbers.update(code.number for code in codes)
    return tuple(sorted(numbers))
