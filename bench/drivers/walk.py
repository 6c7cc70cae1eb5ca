"""The floor of everything that must see whether a source changed: one scandir and stat of each file below the folders."""

from __future__ import annotations

import os
import sys

waiting = sys.argv[1:]
while waiting:
    with os.scandir(waiting.pop()) as found:
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            else:
                entry.stat(follow_symlinks=False)
