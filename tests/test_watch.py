"""`skillweave watch` as a real process: the ways in which editors and tools change files, and failures it must survive.

No test sleeps. Each waits for an expected event, and fails if the event does not arrive in time.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from projects import skill, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

IN_TIME = 30.0
"""Seconds until a missing event fails the test. It is a timeout, not a measure of speed."""

LATE = 2.0
"""More seconds than a notification may take before it counts as lost."""

SKILL = skill("commit", "# Commit\n\n<<include: a.md>>\n")

Event = dict[str, Any]


class Watch(NamedTuple):
    """A running `skillweave watch --format json`, and its events so far."""

    process: subprocess.Popen[str]
    lines: SimpleQueue[str | None]
    events: list[Event]

    def until(self, wanted: Callable[[Event], bool]) -> Event:
        """Wait for the next matching event."""
        deadline = time.monotonic() + IN_TIME
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                pytest.fail(f"the event did not come; these did: {self.events[-5:]}")
            assert line is not None, f"it ended with status {self.process.wait()} after {self.events[-5:]}"
            event: Event = json.loads(line)
            self.events.append(event)
            if wanted(event):
                return event

    def event(self, name: str) -> Event:
        return self.until(lambda event: event["event"] == name)

    def rebuilds(self) -> list[list[str]]:
        """The changed files of each rebuild so far."""
        return [event["changed"] for event in self.events if event["event"] == "rebuild"]

    def stop(self, number: int) -> int:
        """Send a signal, read the remaining output, and return the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(IN_TIME)
        while (line := self.lines.get(timeout=IN_TIME)) is not None:
            self.events.append(json.loads(line))
        return status


