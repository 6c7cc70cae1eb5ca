"""What `skillweave new` makes from a name: a skill or a pattern that is valid as it is, or the reason why there can be none."""

from __future__ import annotations

import re

from skillweave.config import hidden_roots
from skillweave.directive.openers import find_close, opener_at
from skillweave.directive.reader import read_directive
from skillweave.files import tree_of
from skillweave.front_matter.plain import is_text
from skillweave.front_matter.values import Field, FrontMatter
from skillweave.listing import is_left_out
from skillweave.project import discover
from skillweave.record import NamedTuple
from skillweave.roots import expand_roots
from skillweave.rules.skill import check_skill_front_matter
from skillweave.source import Span, unportable_part
from skillweave.starter import File, template
from skillweave.toml.table import path_mistake
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skillweave.config import Config
    from skillweave.files import Tree
    from skillweave.project import Entry


class Refusal(NamedTuple):
    """Why something cannot be made."""

    message: str


class NewSkill(NamedTuple):
    """A skill's file, and what `check` will warn about because of its place, if anything."""

    file: File
    note: str | None


class NewPattern(NamedTuple):
    """A pattern, and the directive that includes it."""

    file: File
    directive: str


def new_skill(config: Config, name: str) -> NewSkill | Refusal:
    """The SKILL.md of a skill with a given id, or at a given path (which contains a `/`)."""
    tree = tree_of(config)
    folder = _folder_at(config, name) if "/" in name else _folder_of(config, tree, name.split(":"))
    if isinstance(folder, Refusal):
        return folder
    own = folder.rpartition("/")[2]
    mistake = _name_mistake(own) or _path_mistake(config, folder)
    if mistake is not None:
        return mistake
    path, id_ = f"{folder}/SKILL.md", _id_at(config, folder)
    entries = discover(tree, config).entries
    for entry in entries:
        if entry.id == id_ and entry.path != path:
            return Refusal(f"{entry.path} already has the id {id_}")
    value = own if is_text(own) else f'"{own}"'
    text = template("new/SKILL.md").replace("NAME", value, 1).replace("TITLE", _title(own), 1)
    file = _fitting(tree, File(path, text))
    return file if isinstance(file, Refusal) else NewSkill(file, _nesting(folder, entries))


def _nesting(folder: str, entries: Sequence[Entry]) -> str | None:
    """A note if a new skill's folder is inside another skill, or contains one; else None."""
    skills = [entry for entry in entries if entry.kind == "skill" and entry.folder != folder]
    outer = [entry.id for entry in skills if folder.startswith(f"{entry.folder}/")]
    inner = [entry.id for entry in skills if entry.folder.startswith(f"{folder}/")]
    if not outer and not inner:
        return None
    where = f"it is inside the skill {max(outer, key=len)}" if outer else f"the skill {inner[0]} is inside it"
    return f"{where}: check will warn of that, as some agents do not look for skills inside a skill (SW709)"


def new_pattern(config: Config, path: str) -> NewPattern | Refusal:
    """The pattern at a path relative to the first pattern root, or to the root that the path begins with."""
    name = path if path.endswith((".md", "/")) else f"{path}.md"
    root = _root_of(name, config.patterns)
    if root is None:
        root = next((root for root in config.patterns if "*" not in root), None)
        below = name
    else:
        below = name[len(root) + 1 :]
    if root is None:
        return Refusal(f"say in which folder: {' or '.join(config.patterns) or 'there is none'}")
    mistake = path_mistake(below, star=False)
    if mistake is not None or below.startswith("~"):
        return Refusal(mistake.message if mistake else f'"{below}" starts with a home folder')
    refused = _path_mistake(config, f"{root}/{below}")
    if refused is not None:
        return refused
    tree = tree_of(config)
    for _, other in expand_roots(tree, config.patterns):
        if other != root and tree.look_up(f"{other}/{below}").kind in ("file", "folder", "special", "case"):
            return Refusal(f"{other}/{below} exists: a directive could not distinguish the two")
    title = _title(below.rpartition("/")[2].removesuffix(".md"))
    file = _fitting(tree, File(f"{root}/{below}", template("new/pattern.md").replace("TITLE", title, 1)))
    directive = _directive(below)
    if directive is None:
        return Refusal(f"a directive cannot name {below}")
    return file if isinstance(file, Refusal) else NewPattern(file, directive)


