"""Finds where code, prose and the configuration name what moves. These places are left alone, as only the author knows what
they are about.
"""

from __future__ import annotations

import re

from skillweave.destination import below_root
from skillweave.files import Text, is_below, read_text
from skillweave.move.check import known_files
from skillweave.move.values import Mention, Move
from skillweave.source import LineIndex
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skillweave.build import Compiled
    from skillweave.source import Edit, SourcePath, Span


def mentions(
    before: Compiled, after: Compiled, move: Move, rewritten: Mapping[SourcePath, tuple[Edit, ...]]
) -> tuple[Mention, ...]:
    """Every place in a text or the configuration that names what moves, and is neither a live directive nor a link."""
    names = re.compile("|".join([*_names(before, move), *_ids(before, after, move)]))
    found = []
    configuration = before.nodes.config.file
    for path in sorted({*known_files(before), *([configuration] if configuration else [])}):
        file = before.graph.files.get(path)
        text, _, problem = Text(file.text, file.digest) if file else read_text(before.tree, path)
        if problem is not None:
            continue
        live = _live(before, path)
        index = LineIndex(text)
        for match in names.finditer(text):
            start, end = match.span()
            if not any(span.start < end and start < span.end for span in live):
                position = index.position(start)
                grown = _growth(rewritten.get(path, ()), index.starts[position.line - 1], start)
                found.append(Mention(move.path(path), position._replace(column=position.column + grown), match[0]))
    return tuple(found)


def _names(before: Compiled, move: Move) -> Iterator[str]:
    """Yield regular expressions for the paths of what moves: from the project's root, from a pattern root, and in bundles."""
    below = below_root(move.old, before.project.pattern_roots)
    names = [move.old, *([below, f"references/{below}", f"assets/{below}"] if below != move.old else [])]
    ends = r"(?![\w-])" if move.is_folder else r"(?![\w/-]|\.\w)"
    for name in names:
        is_telling = "/" in name or "." in name
        if is_telling or move.is_folder:
            # A single word says little. The name of a folder only counts if it is written as a path.
            yield rf"(?<![\w./-])(?:\.\.?/)*{re.escape(name)}{ends if is_telling else '/'}"


def _ids(before: Compiled, after: Compiled, move: Move) -> Iterator[str]:
    """Yield regular expressions for the ids that skills lose by the move: between back-ticks, or anywhere if they contain a
    colon.
    """
    old = {entry.id for entry in before.project.entries if is_below(entry.main.real, move.old)}
    for id_ in sorted(old - {entry.id for entry in after.project.entries}):
        yield rf"(?<=`){re.escape(id_)}(?=`)" if ":" not in id_ else rf"(?<![\w:/-]){re.escape(id_)}(?![\w:-])"


def _live(before: Compiled, path: SourcePath) -> list[Span]:
    """The spans that the move has already decided about: directives and destinations."""
    directives = [edge.directive.span for edge in before.graph.edges.get(path, ())]
    file = before.graph.files.get(path)
    destinations = file.document.destinations if file and file.document else ()
    return [*directives, *(destination.span for destination in destinations)]


def _growth(edits: tuple[Edit, ...], start: int, end: int) -> int:
    """By how many characters edits make the text between two offsets longer."""
    return sum(len(edit.text) - (edit.end - edit.start) for edit in edits if start <= edit.start < end)
