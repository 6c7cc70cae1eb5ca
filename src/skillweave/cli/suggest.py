"""What a shell suggests for an argument, as functions for click. A broken project gets fewer suggestions, or none."""

from __future__ import annotations

import os
from pathlib import Path

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from skillweave.config import Config


def suggest_entries(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Ids and paths of entries."""
    del parameter
    from skillweave.candidates import entries  # noqa: PLC0415

    return entries(_config(context), incomplete)


def suggest_sources(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Paths of patterns, of entries, and of the folders above them, from the working directory."""
    del parameter
    from skillweave.candidates import sources  # noqa: PLC0415

    config = _config(context)
    return sources(config, (os.path.relpath(config.root), os.path.relpath(Path.cwd(), config.root)), incomplete)


def suggest_built_files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Files of the output folder."""
    del parameter
    from skillweave.candidates import built_files  # noqa: PLC0415

    config = _config(context)
    output = config.root / config.output
    return built_files(output, os.path.relpath(output), incomplete)


def suggest_new_pattern(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Folders of patterns."""
    del parameter
    from skillweave.candidates import pattern_folders  # noqa: PLC0415

    return pattern_folders(_config(context), incomplete)


def suggest_new_skill(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Namespaces of skills."""
    del parameter
    from skillweave.candidates import namespaces  # noqa: PLC0415

    return namespaces(_config(context), incomplete)


def suggest_codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Findings, by number and by name."""
    del context, parameter
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    from skillweave.candidates import codes  # noqa: PLC0415

    return [CompletionItem(name, help=title) for name, title in codes(incomplete)]


def suggest_listed_codes(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Findings behind `--select` and `--ignore`, with commas between them."""
    del context
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    from skillweave.candidates import listed_codes  # noqa: PLC0415

    found = listed_codes(incomplete, ignorable=parameter.name == "ignore")
    return [CompletionItem(name, help=title) for name, title in found]


def _config(context: click.Context) -> Config:
    """The configuration in force, given the options on the line so far. Where it has mistakes, defaults are used."""
    from skillweave.config import load_config  # noqa: PLC0415

    given = context.params
    config, _ = load_config(Path.cwd(), given.get("root"), given.get("config"), given.get("output"))
    return config
