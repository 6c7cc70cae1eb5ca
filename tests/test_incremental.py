"""An incremental build gives the same bytes and diagnostics as a clean one, over random edits; and the cache is safe."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import files_below, skill, write
from rewording import run_and_compare
from skillweave.build import compare_project
from skillweave.codec import decode, encode
from skillweave.config import load_config
from skillweave.incremental import Asked, Memory, Outcome, Superseded, build, check, current
from skillweave.parse.documents import parse
from skillweave.sealed import read_json, write_json
from skillweave.state import TABLES, State
from strategies import examples

if TYPE_CHECKING:
    from conftest import Skillweave

NAMES = ("a.md", "b.md", "c.md", "d/e.md")
SKILLS = ("s", "t", "u")
LINES = (
    "# Title",
    "## Use",
    "## Use {#other}",
    "###### Deep",
    "text",
    "- item",
    "other [label]",
    "[label]: https://example.org",
    "[label]: https://example.com",
    "```",
    "[see](#use)",
    "[b](b.md)",
    "[c](../../patterns/c.md#use)",
    "[t](../t/SKILL.md#title)",
    "[plain](../../shared/f.md)",
    "[e]: ./x.png",
    "see `patterns/b.md` and `c.md`",
    "{{ t }}",
    "---\nparams:\n  t: {default: x}\n---",
    *(f"<<include: {name}>>" for name in NAMES),
    *(f"- <<include: {name}#use>>" for name in NAMES),
    '<<include: b.md with t="y">>',
    '<<include: c.md with t="{{ t }}">>',
    "<<include: b.md lines=1-2>>",
    "before <<include: d/e.md>> behind",
    "<<include: gone.md optional>>",
    "<<include: ../../shared/f.md>>",
    "<<include: a.md#use level=+4>>",
    "<<reference: c.md>>",
    "<<reference: c.md#use>>",
    "<<asset: x.png>>",
    "<<asset: b.md>>",
    "<<include: x.png as=code>>",
    "<<include: c.md as=code lang=md>>",
    "<<include: ../../shared/f.md as=code>>",
    "<<include: ../../shared/f.md#use as=code>>",
    "text\n<<asset: x.png>>\n---",
    "<<asset: x.png to=SKILL.md/>>",
    "## Command\n\n!`date`",
    "<<include: l.md>>",
    "<<include: b.md region=r>>",
    "<!-- region: r -->\n\n!`ls`\n\n<!-- endregion: r -->",
    '<<include: c.md with t="b.md">>',
    "[see]({{ t }})",
    "[f](../shared/f.md)",
    "```\n<<include: a.md>>\n```",
    "<<include: b.md lines=2>>",
    "---\nparams:\n  t: {required: true}\n---",
    "---\nparams: {}\n---",
    "<!-- skillweave: ignore broken-link, dangling-path -->",
    "<!-- skillweave: ignore unused-pattern, unportable-field -->\nsee [z](z.md) and `patterns/a.md`",
)
SKILL = skill("s", "\n")
CONFIGS = (
    "",
    "banner = false\n",
    'headings = "keep"\n',
    "nonsense = 1\n",
    'shared = ["shared"]\n',
    'shared = ["shared"]\nverbatim = ["**/d/**"]\n',
    'shared = ["shared"]\nlinks = "error"\nerror = ["SW4"]\n',
    'documents = ["shared"]\n[limits]\ndepth = 1\n',
    '[limits]\nexpansions = 3\nskill_lines = 9\n[per-path."patterns/**"]\nignore = ["broken-link", "unused-pattern"]\n',
)

CACHE = ("state.json", "since.json", "parts.json", "wording.json", "sourcemap.json", "texts", "documents")
KEPT = {"parts.json": "value", "wording.json": "value", "sourcemap.json": "value", "documents": "documents"}
"""Cache files that may be present but without content: each file, and the key of its content."""

text = st.lists(st.sampled_from(LINES), min_size=1, max_size=5).map(lambda lines: "\n\n".join(lines) + "\n")
tight = st.lists(st.sampled_from(LINES), min_size=1, max_size=4).map(lambda lines: "\n".join(lines) + "\n")
content = st.one_of(text, text, tight)
patterns = st.sampled_from([f"patterns/{name}" for name in NAMES])
written = st.one_of(
    st.tuples(st.just("write"), patterns, content),
    st.tuples(st.just("write"), patterns, content),
    st.tuples(st.just("write"), st.sampled_from(["patterns/x.png", "shared/f.md"]), content),
    st.tuples(st.just("write"), st.sampled_from([f"skills/{s}/SKILL.md" for s in SKILLS]), content.map(SKILL.__add__)),
    st.tuples(st.just("same size"), patterns, st.just("")),
    st.tuples(st.just("touch"), patterns, st.just("")),
)
edits = st.one_of(
    written,
    written,
    written,
    st.tuples(st.just("during"), patterns, content),
    st.tuples(st.just("give up"), patterns, content),
    st.tuples(st.just("write"), st.just("patterns/gone.md"), content),
    st.tuples(st.just("write"), st.just("skills/s/_own.md"), content),
    st.tuples(st.just("write"), st.just("skillweave.toml"), st.sampled_from(CONFIGS)),
    st.tuples(st.just("remove"), patterns, st.just("")),
    st.tuples(st.just("bytes"), patterns, st.just("")),
    st.tuples(st.just("link"), st.just("patterns/l.md"), st.sampled_from(["a.md", "b.md", "../shared/f.md", "/etc"])),
    st.tuples(st.just("write"), st.just("build/skills/t/x.md"), content),
    st.tuples(st.just("write"), st.sampled_from(["build/notes.md", "build/.hidden/notes.md", "build/d/x.md"]), content),
    st.tuples(st.just("rename"), patterns, st.sampled_from(NAMES)),
    st.tuples(st.just("edit output"), st.just("build/skills/s/SKILL.md"), st.just("")),
    st.tuples(st.just("break cache"), st.sampled_from(CACHE), st.sampled_from(["{", "[]", '{"key":1}'])),
    st.tuples(st.just("older cache"), st.sampled_from(CACHE), st.just("")),
    st.tuples(st.just("empty cache"), st.sampled_from([*KEPT]), st.sampled_from(["null", "[]", "{}"])),
)
Step = list[tuple[str, str, str]]


KINDS_OF_MEMORY = st.sampled_from(["new", "kept", "told of one file"])
RANDOM = settings(examples(60), suppress_health_check=list(HealthCheck))


def test_an_incremental_build_equals_a_clean_one() -> None:
    compare_histories(st.lists(st.lists(edits, min_size=1, max_size=2), min_size=2, max_size=6))


def test_edits_of_contents_give_the_same_result_as_a_clean_build() -> None:
    compare_histories(st.lists(st.lists(written, min_size=1, max_size=1), min_size=4, max_size=8))


def compare_histories(histories: st.SearchStrategy[list[Step]]) -> None:
    """Compare builds after each step of many histories. At least once, the outputs must be found current without compiling."""
    said = 0

    @RANDOM
    @given(histories, KINDS_OF_MEMORY)
    def compare(history: list[Step], memory: str) -> None:
        nonlocal said
        said += compare_with_clean(history, memory)

    compare()
    assert said


def with_skill(name: str, text: str) -> tuple[str, str, str]:
    return ("write", f"skills/{name}/SKILL.md", skill(name, f"\n{text}"))


def pattern(name: str, text: str) -> tuple[str, str, str]:
    return ("write", f"patterns/{name}", text)


SHARED = ("write", "skillweave.toml", 'shared = ["shared"]\n')
USES_SHARED = [
    SHARED,
    pattern("b.md", "run !`ls` now\n"),
    pattern("c.md", "[f](../shared/f.md)\n"),
    ("write", "shared/f.md", "<<include: b.md>>\n"),
]
EXTRA = "<<include: b.md>>\n\n## Extra\n\n"
ONE, TWO = "[One](https://e.org)\n\nWords of it.\n", "[Two](https://e.org)\n\nWords of it.\n"
HISTORIES: dict[str, list[Step]] = {
    "a symlink leads elsewhere": [
        [("link", "patterns/l.md", "b.md"), pattern("b.md", "# B\n"), with_skill("s", "<<include: l.md>>\n")],
        [("link", "patterns/l.md", "c.md")],
    ],
    "a symlink behind a symlink leads elsewhere": [
        [("link", "mid", "patterns/b.md"), ("link", "patterns/l.md", "../mid"), with_skill("s", "<<include: l.md>>\n")],
        [("link", "mid", "patterns/c.md")],
    ],
    "a file is shipped still and read no more": [
        [with_skill("s", "<<include: x.png as=code>>\n"), with_skill("t", "<<asset: x.png>>\n")],
        [with_skill("s", "text\n")],
    ],
    "a shared file is linked to no more": [USES_SHARED, [pattern("c.md", "text\n")]],
    "a shared file is edited as it is linked to no more": [
        USES_SHARED,
        [pattern("c.md", "text\n"), ("write", "shared/f.md", "<<include: b.md>>\n\nmore\n")],
    ],
    "a rendering links to a text": [
        [pattern("c.md", "---\nparams:\n  t: {}\n---\n[see]({{ t }})\n"), with_skill("t", "<<include: b.md>>\n")],
        [with_skill("s", '<<include: c.md with t="b.md">>\n')],
        [with_skill("s", '<<include: c.md with t="b.md">>\n\nmore\n')],
    ],
    "what is left over shows no more": [
        [
            pattern("b.md", "[x](#extra)\n"),
            pattern("c.md", "```\n<<include: b.md>>\n```\n"),
            with_skill("s", EXTRA),
            with_skill("t", f"{EXTRA}<<include: c.md lines=2>>\n"),
        ],
        [with_skill("s", "<<include: b.md>>\n")],
        [with_skill("s", EXTRA)],
    ],
    "a link gives no values to a template with an error": [
        [
            pattern("c.md", "---\nparams:\n  t: {required: true}\n---\n[q](gone.md)\n"),
            with_skill("s", '<<include: c.md with t="x">>\n'),
            with_skill("t", "[c](../../patterns/c.md)\n"),
        ],
        [with_skill("t", "[c](../../patterns/c.md)\n\nmore\n")],
    ],
    "an asset is named in lines that are not selected": [
        [
            pattern("b.md", "## Use\n\ntext\n\n## Rest\n\n<<asset: x.png>>\n"),
            pattern("c.md", "<<include: x.png as=code>>\n"),
            with_skill("s", "<<include: b.md#use>>\n"),
        ],
        [with_skill("s", "<<include: b.md#use>>\n\nmore\n")],
    ],
    "an asset that names files": [
        [
            pattern("b.md", "<<include: c.md>>\n"),
            with_skill("s", "text\n\n<<asset: b.md>>\n"),
            with_skill("t", "<<include: c.md>>\n"),
        ],
        [with_skill("s", "text\n\n<<asset: b.md>>\n\nmore\n")],
    ],
    "what is shown as code is linked to elsewhere": [
        [
            SHARED,
            ("write", "shared/f.md", "<<include: b.md>>\n"),
            pattern("b.md", "<<include: nope.md>>\n"),
            with_skill("s", "<<include: ../../shared/f.md as=code>>\n"),
            with_skill("t", "[f](../../shared/f.md)\n"),
        ],
        [with_skill("s", "<<include: ../../shared/f.md as=code>>\n\nmore\n")],
    ],
    "what is shown as code only is edited, and is more then": [
        [SHARED, ("write", "shared/f.md", "text\n"), with_skill("s", "<<include: ../../shared/f.md as=code>>\n")],
        [("write", "shared/f.md", "<<include: nope.md>>\n")],
        [with_skill("s", "<<include: ../../shared/f.md>>\n")],
        [with_skill("s", "<<include: ../../shared/f.md as=code>>\n")],
    ],
    "a file that cannot be read is referred to": [
        [with_skill("s", "<<reference: b.md>>\n"), ("bytes", "patterns/b.md", "")],
        [pattern("b.md", "# B\n")],
    ],
    **{
        f"{name} is as it was before {what}": [
            [with_skill("s", "<<include: b.md>>\n"), with_skill("u", "<<include: new.md>>\n"), pattern("b.md", ONE)],
            [with_skill("t", "<<include: b.md>>\n"), *also],
            [("older cache", name, ""), pattern("b.md", ONE.replace("Words", "Other words"))],
            [pattern("b.md", TWO)],
            [("older cache", name, ""), pattern("b.md", ONE)],
        ]
        for what, also in {
            "an edit": [],
            "a new file": [pattern("new.md", "# New\n"), pattern("b.md", TWO)],
        }.items()
        for name in CACHE
    },
    **{
        f"{name} says nothing": [
            [with_skill("s", "<<include: b.md>>\n"), pattern("b.md", "# B\n\nOne.\n")],
            [("empty cache", name, "{}"), pattern("b.md", "# B\n\nTwo.\n")],
            [("empty cache", name, "[]"), pattern("b.md", "# B\n\nThree.\n\nMore.\n")],
            [("empty cache", name, "null"), with_skill("s", "text\n")],
        ]
        for name in KEPT
    },
    "what stands in the way of outputs": [
        [with_skill("s", "text\n")],
        [("write", "build/skills/s/x.md", "x\n")],
        [],
        [],
    ],
}


@pytest.mark.parametrize("memory", ["new", "kept", "told of one file"])
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_a_history_gives_the_same_result_as_a_clean_build(history: list[Step], memory: str) -> None:
    compare_with_clean(history, memory)


def test_a_template_included_as_code_is_not_rendered(tmp_path: Path) -> None:
    template = "---\nparams: {}\n---\n\nx {# y #}\n"
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md as=code>>\n\n<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", template)
    run(tmp_path, build)
    assert f"```markdown\n{template}```\n\nx" in (tmp_path / "build/skills/s/SKILL.md").read_text("utf-8")


@pytest.mark.parametrize(("name", "key"), [("state.json", key) for key in vars(State(""))] + [("parts.json", "parts")])
def test_a_cache_with_invalid_values_is_not_trusted(tmp_path: Path, name: str, key: str) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md#nope>>\n")
    write(tmp_path / "patterns/a.md", "# A\n")
    expected = run(tmp_path, build)
    assert expected is not None
    values: list[object] = [None, {}, {"patterns/a.md": [[1]]}, [[[]]]]
    for value in values:
        for edit in ("# A\n", "# A\n\nmore\n"):
            run(tmp_path, build)
            place = tmp_path / ".skillweave" / name
            write_json(place, {**read_json(place), key: value})
            write(tmp_path / "patterns/a.md", edit)
            again = run(tmp_path, check)
            assert again is not None
            assert again.diagnostics == expected.diagnostics


SINCE = ("saved", "changes", "started", "worked", "made", "published", "pending", "renewed")


@pytest.mark.parametrize("key", SINCE)
def test_invalid_values_in_saved_changes_are_not_trusted(tmp_path: Path, key: str) -> None:
    project, clean = tmp_path / "project", tmp_path / "clean"
    for name in ("s", "t", "u"):
        write(project / f"skills/{name}/SKILL.md", skill(name, "\n<<include: a.md>>\n"))
    write(project / "patterns/a.md", "# A\n")
    write(project / "patterns/b.md", "# B\n")
    tables = {name: {"patterns/a.md": [[1]], "skills/s/SKILL.md": [], "": [[[]]]} for name in TABLES}
    wrong: list[object] = [
        None,
        {},
        0,
        [],
        [1],
        "x",
        True,
        tables,
        {**tables, "files": [1]},
        {name: {"a": 1} for name in TABLES},
    ]
    for number, value in enumerate(wrong):
        write(project / "skillweave.toml", f"# {number}\n")
        run(project, build)
        for edit in ("one", "two"):
            write(project / "patterns/b.md", f"# B\n\n{edit}\n")
            run(project, build)
        since = project / ".skillweave/since.json"
        kept = read_json(since)
        assert kept["changes"]["files"].keys() == {"patterns/b.md"}
        write_json(since, {**kept, key: value})
        write(project / "patterns/a.md", f"# A\n\n{number}\n")
        run(project, build)
        shutil.rmtree(clean, ignore_errors=True)
        shutil.copytree(project, clean, ignore=shutil.ignore_patterns(".skillweave", "build"))
        run(clean, build)
        assert files_below(project / "build") == files_below(clean / "build")


def compare_with_clean(history: list[Step], kind_of_memory: str) -> int:
    """Compare a build with a clean one after each step. Return how often the outputs were found current without compiling.

    With "told of one file", each build comes after one that believes that nothing but the first edited file has changed.
    """
    times = 0
    memory = None if kind_of_memory == "new" else Memory()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        for name in SKILLS:
            write(project / f"skills/{name}/SKILL.md", skill(name, "\n<<include: a.md>>\n"))
        for name in NAMES:
            write(project / f"patterns/{name}", "# A\n\n## Use\n\ntext\n")
        write(project / "patterns/x.png", "x")
        write(project / "shared/f.md", "# F\n")
        for number, step in enumerate(history):
            for kind, path, new in step:
                if kind == "during":
                    run(
                        project,
                        build,
                        memory=memory,
                        progress=lambda *_, path=path, new=new: apply(project, "write", path, new),
                    )
                apply(project, kind, path, new)
                if kind == "give up":
                    give_up(project, memory)
            keep_cache(project)
            checked = run(project, check) if number % 2 else None
            if kind_of_memory == "told of one file":
                run(project, build, memory=memory, only=frozenset(path for _, path, _ in step[:1]))
            built = run(project, build, memory=memory)
            clean = Path(folder) / "clean"
            shutil.rmtree(clean, ignore_errors=True)
            shutil.copytree(project, clean, symlinks=True, ignore=shutil.ignore_patterns(".skillweave"))
            expected = run(clean, build, cached=False)
            if built is None or expected is None:
                assert built is expected is None
                continue
            assert built.diagnostics == expected.diagnostics
            assert (built.entries, built.asked, built.files) == (expected.entries, expected.asked, expected.files)
            assert sorted([*built.changed, *built.unchanged]) == sorted([*expected.changed, *expected.unchanged])
            assert files_below(project / "build") == files_below(clean / "build")
            said = run_current(project)
            if said is not None:
                times += 1
                compiled, published = compare_project(load_config(clean)[0], ())
                assert (compiled.diagnostics, published.diagnostics) == (said.diagnostics, [])
            if checked is not None:
                assert [d for d in expected.diagnostics if d.code.number < "SW902"] == list(checked.diagnostics)
    return times


def keep_cache(project: Path) -> None:
    """Copy the cache aside before a run, so that a later edit can restore a file of it."""
    shutil.rmtree(project.parent / "older", ignore_errors=True)
    if (project / ".skillweave").is_dir():
        shutil.copytree(project / ".skillweave", project.parent / "older")


def give_up(project: Path, memory: Memory | None) -> None:
    """Run a build that is superseded by newer changes, and so must publish nothing."""
    before = files_below(project / "build")
    with suppress(Superseded):
        run(project, build, memory=memory, is_wanted=lambda: False)
    assert files_below(project / "build") == before


def test_a_superseded_build_leaves_the_memory_unchanged(tmp_path: Path) -> None:
    for name in SKILLS:
        write(tmp_path / f"skills/{name}/SKILL.md", skill(name, "\n<<include: a.md>>\n"))
    write(tmp_path / "patterns/a.md", "# A\n")
    memory = Memory()
    run(tmp_path, build, memory=memory)
    state, parts = memory.state, memory.parts
    write(tmp_path / "patterns/a.md", "# B\n")
    give_up(tmp_path, memory)
    assert (memory.state, memory.parts) == (state, parts)
    again = run(tmp_path, build, memory=memory)
    assert again is not None
    assert len(again.changed) == len(SKILLS)


def test_a_build_that_is_told_of_one_file_vouches_for_no_other(tmp_path: Path) -> None:
    """It publishes what the named file reaches. The stamps of the files that it did not look at have settled no more than
    before, so the next build reads those that were written while the last whole build read them.
    """
    write(tmp_path / "skills/s/SKILL.md", skill("s", "\n<<include: a.md>>\n\n<<include: b.md>>\n"))
    write(tmp_path / "patterns/a.md", "first\n")
    write(tmp_path / "patterns/b.md", "first\n")
    memory = Memory()
    run(tmp_path, build, memory=memory)
    assert memory.state is not None
    as_of = memory.state.started
    write(tmp_path / "patterns/a.md", "second\n")
    write(tmp_path / "patterns/b.md", "second\n")
    for only, expected in ((frozenset({"patterns/a.md"}), "second\n\nfirst\n"), (None, "second\n\nsecond\n")):
        run(tmp_path, build, memory=memory, only=only)
        assert (tmp_path / "build/skills/s/SKILL.md").read_text("utf-8").endswith(expected)
        assert (memory.state.started == as_of) is (only is not None)


def test_a_first_build_does_not_publish_what_it_read_before_another_build(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", "old\n")
    asked = 0

    def is_wanted() -> bool:
        nonlocal asked
        asked += 1
        if asked == 1:
            write(tmp_path / "patterns/a.md", "newer\n")
            run(tmp_path, build)
        return True

    run(tmp_path, build, is_wanted=is_wanted)
    assert "newer" in (tmp_path / "build/skills/s/SKILL.md").read_text("utf-8")
    assert asked == 1
    assert current(Asked(load_config(tmp_path, None, None, None)[0])) is not None


def test_a_first_build_that_starts_over_reads_everything_again(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", "old\n")
    run(tmp_path, build)
    clean = files_below(tmp_path / "build")
    shutil.rmtree(tmp_path / "build")
    write(tmp_path / "patterns/a.md", "new\n")

    def is_wanted() -> bool:
        if not (tmp_path / "build").exists():
            write(tmp_path / "patterns/a.md", "old\n")
            run(tmp_path, build, cached=False)
        return True

    run(tmp_path, build, is_wanted=is_wanted)
    assert files_below(tmp_path / "build") == clean


def test_the_digest_of_a_file_that_changes_during_a_build_matches_the_output(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", "one\n")
    run(tmp_path, build)
    write(tmp_path / "patterns/a.md", "two\n")
    run(tmp_path, build, progress=lambda *_: write(tmp_path / "patterns/a.md", "six\n"))
    lock = json.loads((tmp_path / "build/skillweave.lock.json").read_text("utf-8"))
    made = (tmp_path / "build/skills/s/SKILL.md").read_text("utf-8").rpartition("---\n\n")[2]
    assert made in ("two\n", "six\n")
    assert lock["entries"]["skills/s/SKILL.md"]["inputs"]["patterns/a.md"] == sha256(made.encode()).hexdigest()


def test_a_repeated_build_repairs_outputs_that_no_edit_affects(tmp_path: Path) -> None:
    for name in ("s", "t"):
        write(tmp_path / f"skills/{name}/SKILL.md", skill(name, f"\n<<include: {name}.md>>\n"))
        write(tmp_path / f"patterns/{name}.md", "# A\n")
    memory = Memory()
    run(tmp_path, build, memory=memory)
    wanted = (tmp_path / "build/skills/t/SKILL.md").read_bytes()
    write(tmp_path / "build/skills/t/SKILL.md", "edited\n")
    write(tmp_path / "patterns/s.md", "# B\n")
    again = run(tmp_path, build, memory=memory)
    assert again is not None
    assert again.changed == ("skills/s/SKILL.md", "skills/t/SKILL.md")
    assert again.unchanged == ()
    assert (tmp_path / "build/skills/t/SKILL.md").read_bytes() == wanted


@pytest.mark.parametrize("data", [None, b"bad", b"{}", b'{"entries": {}}'])
def test_a_repeated_build_notices_a_replaced_lock_file(tmp_path: Path, data: bytes | None) -> None:
    lock = tmp_path / "p/build/skillweave.lock.json"
    for name in ("s", "t"):
        write(tmp_path / f"p/skills/{name}/SKILL.md", skill(name, f"\n<<include: {name}.md>>\n"))
        write(tmp_path / f"p/patterns/{name}.md", "# A\n")
    memory = Memory()
    run(tmp_path / "p", build, memory=memory)
    if data is None:
        lock.unlink()
    else:
        lock.write_bytes(data)
    write(tmp_path / "p/patterns/s.md", "# B\n")
    shutil.copytree(tmp_path / "p", tmp_path / "clean", ignore=shutil.ignore_patterns(".skillweave"))
    run(tmp_path / "p", build, memory=memory)
    run(tmp_path / "clean", build, cached=False)
    assert files_below(tmp_path / "p/build") == files_below(tmp_path / "clean/build")


def test_an_unchanged_build_repeats_the_same_diagnostics(tmp_path: Path) -> None:
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


def test_foreign_files_require_a_full_check(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL)
    run(tmp_path, build)
    assert run_current(tmp_path) is not None
    write(tmp_path / "build/notes.md", "mine\n")
    for _ in range(2):
        run(tmp_path, build)
        assert run_current(tmp_path) is None


def test_outputs_of_any_name_are_found_again(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL)
    for name in ('a "quoted" one.txt', "two\nlines.txt", " blanks ", "ünï\u2028.txt", "-/+", "back\\slash"):
        write(tmp_path / "skills/s" / name, "text\n")
    run(tmp_path, build)
    assert run_current(tmp_path) is not None
    assert len(files_below(tmp_path / "build/skills/s")) == 7


@pytest.mark.parametrize("output", ["x", "./x", "x/", "skills/../x"])
def test_a_new_output_folder_is_not_a_change(tmp_path: Path, output: str) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: ../../shared/f.md>>\n")
    write(tmp_path / "shared/f.md", "# F\n")
    write(tmp_path / "skillweave.toml", 'shared = ["shared"]\n')
    config, _ = load_config(tmp_path, output=output)
    build(Asked(config))
    assert current(Asked(config)) is not None


def test_the_reason_for_a_rebuild_is_reported(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", "# A\n")
    first = run(tmp_path, build)
    write(tmp_path / "patterns/a.md", "# B\n")
    second = run(tmp_path, build)
    assert first is not None
    assert second is not None
    assert first.reasons == (("skills/s/SKILL.md", "it has not been built before"),)
    assert second.reasons == (("skills/s/SKILL.md", "patterns/a.md changed"),)


@pytest.mark.parametrize("what", ["configuration", "mode", "output"])
def test_the_reason_for_a_rebuild_without_changed_sources_is_reported(tmp_path: Path, what: str) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL)
    write(tmp_path / "skills/s/run.sh", "true\n")
    run(tmp_path, build)
    match what:
        case "configuration":
            write(tmp_path / "skillweave.toml", "banner = false\n")
        case "mode":
            (tmp_path / "skills/s/run.sh").chmod(0o755)
        case _:
            write(tmp_path / "build/skills/s/run.sh", "edited\n")
    again = run(tmp_path, build)
    assert again is not None
    ((_, reason),) = again.reasons
    if what == "configuration":
        assert reason == "no source changed, so the configuration or the version of skillweave did"
    else:
        assert reason == "no source text changed, so an output or the mode of a source did"


@pytest.mark.parametrize(
    "path", sorted(Path(__file__).parents[1].glob("[dps]*/**/*.md"))[:60], ids=lambda path: path.name
)
def test_a_document_survives_a_round_trip_through_json(path: Path) -> None:
    document = parse(path.read_text("utf-8"))
    assert decode(encode(document)) == document


def test_an_invalid_document_in_the_cache_is_parsed_again(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(tmp_path / "patterns/a.md", "# A\n\nSee <https://e.org>.\n")
    run(tmp_path, build)
    for kept in (tmp_path / ".skillweave/documents").iterdir():
        content = read_json(kept)
        content["documents"] = dict.fromkeys(content["documents"], "[1, 2]")
        write_json(kept, content)
    (tmp_path / ".skillweave/state.json").unlink()
    again = run(tmp_path, build)
    assert again is not None
    assert again.diagnostics == ()
    assert again.changed == ()


def test_a_cache_that_came_with_a_repository_is_not_trusted(tmp_path: Path) -> None:
    project, clone = tmp_path / "project", tmp_path / "clone"
    write(project / "skills/s/SKILL.md", SKILL + "<<include: a.md>>\n")
    write(project / "patterns/a.md", "# A\n")
    run(project, build)
    state = project / ".skillweave/state.json"
    content = read_json(state)
    content["result"]["entries"][0][1] = "lie"
    write_json(state, content)
    shutil.copytree(project, clone)
    believed, checked = run(project, build), run(clone, build)
    assert believed is not None
    assert checked is not None
    assert [entry.id for entry in believed.entries] == ["lie"]
    assert [entry.id for entry in checked.entries] == ["s"]


@pytest.mark.parametrize("arguments", [["graph"], ["trace", "build/skills/s/SKILL.md"]], ids=lambda words: words[0])
def test_without_the_cache_its_files_are_neither_used_nor_changed(
    tmp_path: Path, arguments: list[str], skillweave_here: Skillweave
) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL)
    write(tmp_path / "skillweave.toml", "banner = false\n")
    assert skillweave_here(tmp_path, ["build"]).status == 0
    told = skillweave_here(tmp_path, arguments)
    kept = tmp_path / ".skillweave/toml.json"
    write_json(kept, {**read_json(kept), "parsed": {"skills": ["elsewhere"]}})
    before = files_below(tmp_path / ".skillweave")
    assert skillweave_here(tmp_path, arguments) != told
    assert skillweave_here(tmp_path, [*arguments, "--no-cache"]) == told
    assert files_below(tmp_path / ".skillweave") == before


def test_documents_are_not_written_through_a_symlink(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    write(project / "skills/s/SKILL.md", SKILL + "text\n")
    elsewhere.mkdir()
    (project / ".skillweave").mkdir()
    (project / ".skillweave/documents").symlink_to(elsewhere)
    built = run(project, build)
    assert built is not None
    assert built.diagnostics == ()
    assert list(elsewhere.iterdir()) == []


def run(project: Path, command: object, *, cached: bool = True, **more: object) -> Outcome | None:
    """Run a command in a project. Return None if the configuration has an error."""
    config, problems = load_config(project)
    if problems:
        return None
    outcome = command(Asked(config, cached=cached, **more))  # type: ignore[operator, arg-type]
    assert isinstance(outcome, Outcome)
    return outcome


def run_current(project: Path) -> Outcome | None:
    """The outcome for current outputs, determined without compiling; None if that requires compiling."""
    return current(Asked(load_config(project)[0]))


def apply(project: Path, kind: str, path: str, content: str) -> None:
    place = project / path
    match kind:
        case "write" | "give up":
            write(place, content)
        case "bytes":
            write(place, b"caf\xe9\n")
        case "remove":
            place.unlink(missing_ok=True)
        case "link":
            place.unlink(missing_ok=True)
            place.symlink_to(content)
        case "rename" if place.exists():
            target = project / "patterns" / content
            target.parent.mkdir(parents=True, exist_ok=True)
            place.rename(target)
        case "same size" if place.exists():
            status = place.stat()
            place.write_bytes(place.read_bytes().swapcase())
            os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
        case "edit output" if place.exists():
            place.write_text("edited\n", "utf-8")
        case "touch" if place.exists():
            os.utime(place)
        case "break cache" | "older cache" | "empty cache" if (project / ".skillweave" / path).exists():
            apply_to_cache(project, kind, path, content)
        case _:
            pass


def apply_to_cache(project: Path, kind: str, path: str, content: str) -> None:
    place = project / ".skillweave" / path
    for file in place.iterdir() if place.is_dir() else [place]:
        older = project.parent / "older" / file.relative_to(project / ".skillweave")
        match kind:
            case "break cache":
                file.write_text(content, "utf-8")
            case "older cache" if older.exists():
                shutil.copyfile(older, file)
            case "empty cache":
                with suppress(ValueError):
                    kept = read_json(file)
                    assert KEPT[path] in kept
                    write_json(file, {**kept, KEPT[path]: json.loads(content)})
            case _:
                pass


def test_anchors_into_a_nested_skill_are_checked_after_an_edit_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "skills/s/SKILL.md", SKILL)
    write(tmp_path / "skills/s/in/SKILL.md", skill("in", "\n# In\n"))
    for end in ("", "more\n"):
        write(tmp_path / "skills/s/extra.md", f"# E\n\n[x](in/SKILL.md#gone)\n{end}")
        built = run(tmp_path, build)
        assert built is not None
        assert "broken-anchor" in {found.code.name for found in built.diagnostics}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("patterns/l.md", "---\nparams:\n  t: {default: a}\n---\n[x]({{ t }}.md)\n"),
        ("skills/t/_aside.md", "[a](../../patterns/a.md)\n"),
    ],
    ids=["a template whose rendering links", "a link that no bundle holds"],
)
def test_unedited_files_that_need_templates_rendered_with_defaults_still_count(
    tmp_path: Path, path: str, text: str
) -> None:
    write(tmp_path / path, text)
    write(tmp_path / "skills/s/SKILL.md", SKILL + '<<include: a.md with t="b">>\n')
    write(tmp_path / "skills/t/SKILL.md", skill("t"))
    write(tmp_path / "patterns/b.md", "---\nparams:\n  u: {enum: [b]}\n---\nu\n")
    for end in ("", "more\n", "and more\n"):
        body = f'<<include: ./b.md with u="{{{{ t }}}}">>\n\n{end}'
        write(tmp_path / "patterns/a.md", f"---\nparams:\n  t: {{}}\n---\n{body}")
        built, clean = run(tmp_path, build), run(tmp_path, check, cached=False)
        assert built is not None
        assert clean is not None
        assert built.diagnostics == clean.diagnostics
        assert "invalid-param" in {found.code.name for found in built.diagnostics}


def test_all_files_share_the_limit_for_sets_of_values(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project / "skillweave.toml", "[limits]\nexpansions = 4\n")
    for name in "ab":
        write(project / f"patterns/{name}.md", "---\nparams:\n  x: {}\n---\nSaid {{ x }}\n")
    for values in ("b1 b2", "b1 b2 b3", "b1", "b1 b2"):
        for name, passed in (("a", "a1 a2"), ("b", values)):
            included = "".join(f"\n<<include: {name}.md with x={value}>>\n" for value in passed.split())
            write(project / f"skills/{name}/SKILL.md", skill(name, included))
        is_too_much = "b3" in values
        assert [found.code.name for found in run_and_compare(project)] == ["expansion-too-large"] * is_too_much
