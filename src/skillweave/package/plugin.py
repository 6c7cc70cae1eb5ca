"""Claude Code plugins: makes `plugin.json` and `marketplace.json` from `[plugins.NAME]` of the configuration."""

from __future__ import annotations

import json

from skillweave.config import read_configuration
from skillweave.diagnostics import Diagnostic
from skillweave.graph.values import diagnose
from skillweave.phrases import near_names
from skillweave.source import EncodingProblem, LineIndex, decode
from skillweave.toml.places import locate
from skillweave.toml.plugins import FIELDS
from skillweave.toml.table import Table, report
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skillweave.config import Config
    from skillweave.diagnostics import Problem

MANIFEST = ".claude-plugin/plugin.json"
MARKETPLACE = ".claude-plugin/marketplace.json"


def check_plugins(config: Config, namespaces: frozenset[str]) -> tuple[Diagnostic, ...]:
    """Report the names in `[plugins.NAME]` that no entry belongs to: the one mistake there that only shows in the project."""
    if config.file is None or not config.plugins:
        return ()
    text = decode(read_configuration(config))
    if isinstance(text, EncodingProblem):
        return ()
    problems: list[Problem] = []
    above = ("tool", "skillweave", "plugins") if config.is_shared else ("plugins",)
    table = Table(config.plugins, above, locate(text), problems)
    for name in config.plugins:
        if name not in namespaces:
            near = near_names(name, sorted(namespaces))
            cure = (
                f'did you mean "{near[0]}"?' if near else f"the plugins are {', '.join(sorted(namespaces)) or 'none'}"
            )
            report(table, f'no entry is in a plugin "{name}"', name, cure=cure)
    index = LineIndex(text)
    return tuple(sorted((diagnose(index, config.file, problem) for problem in problems), key=Diagnostic.sort_key))


def plugin_json(name: str, metadata: Mapping[str, object]) -> bytes:
    """The manifest of a plugin, made from its table in the configuration."""
    return _json({"name": name} | {key: _value(metadata, key) for key in FIELDS if key in metadata})


def marketplace_json(plugins: Sequence[tuple[str, Mapping[str, object]]]) -> bytes:
    """The catalogue of some plugins (at least one), each of which is in the folder with its name beside the catalogue.

    Its name is what a plugin has as `marketplace`, else the name of the first plugin. The first author is its owner.
    """
    named = [str(metadata["marketplace"]) for _, metadata in plugins if "marketplace" in metadata]
    name = named[0] if named else plugins[0][0]
    authors = [_value(metadata, "author") for _, metadata in plugins if "author" in metadata]
    listed = [
        {"name": plugin, "source": f"./{plugin}"} | {key: metadata[key] for key in ("description",) if key in metadata}
        for plugin, metadata in plugins
    ]
    return _json({"name": name, "owner": authors[0] if authors else {"name": name}, "plugins": listed})


def _value(metadata: Mapping[str, object], key: str) -> object:
    value = metadata[key]
    return {"name": value} if key == "author" and isinstance(value, str) else value


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
