"""The names of a project's headings: whether headings can come and go so that nothing but their own lines shows it.

In a page, a heading answers to its slug; a repeated slug is numbered: `usage`, `usage-1`. So a heading can come or go without
the compiler if no link asks for its name, and if that neither gives nor takes a number: if no other heading has that name, nor
one that numbering may turn into the other. To rename a heading is to remove one and to add one.
"""

from __future__ import annotations

import re

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skillweave.incremental.rewording.same import NewNames


def names_in(names: Iterable[str]) -> str:
    """Put names into one string, each between two line ends."""
    return "\n".join(["", *names, ""])


def with_new(own: str, others: str, new: NewNames) -> str | None:
    """The names of a text in which some headings come and go; None if anything else may depend on these headings.

    `own` are its names before that, and `others` those of all other texts.
    """
    for name in new.gone:
        own = own.replace(names_in([name]), "\n", 1)
    if any(_is_known(name, others) or _is_known(name, own) for name in {*new.gone, *new.come}):
        return None
    return own + names_in(new.come)


def _is_known(name: str, names: str) -> bool:
    """Whether some names contain this one, or one that numbering can turn into the other."""
    stem, is_numbered = name, True
    while stem and is_numbered:
        if names_in([stem]) in names:
            return True
        stem, _, number = stem.rpartition("-")
        is_numbered = number.isascii() and number.isdigit()
    return not name or re.search(rf"\n{re.escape(name)}(?:-[0-9]+)+\n", names) is not None
