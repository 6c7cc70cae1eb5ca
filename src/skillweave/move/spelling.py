"""How a path is written anew, in the manner that its author wrote the old one. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skillweave.destination import Written, decode, encode, relative, resolve
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from skillweave.markdown.values import Destination

_QUOTED = re.compile(r'[\s"#<>{}|]')
"""What the path of a directive holds in quotation marks only."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

_YAML_VALUE = re.compile(r"(?:yes|no|true|false|on|off|null|[0-9][0-9e-]*)", re.IGNORECASE)
"""Names of skills that YAML takes for something else than text."""


def is_relative(path: str) -> bool:
    """Whether a directive's path starts at its file and not in the pattern roots."""
    return path.startswith(("./", "../")) or path in (".", "..")


class Journey(NamedTuple):
    """A file and a place that it names, before the move and after it."""

    source: str
    place: str
    new_source: str
    new_place: str

    def leads_on(self, path: str) -> bool:
        """Whether a path can stay as it is: it leads to the new place, and is as short as it was."""
        was_short = way(self.source, self.place) == path.removeprefix("./").rstrip("/")
        is_short = way(self.new_source, self.new_place) == path.removeprefix("./").rstrip("/")
        return resolve(self.new_source, path) == self.new_place and (is_short or not was_short)


def way(source: str, place: str) -> str:
    """The path from a file to a place, which may lie above the root."""
    if place.startswith("../") or place == "..":
        return "../" * source.count("/") + place
    return relative(source, place or ".")


def relative_path(source: str, place: str) -> str:
    """The same as a directive writes it."""
    path = way(source, place)
    return path if is_relative(path) else f"./{path}"


def quoted_like(path: str, raw: str, old: str) -> str:
    """A directive's path, in quotation marks where it needs them, or where its author wrote some without need."""
    needs = _QUOTED.search(path) is not None
    if not needs and not (raw.startswith('"') and not _QUOTED.search(old)):
        return path
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def destination_like(text: str, destination: Destination, written: Written, journey: Journey) -> str | None:
    """A destination that leads to the new place; None where it does so as it is.

    What it has in common with the old one is spelled in the same way, and the fragment stays.
    """
    start, end = destination.span
    raw = text[start:end]
    if journey.leads_on(written.path):
        return None
    path = way(journey.new_source, journey.new_place) + ("/" if written.path.endswith("/") else "")
    old = raw[: written.length]
    if (old.startswith("./") and not path.startswith("../")) or _SCHEME.match(path):
        path = f"./{path}"
    angled = destination.kind != "html" and text[start - 1 : start] == "<" and text[end : end + 1] == ">"
    known = {decode(part, destination.kind): part for part in reversed(old.split("/"))}
    parts = [known[part] if part in known else _encoded(part, angled=angled) for part in path.split("/")]
    return "/".join(parts) + raw[written.length :]


def name_like(name: str, raw: str, old: str) -> str | None:
    """A skill's name as its front matter writes it; None where the old one is written in a way that is not ours to change."""
    mark = '"' if raw.startswith('"') else "'" if raw.startswith("'") else ""
    if raw != f"{mark}{old}{mark}":
        return None
    if _YAML_VALUE.fullmatch(name):
        mark = mark or '"'
    elif _YAML_VALUE.fullmatch(old):
        mark = ""
    return f"{mark}{name}{mark}"


def _encoded(part: str, *, angled: bool) -> str:
    if not angled:
        return encode(part)
    return "".join(char if char in " ()'" else encode(char) for char in part)
