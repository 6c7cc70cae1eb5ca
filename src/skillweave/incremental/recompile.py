"""Recompiles a project as far as some edits reach, and no further. The result equals that of a whole run."""

from __future__ import annotations

from types import MappingProxyType

from skillweave.build import Compiled, make_bundles, plan_bundles, work_out_texts
from skillweave.checks.ignores import LookedAt, unused_ignores
from skillweave.checks.unreached import check_unreached, meant_patterns, unreached_files
from skillweave.diagnostics import LEFTOVER_DIRECTIVE
from skillweave.graph.reach import kept_edges, starts_of, with_dependencies, with_trails
from skillweave.graph.reading import ReadContext, load
from skillweave.graph.values import Graph
from skillweave.links.bundles import sources_of
from skillweave.parts import (
    Bundled,
    Parts,
    affected_by,
    bundled,
    depend_on_known_files,
    failed_of,
    renderings_of,
    templates_of,
)
from skillweave.project import discover
from skillweave.record import NamedTuple
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skillweave.cache import Documents
    from skillweave.config import Config
    from skillweave.files import Tree
    from skillweave.graph.values import Finding, KeptEdge, SourceFile
    from skillweave.links.site import BundlePlan, Site
    from skillweave.parts import Affected
    from skillweave.project import Entry, Project
    from skillweave.source import SourcePath


class Edits(NamedTuple):
    """What has changed since a run, and what that run found out. No folder has changed."""

    changed: frozenset[SourcePath]
    """The files whose content has changed."""
    pending: frozenset[str]
    """The entries that must be worked out whatever has changed."""
    last: Parts
    tree: Tree
    """Its folders list the same names that the last run saw."""
    project: Project | None = None
    """The project that the last run found in the folders, if it is at hand."""
    files: Mapping[SourcePath, SourceFile] = MappingProxyType({})
    """The files that it or an earlier run has read, if they are at hand."""


def recompile(config: Config, edits: Edits, documents: Documents, *, strict: bool) -> Compiled | None:
    """Like `compile_project`, but with only those bundles that the edits reach. None if everything must be worked out anew."""
    last, tree = edits.last, edits.tree
    project = edits.project or discover(tree, config)
    if not depend_on_known_files(last.findings) or {entry.path for entry in project.entries} != last.bundles.keys():
        return None
    graph = Graph(strict=strict, policy=config.policy)
    known = {path: file for path, file in edits.files.items() if path not in edits.changed}
    reading = ReadContext(tree, project, documents, graph, is_part=True, known=known)
    changed = {path for path in edits.changed if path in last.edges}
    followed = _followed(project, last.edges, last.linked)
    load(reading, changed & followed, shown=changed - followed)
    if (templates_of(graph) ^ last.templates) & changed:
        return None  # A text that links to it depends on it only while it is a template, and that has changed.
    affected = affected_by(last, graph, edits.changed)
    entries = _affected_entries(project, edits, affected)
    own = starts_of(project._replace(patterns=(), entries=entries))
    named = {path: [edge.target for edge in edges if edge.reads] for path, edges in last.edges.items()}
    load(reading, {*(starts_of(project) & affected.files), *own}, likely=with_dependencies(named, own))
    names = _names(project, last, graph)
    while shown := [path for path, file in graph.files.items() if file.quoted is not None and path in names.followed]:
        load(reading, shown)  # The edited files only show these as code, but others do more with them.
        names = _names(project, last, graph)
    if not graph.files.keys() <= names.edges.keys():
        return None  # Nothing names an edited file any more, and a whole run would not read it.
    elsewhere = {
        edge.target for path, edges in names.edges.items() if path not in graph.files for edge in edges if edge.splices
    }
    site = work_out_texts(graph, project, config, tree, elsewhere)
    # Only now is it known which templates links lead to.
    names = names._replace(linked=_with_known(last, graph, {**names.linked, **graph.linked}))
    merge = _Merge(site, last, affected, plan_bundles(site, entries), names)
    # All files share one limit, and only a whole run says where they exceed it.
    is_too_much = sum(_renderings(merge).values()) > config.limits.expansions
    return None if is_too_much else _merged(project, entries, merge)


class _Names(NamedTuple):
    """What the project's files name now. Listed are the files that a whole run would read, and no others."""

    edges: dict[SourcePath, tuple[KeptEdge, ...]]
    linked: dict[SourcePath, tuple[SourcePath, ...]]
    followed: set[SourcePath]


def _names(project: Project, last: Parts, graph: Graph) -> _Names:
    edges = {**last.edges, **kept_edges(graph)}
    linked = {**{path: to for path, to in last.linked.items() if path not in graph.files}, **graph.linked}
    linked = _with_known(last, graph, linked)
    read = {path: [edge.target for edge in edges[path] if edge.reads] for path in edges}
    for path, targets in linked.items():
        read[path] = [*read.get(path, ()), *targets]
    alive = with_dependencies(read, starts_of(project))
    kept = {path: edges[path] for path in edges if path in alive}
    linked = {path: to for path, to in linked.items() if path in alive}
    return _Names(kept, linked, _followed(project, kept, linked))


def _with_known(
    last: Parts, graph: Graph, linked: Mapping[SourcePath, tuple[SourcePath, ...]]
) -> dict[SourcePath, tuple[SourcePath, ...]]:
    """What links lead to, with what those of a template led to before: this run may have seen only some of its renderings."""
    known = {path: [to for to in last.linked.get(path, ()) if to in last.templates] for path in templates_of(graph)}
    return {
        **linked,
        **{path: (*dict.fromkeys((*linked.get(path, ()), *known[path])),) for path in known if known[path]},
    }


