"""An incremental build equals a clean one: bytes and diagnostics, over random histories of edits; and the cache is safe."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillweave.cache import PARALLEL, Documents, decode, encode
from skillweave.config import load_config
from skillweave.incremental import Asked, Outcome, build, check
from skillweave.parse import parse

NAMES = ("a.md", "b.md", "c.md", "d/e.md")
LINES = (
    "# Title",
    "## Use",
    "text",
    "other",
    "```",
    "[see](#use)",
    "[b](b.md)",
    "[e]: ./x.png",
    "{{ t }}",
    "---\nparams:\n  t: {default: x}\n---",
    *(f"<<include: {name}>>" for name in NAMES),
    "<<include: gone.md optional>>",
    "<<include: a.md#use>>",
    "<<reference: c.md>>",
    "<<asset: x.png>>",
)
SKILL = "---\nname: s\ndescription: A skill for tests. Use it in tests.\n---\n\n"
CONFIGS = ("", "banner = false\n", 'headings = "keep"\n', "nonsense = 1\n")

text = st.lists(st.sampled_from(LINES), min_size=1, max_size=4).map(lambda lines: "\n\n".join(lines) + "\n")
edits = st.one_of(
    st.tuples(st.just("write"), st.sampled_from([f"patterns/{name}" for name in (*NAMES, "gone.md", "x.png")]), text),
    st.tuples(st.just("write"), st.sampled_from(["skills/s/SKILL.md", "skills/t/SKILL.md"]), text.map(SKILL.__add__)),
    st.tuples(st.just("write"), st.just("skillweave.toml"), st.sampled_from(CONFIGS)),
    st.tuples(st.just("remove"), st.sampled_from([f"patterns/{name}" for name in NAMES]), st.just("")),
    st.tuples(st.just("rename"), st.sampled_from([f"patterns/{name}" for name in NAMES]), st.sampled_from(NAMES)),
    st.tuples(st.just("same size"), st.sampled_from([f"patterns/{name}" for name in NAMES]), st.just("")),
    st.tuples(st.just("edit output"), st.just("build/skills/s/SKILL.md"), st.just("")),
    st.tuples(st.just("touch"), st.sampled_from([f"patterns/{name}" for name in NAMES]), st.just("")),
    st.tuples(
        st.just("break cache"),
        st.sampled_from(["state.json", "documents.json"]),
        st.sampled_from(["{", "[]", '{"key":1}']),
    ),
)


@settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(edits, min_size=1, max_size=3), min_size=2, max_size=5))
def test_an_incremental_build_equals_a_clean_one(history: list[list[tuple[str, str, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        write(project / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
        write(project / "patterns/a.md", "# A\n")
        for step in history:
            for kind, path, content in step:
                apply(project, kind, path, content)
            checked = run(project, check)
            built = run(project, build)
            clean = Path(folder) / "clean"
            shutil.rmtree(clean, ignore_errors=True)
            shutil.copytree(project, clean, ignore=shutil.ignore_patterns(".skillweave"))
            expected = run(clean, build, cached=False)
            if built is None or expected is None:
                assert built is expected is None
                continue
            assert built.diagnostics == expected.diagnostics
            assert checked is not None
            assert [d for d in expected.diagnostics if d.code.number < "SW902"] == list(checked.diagnostics)
            assert tree(project / "build") == tree(clean / "build")


def test_nothing_changed_is_said_again_with_the_same_words(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md#nope>>\n")
    write(tmp_path / "patterns/a.md", "# A\n")
    first, second = run(tmp_path, build), run(tmp_path, build)
    assert first is not None
    assert second is not None
    assert first.diagnostics == second.diagnostics != ()
    assert [entry for entry in second.entries if not entry.good]


def test_an_unchanged_build_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", "# A\n")
    run(tmp_path, build)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*")}
    os.utime(tmp_path / "patterns/a.md")
    again = run(tmp_path, build)
    assert again is not None
    assert again.changed == ()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*")} == before


def test_it_says_why_an_entry_was_rebuilt(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", "# A\n")
    first = run(tmp_path, build)
    write(tmp_path / "patterns/a.md", "# B\n")
    second = run(tmp_path, build)
    assert first is not None
    assert second is not None
    assert first.reasons == (("skills/s/SKILL.md", "it has not been built before"),)
    assert second.reasons == (("skills/s/SKILL.md", "patterns/a.md changed"),)


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[1].glob("[dps]*/**/*.md"))[:60], ids=lambda path: path.name
)
def test_a_document_comes_back_from_json_as_it_was(path: Path) -> None:
    document = parse(path.read_text("utf-8"))
    assert decode(encode(document)) == document


def test_a_foreign_document_in_the_cache_is_parsed_again(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", "# A\n")
    run(tmp_path, build)
    kept = tmp_path / ".skillweave/documents.json"
    content = json.loads(kept.read_text())
    content["documents"] = dict.fromkeys(content["documents"], "[1, 2]")
    kept.write_text(json.dumps(content))
    (tmp_path / ".skillweave/state.json").unlink()
    again = run(tmp_path, build)
    assert again is not None
    assert again.diagnostics == ()
    assert again.changed == ()


def run(project: Path, command: object, *, cached: bool = True) -> Outcome | None:
    """One run in a project; None where its configuration has a mistake."""
    config, problems = load_config(project)
    if problems:
        return None
    outcome = command(Asked(config, cached=cached))  # type: ignore[operator]
    assert isinstance(outcome, Outcome)
    return outcome


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")


def apply(project: Path, kind: str, path: str, content: str) -> None:
    place = project / path
    match kind:
        case "write":
            write(place, content)
        case "remove":
            place.unlink(missing_ok=True)
        case "rename" if place.exists():
            target = project / "patterns" / content
            target.parent.mkdir(parents=True, exist_ok=True)
            place.rename(target)
        case "same size" if place.exists():
            status = place.stat()
            place.write_text(place.read_text("utf-8").swapcase(), "utf-8")
            os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
        case "edit output" if place.exists():
            place.write_text("edited\n", "utf-8")
        case "touch" if place.exists():
            os.utime(place)
        case "break cache" if (project / ".skillweave" / path).exists():
            (project / ".skillweave" / path).write_text(content, "utf-8")
        case _:
            pass


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_two_processes_parse_what_one_does() -> None:
    texts = {str(number): f"# {number}\n\n" + "text `code` [link](a.md)\n\n" * 2_000 for number in range(50)}
    documents = Documents({})
    documents.prepare(texts)
    assert set(documents.stored) == set(texts)
    assert all(documents.get(texts[digest], digest) == parse(texts[digest]) for digest in ("0", "49"))


def test_no_process_is_forked_beside_another_thread() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    documents = Documents({})
    documents.prepare({"0": "text\n" * PARALLEL})
    done.set()
    thread.join()
    assert dict(documents.stored) == {}
