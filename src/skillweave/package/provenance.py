"""Says what packages were made of: an in-toto statement with a SLSA provenance predicate, and the list of their digests.

Neither names a time or a machine, so whoever builds the same sources gets the same bytes and can compare.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from skillweave import __version__
from skillweave.stamps import digest
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skillweave.bundle import Output

SUMS_NAME = "SHA256SUMS"
STATEMENT_NAME = "provenance.intoto.json"

_BUILD_TYPE = "urn:skillweave:package:v1"
_BUILDER = "urn:skillweave:command-line"
_SUM = re.compile(r"(\\?)([0-9a-f]{64})[ ][ *](.+)")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def statement(files: Iterable[Output], sources: Mapping[str, str], parameters: Mapping[str, object]) -> bytes:
    """The statement about some packaged files. `sources` are digests by path, `parameters` what was asked for."""
    content = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": file.path, "digest": {"sha256": digest(file.data)}} for file in sorted(files, key=lambda f: f.path)
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": _BUILD_TYPE,
                "externalParameters": dict(sorted(parameters.items())),
                "resolvedDependencies": [
                    {"uri": quote(path), "digest": {"sha256": value}} for path, value in sorted(sources.items())
                ],
            },
            "runDetails": {"builder": {"id": _BUILDER, "version": {"skillweave": __version__}}},
        },
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def write_sums(digests: Mapping[str, str]) -> bytes:
    """Turn digests by path into a list that `sha256sum --check` reads."""
    lines = []
    for path, value in sorted(digests.items()):
        escaped = "".join(_ESCAPES.get(character, character) for character in path)
        lines.append(f"{'' if escaped == path else chr(92)}{value}  {escaped}\n")
    return "".join(lines).encode()


def read_sums(data: bytes) -> dict[str, str] | None:
    """Turn a list by `write_sums` or `sha256sum` into digests by path; None for anything else."""
    digests = {}
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError:
        return None
    for line in lines[:-1]:
        match = _SUM.fullmatch(line)
        if match is None:
            return None
        path = match[3]
        if match[1]:
            path = re.sub(r"\\(.)", lambda escape: {"n": "\n", "r": "\r"}.get(escape[1], escape[1]), path)
        digests[path] = match[2]
    return digests if not lines[-1] else None
