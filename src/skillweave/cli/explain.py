"""`skillweave explain`."""

from __future__ import annotations

import click

from skillweave.cli.status import CLEAN
from skillweave.cli.suggest import suggest_codes
from skillweave.cli.terminal import echo


@click.command()
@click.argument("code", shell_complete=suggest_codes)
def explain(code: str) -> int:
    """Explain a finding: what it means, an example, the cure.

    CODE is a number or a name: SW207, 207, or missing-section.
    """
    from skillweave.explain import codes_of_stage  # noqa: PLC0415
    from skillweave.explain import explain as find_page  # noqa: PLC0415

    page, close = find_page(code)
    stage = codes_of_stage(code) if page is None else ()
    if stage:
        raise click.UsageError(f"{code!r} is a group of findings: {', '.join(stage)}.")
    if page is None:
        hint = f" Did you mean {close}?" if close else " `skillweave check --format concise` shows codes."
        raise click.UsageError(f"there is no finding {code!r}.{hint}")
    echo(page)
    return CLEAN
