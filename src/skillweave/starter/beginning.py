"""What `skillweave init` makes of a folder: which files it is to have, and what there is to say of those it is not."""

from __future__ import annotations

import json
import os
import re
import shlex
from typing import TYPE_CHECKING

from skillweave.config import hidden_roots
from skillweave.files import Tree
from skillweave.project import discover
from skillweave.record import NamedTuple
from skillweave.starter import File, mentions, repository_of, template

if TYPE_CHECKING:
    from pathlib import Path

    from skillweave.config import Config

CONFIGURATION = "skillweave.toml"
HOOK = ".pre-commit-config.yaml"
_PATTERN = "evidence.md"
_SKILL = "fix-bug/SKILL.md"


class Addition(NamedTuple):
    """A file that is for its owner to change: its path as seen from the project, and the lines it lacks, if it does."""

    path: str
    there: bool
    lines: str


class Beginning(NamedTuple):
    """The files of a new project; what is left out, and why, in lines; and what is for the user to add."""

    files: tuple[File, ...]
    notes: tuple[str, ...]
    add: Addition | None


def beginning(config: Config) -> Beginning:
    """What a project is to have, given the configuration that is in force for its folder and what lies in it."""
    files, notes = _configuration(config)
    example, note = _example(config)
    hook, add = _hook(config.root)
    return Beginning((*files, *example, *hook), (*notes, *note), add)


def _configuration(config: Config) -> tuple[tuple[File, ...], tuple[str, ...]]:
    if config.file is not None and config.file != CONFIGURATION:
        # A skillweave.toml beside it would win over it, and so take it out of force.
        return (), (f"kept {config.file}, which has [tool.skillweave]: no {CONFIGURATION} is needed",)
    return (File(CONFIGURATION, template(CONFIGURATION)),), ()


def _example(config: Config) -> tuple[tuple[File, ...], tuple[str, ...]]:
    """A pattern and a skill that includes it, unless there are skills already: those are the better examples."""
    roots = [next((root for root in key if "*" not in root), None) for key in (config.patterns, config.skills)]
    if None in roots:
        return (), ("no example: it needs a folder of patterns and one of skills without a * in its path",)
    pattern = File(f"{roots[0]}/{_PATTERN}", template(f"patterns/{_PATTERN}"))
    skill = File(f"{roots[1]}/{_SKILL}", template(f"skills/{_SKILL}"))
    tree = Tree(config.root, hidden_roots(config))
    for entry in discover(tree, config).entries:
        if entry.path != skill.path or tree.read(entry.path).data != skill.text.encode():
            return (), (f"no example: there is {entry.path} already",)
    return (pattern, skill), ()


def _hook(root: Path) -> tuple[tuple[File, ...], Addition | None]:
    """The hook's file; or what to add to the one that it belongs into: pre-commit reads the repository's only."""
    repository = repository_of(root) or root
    path = repository / HOOK
    if repository == root and not os.path.lexists(path):
        return (File(HOOK, template("hook.yaml")),), None
    text, command = template("hook.yaml").partition("repos:\n")[2], "skillweave check"
    if repository != root:
        command += f" --root {shlex.quote(root.relative_to(repository).as_posix())}"
        text = text.replace("entry: skillweave check\n", f"entry: {json.dumps(command)}\n")
    # The hook of another project is none of this one's: its folder may go on where ours ends, or be named at all.
    end = rb"(?![\w./-])" if repository != root else rb"(?![\w./-]|[^\n]* --root)"
    called = rb"(?<!name: )" + re.escape(command.encode("utf-8", "surrogateescape")) + end
    lines = "" if mentions(path, called) else text
    return (), Addition(os.path.relpath(path, root), os.path.lexists(path), lines)
