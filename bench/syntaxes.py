"""How each tool spells a line that includes a pattern: (path of the including file, pattern's path) → the line."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _relative(page: str, target: str) -> str:
    return posixpath.relpath(f"patterns/{target}", posixpath.dirname(page))


def _hugo(page: str, target: str) -> str:
    """In content a shortcode, in a partial another partial: cached, as Hugo's own documentation advises."""
    if page.startswith("skills/"):
        return f'{{{{% pattern "{target}" %}}}}'
    return f'{{{{ partialCached "patterns/{target}" . }}}}'


def file_name(syntax: str, path: str) -> str:
    """Where a page lies: Asciidoctor looks for includes in files with its own extension only."""
    return path.replace(".md", ".adoc") if syntax == "asciidoctor" and path.startswith("patterns/") else path


SYNTAXES: Mapping[str, Callable[[str, str], str]] = {
    "skillweave": lambda _, target: f"<<include: {target}>>",
    "snippets": lambda _, target: f'--8<-- "{target}"',
    "markdown-include": lambda _, target: f"{{!{target}!}}",
    "markdownpp": lambda page, target: f'!INCLUDE "{_relative(page, target)}"',
    "hercule": lambda page, target: f":[{posixpath.basename(target)}]({_relative(page, target)})",
    "jinja2": lambda _, target: f'{{% include "{target}" %}}',
    "m4": lambda _, target: f"m4_include({target})",
    "asciidoctor": lambda page, target: f"include::{_relative(page, target).replace('.md', '.adoc')}[]",
    "hugo": _hugo,
}
