"""`skillweave completion`, and the answers that its scripts ask for."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import click
from click.shell_completion import (
    BashComplete,
    FishComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
    split_arg_string,
)

from skillweave.cli.status import CLEAN
from skillweave.cli.terminal import echo

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_SKILLWEAVE_COMPLETE"
"""Set by the scripts, to say which shell asks."""

_PLAIN = re.compile(r"[\w@%+=:,./-]")
"""What bash takes for itself anywhere, as long as there is no brace; a blank only counts within quotes."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print a script that completes commands, options, entries and paths in SHELL.

    \b
    bash, in ~/.bashrc:  eval "$(skillweave completion bash)"
    zsh, in ~/.zshrc:    eval "$(skillweave completion zsh)"
    fish, once:          skillweave completion fish > ~/.config/fish/completions/skillweave.fish
    """  # noqa: D301 (the backspace tells click to keep the lines below as they are)
    found = get_completion_class(shell)
    if found is not None:
        echo(found(context.find_root().command, {}, "skillweave", VARIABLE).source(), nl=False)
    return CLEAN


def answer(command: click.Command, instruction: str) -> int:
    """Print what a shell asked for. Somebody is at a prompt, where a message or a traceback would only be in the way."""
    try:
        return shell_complete(command, {}, "skillweave", VARIABLE, instruction)
    except Exception:  # noqa: BLE001 (whatever the project is like: there is nothing to suggest)
        return CLEAN


@add_completion_class
class Zsh(ZshComplete):
    """zsh, where click's suggestion for `--format=j` would take the place of the whole word."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        return _whole(super().get_completions(args, incomplete), incomplete)


@add_completion_class
class Fish(FishComplete):
    """fish, with the same cure; and a name or a help text with a comma is not cut there."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        return _whole(super().get_completions(args, incomplete), incomplete)


@add_completion_class
class Bash(BashComplete):
    """bash, with what click leaves to chance: words with a colon, and names that the shell would take apart."""

    # Unlike click's: a name is never a glob, and what goes wrong is not told on the line that is being written.
    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' type value
    COMPREPLY=()
    while IFS=',' read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    def complete(self) -> str:
        """The suggestions for the word at the cursor, as it is to be written there."""
        raw, last = os.environ["COMP_WORDS"], int(os.environ["COMP_CWORD"])
        words = split_arg_string(raw)[: last + 1]
        *arguments, incomplete = _glued([*words, *[""] * (last + 1 - len(words))])
        # What bash completes is only what stands behind the last place where it broke the word.
        head = incomplete[: len(incomplete) - len(re.split("[:=]", incomplete)[-1])] if len(arguments) < last else ""
        quoted = raw.split("\n")[min(last, raw.count("\n"))][:1] in ("'", '"')
        items = _whole(self.get_completions(arguments[1:], incomplete), incomplete)
        return "\n".join(line for item in items if (line := _line(item, head, quoted=quoted)) is not None)


def _whole(items: list[CompletionItem[str]], incomplete: str) -> list[CompletionItem[str]]:
    """The suggestions as whole words: for the value behind `--format=` click gives the value alone."""
    option, equals, _ = incomplete.partition("=")
    for item in items if equals and option.startswith("-") else ():
        item.value = f"{option}={item.value}"
    return items


def _glued(words: list[str]) -> list[str]:
    """The words of a line as they were written: bash has made three of `research:orchestration`, and of `--format=json`."""
    whole: list[str] = []
    goes_on = False
    for word in words:
        breaks = bool(word) and not word.strip(":=")
        if whole and (breaks or goes_on):
            whole[-1] += word
        else:
            whole.append(word)
        goes_on = breaks
    return whole


def _line(item: CompletionItem[str], head: str, *, quoted: bool) -> str | None:
    """A suggestion for the script: without what stands before the word that bash completes, and quoted for it."""
    value = item.value.removeprefix(head)
    if quoted:
        # bash inserts it between the quotes as it is, so it must mean itself there.
        return f"{item.type},{value}" if all(_PLAIN.match(letter) or letter == " " for letter in value) else None
    escaped = "".join(letter if _PLAIN.match(letter) else f"\\{letter}" for letter in value)
    return f"{item.type},{escaped}"
