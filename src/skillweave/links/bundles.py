"""Finds out what a bundle ships, by resolving every link of every page until nothing new is shipped."""

from __future__ import annotations

from collections import deque

from skillweave.destination import below_root
from skillweave.flatten.units import UnitKey
from skillweave.graph.reach import closure
from skillweave.links.shipping import Collision, asset, collide, reference_link
from skillweave.links.site import Asker, BundlePlan, PlannedPage, Site, named
from skillweave.links.targets import resolved
from skillweave.links.work import Place, Work, add_page
from skillweave.source import Edit, SourcePath, Span, folded, folders_above
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.flatten.values import NodeKey
    from skillweave.graph.reach import Closure
    from skillweave.project import Entry


def plan_bundle(site: Site, entry: Entry) -> BundlePlan:
    """Plan the bundle of an entry: resolve every link of its documents, and of what they ship, until nothing new is shipped."""
    plan = BundlePlan(entry)
    pending: deque[PlannedPage] = deque()
    for file in entry.files:
        out = file.path[len(entry.folder) + 1 :]
        if file.treatment == "copy":
            plan.copy(out, file.real)
        elif file.treatment == "compile":
            add_page(site, plan, pending, out, UnitKey(file.real))
    while pending:
        _resolve_page(site, plan, pending, pending.popleft())
    _check_collisions(site, plan)
    return plan


def check_links(site: Site, path: SourcePath) -> set[SourcePath]:
    """Check the links of a pattern that no bundle contains, as if it were a page of its own. Returns the files they lead to."""
    nodes = site.nodes
    root = nodes.whole(path)
    # In a chain of includes that is far too long, laying out a page for each pattern would take time quadratic in its length.
    if root is None or not nodes.nodes[root].has_links or path in nodes.graph.too_deep:
        return set()
    plan = BundlePlan(None)
    pending: deque[PlannedPage] = deque()
    add_page(site, plan, pending, below_root(path, site.nodes.project.pattern_roots), UnitKey(path))
    if pending:
        _resolve_page(site, plan, deque(), pending[0])
    return plan.linked_files


def _resolve_page(site: Site, plan: BundlePlan, pending: deque[PlannedPage], page: PlannedPage) -> None:
    work = Work(site, plan, pending)
    linked = [
        (number, copy.key)
        for number, copy in enumerate(page.layout.copies)
        if copy.key.code is None and site.nodes.nodes[copy.key].has_links
    ]
    # Links are resolved after all directives of the page, so that they find what those have shipped.
    for number, key in linked:
        page.edits[number] = _directive_edits(work, page, number, key)
    for number, key in linked:
        unit = site.nodes.nodes[key].unit
        for destination, written in named(site, key).links:
            edit = resolved(work, Place(page, number, unit, destination.span), written)
            page.edits[number] += [edit] if edit else []
    page.edits = {number: sorted(edits) for number, edits in page.edits.items() if edits}


def _directive_edits(work: Work, page: PlannedPage, number: int, key: NodeKey) -> list[Edit]:
    """Ship what the references and assets of a copy name. Returns the edits that put links in place of the references."""
    unit = work.site.nodes.nodes[key].unit
    edits = []
    for edge in named(work.site, key).edges:
        place = Place(page, number, unit, edge.placed.directive.span)
        if edge.directive.word == "reference":
            edits.append(Edit(*place.span, reference_link(work, place, edge)))
        else:
            asset(work, place, edge)
    return edits


def _check_collisions(site: Site, plan: BundlePlan) -> None:
    """Report outputs that cannot exist side by side: paths that some file systems take for the same, as they differ only in
    case or Unicode normalisation; a file where a folder must go; and what another entry publishes below this one's folder.
    """
    entry = plan.entry
    if entry is None:
        return
    outs = sorted([*plan.pages, *plan.copied])
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for out in outs:
        for folder in folders_above(out):
            if folders.setdefault(folded(folder), out) != out:
                break
    for out in outs:
        name = folded(out)
        if name in seen:
            both = f"{seen[name]} and {out}"
            what = "are the same path" if seen[name] == out else "are the same path where case does not matter"
            _collide(site, plan, (out, seen[name]), f"{both} {what}")
        elif name in folders:
            below = folders[name]
            _collide(site, plan, (out, below), f"{out} would be both a file and a folder, which contains {below}")
        seen.setdefault(name, out)
    inner = {folded(other.folder[len(entry.folder) + 1 :]): other for other in site.inner.get(entry.folder, ())}
    for out in outs if inner else ():
        at = folded(out)
        while at and at not in inner:
            at = at.rpartition("/")[0]
        other = inner.get(at) or next((inner[path] for path in inner if path.startswith(f"{folded(out)}/")), None)
        if other is not None:
            _collide(site, plan, (out, out), f"{out} is where {other.id} is published")


def _collide(site: Site, plan: BundlePlan, outs: tuple[str, str], message: str) -> None:
    """Report that two outputs cannot exist side by side, at the directive or link that asked for one of them."""
    entry = plan.entry
    if entry is not None:
        askers = (plan.askers[out] for out in outs if out in plan.askers)
        collide(site, plan, next(askers, Asker(entry.main.real, Span(0, 0))), Collision(outs[0], message))


def sources_of(site: Site, plan: BundlePlan) -> Closure:
    """Every file that goes into a bundle or could: what its pages reach, and what it copies."""
    starts = plan.missing.union(page.unit.path for page in plan.pages.values())
    reached = closure(site.nodes.graph, starts)
    return reached._replace(copied=reached.copied | (frozenset(plan.copied.values()) - reached.compiled))
