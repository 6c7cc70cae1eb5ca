"""What a project consists of: configuration and tree → entries, patterns, and who may read what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from skillweave.config import UnknownEntryError
from skillweave.diagnostics import (
    CASE_MISMATCH,
    DUPLICATE_SKILL,
    MAKE_READABLE,
    NOT_A_REGULAR_FILE,
    OUTPUT_COLLISION,
    PATH_NOT_PORTABLE,
    PATH_OUTSIDE_ROOTS,
    UNREADABLE_FILE,
    Diagnostic,
    Note,
    Severity,
)
from skillweave.files import Tree, dangling, expand_roots, is_below
from skillweave.globs import matches
from skillweave.record import NamedTuple
from skillweave.source import Position, SourcePath, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skillweave.config import Config
    from skillweave.files import Found

START = Position(1, 1)


class EntryFile(NamedTuple):
    """One file of a skill's folder, or the one file of a document: where it is published from and what it really is."""

    path: SourcePath
    real: SourcePath
    treatment: Literal["compile", "copy", "partial"]


class Entry(NamedTuple):
    """A skill or a document: what is built."""

    id: str
    kind: Literal["skill", "document"]
    path: SourcePath
    """Its SKILL.md, or the document."""
    folder: SourcePath
    """The skill's folder; for a document, its root."""
    files: tuple[EntryFile, ...]
    outer: str | None = None
    """The id of the skill that this one lies in."""

    @property
    def main(self) -> EntryFile:
        """Its SKILL.md, or the document's file."""
        return next(file for file in self.files if file.path == self.path)


class Project(NamedTuple):
    """The entries in order of their paths, the pattern roots as they are, and every file below them."""

    entries: tuple[Entry, ...]
    pattern_roots: tuple[SourcePath, ...]
    patterns: tuple[SourcePath, ...]
    """The real path of every file below a pattern root."""
    shared: tuple[SourcePath, ...]
    homes: Mapping[SourcePath, SourcePath]
    """The folder that a skill's or document's own file may read besides patterns."""
    diagnostics: tuple[Diagnostic, ...]
    verbatim: tuple[str, ...] = ()
    """Globs of files that nothing is read in."""

    def is_verbatim(self, path: str) -> bool:
        return bool(self.verbatim) and matches(path, self.verbatim)

    def may_read(self, source: SourcePath, target: str) -> bool:
        """Whether a directive or link in a file may name a target: both are real paths (directives.md, What may be read)."""
        home = self.homes.get(source)
        folders = (*self.pattern_roots, *self.shared, *(() if home is None else (home,)))
        return any(is_below(target, folder) for folder in folders)


def discover(tree: Tree, config: Config) -> Project:
    """Find all entries and patterns. A root that is not there is empty."""
    diagnostics = _unlisted(tree, (*config.patterns, *config.skills, *config.documents))
    pattern_roots = _real_roots(tree, expand_roots(tree, config.patterns), diagnostics)
    patterns = {
        found.real
        for root in pattern_roots
        for path, found in tree.walk(root)
        if _is_file(path, found, diagnostics) and any(is_below(found.real, folder) for folder in pattern_roots)
    }
    homes: dict[SourcePath, SourcePath] = {}
    skills = _skills(tree, config, homes, diagnostics)
    owners = {file.path: entry for entry in skills for file in entry.files}
    documents = _documents(tree, config, homes, owners, diagnostics)
    shared = tuple(found.real for path in config.shared if (found := tree.look_up(path)).kind in ("file", "folder"))
    own = (tree.look_up(root).real for _, root in expand_roots(tree, (*config.skills, *config.documents)))
    allowed = (*own, *pattern_roots, *shared)
    files = (file for entry in (*skills, *documents) for file in entry.files)
    diagnostics += [_strays(file) for file in files if not any(is_below(file.real, root) for root in allowed)]
    entries = tuple(sorted([*skills, *documents], key=lambda entry: entry.path))
    diagnostics += _one_place(entries)
    return Project(
        entries=entries,
        pattern_roots=tuple(pattern_roots),
        patterns=tuple(sorted(patterns)),
        shared=shared,
        homes=homes,
        diagnostics=tuple(diagnostics),
        verbatim=config.verbatim,
    )


