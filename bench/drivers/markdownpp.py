"""Flatten with MarkdownPP: its include module alone. A top file's paths start at the working directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from MarkdownPP.Modules.Include import Include  # type: ignore[import-not-found, import-untyped, unused-ignore]
from MarkdownPP.Processor import Processor  # type: ignore[import-not-found, import-untyped, unused-ignore]

root, out = Path(sys.argv[1]), Path(sys.argv[2])
processor = Processor()
processor.register(Include())
for skill in sorted(root.glob("skills/*/SKILL.md")):
    os.chdir(skill.parent)
    with skill.open(encoding="utf-8") as source:
        processor.input(source)
    processor.process()
    target = out / skill.relative_to(root)
    target.parent.mkdir(parents=True)
    with target.open("w", encoding="utf-8") as sink:
        processor.output(sink)
