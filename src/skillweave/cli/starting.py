"""What `init` and `new` share: getting a configuration without mistakes, and refusing."""

from __future__ import annotations

from pathlib import Path

import click

from skillweave.cli.terminal import printable
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.config import Config


def sound_config(root: Path | None, file: Path | None) -> Config:
    """The configuration in force. Raises UsageError if it has a mistake."""
    from skillweave.config import load_config  # noqa: PLC0415

    config, diagnostics = load_config(Path.cwd(), root, file)
    for found in diagnostics[:1]:
        place = f"{found.path}:{found.start.line}:{found.start.column}"
        raise refusal(f"{place}: {found.code.number} {found.message}")
    return config


def refusal(message: str) -> click.UsageError:
    """The error of a command that makes nothing, with the reason."""
    return click.UsageError(printable(f"nothing was created: {message}"))
