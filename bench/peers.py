"""The tools beside which skillweave is measured: whether each is installed, how it is run, what it makes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DRIVERS = Path(__file__).resolve().parent / "drivers"
PYTHON = os.environ.get("BENCH_PYTHON", sys.executable)
"""The interpreter of the environment that holds the peers written in Python."""


class Peer(NamedTuple):
    """A tool: its name (and its syntax's), its driver, what runs that, and a command that succeeds if it is there."""

    name: str
    driver: str
    runner: str
    probe: Sequence[str]

    def command(self, root: Path, out: Path) -> list[str]:
        """What flattens all skills below a folder into another one."""
        return [self.runner, str(DRIVERS / self.driver), str(root), str(out)]


def _imports(module: str) -> list[str]:
    return [PYTHON, "-c", f"import {module}"]


_FIND_HERCULE = 'require.resolve("hercule/promises", {paths: [process.env.HERCULE || "."]})'

PEERS = (
    Peer("snippets", "snippets.py", PYTHON, _imports("pymdownx.snippets")),
    Peer("markdown-include", "markdown_include_.py", PYTHON, _imports("markdown_include.include")),
    Peer("markdownpp", "markdownpp.py", PYTHON, _imports("MarkdownPP.Modules.Include")),
    Peer("hercule", "hercule.js", "node", ["node", "-e", _FIND_HERCULE]),
    Peer("jinja2", "jinja2_.py", PYTHON, _imports("jinja2")),
    Peer("m4", "m4_.py", PYTHON, ["m4", "--version"]),
    Peer("asciidoctor", "asciidoctor_.rb", "ruby", ["ruby", "-e", 'require "asciidoctor"']),
    Peer("hugo", "hugo_.py", PYTHON, ["hugo", "version"]),
)


def installed(peer: Peer) -> bool:
    """Whether a peer can be run here."""
    if shutil.which(peer.probe[0]) is None:
        return False
    return subprocess.run(peer.probe, capture_output=True, check=False).returncode == 0


def prepare(peer: Peer, root: Path) -> None:
    """Lay a corpus out as the peer wants it, where that is not as it was written."""
    if peer.name == "hugo":
        subprocess.run([PYTHON, DRIVERS / peer.driver, "prepare", root], check=True)


def differs(peer: Peer, root: Path, out: Path) -> str | None:
    """The first skill of the sample that came out otherwise than expected; blank lines do not count."""
    expected: dict[str, str] = json.loads((root / "expected.json").read_text(encoding="utf-8"))
    if peer.name == "hugo":  # it writes names in lower case, and no front matter
        expected = {path.replace("SKILL.md", "skill.md"): text for path, text in expected.items()}
        return _first_difference(expected, out, _without_front_matter)
    return _first_difference(expected, out, lambda text: text)


def skillweave_differs(expected_from: Path, out: Path) -> str | None:
    """The same for skillweave, which also sets heading levels, rewrites links and adds a banner."""
    expected: dict[str, str] = json.loads((expected_from / "expected.json").read_text(encoding="utf-8"))
    return _first_difference(expected, out, _without_front_matter)


def _first_difference(expected: dict[str, str], out: Path, view: Callable[[str], str]) -> str | None:
    for path, text in expected.items():
        file = out / path
        made = file.read_text(encoding="utf-8") if file.is_file() else ""
        if _lines(view(made)) != _lines(view(text)):
            return path
    return None


def _without_front_matter(text: str) -> str:
    return text.partition("\n---\n")[2] if text.startswith("---\n") else text


def _lines(text: str) -> list[str]:
    """The lines that hold something, without what levels and links change."""
    lines = (re.sub(r"\]\([^)]*\)|^#+", "", line) for line in text.split("\n"))
    return [line.rstrip() for line in lines if line.strip()]