def _followed(
    project: Project,
    edges: Mapping[SourcePath, tuple[KeptEdge, ...]],
    linked: Mapping[SourcePath, tuple[SourcePath, ...]],
) -> set[SourcePath]:
    """The files whose own directives and links count, as they are not only shown as code."""
    named = ([edge.target for edge in found if edge.follows] for found in edges.values())
    return starts_of(project).union(*named, *linked.values())


class _Merge(NamedTuple):
    """What was worked out anew, and what is known from the last run."""

    site: Site
    last: Parts
    affected: Affected
    plans: Mapping[SourcePath, BundlePlan]
    names: _Names


def _renderings(merge: _Merge) -> dict[SourcePath, int]:
    """At most how many sets of values each template is rendered with now. This run may have seen only some that it had."""
    counts = {path: count for path, count in merge.last.renderings.items() if path in merge.names.edges}
    for path, count in renderings_of(merge.site.nodes.calls).items():
        counts[path] = max(count, counts.get(path, 0))
    return counts


def _affected_entries(project: Project, edits: Edits, affected: Affected) -> tuple[Entry, ...]:
    """The entries that edits reach, and those that are pending.

    An entry with a leftover directive is always included: which entries report it depends on what else fails each of them.
    """
    again = {finding.finder for finding in edits.last.findings if finding.diagnostic.code is LEFTOVER_DIRECTIVE}
    return tuple(
        entry
        for entry in project.entries
        if entry.path in edits.pending
        or entry.path in again
        or edits.last.bundles[entry.path].depends_on(affected.changed)
        or any(file.real in affected.files for file in entry.files)
    )


def _merged(project: Project, entries: tuple[Entry, ...], merge: _Merge) -> Compiled | None:
    site, last, plans = merge.site, merge.last, merge.plans
    graph = site.nodes.graph
    kept = [finding for finding in last.findings if _is_still_true(merge, finding)]
    graph.failed |= failed_of(kept)
    made_of = {path: sources_of(site, planned) for path, planned in plans.items()}
    now = {path: bundled(graph, made_of[path], plans[path].linked_files, good=True) for path in plans}
    sources = [now.get(path, known).sources for path, known in last.bundles.items()]
    unreached: dict[SourcePath, frozenset[SourcePath]] = {}
    asked = set().union(*(planned.linked_files for planned in plans.values()))
    so_far = [*kept, *_fresh(merge)]
    paths = unreached_files(site, sources, so_far)
    meant = meant_patterns(site, paths, so_far)
    for path in paths:
        known = last.unreached.get(path)
        is_as_before = (path in meant) is (path in last.meant)
        if known is not None and is_as_before and merge.affected.files.isdisjoint({path, *known}):
            unreached[path] = known
            kept += [finding for finding in last.findings if finding.finder == path]
        elif path in graph.files:
            unreached[path] = check_unreached(site, path, is_meant=path in meant)
            asked |= unreached[path]
        else:
            return None
    if _asks_beyond(merge, asked) or any(planned.consulted - graph.files.keys() for planned in plans.values()):
        return None
    edges, linked, _ = merge.names
    compiled = [now.get(path, known).compiled for path, known in last.bundles.items()]
    vain = unused_ignores(graph, [*kept, *_fresh(merge)], LookedAt(compiled, unreached.keys() - meant, edges))
    graph.failed |= failed_of([*kept, *vain])
    bundles = make_bundles(site, plans, made_of)
    findings = (*kept, *_fresh(merge))
    good = {bundle.entry.path for bundle in bundles}
    known_bundles = _known_bundles(merge, failed_of([*findings, *vain]))
    if known_bundles is None or not depend_on_known_files(graph.findings):
        return None
    redone = {path: known._replace(good=path in good) for path, known in now.items()}
    templates = {path for path in last.templates if path not in graph.files} | templates_of(graph)
    parts = Parts(
        edges=edges,
        linked=linked,
        templates=frozenset(templates & edges.keys()),
        renderings=_renderings(merge),
        bundles={path: redone.get(path) or known_bundles[path] for path in last.bundles},
        unreached=unreached,
        meant=meant,
        findings=findings,
    )
    diagnostics = with_trails([*findings, *vain], parts.edges, project.entries)
    return Compiled(project, site, entries, bundles, diagnostics, parts)


def _asks_beyond(merge: _Merge, asked: set[SourcePath]) -> bool:
    """Whether a link leads to a text that was not read for its sake, which only the rendering of a template shows."""
    site = merge.site
    for path in asked:
        if path.endswith(".md") and path in merge.names.edges and path not in site.nodes.graph.files:
            owned = site.owners.get(path)
            if owned is None or owned.file.path != owned.entry.path:
                return True
    return False


def _is_still_true(merge: _Merge, finding: Finding) -> bool:
    """Whether a finding of the last run still holds: its file is not reached by the edits, or its bundle was not worked out
    anew.
    """
    if finding.finder is None:
        return finding.diagnostic.path not in merge.affected.files
    return finding.finder in merge.last.bundles and finding.finder not in merge.plans


def _fresh(merge: _Merge) -> list[Finding]:
    """The findings of this run, without those in files that it saw only in part: these are known from the last run."""
    seen = merge.affected.files | merge.affected.below
    return [
        finding
        for finding in merge.site.nodes.graph.findings
        if finding.finder is not None or finding.diagnostic.path in seen
    ]


def _known_bundles(merge: _Merge, failed: set[SourcePath]) -> dict[SourcePath, Bundled] | None:
    """The bundles that were not worked out anew. None if one of them has to be, because an error in it is gone."""
    found = {}
    for path, known in merge.last.bundles.items():
        if path in merge.plans:
            continue
        fails = known.fails(failed)
        if not fails and not known.good:
            return None
        found[path] = known._replace(good=False) if fails and known.good else known
    return found
