"""Configuration and tree → the entries and patterns of a project, and who may read what."""

from __future__ import annotations

from skillweave.diagnostics import NOT_A_REGULAR_FILE, Diagnostic
from skillweave.files import Tree, is_below
from skillweave.globs import matches
from skillweave.project.troubles import (
    aliases,
    almost_a_skill,
    built_twice,
    duplicate,
    folders_named,
    no_folder,
    not_markdown,
    one_place,
    stray,
    trouble,
    unlisted,
)
from skillweave.project.values import Entry, EntryFile, Project
from skillweave.roots import absent_roots, expand_roots
from skillweave.source import START, SourcePath, folders_above
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from skillweave.config import Config
    from skillweave.files import Found
    from skillweave.project.values import Treatment


def discover(tree: Tree, config: Config) -> Project:
    """Find all entries and patterns. A root that does not exist counts as empty."""
    search = _Search(tree, config)
    search.diagnostics += unlisted(tree, (*config.patterns, *config.skills, *config.documents))
    pattern_roots = search.pattern_roots()
    patterns = search.patterns(pattern_roots)
    skills = search.skills()
    documents = search.documents({file.path: entry for entry in skills for file in entry.files})
    shared = tuple(found.real for path in config.shared if (found := tree.look_up(path)).kind in ("file", "folder"))
    absent = tuple(found.real for path in config.shared if (found := tree.look_up(path)).kind == "missing")
    own = (tree.look_up(root).real for _, root in expand_roots(tree, (*config.skills, *config.documents)))
    allowed = (*own, *pattern_roots, *shared)
    files = [file for entry in (*skills, *documents) for file in entry.files]
    search.diagnostics += [stray(file) for file in files if not any(is_below(file.real, root) for root in allowed)]
    entries = tuple(sorted([*skills, *documents], key=lambda entry: entry.path))
    search.diagnostics += one_place(entries)
    return Project(
        entries=entries,
        pattern_roots=tuple(pattern_roots),
        patterns=tuple(sorted(patterns)),
        shared=shared,
        homes=search.homes,
        diagnostics=tuple(search.diagnostics),
        partials=tuple(sorted({*search.partials, *(file.real for file in files if file.treatment == "partial")})),
        absent=absent,
        absent_roots=tuple(map(SourcePath, absent_roots(tree, config.patterns))),
        verbatim=config.verbatim,
    )


def shared_files(tree: Tree, project: Project) -> tuple[SourcePath, ...]:
    """The real path of every file that `shared` in the configuration brings in, whether or not anything names it."""
    found = {found.real for folder in project.shared for _, found in tree.walk(folder) if found.kind == "file"}
    return tuple(sorted(real for real in found if any(is_below(real, folder) for folder in project.shared)))


