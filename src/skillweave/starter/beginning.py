"""What `skillweave init` makes of a folder: which files it gets, and what to say about those that it does not get."""

from __future__ import annotations

import json
import os
import re
import shlex

from skillweave.config import OWN_FILE
from skillweave.files import tree_of
from skillweave.project import discover
from skillweave.record import NamedTuple
from skillweave.starter import File, mentions, repository_of, template
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from skillweave.config import Config

CONFIGURATION = OWN_FILE
HOOK = ".pre-commit-config.yaml"
_PATTERN = "evidence.md"
_SKILL = "fix-bug/SKILL.md"


class Addition(NamedTuple):
    """A file that only its owner should change: its path as seen from the project, whether it exists, and the lines that it
    lacks, if any.
    """

    path: str
    there: bool
    lines: str


class Beginning(NamedTuple):
    """The files of a new project; notes on what is left out and why; and what the user has to add."""

    files: tuple[File, ...]
    notes: tuple[str, ...]
    add: Addition | None


def beginning(config: Config) -> Beginning:
    """What a project should get, given the configuration that applies to its folder and what is already there."""
    files, notes = _configuration(config)
    example, note = _example(config)
    hook, add = _hook(config.root)
    return Beginning((*files, *example, *hook), (*notes, *note), add)


def _configuration(config: Config) -> tuple[tuple[File, ...], tuple[str, ...]]:
    if config.file is not None and config.file != CONFIGURATION:
        # A skillweave.toml beside it would take precedence, and put it out of force.
        return (), (f"kept {config.file}, which has [tool.skillweave]: no {CONFIGURATION} is needed",)
    return (File(CONFIGURATION, template(CONFIGURATION)),), ()


def _example(config: Config) -> tuple[tuple[File, ...], tuple[str, ...]]:
    """A pattern and a skill that includes it, unless there are skills already: those are better examples."""
    roots = [next((root for root in key if "*" not in root), None) for key in (config.patterns, config.skills)]
    if None in roots:
        return (), ("no example: it needs a folder of patterns and one of skills without a * in its path",)
    pattern = File(f"{roots[0]}/{_PATTERN}", template(f"patterns/{_PATTERN}"))
    skill = File(f"{roots[1]}/{_SKILL}", template(f"skills/{_SKILL}"))
    tree = tree_of(config)
    for entry in discover(tree, config).entries:
        if entry.path != skill.path or tree.read(entry.path).data != skill.text.encode():
            return (), (f"no example: {entry.path} already exists",)
    return (pattern, skill), ()


def _hook(root: Path) -> tuple[tuple[File, ...], Addition | None]:
    """The file of the hook; or what to add to the existing one. It belongs in the repository's folder, as pre-commit reads no
    other.
    """
    repository = repository_of(root) or root
    path = repository / HOOK
    if repository == root and not path.is_file():  # anything else there is in the way
        return (File(HOOK, template("hook.yaml")),), None
    text, command = template("hook.yaml").partition("repos:\n")[2], "skillweave check"
    if repository != root:
        command += f" --root {shlex.quote(root.relative_to(repository).as_posix())}"
        text = text.replace("entry: skillweave check\n", f"entry: {json.dumps(command)}\n")
    # The hook of another project does not count: its folder may begin with our folder's name, or, if this project is the whole
    # repository, it names a folder at all.
    end = rb"(?![\w./-])" if repository != root else rb"(?![\w./-]|[^\n]* --root)"
    called = rb"(?<!name: )" + re.escape(command.encode("utf-8", "surrogateescape")) + end
    lines = "" if mentions(path, called) else text
    return (), Addition(os.path.relpath(path, root), os.path.lexists(path), lines)
