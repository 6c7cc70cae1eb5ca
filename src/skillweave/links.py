"""What a bundle ships, and where its links lead: every relative destination of every page, resolved (LANGUAGE 6)."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from skillweave.captions import link_text
from skillweave.destination import Written, below_root, encode, read_destination, relative, resolve
from skillweave.diagnostics import (
    BROKEN_ANCHOR,
    BROKEN_LINK,
    CANNOT_SHIP,
    DIRECTIVE_NOT_ALONE,
    LINK_OUTSIDE_ROOTS,
    LINK_TO_SKILL,
    MISSING_SECTION,
    NOT_A_REGULAR_FILE,
    OUTPUT_COLLISION,
    PATH_NOT_PORTABLE,
    PATH_OUTSIDE_ROOTS,
    Code,
    Note,
    Problem,
)
from skillweave.files import expand_roots, is_below, normalise_path
from skillweave.flatten.values import is_too_large
from skillweave.globs import matches
from skillweave.graph.values import diagnose
from skillweave.pages import Page, lay_out
from skillweave.select import closest_sections, find_section, holds
from skillweave.source import Edit, SourcePath, Span
from skillweave.units import Unit, UnitKey, to_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skillweave.document import Definition
    from skillweave.files import Found, Tree
    from skillweave.flatten.values import NodeKey, Nodes
    from skillweave.graph.values import Edge
    from skillweave.markdown.values import Destination, LabelUse
    from skillweave.project import Entry, EntryFile


@dataclass(slots=True)
class PlannedPage:
    """A document that a bundle will hold: where, made from what, with which edits in which copy."""

    out: str
    """Its path below the bundle's folder."""
    unit: UnitKey
    page: Page
    edits: dict[int, list[Edit]] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """All that an entry's bundle will hold, by path below the bundle's folder."""

    entry: Entry | None
    pages: dict[str, PlannedPage] = field(default_factory=dict)
    copies: dict[str, SourcePath] = field(default_factory=dict)
    whence: dict[str, tuple[SourcePath, Span]] = field(default_factory=dict)
    """For what is shipped, the directive or link that asked for it first."""
    named: set[SourcePath] = field(default_factory=set)
    """The files that a directive has shipped, whatever `links` says."""
    asked: set[SourcePath] = field(default_factory=set)
    """The files that links lead to."""


class Named(NamedTuple):
    """What the own lines of a node name, the same in each of its copies."""

    edges: tuple[Edge, ...]
    """References and assets."""
    links: tuple[tuple[Destination, Written], ...]
    """The destinations that are ours to judge, and what each means."""
    definitions: tuple[Definition, ...]
    """Of two under one label, the first."""
    uses: tuple[tuple[LabelUse, Definition | None], ...]
    """The labels that these lines use and do not define, and the definition that the whole file has."""


@dataclass(slots=True)
class Site:
    """The project as links see it: which entry owns a file, and the layout of pages that were worked out."""

    nodes: Nodes
    tree: Tree
    entries: tuple[Entry, ...]
    owners: dict[SourcePath, tuple[Entry, EntryFile]] = field(default_factory=dict)
    folders: dict[str, Entry] = field(default_factory=dict)
    layouts: dict[UnitKey, Page] = field(default_factory=dict)
    known_files: tuple[SourcePath, ...] = ()
    """Every pattern and every file of an entry, sorted."""
    roots: tuple[str, ...] = ()
    """The roots of patterns, skills and documents."""
    known: dict[NodeKey, Named] = field(default_factory=dict)
    """What the own lines of nodes name, once it was asked for."""

    def layout(self, unit: UnitKey) -> Page | None:
        """The layout of a whole unit as a page."""
        key = self.nodes.wholes.get(unit)
        if key is None or is_too_large(self.nodes, self.nodes.nodes[key]):
            return None
        if unit not in self.layouts:
            self.layouts[unit] = lay_out(self.nodes, key)
        return self.layouts[unit]


