"""Keeps the parsed TOML of the configuration in the cache: reading that takes less time than loading a TOML parser."""

from __future__ import annotations

import sys

from skillweave.cachedir import FOLDER, key_here, prepare_folder
from skillweave.sealed import read_json, write_json
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "toml.json"


def kept_toml(root: Path, text: str) -> dict[str, object] | None:
    """The parsed contents of a TOML text; None if they are not in the project's cache."""
    try:
        content = read_json(root / FOLDER / NAME)
        key, known, parsed = content["key"], content["text"], content["parsed"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return parsed if key == key_here(root, sys.version) and known == text and isinstance(parsed, dict) else None


def keep_toml(root: Path, text: str, parsed: Mapping[str, object]) -> None:
    """Store the contents of a TOML text in the cache, if possible. A text with dates is not stored, as JSON has none."""
    key = key_here(root, sys.version)
    if key is None or not prepare_folder(root):
        return
    try:
        write_json(root / FOLDER / NAME, {"key": key, "text": text, "parsed": parsed})
    except (TypeError, ValueError, RecursionError):
        return
