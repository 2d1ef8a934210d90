"""The commands of `attune pack` for who writes packs."""

from typing import Annotated

import typer

from apps.cli.packs.validating import folder_of, validate_here
from apps.cli.session import Session

Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="a pack's folder on this machine", show_default=False)]


def validate(session: Session, folder: Folder) -> int:
    """Check a pack's folder without a server.

    All errors are told at once, with file, line and what to write instead. Exit code 1 if there are some.
    """
    return validate_here(session, folder_of(folder))
