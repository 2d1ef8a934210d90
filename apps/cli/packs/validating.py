"""Checks a pack's folder on this machine, and tells every error with its file and line."""

from pathlib import Path
from typing import Any

from apps.cli.errors import Detail, ExitCode, Failed, UsageError
from apps.cli.local.asking import Local
from apps.cli.session import Session
from apps.packs.content_text import content_text


def folder_of(text: str) -> Path:
    """Raises `UsageError` where there is no folder."""
    path = Path(text).expanduser()
    if not path.is_dir():
        raise UsageError(f"There is no folder {text} on this machine.")
    return path


def validate_here(session: Session, folder: Path) -> int:
    """Says what is wrong with it, or what it holds; the exit code."""
    printer = session.printer
    with Local(say=printer.say) as local:
        found = local.ask("validate", folder=str(folder.resolve()))
    errors = found["errors"]
    if not printer.is_for_people:
        printer.document(found)
    elif not errors:
        printer.line(f"{found['ref']} {found['version']} can be installed ({_content(found)})")
    for remark in found["remarks"]:
        printer.say(f"  {remark}")
    if errors:
        printer.complain(_failure(folder, errors))
    return ExitCode.FAILED if errors else ExitCode.OK


def _content(found: dict[str, Any]) -> str:
    return content_text(found["content"]) or "nothing but pack.yaml"


def _failure(folder: Path, errors: list[dict[str, Any]]) -> Failed:
    """Places as they can be clicked on: with the folder as it was typed."""
    count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    details = [Detail(_place(folder, error), f"{error['detail']}{_hint(error)}") for error in errors]
    return Failed("pack_invalid", f"{count} in {folder}.", details=details)


def _place(folder: Path, error: dict[str, Any]) -> str:
    path = str(folder / error["file"]) if error["file"] else str(folder)
    return f"{path}:{error['line']}" if error["line"] else path


def _hint(error: dict[str, Any]) -> str:
    return f" ({error['hint']})" if error["hint"] else ""
