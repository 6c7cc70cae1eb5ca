"""The `sarif` format, version 2.1.0, as GitHub's code scanning reads it: one run with rules, results, and their places."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256
from itertools import count
from urllib.parse import quote

from skillweave import __version__
from skillweave.diagnostics import CODES, INVALID_CONFIG, Severity
from skillweave.report.json_report import json_text
from skillweave.report.places import in_repository, is_absolute
from skillweave.report.text import escape, place
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skillweave.diagnostics import Code, Diagnostic, Note
    from skillweave.report import Context
    from skillweave.source import Position

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}

_Object = dict[str, object]


def render_sarif(diagnostics: Sequence[Diagnostic], context: Context) -> str:
    """A log with one run. It names no machine, as places are relative to the repository."""
    found = {diagnostic.code for diagnostic in diagnostics}
    rules = [code for code in CODES.values() if code in found]
    numbers = {code: index for index, code in enumerate(rules)}
    prints = _fingerprints(diagnostics, context)
    results = [
        _result(diagnostic, numbers[diagnostic.code], fingerprint, context.prefix)
        for diagnostic, fingerprint in zip(diagnostics, prints, strict=True)
    ]
    driver = {"name": "skillweave", "version": __version__, "rules": [_rule(code, context) for code in rules]}
    root = {"description": {"text": "The folder of the repository."}}
    run = {
        "tool": {"driver": driver},
        # With a mistake in the configuration, nothing else was looked at. That must not make old findings count as fixed.
        "invocations": [{"executionSuccessful": INVALID_CONFIG not in found}],
        "originalUriBaseIds": {_ROOT: root},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json_text({"version": "2.1.0", "$schema": _SCHEMA, "runs": [run]}) + "\n"


def _rule(code: Code, context: Context) -> _Object:
    page = context.page(code)
    return {
        "id": code.number,
        "name": code.name,
        "shortDescription": {"text": _sentence(code.summary)},
        "fullDescription": {"text": _sentence(code.summary)},
        "help": {"text": f"`skillweave explain {code.number}` tells more."} | ({"markdown": page} if page else {}),
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(diagnostic: Diagnostic, rule: int, fingerprint: str, prefix: str) -> _Object:
    linked = [note for note in (*diagnostic.hops, *diagnostic.notes) if note.path is not None]
    related = [
        {"id": number}
        | _location(note.path or "", note.position, None, prefix)
        | {"message": {"text": _unlinked(note.message) or "see"}}
        for number, note in enumerate(linked, 1)
    ]
    return {
        "ruleId": diagnostic.code.number,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(_lines(diagnostic))},
        "locations": [_location(diagnostic.path, diagnostic.start, diagnostic.end, prefix)],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    } | ({"relatedLocations": related} if related else {})


def _lines(diagnostic: Diagnostic) -> Iterator[str]:
    """The lines of a result's message. They link to all related locations, as GitHub only shows those that a message
    links to.
    """
    yield _unlinked(diagnostic.message) or _unlinked(diagnostic.code.summary)
    if diagnostic.label:
        yield _unlinked(diagnostic.label)
    numbers = count(1)
    for hop in diagnostic.hops:
        yield f"{_link(hop, numbers)} {_unlinked(hop.message)}".strip()
    for note in diagnostic.notes:
        yield f"Note: {_unlinked(note.message)} {_link(note, numbers)}".rstrip()
    if diagnostic.help is not None:
        yield f"Help: {_unlinked(diagnostic.help)}"


def _link(note: Note, numbers: Iterator[int]) -> str:
    """A note's place, if it has one, as an embedded link to the related location with the next number."""
    if note.path is None:
        return ""
    shown = re.sub(r"[\\\[\]]", r"\\\g<0>", place(note.path, note.position))
    return f"[{_braced(shown)}]({next(numbers)})"


def _unlinked(text: str) -> str:
    """Escape text so that it makes no link in a message: a link written in the repository would look like one of ours."""
    return _braced(escape(text).replace("](", "] ("))


def _braced(text: str) -> str:
    """Double the braces of a text, as a single one begins a placeholder."""
    return text.replace("{", "{{").replace("}", "}}")


def _location(path: str, start: Position | None, end: Position | None, prefix: str) -> _Object:
    region: dict[str, int] = {}
    if start is not None:
        region = {"startLine": start.line, "startColumn": start.column}
    if end is not None:
        region |= {"endLine": end.line, "endColumn": end.column}
    artifact = _artifact(in_repository(path, prefix))
    return {"physicalLocation": {"artifactLocation": artifact} | ({"region": region} if region else {})}


def _artifact(path: str) -> _Object:
    # A file name need not be UTF-8, so its bytes are encoded.
    uri = quote(path, errors="surrogateescape")
    if is_absolute(path):
        return {"uri": f"file:///{uri.lstrip('/')}"}
    return {"uri": uri, "uriBaseId": _ROOT}


def _fingerprints(diagnostics: Sequence[Diagnostic], context: Context) -> Iterator[str]:
    """For each diagnostic, a fingerprint that stays the same when lines move: made of its code, file and text of its line, with
    a number to distinguish equal ones.
    """
    seen: Counter[str] = Counter()
    for diagnostic in diagnostics:
        text = (context.source_line(diagnostic.path, diagnostic.start.line) or "").strip()
        parts = (diagnostic.code.number, in_repository(diagnostic.path, context.prefix), text)
        value = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        seen[value] += 1
        yield f"{value}:{seen[value]}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
