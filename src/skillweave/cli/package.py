"""`skillweave package`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal, cast

import click

from skillweave.cli.common import compiled_for, configure, from_here, report, status, tell_oddities
from skillweave.cli.options import Options, project_options, report_options, verbose_option
from skillweave.cli.status import ERRORS, USAGE
from skillweave.cli.suggest import suggest_entries
from skillweave.cli.terminal import echo, say
from skillweave.phrases import counted
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.build import Compiled
    from skillweave.config import Config
    from skillweave.package import Packages
    from skillweave.package.dist import Delivered


@click.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...", shell_complete=suggest_entries)
@click.option("--to", default="dist", metavar="DIR", help="Where packages go (default: dist).")
@click.option(
    "--as",
    "form",
    type=click.Choice(["zip", "skill", "plugin"]),
    default="zip",
    help="An archive for each skill (zip, or the same as .skill), or a plugin folder for each namespace.",
)
@click.option(
    "--strip-unportable", is_flag=True, help="Leave out front matter keys that a configured consumer rejects."
)
@click.option("--provenance", is_flag=True, help="Add an in-toto statement of every source.")
@report_options
@verbose_option
@project_options
def package(  # noqa: PLR0913 (one for each option)
    options: Options,
    entries: tuple[str, ...],
    *,
    to: str,
    form: str,
    strip_unportable: bool,
    provenance: bool,
) -> int:
    """Pack skills so that they can be installed one by one.

    An ENTRY is an id or a path, as for `build`; without one, all are packed. Packages are made from the sources, not
    from what an earlier build wrote, and are the same bytes on any machine (SOURCE_DATE_EPOCH sets the time in
    archives).
    """
    config, failed = configure(options)
    if config is None:
        return failed
    entries = from_here(config, entries)
    from skillweave.diagnostics import UNPORTABLE_FIELD  # noqa: PLC0415
    from skillweave.package import Wish, namespace  # noqa: PLC0415
    from skillweave.package import package as make_packages  # noqa: PLC0415
    from skillweave.package.dist import deliver  # noqa: PLC0415
    from skillweave.package.plugin import check_plugins  # noqa: PLC0415

    kind = cast("Literal['zip', 'skill', 'plugin']", form)
    wish = Wish(kind, strip_unportable, provenance, _epoch(), named=bool(entries))
    folder = _target(config, to)
    if options.output_file and Path(os.path.realpath(options.output_file)).is_relative_to(os.path.realpath(folder)):
        raise click.UsageError(f"{options.output_file} is in {to}, which is only for packages.")
    if strip_unportable:
        # A key that is left out of the packages is no mistake in them.
        dropped = (*config.policy.dropped, UNPORTABLE_FIELD.number)
        config = config._replace(policy=config.policy._replace(dropped=dropped))
    compiled = compiled_for(options, config, entries)
    mistakes = check_plugins(config, frozenset(namespace(entry, config) for entry in compiled.project.entries))
    if mistakes:
        report(options, config, compiled, mistakes, err=options.for_people)
        return USAGE
    packages = make_packages(config, compiled, wish)
    delivered = deliver(folder, to.rstrip("/") or to, packages)
    found = [*compiled.diagnostics, *packages.diagnostics, *delivered.diagnostics]
    diagnostics = sorted(found, key=lambda diagnostic: diagnostic.sort_key())
    report(options, config, compiled, diagnostics, err=options.for_people)
    if options.for_people and not options.quiet:
        _tell(to, packages, delivered, verbose=options.verbose)
        echo(_counted(delivered, _failed(compiled, packages, delivered)))
    tell_oddities(options, config, compiled)
    return ERRORS if len(compiled.bundles) < len(compiled.entries) else status(diagnostics)


def _epoch() -> int | None:
    """The value of SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) in seconds; None if it is not
    set.
    """
    value = os.environ.get("SOURCE_DATE_EPOCH")
    if not value:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise click.UsageError(f"SOURCE_DATE_EPOCH is {value!r}, which is not a number of seconds.")
    return int(value)


def _target(config: Config, to: str) -> Path:
    """The folder for packages. Raises UsageError if it is in a folder that is read or built, where packages would become
    sources.
    """
    from skillweave.cli.report_file import claimed_by  # noqa: PLC0415
    from skillweave.source import foreign_part  # noqa: PLC0415

    if not to:
        raise click.UsageError("--to is empty: name a folder.")
    folder = Path(os.path.normpath(Path.cwd() / to))
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    if not there.is_dir():
        raise click.UsageError(f"{to if there == folder else os.path.relpath(there)} is not a folder.")
    if folder.is_relative_to(config.root):
        real = Path(os.path.realpath(folder))
        if not real.is_relative_to(config.root):
            raise click.UsageError(f"{to} is a symlink that leaves the project: name the folder that it points to.")
        path = real.relative_to(config.root).as_posix()
        if foreign_part(path) is not None:
            raise click.UsageError(f"{to} is inside {foreign_part(path)}, which is no place for packages.")
    claimed = claimed_by(Path(os.path.realpath(folder)), config)
    if claimed is not None:
        raise click.UsageError(f"{to} is in {claimed}/, which is no place for packages.")
    return folder


def _tell(to: str, packages: Packages, delivered: Delivered, *, verbose: bool) -> None:
    """Print a line for each package that changed, and for what was left out."""
    for note in packages.notes:
        say(note)
    sizes = {made.name: (len(made.files), sum(len(file.data) for file in made.files)) for made in packages.made}
    folder = to.rstrip("/") or to
    for name in delivered.changed:
        files, size = sizes[name]
        say(f"packed {folder}/{name} ({f'{files} files, ' if files > 1 else ''}{size:,} bytes)")
    for name in delivered.unchanged if verbose else ():
        say(f"unchanged {folder}/{name}")


def _counted(delivered: Delivered, failed: int) -> str:
    """A line that counts all packages."""
    count = len(delivered.changed)
    parts = [f"packed {counted(count, 'package')}", f"{len(delivered.unchanged)} unchanged"]
    return ", ".join([*parts, f"{failed} with errors"] if failed else parts)


def _failed(compiled: Compiled, packages: Packages, delivered: Delivered) -> int:
    """How many entries were not packed because of an error in their sources, in packaging, or in what is there already."""
    good = {bundle.entry.path for bundle in compiled.bundles}
    refused = {found.path for found in packages.diagnostics if status([found])}
    refused |= {
        bundle.entry.path for made in packages.made if made.name in delivered.refused for bundle in made.bundles
    }
    return sum(entry.path not in good or entry.path in refused for entry in compiled.entries)
