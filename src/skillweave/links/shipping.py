"""Ships files in a bundle: as pages or as copies. Also reports two files that would become the same output."""

from __future__ import annotations

from operator import attrgetter

from skillweave.destination import Written, below_root, encode, relative
from skillweave.diagnostics import (
    BROKEN_ANCHOR,
    CANNOT_SHIP,
    EMPTY_INCLUDE,
    LINK_OUTSIDE_ROOTS,
    MAKE_READABLE,
    MISSING_PARAM,
    MISSING_SECTION,
    NOT_A_REGULAR_FILE,
    OUTPUT_COLLISION,
    PATH_NOT_PORTABLE,
    PATH_OUTSIDE_ROOTS,
    UNREADABLE_FILE,
    Note,
    Problem,
)
from skillweave.files import normalise_path
from skillweave.flatten.units import UnitKey, defaults_of, rendered_ranges, to_source
from skillweave.globs import matches
from skillweave.graph.targets import unportable
from skillweave.graph.values import diagnose
from skillweave.links.captions import link_text
from skillweave.links.site import Asker
from skillweave.links.work import (
    DOCUMENT_HELP,
    Goal,
    Place,
    Work,
    add_page,
    nearest_anchor,
    report_link,
)
from skillweave.phrases import counted
from skillweave.ranges import between
from skillweave.record import NamedTuple
from skillweave.source import SourcePath, foreign_part, stays_inside
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.directive.values import Directive
    from skillweave.document import Heading
    from skillweave.files import Found
    from skillweave.flatten.units import Unit
    from skillweave.graph.values import Edge
    from skillweave.links.pages import PageLayout
    from skillweave.links.site import BundlePlan, Site


def ship(work: Work, place: Place, real: SourcePath, written: Written) -> Goal | None:
    """Ship a file that a link names. Returns where the link then leads; None if it stays as it is."""
    nodes, entry = work.site.nodes, work.plan.entry
    if entry is not None and entry.kind == "document":
        # The link may lead to what a directive with an error would bring.
        if place.page.layout.is_complete or not real.endswith(".md"):
            cannot_ship(work, place, written.path or real)
        return None
    is_copied = not real.endswith(".md") or matches(real, nodes.config.verbatim)
    shipped = work.plan.copied_to.get(real)
    is_forbidden = nodes.config.links == "error" and entry is not None and real not in work.plan.named
    if shipped is not None and (is_copied or is_forbidden):
        return Goal(shipped)
    if is_forbidden:
        word = "reference" if real.endswith(".md") else "asset"
        cure = f"write <<{word}: {below_root(real, nodes.project.pattern_roots)}>>, or set `links` to ship"
        report_link(
            work,
            place,
            LINK_OUTSIDE_ROOTS,
            f'{written.path} is not in the bundle, and `links = "error"` forbids a link to bring it',
            cure,
        )
        return None
    name = below_root(real, nodes.project.pattern_roots)
    if is_copied:
        out = f"{'references' if real.endswith('.md') else 'assets'}/{name}"
        if collision := _copy(work, place, out, real):
            collide(work.site, work.plan, _asker(work, place), collision)
        return Goal(out)
    out = f"references/{name}"
    if work.plan.copied.get(out) == real:
        return Goal(out)
    unit = UnitKey(real)
    document = nodes.graph.files[real].document if real in nodes.graph.files else None
    known = work.plan.pages.get(out)
    if document and document.params is not None:
        # A template that a directive has shipped with values is that page; otherwise it gets its defaults.
        unit = (
            known.unit if known is not None and known.unit.path == real else UnitKey(real, defaults_of(document.params))
        )
        if unit not in nodes.wholes and any(param.required for param in document.params):
            if shipped is not None:
                return Goal(shipped)
            cure = f'pass its values with a directive: <<reference: {name} with name="…">>'
            report_link(
                work, place, MISSING_PARAM, f"{written.path or real} needs values, which a link cannot pass", cure
            )
    if entry is not None and not _ship_page(work, place, out, unit):
        return None
    slug = check_anchor(work, place, unit, written) if written.fragment else None
    return Goal(out, slug) if slug and slug != written.fragment else Goal(out)


def _ship_page(work: Work, place: Place, out: str, unit: UnitKey) -> bool:
    """Ship a page that a link leads to. Returns whether that is possible."""
    asker = _asker(work, place)
    if not _claim(work, asker, out, unit) or add_page(work.site, work.plan, work.pending, out, unit) is None:
        return False
    work.plan.askers.setdefault(out, asker)
    return True


def _asker(work: Work, place: Place) -> Asker:
    return Asker(place.unit.path, to_source(work.site.nodes.graph, place.unit, place.span))


