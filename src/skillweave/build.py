"""The order of a whole build: find, read, resolve, plan, check, emit, publish."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from skillweave.cache import Documents
from skillweave.checks.entries import check_entry, check_files, check_plan
from skillweave.checks.ignores import LookedAt, claim_ignores, note_seen, unused_ignores
from skillweave.checks.leftovers import sound_nodes
from skillweave.checks.unreached import check_unreached, meant_patterns, unreached_files
from skillweave.diagnostics import Severity
from skillweave.directive.values import is_relative
from skillweave.emit import emit
from skillweave.files import is_below, tree_of
from skillweave.flatten.planning import plan
from skillweave.globs import matches
from skillweave.graph.order import order
from skillweave.graph.reach import kept_edges, report_problems, starts_of, with_trails
from skillweave.graph.reading import ReadContext, load
from skillweave.graph.values import Graph
from skillweave.links.bundles import plan_bundle, sources_of
from skillweave.links.site import BundlePlan, Site, make_site
from skillweave.parts import Parts, bundled, failed_of, renderings_of, templates_of
from skillweave.project import Entry, Project, choose, discover, shared_files
from skillweave.publish import Published, Request, compare
from skillweave.record import NamedTuple
from skillweave.roots import expand_roots
from skillweave.seams.checking import check_seams
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.bundle import Bundle
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic
    from skillweave.files import Tree
    from skillweave.flatten.values import Nodes
    from skillweave.graph.reach import Closure
    from skillweave.graph.values import Finding
    from skillweave.source import SourcePath


Progress = Callable[[int, int], None]


class Compiled(NamedTuple):
    """A compiled project, before anything is written."""

    project: Project
    site: Site
    entries: tuple[Entry, ...]
    """The entries that were compiled: those that were asked for, or that edits reach."""
    bundles: tuple[Bundle, ...]
    """The bundles of those entries that have no error."""
    diagnostics: tuple[Diagnostic, ...]
    parts: Parts
    """What the run found out, for the next run."""

    @property
    def nodes(self) -> Nodes:
        return self.site.nodes

    @property
    def graph(self) -> Graph:
        return self.site.nodes.graph

    @property
    def tree(self) -> Tree:
        """Everything that was read and listed for the run."""
        return self.site.tree


def compile_project(  # noqa: PLR0913 (each has a default, and callers name it)
    config: Config,
    wanted: Sequence[str] = (),
    *,
    strict: bool = False,
    progress: Progress | None = None,
    documents: Documents | None = None,
    tree: Tree | None = None,
    with_shared: bool = False,
) -> Compiled:
    """Do everything but write: return the bundles of the wanted entries (all entries if none is named) and all
    diagnostics.

    `strict` turns warnings into errors. `progress` is called with the number of files read so far and in total.
    `documents` holds what earlier builds parsed. `tree` replaces the disk as it is read, for instance to try edits.
    `with_shared` also reads all Markdown that `shared` in the configuration brings in, even if nothing names it.
    """
    tree = tree or tree_of(config)
    project = discover(tree, config)
    entries = choose(project, wanted)
    graph = Graph(strict=strict, policy=config.policy)
    starts = starts_of(project)
    if with_shared:
        shared = (path for path in shared_files(tree, project) if path.endswith(".md"))
        starts |= {path for path in shared if not matches(path, config.verbatim)}
    load(ReadContext(tree, project, documents or Documents(), graph), starts, progress)
    site = work_out_texts(graph, project, config, tree)
    plans = plan_bundles(site, entries)
    made_of = {path: sources_of(site, planned) for path, planned in plans.items()}
    unreached: dict[SourcePath, frozenset[SourcePath]] = {}
    meant: frozenset[SourcePath] = frozenset()
    if not wanted:
        sources = [reached.files for reached in made_of.values()]
        paths = unreached_files(site, sources, graph.findings)
        meant = meant_patterns(site, paths, graph.findings)
        unreached = {path: check_unreached(site, path, is_meant=path in meant) for path in paths}
    edges = kept_edges(graph)
    looked_at = LookedAt([reached.compiled for reached in made_of.values()], unreached.keys() - meant, edges)
    vain = [] if wanted else unused_ignores(graph, graph.findings, looked_at)
    graph.failed |= failed_of(vain)
    bundles = make_bundles(site, plans, made_of)
    good = {bundle.entry.path for bundle in bundles}
    shown = {*plans, *(path for reached in made_of.values() for path in reached.compiled)} if wanted else None
    findings = [finding for finding in graph.findings if shown is None or _concerns(finding, shown)]
    parts = Parts(
        edges=edges,
        linked=graph.linked,
        templates=templates_of(graph),
        renderings=renderings_of(site.nodes.calls),
        bundles={
            path: bundled(graph, made_of[path], plan.linked_files, good=path in good) for path, plan in plans.items()
        },
        unreached=unreached,
        meant=meant,
        findings=tuple(findings),
    )
    return Compiled(project, site, entries, bundles, with_trails([*findings, *vain], edges, entries), parts)


def work_out_texts(
    graph: Graph, project: Project, config: Config, tree: Tree, elsewhere: Collection[SourcePath] = ()
) -> Site:
    """Order a graph, work out the nodes of its files, and run all checks that do not depend on a bundle. `elsewhere` are files
    that others include.
    """
    report_problems(graph, project, elsewhere)
    order(graph, config.limits.depth)
    nodes = plan(graph, project, config, tree)
    roots = [root for _, root in expand_roots(tree, config.patterns)]
    for diagnostic in project.diagnostics:
        owners = {entry.main.real for entry in project.entries if _publishes(entry, diagnostic.path)}
        if any(is_below(root, diagnostic.path) for root in roots):
            owners |= _looking_in_roots(graph)  # what they look for may be in the root that has an error
        graph.add(diagnostic, *sorted(owners))
    check_seams(nodes)
    nodes.sound |= sound_nodes(nodes)
    check_files(nodes)
    claim_ignores(graph)
    return make_site(nodes, tree)


def _concerns(finding: Finding, shown: Collection[SourcePath]) -> bool:
    """Whether a finding is laid to one of these files; or, if it is laid to none, is in one of them. A file may have findings
    that are a matter of others, such as of values that these give; and an entry may fail because of what is no file of it.
    """
    return any(path in shown for path in finding.owners or (finding.diagnostic.path,))


def _looking_in_roots(graph: Graph) -> set[SourcePath]:
    """The files with optional directives that were looked up in the pattern roots, and not found."""
    missing = (edge for edges in graph.edges.values() for edge in edges if edge.missing is not None)
    return {edge.source for edge in missing if not is_relative(edge.directive.path)}


def _publishes(entry: Entry, path: SourcePath) -> bool:
    """Whether an entry publishes a file, or would: a skill has all files of its folder, a document only itself."""
    return path == entry.path or (entry.kind == "skill" and path.startswith(f"{entry.folder}/"))


def plan_bundles(site: Site, entries: Iterable[Entry]) -> dict[SourcePath, BundlePlan]:
    """Plan the bundles of some entries, and report what is wrong with them; returns the plans by the entry's path."""
    graph = site.nodes.graph
    plans = {}
    for entry in entries:
        with graph.finding_for(entry.path):
            plans[entry.path] = plan_bundle(site, entry)
            check_entry(site.nodes, entry)
            check_plan(site, plans[entry.path])
            note_seen(site.nodes, plans[entry.path])
    return plans


