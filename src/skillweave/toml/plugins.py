"""Reads `[plugins.NAME]` of a configuration → tables by name, each mistake in them at its place.

The fields are those of https://code.claude.com/docs/en/plugins-reference and …/plugin-marketplaces.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from skillweave.toml.table import mismatch, report, report_unknown, subtable, words
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.toml.table import Table

PLUGIN_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""The names that installers accept for a plugin or a marketplace."""

RESERVED = frozenset(
    {
        *("claude-code-marketplace", "claude-code-plugins", "claude-plugins-official", "anthropic-marketplace"),
        *("anthropic-plugins", "agent-skills", "life-sciences"),
    }
)
"""Names of marketplaces that are reserved for others."""

FIELDS = ("version", "description", "author", "homepage", "repository", "license", "keywords")
"""The fields of a plugin's manifest, in its order."""

_TEXTS = ("version", "description", "homepage", "repository", "license", "marketplace")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def read_plugins(table: Table) -> Mapping[str, Mapping[str, object]]:
    """The tables of plugins by name, as they are written. Whether any entry belongs to a plugin depends on the project."""
    own = subtable(table, "plugins")
    if own is None:
        return MappingProxyType({})
    found = {name: plugin for name in own.data if (plugin := subtable(own, name)) is not None}
    for plugin in found.values():
        _check(plugin)
    named = {name: plugin.data["marketplace"] for name, plugin in found.items() if "marketplace" in plugin.data}
    for name, marketplace in list(named.items())[1:]:
        if marketplace != next(iter(named.values())):
            report(own, "the plugins of this project name two marketplaces", name, "marketplace")
    return MappingProxyType({name: MappingProxyType(dict(plugin.data)) for name, plugin in found.items()})


def _check(table: Table) -> None:
    report_unknown(table, [*FIELDS, "marketplace"])
    for key in _TEXTS:
        value = table.data.get(key, "x:x")
        if not isinstance(value, str):
            report(table, mismatch(table, key, "a string", value), key)
        elif not value.strip():
            report(table, f"{key} is empty", key)
        elif key == "homepage" and not _URL.fullmatch(value):
            report(table, f'homepage: "{value}" is not a URL', key)
    marketplace = table.data.get("marketplace", "x")
    if (
        isinstance(marketplace, str)
        and marketplace.strip()
        and (not PLUGIN_NAME.fullmatch(marketplace) or marketplace in RESERVED)
    ):
        cure = "it is reserved" if marketplace in RESERVED else "use a to z, 0 to 9, and single hyphens between them"
        report(table, f'marketplace: "{marketplace}" is not a valid name', "marketplace", cure=cure)
    words(table, "keywords")
    _check_author(table)


def _check_author(table: Table) -> None:
    author = table.data.get("author")
    if isinstance(author, str):
        if not author.strip():
            report(table, "author is empty", "author")
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
