"""Diagnostics of folders and files that are no part of a project, though they may be meant to be."""

from __future__ import annotations

from skillweave.diagnostics import (
    CASE_MISMATCH,
    DUPLICATE_SKILL,
    MAKE_READABLE,
    NOT_A_REGULAR_FILE,
    NOT_MARKDOWN,
    OUTPUT_COLLISION,
    PATH_NOT_PORTABLE,
    PATH_OUTSIDE_ROOTS,
    UNREADABLE_FILE,
    Diagnostic,
    Note,
    Severity,
)
from skillweave.files import Tree, dangling, is_below
from skillweave.roots import lost_link
from skillweave.source import START, SourcePath, folded
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skillweave.config import Config
    from skillweave.files import Found
    from skillweave.project.values import Entry, EntryFile


def built_twice(config: Config, root: str, entry: Entry, first: Entry) -> Diagnostic:
    """A root holds something that another root builds; `entry` is the first such entry below it."""
    message = f"{root} contains what is already built: {entry.path} is part of {first.id}"
    cure = f"remove {root}, or the root that contains it, from the configuration"
    return Diagnostic(DUPLICATE_SKILL, message, config.file or SourcePath(root), START, START, help=cure)


def duplicate(entry: Entry, first: Entry) -> Diagnostic:
    """The diagnostic for a skill whose id another one has."""
    return Diagnostic(
        DUPLICATE_SKILL,
        f'the skill id "{entry.id}" is used twice',
        entry.path,
        START,
        START,
        help="rename one of the two folders",
        notes=(Note("first used by", first.path, START),),
    )


def one_place(entries: Iterable[Entry]) -> Iterator[Diagnostic]:
    """Entries whose outputs are the same on some file systems: they differ only in case or Unicode normalisation."""
    known: dict[str, Entry] = {}
    for entry in entries:
        place = entry.folder if entry.kind == "skill" else entry.path
        first = known.setdefault(folded(place), entry)
        if first is not entry:
            other = first.folder if first.kind == "skill" else first.path
            message = f"{other} and {place} are the same path where case does not matter"
            yield Diagnostic(OUTPUT_COLLISION, message, entry.path, START, START, help="rename one of them")


def aliases(tree: Tree, root: str, folders: set[str]) -> list[Diagnostic]:
    """Symlinks below a root that lead to skills built under another path: no skill is built twice."""
    top = tree.look_up(root).real
    links = [(path, target[0]) for path, target in tree.symlinks.items() if target is not None and is_below(path, top)]
    real = [tree.look_up(folder).real for folder in folders] if links else []
    found = []
    for path, target in sorted(links):
        is_other = any(is_below(folder, target) for folder in real) and not is_below(path, target)
        if is_other and not any(is_below(folder, path) for folder in folders):
            message = f"{path} is a symlink to {target}, whose skill is built there, not here"
            cure = "copy the folder if you want two skills; otherwise, remove the link"
            place = SourcePath(path)
            found.append(
                Diagnostic(DUPLICATE_SKILL, message, place, START, START, help=cure, severity=Severity.WARNING)
            )
    return found


def stray(file: EntryFile) -> Diagnostic:
    """A file of an entry is a symlink to a place in the project that nothing may be published from."""
    message = f"{file.path} is a symlink to {file.real}, which is outside every root"
    cure = "copy the file, or add its folder to `shared` in the configuration"
    return Diagnostic(PATH_OUTSIDE_ROOTS, message, file.path, START, START, help=cure)


def not_markdown(path: SourcePath, real: SourcePath) -> Iterator[Diagnostic]:
    """A file that is named like Markdown is a symlink to a file that is not: what a file is, its own name says."""
    if not real.endswith(".md"):
        message = f"{path} is a symlink to {real}, which is not a Markdown file"
        cure = "give that file a name that ends in .md, or copy it"
        yield Diagnostic(NOT_MARKDOWN, message, path, START, START, help=cure)


def _leaves(path: SourcePath) -> Diagnostic:
    return Diagnostic(
        PATH_OUTSIDE_ROOTS,
        f"{path} is a symlink that leaves the project",
        path,
        START,
        START,
        help="copy what it points to into the project",
    )


def trouble(path: SourcePath, found: Found) -> Diagnostic | None:
    """Something below a root cannot be read or published; None for any other kind."""
    match found.kind:
        case "outside":
            return _leaves(path)
        case "missing":
            message = f"{path} {dangling(path, found.real)}"
            cure = "remove the link, or put back what it points to"
            return Diagnostic(NOT_A_REGULAR_FILE, message, path, START, START, help=cure)
        case "misnamed":
            message = f"the name {found.real} is not UTF-8, which not every system allows"
            return Diagnostic(PATH_NOT_PORTABLE, message, path, START, START, help="rename it")
        case "unreadable":
            return Diagnostic(
                UNREADABLE_FILE, f"{path} cannot be read: {found.detail}", path, START, START, help=MAKE_READABLE
            )
    return None


def almost_a_skill(path: SourcePath, kind: str) -> Diagnostic | None:
    """The diagnostic for a file that was meant to be a SKILL.md: it has another case, or is no regular file. Else None."""
    name = path.rpartition("/")[2]
    if name.casefold() == "skill.md" and name != "SKILL.md" and kind == "file":
        return Diagnostic(
            CASE_MISMATCH, f"{name} does not make a skill", path, START, START, help="rename it to SKILL.md"
        )
    if name == "SKILL.md" and kind == "special":
        return Diagnostic(NOT_A_REGULAR_FILE, "this SKILL.md is not a regular file", path, START, START)
    return None


def folders_named(tree: Tree, root: str, ending: str) -> list[Diagnostic]:
    """Folders below a root whose name ends like that of a file which should be there."""
    top = tree.look_up(root).real
    listed = [(folder, names) for folder, names in tree.listings.items() if is_below(folder, top)]
    found = [
        SourcePath(f"{folder}/{name}")
        for folder, names in listed
        if not isinstance(names, str)
        for name, kind in names.items()
        if kind == "folder" and name.endswith(ending)
    ]
    return [Diagnostic(NOT_A_REGULAR_FILE, f"{path} is a folder", path, START, START) for path in sorted(found)]


def no_folder(tree: Tree, root: str) -> Diagnostic | None:
    """A root exists but is no folder, is a symlink that leads nowhere or outside, or has no name in UTF-8. None if it is a
    folder; also if it does not exist, which counts as empty.
    """
    path, found, link = SourcePath(root), tree.look_up(root), lost_link(tree, root)
    if found.kind in ("file", "special"):
        message = f"{root} must be a folder"
        return Diagnostic(NOT_A_REGULAR_FILE, message, path, START, START, help="move it elsewhere")
    if link is not None:
        return trouble(SourcePath(link), tree.look_up(link))
    return trouble(path, found) if found.kind in ("outside", "misnamed") else None


def unlisted(tree: Tree, roots: Iterable[str]) -> list[Diagnostic]:
    """Folders that cannot be listed, though the `*` of a root stands for their entries."""
    folders = sorted({root.partition("*")[0].strip("/") for root in roots if "*" in root})
    reasons = [
        (SourcePath(folder), tree.listing(folder)) for folder in folders if tree.look_up(folder).kind == "folder"
    ]
    return [
        Diagnostic(UNREADABLE_FILE, f"{folder} cannot be read: {reason}", folder, START, START, help=MAKE_READABLE)
        for folder, reason in reasons
        if isinstance(reason, str)
    ]
