"""The configuration as a JSON Schema of draft 7, the one that the TOML extensions of editors read.

Defaults, limits, consumers and codes come from the code. Rules about several keys at once are not in the schema.
"""

from __future__ import annotations

import json

from skillweave.config import MOST, Config, Limits
from skillweave.consumers import CONSUMERS
from skillweave.diagnostics import CODES
from skillweave.suppress import find_codes, why_not_ignored, why_not_raised
from skillweave.toml.plugins import PLUGIN_NAME, RESERVED
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from skillweave.diagnostics import Code

Schema = dict[str, object]

_UP: Schema = {"not": {"pattern": r"(^|/)\.\.(/|$)"}}
_NOWHERE: Schema = {"not": {"pattern": r"^\.?(/\.?)*$"}}
_SEEN = r"^[^\\\u0000-\u001f\u007f-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]+$"
_FOREIGN = (
    r"(^|/)(\.[gG][iI][tT]|[gG][iI][tT]~1|\.[hH][gG]|\.[jJ]{2}|\.[sS][kK][iI][lL]{2}[wW][eE][aA][vV][eE]|\.[sS][vV][nN])"
    r"[. ]*(/|$)"
)
_PATH: Schema = {
    "type": "string",
    "allOf": [
        {"pattern": _SEEN},
        {"not": {"pattern": r"^(/|~(/|$)|[A-Za-z]:)"}},
        _UP,
        _NOWHERE,
        {"not": {"pattern": _FOREIGN}},
    ],
}
"""What `path_mistake` checks of a path, except for `*`."""

_WITHOUT_STAR: Schema = {"not": {"pattern": r"\*"}}
_GLOB: Schema = {"allOf": [{"pattern": r"^[^\\]+$"}, {"not": {"pattern": "^[/~]"}}, _UP, _NOWHERE]}
_ONE_STAR: Schema = {"allOf": [{"not": {"pattern": r"[^/]\*|\*[^/]"}}, {"not": {"pattern": r"\*.*\*"}}]}

_MEANINGS = {
    "patterns": "Folders of shared files. A path in a directive is looked up in all of them. One part of a path may be `*`.",
    "skills": "Folders of skills. A skill is a folder with a `SKILL.md`; its id is its path below the root, joined by `:`, "
    "after what a `*` matched. One part of a path may be `*`.",
    "documents": "Folders in which each `.md` file is an entry by itself, such as agents and commands. One part of a path "
    "may be `*`.",
    "output": "Where bundles go. It must be separate from all of the folders above.",
    "headings": 'The heading levels of what is included: `"nest"` puts them below the heading above the '
    'directive, `"keep"` leaves them as they are. A directive\'s own `level=` wins.',
    "banner": "Whether a comment in the front matter of an output says which file it was generated from.",
    "links": 'What a link to a file in the roots does: `"ship"` adds the file to the bundle; `"error"` allows only '
    "files that a directive names.",
    "shared": "Files and folders outside the roots that directives and links may name as well.",
    "verbatim": 'Files that are copied unread, as globs such as `"**/templates/**"`. Nothing in them is a directive, a '
    "link, or checked, unless a directive includes or references the file.",
    "consumers": 'The agents that read the skills: `"claude-code"`, `"codex"`, `"cursor"`, `"gemini"`, `"opencode"`, '
    '`"vscode"`. A front matter key that one of them rejects is a warning. Without any, the keys of the agent-skills '
    "specification are allowed.",
    "limits": "Limits: above some of them, a build fails; above others, it warns.",
    "plugins": "Metadata of plugins by namespace, for `skillweave package --as plugin`.",
    "ignore": "Warnings that are not reported.",
    "error": "Warnings that are errors.",
    "per-path": "`ignore` and `error`, for some paths.",
    "bundle_bytes": "The largest size of an expansion, in bytes. A larger one is an error.",
    "expansions": "The largest number of includes in an expansion, over all levels. More are an error.",
    "depth": "The longest chain of includes. A longer one is an error.",
    "skill_lines": "The most lines of a `SKILL.md`. A longer one is a warning.",
    "skill_tokens": "The most tokens of a `SKILL.md`, as estimated. A longer one is a warning.",
}
"""What each key means, in the words of the reference; editors show them."""