def make_site(nodes: Nodes, tree: Tree) -> Site:
    """The site of a project."""
    site = Site(nodes, tree, nodes.project.entries)
    for entry in site.entries:
        site.folders[tree.look_up(entry.folder).real if entry.kind == "skill" else entry.path] = entry
        for file in entry.files:
            site.owners.setdefault(file.real, (entry, file))
    site.known_files = tuple(sorted({*nodes.project.patterns, *site.owners}))
    configured = (*nodes.config.patterns, *nodes.config.skills, *nodes.config.documents)
    site.roots = tuple(sorted({root for _, root in expand_roots(tree, configured)}))
    return site


def plan_bundle(site: Site, entry: Entry) -> Plan:
    """Resolve every link of an entry's documents, and of what they make it ship, until nothing new is shipped."""
    plan = Plan(entry)
    pending: deque[PlannedPage] = deque()
    for file in entry.files:
        out = file.path[len(entry.folder) + 1 :]
        if file.treatment == "copy":
            plan.copies[out] = file.real
        elif file.treatment == "compile":
            _add_page(site, plan, pending, out, UnitKey(file.real))
    while pending:
        _resolve_page(site, plan, pending, pending.popleft())
    _check_collisions(site, plan)
    return plan


def check_links(site: Site, path: SourcePath) -> set[SourcePath]:
    """Check the links of a pattern that no bundle holds, as if it were a page of its own. Returns the files they lead to."""
    plan = Plan(None)
    pending: deque[PlannedPage] = deque()
    _add_page(site, plan, pending, below_root(path, site.nodes.project.pattern_roots), UnitKey(path))
    if pending:
        _resolve_page(site, plan, deque(), pending[0])
    return plan.asked


def _add_page(site: Site, plan: Plan, pending: deque[PlannedPage], out: str, unit: UnitKey) -> PlannedPage | None:
    if out in plan.pages:
        return plan.pages[out]
    page = site.layout(unit)
    if page is None:
        return None
    plan.pages[out] = PlannedPage(out, unit, page)
    pending.append(plan.pages[out])
    return plan.pages[out]


class _Place(NamedTuple):
    """Where a link stands: the page, the copy in it, its unit, and its span in the unit's text."""

    page: PlannedPage
    copy: int
    unit: Unit
    span: Span


class _Goal(NamedTuple):
    """Where a link leads: a path below the bundle, or empty for the page itself; and the fragment, if it changes."""

    out: str
    fragment: str | None = None


class _Work(NamedTuple):
    site: Site
    plan: Plan
    pending: deque[PlannedPage]


def _resolve_page(site: Site, plan: Plan, pending: deque[PlannedPage], page: PlannedPage) -> None:
    work = _Work(site, plan, pending)
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
            edit = _resolve(work, _Place(page, number, unit, destination.span), written)
            page.edits[number] += [edit] if edit else []
    page.edits = {number: sorted(edits) for number, edits in page.edits.items() if edits}


def named(site: Site, key: NodeKey) -> Named:
    """What the own lines of a Markdown node name."""
    if key not in site.known:
        unit = site.nodes.nodes[key].unit
        edges = [edge for edge in unit.edges if edge and edge.target and edge.directive.word != "include"]
        edges = [edge for edge in edges if _covers(key, edge.placed.line)]
        site.known[key] = Named(tuple(edges), tuple(_own_links(unit, key)), *_own_labels(unit, key))
    return site.known[key]


def _own_labels(
    unit: Unit, key: NodeKey
) -> tuple[tuple[Definition, ...], tuple[tuple[LabelUse, Definition | None], ...]]:
    if unit.document is None:
        return (), ()
    here: dict[tuple[str, bool], Definition] = {}
    in_file: dict[tuple[str, bool], Definition] = {}
    for definition in unit.document.definitions:
        label = (definition.label, definition.footnote)
        in_file.setdefault(label, definition)
        if _covers(key, definition.start):
            here.setdefault(label, definition)
    uses = []
    for use in unit.document.uses:
        defined = in_file.get((use.label, use.footnote))
        is_defined_here = defined is not None and _covers(key, defined.start)
        if not is_defined_here and _covers(key, unit.index.line_of(use.span.start)):
            uses.append((use, defined))
    return tuple(here.values()), tuple(uses)


def _own_links(unit: Unit, key: NodeKey) -> Iterator[tuple[Destination, Written]]:
    stray = _stray_directives(unit)
    for destination in unit.document.destinations if unit.document else ():
        start, end = destination.span
        written = read_destination(unit.text[start:end], destination.kind)
        first = bisect_left(stray, start)
        holds_stray = first < len(stray) and stray[first] < end
        if written is not None and _covers(key, destination.line) and not holds_stray:
            yield destination, written


