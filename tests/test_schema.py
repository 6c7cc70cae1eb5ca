"""The JSON Schema accepts exactly the configurations that the code accepts, and agrees with the reference page."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from projects import skill, write
from skillweave.config import Config, Limits, load_config
from skillweave.consumers import CONSUMERS
from skillweave.diagnostics import CODES
from skillweave.schema import schema, text
from skillweave.toml.policy import POLICY_KEYS

if TYPE_CHECKING:
    from conftest import Skillweave

ROOT = Path(__file__).parent.parent
VALIDATOR = Draft7Validator(schema())
SETTINGS = {name: default for name, default in Config._field_defaults.items() if name not in {"root", "file", "policy"}}

GOOD = (
    "",
    'patterns = ["patterns", "./shared//x/", "plugins/*/patterns", "a b", "é"]',
    'skills = []\ndocuments = [".claude/agents"]',
    'output = "./out/"',
    'output = "out/.../x"',
    'headings = "keep"\nbanner = false\nlinks = "error"',
    'shared = ["CONNECTORS.md", "...", "~x"]',
    'verbatim = ["./a", "**/templates/**", "..b/"]',
    f"consumers = {json.dumps(sorted(CONSUMERS))}",
    "[limits]\nbundle_bytes = 1\nexpansions = 1\ndepth = 1\nskill_lines = 10000000000\nskill_tokens = 1",
    '[plugins.x]\nversion = "1.2.0"\nauthor = "A"\nhomepage = "https://x.example"\nkeywords = []\nmarketplace = "a-b2"',
    '[plugins."a b".author]\nname = ""\nemail = "a@b.example"\nurl = "x"',
    'ignore = ["unused-pattern", "SW402", "SW3"]\nerror = ["empty-include"]',
    'ignore = ["sw304", "Unused-Pattern", "sW3"]\nerror = ["EMPTY-include"]',
    '[per-path."skills/legacy/**"]\nignore = ["broken-link"]\nerror = ["SW402"]\n[per-path."*"]',
)
BAD = (
    'pattern = ["x"]',
    'patterns = "x"',
    "patterns = [1]",
    *(
        f"{key} = {json.dumps([path])}"
        for key in ("patterns", "shared")
        for path in ("", ".", "./", "/x", "~", "~/x", "C:", "c:/x", "a\\b", "a/../b", "..", "a\tb", "a\x7f", "a\u202eb")
    ),
    *(f"skills = {json.dumps([path])}" for path in ("a*", "a/b*/c", "**", "*/*", "*/a/*")),
    *(f"shared = {json.dumps([f'a/{part}/b'])}" for part in (".git", ".GIT", "git~1", ".hg", ".jj", ".svn", ".git. ")),
    'shared = ["a/.skillweave"]',
    'shared = ["*"]',
    'output = "out/*"',
    'output = "../out"',
    'output = ["out"]',
    'headings = "flat"',
    "banner = 1",
    "links = true",
    'verbatim = "x"',
    'consumers = ["emacs"]',
    "limits = 1",
    "[limits]\ndepth = 0",
    "[limits]\ndepth = 10001",
    "[limits]\nexpansions = 10000001",
    "[limits]\nbundle_bytes = 1073741825",
    "[limits]\nskill_lines = 1.5",
    "[limits]\nskill_lines = true",
    "[limits]\nlines = 5",
    "plugins = 1",
    "[plugins]\nx = 1",
    '[plugins.x]\nname = "x"',
    '[plugins.x]\nversion = " "',
    "[plugins.x]\nversion = 1",
    '[plugins.x]\nhomepage = "x.example"',
    '[plugins.x]\nmarketplace = "A"',
    '[plugins.x]\nmarketplace = "agent-skills"',
    '[plugins.x]\nkeywords = "x"',
    "[plugins.x]\nauthor = 1",
    '[plugins.x]\nauthor = ""',
    '[plugins.x.author]\nemail = "a@b.example"',
    '[plugins.x.author]\nname = "a"\nphone = "1"',
    'ignore = ["no-such-finding"]',
    'ignore = ["missing-include"]',
    'ignore = ["broken-link"]',
    'ignore = ["SW6"]',
    'ignore = ["sw201"]',
    'ignore = ["sw304x"]',
    "ignore = [1]",
    'ignore = "SW304"',
    'error = ["missing-include"]',
    '[per-path."a"]\nignore = ["missing-include"]',
    '[per-path."a"]\nskip = []',
    "per-path = []",
    *(f"[per-path.{json.dumps(glob)}]" for glob in ("", ".", "/a", "~a", "a/../b", "a\\b")),
    *(f"verbatim = [{json.dumps(glob)}]" for glob in ("", ".", "/a", "~a", "a/../b", "a\\b")),
)


def problems(content: str, folder: Path) -> list[str]:
    """The problems that the code reports when it reads a configuration."""
    (folder / "skillweave.toml").write_text(content, encoding="utf-8")
    _, found = load_config(folder, folder)
    return [f"{diagnostic.code.number} {diagnostic.message}" for diagnostic in found]


def is_valid(content: str) -> bool:
    return VALIDATOR.is_valid(tomllib.loads(content))


def test_the_schema_is_valid() -> None:
    Draft7Validator.check_schema(schema())


def test_the_command_prints_the_committed_schema(tmp_path: Path, skillweave_here: Skillweave) -> None:
    """If this fails, run `skillweave schema > docs/reference/skillweave.schema.json`."""
    shown = skillweave_here(tmp_path, ["schema"])
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == text() == (ROOT / "docs/reference/skillweave.schema.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", GOOD)
def test_a_correct_configuration_is_valid(content: str, tmp_path: Path) -> None:
    assert problems(content, tmp_path) == []
    assert list(VALIDATOR.iter_errors(tomllib.loads(content))) == []


@pytest.mark.parametrize("content", BAD)
def test_a_wrong_configuration_is_invalid(content: str, tmp_path: Path) -> None:
    assert problems(content, tmp_path) != []
    assert not is_valid(content)


def test_the_keys_and_defaults_are_those_of_the_code() -> None:
    properties: Any = schema()["properties"]
    assert list(properties) == [*SETTINGS, *POLICY_KEYS]
    tables = {"limits", "plugins"}
    assert all(properties[name]["default"] == [] for name in ("ignore", "error"))
    assert {name: properties[name]["default"] for name in SETTINGS if name not in tables} == {
        name: list(default) if isinstance(default, tuple) else default
        for name, default in SETTINGS.items()
        if name not in tables
    }
    limits = properties["limits"]["properties"]
    assert {name: limit["default"] for name, limit in limits.items()} == Limits._field_defaults


def test_descriptions_in_the_schema_match_the_reference() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([\w-]+)` \| .*? \| (.*?)(?:: see \[.*)? \|$", page, re.MULTILINE))
    told["ignore"] += "."
    properties: Any = schema()["properties"]
    shown = {name: of["description"] for name, of in (properties | properties["limits"]["properties"]).items()}
    assert shown == told


def test_the_examples_of_the_reference_are_valid() -> None:
    page = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert examples
    assert [example for example in examples if not is_valid(example)] == []


@pytest.mark.parametrize("key", ["ignore", "error"])
@pytest.mark.parametrize("table", ["", "[per-path.a]\n"])
def test_names_of_findings_are_accepted_as_in_the_code(key: str, table: str, tmp_path: Path) -> None:
    beginnings = {code.number[:length] for code in CODES.values() for length in range(2, 6)}
    for name in sorted({*beginnings, *(code.name for code in CODES.values())}):
        for spelled in (name, name.swapcase()):
            content = f'{table}{key} = ["{spelled}"]'
            assert is_valid(content) is (problems(content, tmp_path) == []), content


def test_the_page_on_editors_is_correct(tmp_path: Path, skillweave_here: Skillweave) -> None:
    page = (ROOT / "docs/how-to/editor.md").read_text(encoding="utf-8")
    fences = dict(re.findall(r"^```(\S+)[^\n]*\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (configuration,) = re.findall(r"^#:schema .*?\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert is_valid(configuration)
    (task,) = json.loads(fences["json"])["tasks"]
    pattern = task["problemMatcher"]["pattern"]
    write(tmp_path / "skills/x/SKILL.md", skill("x", "\n<<include: nope.md>>\n"))
    assert task["command"] == "skillweave"
    printed = skillweave_here(tmp_path, task["args"]).out.splitlines()
    (found,) = [match for line in printed if (match := re.search(pattern["regexp"], line))]
    values = {name: found[pattern[name]] for name in ("file", "line", "column", "code")}
    assert values == {"file": "skills/x/SKILL.md", "line": "6", "column": "12", "code": "SW201"}
    assert "nope.md" in found[pattern["message"]]


PATHS = st.text(st.sampled_from("ab./*\\~:C \t\u2028é"), max_size=6)


@given(key=st.sampled_from(["patterns", "skills", "documents", "shared", "output"]), path=PATHS)
def test_paths_are_accepted_as_in_the_code(root: Path, key: str, path: str) -> None:
    value = json.dumps(path if key == "output" else [path])
    content = f"{key} = {value}"
    found = [message for message in problems(content, root) if 'the output "' not in message]
    assert is_valid(content) is (found == []), (content, found)
