"""The records of builds that let edits skip the compiler: they are checked against the files, and updated by each run."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from projects import write
from rewording import FILES, built, is_told_by_words, opening, replace, run, run_and_compare
from skillweave.build import compile_project
from skillweave.config import load_config
from skillweave.emit import front_lines
from skillweave.flatten.origins import origins
from skillweave.incremental import Asked, Memory, check, save
from skillweave.incremental.rewording.noting import source_map_of, texts_of
from skillweave.incremental.rewording.source_map import SourceMap, wording_of
from skillweave.lock import Record
from skillweave.sealed import read_json, write_json
from skillweave.source import SourcePath

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has been built."""
    return built(tmp_path / "project")


def test_recorded_lines_match_their_origins(project: Path) -> None:
    included = ("setext.md", "nest.md", "coded.md as=code")
    write(
        project / "skills/b/more.md",
        "### Deep\n\n" + "".join(f"<<include: {name}>>\n\n" for name in included),
    )
    compiled = compile_project(load_config(project)[0])
    lock = {str(bundle.entry.path): Record(bundle.inputs, {}) for bundle in compiled.bundles}
    seen = set[str]()
    for path, text in texts_of(compiled, compiled.graph.files).items():
        wording = wording_of(source_map_of(compiled), SourcePath(path), text, lock) if text is not None else None
        if wording is None:
            continue
        noted = {worded.path: worded.runs for worded in wording.outputs}
        for bundle in compiled.bundles:
            for output, page in bundle.pages.items():
                front = len(front_lines(compiled.nodes, bundle.entry, page))
                found = enumerate(origins(compiled.nodes, page.layout.copies[0].key), front)
                lines = [(run.there + n, run.here + n) for run in noted.get(output, ()) for n in range(run.length)]
                assert lines == [(number, origin.line) for number, origin in found if origin.path == path]
                seen.update([path] if lines else [])
    assert {"patterns/nest.md", "patterns/words.md", "skills/b/more.md"} <= seen


@pytest.mark.parametrize("is_restarted", [False, True])
def test_repeated_builds_of_edited_words_do_not_use_the_compiler(project: Path, is_restarted: bool) -> None:  # noqa: FBT001
    if not is_restarted:
        shutil.rmtree(project / ".skillweave")
    memory = Memory()
    run_and_compare(project, memory)
    for number, path in enumerate(("skills/a/SKILL.md", "skills/i/SKILL.md", "skills/a/SKILL.md", "skills/d/other.md")):
        write(project / path, (project / path).read_text("utf-8") + f"\nMore of {number}.\n")
        parsed = {*memory.documents}
        run_and_compare(project, memory)
        assert {*memory.documents} == parsed
        if number % 2:
            save(Asked(load_config(project)[0], memory=memory))


def test_builds_by_another_process_are_taken_into_account(project: Path) -> None:
    memory = Memory()
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    shutil.rmtree(project / ".skillweave")
    run_and_compare(project, memory)
    write(project / "patterns/more.md", "# More\n\nWords of it.\n")
    write(project / "skillweave.toml", "banner = true\n")
    run(project)
    for words in ("The end", "The end, too"):
        replace(project / "skills/a/SKILL.md", words, f"{words}, too")
        run_and_compare(project, memory)
    replace(project / "skills/a/SKILL.md", "The end", "## The end\n\nThe end")
    run_and_compare(project, memory)


def test_many_texts_edited_in_turn_are_reported_without_the_compiler(project: Path) -> None:
    said = {
        "patterns/words.md": "Last words of it.",
        "patterns/parts.md": "Third words.",
        "patterns/nest.md": "Outro words.",
        "patterns/list.md": "Steps:",
        "skills/d/other.md": "Other words.",
        "skills/i/SKILL.md": "Last words",
    }
    for number in range(5):
        for path, words in said.items():
            says = f"{words[:10]} {number}" + ("\n\nAnd more." if path == "patterns/parts.md" and number % 2 else "")
            assert is_told_by_words(project, path, words, says), (number, path)
            said[path] = says
            run_and_compare(project)


def test_results_of_the_compiler_in_between_are_taken_into_account(project: Path) -> None:
    said = {
        "patterns/parts.md": "Third words",
        "patterns/list.md": "one step",
        "skills/i/SKILL.md": "Last words",
        "skills/h/SKILL.md": "Between",
    }
    for number in range(4):
        replace(project / "patterns/parts.md", "## Third", f"## New {number}\n\nWords.\n\n## Third")
        if number % 2:
            check(Asked(load_config(project)[0]))
        run_and_compare(project)
        for path, words in said.items():
            assert is_told_by_words(project, path, words, f"{words} {number}"), (number, path)
            said[path] = f"{words} {number}"
            run_and_compare(project)


def test_the_latest_results_for_a_text_count(project: Path) -> None:
    replace(project / "skills/i/SKILL.md", "Last words", "<<include: list.md lines=1-3>>\n\nLast words")
    run(project)
    replace(project / "patterns/list.md", "Steps:\n\n", "Steps:\n\nMore words.\n\n")
    run_and_compare(project)


def test_results_of_several_runs_are_combined(project: Path) -> None:
    paths = ("patterns/unused.md", "patterns/list.md", "patterns/numbered.md")
    for path in paths:
        write(project / path, FILES[path] + "\n## New\n\nNew words.\n")
        run_and_compare(project)
    for path in paths:
        assert is_told_by_words(project, path, "New words", "Newer words"), path
        run_and_compare(project)