def text() -> str:
    """The schema as the text of a file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> Schema:
    """The schema of a skillweave.toml, or of `[tool.skillweave]`."""
    kinds: dict[str, Schema] = {
        "patterns": _list({"$ref": "#/definitions/root"}),
        "skills": _list({"$ref": "#/definitions/root"}),
        "documents": _list({"$ref": "#/definitions/root"}),
        "output": {"allOf": [{"$ref": "#/definitions/path"}]},
        "headings": {"enum": ["nest", "keep"]},
        "banner": {"type": "boolean"},
        "links": {"enum": ["ship", "error"]},
        "shared": _list({"$ref": "#/definitions/path"}),
        "verbatim": _list({"type": "string", **_GLOB}),
        "consumers": _list({"enum": list(CONSUMERS)}),
        "limits": _limits(),
        "plugins": {"type": "object", "additionalProperties": _plugin()},
    }
    policy: dict[str, Schema] = {
        **_policy(everywhere=True),
        "per-path": {
            "type": "object",
            "propertyNames": _GLOB,
            "additionalProperties": _closed(_policy(everywhere=False)),
        },
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of skillweave",
        "description": "A skillweave.toml, or the table [tool.skillweave] of a pyproject.toml.",
        **_closed(
            {name: _documented(name, kind, Config) for name, kind in kinds.items()}
            | {name: {"description": _MEANINGS[name]} | kind for name, kind in policy.items()}
        ),
        "definitions": {
            "path": {"allOf": [_PATH, _WITHOUT_STAR]},
            "root": {"allOf": [_PATH, _ONE_STAR]},
        },
    }


def _documented(name: str, kind: Schema, holder: type[Config | Limits]) -> Schema:
    """A key's schema with its meaning, and with its default unless the key is a table."""
    default = holder._field_defaults[name]
    if isinstance(default, tuple):
        default = list(default)
    shown = {} if kind.get("type") == "object" else {"default": default}
    return {"description": _MEANINGS[name]} | kind | shown


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _closed(properties: dict[str, Schema]) -> Schema:
    """The schema of a table with these keys and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _limits() -> Schema:
    number: Schema = {"type": "integer", "minimum": 1}
    most = {name: number | {"maximum": value} for name, value in MOST.items()}
    properties = {name: _documented(name, most.get(name, number), Limits) for name in Limits._fields}
    return _closed(properties)


def _policy(*, everywhere: bool) -> dict[str, Schema]:
    """The lists `ignore` and `error`: those that apply everywhere, or those of one glob."""
    ignored = _names(lambda code: why_not_ignored(code, everywhere=everywhere))
    return {
        "ignore": _list(_in_any_case(ignored)) | {"default": []},
        "error": _list(_in_any_case(_names(why_not_raised))) | {"default": []},
    }


def _in_any_case(words: list[str]) -> Schema:
    """The schema of words in any case. Editors offer them as they are listed."""
    spelled = ("".join(f"[{char}{char.swapcase()}]" if char.isalpha() else char for char in word) for word in words)
    return {"anyOf": [{"enum": words}, {"type": "string", "pattern": f"^({'|'.join(spelled)})$"}]}


def _names(why_not: Callable[[Code], str | None]) -> list[str]:
    """What a list of codes may hold: names, numbers, and beginnings of numbers. `why_not` says why a code may not be in it."""
    possible = [code for code in CODES.values() if why_not(code) is None]
    beginnings = {code.number[:length] for code in possible for length in range(2, len(code.number))}
    listed = [*(code.name for code in possible), *(code.number for code in possible)]
    return [*listed, *sorted(beginning for beginning in beginnings if find_codes(beginning))]


def _plugin() -> Schema:
    """The schema of one table in `[plugins]`."""
    text: Schema = {"type": "string", "pattern": r"\S"}
    author = {"required": ["name"]} | _closed({name: {"type": "string"} for name in ("name", "email", "url")})
    name: Schema = {"type": "string", "pattern": f"^{PLUGIN_NAME.pattern}$", "not": {"enum": sorted(RESERVED)}}
    properties: dict[str, Schema] = {
        "version": text,
        "description": text,
        "author": {"anyOf": [text, author]},
        "homepage": {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$"},
        "repository": text,
        "license": text,
        "keywords": _list({"type": "string"}),
        "marketplace": {"description": "The name of the catalogue over all plugins of the project."} | name,
    }
    return _closed(properties)
