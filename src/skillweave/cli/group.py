"""The commands and their help, as click knows them."""

from __future__ import annotations

from importlib import import_module

import click

from skillweave import __version__
from skillweave.cli.status import CLEAN
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem


COMMANDS = {
    "build": "Check and flatten every skill and document, and write their bundles.",
    "check": "Find every mistake; change no source unless --fix is given.",
    "clean": "Remove the cache.",
    "completion": "Print a script that completes commands, options, entries and paths in a shell.",
    "explain": "Explain a finding: what it means, an example, the cure.",
    "graph": "Show which files each entry is made of.",
    "init": "Start a project: an example, a configuration, a hook.",
    "mv": "Move a pattern, a skill or a folder, and rewrite what names it.",
    "new": "Create a skill or a pattern to start from.",
    "package": "Pack skills so that they can be installed one by one.",
    "schema": "Print the JSON Schema of the configuration, for editors.",
    "trace": "Show where the lines of a built file come from.",
    "watch": "Build, and build again whenever a source or the configuration changes.",
}
"""Each command is a module with that name, imported when it is run. Its line in `--help` is here, so that no module has to be
imported for it.
"""

FEW = 3
"""If an option is used with a command that lacks it, the commands that have it are named, provided there are no more
than this.
"""


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
            from skillweave.phrases import near_names  # noqa: PLC0415 (only a mistake asks for it)

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


def run(arguments: Sequence[str]) -> int:
    """Let click read the arguments and run the command that they name. Returns the exit status."""
    try:
        status = main.main(list(arguments), prog_name="skillweave", standalone_mode=False, obj=tuple(arguments))
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.NoSuchOption as error:
        having = _commands_with(error.option_name, error.ctx)
        if not 0 < len(having) <= FEW:
            raise
        commands = " and ".join(f"`{name}`" for name in having)
        verb = "has" if len(having) == 1 else "have"
        message = f"{error.message.rstrip('.')}; {commands} {verb} {error.option_name}."
        raise click.UsageError(message, error.ctx) from None
    return status if isinstance(status, int) else CLEAN


def _commands_with(option: str, context: click.Context | None) -> list[str]:
    """The commands that have an option."""
    context = context or click.Context(main)
    commands = {name: main.get_command(context, name) for name in COMMANDS}
    return [name for name, command in commands.items() if command and any(option in one.opts for one in command.params)]


def complete(instruction: str) -> int:
    """Answer a shell that asks how a line could go on. Returns the exit status."""
    from skillweave.cli.completion import answer  # noqa: PLC0415 (only a shell asks, at a prompt)

    return answer(main, instruction)
