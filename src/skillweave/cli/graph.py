"""`skillweave graph`."""

from __future__ import annotations

import click

from skillweave.cli.common import compiled_for, configure, from_here, report, status, tell_oddities
from skillweave.cli.options import Options, own_format_options
from skillweave.cli.suggest import suggest_entries
from skillweave.cli.terminal import say, say_json
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.build import Compiled
    from skillweave.config import Config
    from skillweave.depfile import Needs


@click.command()
@click.argument("entries", nargs=-1, metavar="[ENTRY]...", shell_complete=suggest_entries)
@own_format_options
def graph(options: Options, entries: tuple[str, ...]) -> int:
    """Show which files each entry is made of.

    An ENTRY is an id or a path, as for `build`; without one, all entries are shown.

    A line per entry, and below it every file that goes into its bundle and every optional one that is not there. With
    --format json also its outputs, and every directive that names a file, for rules of another build tool. Findings go
    to standard error.
    """
    config, failed = configure(options)
    if config is None:
        return failed
    entries = from_here(config, entries)
    from skillweave.depfile import needs_of  # noqa: PLC0415

    compiled = compiled_for(options, config, entries)
    needs = needs_of(compiled)
    if options.format == "json":
        say_json(_object(config, compiled, needs))
    else:
        for need in needs:
            say(need.path)
            for path in need.inputs:
                say(f"  {path}")
            for path in need.missing:
                say(f"  {path} (optional, missing)")
    tell_oddities(options, config, compiled)
    if status(compiled.diagnostics):
        # Standard output is for the graph, so findings are never written as JSON.
        shown = options._replace(format="concise") if options.format == "json" else options
        report(shown, config, compiled, compiled.diagnostics, err=True)
    return status(compiled.diagnostics)


def _object(config: Config, compiled: Compiled, needs: tuple[Needs, ...]) -> dict[str, object]:
    from skillweave.depfile import named_by  # noqa: PLC0415

    entries = [
        {
            "id": need.id,
            "kind": need.kind,
            "path": need.path,
            "outputs": need.outputs,
            "inputs": need.inputs,
            "missing": need.missing,
            "folders": need.folders,
        }
        for need in needs
    ]
    edges = [
        {"from": named.source, "to": named.target, "line": named.line, "column": named.column, "word": named.word}
        for named in named_by(compiled, needs)
    ]
    return {"config": config.file, "entries": entries, "edges": edges}