def _folder_at(config: Config, path: str) -> str | Refusal:
    """The folder of a skill that is named by its path."""
    folder = path.removeprefix("./").removesuffix("/").removesuffix("/SKILL.md")
    if _root_of(folder, config.skills) is None:
        return Refusal(f"{path} is not below {' or '.join(config.skills) or 'a folder of skills: there is none'}")
    return folder


def _folder_of(config: Config, tree: Tree, parts: Sequence[str]) -> str | Refusal:
    """The folder of a skill that is named by its id: where its namespace already is, else in the first root that fits."""
    places = []
    for root in config.skills:
        before, star, after = root.partition("*")
        if not star:
            places.append((f"{root}/{parts[0]}", "/".join((root, *parts))))
        elif len(parts) > 1:
            places.append((f"{before}{parts[0]}", "/".join((f"{before}{parts[0]}{after}", *parts[1:]))))
    if not places:
        return Refusal(f"say in which plugin, as in plugin:{parts[-1]}: skills are in {' or '.join(config.skills)}")
    known = [folder for namespace, folder in places if len(parts) > 1 and tree.look_up(namespace).kind == "folder"]
    return [*known, *(folder for _, folder in places)][0]


def _root_of(path: str, roots: Sequence[str]) -> str | None:
    """The root that a path is in, with its `*` replaced by what that stands for; None if there is none."""
    for root in roots:
        if _is_in(path, root):
            return "/".join(path.split("/")[: root.count("/") + 1])
    return None


def _id_at(config: Config, folder: str) -> str:
    """The id of a skill in a folder below one of the roots: what the root's `*` stands for, then the path below the root."""
    root = next(root for root in config.skills if _is_in(folder, root)).split("/")
    parts = folder.split("/")
    return ":".join([*(part for part, known in zip(parts, root, strict=False) if known == "*"), *parts[len(root) :]])


def _is_in(path: str, root: str) -> bool:
    """Whether a path is below a configured root, in which `*` stands for any one part."""
    parts, wanted = path.split("/"), root.split("/")
    return len(parts) > len(wanted) and all(b in (a, "*") for a, b in zip(parts, wanted, strict=False))


def _name_mistake(name: str) -> Refusal | None:
    """What the rules for a SKILL.md say against a name; None if nothing."""
    nowhere = Span(0, 0)
    fields = (Field("name", nowhere, name, nowhere), Field("description", nowhere, "x", nowhere))
    for problem in check_skill_front_matter(FrontMatter(fields), name, ()):
        return Refusal(problem.message + (f" ({problem.help})" if problem.help else ""))
    return None


def _path_mistake(config: Config, path: str) -> Refusal | None:
    """Why some machine cannot have a path, some directive cannot name it, or no run would read it; None if it is fine."""
    mistake = path_mistake(path, star=False)
    if mistake is not None:
        return Refusal(mistake.message)
    at, readable = "", hidden_roots(config)
    for part in path.split("/"):
        at = f"{at}/{part}" if at else part
        if part in ("", ".") or part != part.strip():
            return Refusal(f'"{path}" is not the path of a file')
        if unportable_part(part) is not None or not part.isprintable():
            return Refusal(f'"{path}" is not a valid path on every machine')
        if is_left_out(part) and at not in readable:
            return Refusal(f'"{path}" would never be read, because of "{part}"')
    return None


def _fitting(tree: Tree, file: File) -> File | Refusal:
    """The file, unless a folder or file on its path exists in another case: some disks take the two for the same."""
    found = tree.look_up(file.path)
    return Refusal(f"{found.detail} exists, in a different case") if found.kind == "case" else file


def _directive(path: str) -> str | None:
    """The include directive for a path, quoted if necessary; None if no directive can name it."""
    quoted = path.replace("\\", "\\\\").replace('"', '\\"')
    for target in (path, f'"{quoted}"'):
        line = f"<<include: {target}>>"
        opener = opener_at(line, 0)
        end = find_close(line, opener) if opener else None
        directive = read_directive(line, opener, end)[0] if opener and end == len(line) else None
        if directive is not None and directive.path == path:
            return line
    return None


def _title(name: str) -> str:
    """A file's name, made into a heading."""
    words = re.sub(r"[-_\s]+", " ", name).strip()
    return words[:1].upper() + words[1:]
