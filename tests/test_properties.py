"""What is true of every text and project: parsing never fails, includes preserve meaning, and nothing is lost.

The central theorem: if the compiler finds nothing wrong, rendering the flattened document gives the same as rendering its
parts and joining the results. Lists and tables may merge, and a list may become loose.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from projects import write_files
from skillweave.build import Compiled, compile_project
from skillweave.config import Config
from skillweave.diagnostics import UNUSED_PATTERN, Severity
from skillweave.flatten.origins import origins
from skillweave.markdown.rules import bare_parser
from skillweave.parse.documents import parse
from skillweave.source import LineIndex, SourcePath, Span
from strategies import Project, documents, examples, levelled_projects, ordinary_projects, projects, scraps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skillweave.document import Document

SETTINGS = examples(70)
ROOT = Path(__file__).parent.parent
OWN_FILES = sorted(path for folder in ("patterns", "skills", "docs") for path in (ROOT / folder).rglob("*.md"))


@SETTINGS
@given(scraps())
@example("---")
@example("\\<<include: ")
@example("<<include: a.md>>\u2028<<include: b.md>>\x0b\n")
def test_parsing_never_fails_and_every_place_lies_in_the_text(text: str) -> None:
    document = parse(text)
    for span in spans(document):
        assert 0 <= span.start <= span.end <= len(text)
    lines = text.count("\n") + 1
    assert 0 <= document.body <= lines
    assert 0 <= document.lines <= lines
    assert all(text[offset] == "\\" for offset in document.escapes)
    for start, end in line_ranges(document):
        assert document.body <= start <= end <= lines
    index = LineIndex(text)
    for placed in document.directives:
        assert index.line_of(placed.directive.span.start) == index.line_of(placed.directive.span.end) == placed.line
        if placed.prefix is not None:
            assert index.line(placed.line).startswith(placed.prefix)


def spans(document: Document) -> Iterator[Span]:
    if document.front_matter:
        yield document.front_matter
    for placed in document.directives:
        directive = placed.directive
        yield from (directive.span, directive.path_span, *(argument.span for argument in directive.arguments))
        if directive.section_span:
            yield directive.section_span
    for heading in document.headings:
        yield from (heading.content, *((heading.id_span,) if heading.id_span else ()))
    yield from (use.span for use in document.uses)
    yield from (destination.span for destination in document.destinations)
    yield from (span for span, _ in document.code_spans)
    yield from (problem.span for problem in document.problems)


def line_ranges(document: Document) -> Iterator[tuple[int, int]]:
    for block in document.blocks:
        yield block.start, block.end
        yield from ((container.start, container.end) for container in block.containers)
    yield from ((heading.start, heading.end) for heading in document.headings)
    yield from ((region.start, region.end) for region in document.regions)
    yield from ((definition.start, definition.end) for definition in document.definitions)
    yield from ((marker, marker + 1) for marker in document.markers)
    yield from ((placed.line, placed.line + 1) for placed in document.directives)
    yield from ((destination.line, destination.line + 1) for destination in document.destinations)


@SETTINGS
@given(st.one_of(documents(), scraps().map(lambda text: re.sub(r"<<|\{\{|region:|\x00|\\", "", text))))
def test_a_text_without_directives_flattens_to_itself(root: Path, text: str) -> None:
    with_final_end = f"{text.rstrip(chr(10))}\n"
    compiled = compiled_from(root, {"entries/s.md": text})
    errors = {
        diagnostic.code.number[:3] for diagnostic in compiled.diagnostics if diagnostic.severity is Severity.ERROR
    }
    if errors:
        # Text meant as code may be live outside its list item. Random links are broken, and some characters are hidden.
        assert parse(text).problems or parse(text).directives or errors <= {"SW5", "SW8"}
    else:
        assert outputs(compiled) == {"entries/s.md": with_final_end}


@SETTINGS
@given(projects())
def test_building_again_gives_the_same_and_an_output_is_a_fixed_point(root: Path, project: Project) -> None:
    files = source_files(project)
    first, second = outputs(compiled_from(root, files)), outputs(compiled_from(root, dict(reversed(files.items()))))
    assert first == second
    if not any("\\<<" in text or "<<" in text for text in first.values()):
        assert outputs(compiled_from(root, first)) == first


@SETTINGS
@given(projects())
@example(Project(("1. a\n2. @@1@@\n", "x\n\n- y\n")))
@example(Project(("> @@1@@\n\n> - @@1@@\n", "| a |\n|---|\n\n```\n\n```\n")))
def test_every_output_line_comes_from_a_line_that_says_the_same(root: Path, project: Project) -> None:
    files = source_files(project)
    compiled = compiled_from(root, files)
    made = outputs(compiled)
    assert "entries/s.md" in made or Severity.ERROR in {found.severity for found in compiled.diagnostics}
    for path, text in made.items():
        lines = text.split("\n")[:-1]
        whole = compiled.nodes.whole(SourcePath(path))
        assert whole is not None
        found = list(origins(compiled.nodes, whole))
        assert len(found) >= len(lines)
        assert not any(files[origin.path].split("\n")[origin.line].strip() for origin in found[len(lines) :])
        for line, origin in zip(lines, found, strict=False):
            says = spliced(files[origin.path].split("\n")[origin.line])
            before = PUT_BEFORE if origin.chain else ""
            assert re.fullmatch(before + re.escape(says), spliced(line)), (line, origin)


def spliced(line: str) -> str:
    """A line with each run of blanks as one space and none at the ends. The prefix that an include adds is kept."""
    return re.sub(r"[ \t]+", " ", line).strip()


PUT_BEFORE = r"(?: |>|[-+*] |\d+[.)] )*"
"""The prefix that an include adds to a line: the marks of the surrounding quotes and list items."""


@SETTINGS
@given(projects())
@example(Project(("@@1@@\ntext\n", "# a\n")))
@example(Project(("| a |\n|---|\n@@1@@\n", "| b |\n|---|\n")))
@example(Project(("- a\n\n  @@1@@\n\n  b\n", "\tcode\n\nx\n")))
@example(Project(("> @@1@@\n\n> b\n", "- a\n\n      code\n")))
@example(Project(("@@1@@\n\n    code\n", "[^@L-note]: a\n")))
@example(Project(("1. @@1@@\n", "-\tb\n\n\tc\n")))
@example(Project(("@@1@@\n\n   b\n", "1. a\n")))
def test_flattening_renders_as_the_parts_do(root: Path, project: Project) -> None:
    compiled = compiled_from(root, source_files(project))
    if any(diagnostic.code is not UNUSED_PATTERN for diagnostic in compiled.diagnostics):
        return  # The compiler has reported a possible difference.
    expected = rendered_parts(project)
    text = outputs(compiled)["entries/s.md"]
    assume(expected is not None and not _TABLE_BEHIND_A_MARKER.search(text))
    assert normalised(rendered(text)) == normalised(expected or "")


@SETTINGS
@given(levelled_projects())
@example(Project(("@@1@@\n", "## B\n\nwords\n@@2@@\n", "Title\n-----\n"), ("-1", "+1")))
def test_flattening_moves_headings_and_changes_nothing_else(root: Path, project: Project) -> None:
    compiled = compiled_from(root, source_files(project))
    if any(diagnostic.code is not UNUSED_PATTERN for diagnostic in compiled.diagnostics):
        return
    expected = rendered_parts(project)
    text = outputs(compiled)["entries/s.md"]
    assume(expected is not None and not _TABLE_BEHIND_A_MARKER.search(text))
    assert without_levels(normalised(rendered(text))) == without_levels(normalised(expected or ""))


def without_levels(html: str) -> str:
    """HTML in which all headings have the same level and stand on one line, as those do that are moved."""
    html = re.sub(r"<(/?)h[1-6]>", r"<\1h>", html)
    return re.sub(r"<h>.*?</h>", lambda match: re.sub(r"(<br />)?\s+", r"\1 ", match[0]), html, flags=re.DOTALL)


@SETTINGS
@given(levelled_projects(), st.sampled_from(("keep", "nest", "+1", "2")), st.sampled_from("asz"))
@example(Project(("# T\n\nwords\n@@1@@\n", "Title\n-----\n")), "nest", "a")
def test_other_entries_change_neither_the_findings_nor_the_output_of_an_entry(
    root: Path, project: Project, level: str, name: str
) -> None:
    files = source_files(project)
    alone = compiled_from(root, files)
    includes = "".join(
        f"text\n<<include: p{number}.md level={level}>>\n\n" for number in range(1, len(project.templates))
    )
    others = {f"entries/{name}{name}.md": f"# Top\n\n## Part\n\n{includes}"}
    together = compiled_from(root, {**files, **others})
    assert outputs(alone).get("entries/s.md") == outputs(together).get("entries/s.md")
    found = [[one for one in compiled.diagnostics if one.path == "entries/s.md"] for compiled in (alone, together)]
    assert found[0] == found[1]


# GFM sees a list item that begins with a table; markdown-it sees a table whose first cell is "- a".
_TABLE_BEHIND_A_MARKER = re.compile(r"(?m)^[ \t>]*(?:[-+*]|\d+[.)])[ \t].*\|.*\n[ \t>]*[|:-]")


def rendered_parts(project: Project) -> str | None:
    """Each file rendered separately, with a heading in place of each include, because a heading ends what a directive ends.

    None if one of these headings does not render as a heading, since no directive is live there.
    """
    parts: dict[int, str] = {}
    for number in reversed(range(len(project.templates))):
        text = rendered(project.filled(number, lambda target: f"# stands in for {target}"))
        for target in set(project.targets(number)):
            heading = f"<h1>stands in for {target}</h1>"
            if text.count(f"stands in for {target}") != text.count(heading):
                return None
            text = text.replace(heading, parts[target].strip("\n"))
        parts[number] = text
    return parts[0]


def rendered(text: str) -> str:
    """HTML with every list loose, and without indents in code and raw HTML.

    A container indents raw HTML. The indent of indented code has its own test.
    """
    md = bare_parser()
    tokens = md.parse(text)
    for token in tokens:
        token.hidden = False
        if token.type in ("html_block", "code_block"):
            token.content = re.sub(r"(?m)^[ \t]+", "", token.content).strip("\n") + "\n"
    return str(md.renderer.render(tokens, md.options, {}))


def normalised(html: str) -> str:
    """HTML without allowed differences: merged lists, the numbers of footnotes, and line ends between tags."""
    html = re.sub(r">\n+<", "><", html.strip())
    html = re.sub(r'fn(ref)?\d+(:\d+)?"|\[\d+(:\d+)?\]</a>', "", html)
    return re.sub(r"</ul><ul>|</ol><ol[^>]*>", "", html)


@pytest.mark.parametrize(
    ("entry", "pattern"),
    [
        ("   @@1@@\n", "    code\n\na\n"),
        ("x\n\n  @@1@@\n", "a\n\n    code\n"),
        (">\t@@1@@\n", "a\n\n\tcode\n"),
        ("-\t@@1@@\n", "\tcode\n"),
    ],
)
def test_indented_code_keeps_its_text_or_a_difference_is_reported(root: Path, entry: str, pattern: str) -> None:
    """An indent before the directive that does not belong to a container would become part of the code."""
    compiled = compiled_from(root, source_files(Project((entry, pattern))))
    assert compiled.diagnostics or "<code>code\n</code>" in bare_parser().render(outputs(compiled)["entries/s.md"])


@SETTINGS
@given(ordinary_projects())
def test_ordinary_documents_cause_no_findings(root: Path, project: Project) -> None:
    compiled = compiled_from(root, source_files(project))
    assert [diagnostic for diagnostic in compiled.diagnostics if diagnostic.code is not UNUSED_PATTERN] == []


@pytest.mark.parametrize("seed", range(3))
def test_files_split_at_headings_and_reassembled_by_includes_are_the_same(root: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (repeatable on purpose)
    whole = {path: without_relative_links(path.read_text(encoding="utf-8")) for path in OWN_FILES}
    files = {
        path.relative_to(ROOT).as_posix(): text
        for path, text in whole.items()
        if path.is_relative_to(ROOT / "patterns")
    }
    together = dict(files)
    for number, (path, text) in enumerate(whole.items()):
        name = f"entries/{path.relative_to(ROOT).as_posix()}"
        together[name], pieces = cut(text, chance, f"cut/{number}")
        files[name] = text
        together |= pieces
    expected, found = outputs(compiled_from(root, files)), outputs(compiled_from(root, together))
    assert expected.keys() == found.keys() == {f"entries/{path.relative_to(ROOT).as_posix()}" for path in OWN_FILES}
    assert len(expected) > 20
    for name, text in expected.items():
        assert found[name] == text, name


def without_relative_links(text: str) -> str:
    """The text with its relative links replaced, since they are valid only in the file's own folder."""
    return re.sub(r"\]\((?!https?:)", "](https://example.org/", text)


