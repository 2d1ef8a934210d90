"""`attune action run-local`"""

from typing import Annotated

import typer

from apps.cli.actions.run_local import Given, run_here, secrets_of, target_of
from apps.cli.session import Session

Folder = Annotated[
    str,
    typer.Argument(metavar="FOLDER", help="a pack's folder, or a file of the action in it", show_default=False),
]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ACTION] NAME=VALUE", help="its name, then its parameters as of `attune run`", show_default=False
    ),
]
Secret = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="NAME[=VALUE]",
        help="also NAME=@FILE; NAME alone: the variable of this name or in upper case",
    ),
]
SecretsFile = Annotated[str | None, typer.Option("--secrets-file", metavar="FILE", help="lines NAME=VALUE")]
Config = Annotated[
    list[str] | None, typer.Option("--config", metavar="NAME=VALUE", help="what the pack is told; also NAME:=JSON")
]


def run_local(
    session: Session,
    folder: Folder,
    words: Words = None,
    *,
    secret: Secret = None,
    secrets_file: SecretsFile = None,
    config: Config = None,
) -> int:
    """Run an action of a folder as a worker would, without a server.

    The same input, environment, wrapper, limits and masking; one attempt, and neither policies nor a token of the API.
    The pack's environment is built first, in ~/.cache/attune.

    \b
    attune action run-local ~/hostcheck disk / limit=90
    attune action run-local ~/hostcheck/actions/disk.py / --secret api_key=@key.txt

    The log goes to stderr, the result to stdout. Exit code 0 it succeeded, 1 it did not.
    """
    target, texts = target_of(folder, words or [])
    demanded = list(secrets_of(secret, None))
    given = Given(texts, config or [], secrets_of(secret, secrets_file), demanded)
    return run_here(session, target, given)
