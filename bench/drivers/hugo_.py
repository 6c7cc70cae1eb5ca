"""Flatten with Hugo: one build of a site of Markdown outputs, its own process put in place of this one.

Patterns are partials, skills are pages; `prepare` writes the layout beside them once.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

LAYOUT = {
    "hugo.toml": 'disableKinds = ["home", "section", "taxonomy", "term", "rss", "sitemap", "404", "robotstxt"]\n'
    '[outputs]\npage = ["md"]\n'
    '[outputFormats.md]\nmediaType = "text/markdown"\nbaseName = "SKILL"\nisPlainText = true\n',
    "layouts/single.md": "{{ .RenderShortcodes }}",
    "layouts/_shortcodes/pattern.md": '{{ partialCached (printf "patterns/%s" (.Get 0)) . }}',
}


def prepare(root: Path) -> None:
    """Move sources to where Hugo looks for them."""
    for path, text in LAYOUT.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    (root / "layouts/_partials").mkdir()
    shutil.move(root / "patterns", root / "layouts/_partials/patterns")
    (root / "content").mkdir()
    shutil.move(root / "skills", root / "content/skills")
    for skill in root.glob("content/skills/*/SKILL.md"):
        skill.rename(skill.with_name("index.md"))


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]))
    else:
        command = ["hugo", "--quiet", "--source", sys.argv[1], "--destination", sys.argv[2]]
        os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)
