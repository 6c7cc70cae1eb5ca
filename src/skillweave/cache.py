"""Documents by the digest of their text: those that earlier builds parsed, and those that are parsed now.

A document depends on nothing but its text and the parser, so one that is kept is right. Nothing across files is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from skillweave.codec import decode
from skillweave.halves import read_each

if TYPE_CHECKING:
    from skillweave.document import Document


PLAIN, PARALLEL = 500_000, 200_000
"""Characters of text from which on a second process is worth its start: of plain text, and of text that takes a parser."""

Fetch = Callable[[Iterable[str]], Mapping[str, str]]
"""Digests → the documents of earlier builds among them, as they are stored."""


class Documents:
    """Documents by the digest of their text: those of earlier builds, and those that are parsed in this one.

    `fetch` gets what is stored. `memory`, where there is some, outlives the build. A plain text is read anew in every
    build, as that costs no more than to keep what it says.
    """

    def __init__(self, fetch: Fetch | None = None, memory: dict[str, Document] | None = None) -> None:
        self.fetch = fetch
        self.memory = {} if memory is None else memory
        self.stored: dict[str, str] = {}
        """What was fetched and not yet asked for."""
        self.used: set[str] = set()
        """The digests of all texts of this build."""
        self.fresh: dict[str, Document] = {}
        """What the parser has read in this build."""
        self.odd: set[str] = set()
        """The digests of texts that are known not to be plain."""

    def prepare(self, texts: Mapping[str, str]) -> None:
        """Read the plain ones of some texts (by digest), and fetch what others say; parse what is left, if it is much."""
        from skillweave.parse.documents import parse_by_parser, parse_plain  # noqa: PLC0415 (only where there is something to parse)

        new = {
            digest: text for digest, text in texts.items() if digest not in self.memory and digest not in self.stored
        }
        unknown = []
        for digest, document in read_each(parse_plain, new, PLAIN).items():
            if document is None:
                unknown.append(digest)
            else:
                self.memory[digest] = document
        self.odd.update(unknown)
        if self.fetch is not None and unknown:
            self.stored.update(self.fetch(unknown))
        left = {digest: texts[digest] for digest in unknown if digest not in self.stored}
        if sum(map(len, left.values())) >= PARALLEL:
            parsed = read_each(parse_by_parser, left, PARALLEL)
            self.memory.update(parsed)
            self.fresh.update(parsed)

    def get(self, text: str, digest: str) -> Document:
        """The document of a text."""
        self.used.add(digest)
        document = self.memory.get(digest)
        if document is not None:
            return document
        from skillweave.parse.documents import parse_by_parser, parse_plain  # noqa: PLC0415 (only where there is something to parse)

        document = parse_plain(text) if digest not in self.odd else None
        document = document or self._stored(digest)
        if document is None:
            document = self.fresh[digest] = parse_by_parser(text)
        self.memory[digest] = document
        return document

    def _stored(self, digest: str) -> Document | None:
        if digest not in self.stored and self.fetch is not None:
            self.stored.update(self.fetch([digest]))
        line = self.stored.pop(digest, None)
        try:
            return None if line is None else decode(line)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None

    def forget_others(self) -> None:
        """Drop from memory what this build did not use, or a long watch would keep every text that ever was."""
        for digest in self.memory.keys() - self.used:
            del self.memory[digest]
