"""Finds comments that ignore nothing. Which ones do is known only when everything is found out; until then, it is recorded in
findings that are not shown.
"""

from __future__ import annotations

from operator import attrgetter

from skillweave.diagnostics import (
    BROKEN_ANCHOR,
    BROKEN_LINK,
    CAPTURED_REFERENCE,
    DANGLING_PATH,
    INHERITED_COMMAND,
    LEFTOVER_DIRECTIVE,
    LINK_OUTSIDE_ROOTS,
    LINK_TO_SKILL,
)
from skillweave.graph.reach import with_dependencies, with_dependents
from skillweave.graph.values import Finding, diagnose
from skillweave.parts import failed_of
from skillweave.ranges import between, holds
from skillweave.record import NamedTuple
from skillweave.suppress import Mark, claim, judge
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from skillweave.flatten.values import Nodes
    from skillweave.graph.values import Graph, KeptEdges
    from skillweave.links.site import BundlePlan
    from skillweave.source import SourcePath

_IN_BUNDLES = frozenset(
    code.number
    for code in (
        CAPTURED_REFERENCE,
        BROKEN_LINK,
        BROKEN_ANCHOR,
        LINK_OUTSIDE_ROOTS,
        LINK_TO_SKILL,
        DANGLING_PATH,
        INHERITED_COMMAND,
    )
)
"""Codes that are only looked for in lines that come into a bundle."""


def claim_ignores(graph: Graph) -> None:
    """Record for every comment that it ignores nothing, which holds until something turns up.

    Comments in the body of a template are left out: some lines are only rendered for other values, so nothing is certain.
    """
    for path, file in sorted(graph.files.items()):
        document = file.document
        for ignore in document.ignores if document else ():
            if document and document.params is not None and ignore.line >= document.body:
                continue
            for code, span in zip(ignore.codes, ignore.names, strict=True):
                diagnostic = diagnose(file.line_index, path, claim(ignore, code, span))
                graph.findings.append(Finding(diagnostic, (path,), None, Mark("claim", ignore.line, code.number)))
                if document and (ignore.line < document.body or ignore.last == ignore.line):
                    graph.findings.append(Finding(diagnostic, (), None, Mark("seen", ignore.line)))


def note_seen(nodes: Nodes, plan: BundlePlan) -> None:
    """Record the comments whose lines have come into a bundle, so that the rules for bundles have seen these lines."""
    graph = nodes.graph
    done = set()
    for page in plan.pages.values():
        for copy in page.layout.copies:
            file = graph.files.get(copy.key.path)
            if file is None or file.document is None or not file.document.ignores:
                continue
            ranges = copy.key.ranges
            if copy.key.code is not None or copy.key in done or not ranges:
                continue
            done.add(copy.key)
            for ignore in between(file.document.ignores, ranges[0][0], ranges[-1][1], attrgetter("last")):
                if ignore.codes and holds(ranges, ignore.last):
                    diagnostic = diagnose(file.line_index, file.path, claim(ignore, ignore.codes[0], ignore.names[0]))
                    graph.findings.append(Finding(diagnostic, (), graph.finder, Mark("seen", ignore.line)))


class LookedAt(NamedTuple):
    """What the rules of a run have looked at."""

    bundles: Collection[frozenset[SourcePath]]
    """The files of every bundle."""
    unreached: Collection[SourcePath]
    """The patterns that no entry reaches. Each was checked with all that it includes."""
    edges: KeptEdges

    def without(self, failed: Collection[SourcePath]) -> set[SourcePath]:
        """The files that were checked in full: nothing that contains them, be it a bundle or an unreached pattern, contains a
        failed file.
        """
        names = {path: [edge.target for edge in edges if edge.follows] for path, edges in self.edges.items()}
        failing = with_dependents([names], failed).intersection(self.unreached) if self.unreached else ()
        seen = with_dependencies(names, self.unreached).union(*self.bundles)
        return seen.difference(
            with_dependencies(names, failing), *(files for files in self.bundles if not files.isdisjoint(failed))
        )


def unused_ignores(graph: Graph, findings: Sequence[Finding], looked_at: LookedAt) -> list[Finding]:
    """Find the comments that ignore nothing, given all findings of a project. A comment is passed over if an error may have
    kept some rules from being checked.
    """
    met = {(finding.diagnostic.path, *finding.mark) for finding in findings if finding.mark}
    if not any(kind == "claim" for _, kind, _, _ in met):
        return []
    # Leftover directives are found last, when all other rules have been checked.
    failed = failed_of(finding for finding in findings if finding.diagnostic.code is not LEFTOVER_DIRECTIVE)
    judged = looked_at.without(failed)
    found = []
    for finding in dict.fromkeys(findings):
        mark, path = finding.mark, finding.diagnostic.path
        if mark is None or mark.kind != "claim" or path not in judged or (path, "ignored", *mark[1:]) in met:
            continue
        if mark.number in _IN_BUNDLES and (path, "seen", mark.line, "") not in met:
            continue
        told = judge(graph.policy, finding.diagnostic, (), strict=graph.strict)
        if told is not None and not isinstance(told, Mark):
            found.append(Finding(told, finding.owners, None))
    return found
