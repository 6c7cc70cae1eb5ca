"""The page of a code: what it means, an example, the cure."""

from __future__ import annotations

from importlib import resources

from skillweave.suppress import find_code, find_codes, near_code
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.diagnostics import Code


def explain(name: str) -> tuple[str | None, str | None]:
    """The page of a code, by its number (`SW207` or `207`) or name in any case; else None and the nearest name, if any."""
    wanted = _numbered(name)
    code = find_code(wanted)
    return (page(code), None) if code is not None else (None, near_code(wanted))


def codes_of_stage(name: str) -> tuple[str, ...]:
    """The numbers of all codes that begin with an incomplete number such as `SW2`; empty for anything else."""
    return tuple(code.number for code in find_codes(_numbered(name)))


def _numbered(name: str) -> str:
    """Add `SW` to a number written without it; anything else is returned unchanged."""
    return f"SW{name}" if name.isascii() and name.isdigit() else name


def page(code: Code) -> str:
    """The page of a code, as Markdown."""
    package = resources.files("skillweave")
    pages = package.joinpath("pages")
    if not pages.is_dir():
        # Only a wheel contains the pages. A checkout, or an editable install of one, has them among its docs.
        pages = package.joinpath("..", "..", "docs", "reference", "diagnostics")
    return pages.joinpath(f"{code.number}.md").read_text("utf-8").rstrip("\n")
