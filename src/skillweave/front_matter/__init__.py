"""Front matter: YAML text → fields with their places, every scalar a string as written. The only home of `yaml`.

What most authors write is read without the YAML parser, which costs more to load than to run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillweave.front_matter.plain import read_plain

if TYPE_CHECKING:
    from skillweave.diagnostics import Problem
    from skillweave.front_matter.values import FrontMatter


def read_front_matter(text: str, offset: int) -> tuple[FrontMatter, tuple[Problem, ...]]:
    """Read what stands between the two `---` lines; `offset` is its start, which is the start of the file's line 2.

    A text that is no YAML mapping gives an empty `FrontMatter` and one problem. With problems of the other kinds
    (duplicate keys, anchors, tags) it holds what is sound.
    """
    plain = read_plain(text, offset)
    if plain is not None:
        return plain, ()
    from skillweave.front_matter.events import read_events  # noqa: PLC0415 (yaml only where it is needed)

    return read_events(text, offset)
