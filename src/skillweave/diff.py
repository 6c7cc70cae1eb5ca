"""What a build would change in the output folder, as a patch in git's format. Nothing is written."""

from __future__ import annotations

import re
from difflib import unified_diff

from skillweave.bundle import Output
from skillweave.config import LOCK_NAME
from skillweave.lock import lock_file
from skillweave.publish import preview, read_below, state_of
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skillweave.diagnostics import Diagnostic
    from skillweave.publish import Request

_File = tuple[bytes, int]
"""A file's bytes and mode."""


def differences(request: Request) -> tuple[Iterator[str], Sequence[Diagnostic]]:
    """A patch for each file that publishing would write or remove, sorted by path, and a finding for all that is in its way.
    There is no patch if all outputs are current.
    """
    plan, told = preview(request)
    wanted: dict[str, _File | None] = dict.fromkeys(plan.drops)
    wanted |= {output.path: (output.data, output.mode) for output in plan.outputs.values()}
    if plan.lock or told.before:
        data = lock_file(plan.lock)
        wanted[LOCK_NAME] = (data, 0o644) if data else None
    return _patches(request, wanted), told.diagnostics


def _patches(request: Request, wanted: Mapping[str, _File | None]) -> Iterator[str]:
    for path, new in sorted(wanted.items()):
        old = read_below(request.folder, path)
        if old is None and state_of(request.folder, Output(path, b"", 0o644), ()) == "foreign":
            yield f"{request.name}/{path} is not a regular file\n"
        elif old != new and not (path == LOCK_NAME and old is not None and new is not None and old[0] == new[0]):
            yield patch(f"{request.name}/{path}", old, new)


def patch(path: str, old: _File | None, new: _File | None, whence: str | None = None) -> str:
    """The change from one file to another in git's format.

    None stands for no file; `whence` is the old path of a renamed file.
    """
    was = path if whence is None else whence
    lines = [f"diff --git a/{was} b/{path}\n", *_modes(old, new)]
    lines += [f"rename from {was}\n", f"rename to {path}\n"] if was != path else []
    before, after = old[0] if old else b"", new[0] if new else b""
    if before == after:
        return "".join(lines)
    names = f"a/{was}" if old else "/dev/null", f"b/{path}" if new else "/dev/null"
    texts = _lines(before), _lines(after)
    if texts[0] is None or texts[1] is None:
        return "".join([*lines, f"Binary files {names[0]} and {names[1]} differ\n"])
    changes = unified_diff(texts[0], texts[1], *names)
    lines += [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in changes]
    return "".join(lines)


def _modes(old: _File | None, new: _File | None) -> Iterator[str]:
    if old is None and new is not None:
        yield f"new file mode 100{new[1]:o}\n"
    elif new is None and old is not None:
        yield f"deleted file mode 100{old[1]:o}\n"
    elif old is not None and new is not None and old[1] != new[1]:
        yield f"old mode 100{old[1]:o}\nnew mode 100{new[1]:o}\n"


def _lines(data: bytes) -> list[str] | None:
    """The lines of a text, each with its LF; None if the bytes are not text."""
    if b"\0" in data:
        return None
    try:
        return re.findall(r"[^\n]*\n|[^\n]+", data.decode("utf-8"))
    except UnicodeDecodeError:
        return None
