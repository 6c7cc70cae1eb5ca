"""The command line: arguments in, text and an exit status out. There is no build logic here.

Each command is a module of its own, which imports anything heavy only when it runs, so that `skillweave --help` takes no longer
than loading click. A build or check with only plain flags does without click, too (`flags`).
"""

from __future__ import annotations

import gc
import os
import sys

from skillweave import __version__
from skillweave.cli.late import click
from skillweave.cli.status import BUG, BUILDING, ERRORS, INTERRUPTED, USAGE
from skillweave.cli.terminal import echo, say
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status (cli.md, Exit status)."""
    gc.disable()  # a run makes many small values and hardly any garbage; collecting made large builds quadratic
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _interrupted()
    except OSError as error:
        return tell_failure(error)
    except MemoryError:
        echo("skillweave: there is not enough memory. Nothing was lost: all published bundles are complete.", err=True)
        return ERRORS
    except click.ClickException as error:
        _show_error(error)
        return USAGE
    except click.Abort:
        return _interrupted()
    except Exception:  # noqa: BLE001 (whatever it is, it is our bug, and the reader needs to know what to send us)
        return _report_bug()


def _run(arguments: Sequence[str]) -> int:
    instruction = os.environ.get("_SKILLWEAVE_COMPLETE")
    if not instruction:
        from skillweave.cli.flags import run_by_flags  # noqa: PLC0415 (an interrupt may come while this is loaded)

        status = run_by_flags(arguments)
        if status is not None:
            return status
    from skillweave.cli import group  # noqa: PLC0415 (it takes click)

    return group.complete(instruction) if instruction else group.run(arguments)


def tell_failure(error: OSError) -> int:
    """Print what the system refused, and return the exit status."""
    if isinstance(error, BrokenPipeError):
        # Whoever reads our output has had enough. What Python would print while closing the pipe is of no use.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERRORS
    if isinstance(error, FileNotFoundError) and error.filename is None:
        echo("skillweave: the working directory no longer exists: change to another one", err=True)
        return ERRORS
    where = f" {error.filename}" if error.filename else ""
    verb = getattr(error, "__notes__", ["write"])[0]
    is_build, verb = verb == BUILDING, "write" if verb == BUILDING else verb
    say(f"skillweave: cannot {verb}{where}: {error.strerror or error}", err=True)
    if (is_build or verb == "use") and isinstance(error, (FileExistsError, NotADirectoryError)):
        echo("A file is in the way. Nothing was lost: move it, or choose another `output`.", err=True)
    elif is_build and isinstance(error, IsADirectoryError):
        echo("A folder is in the way. Nothing was lost: move it, and build again.", err=True)
    elif is_build:
        echo("Nothing was lost: all published bundles are complete, and the next build continues from here.", err=True)
    return ERRORS


def _interrupted() -> int:
    echo("interrupted", err=True)
    return INTERRUPTED


def _show_error(error: click.ClickException) -> None:
    import io  # noqa: PLC0415

    text = io.StringIO()
    error.show(text)
    for line in text.getvalue().rstrip("\n").split("\n"):
        say(line, err=True)


def _report_bug() -> int:
    import platform  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    for line in traceback.format_exc().rstrip("\n").split("\n"):
        say(line, err=True)
    echo(
        f"\nThis is a bug in skillweave {__version__} (Python {platform.python_version()}, {platform.system()}), not in"
        " your files.\nPlease report it with the lines above and, if you can, the file that it happened on.",
        err=True,
    )
    return BUG
