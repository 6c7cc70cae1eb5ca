"""What the configured roots are on disk: `*` expanded, those that do not exist, and symlinks that lead nowhere."""

from __future__ import annotations

from skillweave.source import folders_above
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skillweave.files import Tree


def expand_roots(tree: Tree, roots: Iterable[str]) -> list[tuple[str, str]]:
    """Expand configured roots to pairs: what the `*` matched (or ""), and the root's path.

    A root without `*` is returned as it is; of one with `*`, only existing folders are, and symlinks that lead nowhere or
    outside, in the order of their names.
    """
    expanded = []
    for root in roots:
        before, star, after = root.partition("*")
        if not star:
            expanded.append(("", root))
            continue
        folder = before.strip("/")
        if lost_link(tree, folder):
            expanded.append(("", folder))
        for name in tree.names(folder):
            below = "/".join(part for part in (folder, name, after.strip("/")) if part)
            if tree.look_up(below).kind in ("folder", "misnamed") or lost_link(tree, below):
                expanded.append((name, below))
    return expanded


def absent_roots(tree: Tree, roots: Iterable[str]) -> list[str]:
    """The configured roots that do not exist, and the globs that match nothing. A symlink to nowhere is none: it is there."""
    return [
        root
        for root in roots
        if all(
            tree.look_up(found).kind == "missing" and not lost_link(tree, found)
            for _, found in expand_roots(tree, [root])
        )
    ]


def lost_link(tree: Tree, path: str) -> str | None:
    """The symlink that a path is, or leads through, and that leads nowhere or outside the project; None if there is none."""
    if tree.look_up(path).kind not in ("missing", "outside"):
        return None
    for place in (path, *folders_above(path)):
        folder, _, name = place.rpartition("/")
        if tree.look_up(folder).kind == "folder":
            return place if tree.names(folder).get(name) == "link" else None
    return None