def _directive_edits(work: _Work, page: PlannedPage, number: int, key: NodeKey) -> list[Edit]:
    """Ship what the references and assets of a copy name; the links that references leave."""
    unit = work.site.nodes.nodes[key].unit
    edits = []
    for edge in named(work.site, key).edges:
        place = _Place(page, number, unit, edge.placed.directive.span)
        if edge.directive.word == "reference":
            edits.append(Edit(*place.span, _reference(work, place, edge)))
        else:
            _asset(work, place, edge)
    return edits


def _stray_directives(unit: Unit) -> list[int]:
    """Where directives start that are not resolved, which is a finding: a destination with one is no path yet."""
    problems = unit.document.problems if unit.document else ()
    return sorted(problem.span.start for problem in problems if problem.code is DIRECTIVE_NOT_ALONE)


def _covers(key: NodeKey, line: int) -> bool:
    return holds(key.ranges, line)


def _report(work: _Work, place: _Place, code: Code, message: str, help_: str | None = None) -> None:
    """Report a link's problem at its place; it fails the entry whose page it is on, and the file that holds it."""
    nodes = work.site.nodes
    span = to_source(nodes.graph, place.unit, place.span)
    index = nodes.graph.files[place.unit.path].index
    owners = [place.unit.path]
    if code is CANNOT_SHIP and work.plan.entry:
        owners = [work.plan.entry.main.real]
    nodes.graph.add(diagnose(index, place.unit.path, Problem(code, message, span, help=help_)), *owners)


def _resolve(work: _Work, place: _Place, written: Written) -> Edit | None:
    """One link: what its destination becomes; None where it stays."""
    raw = place.unit.text[place.span.start : place.span.end]
    if written.path:
        goal = _target(work, place, written, work.site.tree.look_up(resolve(place.unit.path, written.path)))
    else:
        goal = _own_anchor(work, place, written.fragment or "")
    if goal is None:
        return None
    new = _respelled(place, written, goal, raw) if goal.out else f"#{encode(goal.fragment or '')}"
    return None if new == raw else Edit(place.span.start, place.span.end, new)


def _respelled(place: _Place, written: Written, goal: _Goal, raw: str) -> str:
    """The destination with its path changed to an output's, or as it was if it already leads there."""
    out = goal.out
    suffix = raw[written.length :] if goal.fragment is None else f"#{encode(goal.fragment)}"
    folder = place.page.out.rpartition("/")[0]
    leads_to = normalise_path(f"{folder}/{written.path}" if folder else written.path)
    if written.path and leads_to == out.rstrip("/"):
        return raw[: written.length] + suffix
    path = relative(place.page.out, out) + ("/" if written.path.endswith("/") else "")
    return encode(path) + suffix


def _own_anchor(work: _Work, place: _Place, name: str) -> _Goal | None:
    """Where a fragment of the same document leads; None where it stays as it is."""
    if not name:
        return None
    document = place.unit.document
    page = place.page.page
    headings = document.headings if document else ()
    if any(name in (heading.slug, heading.id) for heading in headings):
        slug = page.heading_of(place.unit.path, name, place.copy)
        if slug is not None:
            kept = place.unit.is_own and not any(heading.slug == name for heading in headings)
            return None if kept else _Goal("", slug)
        return _ship(work, place, place.unit.path, Written("", name, 0))
    if document and name in document.anchors:
        return None
    slug = page.named(name)
    if slug is not None:
        return _Goal("", slug)
    if any(name in _anchors(work, copy.key) for copy in page.copies):
        return None
    _report(
        work, place, BROKEN_ANCHOR, f"there is no heading #{name} here", _nearest_anchor(work, place.unit.path, name)
    )
    return None


def _anchors(work: _Work, key: NodeKey) -> tuple[str, ...]:
    document = work.site.nodes.nodes[key].unit.document
    return document.anchors if document and key.code is None else ()


