"""A project's folder as it will be: what moves is listed and read at its new place, and rewritten files have their new text."""

from __future__ import annotations

from skillweave.files import Contents, Read, Tree, is_below
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.listing import EntryKind
    from skillweave.move.values import Move


class Overlay(Tree):
    """A tree on top of another one. Symlinks lead where they led, as a move that would break a symlink is refused."""

    def __init__(self, under: Tree, move: Move, texts: Mapping[str, bytes] | None = None) -> None:
        super().__init__(under.root, under.roots)
        self.under = under
        self.move = move
        self.texts = texts or {}
        """What rewritten files will contain, by their new paths."""

    def listing(self, folder: str) -> dict[str, EntryKind] | str:
        if folder not in self.listings:
            self.listings[folder] = self._listed(folder)
        return self.listings[folder]

    def _listed(self, folder: str) -> dict[str, EntryKind] | str:
        old, new = self.move.old, self.move.new
        before = self._before(folder)
        listing = "No such file or directory" if before is None else self.under.listing(before)
        if is_below(folder, new) or not is_below(new, folder):
            return _without(listing, folder, old)
        # The folders above the new place will exist, whether or not they do now.
        name, _, rest = new[len(folder) :].lstrip("/").partition("/")
        kind: EntryKind = "folder" if rest or self.move.is_folder else "file"
        known = _without(listing, folder, old)
        entries = {} if isinstance(known, str) else known
        return dict(sorted({name: kind, **entries}.items()))

    def resolve_link(self, path: str) -> tuple[str, str] | None:
        before = self._before(path)
        if before is None:
            return path, "missing"
        resolved = self.under.resolve_link(before)
        return None if resolved is None else (self.move.path(resolved[0]), resolved[1])

    def read(self, path: str) -> Contents:
        before = self._before(path)
        if before is None:
            self.reads[path] = reason = "No such file or directory"
            return Contents(b"", reason)
        contents = self.under.read(before)
        if path in self.texts and contents.problem is None:
            contents = contents._replace(data=self.texts[path])
        known = self.under.reads[before]
        self.reads[path] = known if isinstance(known, str) else Read(known.stamp, digest(contents.data))
        return contents

    def _before(self, path: str) -> str | None:
        """Where something is now that will be at `path`; None if it will have moved away from there."""
        old, new = self.move.old, self.move.new
        if is_below(path, new):
            return old + path[len(new) :]
        return None if is_below(path, old) else path


def _without(listing: dict[str, EntryKind] | str, folder: str, old: str) -> dict[str, EntryKind] | str:
    parent, _, name = old.rpartition("/")
    if isinstance(listing, str) or parent != folder:
        return listing
    return {known: kind for known, kind in listing.items() if known != name}
