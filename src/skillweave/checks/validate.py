"""What only the whole project can tell: unused patterns, rules for skills, prose that names files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from skillweave.checks.labels import check_labels
from skillweave.diagnostics import (
    INCLUDE_CYCLE,
    INVALID_ENCODING,
    INVALID_FRONT_MATTER,
    NESTED_SKILL,
    NOT_A_REGULAR_FILE,
    UNREADABLE_FILE,
    UNUSED_PATTERN,
    Diagnostic,
    Note,
    Severity,
)
from skillweave.files import read_text
from skillweave.flatten.texts import text_of
from skillweave.flatten.units import to_source
from skillweave.flatten.values import TextKey
from skillweave.graph.reach import closure, trails
from skillweave.graph.values import diagnose
from skillweave.links.bundles import check_links
from skillweave.links.site import held
from skillweave.phrases import near_names
from skillweave.project import START
from skillweave.rules.prose import check_commands, check_skill_names, dangling_path, moved_path, named_paths
from skillweave.rules.size import BYTES_OF_A_TOKEN, Share, Size, check_size, measure
from skillweave.rules.skill import check_skill_front_matter
from skillweave.select import holds, joined
from skillweave.source import Position

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from skillweave.flatten.values import Node, NodeKey, Nodes
    from skillweave.graph.reach import Reached
    from skillweave.graph.values import Finding, Links
    from skillweave.links.site import BundlePlan, PlannedPage, Site
    from skillweave.project import Entry
    from skillweave.select import Ranges
    from skillweave.source import SourcePath, Span


def check_files(nodes: Nodes) -> None:
    """Rules for every single text, whoever includes it; and for what others include of it."""
    graph = nodes.graph
    spliced = _spliced(nodes)
    skills = {entry.id for entry in nodes.project.entries}
    plugins = {id_.partition(":")[0] for id_ in skills if ":" in id_}

    def nearest(plugin: str, name: str) -> str | None:
        if plugin not in plugins or f"{plugin}:{name}" in skills:
            return None
        same = sorted(id_ for id_ in skills if id_.startswith(f"{plugin}:"))
        close = near_names(f"{plugin}:{name}", same)
        return f"did you mean {close[0]}?" if close else f"{plugin} has {', '.join(same[:8])}"

    shown_by: dict[SourcePath, list[SourcePath]] = {}
    for source, edges in graph.edges.items():
        for edge in edges:
            if edge.target is not None and edge.directive.as_code:
                # No mistake of what is shown is one of who shows it, but what hides in it is published, too.
                shown_by.setdefault(edge.target, []).append(source)
    for path, file in sorted(graph.files.items()):
        if not file.text.isascii():
            from skillweave.rules.unicode import check_hidden  # noqa: PLC0415 (its tables are slow to load)

            for problem in check_hidden(file.text):
                graph.add(diagnose(file.line_index, path, problem), path, *shown_by.get(path, ()))
        if file.document is None:
            continue
        for problem in check_skill_names(file.document, nearest):
            graph.report(path, problem)
        for problem in check_commands(file.text, file.document) if path in spliced else ():
            if holds(spliced[path], file.line_index.line_of(problem.span.start)):
                graph.report(path, problem)


def _spliced(nodes: Nodes) -> dict[SourcePath, Ranges]:
    """The lines that are included of each file, as Markdown."""
    keys = {child.key for children in nodes.children.values() for child in children if child is not None}
    found: dict[SourcePath, list[tuple[int, int]]] = {}
    for key in keys:
        sources, lines = nodes.units[key.unit].sources, found.setdefault(key.path, [])
        if key.code is None and sources is None:
            lines += key.ranges
        elif key.code is None and sources is not None:
            lines += [(sources[line], sources[line] + 1) for start, end in key.ranges for line in range(start, end)]
    return {path: joined(ranges) for path, ranges in found.items()}


def check_entry(nodes: Nodes, entry: Entry) -> None:
    """Rules for a skill's front matter and place; a document's front matter is its author's."""
    if entry.kind != "skill":
        return
    graph = nodes.graph
    file = graph.files.get(entry.main.real)
    if file is not None and file.document is not None:
        broken = any(problem.code is INVALID_FRONT_MATTER for problem in file.document.problems)
        if not broken:
            folder = entry.folder.rpartition("/")[2]
            is_late = file.text.lstrip().startswith("---\n")
            for problem in check_skill_front_matter(
                file.document.fields, folder, nodes.config.consumers, is_late=is_late
            ):
                graph.report(file.path, problem)
    if entry.outer is not None:
        message = f"this skill lies inside {entry.outer}, and some agents look for no skill below another"
        cure = "move it beside the other one"
        graph.add(
            Diagnostic(NESTED_SKILL, message, entry.path, START, START, help=cure, severity=Severity.WARNING),
            entry.main.real,
        )