def shared_files(tree: Tree, project: Project) -> tuple[SourcePath, ...]:
    """The real path of every file that `shared` in the configuration brings in, whether or not anything names it."""
    found = {found.real for folder in project.shared for _, found in tree.walk(folder) if found.kind == "file"}
    return tuple(sorted(real for real in found if any(is_below(real, folder) for folder in project.shared)))


def choose(project: Project, wanted: Sequence[str]) -> tuple[Entry, ...]:
    """The entries that some names mean: an id, the path of a folder, or of a file of the entry."""
    if not wanted:
        return project.entries
    chosen: dict[SourcePath, Entry] = {}
    for name in wanted:
        path = name.removeprefix("./").rstrip("/")
        is_all = path in ("", ".")
        found = [entry for entry in project.entries if is_all or name == entry.id or _is_at(entry, path)]
        if not name or (not found and not is_all):
            raise UnknownEntryError(name, list(dict.fromkeys(entry.id for entry in project.entries)))
        chosen.update({entry.path: entry for entry in found})
    return tuple(sorted(chosen.values(), key=lambda entry: entry.path))


def _is_at(entry: Entry, path: str) -> bool:
    return entry.path.startswith(f"{path}/") or any(file.path == path for file in entry.files)


def _real_roots(tree: Tree, roots: Iterable[tuple[str, str]], diagnostics: list[Diagnostic]) -> list[SourcePath]:
    real: list[SourcePath] = []
    for _, root in roots:
        found = tree.look_up(root)
        if found.kind == "folder" and found.real not in real:
            real.append(found.real)
        elif found.kind in _NO_ROOT and (trouble := _trouble(SourcePath(root), found)):
            diagnostics.append(trouble)
    return real


_NO_ROOT = ("outside", "misnamed")
"""What a root must not be. One that is not there is empty."""


def _built_twice(config: Config, root: str, entry: Entry, first: Entry) -> Diagnostic:
    """What to say of a root of entries that holds what another one builds; `entry` is the first one of it that does."""
    message = f"{root} holds what is built already: {entry.path} is part of {first.id}"
    cure = f"leave {root}, or the root that holds it, out of the configuration"
    return Diagnostic(DUPLICATE_SKILL, message, config.file or SourcePath(root), START, START, help=cure)


def _one_place(entries: Iterable[Entry]) -> Iterator[Diagnostic]:
    """What to say of entries whose outputs some file systems take for one: they differ only in case or normalisation."""
    known: dict[str, Entry] = {}
    for entry in entries:
        place = entry.folder if entry.kind == "skill" else entry.path
        first = known.setdefault(folded(place), entry)
        if first is not entry:
            other = first.folder if first.kind == "skill" else first.path
            message = f"{other} and {place} are one path where case does not count"
            yield Diagnostic(OUTPUT_COLLISION, message, entry.path, START, START, help="rename one of them")


def _strays(file: EntryFile) -> Diagnostic:
    """A file of an entry that is a symlink to somewhere in the project that nothing may be published from."""
    message = f"{file.path} is a symlink to {file.real}, outside of every root"
    cure = "copy the file, or add its folder to `shared` in the configuration"
    return Diagnostic(PATH_OUTSIDE_ROOTS, message, file.path, START, START, help=cure)


def _leaves(path: SourcePath) -> Diagnostic:
    return Diagnostic(
        PATH_OUTSIDE_ROOTS,
        f"{path} is a symlink that leaves the project",
        path,
        START,
        START,
        help="copy what it points to into the project",
    )


def _trouble(path: SourcePath, found: Found) -> Diagnostic | None:
    """What to say of something below a root that cannot be read or published."""
    match found.kind:
        case "outside":
            return _leaves(path)
        case "missing":
            message = f"{path} {dangling(path, found.real)}"
            cure = "remove the link, or put back what it points to"
            return Diagnostic(NOT_A_REGULAR_FILE, message, path, START, START, help=cure)
        case "misnamed":
            message = f"the name {found.real} is not UTF-8, and not every system can have it"
            return Diagnostic(PATH_NOT_PORTABLE, message, path, START, START, help="rename it")
        case "unreadable":
            return Diagnostic(
                UNREADABLE_FILE, f"{path} cannot be read: {found.detail}", path, START, START, help=MAKE_READABLE
            )
    return None


