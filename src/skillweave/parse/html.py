"""Finds HTML attributes in a run of HTML: text → spans. Markdown has decided that it is HTML; this only reads tags."""

from __future__ import annotations

import re

from skillweave.record import NamedTuple
from skillweave.source import Span
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Attribute(NamedTuple):
    """One attribute of an opening tag: its name in lower case, and the span of its value without quotes."""

    name: str
    value: Span


_SKIPPED = (("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>"), ("<!", ">"))
"""Pairs that begin and end something in which there are no tags."""
_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)")
_ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""",
)
_BLANKS = " \t\n\f\r"
_RAW_TEXT = frozenset({"script", "style", "textarea"})


def attributes(html: str) -> Iterator[Attribute]:
    """Every attribute that has a value, in order; none from comments, raw text elements, or closing tags."""
    at = html.find("<")
    last = {
        close: html.rfind(close) for _, close in _SKIPPED
    }  # searched once, or many openers without a close would be slow
    while at >= 0:
        tag = _TAG.match(html, at)
        skipped = None if tag else next((close for opener, close in _SKIPPED if html.startswith(opener, at)), None)
        if skipped is not None and last[skipped] >= at + 2:
            at = html.find("<", html.find(skipped, at + 2) + len(skipped))
        elif tag:
            end = tag.end()
            while match := _ATTRIBUTE.match(html, end):
                group = next((number for number in (2, 3, 4) if match[number] is not None), None)
                if group:
                    yield Attribute(match[1].lower(), Span(*match.span(group)))
                end = match.end()
            if tag[1].lower() in _RAW_TEXT:
                close = re.compile(rf"</{tag[1]}", re.IGNORECASE).search(html, end)
                end = close.start() if close else len(html)
            at = html.find("<", end)
        else:
            at = html.find("<", at + 1)


def html_destinations(html: str) -> Iterator[Span]:
    """The span of every `href` and `src` value, without the blanks around it, which mean nothing."""
    for attribute in attributes(html):
        if attribute.name in ("href", "src"):
            start, end = attribute.value
            value = html[start:end].rstrip(_BLANKS)
            yield Span(start + len(value) - len(value.lstrip(_BLANKS)), start + len(value))


def html_anchors(html: str) -> Iterator[str]:
    """The names that a fragment can point to: the values of `id` and `name`."""
    for attribute in attributes(html):
        if attribute.name in ("id", "name"):
            yield html[attribute.value.start : attribute.value.end]
