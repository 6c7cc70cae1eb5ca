"""Flatten with m4: one process for all skills. It has one output only, which is cut into files here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MARK = "\x1d"

root, out = Path(sys.argv[1]), Path(sys.argv[2])
skills = sorted(root.glob("skills/*/SKILL.md"))
head = "m4_changequote(\x01,\x02)m4_changecom()m4_dnl\n"
script = head + "".join(f"m4_include({skill.relative_to(root)}){MARK}" for skill in skills)
done = subprocess.run(
    ["m4", "-P", "-I", root / "patterns", "-"], cwd=root, input=script, capture_output=True, text=True, check=True
)
for skill, text in zip(skills, done.stdout.split(MARK), strict=False):
    target = out / skill.relative_to(root)
    target.parent.mkdir(parents=True)
    target.write_text(text, encoding="utf-8")
