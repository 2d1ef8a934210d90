"""Actions of ad-hoc packs as they are sent: an action's file of this machine, with the program it names."""

import base64
from pathlib import Path
from typing import Any

from apps.cli.errors import UsageError
from apps.cli.json_words import document


def action_body(file: str | None, code: str | None) -> dict[str, Any]:
    """What the file says, and the program: that in the file `code`, else the entry point beside `file` if it is there.

    Raises `UsageError`.
    """
    body: Any = document(file, option="--file") if file else {}
    if not isinstance(body, dict):
        raise UsageError("--file: an action is an object.")
    path = Path(code).expanduser() if code else _entry_point(file, body)
    return {**body, **_code(path)} if path else body


def _entry_point(file: str | None, body: dict[str, Any]) -> Path | None:
    """Only what lies beside the file, or below: a stranger's file names nothing else of this machine."""
    name = str(body.get("entry_point") or "").partition(":")[0]
    if not file or file == "-" or not name:
        return None
    folder = Path(file).expanduser().parent.resolve()
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder) and path.is_file() else None
    except (OSError, ValueError):  # no file can have this name
        return None


def _code(path: Path) -> dict[str, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return {"code": data.decode()}
    except UnicodeDecodeError:
        return {"code_base64": base64.b64encode(data).decode()}
