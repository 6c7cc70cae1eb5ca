"""What resolving the links of one bundle passes around; the anchors and the files that a link can have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.destination import relative, resolve
from skillweave.diagnostics import CANNOT_SHIP, Code, Problem
from skillweave.files import normalise_path
from skillweave.flatten.units import Unit, UnitKey, to_source
from skillweave.graph.values import diagnose
from skillweave.links.site import BundlePlan, PlannedPage, Site
from skillweave.listing import left_out_part
from skillweave.phrases import near_names
from skillweave.record import NamedTuple

if TYPE_CHECKING:
    from collections import deque

    from skillweave.source import SourcePath, Span


def add_page(site: Site, plan: BundlePlan, pending: deque[PlannedPage], out: str, unit: UnitKey) -> PlannedPage | None:
    """Have a bundle hold a unit as a page at a place, if it can be laid out; what it links to is pending then."""
    if out in plan.pages:
        return plan.pages[out]
    page = site.layout(unit)
    if page is None:
        return None
    plan.pages[out] = PlannedPage(out, unit, page)
    pending.append(plan.pages[out])
    return plan.pages[out]


class Place(NamedTuple):
    """Where a link stands: the page, the copy in it, its unit, and its span in the unit's text."""

    page: PlannedPage
    copy: int
    unit: Unit
    span: Span


class Goal(NamedTuple):
    """Where a link leads: a path below the bundle, or empty for the page itself; and the fragment, if it changes."""

    out: str
    fragment: str | None = None


class Work(NamedTuple):
    """A bundle whose links are resolved: what it holds so far, and the pages that are still to be looked at."""

    site: Site
    plan: BundlePlan
    pending: deque[PlannedPage]


def report_link(work: Work, place: Place, code: Code, message: str, help_: str | None = None) -> None:
    """Report a link's problem at its place; it fails the entry whose page it is on, and the file that holds it."""
    nodes = work.site.nodes
    span = to_source(nodes.graph, place.unit, place.span)
    index = nodes.graph.files[place.unit.path].line_index
    owners = [place.unit.path]
    if code is CANNOT_SHIP and work.plan.entry:
        owners = [work.plan.entry.main.real]
    nodes.graph.add(diagnose(index, place.unit.path, Problem(code, message, span, help=help_)), *owners)


def nearest_anchor(unit: Unit, name: str) -> str | None:
    """What to suggest in place of an anchor that a text does not have; None if nothing is near."""
    slugs = [heading.slug for heading in unit.document.headings] if unit.document else []
    close = near_names(name, slugs, cutoff=0.4)
    return f"did you mean #{close[0]}?" if close else None


DOCUMENT_HELP = "include what is needed of it, or make the document a skill"
OUTSIDE_HELP = "copy the file into a pattern root, or add its folder to `shared` in the configuration"


def suggestion(work: Work, place: Place, path: str) -> str | None:
    """Where the file may be: the same path from the project's root or a pattern root, or a file of that name."""
    hidden = left_out_part(path)
    if hidden is not None:
        return f"rename {hidden}: hidden files, caches and editor backups are left out everywhere"
    nodes = work.site.nodes
    entry = work.plan.entry
    for base in ("", *((entry.folder,) if entry else ()), *nodes.project.pattern_roots):
        found = work.site.tree.look_up(normalise_path(f"{base}/{path}" if base else path))
        if found.kind in ("file", "folder"):
            return f"did you mean {relative(place.unit.path, found.real)}? Links start at the file that holds them"
    name = path.rpartition("/")[2]
    same = work.site.by_name.get(name, ())
    if len(same) == 1:
        return f"did you mean {relative(place.unit.path, same[0])}?"
    beside = work.site.tree.listing(resolve(place.unit.path, path).rpartition("/")[0])
    close = near_names(name, [] if isinstance(beside, str) else list(beside))
    folder = path.rpartition("/")[0]
    return f"did you mean {f'{folder}/{close[0]}' if folder else close[0]}?" if close else None


def defaults(work: Work, path: SourcePath) -> tuple[tuple[str, str], ...]:
    """The values that a template has of itself."""
    file = work.site.nodes.graph.files[path]
    params = file.document.params if file.document and file.document.params else ()
    return tuple(sorted((param.name, param.default or "") for param in params))
