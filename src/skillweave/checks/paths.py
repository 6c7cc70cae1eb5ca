"""Checks paths named in prose, which a bundle may have elsewhere, or not at all."""

from __future__ import annotations

from functools import cached_property

from skillweave.flatten.units import to_source
from skillweave.links.site import selected_of
from skillweave.rules.prose import dangling_path, moved_path, named_paths
from skillweave.source import folder_ends, folders_above, path_ends
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.flatten.values import Node, NodeKey
    from skillweave.links.site import BundlePlan, PlannedPage, Site
    from skillweave.source import SourcePath, Span


class Outputs:
    """The outputs of a bundle, as prose may name them."""

    def __init__(self, plan: BundlePlan) -> None:
        self.plan = plan

    @cached_property
    def names(self) -> frozenset[str]:
        """All that means an output: the file, a folder that contains it (with a final `/`), or the end of either."""
        outs = {*self.plan.pages, *self.plan.copied}
        return frozenset(name for out in outs for name in (*path_ends(out), *(end for end, _ in folder_ends(out))))

    @cached_property
    def held(self) -> dict[str, str]:
        """Where the bundle has each file and folder of the project. Folders have a final `/`."""
        found: dict[str, str] = {}
        files = [*((out, page.unit.path) for out, page in self.plan.pages.items()), *self.plan.copied.items()]
        for out, real in files:
            found.setdefault(real, out)
            for folder in folders_above(real):
                below = real[len(folder) + 1 :]
                if out.endswith(below):
                    found.setdefault(f"{folder}/", out.removesuffix(below) or "./")
        return found


def check_paths(site: Site, outputs: Outputs, page: PlannedPage, owner: SourcePath) -> None:
    """Report the paths in a page's prose that the bundle has elsewhere, or not at all. `owner` is what an error fails."""
    nodes = site.nodes
    done: set[NodeKey] = set()
    for copy in page.layout.copies:
        if copy.key in done or copy.key.code is not None:
            continue
        done.add(copy.key)
        node = nodes.nodes[copy.key]
        for span, path in _paths_in(site, node):
            plain = path.removeprefix("./")
            if plain in outputs.names:
                continue
            named = _named_file(site, plain, node.unit.path)
            if named is None:
                continue
            source, is_there = named
            place, out = to_source(nodes.graph, node.unit, span), outputs.held.get(source)
            may_ship = nodes.project.may_read(node.unit.path, source)
            dangling = dangling_path(place, path, source, is_there=is_there, may_ship=may_ship)
            nodes.graph.report(
                node.unit.path, dangling if out is None else moved_path(place, path, out), owners=[owner]
            )


def _paths_in(site: Site, node: Node) -> tuple[tuple[Span, str], ...]:
    """The code spans in a node's own lines that look like a path, each with that path."""
    if node.key not in site.prose:
        unit, ranges = node.unit, node.key.ranges
        if unit.key not in site.paths:
            found = named_paths(unit.document) if unit.document else ()
            lines = ((unit.line_index.line_of(span.start), (span, path)) for span, path in found)
            site.paths[unit.key] = sorted(lines)
        site.prose[node.key] = tuple(selected_of(site.paths[unit.key], ranges))
    return site.prose[node.key]


def _named_file(site: Site, path: str, source: SourcePath) -> tuple[str, bool] | None:
    """What a path in prose refers to in the project, and whether it exists: a file or folder, named from the root or by the end
    of its path, or a place in a root where nothing is. None if it refers to nothing.
    """
    if site.tree.look_up(path.rstrip("/")).kind == ("folder" if path.endswith("/") else "file"):
        return path, True
    if path in site.by_end:
        return site.by_end[path], True
    for root in site.roots:
        parent = root.rpartition("/")[0]
        place = f"{parent}/{path}" if parent else path
        if place.startswith(f"{root}/") and source.startswith(f"{parent}/" if parent else ""):
            return place, False
    return None
