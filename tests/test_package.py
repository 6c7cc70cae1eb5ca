"""`package`: archives and plugins are reproducible, and never overwrite foreign files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from projects import Outcome, files_below, run_apart, skill, write

if TYPE_CHECKING:
    from conftest import Skillweave

PAGE = Path(__file__).parents[1] / "docs/how-to/publish.md"

FILES = {
    "plugins/research/skills/orchestration/SKILL.md": (
        "---\nname: orchestration\ndescription: Plans research.\n---\n# Research\n\n<<include: steps.md>>\n\n"
        "<<reference: more.md>>\n"
    ),
    "plugins/research/skills/orchestration/scripts/run.sh": "#!/bin/sh\necho run\n",
    "plugins/research/agents/reader.md": "---\nname: reader\n---\n<<include: steps.md>>\n",
    "plugins/research/commands/read.md": "Read it all.\n",
    "plugins/context/skills/orchestration/SKILL.md": (
        "---\nname: orchestration\ndescription: Plans context.\n---\n# Context\n"
    ),
    "plugins/context/skills/zip/SKILL.md": "---\nname: zip\ndescription: Zips.\n---\n# Zip\n",
    "patterns/steps.md": "1. First\n2. Second\n",
    "patterns/more.md": "# More\n\nMuch more.\n",
    "skillweave.toml": (
        'skills = ["plugins/*/skills"]\ndocuments = ["plugins/*/agents", "plugins/*/commands"]\n\n'
        '[plugins.research]\nversion = "1.2.0"\ndescription = "Reads for you"\nauthor = "Ada"\n'
        'homepage = "https://example.org/research"\nlicense = "MIT"\nkeywords = ["papers", "notes"]\n'
        'marketplace = "ada-tools"\n'
    ),
}
ARCHIVES = ["context-orchestration.zip", "context-zip.zip", "research-orchestration.zip"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "project", list(FILES))


def lay_out(project: Path, order: list[str]) -> Path:
    for path in order:
        write(project / path, FILES[path])
    (project / "plugins/research/skills/orchestration/scripts/run.sh").chmod(0o755)
    return project


def run_with(environment: dict[str, str], project: Path, arguments: list[str]) -> Outcome:
    return run_apart(project, ["package", *arguments], environment)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, with its mode."""
    return {path: (data, (folder / path).lstat().st_mode & 0o777) for path, data in files_below(folder).items()}


def members(archive: Path) -> dict[str, int]:
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return {info.filename: info.external_attr >> 16 for info in opened.infolist()}


def codes(outcome: Outcome) -> list[str]:
    return re.findall(r"^error\[(SW\d+)\]", outcome.err, re.MULTILINE)


# Archives


