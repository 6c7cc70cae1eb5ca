"""Rules for files, entries and bundles that need more than one text to decide."""

from __future__ import annotations

from skillweave.checks.labels import check_labels
from skillweave.checks.paths import Outputs, check_paths
from skillweave.diagnostics import (
    INVALID_FRONT_MATTER,
    NESTED_SKILL,
    Diagnostic,
    Severity,
)
from skillweave.flatten.texts import text_of
from skillweave.flatten.values import TextKey
from skillweave.graph.values import diagnose
from skillweave.phrases import near_names
from skillweave.ranges import holds, joined
from skillweave.rules.prose import check_commands, check_skill_names
from skillweave.rules.size import BYTES_OF_A_TOKEN, Share, Size, check_size, measure
from skillweave.rules.skill import check_skill_front_matter
from skillweave.source import START
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skillweave.flatten.values import NodeKey, Nodes
    from skillweave.links.site import BundlePlan, Site
    from skillweave.project import Entry
    from skillweave.ranges import Ranges
    from skillweave.source import SourcePath


def _by_plugin(skills: Iterable[str]) -> dict[str, list[str]]:
    """The ids of skills by their plugin, sorted; those without one are left out."""
    found: dict[str, list[str]] = {}
    for id_ in sorted(skills):
        if ":" in id_:
            found.setdefault(id_.partition(":")[0], []).append(id_)
    return found


def check_files(nodes: Nodes) -> None:
    """Check the rules for every single text, whoever includes it, and for what others include of it."""
    graph = nodes.graph
    spliced = _spliced(nodes)
    skills = {entry.id for entry in nodes.project.entries}
    plugins = _by_plugin(skills)

    def nearest(plugin: str, name: str) -> str | None:
        if plugin not in plugins or f"{plugin}:{name}" in skills:
            return None
        same = plugins[plugin]
        close = near_names(f"{plugin}:{name}", same)
        return f"did you mean {close[0]}?" if close else f"{plugin} has {', '.join(same[:8])}"

    shown_by: dict[SourcePath, list[SourcePath]] = {}
    for source, edges in graph.edges.items():
        for edge in edges:
            if edge.target is not None and edge.directive.as_code:
                # Mistakes in what is shown as code do not count for the file that shows it, but hidden characters are published
                # with it.
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
        is_brought = path in spliced and path not in nodes.project.homes
        for problem in check_commands(file.text, file.document) if is_brought else ():
            if holds(spliced[path], file.line_index.line_of(problem.span.start)):
                graph.report(path, problem)


def _spliced(nodes: Nodes) -> dict[SourcePath, Ranges]:
    """The lines of each file that others include as Markdown."""
    keys = {child.key for children in nodes.children.values() for child in children if child is not None}
    found: dict[SourcePath, list[tuple[int, int]]] = {}
    for key in keys:
        lines, unit = found.setdefault(key.path, []), nodes.units[key.unit]
        if key.code is None and unit.rendering is None:
            lines += key.ranges
        elif key.code is None:
            sources = (unit.source_line(line) for start, end in key.ranges for line in range(start, end))
            lines += [(source, source + 1) for source in sources]
    return {path: joined(ranges) for path, ranges in found.items()}


def check_entry(nodes: Nodes, entry: Entry) -> None:
    """Check the rules for a skill's front matter and place. A document's front matter is up to its author."""
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
        message = f"this skill is inside {entry.outer}, and some agents do not look for skills inside a skill"
        cure = "move it next to the other skill"
        graph.add(
            Diagnostic(NESTED_SKILL, message, entry.path, START, START, help=cure, severity=Severity.WARNING),
            entry.main.real,
        )


def check_plan(site: Site, plan: BundlePlan) -> None:
    """Check the rules for a bundle: labels that meet in a page, paths named in prose, and the size of a skill."""
    entry = plan.entry
    if entry is None:
        return
    nodes, outputs = site.nodes, Outputs(plan)
    for page in plan.pages.values():
        check_labels(site, page, entry.main.real)
        check_paths(site, outputs, page, entry.main.real)
    if entry.kind == "skill" and "SKILL.md" in plan.pages:
        plan.size = _check_skill_size(nodes, entry, plan.pages["SKILL.md"].layout.copies[0].key)


def _check_skill_size(nodes: Nodes, entry: Entry, key: NodeKey) -> Size:
    """Report a skill that is too long. Returns an upper bound for its size, measured on its sources: comments that ignore
    findings are still in there, and links are not rewritten yet.
    """
    node, limits = nodes.nodes[key], nodes.config.limits
    file = nodes.graph.files[entry.main.real]
    front = file.text[: file.line_index.start(file.document.body)] if file.document else ""
    # A character of the front matter has at most four bytes. Taking every byte for a token leaves room for what heading levels
    # and prefixes add, which is less than three times the text. Most skills stay below the limits even so.
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
