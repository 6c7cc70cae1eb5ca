"""Where a finding is as seen by GitHub: from the repository, of which the project may be a folder."""

from __future__ import annotations

import posixpath
import re


def in_repository(path: str, prefix: str) -> str:
    """Turn a path of the project into one relative to the repository. An absolute path stays as it is."""
    return path if is_absolute(path) or not prefix else posixpath.normpath(f"{prefix}{path}")


def is_absolute(path: str) -> bool:
    """Whether a path is absolute, on any system."""
    return path.startswith("/") or re.match(r"[A-Za-z]:/", path) is not None
