"""Every example of docs/reference/directives.md, built by the real command in its own process, and checked by a call.

An example is a sequence of fences. Their info strings contain `file=PATH` (a source), `output=PATH` (the files that
`skillweave build` writes, all except the lock file) or `diagnostics` (the output of `skillweave check --format concise`, with
`exit=1` if that is its status). Sources come first, so a source after a result begins the next example. A caption above
each fence repeats this for readers, since renderers hide info strings. An example without a `skillweave.toml` gets the
default one, shown at the top of the page.

`pytest tests/test_spec.py --update-golden` rewrites the results shown in examples. It adds and removes none.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from markdown_it import MarkdownIt

from conftest import DEFAULT_CONFIG, Skillweave
from projects import read_tree, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "directives.md"


class Part(NamedTuple):
    """One fence of an example: its role (file, output, diagnostics), path, text, and first line number."""

    role: str
    path: str
    text: str
    line: int
    status: int = 0

    @property
    def caption(self) -> str:
        """The caption that must precede the fence on the page."""
        match self.role:
            case "file":
                return f"`{self.path}`"
            case "output":
                return f"gives `{self.path}`"
            case _:
                return f"`skillweave check` {'fails' if self.status else 'warns'}"


class Example(NamedTuple):
    """The fences of one example. Its name includes the heading above it."""

    name: str
    parts: list[Part]

    def texts(self, role: str) -> dict[str, str]:
        return {part.path: part.text for part in self.parts if part.role == role}


class Block(NamedTuple):
    """A block of the page: its kind, its token, and the text if it is a heading or paragraph."""

    kind: str
    token: Token
    text: str


def read_blocks(page: str) -> Iterator[Block]:
    """The top-level blocks of a page, outside lists and quotes."""
    tokens = MarkdownIt().parse(page)
    for number, token in enumerate(tokens):
        if token.level == 0 and token.nesting >= 0:
            inline = token.type in {"heading_open", "paragraph_open"}
            yield Block(token.type.removesuffix("_open"), token, tokens[number + 1].content if inline else "")


def read_part(block: Block) -> Part | None:
    """Convert a fence to a part. Return None for any other block or fence."""
    if block.kind != "fence" or block.token.map is None:
        return None
    words = shlex.split(block.token.info)[1:]
    settings = dict(word.partition("=")[::2] for word in words)
    for role in ("file", "output", "diagnostics"):
        if role in settings:
            line = block.token.map[0] + 1
            return Part(role, settings[role], block.token.content, line, int(settings.get("exit", 0)))
    assert not words, f"line {block.token.map[0] + 1}: what does {block.token.info!r} mean?"
    return None


def read_examples(page: str) -> list[Example]:
    """The examples of a page, in order. Every caption is checked."""
    examples: list[Example] = []
    heading, before, last = "", "", None
    for block in read_blocks(page):
        part = read_part(block)
        if part is None:
            heading = block.text if block.kind == "heading" else heading
            # A caption connects two fences; anything else between them ends the example.
            last = last if block.kind == "paragraph" and before == "" else None
            before = block.text
            continue
        assert before == part.caption, f"line {part.line}: {part.caption!r} should stand above this fence"
        if last is None or (part.role == "file" and last.role != "file"):
            examples.append(Example(f"{len(examples) + 1} {heading}", []))
        examples[-1].parts.append(part)
        before, last = "", part
    return examples


EXAMPLES = read_examples(PAGE.read_text())


class Commands(NamedTuple):
    """Two ways to run the command. Starting a process is slow, so each example uses one process and one call."""

    process: Skillweave
    call: Skillweave


@pytest.fixture
def commands(skillweave: Skillweave, skillweave_here: Skillweave) -> Commands:
    return Commands(skillweave, skillweave_here)


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=[example.name for example in EXAMPLES])
def test_example(number: int, tmp_path: Path, commands: Commands, *, update_golden: bool) -> None:
    example = EXAMPLES[number]
    lay_out(example, tmp_path)
    built = commands.process(tmp_path, ["build"])
    checked = commands.call(tmp_path, ["check", "--format", "concise"])
    outputs = {f"build/{name}": file.content for name, file in read_tree(tmp_path / "build").items()}
    if update_golden:
        rewrite(number, outputs | {"": checked.out})
        example = read_examples(PAGE.read_text())[number]
    shown = next((part for part in example.parts if part.role == "diagnostics"), Part("diagnostics", "", "", 0))
    assert checked.out == shown.text, checked.err
    assert (built.status, checked.status) == (shown.status, shown.status), built.err
    assert outputs == example.texts("output")


def test_page_shows_the_default_configuration() -> None:
    shown = [block.token.content for block in read_blocks(PAGE.read_text()) if block.token.info == "toml"]
    settings = [line.partition("#")[0].rstrip() for line in shown[0].splitlines()]
    assert settings == DEFAULT_CONFIG.splitlines()


def test_examples_are_complete() -> None:
    """Every example has sources, including an entry, and a result."""
    assert len(EXAMPLES) > 50
    for example in EXAMPLES:
        assert {part.role for part in example.parts} > {"file"}, example.name
        assert any(Path(path).suffix == ".md" and not path.startswith("patterns/") for path in example.texts("file"))


def lay_out(example: Example, project: Path) -> None:
    """Write the example's sources as a project."""
    write_files(project, {"skillweave.toml": DEFAULT_CONFIG} | example.texts("file"))


def rewrite(number: int, results: dict[str, str]) -> None:
    """Update the example's results on the page: outputs by path, and the diagnostics under the empty path."""
    page = PAGE.read_text()
    lines = page.splitlines(keepends=True)
    for part in reversed(read_examples(page)[number].parts):
        if part.role != "file" and part.path in results:
            end = part.line + part.text.count("\n")
            lines[part.line : end] = results[part.path].splitlines(keepends=True)
    PAGE.write_text("".join(lines))
