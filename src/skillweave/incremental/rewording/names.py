"""The names of a project's headings: whether a heading can be renamed so that nothing but its own lines shows it.

In a page, a heading answers to its slug; a repeated slug is numbered: `usage`, `usage-1`. So a heading can be renamed without
the compiler if no link asks for its old or new name, and if neither of them gives or takes a number: if no other heading has
that name, nor one that numbering may turn into the other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from skillweave.incremental.rewording.same import Rename


def names_in(names: Iterable[str]) -> str:
    """Put names into one string, each between two line ends."""
    return "\n".join(["", *names, ""])


def with_renames(own: str, others: str, renames: Sequence[Rename]) -> str | None:
    """The names of a text in which some headings are renamed; None if anything else may depend on these headings.

    `own` are its names before that, and `others` those of all other texts.
    """
    for before, after in renames:
        rest = own.replace(names_in([before]), "\n", 1)
        if before != after and any(_is_known(name, others) or _is_known(name, rest) for name in (before, after)):
            return None
        own = rest + names_in([after])
    return own


def _is_known(name: str, names: str) -> bool:
    """Whether some names contain this one, or one that numbering can turn into the other."""
    stem, is_numbered = name, True
    while stem and is_numbered:
        if names_in([stem]) in names:
            return True
        stem, _, number = stem.rpartition("-")
        is_numbered = number.isascii() and number.isdigit()
    return not name or re.search(rf"\n{re.escape(name)}(?:-[0-9]+)+\n", names) is not None
