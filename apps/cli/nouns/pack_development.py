"""The commands of `attune pack` for who writes packs."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.completion import values
from apps.cli.packs.creating import runtimes, write_pack
from apps.cli.packs.developing import develop
from apps.cli.packs.testing import is_folder, test_here, test_there
from apps.cli.packs.validating import folder_of, validate_here
from apps.cli.session import Session

Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="a pack's folder on this machine", show_default=False)]
Pack = Annotated[
    str,
    typer.Argument(
        metavar="PACK", help="its ref, or a folder on this machine", show_default=False, autocompletion=values.packs
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="its ref: acme, or acme.web", show_default=False)]
Runtime = Annotated[
    str, typer.Option("--runtime", metavar="NAME", help="the language of its first action", autocompletion=runtimes)
]
Into = Annotated[str, typer.Option("--folder", metavar="FOLDER", help="where it goes; default: ./NAME")]


def new(session: Session, name: Name, *, runtime: Runtime = "python", folder: Into = "") -> None:
    """Write a new pack: an action, a test, a README.

    Its action runs and its test passes. --runtime: python, shell, node, ruby, perl, php, java or native. Nothing is
    overwritten.
    """
    target = Path(folder or name).expanduser()
    for path in write_pack(name, target, runtime=runtime):
        session.printer.line(str(target / path))
    session.printer.say(f"to run it:      attune action run-local {target} hello name=World")
    session.printer.say(f"to test it:     attune pack test {_as_folder(target)}")
    session.printer.say(f"to install it:  attune pack install {_as_folder(target)}")


def validate(session: Session, folder: Folder) -> int:
    """Check a pack's folder without a server.

    All errors are told at once, with file, line and what to write instead. Exit code 1 if there are some.
    """
    return validate_here(session, folder_of(folder))


def test(session: Session, pack: Pack) -> int:
    """Run a pack's tests in its environments, and count them.

    Of an installed pack on a worker, of a folder on this machine, without a server. Which tests: `tests` in pack.yaml
    names commands; without it, what is in the folder tests/, each by its language.

    The log goes to stderr. Exit code 1 if a test failed.
    """
    return test_here(session, folder_of(pack)) if is_folder(pack) else test_there(session, pack)


def dev(session: Session, folder: Folder) -> int:
    """Install a folder after each change, until Ctrl-C.

    The same version is replaced, as with --force. What is refused changes nothing: its errors are told with file and
    line, and what served before goes on serving.
    """
    return develop(session, folder_of(folder))


def _as_folder(path: Path) -> str:
    """A bare word would be the name of an installed pack, or of one in the index."""
    return str(path) if "/" in str(path) else f"./{path}"
