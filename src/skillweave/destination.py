"""Link destinations: their text → the path and fragment they mean, and paths → their text. Pure functions."""

from __future__ import annotations

import re
from urllib.parse import unquote

from skillweave.files import normalise_path
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from skillweave.source import SourcePath

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_HASH = r"#|&(?:num|#0*35|#[xX]0*23);"
_MARK = rf"{_HASH}|\?|&(?:quest|#0*63|#[xX]0*3[fF]);"
_CHARACTER = r"&#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6});|."
_PATH = re.compile(rf"(?:(?!\\?(?:{_MARK}))(?:\\.|{_CHARACTER}))*", re.DOTALL)
_PATH_IN_HTML = re.compile(rf"(?:(?!{_MARK})(?:{_CHARACTER}))*", re.DOTALL)
"""What comes before a query or fragment, however its mark is written: `?` and `#` may be entities, but `%23` is a `#` in a
file's name. The `#` of `&#39;` starts no fragment, and in HTML a backslash stands for itself.
"""
_QUERY = re.compile(rf"(?>(?:(?!{_HASH})(?:{_CHARACTER}))*)(?:{_HASH})", re.DOTALL)
"""Everything up to and including the mark of the fragment."""
_NEEDS_ENCODING = re.compile(r"[\x00-\x20\x7f%#?<>()\[\]\"'\\|&`*_~!]|[^\S ]")


class Written(NamedTuple):
    """A relative destination as written: what it means, and how many of its characters are the path."""

    path: str
    """Decoded; empty if there is only a fragment."""
    fragment: str | None
    """Decoded, without the `#`."""
    length: int


def read_destination(raw: str, kind: Literal["link", "image", "definition", "html"]) -> Written | None:
    """Read a destination as written; returns None if it is left alone: one with a scheme, an absolute one, one with
    variables (directives.md, Links, references, assets).
    """
    if not raw.strip() or raw.startswith("/") or SCHEME.match(raw) or "${" in raw or "{{" in raw:
        return None
    found = (_PATH_IN_HTML if kind == "html" else _PATH).match(raw)
    length = found.end() if found else 0
    path, suffix = raw[:length], raw[length:]
    query = _QUERY.match(suffix)
    fragment = suffix[query.end() :] if query else None
    decoded = decode(path, kind)
    if not decoded and fragment is None:
        return None
    return Written(decoded, None if fragment is None else decode(fragment, kind), length)


def decode(text: str, kind: str) -> str:
    """Decode backslash escapes (not in HTML), entities and percent-encoding of a destination's text."""
    if kind != "html":
        text = _ESCAPE.sub(r"\1", text)
    if "&" in text:
        from html import unescape  # noqa: PLC0415 (slow to load, because of all the entity names)

        text = unescape(text)
    return unquote(text) if "%" in text else text


def encode(path: str) -> str:
    """Write a path as a destination that needs no brackets, quotes or escapes anywhere in Markdown and HTML.

    `_`, `*`, `!` and `~` stay: they mean nothing in a destination.
    """
    return _NEEDS_ENCODING.sub(
        lambda match: match[0] if match[0] in "_*!~" else "".join(f"%{byte:02X}" for byte in match[0].encode()), path
    )


def resolve(source: str, path: str) -> str:
    """Resolve a relative path named in the file `source`: returns a path below the root, or one that starts with `..`."""
    folder = source.rpartition("/")[0]
    return normalise_path(f"{folder}/{path}" if folder else path)


def relative(page: str, target: str) -> str:
    """The relative path from one file of a bundle to another file or to a folder; `.` for the folder of `page` itself."""
    here, there = page.split("/")[:-1], [part for part in target.split("/") if part not in ("", ".")]
    same = 0
    while same < min(len(here), len(there)) and here[same] == there[same]:
        same += 1
    return "/".join([*[".."] * (len(here) - same), *there[same:]]) or "."


def below_root(path: SourcePath, roots: Iterable[str]) -> str:
    """A path relative to the innermost root that holds it; unchanged if none does."""
    for root in sorted(roots, key=len, reverse=True):
        if path.startswith(f"{root}/"):
            return path[len(root) + 1 :]
    return path
