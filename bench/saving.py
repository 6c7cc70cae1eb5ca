"""How long it takes from saving a pattern to the published bundle, while `skillweave watch` runs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

WATCH = (sys.executable, "-m", "skillweave", "watch", "--format", "json")
GATHERING = 0.05
"""Seconds of quiet that `watch` waits for after an event, before it builds."""
PATIENCE = 60
"""Seconds after which a change that is not published is taken for lost."""


class Delays(NamedTuple):
    """Seconds from a save until its text stood in a bundle; empty, with the reason, if they were not measured."""

    seconds: tuple[float, ...]
    why: str = ""


def line(delays: Delays) -> str:
    """The result in a sentence."""
    if not delays.seconds:
        return f"\nSave to bundle published, in watch: left out ({delays.why})."
    middle = median(delays.seconds)
    spread = f"{min(delays.seconds) * 1000:.0f}–{max(delays.seconds) * 1000:.0f}"
    beyond = (middle - GATHERING) * 1000
    return (
        f"\nSave to bundle published, in watch: {middle * 1000:.0f} ms ({spread}), of which {GATHERING * 1000:.0f} are "
        f"the gathering time and {beyond:.0f} the rest; the bar for the rest is 30."
    )


def delays(project: Path, pattern: Path, runs: int) -> Delays:
    """Save a pattern so often, each time waiting until a bundle that reaches it holds the new text."""
    known = subprocess.run([*WATCH[:4], "--help"], capture_output=True, check=False)
    if known.returncode != 0:
        return Delays((), "this skillweave has no watch command")
    text = pattern.read_text(encoding="utf-8").rstrip("\n")
    bundle = _bundle_of(project, pattern.relative_to(project).as_posix())
    if bundle is None:
        return Delays((), "no bundle holds the pattern")
    process = subprocess.Popen(WATCH, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        return _measure(process, pattern, bundle, runs)
    finally:
        process.terminate()
        process.communicate()
        pattern.write_text(f"{text}\n", encoding="utf-8")


def _measure(process: subprocess.Popen[str], pattern: Path, bundle: Path, runs: int) -> Delays:
    text = pattern.read_text(encoding="utf-8").rstrip("\n")
    if not _wait_for_ready(process):
        return Delays((), "watch did not become ready")
    seconds = []
    for number in range(runs):
        mark = f"This is save {number} of {time.time_ns()}."
        pattern.write_text(f"{text}\n\n{mark}\n", encoding="utf-8")
        started = time.perf_counter()
        while mark not in bundle.read_text(encoding="utf-8"):
            if time.perf_counter() - started > PATIENCE:
                return Delays((), f"save {number + 1} was not published within {PATIENCE} s")
            time.sleep(0.001)
        seconds.append(time.perf_counter() - started)
        time.sleep(0.2)  # an author's pause: the next save is not to meet the end of this build
    return Delays(tuple(seconds))


def _wait_for_ready(process: subprocess.Popen[str]) -> bool:
    """Read events until the one that says that the first build is done and changes are seen."""
    if process.stdout is None:
        return False
    for said in process.stdout:
        try:
            event: object = json.loads(said)
        except ValueError:
            continue
        if isinstance(event, dict) and "ready" in event.values():
            return True
    return False


def _bundle_of(project: Path, pattern: str) -> Path | None:
    """A bundle that is made of the pattern, by what the lock file says of its inputs."""
    lock = json.loads((project / "build/skillweave.lock.json").read_text(encoding="utf-8"))
    made_of = {str(path): set(record["inputs"]) for path, record in lock["entries"].items()}
    for path, inputs in made_of.items():
        if pattern in inputs:
            return project / "build" / path
    return None
