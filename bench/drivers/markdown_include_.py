"""Flatten with markdown-include: its preprocessor alone, without the rendering to HTML."""

from __future__ import annotations

import sys
from pathlib import Path

import markdown  # type: ignore[import-not-found, import-untyped, unused-ignore]
from markdown_include.include import MarkdownInclude  # type: ignore[import-not-found, import-untyped, unused-ignore]

root, out = Path(sys.argv[1]), Path(sys.argv[2])
extension = MarkdownInclude(configs={"base_path": str(root / "patterns"), "throwException": True})
preprocessor = markdown.Markdown(extensions=[extension]).preprocessors["include"]
for skill in sorted(root.glob("skills/*/SKILL.md")):
    lines = preprocessor.run(skill.read_text(encoding="utf-8").split("\n"))
    target = out / skill.relative_to(root)
    target.parent.mkdir(parents=True)
    target.write_text("\n".join(lines), encoding="utf-8")
