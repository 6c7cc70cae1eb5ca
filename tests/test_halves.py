"""Texts parsed by two processes give the same result as with one process, even if the second process fails."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from skillweave.cache import PARALLEL, PLAIN, Documents
from skillweave.diagnostics import CODES
from skillweave.halves import read_each
from skillweave.locking import is_locked
from skillweave.parse.documents import parse

if TYPE_CHECKING:
    from pathlib import Path

ODD = "# {0}\n\n" + "text `code` [link](a.md) <https://e.org>\n\n" * 200
PLAIN_ONE = "# {0}\n\n- text `code` [link](a.md)\n\n" * 200
MISTAKES = "---\nname: x\n---\n\n<<include: {0}.md lines=0>>\n\n<<include: a.md nope=1>>\n\ntext\n" * 100


def texts(*kinds: str) -> dict[str, str]:
    """A large amount of text of the given kinds, by name."""
    return {f"{kind[:9]}{n}": kind.format(n) for kind in kinds for n in range(2 * max(PARALLEL, PLAIN) // len(kind))}


def test_two_processes_are_used_only_for_much_text() -> None:
    assert len(set(read_each(lambda _: os.getpid(), texts(ODD), 1_000).values())) == 2
    assert set(read_each(lambda _: os.getpid(), {"a": "short"}, 1_000).values()) == {os.getpid()}


@pytest.mark.parametrize("kinds", [(ODD,), (PLAIN_ONE,), (MISTAKES,), (ODD, PLAIN_ONE, MISTAKES)])
def test_two_processes_give_the_same_result_as_one(kinds: tuple[str, ...]) -> None:
    wanted, documents = texts(*kinds), Documents()
    documents.prepare(wanted)
    assert documents.memory.keys() == wanted.keys()
    assert all(documents.get(text, name) == parse(text) for name, text in list(wanted.items())[::7])


def test_codes_keep_their_identity_between_processes() -> None:
    documents = Documents()
    documents.prepare(texts(MISTAKES))
    problems = [problem for document in documents.memory.values() for problem in document.problems]
    assert problems
    assert all(problem.code is CODES[problem.code.name] for problem in problems)


def test_if_the_second_process_fails_the_first_reads_everything() -> None:
    ours = os.getpid()

    def read(text: str) -> int:
        if os.getpid() != ours:
            os._exit(1)
        return len(text)

    wanted = texts(ODD)
    assert read_each(read, wanted, 1_000) == {name: len(text) for name, text in wanted.items()}


@pytest.mark.parametrize(
    "refusal",
    [
        # Root has no limit, so switch to a user that has one.
        "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0)); os.geteuid() or os.setuid(65534); ",
        "resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4)); ",
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN); ",
    ],
    ids=["no more processes", "no more open files", "children are forgotten"],
)
def test_if_no_second_process_can_start_the_first_reads_everything(refusal: str) -> None:
    code = (
        f"import os, pickle, resource, signal; from skillweave.halves import read_each; ours = os.getpid(); {refusal}"
        "print(*set(read_each(lambda _: os.getpid() == ours, dict.fromkeys('ab', 'x' * 999), 9).values()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "True\n"


def test_a_lock_is_released_when_the_first_process_ends(tmp_path: Path) -> None:
    """The lock must not wait for the second process, however long that one still runs."""
    code = (
        "import fcntl, os, sys, time; from skillweave.beside import beside; "
        "place = os.open(sys.argv[1], os.O_RDONLY); fcntl.flock(place, fcntl.LOCK_EX); "
        "beside(lambda: bytes(sys.stdin.read(), 'utf-8')); os._exit(0)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE) as first:
        first.wait(60)
        assert not is_locked(str(tmp_path))
        assert first.stdin is not None
        first.stdin.close()


def test_no_process_is_forked_while_another_thread_runs() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert set(read_each(lambda _: os.getpid(), texts(ODD), 1_000).values()) == {os.getpid()}
    finally:
        done.set()
        thread.join()
