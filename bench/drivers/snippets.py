"""Flatten with pymdown-extensions' snippets: its preprocessor alone, without the rendering to HTML."""

from __future__ import annotations

import sys
from pathlib import Path

import markdown  # type: ignore[import-not-found, import-untyped, unused-ignore]
from pymdownx.snippets import SnippetExtension  # type: ignore[import-not-found, import-untyped, unused-ignore]

root, out = Path(sys.argv[1]), Path(sys.argv[2])
md = markdown.Markdown(extensions=[SnippetExtension(base_path=[str(root / "patterns")], check_paths=True)])
preprocessor = md.preprocessors["snippet"]
for skill in sorted(root.glob("skills/*/SKILL.md")):
    lines = preprocessor.run(skill.read_text(encoding="utf-8").split("\n"))
    target = out / skill.relative_to(root)
    target.parent.mkdir(parents=True)
    target.write_text("\n".join(lines), encoding="utf-8")