def check_plan(site: Site, plan: BundlePlan) -> None:
    """Rules for a bundle: labels that meet in a page, paths that prose names, and the size of a skill."""
    entry = plan.entry
    if entry is None:
        return
    nodes = site.nodes
    for page in plan.pages.values():
        check_labels(site, page, entry.main.real)
        _check_paths(site, plan, page)
    if entry.kind == "skill" and "SKILL.md" in plan.pages:
        plan.size = _check_skill_size(nodes, entry, plan.pages["SKILL.md"].page.copies[0].key)


def unreached_patterns(
    site: Site, sources: Iterable[frozenset[SourcePath]], findings: Sequence[Finding]
) -> list[SourcePath]:
    """The patterns that are in no bundle; none where an entry cannot be read, and what it includes is not known."""
    project = site.nodes.project
    own = {file.real for entry in project.entries for file in entry.files}
    unread = [finding.diagnostic for finding in findings if finding.diagnostic.code in _UNREAD]
    if any(found.path in own or found in project.diagnostics for found in unread):
        return []
    reached = set().union(*sources)
    return [path for path in project.patterns if path not in reached]


def meant_patterns(site: Site, unreached: Iterable[SourcePath], findings: Iterable[Finding]) -> frozenset[SourcePath]:
    """Those of some patterns that a misspelled line may mean: they are not called unused as well."""
    words = {word for line in misspelled_lines(findings, site) for word in _WORD.findall(line)}
    return frozenset(path for path in unreached if _stem(path) in words)


_WORD = re.compile(r"[^\s/<>{}\"'()#]+?(?=\.md\b|[\s/<>{}\"'()#]|$)")
"""What may be a file's name without its end, in a line that names one."""


_UNREAD = (INVALID_ENCODING, UNREADABLE_FILE, NOT_A_REGULAR_FILE)


def check_unreached(site: Site, path: SourcePath, *, is_meant: bool) -> frozenset[SourcePath]:
    """Report a pattern that no entry reaches (unless a misspelled line may mean it), and check its links, as nobody else
    does. Returns the files they lead to.
    """
    graph = site.nodes.graph
    graph.finder = path
    if not is_meant:
        message, cure = f"no entry reaches {path}", "include it, reference it, or remove it"
        graph.add(Diagnostic(UNUSED_PATTERN, message, path, START, START, help=cure, severity=Severity.WARNING), path)
    file = graph.files.get(path)
    asked: set[SourcePath] = set()
    if file is not None and file.document is not None and file.document.params is None:
        asked = check_links(site, path)
    graph.finder = None
    return frozenset(asked)


def misspelled_lines(findings: Iterable[Finding], site: Site) -> list[str]:
    """The lines with an error that names a file, and the files that their cures name: the patterns that they may mean are
    not called unused as well.
    """
    told = [
        diagnostic
        for diagnostic, _, _, mark in findings
        if mark is None and diagnostic.severity is Severity.ERROR and diagnostic.code.stage in _NAMING
    ]
    lines = [name.casefold() for diagnostic in told for name in _QUOTED_FILE.findall(diagnostic.help or "")]
    # Each line once: one that has many errors may be as long as a file.
    for path, number in dict.fromkeys((diagnostic.path, diagnostic.start.line) for diagnostic in told):
        file = site.nodes.graph.files.get(path)
        known = file.lines if file is not None else read_text(site.tree, path)[0].split("\n")
        lines += [line.casefold() for line in known[number - 1 : number]]
    return lines


_QUOTED_FILE = re.compile(r'"([^"]*\.md)"')
_NAMING = ("SW1", "SW2", "SW5", "SW9")
"""Stages whose errors are about what a directive or a link names."""


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md").casefold()


def sources_of(site: Site, plan: BundlePlan) -> Reached:
    """Every file that goes into a bundle or could: what its pages reach, and what it copies."""
    starts: set[SourcePath] = {page.unit.path for page in plan.pages.values()}
    if plan.entry is not None:
        # Also where no page could be laid out, as with a cycle.
        starts.update(file.real for file in plan.entry.files if file.treatment == "compile")
    reached = closure(site.nodes.graph, starts)
    return reached._replace(copied=reached.copied | (frozenset(plan.copies.values()) - reached.compiled))