def _nearest_anchor(work: _Work, path: SourcePath, name: str) -> str | None:
    file = work.site.nodes.graph.files.get(path)
    slugs = [heading.slug for heading in file.document.headings] if file and file.document else []
    close = get_close_matches(name, slugs, n=1, cutoff=0.4)
    return f"did you mean #{close[0]}?" if close else None


def _target(work: _Work, place: _Place, written: Written, found: Found) -> _Goal | None:
    """Where a link with a path leads in the output; None where it stays, or is wrong (and reported)."""
    path = written.path
    match found.kind:
        case "outside":
            _report(work, place, LINK_OUTSIDE_ROOTS, f"{path} leaves the project", _OUTSIDE_HELP)
        case "missing" | "unreadable":
            _report(work, place, BROKEN_LINK, f"there is no {path}", _suggestion(work, place, path))
        case "case":
            _report(work, place, BROKEN_LINK, f"{path} is spelled {found.detail} on disk", "spell it the same way")
        case "special":
            _report(work, place, BROKEN_LINK, f"{path} is no regular file")
        case "misnamed":
            _report(work, place, BROKEN_LINK, f"{path} leads to a name that is not UTF-8", "rename it")
        case "folder":
            return _folder(work, place, written, found.real)
        case "file":
            return _file(work, place, written, found.real)
    return None


_DOCUMENT_HELP = "include what is needed of it, or make the document a skill"
_OUTSIDE_HELP = "copy the file into a pattern root, or add its folder to `shared` in the configuration"


def _suggestion(work: _Work, place: _Place, path: str) -> str | None:
    """Where the file may be: the same path from the project's root or a pattern root, or a file of that name."""
    nodes = work.site.nodes
    entry = work.plan.entry
    for base in ("", *((entry.folder,) if entry else ()), *nodes.project.pattern_roots):
        found = work.site.tree.look_up(normalise_path(f"{base}/{path}" if base else path))
        if found.kind in ("file", "folder"):
            return f"did you mean {relative(place.unit.path, found.real)}? Links start at the file that holds them"
    name = path.rpartition("/")[2]
    same = [
        known for known in (*nodes.project.patterns, *work.site.owners) if known.rpartition("/")[2] == name and name
    ]
    if len(same) == 1:
        return f"did you mean {relative(place.unit.path, same[0])}?"
    beside = work.site.tree.listing(resolve(place.unit.path, path).rpartition("/")[0])
    close = get_close_matches(name, [] if isinstance(beside, str) else list(beside), n=1)
    folder = path.rpartition("/")[0]
    return f"did you mean {f'{folder}/{close[0]}' if folder else close[0]}?" if close else None


def _folder(work: _Work, place: _Place, written: Written, real: SourcePath) -> _Goal | None:
    entry = work.plan.entry
    if entry is not None and entry.kind == "skill" and is_below(real, work.site.tree.look_up(entry.folder).real):
        below = real[len(work.site.tree.look_up(entry.folder).real) + 1 :]
        return _Goal(below or ".")
    other = work.site.folders.get(real)
    if other is not None and other is not entry:
        return _other_entry(work, place, other, other.folder)
    if work.site.nodes.project.may_read(place.unit.path, real):
        message = f"{written.path} is a folder, and a bundle links to files"
        _report(work, place, BROKEN_LINK, message, _instead_of_folder(work, place, written, real))
    else:
        _report(work, place, LINK_OUTSIDE_ROOTS, f"{written.path} lies outside the skill", _OUTSIDE_HELP)
    return None


def _instead_of_folder(work: _Work, place: _Place, written: Written, real: SourcePath) -> str:
    """What to write in place of a link to a folder."""
    if work.plan.entry is not None and work.plan.entry.kind == "document":
        return _DOCUMENT_HELP
    listing = work.site.tree.listing(real)
    files = [] if isinstance(listing, str) else [name for name, kind in listing.items() if kind == "file"]
    first = next((name for name in files if name.endswith(".md")), files[0] if files else None)
    such = f", such as {written.path.rstrip('/')}/{first}" if first else ""
    roots = work.site.nodes.project.pattern_roots
    name = below_root(real, roots)
    target = name if name != real else relative(place.unit.path, real)
    return (
        f"link to a file of it{such}; or ship all with <<asset: {target}/>>, and name `assets/{name}/` without a link"
    )