def check_anchor(work: Work, place: Place, unit: UnitKey, written: Written) -> str | None:
    """The name that the fragment of a link has in the page that it leads to. None if it is not found, which is reported, or if
    that cannot be known.
    """
    name = written.fragment or ""
    layout = work.site.layout(unit)
    if layout is None or not name:
        return None
    own = layout.heading_of(unit.path, name)
    slug = own or layout.named(name)
    if slug is not None:
        # An `{#id}` in an included text reaches no output.
        keeps_ids = own is not None and work.site.nodes.units[unit].is_own
        return name if keeps_ids and layout.named(name) == slug else slug
    if name in layout.anchors:
        return name
    if not layout.is_complete:
        return None
    report_link(
        work,
        place,
        BROKEN_ANCHOR,
        f"{written.path} has no heading #{name}",
        nearest_anchor(work.site.nodes.units[unit], name),
    )
    return None


def cannot_ship(work: Work, place: Place, what: str) -> None:
    """Report that a document, which is a single file, would have to ship something."""
    message = f"a document is a single file, so it cannot ship {what}"
    report_link(work, place, CANNOT_SHIP, message, DOCUMENT_HELP)


def _copy(work: Work, place: Place, out: str, real: SourcePath) -> Collision | None:
    """Ship a file as it is. If something else has its place in the bundle, that is returned, and nothing is shipped."""
    plan = work.plan
    if plan.entry is None:
        return None
    known = plan.copied.get(out)
    if (known is not None and known != real) or out in plan.pages:
        plan.missing.add(real)
        return Collision(out, _both(real, known or plan.pages[out].unit.path, out))
    plan.copy(out, real)
    plan.askers.setdefault(out, _asker(work, place))
    return None


def _claim(work: Work, asker: Asker, out: str, unit: UnitKey) -> bool:
    """Whether a page can have its place in the bundle. If something else has it, that is reported."""
    known = work.plan.pages.get(out)
    other = known.unit.path if known is not None and known.unit != unit else work.plan.copied.get(out)
    if other is None:
        return True
    work.plan.missing.add(unit.path)
    collision = Collision(out, _both(unit.path, other, out))
    if known is not None and other == unit.path:
        cure = "a bundle can contain a pattern with only one set of values: pass the same, or include it instead"
        collision = Collision(out, f"{other} is already shipped with other values", cure)
    collide(work.site, work.plan, asker, collision)
    return False


def _both(path: SourcePath, other: SourcePath, out: str) -> str:
    """The message for two files that would become the same output, or for one file that would be copied and compiled to it."""
    if path == other:
        return f"{path} would be shipped to {out} twice: as it is, and compiled"
    return f"{path} and {other} would both become {out}"


def reference_link(work: Work, place: Place, edge: Edge) -> str:
    """Ship what a reference directive names. Returns the link that the directive leaves; empty if there is none."""
    nodes, entry = work.site.nodes, work.plan.entry
    directive = edge.directive
    target = edge.target or SourcePath("")
    file = nodes.graph.files.get(target)
    arguments = nodes.calls.of(place.unit.key, edge)
    if file is None or file.document is None or arguments is None:
        return ""
    unit = UnitKey(target, arguments)
    if entry is not None and entry.kind == "document":
        cannot_ship(work, place, directive.path)
        return ""
    owned, is_verbatim = work.site.owners.get(target), False
    if owned is not None and entry is not None and owned.entry is entry:
        out, is_verbatim = owned.file.path[len(entry.folder) + 1 :], owned.file.treatment == "copy"
    else:
        out = f"references/{below_root(target, nodes.project.pattern_roots)}"
    if entry is not None and not is_verbatim:
        asker = Asker(edge.source, directive.span)
        work.plan.named.add(target)
        if _claim(work, asker, out, unit):
            add_page(work.site, work.plan, work.pending, out, unit)
        work.plan.askers.setdefault(out, asker)
    fragment = ""
    if directive.section is not None:
        sections = nodes.sections_of(target, file.document)
        headings = sections.find(directive.section)
        layout = work.site.layout(unit)
        slug = _slug_in(layout, nodes.units[unit], headings[0]) if layout and headings else None
        if slug is not None:
            fragment = f"#{slug}"
        elif headings and layout is not None:
            message = f'no section "{directive.section}" in {target} with these values'
            nodes.graph.report(edge.source, Problem(MISSING_SECTION, message, directive.section_span or directive.span))
    return f"[{link_text(nodes, edge, place.unit, unit)}]({encode(relative(place.page.out, out))}{fragment})"


def _slug_in(layout: PageLayout, unit: Unit, heading: Heading) -> str | None:
    """The slug that a heading of a unit's file has in the page of the whole unit; None if it is not there, as with some values
    of a template.
    """
    headings = unit.document.headings if unit.document else ()
    for start, end in rendered_ranges(unit, ((heading.start, heading.end),)):
        found = between(headings, start, end, attrgetter("start"))
        if found:
            return layout.slugs.get((0, found[0].start))
    return None


