"""The work grows at most linearly with what an author writes. Function calls are counted, so the machine does not matter."""

from __future__ import annotations

import cProfile
import pstats
from typing import TYPE_CHECKING

import pytest

from projects import skill, write_files
from skillweave.build import compile_project
from skillweave.config import load_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = skill("s", "\n")
SKILL, PATTERN = "skills/s/SKILL.md", "patterns/p.md"
FEW, TIMES = 100, 4
MUCH = 1.6
"""For `TIMES` as much text, more than `MUCH * TIMES` as many calls fail the test. Quadratic work would need `TIMES` squared."""


def repeated(line: str, number: int) -> str:
    """The line once per number, with `@` replaced by the number."""
    return "".join(line.replace("@", str(n)) for n in range(number))


def project(body: str, pattern: str = "x\n") -> dict[str, str]:
    return {SKILL: HEAD + body, PATTERN: pattern}


KINDS: dict[str, Callable[[int], dict[str, str]]] = {
    "broken anchors": lambda n: project(repeated("## heading @\n", n) + repeated("[a](#hexding-@x)\n", n)),
    "anchors": lambda n: project(repeated("## h@\n", n) + repeated("[a](#h@)\n", n)),
    "broken links": lambda n: project(repeated("[a](x@.md)\n", n)) | {f"skills/s/y{i}.md": "x\n" for i in range(n)},
    "missing sections": lambda n: project(
        repeated("<<include: p.md#hexding @x>>\n\n", n), repeated("# heading @\n\n", n)
    ),
    "missing includes": lambda n: (
        project(repeated("<<include: q/bar@.md>>\n\n", n)) | {f"patterns/r/bar{i}.md": "x\n" for i in range(n)}
    ),
    "sections with links": lambda n: project(
        repeated("<<include: p.md#h@>>\n\n", n),
        repeated("# h@\n\nsee [x](https://e.org), [y](#h@), `a/b.md` and [z][q]\n\n", n),
    ),
    "sections that are referred to": lambda n: project(
        repeated("<<reference: p.md#h@>>\n\n", n), repeated("# h@\n\nx\n\n", n)
    ),
    "sections with references in headings": lambda n: (
        project(
            repeated("<<include: p.md#h@>>\n\n", n),
            repeated("# h@\n\nx <<reference: q.md>>\n\n## a <<include: q.md>>\n\nx\n\n", n),
        )
        | {"patterns/q.md": "q\n"}
    ),
    "sections without their headings": lambda n: project(
        repeated("<<include: p.md#h@ heading=drop>>\n\n", n), repeated("# h@\n\nx\n\n", n)
    ),
    "sections with directives in code": lambda n: project(
        repeated("<<include: p.md#h@>>\n\n", n), repeated("# h@\n\n```\n<<include: x.md>>\n```\n\n", n)
    ),
    "sections with escapes": lambda n: (
        project(
            "a <<include: q.md>> b\n\n" + repeated("<<include: p.md#h@>>\n\n", n),
            repeated("# h@\n\nx \\<<include: x.md>>\n\n", n),
        )
        | {"patterns/q.md": "q\n"}
    ),
    "includes in a paragraph": lambda n: project(repeated("and <<include: p.md>> on\n", n)),
    "references behind directives that leave nothing": lambda n: project(
        repeated("a <<include: no.md optional>><<reference: p.md>> b\n", n)
    ),
    "sections with directives that leave nothing": lambda n: project(
        repeated("<<include: p.md#h@>>\n\n", n),
        repeated("# h@\n\na <<include: no.md optional>> b\n\nx\n<<include: no.md optional>>\ny\n\n", n),
    ),
    "directives that leave nothing, and blank lines between them": lambda n: project(
        "- para\n\n" + "<<include: no.md optional>>\n\n\n\n" * n + "\n      code\n"
    ),
    "includes beside labels": lambda n: project(
        repeated("[a <<include: p.md>>][l@] [b]\n\n", n) + repeated("[l@]: https://e.org/@\n", n)
    ),
    "includes in a table": lambda n: project("| a | b |\n|---|---|\n" + repeated("| x@ | <<include: p.md>> |\n", n)),
    "doubtful splices": lambda n: project(repeated("## h@\n\ntext\n<<include: p.md>>\n\n", n), "- x\n"),
    "copies with links": lambda n: project("<<include: p.md>>\n\n" * n, "# h\n\n[a](#x) [b](#y)\n"),
    "definitions": lambda n: project("<<include: p.md>>\n", repeated("[l@]: q.md\n", n)) | {"patterns/q.md": "# Q\n"},
    "gaps between selected lines": lambda n: project(
        f"<<include: p.md lines={','.join(str(2 * i + 1) for i in range(n))}>>\n",
        "- outer\n" + repeated("\n  - x@\n", n),
    ),
    "selected lines among HTML blocks": lambda n: project(
        f"<<include: p.md lines={','.join(str(2 * i + 1) for i in range(n))}>>\n", "<!-- a -->\n\n" * n
    ),
    "regions of code": lambda n: {
        SKILL: HEAD + repeated("<<include: x.py as=code region=r@>>\n\n", n),
        "patterns/x.py": repeated("# region: r@\nx\n# endregion: r@\n", n),
    },
    "headings with includes": lambda n: project(repeated("# h@ <<include: p.md>>\n\ntext\n\n", n)),
    "sections of a template": lambda n: project(
        repeated("<<include: p.md#h@ with a=1>>\n\n", n),
        "---\nparams: {a: {}}\n---\n" + repeated("# h@\n\n{{ a }}\n\n", n),
    ),
    "tags in a paragraph": lambda n: project("some text<br>\n" * n),
    "merging paragraphs": lambda n: project("a\n<<include: p.md>>\n" * n),
    "arguments": lambda n: project(f"<<include: p.md with {' '.join(f'a{i}=1' for i in range(n))}>>\n"),
    "directives in HTML": lambda n: project("<div>\n<<include: p.md>>\n</div>\n\n" * n),
    "a chain of unused patterns": lambda n: (
        project("x\n")
        | {f"patterns/p{i}.md": f"# h\n\n[a](#h)\n\n<<include: p{i + 1}.md optional>>\n" for i in range(n)}
    ),
    "references, and paths in prose": lambda n: (
        project(repeated("<<reference: r@.md>>\n\n`patterns/r@.md`, `a/r@.md`, `patterns/none@.md`\n\n", n))
        | {f"patterns/r{i}.md": "x\n" for i in range(n)}
    ),
    "ignores": lambda n: project(
        repeated("<<include: p.md#h@>>\n\n", n),
        repeated("# h@\n\n<!-- skillweave: ignore SW501 -->\nsee [a](x@.md)\n\n", n),
    ),
}


def calls(folder: Path, files: dict[str, str]) -> int:
    """The number of function calls that it takes to check a project."""
    write_files(folder, files)
    config, mistakes = load_config(folder)
    assert mistakes == ()
    compile_project(config)  # what is loaded or created only once does not count
    profile = cProfile.Profile()
    profile.runcall(compile_project, config)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", KINDS)
def test_the_work_grows_as_the_text_does(tmp_path: Path, kind: str) -> None:
    few = calls(tmp_path / "few", KINDS[kind](FEW))
    many = calls(tmp_path / "many", KINDS[kind](FEW * TIMES))
    assert many / few < TIMES * MUCH