@contextmanager
def watching(project: Path, arguments: Sequence[str] = (), before: str = "") -> Iterator[Watch]:
    """Watch a project, and yield once the watch is ready. `before` is Python code that runs first, to inject faults."""
    code = f"{before}\nfrom skillweave.__main__ import main\nmain()\n"
    with subprocess.Popen(
        [sys.executable, "-c", code, "watch", "--format", "json", *arguments],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watch = Watch(process, SimpleQueue(), [])
        reader = threading.Thread(target=read_lines, args=(process, watch.lines))
        reader.start()
        try:
            watch.event("ready")
            yield watch
        finally:
            process.kill()
            reader.join()


def read_lines(process: subprocess.Popen[str], lines: SimpleQueue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one skill that includes one pattern."""
    root = tmp_path / "project"
    write(root / "patterns/a.md", "first\n")
    write(root / "skills/commit/SKILL.md", SKILL)
    return root


def bundle(project: Path, name: str = "commit") -> str:
    path = project / f"build/skills/{name}/SKILL.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def good(project: Path, ending: str) -> Callable[[Event], bool]:
    """A condition: the event is a rebuild without errors, and the bundle has this ending."""
    return lambda event: event["event"] == "rebuild" and not event["errors"] and bundle(project).endswith(ending)


# Ways in which editors and tools change a file or folder. After each, the bundle ends with "second".


def write_in_place(project: Path) -> None:
    (project / "patterns/a.md").write_text("second\n", encoding="utf-8")


def write_and_rename(project: Path) -> None:
    write(project / "patterns/.a.md.tmp", "second\n")
    (project / "patterns/.a.md.tmp").rename(project / "patterns/a.md")


def rename_from_elsewhere(project: Path) -> None:
    write(project / "a.md", "second\n")
    (project / "a.md").rename(project / "patterns/a.md")


def write_as_vim_does(project: Path) -> None:
    patterns = project / "patterns"
    write(patterns / ".a.md.swp", "swap")
    (patterns / "4913").touch()
    (patterns / "4913").unlink()
    (patterns / "a.md").rename(patterns / "a.md~")
    write(patterns / "a.md", "second\n")
    (patterns / "a.md").chmod(0o644)
    (patterns / "a.md~").unlink()
    (patterns / ".a.md.swp").unlink()


def delete_and_recreate(project: Path) -> None:
    (project / "patterns/a.md").unlink()
    write_in_place(project)


def keep_size_and_time(project: Path) -> None:
    path = project / "patterns/a.md"
    before = path.stat()
    write(path, "second\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def rename_a_folder(project: Path) -> None:
    write(project / "patterns/old/deep/b.md", "second\n")
    write(project / "patterns/a.md", "<<include: new/deep/b.md>>\n")
    (project / "patterns/old").rename(project / "patterns/new")


def make_folders_deep(project: Path) -> None:
    write(project / "patterns/a.md", "<<include: 1/2/3/4/5/b.md>>\n")
    write(project / "patterns/1/2/3/4/5/b.md", "second\n")


def replace_the_root(project: Path) -> None:
    write(project / "other/a.md", "second\n")
    (project / "patterns").rename(project / "gone")
    (project / "other").rename(project / "patterns")


def delete_and_recreate_the_root(project: Path) -> None:
    shutil.rmtree(project / "patterns")
    write(project / "patterns/a.md", "second\n")


EDITS = (
    write_in_place,
    write_and_rename,
    rename_from_elsewhere,
    write_as_vim_does,
    delete_and_recreate,
    rename_a_folder,
    make_folders_deep,
    replace_the_root,
    delete_and_recreate_the_root,
)


NO_RESCAN = """
from skillweave.watch import looking
looking.FIRST_LOOK = looking.RESCAN = 1000.0
"""
"""Switches off the regular scans, so that only notifications can reveal a change."""


def test_changes_by_editors_and_tools_are_noticed(project: Path) -> None:
    """All edits happen during one watch, which must notice the next edit after each of them."""
    with watching(project, before=NO_RESCAN) as watch:
        for edit in EDITS:
            edit(project)
            watch.until(good(project, "second\n"))
            write(project / "patterns/a.md", "third\n")
            watch.until(good(project, "third\n"))
        write(project / "skills/commit/SKILL.md", SKILL.replace("<<include: a.md>>", "second"))
        watch.until(good(project, "second\n"))


def test_polling_notices_changes_too(project: Path) -> None:
    with watching(project, ["--poll"]) as watch:
        assert watch.events[-1] == {"event": "ready", "polling": True}
        for edit in (write_and_rename, make_folders_deep, replace_the_root):
            write(project / "patterns/a.md", f"before {edit.__name__}\n")
            watch.until(good(project, f"before {edit.__name__}\n"))
            edit(project)
            watch.until(good(project, "second\n"))


def test_without_the_cache_nothing_is_cached(project: Path) -> None:
    with watching(project, ["--no-cache"]) as watch:
        write(project / "patterns/a.md", "second\n")
        assert watch.event("rebuild")["built"] == ["commit"]
        assert not (project / ".skillweave").exists()


PROCESSES = """
import os, sys
from pathlib import Path
from skillweave.config import load_config
from skillweave.incremental import Asked, Memory, build
from skillweave.state import now
root = Path(sys.argv[1])
asked = Asked(load_config(root)[0], memory=Memory())
for number in range(3):
    (root / "patterns/a.md").write_text(f"edit {number}")
    assert build(asked).changed
try:
    os.waitpid(-1, os.WNOHANG)
    print("a process is left")
except ChildProcessError:
    print("none is left")
"""


def test_no_build_leaves_a_process_behind(tmp_path: Path) -> None:
    for number in range(300):
        write(tmp_path / f"skills/s{number}/SKILL.md", SKILL.replace("commit", f"s{number}"))
    write(tmp_path / "patterns/a.md", "first\n")
    run = subprocess.run([sys.executable, "-c", PROCESSES, tmp_path], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("none is left\n", "")


@pytest.mark.parametrize("arguments", [[], ["--poll"]])
def test_an_edit_that_keeps_size_and_time(project: Path, arguments: list[str]) -> None:
    write(project / "patterns/a.md", "before\n")
    with watching(project, arguments) as watch:
        keep_size_and_time(project)
        watch.until(good(project, "second\n"))


def test_a_checkout_that_switches_500_files(project: Path) -> None:
    def git(*arguments: str) -> None:
        names = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *names, *arguments], cwd=project, check=True, capture_output=True, timeout=IN_TIME)

    numbers = range(500)
    write(project / ".gitignore", "build/\n.skillweave/\n")
    write(project / "patterns/a.md", "".join(f"<<include: many/{number}.md>>\n\n" for number in numbers))
    git("init", "--quiet", "--initial-branch=one")
    for branch in ("one", "two"):
        for number in numbers:
            write(project / f"patterns/many/{number}.md", f"{branch} {number}\n")
        git("checkout", "--quiet", "-B", branch)
        git("add", ".")
        git("commit", "--quiet", "--message", branch)
    with watching(project) as watch:
        for branch in ("one", "two"):
            git("checkout", "--quiet", branch)
            # The 500 files do not change all at once: one build may see a mixture, and then another build follows.
            whole = "\n\n".join(f"{branch} {number}" for number in numbers) + "\n"
            watch.until(good(project, whole))


def test_a_burst_of_unrelated_files_causes_no_rebuild(project: Path) -> None:
    with watching(project) as watch:
        for number in range(5_000):
            (project / f"patterns/.{number}.tmp").touch()
            (project / f"patterns/{number}.md~").touch()
        write_in_place(project)
        watch.until(good(project, "second\n"))
        assert watch.stop(signal.SIGTERM) == 0
    assert watch.rebuilds() == [[], ["patterns/a.md"]]


def test_a_burst_of_short_lived_files(project: Path) -> None:
    with watching(project) as watch:
        for number in range(3_000):
            place = project / f"patterns/{number}.txt"
            place.touch()
            place.unlink()
        write_in_place(project)
        watch.until(good(project, "second\n"))
        write(project / "patterns/a.md", "third\n")
        watch.until(good(project, "third\n"))


def test_stopping_and_continuing_with_an_overflowed_queue(project: Path) -> None:
    with watching(project) as watch:
        watch.process.send_signal(signal.SIGSTOP)
        for number in range(9_000):  # Two notifications each: more than the 16,384 that the system queues.
            place = project / f"patterns/{number}.txt"
            place.touch()
            place.unlink()
        write_in_place(project)
        watch.process.send_signal(signal.SIGCONT)
        watch.until(good(project, "second\n"))
        make_folders_deep(project)
        watch.until(good(project, "second\n"))
        write(project / "patterns/1/2/3/4/5/b.md", "third\n")
        watch.until(good(project, "third\n"))


@pytest.mark.parametrize("arguments", [(), ("--output", "./build")], ids=["as configured", "written with a dot"])
def test_its_own_outputs_cause_no_rebuild(project: Path, arguments: tuple[str, ...]) -> None:
    (project / "build").mkdir()
    (project / "patterns/built").symlink_to("../build")
    with watching(project, arguments) as watch:
        for number in range(5):
            write(project / "patterns/a.md", f"edit {number}\n")
            watch.until(good(project, f"edit {number}\n"))
        write(project / "build/notes.txt", "not ours\n")
        (project / "build/notes.txt").unlink()
        write_in_place(project)
        watch.until(good(project, "second\n"))
        assert watch.stop(signal.SIGTERM) == 0
    assert watch.rebuilds() == [[], *[["patterns/a.md"]] * 6]


def test_entries_are_added_and_removed(project: Path) -> None:
    with watching(project) as watch:
        write(project / "skills/review/SKILL.md", SKILL.replace("commit", "review"))
        event = watch.until(lambda event: event.get("built") == ["review"])
        assert event["changed"] == ["skills/review/SKILL.md"]
        assert bundle(project, "review")
        shutil.rmtree(project / "skills/review")
        event = watch.until(lambda event: bool(event.get("removed")))
        assert (event["removed"], event["built"]) == (["skills/review"], [])
        assert not bundle(project, "review")


def test_a_changed_mode_is_a_change(project: Path) -> None:
    write(project / "skills/commit/scripts/run.sh", "true\n")
    with watching(project, before=NO_RESCAN) as watch:
        (project / "skills/commit/scripts/run.sh").chmod(0o755)
        watch.until(lambda event: event.get("changed") == ["skills/commit/scripts/run.sh"])
        assert os.access(project / "build/skills/commit/scripts/run.sh", os.X_OK)


def test_a_folder_in_place_of_a_symlink_is_noticed(project: Path) -> None:
    """It has the same files, under other real paths, which the lock file names."""
    (project / "patterns").rename(project / "other")
    (project / "patterns").symlink_to("other")
    with watching(project) as watch:
        (project / "patterns").unlink()
        (project / "other").rename(project / "patterns")
        watch.until(lambda event: event["event"] == "rebuild")
        assert '"patterns/a.md"' in (project / "build/skillweave.lock.json").read_text(encoding="utf-8")


def test_targets_of_symlinks_are_watched(project: Path) -> None:
    write(project / "skillweave.toml", 'shared = ["folder", "more"]\n')
    write(project / "folder/b.txt", "first")
    write(project / "more/c.txt", "first")
    skill = project / "skills/commit"
    (skill / "linked").symlink_to("../../folder")
    (skill / "c.txt").symlink_to("../../more/c.txt")
    (skill / "loop").symlink_to(".")
    with watching(project, before=NO_RESCAN) as watch:
        for source, name in (("folder/b.txt", "linked/b.txt"), ("more/c.txt", "c.txt")):
            write(project / source, "second")
            watch.until(lambda event: event.get("built") == ["commit"])
            assert (project / "build/skills/commit" / name).read_text(encoding="utf-8") == "second"


def test_new_roots_that_match_a_wildcard(project: Path) -> None:
    write(project / "skillweave.toml", 'skills = ["skills", "plugins/*/skills"]\n')
    (project / "plugins/empty").mkdir(parents=True)
    with watching(project, before=NO_RESCAN) as watch:
        for plugin in ("empty", "new"):
            write(project / f"plugins/{plugin}/skills/commit/SKILL.md", SKILL)
            watch.until(lambda event, plugin=plugin: f"{plugin}:commit" in event.get("built", ()))  # type: ignore[misc]


# Errors


def test_an_error_is_reported_and_the_last_good_bundle_is_kept(project: Path) -> None:
    with watching(project) as watch:
        good_bundle = bundle(project)
        write(project / "patterns/a.md", "<<include: nowhere.md>>\n")
        event = watch.until(lambda event: bool(event.get("errors")))
        assert [found["name"] for found in event["diagnostics"]] == ["missing-include"]
        assert bundle(project) == good_bundle
        write(project / "patterns/nowhere.md", "second\n")
        watch.until(good(project, "second\n"))


def test_a_broken_configuration_is_reported_and_can_be_repaired(project: Path) -> None:
    with watching(project) as watch:
        write(project / "skillweave.toml", "patterns = [\n")
        event = watch.event("error")
        assert [found["path"] for found in event["diagnostics"]] == ["skillweave.toml"]
        write(project / "more/a.md", "second\n")
        write(project / "skillweave.toml", 'patterns = ["more"]\n')
        watch.until(good(project, "second\n"))
        write(project / "more/a.md", "third\n")
        watch.until(good(project, "third\n"))


def test_a_mistake_in_the_configuration_right_after_an_edit_is_reported_once(project: Path) -> None:
    with watching(project) as watch:
        write(project / "patterns/a.md", "second\n")
        watch.until(good(project, "second\n"))
        write(project / "skillweave.toml", "nonsense = 1\n")
        watch.event("error")
        with pytest.raises(Empty):
            watch.lines.get(timeout=LATE)
        write(project / "skillweave.toml", "\n")
        watch.event("rebuild")


@pytest.mark.parametrize("arguments", [[], ["--config", "own.toml"]])
def test_it_starts_with_a_broken_configuration(project: Path, arguments: list[str]) -> None:
    path = project / (arguments[-1] if arguments else "skillweave.toml")
    write(path, "nonsense = 1\n")
    with watching(project, arguments) as watch:
        assert [event["event"] for event in watch.events] == ["error", "ready"]
        path.unlink()
        if arguments:
            event = watch.event("error")
            assert "no such file" in event["diagnostics"][0]["message"]
        write(path, 'output = "build"\n')
        watch.until(good(project, "first\n"))


def test_a_refusal_by_the_system_is_reported_and_retried(project: Path) -> None:
    write(project / "blocked", "a file in the way\n")
    with watching(project, ["--output", "blocked/out"]) as watch:
        assert watch.events[0]["event"] == "error"
        assert "blocked" in watch.events[0]["message"]
        (project / "blocked").unlink()
        event = watch.event("rebuild")
        assert (event["changed"], event["built"]) == ([], ["commit"])


@pytest.mark.parametrize("arguments", [[], ["--poll"]])
def test_a_removed_obstacle_to_an_output_is_noticed(project: Path, arguments: list[str]) -> None:
    """No source changes, and the output folder is not watched."""
    mine = project / "build/skills/commit/mine.txt"
    write(mine, "mine")
    with watching(project, arguments) as watch:
        (found,) = watch.events[-2]["diagnostics"]
        assert found["code"] == "SW902"
        mine.unlink()
        event = watch.event("rebuild")
        assert (event["changed"], event["built"], event["diagnostics"]) == ([], ["commit"], [])


# Notifications fail


NO_INSTANCE = """
import watchdog.observers
def refuse(*_, **__):
    raise OSError(24, "inotify instance limit reached")
watchdog.observers.Observer = refuse
"""

NO_WATCH = """
import watchdog.observers.api as api
def refuse(*_, **__):
    raise OSError(28, "inotify watch limit reached")
api.BaseObserver.schedule = refuse
"""

NOT_BELOW = """
import watchdog.observers.api as api
schedule = api.BaseObserver.schedule
def shallow(self, handler, path, *, recursive=False, event_filter=None):
    return schedule(self, handler, path, recursive=False, event_filter=event_filter)
api.BaseObserver.schedule = shallow
"""


@pytest.mark.parametrize("fault", [NO_INSTANCE, NO_WATCH])
def test_if_watching_fails_polling_is_reported_and_used(project: Path, fault: str) -> None:
    with watching(project, before=fault) as watch:
        assert [event["event"] for event in watch.events] == ["polling", "rebuild", "ready"]
        assert "limit reached" in watch.events[0]["reason"]
        write_in_place(project)
        watch.until(good(project, "second\n"))


def test_a_limit_that_the_system_does_not_report(project: Path) -> None:
    write(project / "patterns/a.md", "<<include: deep/b.md>>\n")
    write(project / "patterns/deep/b.md", "first\n")
    with watching(project, before=NOT_BELOW) as watch:
        write(project / "patterns/deep/b.md", "second\n")
        watch.until(good(project, "second\n"))
        watch.event("polling")
        write(project / "patterns/deep/b.md", "third\n")
        watch.until(good(project, "third\n"))


def test_a_changed_ctime_alone_is_not_a_lost_notification(project: Path) -> None:
    """A hard link changes nothing else and sends no notification. The test outlasts the time that notifications may take."""
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    with watching(project) as watch:
        started, number = time.monotonic(), 0
        while time.monotonic() - started < 2 * LATE:
            number += 1
            os.link(project / "patterns/a.md", elsewhere / str(number))
            watch.until(lambda event: event.get("changed") == ["patterns/a.md"])
        assert number > 1
        assert "polling" not in [event["event"] for event in watch.events]


def test_a_change_without_notice_beside_one_with_notice(project: Path) -> None:
    """A hard link outside the watched folders sends no notice of what is written through it."""
    write(project / "patterns/a.md", "<<include: b.md>>\n\n<<include: c.md>>\n")
    write(project / "patterns/b.md", "first\n")
    write(project / "patterns/c.md", "first\n")
    os.link(project / "patterns/c.md", project.parent / "c.md")
    with watching(project) as watch:
        write(project.parent / "c.md", "second\n")
        write(project / "patterns/b.md", "second\n")
        watch.until(good(project, "second\n\nsecond\n"))


def test_a_change_without_notice_while_others_are_noticed_all_the_time(project: Path) -> None:
    """Notices of files that no build reads do not keep everything else from being looked at."""
    os.link(project / "patterns/a.md", project.parent / "a.md")
    with watching(project) as watch:
        write(project.parent / "a.md", "second\n")
        done = threading.Event()

        def make_noise() -> None:
            while not done.wait(0.02):
                (project / "patterns/.log").touch()

        noise = threading.Thread(target=make_noise)
        noise.start()
        try:
            watch.until(good(project, "second\n"))
        finally:
            done.set()
            noise.join()


def test_two_names_of_one_file_change_together(project: Path) -> None:
    write(project / "patterns/a.md", "<<include: b.md>>\n\n<<include: c.md>>\n")
    write(project / "patterns/b.md", "first\n")
    os.link(project / "patterns/b.md", project / "patterns/c.md")
    with watching(project) as watch:
        write(project / "patterns/b.md", "second\n")
        assert watch.event("rebuild")["changed"] == ["patterns/b.md", "patterns/c.md"]


def test_a_removal_below_a_symlinked_root_is_noticed(project: Path) -> None:
    (project / "patterns").rename(project / "other")
    (project / "patterns").symlink_to("other")
    write(project / "other/b.md", "b\n")
    with watching(project, before=NO_RESCAN) as watch:
        (project / "other/b.md").unlink()
        assert watch.event("rebuild")["changed"] == ["patterns/b.md"]


# Stopping, and the user's command


class Pipe(NamedTuple):
    """A FIFO that a command writes to, so that a test can wait for it."""

    descriptor: int

    def line(self) -> str:
        assert select.select([self.descriptor], [], [], IN_TIME)[0], "nothing was written"
        return os.read(self.descriptor, 4096).decode()


@pytest.fixture
def pipe(project: Path) -> Iterator[Pipe]:
    os.mkfifo(project / "pipe")
    descriptor = os.open(project / "pipe", os.O_RDWR)
    yield Pipe(descriptor)
    os.close(descriptor)


TELL_AND_STAY = "echo $$ > pipe; exec sleep 1000"


@pytest.fixture
def hangup() -> Iterator[None]:
    """Make hangups end the started processes, even if the tests run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangup")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_a_signal_ends_the_watch_and_its_command(
    project: Path, pipe: Pipe, number: signal.Signals, status: int
) -> None:
    with watching(project, ["--exec", TELL_AND_STAY]) as watch:
        process = int(pipe.line())
        assert watch.stop(number) == status
    assert watch.events[-1] == {"event": "stopped", "signal": number.name}
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_the_command_runs_when_a_bundle_changed_without_errors(project: Path) -> None:
    write(project / "skills/review/SKILL.md", SKILL.replace("commit", "review").replace("a.md", "b.md"))
    write(project / "patterns/b.md", "b\n")
    with watching(project, ["--exec", 'echo "[$SKILLWEAVE_CHANGED]" >> log; exit 3']) as watch:
        assert watch.event("exec") == {"event": "exec", "status": 3}
        (project / "patterns/a.md").touch()
        watch.until(lambda event: event.get("changed") == ["patterns/a.md"])
        write(project / "patterns/b.md", "<<include: nowhere.md>>\n")
        watch.until(lambda event: bool(event.get("errors")))
        write(project / "patterns/a.md", "second\n")
        watch.until(lambda event: event.get("built") == ["commit"])
        write(project / "patterns/b.md", "b\n")
        watch.event("exec")
    assert (project / "log").read_text(encoding="utf-8") == "[commit\nreview]\n[commit]\n"


def test_a_running_command_is_ended_before_the_next(project: Path, pipe: Pipe) -> None:
    with watching(project, ["--exec", TELL_AND_STAY]) as watch:
        first = int(pipe.line())
        write_in_place(project)
        watch.until(good(project, "second\n"))
        second = int(pipe.line())
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)
        os.kill(second, 0)
        assert watch.stop(signal.SIGTERM) == 0


