"""The bench: `python bench/run.py [--sizes small,medium,large] [--peers NAMES] [--runs 7] [--to DIR]`.

Makes the corpora, runs skillweave in turn with its peers and with the floors, and prints ratios as Markdown tables.
Progress goes to stderr. It asserts that outputs are right, never how long they took.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import bombs
import saving
import scenarios
from corpus import Facts
from measure import FailedError, Result, Subject, alternate, run
from peers import PEERS, Peer, differs, installed, prepare, skillweave_differs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HERE = Path(__file__).resolve().parent
SIZES = {"small": "20/10", "medium": "500/100", "large": "5,000/1,000"}
SOURCES = 1
"""The number of the corpora: raised when what they hold changes, so that kept ones are made anew."""
MIB = 2**20
SETTLING = 2.1
"""Seconds until the stamps of what a build wrote are believed."""


class Bench(NamedTuple):
    """What was asked for: where corpora are, how often each is run, and which peers."""

    folder: Path
    runs: int
    peers: Sequence[Peer]


def main() -> int:
    """Run what the options name; the exit status is 1 if an output was wrong."""
    # What is installed has its bytecode, and a checkout has it after the first run, unless Python is told to keep none.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    options = _options()
    wanted = [peer for peer in PEERS if options.peers is None or peer.name in options.peers]
    here = [peer for peer in wanted if installed(peer)]
    with tempfile.TemporaryDirectory(prefix="skillweave-bench-") as temporary:
        bench = Bench(options.to or Path(temporary), options.runs, here)
        print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}; ", end="")
        print(f"medians of {bench.runs} alternating runs; sizes are skills/patterns.")
        print("Left out, as not installed:", ", ".join(p.name for p in wanted if p not in here) or "none", end=".\n\n")
        try:
            for size in options.sizes:
                _cold(bench, size)
                _incremental(bench, size)
            if not options.no_bombs:
                _bombs(bench)
        except FailedError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run.py", description=__doc__)
    names = {peer.name for peer in PEERS}
    parser.add_argument("--sizes", type=_some(set(SIZES)), default=["small", "medium"], help="of small,medium,large")
    parser.add_argument("--peers", type=_some(names), help=f"of {','.join(sorted(names))}; default: all")
    parser.add_argument("--runs", type=int, default=7, help="of each command; the median counts (default: 7)")
    parser.add_argument("--to", type=Path, help="keep the corpora in this folder (default: a temporary one)")
    parser.add_argument("--no-bombs", action="store_true", help="leave the bombs out")
    options = parser.parse_args()
    if options.to is not None:
        options.to = options.to.resolve()
        if options.to.is_relative_to(HERE.parent):
            parser.error("--to must lie outside the repository")
    return options


def _some(known: set[str]) -> Callable[[str], list[str]]:
    """What reads names with commas between them, of those that are known."""

    def read(value: str) -> list[str]:
        names = [name for name in value.split(",") if name]
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(sorted(known))}")
        return names

    return read


def _source(bench: Bench, size: str, syntax: str) -> Path:
    """The folder of a corpus; made, if it is not there whole, by a process of its own."""
    folder = bench.folder / f"{size}-{SOURCES}" / syntax
    if not (folder / "facts.json").is_file():  # written last
        _tell(f"making {size}, {syntax}")
        scenarios.remove(folder)
        subprocess.run([sys.executable, HERE / "corpus.py", size, syntax, folder], check=True)
        for peer in PEERS:
            if peer.name == syntax:
                prepare(peer, folder)
    return folder


def _facts(folder: Path) -> Facts:
    return Facts(**json.loads((folder / "facts.json").read_text(encoding="utf-8")))


def _cold(bench: Bench, size: str) -> None:
    """Table 1: a first build, beside the peers and `cp -r`."""
    scenarios.remove(bench.folder / f"{size}-{SOURCES}" / "skillweave")  # an earlier run has edited it
    project = _source(bench, size, "skillweave")
    ours = scenarios.cold(project)
    _tell(f"{size}: a build to copy")
    ours.prepare(0)
    run(ours)
    wrong = skillweave_differs(_source(bench, size, "snippets"), project / "build")
    if wrong is not None:
        raise FailedError(f"skillweave made something else of {wrong}")
    subjects = [ours, scenarios.copy(project, bench.folder / f"{size}-copy")]
    notes = {}
    for peer in bench.peers:
        subject, note = _peer(bench, size, peer)
        notes[peer.name] = note
        if subject is not None:
            subjects.append(subject)
    _tell(f"{size}: cold builds")
    results = alternate(subjects, bench.runs)
    base, copied = results["skillweave"], results["cp -r"]
    print(f"### Cold build, {SIZES[size]}\n")
    print("| tool | × `cp -r` | × skillweave | seconds | spread | peak MiB | |\n|---|--:|--:|--:|--:|--:|---|")
    for name, result in sorted(results.items(), key=lambda item: item[1].seconds):
        ratios = f"{result.seconds / copied.seconds:.1f} | {result.seconds / base.seconds:.2f}"
        print(f"| {name} | {ratios} | {_figures(result)} | {notes.get(name, '')} |")
    for name in notes.keys() - results.keys():
        print(f"| {name} | | | | | | {notes[name]} |")
    print()


def _peer(bench: Bench, size: str, peer: Peer) -> tuple[Subject | None, str]:
    """A peer as a subject, after one run that shows whether it makes what it should; or why not."""
    root = _source(bench, size, peer.name)
    out = bench.folder / f"{size}-out" / peer.name
    subject = Subject(peer.name, peer.command(root, out), root, lambda _: scenarios.remove(out))
    subject.prepare(0)
    _tell(f"{size}: trying {peer.name}")
    try:
        run(subject)
    except FailedError as error:
        return None, f"failed: {str(error).strip().splitlines()[-1][:100]}"
    wrong = differs(peer, root, out)
    return subject, f"makes something else of {wrong}" if wrong else ""


def _incremental(bench: Bench, size: str) -> None:
    """Table 2: later builds, beside the floors."""
    project = _source(bench, size, "skillweave")
    walk, click = scenarios.floors(project)
    # For two seconds after a write, a stamp proves nothing, and what was written is read again: no row is to pay for it.
    time.sleep(SETTLING)
    run(Subject("skillweave", (*scenarios.SKILLWEAVE, "build", "--quiet"), project))
    print(f"### Later builds, {SIZES[size]}\n")
    print("The ratio is (time - `import click`) / walk of the sources.\n")
    print("| measure | ratio | bar | seconds | spread | peak MiB | walk | click |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    for row in scenarios.rows(project, _facts(project)):
        _tell(f"{size}: {row.name}")
        ours = Subject("skillweave", row.command, project, row.prepare)
        _settle(project, ours, row)
        results = alternate([ours, walk, click], bench.runs)
        result, walked, started = results["skillweave"], results["walk"], results["click"]
        ratio = (result.seconds - started.seconds) / walked.seconds
        floor = f"{walked.seconds:.3f} | {started.seconds:.3f}"
        print(f"| {row.name} | {ratio:.1f} | {row.bar:g} | {_figures(result)} | {floor} |")
    delays = saving.delays(project, project / "patterns" / _facts(project).ordinary, bench.runs)
    print(saving.line(delays))
    print()


def _settle(project: Path, ours: Subject, row: scenarios.Row) -> None:
    """Build, then run a row once, unmeasured: it must rewrite the entries it should, and no other."""
    run(Subject("skillweave", (*scenarios.SKILLWEAVE, "build", "--quiet"), project))
    before = scenarios.inodes(project)
    ours.prepare(0)
    run(ours)
    after = scenarios.inodes(project)
    rewritten = sum(before.get(path) != stamp for path, stamp in after.items())
    if rewritten != row.rewrites:
        raise FailedError(f"{row.name}: {rewritten} entries were rewritten, not {row.rewrites}")


def _bombs(bench: Bench) -> None:
    """Table 3: what is meant to hurt, in two sizes. What is linear grows as its input does."""
    print(
        "### Bombs\n\nGrowth of the time (less `import click`) and of the input, from the smaller size to the larger.\n"
    )
    print("| bomb | sizes | growth | of the input | seconds | spread | peak MiB |\n|---|---|--:|--:|--:|--:|--:|")
    for bomb in bombs.BOMBS:
        subjects, inputs = [], []
        for size in bomb.sizes:
            folder = bench.folder / "bombs" / f"{bombs.BOMBS.index(bomb)}-{size}"
            scenarios.remove(folder)
            bombs.write(bomb, size, folder)
            inputs.append(bombs.source_bytes(folder))
            cold = scenarios.cold(folder)
            subjects.append(cold._replace(name=str(size), statuses=frozenset({bomb.status})))
        _tell(f"bomb: {bomb.name}")
        start = Subject("click", [sys.executable, "-c", "import click"], folder)
        results = alternate([*subjects, start], bench.runs)
        small, large = (results[subject.name] for subject in subjects)
        floor = results["click"].seconds
        growth = (large.seconds - floor) / max(small.seconds - floor, 1e-3)
        sizes = " → ".join(f"{size:,}" for size in bomb.sizes)
        refused = ", refused" if bomb.status else ""
        print(f"| {bomb.name}{refused} | {sizes} | {growth:.1f} | {inputs[1] / inputs[0]:.1f} | {_figures(large)} |")
    print()


def _figures(result: Result) -> str:
    spread = f"{result.fastest:.3f}–{result.slowest:.3f}"
    return f"{result.seconds:.3f} | {spread} | {result.peak / MIB:.0f}"


def _tell(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
