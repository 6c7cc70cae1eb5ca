"""The names that headings answer to in a link."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_ASCII: dict[int, str | None] = {
    code: char.lower() if char.isalnum() or char in "_-" else "-" if char == " " else None
    for code, char in enumerate(map(chr, range(128)))
}


@lru_cache(maxsize=4096)
def slugify(text: str) -> str:
    """GitHub's anchor for a heading's text, before repeats are numbered.

    Lower case; letters, digits, marks, `_` and `-` stay, each space becomes `-`, and everything else is dropped.
    https://github.com/Flet/github-slugger
    """
    if text.isascii():
        return text.translate(_ASCII)
    kept = []
    for char in text.lower():
        if char in "_-" or (char.isascii() and char.isalnum()):
            kept.append(char)
        elif char == " ":
            kept.append("-")
        elif not char.isascii() and (
            unicodedata.category(char)[0] in "LM" or unicodedata.category(char) in ("Nd", "Nl")
        ):
            kept.append(char)
    return "".join(kept)


class Slugger:
    """Numbers repeated slugs in the order of a document's headings: `usage`, `usage-1`, `usage-2`."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def slug(self, text: str) -> str:
        """The slug of the document's next heading."""
        base = slugify(text)
        slug = base
        while slug in self.seen:
            self.seen[base] += 1
            slug = f"{base}-{self.seen[base]}"
        self.seen[slug] = 0
        return slug
