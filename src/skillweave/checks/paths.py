"""Checks paths named in prose, which a bundle may have elsewhere, or not at all."""

from __future__ import annotations

from skillweave.flatten.units import to_source
from skillweave.links.site import selected_of
from skillweave.rules.prose import dangling_path, moved_path, named_paths
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.flatten.values import Node, NodeKey
    from skillweave.links.site import BundlePlan, PlannedPage, Site
    from skillweave.source import SourcePath, Span


def check_paths(site: Site, plan: BundlePlan, page: PlannedPage) -> None:
    nodes = site.nodes
    done: set[NodeKey] = set()
    outs = {*plan.pages, *plan.copies}
    for copy in page.layout.copies:
        if copy.key in done or copy.key.code is not None:
            continue
        done.add(copy.key)
        node = nodes.nodes[copy.key]
        for span, path in _paths_in(site, node):
            plain = path.removeprefix("./")
            if any(_is_named(out, plain) for out in outs):
                continue
            named = _named_file(site, plain, node.unit.path)
            if named is None:
                continue
            source, is_there = named
            place, out = to_source(nodes.graph, node.unit, span), _held_as(plan, source)
            dangling = dangling_path(place, path, source, is_there=is_there)
            nodes.graph.report(node.unit.path, dangling if out is None else moved_path(place, path, out))


def _is_named(out: str, path: str) -> bool:
    """Whether a path in prose means an output: that file, a folder that contains it, or the end of either."""
    return f"/{path}" in f"/{out}" if path.endswith("/") else f"/{out}".endswith(f"/{path}")


def _held_as(plan: BundlePlan, source: str) -> str | None:
    """Where a bundle has a file of the project, or files of a folder; None if it has none."""
    files = [*((out, page.unit.path) for out, page in plan.pages.items()), *plan.copies.items()]
    for out, real in files:
        below = real[len(source) :] if source.endswith("/") else ""
        if real == source + below and out.endswith(below):
            return out.removesuffix(below) or "./"
    return None


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
    for known in site.known_files:
        if known.endswith(f"/{path}") or (path.endswith("/") and f"/{path}" in known):
            return known[: known.index(f"/{path}")] + f"/{path}", True
    for root in site.roots:
        parent = root.rpartition("/")[0]
        place = f"{parent}/{path}" if parent else path
        if place.startswith(f"{root}/") and source.startswith(f"{parent}/" if parent else ""):
            return place, False
    return None
