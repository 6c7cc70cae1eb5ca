"""Where a finding is, as GitHub counts: from the repository, which the project may be a folder of."""

from __future__ import annotations

import posixpath
import re


def in_repository(path: str, prefix: str) -> str:
    """A path of the project → the path below the repository's folder; one that is absolute stays so."""
    return path if is_absolute(path) or not prefix else posixpath.normpath(f"{prefix}{path}")


def is_absolute(path: str) -> bool:
    """Whether a path begins at the top of a file system."""
    return path.startswith("/") or re.match(r"[A-Za-z]:/", path) is not None
