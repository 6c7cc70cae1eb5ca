"""Spells new paths in the way in which their authors wrote the old ones. Pure."""

from __future__ import annotations

from skillweave.destination import SCHEME, Written, decode, encode, relative, resolve
from skillweave.directive.openers import BARE_PATH
from skillweave.directive.values import is_relative
from skillweave.directive.writing import as_written, quote
from skillweave.front_matter.plain import is_text
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.markdown.values import Destination


class Journey(NamedTuple):
    """A file and a place that it names, before the move and after it."""

    source: str
    place: str
    new_source: str
    new_place: str

    def leads_on(self, path: str) -> bool:
        """Whether a path can stay as it is: it leads to the new place, and if it was the shortest spelling, it still is."""
        was_short = way(self.source, self.place) == path.removeprefix("./").rstrip("/")
        is_short = way(self.new_source, self.new_place) == path.removeprefix("./").rstrip("/")
        return resolve(self.new_source, path) == self.new_place and (is_short or not was_short)


def way(source: str, place: str) -> str:
    """The path from a file to a place. The place may lie above the root."""
    if place.startswith("../") or place == "..":
        return "../" * source.count("/") + place
    return relative(source, place or ".")


def relative_path(source: str, place: str) -> str:
    """The path from a file to a place as a directive writes it, so that it begins with `./` or `../`."""
    path = way(source, place)
    return path if is_relative(path) else f"./{path}"


def quoted_like(path: str, raw: str, old: str) -> str | None:
    """A directive's path, in quotation marks if it needs them, or if its author used them (`raw`) without need. None if no
    directive can spell it.
    """
    return quote(path) if raw.startswith('"') and BARE_PATH.fullmatch(old) else as_written(path)


def destination_like(text: str, destination: Destination, written: Written, journey: Journey) -> str | None:
    """Spell a destination that leads to the new place; None if it does so as it is.

    Whatever it shares with the old one is spelled in the same way, and the fragment stays.
    """
    start, end = destination.span
    raw = text[start:end]
    if journey.leads_on(written.path):
        return None
    path = way(journey.new_source, journey.new_place) + ("/" if written.path.endswith("/") else "")
    old = raw[: written.length]
    if (old.startswith("./") and not path.startswith("../")) or SCHEME.match(path):
        path = f"./{path}"
    angled = destination.kind != "html" and text[start - 1 : start] == "<" and text[end : end + 1] == ">"
    known = {decode(part, destination.kind): part for part in reversed(old.split("/"))}
    parts = [known[part] if part in known else _encoded(part, angled=angled) for part in path.split("/")]
    return "/".join(parts) + raw[written.length :]


def name_like(name: str, raw: str, old: str) -> str | None:
    """Spell a skill's new name in the way in which its front matter writes the old one; None if that is written in a way which
    we do not change.
    """
    mark = '"' if raw.startswith('"') else "'" if raw.startswith("'") else ""
    if raw != f"{mark}{old}{mark}":
        return None
    if not is_text(name):
        mark = mark or '"'
    elif not is_text(old):
        mark = ""
    return f"{mark}{name}{mark}"


def _encoded(part: str, *, angled: bool) -> str:
    if not angled:
        return encode(part)
    return "".join(char if char in " ()'" else encode(char) for char in part)
