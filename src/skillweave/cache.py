"""Documents by the digest of their text: parsed by an earlier build, or by this one.

A document depends only on its text and the parser, so a stored one is always right. Nothing that depends on several
files is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from skillweave.codec import decode
from skillweave.halves import read_each
from skillweave.sealed import MISSHAPED
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from skillweave.document import Document


PLAIN, PARALLEL = 500_000, 200_000
"""Total characters from which a second process is worth starting: PLAIN for plain texts, PARALLEL for those that need a
parser.
"""

Fetch = Callable[[Iterable[str]], Mapping[str, str]]
"""Maps digests to stored documents (JSON lines) of earlier builds; unknown digests are left out."""


class Documents:
    """Documents by the digest of their text: those of earlier builds, and those that are parsed in this one.

    `fetch` looks up stored documents. `memory`, if given, outlives the build. Plain texts are never stored: reading one
    again costs no more than loading its document.
    """

    def __init__(self, fetch: Fetch | None = None, memory: dict[str, Document] | None = None) -> None:
        self.fetch = fetch
        self.memory = {} if memory is None else memory
        self.stored: dict[str, str] = {}
        """Documents that were fetched and not asked for yet."""
        self.used: set[str] = set()
        """The digests of all texts that this build asked for."""
        self.fresh: dict[str, Document] = {}
        """Documents that the parser has read in this build."""
        self.odd: set[str] = set()
        """The digests of texts that are known not to be plain."""

    def prepare(self, texts: Mapping[str, str]) -> None:
        """Read many texts (by digest) at once: parse the plain ones, fetch the others, and parse the rest if there is much
        left.
        """
        from skillweave.parse.documents import parse_by_parser, parse_plain  # noqa: PLC0415 (only if there is a text to parse)

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
        """Return the document of a text, given its digest: from memory, from the store, or by parsing."""
        self.used.add(digest)
        document = self.memory.get(digest)
        if document is not None:
            return document
        from skillweave.parse.documents import parse_by_parser, parse_plain  # noqa: PLC0415 (only if there is a text to parse)

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
        except MISSHAPED:
            return None

    def forget_others(self) -> None:
        """Drop documents that this build did not use; else a long watch would keep every text it ever read."""
        for digest in self.memory.keys() - self.used:
            del self.memory[digest]
