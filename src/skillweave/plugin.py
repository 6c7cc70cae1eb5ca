"""Claude Code plugins: `[plugins.NAME]` of the configuration → `plugin.json` and `marketplace.json`.

The fields are those of https://code.claude.com/docs/en/plugins-reference and …/plugin-marketplaces.
"""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from skillweave.diagnostics import Diagnostic
from skillweave.graph import diagnose
from skillweave.source import EncodingProblem, LineIndex, decode
from skillweave.toml_places import locate
from skillweave.toml_table import Table, mismatch, report, report_unknown, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skillweave.config import Config
    from skillweave.diagnostics import Problem
    from skillweave.files import Tree

PLUGIN_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""What installers take for the name of a plugin or a marketplace."""

RESERVED = frozenset(
    {
        *("claude-code-marketplace", "claude-code-plugins", "claude-plugins-official", "anthropic-marketplace"),
        *("anthropic-plugins", "agent-skills", "life-sciences"),
    }
)
"""Names of marketplaces that are not for everyone."""

_FIELDS = ("version", "description", "author", "homepage", "repository", "license", "keywords")
_TEXTS = ("version", "description", "homepage", "repository", "license", "marketplace")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def check_plugins(config: Config, tree: Tree, namespaces: frozenset[str]) -> tuple[Diagnostic, ...]:
    """The mistakes in `[plugins.NAME]`: keys, values, and names that no entry is in."""
    if config.file is None or not config.plugins:
        return ()
    text = decode(tree.read(config.file).data)
    if isinstance(text, EncodingProblem):
        return ()
    problems: list[Problem] = []
    above = ("tool", "skillweave", "plugins") if config.file.endswith("pyproject.toml") else ("plugins",)
    table = Table(config.plugins, above, locate(text), problems)
    for name, metadata in config.plugins.items():
        if name not in namespaces:
            near = get_close_matches(name, sorted(namespaces), n=1)
            cure = (
                f'did you mean "{near[0]}"?' if near else f"the plugins are {', '.join(sorted(namespaces)) or 'none'}"
            )
            report(table, f'no entry is in a plugin "{name}"', name, cure=cure)
        _check(table._replace(data=metadata, path=(*above, name)))
    names = {name: metadata["marketplace"] for name, metadata in config.plugins.items() if "marketplace" in metadata}
    for name, marketplace in list(names.items())[1:]:
        if marketplace != next(iter(names.values())):
            report(table, "the plugins of one project name two marketplaces", name, "marketplace")
    index = LineIndex(text)
    return tuple(sorted((diagnose(index, config.file, problem) for problem in problems), key=Diagnostic.sort_key))


def plugin_json(name: str, metadata: Mapping[str, object]) -> bytes:
    """The manifest of a plugin."""
    return _json({"name": name} | {key: _value(metadata, key) for key in _FIELDS if key in metadata})


def marketplace_json(plugins: Sequence[tuple[str, Mapping[str, object]]]) -> bytes:
    """The catalogue of some plugins (at least one), each in the folder of its name beside it.

    It is called what a plugin says under `marketplace`, else like the first plugin; the first author owns it.
    """
    named = [str(metadata["marketplace"]) for _, metadata in plugins if "marketplace" in metadata]
    name = named[0] if named else plugins[0][0]
    authors = [_value(metadata, "author") for _, metadata in plugins if "author" in metadata]
    listed = [
        {"name": plugin, "source": f"./{plugin}"} | {key: metadata[key] for key in ("description",) if key in metadata}
        for plugin, metadata in plugins
    ]
    return _json({"name": name, "owner": authors[0] if authors else {"name": name}, "plugins": listed})


def _check(table: Table) -> None:
    report_unknown(table, [*_FIELDS, "marketplace"])
    for key in _TEXTS:
        value = table.data.get(key, "x:x")
        if not isinstance(value, str):
            report(table, mismatch(table, key, "a string", value), key)
        elif not value.strip():
            report(table, f"{key}: an empty text says nothing", key)
        elif key == "homepage" and not _URL.fullmatch(value):
            report(table, f'homepage: "{value}" is no URL', key)
    marketplace = table.data.get("marketplace", "x")
    if (
        isinstance(marketplace, str)
        and marketplace.strip()
        and (not PLUGIN_NAME.fullmatch(marketplace) or marketplace in RESERVED)
    ):
        cure = "it is reserved" if marketplace in RESERVED else "a to z, 0 to 9, and single hyphens between them"
        report(table, f'marketplace: "{marketplace}" cannot be the name of one', "marketplace", cure=cure)
    words(table, "keywords")
    _check_author(table)


def _check_author(table: Table) -> None:
    author = table.data.get("author")
    if isinstance(author, str):
        if not author.strip():
            report(table, "author: an empty text says nothing", "author")
    elif isinstance(author, dict):
        own = table._replace(data=author, path=(*table.path, "author"))
        report_unknown(own, ["name", "email", "url"])
        if "name" not in author:
            report(table, "author: the name is missing", "author", cure='author = {name = "…", email = "…", url = "…"}')
        for key, value in author.items():
            if not isinstance(value, str):
                report(own, mismatch(own, key, "a string", value), key)
    elif author is not None:
        report(table, mismatch(table, "author", "a string or a table", author), "author")


def _value(metadata: Mapping[str, object], key: str) -> object:
    value = metadata[key]
    return {"name": value} if key == "author" and isinstance(value, str) else value


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()