def cut(text: str, chance: random.Random, name: str) -> tuple[str, dict[str, str]]:
    """Split a text at some headings outside lists and quotes. Return an entry that only includes the pieces, and the pieces."""
    document = parse(text)
    lines = text.split("\n")
    starts = [heading.start for heading in document.headings if not heading.containers]
    kept = sorted({document.body, *starts[:1], *(start for start in starts if chance.random() < 0.6)})
    out = lines[: document.body]
    pieces: dict[str, str] = {}
    for number, (start, end) in enumerate(zip(kept, [*kept[1:], len(lines)], strict=True)):
        piece = "\n".join(lines[start:end])
        body = piece.strip("\n")
        before, after = (piece.partition(body)[::2]) if body else (piece, "")
        out += [""] * before.count("\n")
        if body:
            pieces[f"patterns/{name}-{number}.md"] = f"{body}\n"
            out += [f"<<include: {name}-{number}.md level=keep>>"]
        out += [""] * (after.count("\n") if end < len(lines) else 0)
    return "\n".join(out) + "\n", pieces


def source_files(project: Project) -> dict[str, str]:
    files = {f"patterns/p{number}.md": project.source(number) for number in range(1, len(project.templates))}
    return {**files, "entries/s.md": project.source(0)}


def compiled_from(root: Path, files: Mapping[str, str]) -> Compiled:
    """Compile a project of exactly these files."""
    for path in root.rglob("*"):
        if path.is_file():
            path.unlink()  # Keep the folders: removing and recreating them would take most of the time.
    write_files(root, files)
    return compile_project(Config(root, None, documents=("entries",), banner=False))


def outputs(compiled: Compiled) -> dict[str, str]:
    return {output.path: output.data.decode() for bundle in compiled.bundles for output in bundle.outputs}