# Output for people


@contextmanager
def read_by_people(project: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Iterator[str]]]:
    """Watch a project for people; yields the process and its lines without times. Both streams are combined, so that the lines
    appear in the order of the events.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "skillweave", "watch", "--color", "never", *arguments],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        late = threading.Timer(IN_TIME, process.kill)
        late.start()
        yield process, (line.rpartition(", in ")[0] or line.rstrip("\n") for line in process.stdout)
        late.cancel()
        process.kill()


def test_lines_for_people(project: Path) -> None:
    with read_by_people(project) as (process, lines):
        assert list(islice(lines, 2)) == ["built commit", "watching; press Ctrl-C to stop"]
        write(project / "patterns/a.md", "<<include: nowhere.md>>\n")
        assert next(lines) == "error[SW201]: cannot find nowhere.md"
        assert "patterns/a.md: 1 with errors, last good output kept" in lines
        write_in_place(project)
        assert list(islice(lines, 2)) == ["patterns/a.md: built commit", "all is well again"]
        write(project / "skillweave.toml", "nonsense = 1\n")
        assert "skillweave.toml: not built: the configuration has a mistake" in lines
        process.send_signal(signal.SIGINT)
        assert list(lines) == ["stopped"]
        assert process.wait(IN_TIME) == 130


def test_a_quiet_watch_only_speaks_of_a_command_that_fails(project: Path) -> None:
    command = f"test -e log && exit 3; touch log; echo again > {project / 'patterns/a.md'}"
    with read_by_people(project, "--quiet", "--exec", command) as (_, lines):
        assert next(lines) == "the command exited with status 3"


@pytest.mark.parametrize("arguments", [["--root", "nowhere"], ["--output", "skills"], ["--output", "."]], ids=" ".join)
def test_a_mistake_of_the_command_line_is_a_usage_error(
    skillweave: Callable[[Path, Sequence[str]], Any], project: Path, arguments: list[str]
) -> None:
    """Unlike a mistake of the configuration, it cannot be mended while the watch runs."""
    write(project / "skillweave.toml", "nonsense = 1\n")
    assert skillweave(project, ["watch", *arguments]).status == 2
