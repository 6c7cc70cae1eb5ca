"""The picture in README.md shows what the commands print today. `--update-golden` redraws it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs/skillweave.svg"


def test_the_picture_shows_what_the_commands_print(tmp_path: Path, *, update_golden: bool) -> None:
    drawn = tmp_path / "skillweave.svg"
    subprocess.run([sys.executable, ROOT / "bench/picture.py", "--to", drawn], check=True, timeout=120)
    if update_golden:
        shutil.copyfile(drawn, PICTURE)
    assert words(drawn) == words(PICTURE)
    assert drawn.read_bytes() == PICTURE.read_bytes()
    assert {"$ skillweave build", "$ skillweave check", "$ skillweave watch"} <= set(words(drawn))


def words(picture: Path) -> list[str]:
    """The terminal lines in a picture."""
    root = ET.fromstring(picture.read_text(encoding="utf-8"))  # noqa: S314 (our own file)
    return ["".join(line.itertext()) for line in root.iter("{http://www.w3.org/2000/svg}text")]


def test_the_readme_shows_the_picture_and_describes_it() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"^!\[(.+)\]\(docs/skillweave\.svg\)$", text, re.MULTILINE)
    assert all(word in said for word in ("build", "check", "watch"))