def test_an_edit_of_a_second_text_uses_the_compiler(project: Path) -> None:
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    replace(project / "patterns/words.md", "Last words", "The last words")
    assert not is_told_by_words(project, "skills/a/SKILL.md", "The end", "End words")
    run_and_compare(project)


def test_the_last_good_output_is_kept(project: Path) -> None:
    replace(project / "skills/h/SKILL.md", "<<include: list.md>>", "[nothing](nothing.md)")
    assert "broken-link" in {found.code.name for found in run_and_compare(project)}
    assert is_told_by_words(project, "patterns/list.md", "one step", "a step")
    run_and_compare(project)
    replace(project / "skills/h/SKILL.md", "Own words", "Words")
    run_and_compare(project)
    replace(project / "skills/h/SKILL.md", "[nothing](nothing.md)", "<<include: list.md>>")
    run_and_compare(project)


def test_without_published_outputs_no_lock_file_is_created(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project / "patterns/x.md", "# X\n\nWords.\n")
    write(project / "skills/a/SKILL.md", opening("a"))
    run_and_compare(project)
    write(project / "skills/a/SKILL.md", opening("a") + "[nothing](nothing.md)\n")
    (project / "build/skillweave.lock.json").unlink()
    run_and_compare(project)
    assert is_told_by_words(project, "patterns/x.md", "Words.", "Words.\n\nMore.")
    run_and_compare(project)


def test_an_executable_output_is_repaired(project: Path) -> None:
    memory, output = Memory(), project / "build/skills/a/SKILL.md"
    run_and_compare(project, memory)
    output.chmod(0o755)
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run_and_compare(project, memory)
    assert not output.stat().st_mode & 0o111


@pytest.mark.parametrize("is_gone", [False, True], ids=["damaged", "gone"])
@pytest.mark.parametrize("path", ["skills/a/SKILL.md", "skills/b/SKILL.md", "skillweave.lock.json"])
def test_a_changed_output_is_repaired(project: Path, path: str, is_gone: bool) -> None:  # noqa: FBT001
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    if is_gone:
        (project / "build" / path).unlink()
    else:
        (project / "build" / path).write_bytes(b"no words\n")
    replace(project / "skills/a/SKILL.md", "The end", "End words")
    run_and_compare(project)


def test_leftovers_of_a_killed_build_are_removed(project: Path) -> None:
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    write(project / "build/.staging-0123abcd/new/skills/a/SKILL.md", "half\n")
    replace(project / "skills/a/SKILL.md", "The end", "End words")
    run_and_compare(project)
    assert not [*(project / "build").glob(".staging-*")]


def test_a_foreign_file_in_a_bundle_is_reported(project: Path) -> None:
    (project / "build/skills/a/mine").mkdir()
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    write(project / "build/skills/a/mine/notes.md", "mine\n")
    replace(project / "skills/a/SKILL.md", "The end", "End words")
    assert "foreign-output" in {found.code.name for found in run_and_compare(project)}


def test_a_foreign_file_added_to_a_bundle_during_a_watch_is_reported(project: Path) -> None:
    memory = Memory()
    run_and_compare(project, memory)
    write(project / "build/skills/a/notes.md", "mine\n")
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    assert "foreign-output" in {found.code.name for found in run_and_compare(project, memory)}
    assert (project / "build/skills/a/notes.md").read_text() == "mine\n"


@pytest.mark.parametrize("name", ["wording.json", "sourcemap.json", "texts", "state.json", "since.json", "parts.json"])
@pytest.mark.parametrize("where", [0, 70, 0.5, 0.9])
def test_a_damaged_cache_file_is_not_trusted(project: Path, name: str, where: float) -> None:
    for number in range(40):  # so that only few of many files have changed
        write(project / f"skills/s{number}/SKILL.md", opening(f"s{number}"))
    run(project)
    replace(project / "skills/a/SKILL.md", "End words", "The end")
    run(project)
    data = bytearray((project / ".skillweave" / name).read_bytes())
    place = where if isinstance(where, int) else int(where * len(data))
    for damaged in (data[:place], data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]):
        for path, said, says in (("a", "The end", "End words"), ("d", "See", "Look at"), ("a", "End words", "The end")):
            (project / ".skillweave" / name).write_bytes(damaged)
            replace(project / f"skills/{path}/SKILL.md", said, says)
            run_and_compare(project)
        replace(project / "skills/d/SKILL.md", "Look at", "See")
        run_and_compare(project)


@pytest.mark.parametrize("key", vars(SourceMap()))
def test_a_source_map_with_invalid_values_is_not_trusted(project: Path, key: str) -> None:
    place = project / ".skillweave/sourcemap.json"
    values: list[object] = [None, {}, {"patterns/words.md": [[1]]}, [[1, 2, 3, 4, 5, 6, 7]]]
    for number, value in enumerate(values):
        (project / ".skillweave/state.json").unlink()
        run(project)
        content = read_json(place)
        write_json(place, {**content, "value": {**content["value"], key: value}})
        replace(project / "patterns/words.md", "Last words", f"Last words {number}")
        run_and_compare(project)