def _other_entry(work: _Work, place: _Place, other: Entry, target: str) -> _Goal | None:
    """A link to another skill or document: from output to output."""
    if work.plan.entry is None:
        return None
    message = f"this link holds only where {other.id} is installed beside {work.plan.entry.id}"
    _report(work, place, LINK_TO_SKILL, message, f"name the {other.kind} by its id: `{other.id}`")
    return _Goal(relative(work.plan.entry.folder + "/x", target))


def _file(work: _Work, place: _Place, written: Written, real: SourcePath) -> _Goal | None:
    nodes, entry = work.site.nodes, work.plan.entry
    work.plan.asked.add(real)
    owner, owned = work.site.owners.get(real, (None, None))
    if owner is not None and owned is not None and entry is not None and (owner is entry or owner.path == entry.path):
        return _own_file(work, place, written, owned)
    if owner is not None and owned is not None and (owned.path == owner.path):
        return _other_entry(work, place, owner, owned.path)
    slug = _included(work, place, written, real)
    if slug is not None:
        return _Goal("", slug)
    if not nodes.project.may_read(place.unit.path, real) or (
        owner is not None and entry is not owner and entry is not None
    ):
        _report(
            work,
            place,
            LINK_OUTSIDE_ROOTS,
            f"{written.path} lies outside the skill and the pattern roots",
            _OUTSIDE_HELP,
        )
        return None
    return _ship(work, place, real, written)


def _own_file(work: _Work, place: _Place, written: Written, owned: EntryFile) -> _Goal | None:
    entry = work.plan.entry
    if entry is None:
        return None
    if entry.kind == "document" and owned.path != entry.path:
        _cannot_ship(work, place, written.path)
        return None
    out = owned.path[len(entry.folder) + 1 :]
    slug = _included(work, place, written, owned.real)
    if owned.treatment == "partial":
        if slug is not None:
            return _Goal("", slug)
        _add_page(work.site, work.plan, work.pending, out, UnitKey(owned.real))
    elif slug is not None and owned.path != entry.path and place.page.unit.path != owned.real:
        return _Goal("", slug)
    if written.fragment and owned.treatment != "copy":
        _check_anchor(work, place, UnitKey(owned.real), written)
    return _Goal(out)


def _included(work: _Work, place: _Place, written: Written, real: SourcePath) -> str | None:
    """The slug of the heading that a link to an included file leads to; None where none came along."""
    page = place.page.page
    copies = page.by_path.get(real, [])
    if not copies or (copies == [0] and place.copy == 0):
        return None
    if written.fragment:
        if any(written.fragment in _anchors(work, page.copies[copy].key) for copy in copies):
            return written.fragment
        return page.heading_of(real, written.fragment)
    return page.heading_of(real, None)


def _ship(work: _Work, place: _Place, real: SourcePath, written: Written) -> _Goal | None:
    """Have the bundle hold a file that a link names; where the link leads then."""
    nodes, entry = work.site.nodes, work.plan.entry
    if entry is not None and entry.kind == "document":
        _cannot_ship(work, place, written.path or real)
        return None
    shipped = next((out for out, copied in work.plan.copies.items() if copied == real), None)
    if shipped is not None:
        return _Goal(shipped)
    if nodes.config.links == "error" and entry is not None and real not in work.plan.named:
        word = "reference" if real.endswith(".md") else "asset"
        cure = f"write <<{word}: {below_root(real, nodes.project.pattern_roots)}>>, or set `links` to ship"
        _report(
            work, place, LINK_OUTSIDE_ROOTS, f"{written.path} is not in the bundle, and links ship nothing here", cure
        )
        return None
    name = below_root(real, nodes.project.pattern_roots)
    if not real.endswith(".md") or matches(real, nodes.config.verbatim):
        out = f"{'references' if real.endswith('.md') else 'assets'}/{name}"
        _copy(work, place, out, real)
        return _Goal(out)
    out = f"references/{name}"
    unit = UnitKey(real)
    document = nodes.graph.files[real].document if real in nodes.graph.files else None
    known = work.plan.pages.get(out)
    if document and document.params is not None:
        # A template that a directive has shipped with its values is that page; else its defaults are its values.
        unit = known.unit if known is not None and known.unit.path == real else UnitKey(real, _defaults(work, real))
        if unit not in nodes.wholes and any(param.required for param in document.params):
            cure = f'give it its values: <<reference: {name} with name="…">>'
            _report(work, place, BROKEN_LINK, f"{written.path or real} needs values, and a link gives none", cure)
    if entry is not None and not _ship_page(work, place, out, unit):
        return None
    if written.fragment:
        slug = _check_anchor(work, place, unit, written)
        return _Goal(out, slug) if slug and slug != written.fragment else _Goal(out)
    return _Goal(out)


