"""The floor of whatever must see if a source changed: a scandir of each folder given and below, a stat of each file."""

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