def with_trails(findings: Iterable[Finding], links: Links, starts: Collection[SourcePath]) -> tuple[Diagnostic, ...]:
    """All diagnostics, each once and sorted, with the shortest chain of includes that comes to it from one of the starts."""
    found = list(dict.fromkeys(finding.diagnostic for finding in findings if finding.mark is None))
    came = trails(links, starts) if found else {}
    chained = []
    for diagnostic in found:
        chain = []
        path = diagnostic.path
        while path in came and path not in starts:
            path, link = came[path]
            chain.append(Note("included from", path, Position(link.line, link.column)))
        if chain and diagnostic.code is INCLUDE_CYCLE:
            chain = [Note("reached from", chain[-1].path, chain[-1].position)]
        chained.append(diagnostic._replace(notes=(*diagnostic.notes, *chain)) if chain else diagnostic)
    # Two at one place with the same words differ in what follows: their order must not be that of their finding.
    return tuple(sorted(chained, key=lambda d: (*d.sort_key(), d.end, d.help or "", d.label or "", str(d.notes))))


def _check_paths(site: Site, plan: BundlePlan, page: PlannedPage) -> None:
    nodes = site.nodes
    done: set[NodeKey] = set()
    held = {*plan.pages, *plan.copies}
    for copy in page.page.copies:
        if copy.key in done or copy.key.code is not None:
            continue
        done.add(copy.key)
        node = nodes.nodes[copy.key]
        for span, path in _paths_in(site, node):
            plain = path.removeprefix("./")
            if any(out.startswith(plain) or f"/{plain}" in f"/{out}" for out in held):
                continue
            source = _named_file(site, plain, node.unit.path)
            if source is None:
                continue
            place, out = to_source(nodes.graph, node.unit, span), _held_as(plan, source)
            problem = dangling_path(place, path, source) if out is None else moved_path(place, path, out)
            nodes.graph.report(node.unit.path, problem)


def _held_as(plan: BundlePlan, source: str) -> str | None:
    """Where a bundle has a file of the project; None if it does not."""
    pages = (out for out, page in plan.pages.items() if page.unit.path == source)
    return next(pages, None) or next((out for out, copied in plan.copies.items() if copied == source), None)


def _paths_in(site: Site, node: Node) -> tuple[tuple[Span, str], ...]:
    """The code spans in a node's own lines that read as a path."""
    if node.key not in site.prose:
        unit, ranges = node.unit, node.key.ranges
        if unit.key not in site.paths:
            found = named_paths(unit.document) if unit.document else ()
            lines = ((unit.line_index.line_of(span.start), (span, path)) for span, path in found)
            site.paths[unit.key] = sorted(lines)
        site.prose[node.key] = tuple(held(site.paths[unit.key], ranges))
    return site.prose[node.key]


def _named_file(site: Site, path: str, source: SourcePath) -> str | None:
    """What of the project a path in prose means: something there, by its end or from the root; or a place in a root."""
    if site.tree.look_up(path.rstrip("/")).kind == ("folder" if path.endswith("/") else "file"):
        return path
    for known in site.known_files:
        if known.endswith(f"/{path}") or (path.endswith("/") and f"/{path}" in known):
            return known[: known.index(f"/{path}")] + f"/{path}"
    for root in site.roots:
        parent = root.rpartition("/")[0]
        place = f"{parent}/{path}" if parent else path
        if place.startswith(f"{root}/") and source.startswith(f"{parent}/" if parent else ""):
            return f"{place} (not there)"
    return None


def _check_skill_size(nodes: Nodes, entry: Entry, key: NodeKey) -> Size:
    """Report a skill that is too long. Returns how long it is at most, as its sources have it: before what ignores findings
    is left out, and links are rewritten.
    """
    node, limits = nodes.nodes[key], nodes.config.limits
    file = nodes.graph.files[entry.main.real]
    front = file.text[: file.line_index.start(file.document.body)] if file.document else ""
    # A character has at most four bytes, and what levels and prefixes add to a text is less than three times as much: most
    # skills are far from any limit.
    lines, tokens = front.count("\n") + node.height, node.size + BYTES_OF_A_TOKEN * len(front)
    if tokens <= limits.skill_tokens and lines <= limits.skill_lines:
        return Size(lines, BYTES_OF_A_TOKEN * tokens, tokens)
    size = measure(front + text_of(nodes, TextKey(key)) + "\n")
    shares: dict[str, Size] = {}
    for child in (child for child in nodes.children[key.unit] if child is not None):
        text = text_of(nodes, TextKey(child.key))
        known = shares.get(child.edge.directive.path, Size(0, 0, 0))
        shares[child.edge.directive.path] = Size(*(a + b for a, b in zip(known, measure(text), strict=True)))
    problem = check_size(size, limits, [Share(*item) for item in shares.items()])
    if problem:
        nodes.graph.report(entry.main.real, problem)
    return size
