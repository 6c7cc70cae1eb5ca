"""Independent judges that do not use our code: published validators of agent skills, and a link check based on markdown-it."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
OURS = sorted((ROOT / "build").rglob("SKILL.md"))
CASES = sorted((ROOT / "tests/cases").glob("*/expected/**/SKILL.md"))
PAGES = sorted((ROOT / "build").rglob("*.md"))


def named(path: Path) -> str:
    return path.parent.relative_to(ROOT).as_posix()


def test_there_are_bundles_to_check() -> None:
    assert len(OURS) == len(list((ROOT / "skills").rglob("SKILL.md"))) >= 3
    assert len(CASES) > 30
    assert {*OURS} < {*PAGES}
    assert any(destinations(page) for page in PAGES)


@pytest.mark.parametrize("skill", [*OURS, *CASES], ids=named)
def test_the_reference_validator_accepts_what_we_build(skill: Path) -> None:
    result = judge("agentskills", "validate", skill.parent)
    assert result.returncode == 0, result.stdout + result.stderr


def test_agnix_reports_no_error_on_ours() -> None:
    result = judge("agnix", ROOT / "build/skills")
    assert result.returncode == 0, result.stdout + result.stderr


def test_skilllint_reports_no_error_on_ours() -> None:
    result = judge("skilllint", "check", ROOT / "build/skills")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_bundle_leads_to_an_existing_place_in_it(page: Path) -> None:
    bundle = next(parent for parent in page.parents if (parent / "SKILL.md").exists())
    for destination in destinations(page):
        path, _, fragment = unquote(destination).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(bundle), destination
        assert target.exists(), destination
        assert not fragment or fragment in anchors(target), destination


def judge(command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / command, *arguments], capture_output=True, encoding="utf-8", errors="replace", timeout=120, check=False
    )


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def destinations(page: Path) -> list[str]:
    """The relative link targets of a page, as a browser would see them."""
    links = _Links()
    links.feed(MarkdownIt("commonmark").enable("table").render(body(page)))
    return [found for found in links.found if ":" not in found.partition("/")[0] and not found.startswith("/")]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub generates for a page's headings."""
    tokens = MarkdownIt("commonmark").enable("table").parse(body(page))
    names: dict[str, int] = {}
    found = set()
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            text = "".join(child.content for child in tokens[number + 1].children or [])
            slug = "".join(c for c in text.lower().replace(" ", "-") if c.isalnum() or c in "-_")
            found.add(f"{slug}-{names[slug]}" if slug in names else slug)
            names[slug] = names.get(slug, 0) + 1
    return found


def body(page: Path) -> str:
    text = page.read_text("utf-8")
    return text.split("\n---\n", 1)[1] if text.startswith("---\n") else text
