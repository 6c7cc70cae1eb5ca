"""What a bundle ships: every link of every page resolved, until nothing new is shipped."""

from __future__ import annotations

import unicodedata
from collections import deque
from typing import TYPE_CHECKING

from skillweave.destination import below_root
from skillweave.links.shipping import asset, collide, reference_link
from skillweave.links.site import Plan, PlannedPage, Site, named
from skillweave.links.targets import resolved
from skillweave.links.work import Place, Work, add_page
from skillweave.source import Edit, SourcePath, Span
from skillweave.units import UnitKey

if TYPE_CHECKING:
    from skillweave.flatten.values import NodeKey
    from skillweave.project import Entry


def plan_bundle(site: Site, entry: Entry) -> Plan:
    """Resolve every link of an entry's documents, and of what they make it ship, until nothing new is shipped."""
    plan = Plan(entry)
    pending: deque[PlannedPage] = deque()
    for file in entry.files:
        out = file.path[len(entry.folder) + 1 :]
        if file.treatment == "copy":
            plan.copies[out] = file.real
        elif file.treatment == "compile":
            add_page(site, plan, pending, out, UnitKey(file.real))
    while pending:
        _resolve_page(site, plan, pending, pending.popleft())
    _check_collisions(site, plan)
    return plan


def check_links(site: Site, path: SourcePath) -> set[SourcePath]:
    """Check the links of a pattern that no bundle holds, as if it were a page of its own. Returns the files they lead to."""
    plan = Plan(None)
    pending: deque[PlannedPage] = deque()
    add_page(site, plan, pending, below_root(path, site.nodes.project.pattern_roots), UnitKey(path))
    if pending:
        _resolve_page(site, plan, deque(), pending[0])
    return plan.asked


def _resolve_page(site: Site, plan: Plan, pending: deque[PlannedPage], page: PlannedPage) -> None:
    work = Work(site, plan, pending)
    linked = [
        (number, copy.key)
        for number, copy in enumerate(page.page.copies)
        if copy.key.code is None and site.nodes.nodes[copy.key].linked
    ]
    # Links come behind all directives of the page, so that they find what those have shipped.
    for number, key in linked:
        page.edits[number] = _directive_edits(work, page, number, key)
    for number, key in linked:
        unit = site.nodes.nodes[key].unit
        for destination, written in named(site, key).links:
            edit = resolved(work, Place(page, number, unit, destination.span), written)
            page.edits[number] += [edit] if edit else []
    page.edits = {number: sorted(edits) for number, edits in page.edits.items() if edits}


def _directive_edits(work: Work, page: PlannedPage, number: int, key: NodeKey) -> list[Edit]:
    """Ship what the references and assets of a copy name; the links that references leave."""
    unit = work.site.nodes.nodes[key].unit
    edits = []
    for edge in named(work.site, key).edges:
        place = Place(page, number, unit, edge.placed.directive.span)
        if edge.directive.word == "reference":
            edits.append(Edit(*place.span, reference_link(work, place, edge)))
        else:
            asset(work, place, edge)
    return edits


def _check_collisions(site: Site, plan: Plan) -> None:
    """Paths that some file systems take for one: they differ only in case or in Unicode normalisation."""
    seen: dict[str, str] = {}
    for out in sorted([*plan.pages, *plan.copies]):
        folded = unicodedata.normalize("NFC", out).casefold()
        if folded in seen and plan.entry is not None:
            source = plan.whence.get(out) or plan.whence.get(seen[folded]) or (plan.entry.main.real, Span(0, 0))
            both = f"{seen[folded]} and {out}"
            what = "are one path" if seen[folded] == out else "are one path where case does not count"
            collide(site, plan, source, out, f"{both} {what}")
        seen.setdefault(folded, out)
