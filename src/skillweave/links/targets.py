"""Resolves one link: where it leads in the output, and what it ships on the way (directives.md, Links, references, assets)."""

from __future__ import annotations

from skillweave.destination import Written, below_root, encode, relative, resolve
from skillweave.diagnostics import BROKEN_ANCHOR, BROKEN_LINK, LINK_OUTSIDE_ROOTS, LINK_TO_SKILL, MAKE_READABLE
from skillweave.files import is_below
from skillweave.flatten.units import UnitKey
from skillweave.links.shipping import cannot_ship, check_anchor, ship
from skillweave.links.work import (
    BEYOND_HELP,
    DOCUMENT_HELP,
    OUTSIDE_HELP,
    Goal,
    Place,
    Work,
    add_page,
    nearest_anchor,
    report_link,
    suggestion,
)
from skillweave.source import Edit, SourcePath
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.files import Found
    from skillweave.project import Entry, EntryFile


def resolved(work: Work, place: Place, written: Written) -> Edit | None:
    """Resolve one link: the edit that changes its destination; None if that stays as it is."""
    raw = place.unit.text[place.span.start : place.span.end]
    if written.path:
        goal = _target(work, place, written, work.site.tree.look_up(resolve(place.unit.path, written.path)))
    else:
        goal = _own_anchor(work, place, written.fragment or "")
    if goal is None:
        return None
    if goal.out:
        new = _respelled(place, written, goal, raw)
    else:
        is_same = not written.path and goal.fragment == written.fragment
        new = raw if is_same else f"#{encode(goal.fragment or '')}"
    return None if new == raw else Edit(place.span.start, place.span.end, new)


def _respelled(place: Place, written: Written, goal: Goal, raw: str) -> str:
    """The destination, rewritten to lead to the goal's output; its path stays as written if it already leads there. `raw` is
    the destination in the source.
    """
    out = goal.out
    suffix = raw[written.length :] if goal.fragment is None else f"#{encode(goal.fragment)}"
    if written.path and resolve(place.page.out, written.path) == out.rstrip("/"):
        return raw[: written.length] + suffix
    path = relative(place.page.out, out) + ("/" if written.path.endswith("/") else "")
    return encode(path) + suffix


def _own_anchor(work: Work, place: Place, name: str) -> Goal | None:
    """Where a link to a heading or anchor of its own document leads; None if it stays as it is. A broken one is reported."""
    if not name:
        return None
    document = place.unit.document
    layout = place.page.layout
    slugs, ids = work.site.heading_names(place.unit)
    if name in slugs or name in ids:
        slug = layout.heading_of(place.unit.path, name, place.copy)
        if slug is not None:
            return None if place.unit.is_own and name not in slugs else Goal("", slug)
        return ship(work, place, place.unit.path, Written("", name, 0))
    if document and name in document.anchors:
        return None
    slug = layout.named(name)
    if slug is not None:
        return None if name in layout.own_ids else Goal("", slug)
    if name in layout.anchors or not layout.is_complete:
        return None
    report_link(work, place, BROKEN_ANCHOR, f"this document has no heading #{name}", nearest_anchor(place.unit, name))
    return None


def _target(work: Work, place: Place, written: Written, found: Found) -> Goal | None:
    """Where a link with a path leads in the output; None if it stays as it is, or is wrong, which is reported."""
    path = written.path
    match found.kind:
        case "outside":
            report_link(work, place, LINK_OUTSIDE_ROOTS, f"{path} leaves the project", BEYOND_HELP)
        case "missing":
            report_link(work, place, BROKEN_LINK, f"{path} does not exist", suggestion(work, place, path))
        case "unreadable":
            report_link(work, place, BROKEN_LINK, f"{path} cannot be read: {found.detail}", MAKE_READABLE)
        case "case":
            report_link(work, place, BROKEN_LINK, f"{path} is spelled {found.detail} on disk", "spell it the same way")
        case "special":
            report_link(work, place, BROKEN_LINK, f"{path} is not a regular file")
        case "misnamed":
            report_link(work, place, BROKEN_LINK, f"{path} leads to a name that is not UTF-8", "rename it")
        case "folder":
            return _folder(work, place, written, found.real)
        case "file" if path.endswith(("/", "/.")):
            report_link(work, place, BROKEN_LINK, f"{path} is not a folder", "remove the trailing slash")
        case "file":
            return _file(work, place, written, found.real)
    return None


def _folder(work: Work, place: Place, written: Written, real: SourcePath) -> Goal | None:
    entry = work.plan.entry
    if entry is not None and entry.kind == "skill" and is_below(real, work.site.tree.look_up(entry.folder).real):
        below = real[len(work.site.tree.look_up(entry.folder).real) + 1 :]
        return Goal(below or ".")
    other = work.site.folders.get(real)
    if other is not None and other is not entry:
        return _other_entry(work, place, other, other.folder)
    if work.site.nodes.project.may_read(place.unit.path, real):
        message = f"{written.path} is a folder, but links must name files"
        report_link(work, place, BROKEN_LINK, message, _instead_of_folder(work, place, written, real))
    else:
        report_link(work, place, LINK_OUTSIDE_ROOTS, f"{written.path} is outside the skill", OUTSIDE_HELP)
    return None


