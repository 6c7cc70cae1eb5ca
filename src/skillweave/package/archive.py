"""Makes the bytes of an archive. They are the same on any machine, as nothing about the machine goes into them."""

from __future__ import annotations

import io
import stat
import time
import zipfile

from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skillweave.bundle import Output

EARLIEST, LATEST = 315_532_800, 4_354_819_198
"""The first and the last second that a ZIP file can name: 1980-01-01 and 2107-12-31, 23:59:58."""


def zip_archive(top: str, files: Iterable[Output], epoch: int | None) -> bytes:
    """Make an uncompressed ZIP file of some files below one top folder, sorted by name.

    All have the same time: `epoch` (seconds since 1970, UTC), or the nearest that ZIP can name; by default, 1980-01-01.
    """
    moment = time.gmtime(EARLIEST if epoch is None else min(max(epoch, EARLIEST), LATEST))[:6]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(files, key=lambda file: file.path):
            info = zipfile.ZipInfo(f"{top}/{file.path}", moment)
            info.create_system = 3  # Unix, whatever this machine is: the modes below are Unix modes.
            info.external_attr = (stat.S_IFREG | file.mode) << 16
            archive.writestr(info, file.data)
    return buffer.getvalue()
