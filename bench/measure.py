"""Run commands in turn, A B A B …, and keep for each its wall times and its peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""What `ru_maxrss` counts in: bytes on macOS, kibibytes on Linux."""


class Subject(NamedTuple):
    """Something to be measured: a command, where it runs, and what is done, unmeasured, before each run."""

    name: str
    command: Sequence[str | Path]
    cwd: Path
    prepare: Callable[[int], None] = lambda _: None
    """Given the number of the run."""
    statuses: frozenset[int] = frozenset({0})
    environment: Mapping[str, str] = {}


class Result(NamedTuple):
    """The median of the wall times in seconds, their spread, and the highest peak memory in bytes."""

    seconds: float
    fastest: float
    slowest: float
    peak: int


class FailedError(Exception):
    """A measured command ended otherwise than it should. Says how."""


def alternate(subjects: Sequence[Subject], runs: int) -> dict[str, Result]:
    """Each subject's result over as many rounds; a round runs every subject once, so that noise meets all alike."""
    samples: dict[str, list[tuple[float, int]]] = {subject.name: [] for subject in subjects}
    for number in range(runs):
        for subject in subjects:
            subject.prepare(number)
            samples[subject.name].append(run(subject))
    results = {}
    for name, taken in samples.items():
        seconds = [one for one, _ in taken]
        results[name] = Result(median(seconds), min(seconds), max(seconds), max(peak for _, peak in taken))
    return results


def run(subject: Subject) -> tuple[float, int]:
    """Run a subject once: wall time in seconds, peak memory in bytes of the process or of a child it waited for."""
    with tempfile.TemporaryFile() as said:
        environment = {**os.environ, **subject.environment}
        started = time.perf_counter()
        process = subprocess.Popen(
            subject.command, cwd=subject.cwd, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen is not to wait for it again
        if process.returncode not in subject.statuses:
            said.seek(0)
            tail = said.read()[-2000:].decode(errors="replace")
            raise FailedError(f"{subject.name} ended with status {process.returncode}:\n{tail}")
        return seconds, usage.ru_maxrss * RSS_UNIT