def test_an_archive_for_each_skill(project: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(project, ["package"])
    assert (outcome.status, outcome.err) == (0, "")
    assert sorted(path.name for path in (project / "dist").iterdir()) == ["SHA256SUMS", *ARCHIVES]
    assert outcome.out.splitlines()[-1] == "packed 3 packages, 0 unchanged"
    assert members(project / "dist/research-orchestration.zip") == {
        "orchestration/SKILL.md": 0o100644,
        "orchestration/references/more.md": 0o100644,
        "orchestration/scripts/run.sh": 0o100755,
    }
    assert not (project / "build").exists()


def test_an_archive_contains_what_a_build_writes(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["build"])
    built = project / "build/plugins/research/skills/orchestration"
    (built / "SKILL.md").write_text("An edit that must not get out.\n")
    skillweave(project, ["package", "research:orchestration"])
    skillweave(project, ["build"])
    with zipfile.ZipFile(project / "dist/research-orchestration.zip") as archive:
        packed = {name.removeprefix("orchestration/"): archive.read(name) for name in archive.namelist()}
    assert packed == {path: data for path, (data, _) in contents(built).items()}


def test_the_zip_metadata_does_not_depend_on_the_machine(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package"])
    with zipfile.ZipFile(project / "dist/research-orchestration.zip") as archive:
        infos = archive.infolist()
    assert len(infos) > 1
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    for info in infos:
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        assert (info.compress_type, info.create_system, info.extra) == (zipfile.ZIP_STORED, 3, b"")


@pytest.mark.parametrize("form", ["zip", "plugin"])
def test_the_same_bytes_on_another_machine(tmp_path: Path, form: str) -> None:
    """The machines differ in the folder, the file order on disk, the time zone, the locale, the hash seed, and file times."""
    here = lay_out(tmp_path / "here", list(FILES))
    there = lay_out(tmp_path / "a" / "longer way" / "there", list(reversed(FILES)))
    for path in there.rglob("*"):
        os.utime(path, (1, 1))
    arguments = ["--as", form, "--provenance", "--to", "dist"]
    first = run_with({"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"}, here, arguments)
    second = run_with({"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2"}, there, arguments)
    assert first == second
    assert first.status == 0, first.err
    made = contents(here / "dist")
    assert len(made) > 4
    assert made == contents(there / "dist")
    assert not any(str(tmp_path).encode() in data for data, _ in made.values())


@pytest.mark.parametrize(
    ("epoch", "moment"),
    [
        ("1700000001", (2023, 11, 14, 22, 13, 20)),  # ZIP stores even seconds only
        ("1", (1980, 1, 1, 0, 0, 0)),
        ("999999999999", (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_source_date_epoch(project: Path, epoch: str, moment: tuple[int, ...]) -> None:
    outcome = run_with({"SOURCE_DATE_EPOCH": epoch, "TZ": "Asia/Kathmandu"}, project, ["context:zip"])
    assert outcome.status == 0, outcome.err
    with zipfile.ZipFile(project / "dist/context-zip.zip") as archive:
        assert [info.date_time for info in archive.infolist()] == [moment]


def test_an_invalid_source_date_epoch(project: Path) -> None:
    outcome = run_with({"SOURCE_DATE_EPOCH": "yesterday"}, project, [])
    assert outcome.status == 2
    assert "SOURCE_DATE_EPOCH is 'yesterday'" in outcome.err
    assert not (project / "dist").exists()


def test_a_skill_archive_differs_from_a_zip_only_in_its_name(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package", "context:zip"])
    skillweave(project, ["package", "context:zip", "--as", "skill"])
    made = contents(project / "dist")
    assert made["context-zip.skill"] == made["context-zip.zip"]


def test_a_second_run_changes_nothing(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package", "--provenance"])
    before = {path: path.stat().st_mtime_ns for path in (project / "dist").iterdir()}
    again = skillweave(project, ["package", "--provenance"])
    assert (again.status, again.out) == (0, "packed 0 packages, 3 unchanged\n")
    assert {path: path.stat().st_mtime_ns for path in (project / "dist").iterdir()} == before


def test_limits_of_installers(project: Path, skillweave: Skillweave) -> None:
    for number in range(200):
        write(project / f"plugins/context/skills/zip/data/{number}.txt", "x\n")
    (project / "plugins/context/skills/orchestration/big.bin").write_bytes(bytes(30_000_000))
    outcome = skillweave(project, ["package"])
    assert (outcome.status, codes(outcome)) == (1, ["SW904", "SW904"])
    assert "context:zip has 201 files, but installers accept only 200" in outcome.err
    assert re.search(
        r"context:orchestration has 30,000,\d{3} bytes, but installers accept only 30,000,000", outcome.err
    )
    assert [path.name for path in (project / "dist").glob("*.zip")] == ["research-orchestration.zip"]
    (project / "plugins/context/skills/zip/data/0.txt").unlink()
    assert skillweave(project, ["package", "context:zip"]).status == 0


def test_a_skill_that_contains_another_is_not_packed(project: Path, skillweave: Skillweave) -> None:
    inner = "plugins/context/skills/zip/inner/SKILL.md"
    write(project / inner, skill("inner", "# Inner\n"))
    outcome = skillweave(project, ["package"])
    assert (outcome.status, codes(outcome)) == (1, ["SW709"])
    assert "context:zip contains another skill, context:zip:inner" in outcome.err
    made = sorted(path.name for path in (project / "dist").glob("*.zip"))
    assert made == ["context-orchestration.zip", "context-zip-inner.zip", "research-orchestration.zip"]
    assert list(members(project / "dist/context-zip-inner.zip")) == ["inner/SKILL.md"]


def test_a_second_skill_md_that_is_shipped(project: Path, skillweave: Skillweave) -> None:
    write(project / "patterns/template/SKILL.md", "A template.\n")
    with (project / "plugins/context/skills/zip/SKILL.md").open("a") as file:
        file.write("\n<<asset: template/>>\n")
    outcome = skillweave(project, ["package", "context:zip"])
    assert (outcome.status, codes(outcome)) == (1, ["SW709"])
    assert "contains a second SKILL.md, assets/template/SKILL.md" in outcome.err


def test_two_skills_with_the_same_archive_name(project: Path, skillweave: Skillweave) -> None:
    write(project / "plugins/context-zip/skills/a/SKILL.md", skill("a", "# A\n"))
    write(project / "plugins/context/skills/zip-a/SKILL.md", skill("zip-a", "# A\n"))
    outcome = skillweave(project, ["package"])
    assert (outcome.status, codes(outcome)) == (1, ["SW901"])
    assert "context:zip-a and context-zip:a would both become context-zip-a.zip" in outcome.err
    assert outcome.out.splitlines()[-1].endswith(" 0 unchanged, 1 with errors")


def test_an_entry_with_an_error_is_not_packed(project: Path, skillweave: Skillweave) -> None:
    write(project / "patterns/steps.md", "<<include: missing.md>>\n")
    outcome = skillweave(project, ["package"])
    assert (outcome.status, codes(outcome)) == (1, ["SW201"])
    assert outcome.out.splitlines()[-1] == "packed 2 packages, 0 unchanged, 2 with errors", "a skill and an agent"
    assert sorted(path.name for path in (project / "dist").glob("*.zip")) == ARCHIVES[:2]


def test_documents_are_packed_only_in_plugins(project: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(project, ["package", "research:reader"])
    assert (outcome.status, codes(outcome)) == (1, ["SW905"])
    assert "package it with --as plugin" in outcome.err


# What is written, and where


def test_the_sums_are_accepted_by_sha256sum(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package", "--provenance"])
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=project / "dist", check=True)
    lines = (project / "dist/SHA256SUMS").read_text().splitlines()
    assert [line[66:] for line in lines] == [*ARCHIVES[:2], "provenance.intoto.json", ARCHIVES[2]]


def test_the_sums_include_archives_of_earlier_runs(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package", "context:zip"])
    skillweave(project, ["package", "context:orchestration"])
    (project / "dist/context-zip.zip").rename(project / "taken.zip")
    skillweave(project, ["package", "research:orchestration"])
    listed = [line[66:] for line in (project / "dist/SHA256SUMS").read_text().splitlines()]
    assert listed == ["context-orchestration.zip", "research-orchestration.zip"]


@pytest.mark.parametrize("way", ["unlisted", "edited", "symlink", "folder", "sums", "sums-link"])
def test_what_is_not_ours_stays(project: Path, skillweave: Skillweave, way: str) -> None:
    dist = project / "dist"
    dist.mkdir()
    archive, name = dist / "context-zip.zip", "context-zip.zip"
    match way:
        case "unlisted":
            archive.write_text("Somebody's.")
        case "edited":
            skillweave(project, ["package"])
            archive.write_text("Edited.")
        case "symlink":
            (project / "target").write_text("Somebody's.")
            archive.symlink_to(project / "target")
        case "folder":
            write(project / "dist/context-zip.zip/file", "Somebody's.")
        case "sums":
            name = "SHA256SUMS"
            (dist / name).write_text("Not a list of sums.\n")
        case _:
            name = "SHA256SUMS"
            (project / "target").write_text("")
            (dist / name).symlink_to(project / "target")
    before = contents(project)
    outcome = skillweave(project, ["package", "context:zip"])
    assert (outcome.status, codes(outcome)) == (1, ["SW902"])
    why = "it is not the file that SHA256SUMS lists" if way == "edited" else "no earlier run wrote it"
    assert f"dist/{name} is where a package goes, but {why}" in outcome.err
    assert outcome.out == "packed 0 packages, 0 unchanged, 1 with errors\n" or way.startswith("sums")
    after = contents(project)
    assert {path: after[path] for path in before if path != "dist/SHA256SUMS" or way == "sums"} == {
        path: before[path] for path in before if path != "dist/SHA256SUMS" or way == "sums"
    }


def test_a_list_of_sums_by_another_tool_makes_nothing_ours(project: Path, skillweave: Skillweave) -> None:
    paths = ("research/HOOKS.md", "research/skills/mine/SKILL.md", "context-zip.zip")
    for path in paths:
        write(project / "dist" / path, "Somebody's.")
    listed = subprocess.run(["sha256sum", *paths], cwd=project / "dist", capture_output=True, text=True, check=True)
    write(project / "dist/SHA256SUMS", listed.stdout)
    before = contents(project / "dist")
    for arguments in (["--as", "plugin"], ["context:zip"]):
        outcome = skillweave(project, ["package", *arguments])
        assert (outcome.status, set(codes(outcome))) == (1, {"SW902"})
    after = contents(project / "dist")
    assert {path: after[path] for path in before if path != "SHA256SUMS"} == {
        path: before[path] for path in before if path != "SHA256SUMS"
    }


@pytest.mark.parametrize("to", ["taken", "taken/below", "dangling"])
def test_a_target_that_is_not_a_folder(project: Path, skillweave: Skillweave, to: str) -> None:
    write(project / "taken", "Somebody's.")
    (project / "dangling").symlink_to("nowhere")
    before = contents(project)
    outcome = skillweave(project, ["package", "--to", to])
    assert (outcome.status, outcome.out) == (2, "")
    assert f"{to.partition('/')[0]} is not a folder" in outcome.err
    assert contents(project) == before


def test_our_own_archive_is_replaced(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package", "--provenance"])
    write(project / "patterns/steps.md", "1. Only\n")
    outcome = skillweave(project, ["package"])
    assert outcome.status == 0, outcome.err
    assert outcome.out.splitlines()[-1] == "packed 1 package, 2 unchanged"
    assert not (project / "dist/provenance.intoto.json").exists(), "it would speak of another archive"


def test_a_hostile_list_of_sums_removes_nothing_outside(project: Path, skillweave: Skillweave) -> None:
    victim = project / "victim.txt"
    victim.write_text("Mine.\n")
    value = hashlib.sha256(b"Mine.\n").hexdigest()
    write(
        project / "out/SHA256SUMS", f"{value}  ../victim.txt\n{value}  {victim}\n{value}  research/../../victim.txt\n"
    )
    (project / "out/research").symlink_to(project / "plugins/research", target_is_directory=True)
    before = contents(project / "plugins")
    outcome = skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    assert (outcome.status, set(codes(outcome))) == (1, {"SW902"})
    assert victim.read_text() == "Mine.\n"
    assert contents(project / "plugins") == before
    assert "victim" not in (project / "out/SHA256SUMS").read_text()


@pytest.mark.parametrize("to", ["build", "build/dist", "patterns", "plugins/research/skills/dist", "shared/dist"])
def test_packages_are_not_written_among_sources_or_outputs(project: Path, skillweave: Skillweave, to: str) -> None:
    settings = (project / "skillweave.toml").read_text()
    (project / "skillweave.toml").write_text('shared = ["shared"]\n' + settings)
    outcome = skillweave(project, ["package", "--to", to])
    assert outcome.status == 2
    assert "which is no place for packages" in outcome.err


@pytest.mark.parametrize("output", ["x", "./x", "x/", "skills/../x"])
def test_the_output_folder_is_recognised_however_it_is_written(
    project: Path, skillweave: Skillweave, output: str
) -> None:
    outcome = skillweave(project, ["package", "--output", output, "--to", "x/dist"])
    assert (outcome.status, "which is no place for packages" in outcome.err) == (2, True)


def test_the_target_is_relative_to_the_working_directory(project: Path, skillweave: Skillweave) -> None:
    (project / "deep").mkdir()
    outcome = skillweave(project / "deep", ["package", "context:zip", "--to", "../elsewhere/"])
    assert outcome.out.startswith("packed ../elsewhere/context-zip.zip (")
    assert (project / "elsewhere/context-zip.zip").is_file()


# Plugins

TEXT = {"type": str}
PERSON: dict[str, Any] = {"type": dict, "required": ["name"], "keys": {"name": TEXT, "email": TEXT, "url": TEXT}}
WORDS: dict[str, Any] = {"type": list, "items": TEXT}
NAMED: dict[str, Any] = {"type": str, "pattern": r"[a-z0-9]+(-[a-z0-9]+)*"}
MANIFEST: dict[str, Any] = {
    "type": dict,
    "required": ["name"],
    "keys": {
        "name": NAMED,
        **dict.fromkeys(("version", "description", "repository", "license"), TEXT),
        "homepage": {"type": str, "pattern": r"[a-z]+:\S+"},
        "author": PERSON,
        "keywords": WORDS,
    },
}
MARKETPLACE: dict[str, Any] = {
    "type": dict,
    "required": ["name", "owner", "plugins"],
    "keys": {
        "name": NAMED,
        "owner": PERSON,
        "plugins": {
            "type": list,
            "items": {
                "type": dict,
                "required": ["name", "source"],
                "keys": {"name": NAMED, "source": {"type": str, "pattern": r"\./\S+"}, "description": TEXT},
            },
        },
    },
}
"""The requirements of https://code.claude.com/docs/en/plugins-reference and …/plugin-marketplaces, as far as we use them."""


def check_schema(value: Any, schema: dict[str, Any]) -> None:  # noqa: ANN401 (JSON)
    assert isinstance(value, schema["type"])
    assert re.fullmatch(schema.get("pattern", r"[\s\S]*"), value if isinstance(value, str) else "")
    if isinstance(value, dict):
        assert set(schema["required"]) <= value.keys() <= schema["keys"].keys()
        for key, below in value.items():
            check_schema(below, schema["keys"][key])
    for item in value if isinstance(value, list) else ():
        check_schema(item, schema["items"])


def test_a_plugin_for_each_namespace(project: Path, skillweave: Skillweave) -> None:
    outcome = skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    assert (outcome.status, outcome.err) == (0, "")
    made = contents(project / "out")
    assert {path: mode for path, (_, mode) in made.items()} == {
        ".claude-plugin/marketplace.json": 0o644,
        "SHA256SUMS": 0o644,
        "context/.claude-plugin/plugin.json": 0o644,
        "context/skills/orchestration/SKILL.md": 0o644,
        "context/skills/zip/SKILL.md": 0o644,
        "research/.claude-plugin/plugin.json": 0o644,
        "research/agents/reader.md": 0o644,
        "research/commands/read.md": 0o644,
        "research/skills/orchestration/SKILL.md": 0o644,
        "research/skills/orchestration/references/more.md": 0o644,
        "research/skills/orchestration/scripts/run.sh": 0o755,
    }
    marketplace = json.loads(made[".claude-plugin/marketplace.json"][0])
    check_schema(marketplace, MARKETPLACE)
    assert marketplace == {
        "name": "ada-tools",
        "owner": {"name": "Ada"},
        "plugins": [
            {"name": "context", "source": "./context"},
            {"name": "research", "source": "./research", "description": "Reads for you"},
        ],
    }
    for plugin in marketplace["plugins"]:
        check_schema(json.loads(made[f"{plugin['name']}/.claude-plugin/plugin.json"][0]), MANIFEST)
    assert json.loads(made["research/.claude-plugin/plugin.json"][0]) == {
        "name": "research",
        "version": "1.2.0",
        "description": "Reads for you",
        "author": {"name": "Ada"},
        "homepage": "https://example.org/research",
        "license": "MIT",
        "keywords": ["papers", "notes"],
    }
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=project / "out", check=True)


def test_files_of_removed_entries_are_removed_from_a_plugin(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    (project / "plugins/research/commands/read.md").unlink()
    outcome = skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    assert outcome.status == 0, outcome.err
    assert not (project / "out/research/commands").exists()
    assert "read.md" not in (project / "out/SHA256SUMS").read_text()


def test_a_foreign_file_keeps_a_plugin_unchanged(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    write(project / "out/research/hooks.json", "{}")
    write(project / "patterns/steps.md", "1. Only\n")
    before = contents(project / "out")
    outcome = skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    assert (outcome.status, codes(outcome)) == (1, ["SW902"])
    assert contents(project / "out") == before


def test_an_incomplete_plugin_is_not_created(project: Path, skillweave: Skillweave) -> None:
    write(project / "patterns/steps.md", "<<include: missing.md>>\n")
    outcome = skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    assert outcome.status == 1
    assert "plugin research is not created: it would lack research:reader, research:orchestration" in outcome.out
    assert sorted(path.name for path in (project / "out").iterdir()) == ["SHA256SUMS", "context"]


def test_a_plugin_of_which_only_a_part_is_named_is_not_created(project: Path, skillweave: Skillweave) -> None:
    """What an earlier run made as a whole is not replaced by a part."""
    skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    before = contents(project / "out")
    outcome = skillweave(project, ["package", "research:reader", "--as", "plugin", "--to", "out"])
    assert (outcome.status, codes(outcome)) == (1, ["SW905"])
    assert "plugin research would lack " in outcome.err
    assert contents(project / "out") == before


def test_one_whole_plugin_can_be_named(project: Path, skillweave: Skillweave) -> None:
    """The marketplace is of all plugins, so it stays."""
    skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    before = contents(project / "out")
    write(project / "patterns/steps.md", "1. Only\n")
    outcome = skillweave(project, ["package", "context:zip", "context:orchestration", "--as", "plugin", "--to", "out"])
    assert outcome.status == 0, outcome.err
    assert ".claude-plugin/marketplace.json is not written" in outcome.out
    after = contents(project / "out")
    assert after == {
        **before,
        **{path: after[path] for path in after if path.startswith("context/")},
        "SHA256SUMS": after["SHA256SUMS"],
    }


def test_two_skills_at_the_same_place_in_a_plugin(project: Path, skillweave: Skillweave) -> None:
    write(project / "plugins/context/skills/more/zip/SKILL.md", FILES["plugins/context/skills/zip/SKILL.md"])
    outcome = skillweave(project, ["package", "--as", "plugin", "--to", "out"])
    assert (outcome.status, codes(outcome)) == (1, ["SW901"])
    assert "context:zip and context:more:zip would both become skills/zip" in outcome.err


def test_entries_without_a_namespace(tmp_path: Path, skillweave: Skillweave) -> None:
    """Each becomes its own plugin. If exactly one plugin is configured, all of them go into it."""
    for name in ("one", "two"):
        write(tmp_path / f"skills/{name}/SKILL.md", skill(name, f"# {name}\n"))
    skillweave(tmp_path, ["package", "--as", "plugin", "--to", "each"])
    assert sorted(path.name for path in (tmp_path / "each").glob("*/skills/*")) == ["one", "two"]
    assert (tmp_path / "each/one/skills/one/SKILL.md").is_file()
    write(tmp_path / "skillweave.toml", "[plugins.all-of-it]\n")
    skillweave(tmp_path, ["package", "--as", "plugin", "--to", "all"])
    assert sorted(path.name for path in (tmp_path / "all/all-of-it/skills").iterdir()) == ["one", "two"]


def test_a_folder_that_cannot_name_a_plugin(tmp_path: Path, skillweave: Skillweave) -> None:
    write(tmp_path / "skills/My Tools/one/SKILL.md", skill("one", "# One\n"))
    outcome = skillweave(tmp_path, ["package", "--as", "plugin"])
    assert (outcome.status, codes(outcome)) == (1, ["SW905"])
    assert '"My Tools" is not a valid name for a plugin' in outcome.err


@pytest.mark.parametrize(
    ("config", "place", "says"),
    [
        ('[plugins.one]\nverison = "1"\n', "2:1", 'unknown key "verison" in plugins.one'),
        ("[plugins.one]\nversion = 1\n", "2:11", "plugins.one.version: expected a string, found an integer"),
        ('[plugins.one]\nkeywords = ["a", 1]\n', "2:18", "expected a string, found an integer"),
        ('[plugins.one]\nhomepage = "example"\n', "2:12", 'homepage: "example" is not a URL'),
        ('[plugins.one]\nauthor = {email = "a@b"}\n', "2:10", "author: the name is missing"),
        ('[plugins.one]\nauthor = {name = "A", mail = "b"}\n', "2:23", 'unknown key "mail" in plugins.one.author'),
        ("[plugins.one]\nauthor = true\n", "2:10", "expected a string or a table, found a boolean"),
        ('[plugins.one]\nlicense = ""\n', "2:11", "license is empty"),
        ('[plugins.one]\nmarketplace = "My Tools"\n', "2:15", '"My Tools" is not a valid name'),
        ('[plugins.one]\nmarketplace = "agent-skills"\n', "2:15", '"agent-skills" is not a valid name'),
        ('[plugins.onne]\nversion = "1"\n', "1:10", 'no entry is in a plugin "onne"'),
    ],
)
def test_errors_in_the_configuration(
    tmp_path: Path, skillweave: Skillweave, config: str, place: str, says: str
) -> None:
    write(tmp_path / "skills/one/a/SKILL.md", skill("a", "# A\n"))
    write(tmp_path / "skillweave.toml", config)
    outcome = skillweave(tmp_path, ["package", "--as", "plugin", "--format", "concise"])
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(f"skillweave.toml:{place}: SW001 ")
    assert says in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert not (tmp_path / "dist").exists()
    # Whether a plugin has any entries is checked only when plugins are built; everything else, whenever the file is read.
    checked = skillweave(tmp_path, ["check", "--format", "concise"])
    expected = (0, "") if "no entry is in" in says else (2, outcome.err)
    assert (checked.status, checked.err) == expected


def test_only_a_pyproject_has_the_keys_below_tool(tmp_path: Path, skillweave: Skillweave) -> None:
    write(tmp_path / "skills/one/a/SKILL.md", skill("a", "# A\n"))
    write(tmp_path / "my-pyproject.toml", '[plugins.onne]\nversion = "1"\n\n[plugins.two]\nversion = "1"\n')
    arguments = ["package", "--as", "plugin", "--format", "concise", "--config", "my-pyproject.toml"]
    places = [line.split(" ")[0] for line in skillweave(tmp_path, arguments).err.splitlines()]
    assert places == ["my-pyproject.toml:1:10:", "my-pyproject.toml:4:10:"]


def test_the_place_of_an_error_in_a_configuration_elsewhere(tmp_path: Path, skillweave: Skillweave) -> None:
    project, other = tmp_path / "project", tmp_path / "other.toml"
    write(project / "skills/one/a/SKILL.md", skill("a", "# A\n"))
    other.write_text('banner = false\n\n[plugins.onne]\nversion = "1"\n')
    outcome = skillweave(
        project, ["package", "--as", "plugin", "--root", ".", "--config", str(other), "--format", "concise"]
    )
    assert outcome.status == 2
    assert outcome.err.startswith(f"{other}:3:10: SW001 ")


def test_the_place_of_an_error_in_pyproject(tmp_path: Path, skillweave: Skillweave) -> None:
    write(tmp_path / "skills/one/a/SKILL.md", skill("a", "# A\n"))
    write(tmp_path / "pyproject.toml", "[tool.skillweave.plugins.one]\nversion = 1\n")
    outcome = skillweave(tmp_path, ["package", "--format", "concise"])
    assert outcome.err.startswith("pyproject.toml:2:11: SW001 plugins.one.version")


# Portable front matter


@pytest.mark.parametrize(
    ("consumers", "left_out"),
    [
        ([], ["model", "hooks", "argument-hint"]),
        (["claude-code"], []),
        (["claude-code", "vscode"], ["model", "hooks"]),
    ],
)
def test_unportable_keys_are_left_out(
    tmp_path: Path, skillweave: Skillweave, consumers: list[str], left_out: list[str]
) -> None:
    lines = {
        "a": "# first\nname: a\n",
        "model": "model: opus # the large one\n",
        "b": "# on the text\ndescription: |\n  Does a.\n\n  model: no key\n",
        "hooks": "hooks:\n  - one: |\n      two\n  - three\n",
        "argument-hint": "'argument-hint': ''\n",
        "c": "metadata: {model: kept}\n",
    }
    write(tmp_path / "skills/a/SKILL.md", f"---\n{''.join(lines.values())}---\n# A\n\nmodel: prose\n")
    write(tmp_path / "skillweave.toml", f"banner = false\nconsumers = {json.dumps(consumers)}\n")
    outcome = skillweave(tmp_path, ["package", "--strip-unportable"])
    assert outcome.status == 0, outcome.err
    with zipfile.ZipFile(tmp_path / "dist/a.zip") as archive:
        packed = archive.read("a/SKILL.md").decode()
    front = "".join(text for name, text in lines.items() if name not in left_out)
    assert packed == f"---\n{front}---\n# A\n\nmodel: prose\n"
    who = ", ".join(consumers) or "the agent-skills specification"
    said = f"left out {', '.join(left_out)} of skills/a/SKILL.md: not portable to {who}"
    assert (said in outcome.out) == bool(left_out)
    # Keys that are left out of a package are not findings.
    assert skillweave(tmp_path, ["package", "--strip-unportable", "--strict"]).status == 0
    skillweave(tmp_path, ["build"])
    assert "model: opus" in (tmp_path / "build/skills/a/SKILL.md").read_text()


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("{name: a, model: x, description: d}", "{name: a, description: d}"),
        ("{model: x, effort: [y, z], name: a, description: d}", "{name: a, description: d}"),
        ("{name: a, description: d, model: x}", "{name: a, description: d}"),
        ("{\n  name: a,\n  description: d,\n  model: {x: y}\n}", "{\n  name: a,\n  description: d\n}"),
    ],
)
def test_keys_in_flow_style(tmp_path: Path, skillweave: Skillweave, written: str, left: str) -> None:
    write(tmp_path / "skills/a/SKILL.md", f"---\n{written}\n---\n# A\n")
    write(tmp_path / "skillweave.toml", "banner = false\n")
    outcome = skillweave(tmp_path, ["package", "--strip-unportable"])
    assert outcome.status == 0, outcome.err
    with zipfile.ZipFile(tmp_path / "dist/a.zip") as archive:
        assert archive.read("a/SKILL.md").decode() == f"---\n{left}\n---\n# A\n"


# Provenance


def test_provenance_lists_every_source_and_every_archive(project: Path, skillweave: Skillweave) -> None:
    skillweave(project, ["package", "--provenance"])
    statement = json.loads((project / "dist/provenance.intoto.json").read_text())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]} == {
        name: hashlib.sha256((project / "dist" / name).read_bytes()).hexdigest() for name in ARCHIVES
    }
    definition = statement["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "as": "zip",
        "entries": ["context:orchestration", "context:zip", "research:orchestration"],
        "stripUnportable": False,
    }
    sources = {source["uri"]: source["digest"]["sha256"] for source in definition["resolvedDependencies"]}
    skills = [path for path in FILES if "/skills/" in path]
    assert sources == {
        path: hashlib.sha256(FILES[path].encode()).hexdigest()
        for path in [*skills, "patterns/steps.md", "patterns/more.md", "skillweave.toml"]
    }
    run = statement["predicate"]["runDetails"]
    assert re.fullmatch(r"[a-z]+:\S+", definition["buildType"])
    assert re.fullmatch(r"[a-z]+:\S+", run["builder"]["id"])
    assert "metadata" not in run, "it would hold times"


def test_provenance_lists_only_packed_entries(project: Path, skillweave: Skillweave) -> None:
    write(project / "patterns/steps.md", "<<include: missing.md>>\n")
    assert skillweave(project, ["package", "--provenance"]).status == 1
    statement = json.loads((project / "dist/provenance.intoto.json").read_text())
    assert [subject["name"] for subject in statement["subject"]] == ARCHIVES[:2]
    sources = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert sources
    assert not any("research" in source["uri"] for source in sources)


# The how-to


def test_the_commands_of_the_how_to(project: Path, skillweave: Skillweave) -> None:
    """Every command in the page's consoles runs, and prints exactly the output shown below it."""
    shutil.rmtree(project)
    page = PAGE.read_text()
    for name, text in re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        write(project / name, text)
    consoles = re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    ran = 0
    for step in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", "".join(consoles), re.MULTILINE):
        command, expected = step
        if command.startswith("skillweave "):
            outcome = skillweave(project, command.split()[1:])
            assert outcome.out == expected, command
        else:
            done = subprocess.run(command, shell=True, cwd=project, capture_output=True, text=True, check=True)  # noqa: S602
            assert done.stdout == expected, command
        ran += 1
    assert ran >= 5


@pytest.mark.parametrize("name", ["a\\..\\evil.bat", "con.txt", "x.", "c:d.md"])
def test_a_file_name_that_some_systems_forbid_is_not_packed(tmp_path: Path, skillweave: Skillweave, name: str) -> None:
    write(tmp_path / "skills/a/SKILL.md", skill("a", "# A\n"))
    write(tmp_path / "skills/a" / name, "x\n")
    outcome = skillweave(tmp_path, ["package", "--format", "concise"])
    assert outcome.status == 1
    assert (
        f'SW203 a contains {name}, but not every system allows a file or folder "{name}"' in outcome.err + outcome.out
    )
    assert not (tmp_path / "dist/a.zip").exists()


def test_a_report_does_not_replace_a_package(tmp_path: Path, skillweave: Skillweave) -> None:
    write(tmp_path / "skills/a/SKILL.md", skill("a", "# A\n"))
    assert skillweave(tmp_path, ["package"]).status == 0
    before = files_below(tmp_path / "dist")
    outcome = skillweave(tmp_path, ["package", "--output-file", "dist/a.zip"])
    assert outcome.status == 2
    assert "dist/a.zip is in dist, which is only for packages" in outcome.err
    assert files_below(tmp_path / "dist") == before


def test_a_file_name_with_special_characters_is_packed(tmp_path: Path, skillweave: Skillweave) -> None:
    write(tmp_path / "skills/a/SKILL.md", skill("a", "# A\n"))
    write(tmp_path / "skills/a/Screenshot at 9.41\u202fAM \u200d.png", "x\n")
    assert skillweave(tmp_path, ["package"]).status == 0


def test_all_names_that_some_systems_forbid_are_reported_at_once(tmp_path: Path, skillweave: Skillweave) -> None:
    write(tmp_path / "skills/a/SKILL.md", skill("a", "# A\n"))
    for name in ("con.txt", "x.", "c:d.md"):
        write(tmp_path / "skills/a" / name, "x\n")
    assert codes(skillweave(tmp_path, ["package"])) == ["SW203"] * 3
