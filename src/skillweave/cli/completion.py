"""`skillweave completion`, and the answers that its scripts ask for."""

from __future__ import annotations

import os
import re

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
from skillweave.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_SKILLWEAVE_COMPLETE"
"""The environment variable in which the scripts say which shell asks."""

_PLAIN = re.compile(r"[\w@%+=:,./-]")
"""Matches characters that mean themselves to bash anywhere, provided that there is no brace. A space only does within
quotes.
"""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print a script that completes commands, options, entries and paths in a shell.

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
    """Print what a shell asked for. Errors are swallowed, as a message or a traceback would only disturb whoever is at the
    prompt.
    """
    try:
        return shell_complete(command, {}, "skillweave", VARIABLE, instruction)
    except Exception:  # noqa: BLE001 (whatever the project is like: there is nothing to suggest)
        return CLEAN


@add_completion_class
class Zsh(ZshComplete):
    """zsh. Without this, click's suggestion for `--format=j` would replace the whole word."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        return _whole(super().get_completions(args, incomplete), incomplete)


@add_completion_class
class Fish(FishComplete):
    """fish, corrected in the same way. Also, a name or a help text with a comma is not cut off there."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m 1 ","')

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        return _whole(super().get_completions(args, incomplete), incomplete)


@add_completion_class
class Bash(BashComplete):
    """bash, with what click does not handle: words with a colon, and names that the shell would take apart."""

    # Unlike click's script, it never takes a name for a glob, and prints no error on the line that is being written.
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
        """The suggestions for the word at the cursor, as they have to be written there."""
        raw, last = os.environ["COMP_WORDS"], int(os.environ["COMP_CWORD"])
        words = split_arg_string(raw)[: last + 1]
        *arguments, incomplete = _glued([*words, *[""] * (last + 1 - len(words))])
        # bash only completes what is behind the last place where it broke the word.
        head = incomplete[: len(incomplete) - len(re.split("[:=]", incomplete)[-1])] if len(arguments) < last else ""
        quoted = raw.split("\n")[min(last, raw.count("\n"))][:1] in ("'", '"')
        items = _whole(self.get_completions(arguments[1:], incomplete), incomplete)
        return "\n".join(line for item in items if (line := _line(item, head, quoted=quoted)) is not None)


def _whole(items: list[CompletionItem[str]], incomplete: str) -> list[CompletionItem[str]]:
    """Turn suggestions into whole words: for what follows `--format=`, click only gives the value."""
    option, equals, _ = incomplete.partition("=")
    for item in items if equals and option.startswith("-") else ():
        item.value = f"{option}={item.value}"
    return items


def _glued(words: list[str]) -> list[str]:
    """Put the words of a line together as they were written: bash splits both `research:orchestration` and `--format=json` into
    three.
    """
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
    """A suggestion as the script expects it: without what is before the part that bash completes, and quoted. None if it cannot
    be written within quotes.
    """
    value = item.value.removeprefix(head)
    if quoted:
        # bash inserts it between the quotes unchanged, so it must mean itself there.
        return f"{item.type},{value}" if all(_PLAIN.match(letter) or letter == " " for letter in value) else None
    escaped = "".join(letter if _PLAIN.match(letter) else f"\\{letter}" for letter in value)
    return f"{item.type},{escaped}"
