"""The command line: arguments in, text and an exit status out. No logic of a build lives here.

Each command is a module of its own and imports what is heavy when it runs: `skillweave --help` costs what click costs.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from skillweave import __version__
from skillweave.cli.status import BUG, CLEAN, ERRORS, INTERRUPTED, USAGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status (DIAGNOSTICS, exit status)."""
    if instruction := os.environ.get("_SKILLWEAVE_COMPLETE"):
        from skillweave.cli.completion import answer  # noqa: PLC0415 (only a shell asks, at a prompt)

        return answer(main, instruction)
    gc.disable()  # One run makes many small values and no garbage to speak of: collecting made large builds quadratic.
    try:
        status = main.main(list(arguments), prog_name="skillweave", standalone_mode=False, obj=tuple(arguments))
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        _show_error(error)
        return USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except OSError as error:
        return tell_failure(error)
    except Exception:  # noqa: BLE001 (whatever it is, it is our bug, and the reader needs to know what to send us)
        return _report_bug()
    return status if isinstance(status, int) else CLEAN


def tell_failure(error: OSError) -> int:
    """Say what the system refused, and return the exit status."""
    if isinstance(error, BrokenPipeError):
        # Who read our output has had enough. What Python would say while it closes the pipe is of no use.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERRORS
    where = f" {error.filename}" if error.filename else ""
    verb = getattr(error, "__notes__", ["write"])[0]
    _say(f"skillweave: cannot {verb}{where}: {error.strerror or error}")
    if verb == "write":
        click.echo("Nothing was lost: what is published is whole, and the next build goes on from here.", err=True)
    return ERRORS


COMMANDS = {
    "build": "Check and flatten everything, and write the bundles.",
    "check": "Find every mistake, and write nothing unless --fix says so.",
    "clean": "Remove the cache.",
    "completion": "Print a script that completes commands, entries and paths in a shell.",
    "explain": "Explain a finding: what it means, an example, the cure.",
    "graph": "Say which files each entry is made of.",
    "init": "Begin a project: an example, a configuration, a hook.",
    "mv": "Move a pattern, a skill or a folder, and rewrite what names it.",
    "new": "Make a skill or a pattern to start from.",
    "package": "Pack skills so that they can be installed one by one.",
    "schema": "Print the JSON Schema of the configuration, for editors.",
    "trace": "Say where the lines of a built file come from.",
    "watch": "Build, and build again whenever a source changes.",
}
"""Each command is a module of that name, imported when it is run; its line in `--help` is here, to import none for it."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"skillweave.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from skillweave.near import near_names  # noqa: PLC0415 (only a mistake asks for it)

            near = near_names(args[0], COMMANDS, cutoff=0.8)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(error.message + hint, ctx) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415 (only a shell asks, at a prompt)

        commands = [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `skillweave init`, or with `skillweave check` where there are skills. Every finding has a code;"
    " `skillweave explain SW207` tells more.",
)
@click.version_option(__version__, message="skillweave %(version)s")
def main() -> None:
    """Weave shared Markdown into self-contained agent skills.

    Keep what skills share in patterns/, and pull it in with a line such as

    \b
        <<include: orchestration/parallel-execution.md>>

    skillweave checks every reference, finds every cycle, and writes flattened bundles to build/, ready to be installed one
    by one.
    """  # noqa: D301 (the backspace tells click to keep the lines below as they are)


def _say(line: str) -> None:
    """Print a line that may name what a repository holds."""
    from skillweave.report.text import escape_line  # noqa: PLC0415 (only what goes wrong needs it)

    click.echo(escape_line(line), err=True)


def _show_error(error: click.ClickException) -> None:
    text = io.StringIO()
    error.show(text)
    for line in text.getvalue().rstrip("\n").split("\n"):
        _say(line)


def _report_bug() -> int:
    import platform  # noqa: PLC0415
    import traceback  # noqa: PLC0415

    for line in traceback.format_exc().rstrip("\n").split("\n"):
        _say(line)
    click.echo(
        f"\nThis is a bug in skillweave {__version__} (Python {platform.python_version()}, {platform.system()}), not in"
        " your files.\nPlease report it with the lines above and, if you can, the file that it happened on.",
        err=True,
    )
    return BUG
