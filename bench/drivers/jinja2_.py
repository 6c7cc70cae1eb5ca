"""Flatten with Jinja2's include: each pattern compiled once, all kept."""

from __future__ import annotations

import sys
from pathlib import Path

import jinja2

root, out = Path(sys.argv[1]), Path(sys.argv[2])
environment = jinja2.Environment(  # noqa: S701 (Markdown, not HTML)
    loader=jinja2.FileSystemLoader([root / "patterns", root]), cache_size=-1, auto_reload=False
)
for skill in sorted(root.glob("skills/*/SKILL.md")):
    path = skill.relative_to(root)
    target = out / path
    target.parent.mkdir(parents=True)
    target.write_text(environment.get_template(path.as_posix()).render(), encoding="utf-8")