def asset(work: Work, place: Place, edge: Edge) -> None:
    """Ship what an asset directive names."""
    nodes, entry = work.site.nodes, work.plan.entry
    directive = edge.directive
    target = edge.target or SourcePath("")
    if entry is None:
        return
    if entry.kind == "document":
        cannot_ship(work, place, directive.path)
        return
    is_folder = work.site.tree.look_up(target).kind == "folder"
    home = nodes.project.homes.get(edge.source)
    roots = [*nodes.project.pattern_roots, *([home] if home else [])]
    named = _as_named(directive, below_root(target, roots))
    out = directive.to if directive.to is not None else f"assets/{named}"
    if not is_folder and out.endswith("/"):
        out = f"{out}{named.rpartition('/')[2]}"
    is_all = is_folder and directive.to is not None and normalise_path(out) == ""
    out = normalise_path(out)
    if problem := _misplaced(directive, "." if is_all else out):
        nodes.graph.report(edge.source, problem)
        return
    if not is_folder:
        if collision := _copy(work, place, out, target):
            collide(work.site, work.plan, _asker(work, place), collision)
        return
    _copy_folder(work, place, edge, out)


def _copy_folder(work: Work, place: Place, edge: Edge, out: str) -> None:
    """Ship the files of a folder that an asset directive names, as the folder `out` of the bundle; empty: as its root."""
    nodes, directive = work.site.nodes, edge.directive
    target = edge.target or SourcePath("")
    walked = list(work.site.tree.walk(target))
    taken: list[Collision] = []
    for path, found in walked:
        if found.kind == "file" and nodes.project.may_read(edge.source, found.real):
            below = path[len(target) + 1 :]
            collision = _copy(work, place, f"{out}/{below}" if out else below, found.real)
            taken += [collision] if collision else []
        else:
            nodes.graph.report(edge.source, _cannot_copy(path, found, directive))
    if taken:
        # One directive, one finding: two folders with the same files may have thousands of them.
        others = f"; so it is with {counted(len(taken) - 1, 'more file')} of {directive.path}" if taken[1:] else ""
        collision = taken[0]._replace(message=f"{taken[0].message}{others}")
        collide(work.site, work.plan, _asker(work, place), collision)
    if not walked:
        message = f"this asset ships nothing: {target} holds no files, or only hidden ones"
        nodes.graph.report(edge.source, Problem(EMPTY_INCLUDE, message, directive.span))


def _cannot_copy(path: SourcePath, found: Found, directive: Directive) -> Problem:
    """The problem of something in a folder that cannot be shipped with it."""
    code, cure = PATH_OUTSIDE_ROOTS, "remove it, or copy the file"
    match found.kind:
        case "misnamed":
            code, what, cure = PATH_NOT_PORTABLE, "has a name that is not UTF-8", "rename it"
        case "special" | "missing":
            code, what = NOT_A_REGULAR_FILE, "is not a regular file"
        case "unreadable":
            code, what, cure = UNREADABLE_FILE, f"cannot be read: {found.detail}", MAKE_READABLE
        case _:
            what = "is outside every root"
    return Problem(code, f"{path} {what}, so it cannot be shipped with {directive.path}", directive.span, help=cure)


def _as_named(directive: Directive, path: str) -> str:
    """A path, with the name that the directive gives its last part, which may be a symlink: the text around the directive names
    the file so.
    """
    name = normalise_path(directive.path).rpartition("/")[2]
    folder = path.rpartition("/")[0]
    return path if name in ("", "..") else f"{folder}/{name}".lstrip("/")


def _misplaced(directive: Directive, out: str) -> Problem | None:
    """The problem with the place in a bundle that an asset directive asks for; None if there is none."""
    cure = "name a folder of the bundle, such as to=scripts/"
    odd = unportable(directive.to or "")
    if odd is not None:
        return Problem(PATH_NOT_PORTABLE, f"the path {directive.to} {odd[0]}", directive.span, help=cure)
    if not out:
        return Problem(PATH_OUTSIDE_ROOTS, "`to` does not name a place in the bundle", directive.span, help=cure)
    if not stays_inside(out):
        return Problem(PATH_OUTSIDE_ROOTS, f"{directive.to} leaves the bundle", directive.span, help=cure)
    foreign = foreign_part(out)
    if foreign is not None:
        message = f'{directive.to} is inside "{foreign}", which cannot be in a bundle'
        return Problem(PATH_OUTSIDE_ROOTS, message, directive.span, help=cure)
    return None


class Collision(NamedTuple):
    """An output that two things would become."""

    out: str
    message: str
    cure: str = "rename one of the files, or give an asset another place with `to=`"


def collide(site: Site, plan: BundlePlan, asker: Asker, collision: Collision) -> None:
    """Report that two things would become the same output. `asker` is what asked for the second one."""
    if plan.entry is None:
        return
    files = site.nodes.graph.files
    other = plan.askers.get(collision.out)
    notes: tuple[Note, ...] = ()
    if other is not None and other != asker:
        position = files[other.path].line_index.position(other.span.start)
        notes = (Note("the other one is requested at", other.path, position),)
    problem = Problem(OUTPUT_COLLISION, collision.message, asker.span, help=collision.cure)
    diagnostic = diagnose(files[asker.path].line_index, asker.path, problem, notes=notes)
    site.nodes.graph.add(diagnostic, plan.entry.main.real)
