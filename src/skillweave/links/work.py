"""The values passed around while the links of one bundle are resolved, and suggestions for anchors and files that a link may
have meant.
"""

from __future__ import annotations

from skillweave.destination import relative, resolve
from skillweave.diagnostics import Code, Problem
from skillweave.files import normalise_path
from skillweave.flatten.units import Unit, UnitKey, to_source
from skillweave.graph.targets import unportable
from skillweave.graph.values import diagnose
from skillweave.links.site import BundlePlan, PlannedPage, Site
from skillweave.listing import left_out_part
from skillweave.phrases import near_names
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import deque

    from skillweave.source import Span


def add_page(site: Site, plan: BundlePlan, pending: deque[PlannedPage], out: str, unit: UnitKey) -> PlannedPage | None:
    """Put a unit into a bundle as the page `out`, and return it; its links are then pending. If there is a page already, that
    is returned. None if the unit cannot be laid out.
    """
    if out in plan.pages:
        return plan.pages[out]
    layout = site.layout(unit)
    if layout is None:
        plan.missing.add(unit.path)
        return None
    plan.pages[out] = PlannedPage(out, unit, layout)
    pending.append(plan.pages[out])
    return plan.pages[out]


class Place(NamedTuple):
    """Where a link stands: the page, the number of the copy in it, the unit of that, and the link's span in the unit's text."""

    page: PlannedPage
    copy: int
    unit: Unit
    span: Span


class Goal(NamedTuple):
    """Where a link leads: a path relative to the bundle's folder, or empty for the page itself; and the fragment if
    it changes.
    """

    out: str
    fragment: str | None = None


class Work(NamedTuple):
    """A bundle whose links are being resolved: what it contains so far, and the pages that are still to be looked at."""

    site: Site
    plan: BundlePlan
    pending: deque[PlannedPage]


def report_link(work: Work, place: Place, code: Code, message: str, cure: str | None = None) -> None:
    """Report a problem of a link at its place. An error fails the entry whose bundle it is in: elsewhere, the link may lead
    somewhere. Without an entry, it fails the file that holds the link.
    """
    nodes = work.site.nodes
    span = to_source(nodes.graph, place.unit, place.span)
    index = nodes.graph.files[place.unit.path].line_index
    owner = work.plan.entry.main.real if work.plan.entry else place.unit.path
    nodes.graph.add(diagnose(index, place.unit.path, Problem(code, message, span, help=cure)), owner)


def nearest_anchor(unit: Unit, name: str) -> str | None:
    """A suggestion for an anchor that a text does not have; None if no heading comes near."""
    slugs = [heading.slug for heading in unit.document.headings] if unit.document else []
    close = near_names(name, slugs, cutoff=0.4)
    return f"did you mean #{close[0]}?" if close else None


DOCUMENT_HELP = "include what is needed of it, or make the document a skill"
OUTSIDE_HELP = "copy the file into a pattern root, or add its folder to `shared` in the configuration"
BEYOND_HELP = "copy the file into the project"


def suggestion(work: Work, place: Place, path: str) -> str | None:
    """Suggest what a link to a missing file may have meant: the same path from the project's root, the entry's folder or a
    pattern root, or a file with that name or a similar one. None if nothing is found.
    """
    odd = unportable(path)
    if odd is not None:
        return f"it {odd[0]}: write it relative to this file, with `/`"
    hidden = left_out_part(resolve(place.unit.path, path), work.site.tree.roots)
    if hidden is not None:
        return f"rename {hidden}: hidden files, caches and editor backups are left out everywhere"
    nodes = work.site.nodes
    entry = work.plan.entry
    for base in ("", *((entry.folder,) if entry else ()), *nodes.project.pattern_roots):
        found = work.site.tree.look_up(normalise_path(f"{base}/{path}" if base else path))
        if found.kind in ("file", "folder"):
            return f"did you mean {relative(place.unit.path, found.real)}? Links are relative to the file that contains them"
    name = path.rpartition("/")[2]
    same = work.site.by_name.get(name, ())
    if len(same) == 1:
        return f"did you mean {relative(place.unit.path, same[0])}?"
    close = near_names(name, list(work.site.tree.names(resolve(place.unit.path, path).rpartition("/")[0])))
    folder = path.rpartition("/")[0]
    return f"did you mean {f'{folder}/{close[0]}' if folder else close[0]}?" if close else None
