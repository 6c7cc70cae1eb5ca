"""Front matter: YAML text → fields with their places, every scalar a string as written. The only home of `yaml`.

What most authors write is read without the YAML parser, which costs more to load than to run.
"""

from __future__ import annotations

from skillweave.front_matter.plain import read_plain
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.diagnostics import Problem
    from skillweave.front_matter.values import FrontMatter


def read_front_matter(text: str, offset: int) -> tuple[FrontMatter, tuple[Problem, ...]]:
    """Read the text between the two `---` lines; `offset` is where it starts in the file, at the start of the second line.

    A text that is not a YAML mapping gives an empty `FrontMatter` and one problem. With other problems (duplicate keys,
    anchors, tags), the result holds everything that is sound.
    """
    plain = read_plain(text, offset)
    if plain is not None:
        return plain, ()
    from skillweave.front_matter.events import read_events  # noqa: PLC0415 (yaml is loaded only if it is needed)

    return read_events(text, offset)