def _is_file(path: SourcePath, found: Found, diagnostics: list[Diagnostic]) -> bool:
    """Whether something below a pattern root is a file. Of links that lead nowhere, who names them is told."""
    if found.kind in ("unreadable", "misnamed") and (trouble := _trouble(path, found)):
        diagnostics.append(trouble)
    return found.kind == "file"


def _may_be_skill(path: SourcePath, found: Found) -> bool:
    """Whether something that cannot be read may be a skill, or its SKILL.md.

    A link that leads out of the project is not followed to see what it leads to: but no skill has a dot in its name.
    """
    name = path.rpartition("/")[2]
    return found.kind in _LOST and (name == "SKILL.md" or "." not in name)


_LOST = ("outside", "missing", "special", "unreadable", "misnamed")


def _skills(
    tree: Tree, config: Config, homes: dict[SourcePath, SourcePath], diagnostics: list[Diagnostic]
) -> list[Entry]:
    """The skills. What may be one and cannot be read, or has the id of another one, is told."""
    entries: dict[str, Entry] = {}
    built: dict[SourcePath, Entry] = {}
    twice: dict[str, Diagnostic] = {}
    for star, root in expand_roots(tree, config.skills):
        there = tree.look_up(root)
        if wrong := _no_folder(root, there):
            diagnostics.append(wrong)
            continue
        files = list(tree.walk(root)) if there.kind == "folder" else []
        folders = {
            path.rpartition("/")[0] for path, found in files if path.endswith("/SKILL.md") and found.kind == "file"
        }
        owned: dict[str, list[EntryFile]] = {folder: [] for folder in folders}
        diagnostics += [problem for path, found in files if (problem := _misnamed(path, found.kind))]
        diagnostics += [*_folders_named(tree, root, "SKILL.md"), *_aliases(tree, root, folders)]
        for path, found in files:
            folder = path.rpartition("/")[0]
            while folder not in folders and len(folder) > len(root):
                folder = folder.rpartition("/")[0]
            if folder not in folders and not _may_be_skill(path, found):
                continue
            if trouble := _trouble(path, found):
                diagnostics.append(trouble)
            elif found.kind == "special" and folder in folders:
                message, cure = f"{path} is no regular file, and cannot be shipped", "move it out of the skill"
                diagnostics.append(Diagnostic(NOT_A_REGULAR_FILE, message, path, START, START, help=cure))
            elif found.kind == "file":
                owned[folder].append(EntryFile(path, found.real, _treatment(path, folder, config)))
                homes[found.real] = SourcePath(tree.look_up(folder).real)
        for folder in sorted(folders):
            id_ = _id(star, folder, root)
            outer = _outer(folder, folders, root)
            entry = Entry(
                id=id_,
                kind="skill",
                path=SourcePath(f"{folder}/SKILL.md"),
                folder=SourcePath(folder),
                files=tuple(sorted(owned[folder])),
                outer=_id(star, outer, root) if outer else None,
            )
            if entry.path in built:
                twice.setdefault(root, _built_twice(config, root, entry, built[entry.path]))
            elif id_ in entries:
                diagnostics.append(_duplicate(entry, entries[id_]))
            else:
                entries[id_] = built[entry.path] = entry
    diagnostics += twice.values()
    return list(entries.values())


def _aliases(tree: Tree, root: str, folders: set[str]) -> list[Diagnostic]:
    """What to say of symlinks below a root that lead to skills which are built by another path: no skill is built twice."""
    top = tree.look_up(root).real
    links = [(path, target[0]) for path, target in tree.links.items() if target is not None and is_below(path, top)]
    real = [tree.look_up(folder).real for folder in folders] if links else []
    found = []
    for path, target in sorted(links):
        is_other = any(is_below(folder, target) for folder in real) and not is_below(path, target)
        if is_other and not any(is_below(folder, path) for folder in folders):
            message = f"{path} is a symlink to {target}, whose skill is built there and not here"
            cure = "copy the folder, if there are to be two skills; else remove the link"
            place = SourcePath(path)
            found.append(
                Diagnostic(DUPLICATE_SKILL, message, place, START, START, help=cure, severity=Severity.WARNING)
            )
    return found