def make_bundles(
    site: Site, plans: Mapping[SourcePath, BundlePlan], made_of: Mapping[SourcePath, Closure]
) -> tuple[Bundle, ...]:
    """Make the bundles in which nothing has an error."""
    graph = site.nodes.graph
    made = []
    for path, planned in plans.items():
        entry = planned.entry
        if entry is None or made_of[path].compiled & graph.failed:
            continue
        if any(site.nodes.whole(file.real) is None for file in entry.files if file.treatment == "compile"):
            continue
        with graph.finding_for(path):
            made.append(emit(site.nodes, site.tree, planned, made_of[path].files))
    # Some errors show only once texts are made, and may also be laid to files of other bundles.
    return tuple(bundle for bundle in made if bundle and not made_of[bundle.entry.path].compiled & graph.failed)


def compare_project(
    config: Config,
    wanted: Sequence[str],
    *,
    strict: bool = False,
    progress: Progress | None = None,
    documents: Documents | None = None,
) -> tuple[Compiled, Published]:
    """Compile a project, and return with it what publishing would change. Nothing is written."""
    compiled = compile_project(config, wanted, strict=strict, progress=progress, documents=documents)
    return compiled, compare(request_of(config, compiled))


def request_of(config: Config, compiled: Compiled) -> Request:
    """What a build publishes: the bundles that were made. Every other entry of the project keeps its last output.

    So does an entry that may still exist, but is hidden because its path has an error.
    """
    built = {str(bundle.entry.path) for bundle in compiled.bundles}
    kept = frozenset(str(entry.path) for entry in compiled.project.entries) - built
    hidden = {str(found.path) for found in compiled.project.diagnostics if found.severity is Severity.ERROR}
    folder = config.root / config.output
    return Request(folder, config.output, compiled.bundles, kept, hidden=tuple(sorted(hidden)))