def _ship_page(work: _Work, place: _Place, out: str, unit: UnitKey) -> bool:
    """Have the bundle hold a page that a link leads to; whether it can."""
    source = (place.unit.path, to_source(work.site.nodes.graph, place.unit, place.span))
    if not _claim(work, source, out, unit) or _add_page(work.site, work.plan, work.pending, out, unit) is None:
        return False
    work.plan.whence.setdefault(out, source)
    return True


def _defaults(work: _Work, path: SourcePath) -> tuple[tuple[str, str], ...]:
    file = work.site.nodes.graph.files[path]
    params = file.document.params if file.document and file.document.params else ()
    return tuple(sorted((param.name, param.default or "") for param in params))


def _check_anchor(work: _Work, place: _Place, unit: UnitKey, written: Written) -> str | None:
    """The name that a fragment of a link has in the page it leads to; reported if the page has no such heading."""
    name = written.fragment or ""
    page = work.site.layout(unit)
    if page is None or not name:
        return None
    slug = page.heading_of(unit.path, name) or page.named(name)
    is_own = work.site.nodes.units[unit].is_own
    if slug is not None:
        return name if is_own and page.named(name) == slug else slug
    if any(name in _anchors(work, copy.key) for copy in page.copies):
        return name
    _report(
        work, place, BROKEN_ANCHOR, f"{written.path} has no heading #{name}", _nearest_anchor(work, unit.path, name)
    )
    return None


def _cannot_ship(work: _Work, place: _Place, what: str) -> None:
    message = f"a document is a single file, and cannot bring {what} along"
    _report(work, place, CANNOT_SHIP, message, _DOCUMENT_HELP)


def _copy(work: _Work, place: _Place, out: str, real: SourcePath) -> None:
    if work.plan.entry is None:
        return
    known = work.plan.copies.get(out)
    source = (place.unit.path, to_source(work.site.nodes.graph, place.unit, place.span))
    if (known is not None and known != real) or out in work.plan.pages:
        other = known or work.plan.pages[out].unit.path
        _collide(work.site, work.plan, source, out, f"{real} and {other} both come to {out}")
        return
    work.plan.copies[out] = real
    work.plan.whence.setdefault(out, source)


def _claim(work: _Work, source: tuple[SourcePath, Span], out: str, unit: UnitKey) -> bool:
    """Whether a page can have its place in the bundle; reported if something else has it."""
    known = work.plan.pages.get(out)
    other = known.unit.path if known is not None and known.unit != unit else work.plan.copies.get(out)
    if other is None:
        return True
    same = other == unit.path
    message = f"{other} is shipped with other values already" if same else f"{unit.path} and {other} both come to {out}"
    _collide(work.site, work.plan, source, out, message)
    return False


def _reference(work: _Work, place: _Place, edge: Edge) -> str:
    """The link that a reference directive leaves."""
    nodes, entry = work.site.nodes, work.plan.entry
    directive = edge.directive
    target = edge.target or SourcePath("")
    file = nodes.graph.files.get(target)
    arguments = nodes.calls.of(place.unit.key, edge)
    if file is None or file.document is None or arguments is None:
        return ""
    unit = UnitKey(target, arguments)
    if entry is not None and entry.kind == "document":
        _cannot_ship(work, place, directive.path)
        return ""
    owner, owned = work.site.owners.get(target, (None, None))
    if owner is not None and owned is not None and entry is not None and owner is entry:
        out = owned.path[len(entry.folder) + 1 :]
    else:
        out = f"references/{below_root(target, nodes.project.pattern_roots)}"
    source = (edge.source, directive.span)
    if entry is not None:
        work.plan.named.add(target)
        _claim(work, source, out, unit)
        _add_page(work.site, work.plan, work.pending, out, unit)
        work.plan.whence.setdefault(out, source)
    fragment = ""
    if directive.section is not None:
        headings = find_section(file.document, directive.section)
        page = work.site.layout(unit)
        slug = page.heading_of(target, headings[0].slug) if page and headings else None
        if slug is None:
            close = closest_sections(file.document, directive.section)
            cure = f'did you mean "{close[0]}"?' if close else None
            message = f'no section "{directive.section}" in {target}'
            nodes.graph.report(
                edge.source, Problem(MISSING_SECTION, message, directive.section_span or directive.span, cure)
            )
        else:
            fragment = f"#{slug}"
    return f"[{link_text(nodes, edge, unit)}]({encode(relative(place.page.out, out))}{fragment})"