def _instead_of_folder(work: Work, place: Place, written: Written, real: SourcePath) -> str:
    """Advice on what to write in place of a link to a folder."""
    if work.plan.entry is not None and work.plan.entry.kind == "document":
        return DOCUMENT_HELP
    files = [name for name, kind in work.site.tree.names(real).items() if kind == "file"]
    first = next((name for name in files if name.endswith(".md")), files[0] if files else None)
    such = f", such as {written.path.rstrip('/')}/{first}" if first else ""
    roots = work.site.nodes.project.pattern_roots
    name = below_root(real, roots)
    target = name if name != real else relative(place.unit.path, real)
    shipped = f"ship all of it with <<asset: {target}/>>, and mention `assets/{name}/` without a link"
    return f"link to a file in it{such}; or {shipped}"


def _other_entry(work: Work, place: Place, other: Entry, target: str) -> Goal | None:
    """Where a link to another skill or document leads: from one output to the other. It is reported, as it may not hold."""
    if work.plan.entry is None:
        return None
    message = f"this link works only where {other.id} is installed next to {work.plan.entry.id}"
    report_link(work, place, LINK_TO_SKILL, message, f"name the {other.kind} by its id: `{other.id}`")
    return Goal(relative(work.plan.entry.folder + "/x", target))


def _file(work: Work, place: Place, written: Written, real: SourcePath) -> Goal | None:
    nodes, entry = work.site.nodes, work.plan.entry
    work.plan.linked_files.add(real)
    owned = work.site.owners.get(real)
    if owned is not None and entry is not None and owned.entry.path == entry.path:
        return _own_file(work, place, written, owned.file)
    if owned is not None:
        if written.fragment:
            work.plan.consulted.add(real)
        if entry is not None and _is_published_in(entry, owned.file):
            return _with_anchor(work, place, written, owned.file, owned.file.path[len(entry.folder) + 1 :])
        if owned.file.path == owned.entry.path:
            goal = _other_entry(work, place, owned.entry, owned.file.path)
            return goal and _with_anchor(work, place, written, owned.file, goal.out)
    slug = _included(work, place, written, real)
    if slug is not None:
        return Goal("", slug)
    if not nodes.project.may_read(place.unit.path, real) or (owned is not None and entry is not None):
        report_link(
            work,
            place,
            LINK_OUTSIDE_ROOTS,
            f"{written.path} is outside the skill and the pattern roots",
            OUTSIDE_HELP,
        )
        return None
    return ship(work, place, real, written)


def _is_published_in(entry: Entry, owned: EntryFile) -> bool:
    """Whether a file belongs to a skill inside another skill, and is therefore published with the outer one, which is
    `entry`.
    """
    return entry.kind == "skill" and owned.treatment != "partial" and is_below(owned.path, entry.folder)


def _own_file(work: Work, place: Place, written: Written, owned: EntryFile) -> Goal | None:
    entry = work.plan.entry
    if entry is None:
        return None
    if entry.kind == "document" and owned.path != entry.path:
        cannot_ship(work, place, written.path)
        return None
    out = owned.path[len(entry.folder) + 1 :]
    if owned.treatment == "partial":
        add_page(work.site, work.plan, work.pending, out, UnitKey(owned.real))
    return _with_anchor(work, place, written, owned, out)


def _with_anchor(work: Work, place: Place, written: Written, owned: EntryFile, out: str) -> Goal:
    """Make a goal of a file of an entry, with the name that a link's fragment has there."""
    slug = None
    if written.fragment and owned.treatment != "copy":
        slug = check_anchor(work, place, UnitKey(owned.real), written)
    return Goal(out, slug) if slug and slug != written.fragment else Goal(out)


def _included(work: Work, place: Place, written: Written, real: SourcePath) -> str | None:
    """The slug of the heading that a link leads to if its file is included in this page; None if no such heading came along."""
    layout = place.page.layout
    copies = layout.by_path.get(real, [])
    if not copies or (copies == [0] and place.copy == 0):
        return None
    if written.fragment:
        units = (work.site.nodes.nodes[layout.copies[copy].key].unit for copy in copies)
        if written.fragment in layout.anchors and any(
            unit.document and written.fragment in unit.document.anchors for unit in units
        ):
            return written.fragment
        slug = layout.heading_of(real, written.fragment)
        is_kept = slug is not None and written.fragment in layout.own_ids and real in work.site.nodes.project.homes
        return written.fragment if is_kept else slug
    return layout.heading_of(real, None)
