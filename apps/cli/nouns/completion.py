"""`attune completion`"""

from typing import Annotated

import typer

from apps.cli.command import command, new_app
from apps.cli.completion.scripts import SCRIPTS
from apps.cli.completion.values import words
from apps.cli.errors import UsageError
from apps.cli.session import Session

app = new_app()


@command(app, "completion", has_formats=False)
def completion(
    session: Session,
    shell: Annotated[
        str,
        typer.Argument(
            metavar="bash|zsh|fish", help="the shell to teach", show_default=False, autocompletion=words(*SCRIPTS)
        ),
    ],
) -> None:
    """Print what makes TAB complete nouns, verbs, options, actions, packs, ids and parameters.

    \b
    bash   source <(attune completion bash)     in ~/.bashrc
    zsh    source <(attune completion zsh)      in ~/.zshrc, behind compinit
    fish   attune completion fish > ~/.config/fish/completions/attune.fish

    With script/attune it is the same: source <(script/attune completion bash), and then script/attune exec<TAB>,
    a path that ends in /attune and an alias named attune are all completed.

    Names come from the Attune that is meant, are kept for a minute in ~/.cache/attune, and are left out when it does
    not answer within a second.
    """
    if shell not in SCRIPTS:
        raise UsageError(f"{shell!r} is none of {', '.join(SCRIPTS)}.")
    session.printer.line(SCRIPTS[shell].strip())
