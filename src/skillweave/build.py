"""The order of a build: find, read, resolve, plan, check, emit, publish. The only place that knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillweave.cache import Documents
from skillweave.emit import Bundle, emit
from skillweave.files import Tree
from skillweave.flatten import Nodes, plan
from skillweave.graph import Graph, load, order
from skillweave.leftovers import sound_nodes
from skillweave.links import make_site, plan_bundle
from skillweave.project import Entry, Project, choose, discover, hidden_roots
from skillweave.publish import Published, Request, compare
from skillweave.seams import check_seams
from skillweave.validate import check_entry, check_files, check_plan, check_reach, sources_of, with_trails

if TYPE_CHECKING:
    from skillweave.config import Config
    from skillweave.diagnostics import Diagnostic


Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A project worked out, before anything is written."""

    project: Project
    nodes: Nodes
    entries: tuple[Entry, ...]
    """The entries that were asked for."""
    bundles: tuple[Bundle, ...]
    """Those of them that have no error."""
    diagnostics: tuple[Diagnostic, ...]
    tree: Tree
    """All that was read and listed for it."""

    @property
    def graph(self) -> Graph:
        return self.nodes.graph


def compile_project(
    config: Config,
    wanted: Sequence[str] = (),
    *,
    strict: bool = False,
    progress: Progress | None = None,
    documents: Documents | None = None,
) -> Compiled:
    """Everything but the writing: the bundles of the wanted entries (all, if none is named) and all diagnostics.

    `strict` makes warnings errors. `progress` is told how many files are read, and of how many. `documents` are those that
    earlier builds parsed.
    """
    tree = Tree(config.root, hidden_roots(config))
    project = discover(tree, config)
    entries = choose(project, wanted)
    graph = load(tree, project, documents or Documents({}), Graph(strict=strict), progress)
    order(graph, config.limits.depth)
    nodes = plan(graph, project, config)
    for diagnostic in project.diagnostics:
        owners = [entry.main.real for entry in project.entries if diagnostic.path.startswith(f"{entry.folder}/")]
        graph.add(diagnostic, *owners)
    check_seams(nodes)
    nodes.sound |= sound_nodes(nodes)
    check_files(nodes)
    site = make_site(nodes, tree)
    plans = {entry.path: plan_bundle(site, entry) for entry in entries}
    sources = {path: sources_of(site, planned) for path, planned in plans.items()}
    for entry in entries:
        check_entry(nodes, entry)
        check_plan(site, plans[entry.path])
    if not wanted:
        check_reach(site, sources.values())
    bundles = []
    for entry in entries:
        if sources[entry.path] & graph.failed or any(
            nodes.whole(f.real) is None for f in entry.files if f.treatment == "compile"
        ):
            continue
        bundle = emit(nodes, tree, plans[entry.path], sources[entry.path])
        if bundle is not None:
            bundles.append(bundle)
    only = {path for paths in sources.values() for path in paths} if wanted else None
    return Compiled(project, nodes, entries, tuple(bundles), with_trails(nodes, entries, only), tree)


def compare_project(
    config: Config, wanted: Sequence[str], *, strict: bool = False, progress: Progress | None = None
) -> tuple[Compiled, Published]:
    """Compile, and say what publishing would change. Nothing is written."""
    compiled = compile_project(config, wanted, strict=strict, progress=progress)
    return compiled, compare(request_of(config, compiled))


def request_of(config: Config, compiled: Compiled) -> Request:
    """What a build publishes: the bundles that were made. Every other entry of the project keeps what it has."""
    built = {str(bundle.entry.path) for bundle in compiled.bundles}
    kept = frozenset(str(entry.path) for entry in compiled.project.entries) - built
    return Request(config.root / config.output, config.output, compiled.bundles, kept)