def _misnamed(path: SourcePath, kind: str) -> Diagnostic | None:
    """What to say of a file that was meant to be a SKILL.md and is none: another case, or no regular file."""
    name = path.rpartition("/")[2]
    if name.casefold() == "skill.md" and name != "SKILL.md" and kind == "file":
        return Diagnostic(CASE_MISMATCH, f"{name} makes no skill", path, START, START, help="name it SKILL.md")
    if name == "SKILL.md" and kind == "special":
        return Diagnostic(NOT_A_REGULAR_FILE, "this SKILL.md is no regular file", path, START, START)
    return None


def _folders_named(tree: Tree, root: str, ending: str) -> list[Diagnostic]:
    """What to say of folders below a root that are called as a file should be."""
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


def _no_folder(root: str, found: Found) -> Diagnostic | None:
    """What to say of a root that is there and is no folder. One that is not there is empty."""
    path = SourcePath(root)
    if found.kind in ("file", "special"):
        message = f"{root} has to be a folder"
        return Diagnostic(NOT_A_REGULAR_FILE, message, path, START, START, help="move it elsewhere")
    return _trouble(path, found) if found.kind in _NO_ROOT else None


def _unlisted(tree: Tree, roots: Iterable[str]) -> list[Diagnostic]:
    """What to say of folders that the `*` of a root stands in, and that cannot be listed."""
    folders = sorted({root.partition("*")[0].strip("/") for root in roots if "*" in root})
    reasons = [
        (SourcePath(folder), tree.listing(folder)) for folder in folders if tree.look_up(folder).kind == "folder"
    ]
    return [
        Diagnostic(UNREADABLE_FILE, f"{folder} cannot be read: {reason}", folder, START, START, help=MAKE_READABLE)
        for folder, reason in reasons
        if isinstance(reason, str)
    ]


def _id(star: str, folder: str, root: str) -> str:
    below = folder[len(root) :].strip("/")
    parts = [star] if star else []
    parts += below.split("/") if below else ([] if star else [root.rpartition("/")[2]])
    return ":".join(parts)


def _outer(folder: str, folders: set[str], root: str) -> str | None:
    above = folder.rpartition("/")[0]
    while len(above) >= len(root):
        if above in folders:
            return above
        above = above.rpartition("/")[0]
    return None


def _treatment(path: str, folder: str, config: Config) -> Literal["compile", "copy", "partial"]:
    if matches(path, config.verbatim) or not path.endswith(".md"):
        return "copy"
    below = path[len(folder) + 1 :]
    return "partial" if any(part.startswith("_") for part in below.split("/")) else "compile"


def _documents(
    tree: Tree,
    config: Config,
    homes: dict[SourcePath, SourcePath],
    owners: dict[SourcePath, Entry],
    diagnostics: list[Diagnostic],
) -> list[Entry]:
    """The documents. What cannot be read, or is built already (by one of `owners`), is told."""
    entries = []
    twice: dict[str, Diagnostic] = {}
    for star, root in expand_roots(tree, config.documents):
        real_root = tree.look_up(root)
        if wrong := _no_folder(root, real_root):
            diagnostics.append(wrong)
        if real_root.kind != "folder":
            continue
        found_below = list(tree.walk(root))
        diagnostics += _folders_named(tree, root, ".md")
        for path, found in found_below:
            if trouble := _trouble(path, found):
                diagnostics.append(trouble)
            if found.kind != "file":
                continue
            homes.setdefault(found.real, SourcePath(real_root.real))
            treatment = _treatment(path, root, config)
            if path.endswith(".md") and treatment != "partial":
                below = path[len(root) + 1 : -3].replace("/", ":")
                entry = Entry(
                    id=f"{star}:{below}" if star else below,
                    kind="document",
                    path=path,
                    folder=SourcePath(root),
                    files=(EntryFile(path, found.real, treatment),),
                )
                if path in owners:
                    twice.setdefault(root, _built_twice(config, root, entry, owners[path]))
                else:
                    owners[path] = entry
                    entries.append(entry)
    diagnostics += twice.values()
    return entries


def _duplicate(entry: Entry, first: Entry) -> Diagnostic:
    return Diagnostic(
        DUPLICATE_SKILL,
        f'the skill id "{entry.id}" is taken',
        entry.path,
        START,
        START,
        help="rename one of the two folders",
        notes=(Note("first used by", first.path, START),),
    )
