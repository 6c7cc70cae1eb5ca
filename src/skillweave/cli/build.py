"""`skillweave build`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from skillweave.cli.common import ERRORS, Options, configure, progress, project_options, report, status, usage_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.build import Compiled
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.publish import Published


class _Comparison(NamedTuple):
    """What is to be shown instead of a build."""

    check: bool
    diff: bool


@click.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...")
@click.option("--check", is_flag=True, help="Write nothing; name every output that is stale, missing or stray.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change, as a patch.")
@project_options
def build(options: Options, entries: tuple[str, ...], *, check: bool, diff: bool) -> int:
    """Check and flatten every skill and document, and write their bundles.

    An ENTRY is an id (research:orchestration) or a path (skills/research); without one, all are built. An entry with an
    error is not written and keeps its last good output.

    With --check or --diff nothing is written, and the exit status is 1 unless all bundles are current.
    """
    if diff and options.format == "json":
        raise click.UsageError("--diff has no JSON form.")
    started = time.monotonic()
    config, failed = configure(options)
    if config is None:
        return failed
    from skillweave.build import build as run_build  # noqa: PLC0415

    compares = check or diff
    with usage_errors(), progress(options) as show:
        mode: Literal["write", "compare"] = "compare" if compares else "write"
        compiled, published = run_build(config, entries, mode, strict=options.strict, progress=show)
    if compares:
        return _compare(options, config, compiled, published, _Comparison(check, diff))
    diagnostics = _sorted(compiled, published)
    report(options, config, compiled, diagnostics, err=options.format != "json")
    if options.format != "json" and not options.quiet:
        _tell_build(config, compiled, published, time.monotonic() - started, verbose=options.verbose)
    return status(diagnostics)


def _compare(options: Options, config: Config, compiled: Compiled, published: Published, wanted: _Comparison) -> int:
    """Print what is not current: the findings, the patch, or both (then the findings go where errors go)."""
    if wanted.diff:
        from skillweave.build import request_of  # noqa: PLC0415
        from skillweave.diff import differences  # noqa: PLC0415

        for patch in differences(request_of(config, compiled)):
            click.echo(patch, nl=False)
    diagnostics = _sorted(compiled, published) if wanted.check else compiled.diagnostics
    report(options, config, compiled, diagnostics, err=wanted.diff)
    if published.diagnostics or status(diagnostics):
        return ERRORS
    if options.format != "json" and not options.quiet:
        click.echo(f"{config.output}/ is current: {_count([e.kind for e in compiled.entries])}", err=wanted.diff)
    return status(diagnostics)


def _sorted(compiled: Compiled, published: Published) -> tuple[Diagnostic, ...]:
    return tuple(sorted([*compiled.diagnostics, *published.diagnostics], key=lambda diagnostic: diagnostic.sort_key()))


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