def _asset(work: _Work, place: _Place, edge: Edge) -> None:
    """Have the bundle hold what an asset directive names."""
    nodes, entry = work.site.nodes, work.plan.entry
    directive = edge.directive
    target = edge.target or SourcePath("")
    if entry is None:
        return
    if entry.kind == "document":
        _cannot_ship(work, place, directive.path)
        return
    is_folder = work.site.tree.look_up(target).kind == "folder"
    home = nodes.project.homes.get(edge.source)
    roots = [*nodes.project.pattern_roots, *([home] if home else [])]
    out = directive.to if directive.to is not None else f"assets/{below_root(target, roots)}"
    if not is_folder and out.endswith("/"):
        out = f"{out}{target.rpartition('/')[2]}"
    out = normalise_path(out)
    if out.startswith(("/", "..")) or not out or "\\" in out or re.match(r"[A-Za-z]:", out):
        message = f"{directive.to} leaves the bundle"
        problem = Problem(
            PATH_OUTSIDE_ROOTS, message, directive.span, help="name a folder of the bundle, such as to=scripts/"
        )
        nodes.graph.report(edge.source, problem)
        return
    if not is_folder:
        _copy(work, place, out, target)
        return
    for path, found in work.site.tree.walk(target):
        if found.kind == "file" and nodes.project.may_read(edge.source, found.real):
            _copy(work, place, f"{out}/{path[len(target) + 1 :]}", found.real)
        elif found.kind == "misnamed":
            message = f"{path} has a name that is not UTF-8, and cannot be shipped with {directive.path}"
            nodes.graph.report(edge.source, Problem(PATH_NOT_PORTABLE, message, directive.span, help="rename it"))
        else:
            what = "is no regular file" if found.kind in ("special", "missing") else "leads outside of every root"
            code = NOT_A_REGULAR_FILE if found.kind in ("special", "missing") else PATH_OUTSIDE_ROOTS
            message = f"{path} {what}, and cannot be shipped with {directive.path}"
            nodes.graph.report(edge.source, Problem(code, message, directive.span, help="remove it, or copy the file"))


def _collide(site: Site, plan: Plan, source: tuple[SourcePath, Span], out: str, message: str) -> None:
    if plan.entry is None:
        return
    path, span = source
    other = plan.whence.get(out)
    notes: tuple[Note, ...] = ()
    if other is not None and other != source:
        index = site.nodes.graph.files[other[0]].index
        notes = (Note("the other one is asked for at", other[0], index.position(other[1].start)),)
    index = site.nodes.graph.files[path].index
    problem = Problem(
        OUTPUT_COLLISION, message, span, help="rename one of the files, or give an asset another place with `to=`"
    )
    site.nodes.graph.add(diagnose(index, path, problem, notes=notes), plan.entry.main.real)


def _check_collisions(site: Site, plan: Plan) -> None:
    """Paths that some file systems take for one: they differ only in case or in Unicode normalisation."""
    seen: dict[str, str] = {}
    for out in sorted([*plan.pages, *plan.copies]):
        folded = unicodedata.normalize("NFC", out).casefold()
        if folded in seen and plan.entry is not None:
            source = plan.whence.get(out) or plan.whence.get(seen[folded]) or (plan.entry.main.real, Span(0, 0))
            both = f"{seen[folded]} and {out}"
            what = "are one path" if seen[folded] == out else "are one path where case does not count"
            _collide(site, plan, source, out, f"{both} {what}")
        seen.setdefault(folded, out)