class _Search:
    """A walk over all roots of a project, which collects diagnostics and the homes of files on the way."""

    def __init__(self, tree: Tree, config: Config) -> None:
        self.tree = tree
        self.config = config
        self.homes: dict[SourcePath, SourcePath] = {}
        self.diagnostics: list[Diagnostic] = []
        self.partials: set[SourcePath] = set()
        """The partials below document roots. They belong to no entry."""

    def pattern_roots(self) -> list[SourcePath]:
        """The real paths of the pattern roots."""
        real: list[SourcePath] = []
        for _, root in expand_roots(self.tree, self.config.patterns):
            found = self.tree.look_up(root)
            if found.kind == "folder" and found.real not in real:
                real.append(found.real)
            elif wrong := no_folder(self.tree, root):
                self.diagnostics.append(wrong)
        return real

    def patterns(self, roots: Sequence[SourcePath]) -> set[SourcePath]:
        """Every file below a pattern root, by its real path.

        Links that lead nowhere are reported only where something names them.
        """
        files: set[SourcePath] = set()
        for root in roots:
            for path, found in self.tree.walk(root):
                if found.kind in ("unreadable", "misnamed") and (wrong := trouble(path, found)):
                    self.diagnostics.append(wrong)
                if found.kind == "file" and any(is_below(found.real, folder) for folder in roots):
                    files.add(found.real)
        return files

    def skills(self) -> list[Entry]:
        """The skills. What may be a skill but cannot be read, or has an id that is taken, is reported."""
        by_id: dict[str, Entry] = {}
        by_path: dict[SourcePath, Entry] = {}
        twice: dict[str, Diagnostic] = {}
        for star, root in expand_roots(self.tree, self.config.skills):
            there = self.tree.look_up(root)
            if wrong := no_folder(self.tree, root):
                self.diagnostics.append(wrong)
            elif there.kind == "folder":
                for entry in self._skills_below(star, root):
                    if entry.path in by_path:
                        twice.setdefault(root, built_twice(self.config, root, entry, by_path[entry.path]))
                    elif entry.id in by_id:
                        self.diagnostics.append(duplicate(entry, by_id[entry.id]))
                    else:
                        by_id[entry.id] = by_path[entry.path] = entry
        self.diagnostics += twice.values()
        return list(by_id.values())

    def _skills_below(self, star: str, root: str) -> list[Entry]:
        files = list(self.tree.walk(root))
        folders = {
            path.rpartition("/")[0] for path, found in files if path.endswith("/SKILL.md") and found.kind == "file"
        }
        self.diagnostics += [wrong for path, found in files if (wrong := almost_a_skill(path, found.kind))]
        self.diagnostics += [*folders_named(self.tree, root, "SKILL.md"), *aliases(self.tree, root, folders)]
        owned = self._files_by_folder(root, files, folders)
        entries = []
        for folder in sorted(folders):
            outer = _outer(folder, folders, root)
            entries.append(
                Entry(
                    id=_id(star, folder, root),
                    kind="skill",
                    path=SourcePath(f"{folder}/SKILL.md"),
                    folder=SourcePath(folder),
                    files=tuple(sorted(owned[folder])),
                    outer=_id(star, outer, root) if outer else None,
                )
            )
        return entries

    def _files_by_folder(
        self, root: str, files: Iterable[tuple[SourcePath, Found]], folders: Collection[str]
    ) -> dict[str, list[EntryFile]]:
        """The files in each skill's folder, without those of skills inside it."""
        owned: dict[str, list[EntryFile]] = {folder: [] for folder in folders}
        for path, found in files:
            folder = path.rpartition("/")[0]
            while folder not in folders and len(folder) > len(root):
                folder = folder.rpartition("/")[0]
            if folder not in folders and not _may_be_skill(path, found):
                continue
            if wrong := trouble(path, found):
                self.diagnostics.append(wrong)
            elif found.kind == "special" and folder in folders:
                message, cure = f"{path} is not a regular file, so it cannot be shipped", "move it out of the skill"
                self.diagnostics.append(Diagnostic(NOT_A_REGULAR_FILE, message, path, START, START, help=cure))
            elif found.kind == "file":
                treatment = _treatment(path, folder, self.config)
                self.diagnostics += not_markdown(path, found.real) if treatment != "copy" else ()
                owned[folder].append(EntryFile(path, found.real, treatment))
                self.homes[found.real] = SourcePath(self.tree.look_up(folder).real)
        return owned

    def documents(self, owners: dict[SourcePath, Entry]) -> list[Entry]:
        """The documents.

        What cannot be read, or is already built by one of `owners` (which gains the documents), is reported.
        """
        entries = []
        twice: dict[str, Diagnostic] = {}
        for star, root in expand_roots(self.tree, self.config.documents):
            there = self.tree.look_up(root)
            if wrong := no_folder(self.tree, root):
                self.diagnostics.append(wrong)
            if there.kind != "folder":
                continue
            for entry in self._documents_below(star, root, there):
                if entry.path in owners:
                    twice.setdefault(root, built_twice(self.config, root, entry, owners[entry.path]))
                else:
                    owners[entry.path] = entry
                    entries.append(entry)
        self.diagnostics += twice.values()
        return entries

    def _documents_below(self, star: str, root: str, there: Found) -> list[Entry]:
        entries, found_below = [], list(self.tree.walk(root))
        self.diagnostics += folders_named(self.tree, root, ".md")
        for path, found in found_below:
            if wrong := trouble(path, found):
                self.diagnostics.append(wrong)
            if found.kind != "file":
                continue
            self.homes.setdefault(found.real, SourcePath(there.real))
            treatment = _treatment(path, root, self.config)
            self.diagnostics += not_markdown(path, found.real) if treatment != "copy" else ()
            if treatment == "partial":
                self.partials.add(found.real)
            elif path.endswith(".md"):
                below = path[len(root) + 1 : -3].replace("/", ":")
                entries.append(
                    Entry(
                        id=f"{star}:{below}" if star else below,
                        kind="document",
                        path=path,
                        folder=SourcePath(root),
                        files=(EntryFile(path, found.real, treatment),),
                    )
                )
        return entries


def _may_be_skill(path: SourcePath, found: Found) -> bool:
    """Whether something that cannot be read may be a skill, or its SKILL.md.

    A link that leaves the project is not followed to find out, but no skill has a dot in its name.
    """
    name = path.rpartition("/")[2]
    return found.kind in _LOST and (name == "SKILL.md" or "." not in name)


_LOST = ("outside", "missing", "special", "unreadable", "misnamed")


def _id(star: str, folder: str, root: str) -> str:
    below = folder[len(root) :].strip("/")
    parts = [star] if star else []
    parts += below.split("/") if below else ([] if star else [root.rpartition("/")[2]])
    return ":".join(parts)


def _outer(folder: str, folders: Collection[str], root: str) -> str | None:
    above = (each for each in folders_above(folder) if len(each) >= len(root))
    return next((each for each in above if each in folders), None)


def _treatment(path: str, folder: str, config: Config) -> Treatment:
    if matches(path, config.verbatim) or not path.endswith(".md"):
        return "copy"
    below = path[len(folder) + 1 :]
    return "partial" if any(part.startswith("_") for part in below.split("/")) else "compile"
