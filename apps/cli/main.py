"""The command line's root: which nouns there are, and what may be typed with all of them.

`root` is the whole of it as one Typer: `typer.main.get_command(root)` has every noun, verb, option and help.
"""

import os
import sys
from typing import Annotated

import typer

from apps.cli.command import Json, Profile, Token, Url, Yaml, new_app
from apps.cli.lazy_group import LazyGroup, Noun
from apps.cli.session import GlobalOptions
from apps.cli.version import VERSION

_HELP = """
Attune runs actions of packs: by hand, and when something happens.

\b
    attune run examples.hello name=World --wait
    attune execution list
    attune action show examples.hello

Results go to stdout, everything else to stderr. Exit codes: 0 ok, 1 it did not succeed, 2 what was typed cannot be
meant, 3 Attune cannot be reached.

Which Attune, and who you are: ATTUNE_URL and ATTUNE_TOKEN, or url and token of a profile in
~/.config/attune/config.toml (another file: ATTUNE_CONFIG; another profile than default: ATTUNE_PROFILE).
"""


#: Set by the scripts of `attune completion`: the line up to the cursor.
_COMPLETE = "_ATTUNE_COMPLETE_LINE"


class Root(LazyGroup):
    nouns = {
        "run": Noun("apps.cli.nouns.run", "Run an action."),
        "execution": Noun("apps.cli.nouns.execution", "Look at executions, follow, cancel and repeat them."),
        "action": Noun("apps.cli.nouns.action", "Look at actions, switch them on and off, write some."),
        "trigger": Noun("apps.cli.nouns.trigger", "See what can happen."),
        "timer": Noun("apps.cli.nouns.timer", "See when timers are due, pause them, fill in the past."),
        "webhook": Noun("apps.cli.nouns.webhook", "Let others tell what happened, and see what came of it."),
        "sensor": Noun("apps.cli.nouns.sensor", "See what watches the world, and start it again."),
        "event": Noun("apps.cli.nouns.event", "See what happened and what came of it; send and replay events."),
        "rule": Noun("apps.cli.nouns.rule", "When this happens, and these criteria hold, run that."),
        "enforcement": Noun("apps.cli.nouns.enforcement", "See what came of rules that matched."),
        "pack": Noun("apps.cli.nouns.pack", "Install packs, upgrade, go back, remove, switch on and off."),
        "environment": Noun("apps.cli.nouns.environment", "Look at packs' environments, rebuild and roll back."),
        "runtime": Noun("apps.cli.nouns.runtime", "See which languages can run."),
        "worker": Noun("apps.cli.nouns.worker", "See where executions run."),
        "gate": Noun("apps.cli.nouns.gate", "See who waits in line, and move limits."),
        "policy": Noun("apps.cli.nouns.policy", "Limit how much runs, how often, and how long."),
        "key": Noun("apps.cli.nouns.key", "Keep secrets, and hand them to actions."),
        "audit": Noun("apps.cli.nouns.audit", "See who did what."),
        "operation": Noun("apps.cli.nouns.operation", "See how installations and the like went."),
        "identity": Noun("apps.cli.nouns.identity", "Make identities, switch them off, reset passwords."),
        "group": Noun("apps.cli.nouns.group", "Make groups, and say who is in them."),
        "role": Noun("apps.cli.nouns.role", "Make roles, give them and take them back."),
        "access": Noun("apps.cli.nouns.access", "Find out why somebody may or may not."),
        "token": Noun("apps.cli.nouns.token", "Make and revoke API tokens."),
        "whoami": Noun("apps.cli.nouns.whoami", "Say who you are here, and what you may do."),
        "status": Noun("apps.cli.nouns.status", "Say how Attune is."),
        "doctor": Noun("apps.cli.nouns.doctor", "Find what is wrong, and say what to do."),
        "completion": Noun("apps.cli.nouns.completion", "Teach the shell to complete what you type."),
    }


def _tell_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"attune {VERSION}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="print the version of the command line", callback=_tell_version, is_eager=True)
]

root = new_app(cls=Root, help=_HELP, add_completion=False)


@root.callback()
def take_global_options(
    ctx: typer.Context,
    *,
    profile: Profile = None,
    url: Url = None,
    token: Token = None,
    json: Json = False,
    yaml: Yaml = False,
    version: Version = False,
) -> None:
    ctx.obj = GlobalOptions(profile, url, token, json, yaml)


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows a question mark; nothing fails for that.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # both are files of text here
    line = os.environ.pop(_COMPLETE, None)
    if line is None:
        root(prog_name="attune")
    else:
        _answer_shell(line)


def _answer_shell(line: str) -> None:
    from apps.cli.completion.engine import complete  # what only a shell asks for

    for answer in complete(typer.main.get_command(root), line):
        print(answer)
