"""Actions of ad-hoc packs, made, changed and removed through the API: a file `actions/<name>.yaml` and its program."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.actions.entry_points import split_entry_point
from apps.actions.files import SCHEMA
from apps.actions.models import Action
from apps.actions.services.lookup import UnknownAction, get_action
from apps.actions.services.register import ActionTaken
from apps.core import refs
from apps.core.errors import ErrorCollector, FieldError, Invalid
from apps.core.types import JsonObject
from apps.packs import uses
from apps.packs.documents import PackFile
from apps.packs.loader import content_files
from apps.packs.services.ad_hoc import ad_hoc_version, edit_pack
from apps.packs.writing import write_yaml
from apps.runtimes.models import Runtime

if TYPE_CHECKING:
    from apps.accounts.models import Identity
    from apps.packs.models import PackVersion

#: Of a program that is written: plain names, as long as file systems take, in folders below actions/.
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}){0,7}\Z")
_EXECUTABLE_STARTS = (b"#!", b"\x7fELF")


@dataclass(frozen=True)
class ActionWish:
    """`body` is what the action's file is to say; `code` is its program, or None where that stays as it is."""

    name: str
    body: JsonObject
    code: bytes | None = None


def make_action_of(identity: "Identity", *, pack_ref: str, wish: ActionWish) -> Action:
    """Raises `Invalid` with pointers, `ActionTaken`, and what `edit_pack` does."""
    _refuse_bad_name(wish.name)

    def edit(folder: Path, version: "PackVersion") -> None:
        if (folder / _file_of(wish.name)).exists():
            raise ActionTaken(f"There is an action {refs.join(pack_ref, wish.name)} already.")
        _write(folder, wish)

    edit_pack(identity, ref=pack_ref, edit=edit, file=_file_of(wish.name))
    return get_action(identity, refs.join(pack_ref, wish.name))


def change_action(
    identity: "Identity", *, ref: str, change: Callable[[JsonObject], JsonObject], code: bytes | None
) -> Action:
    """`change` gets what the action's file says, and gives what it is to say. Raises what `edit_pack` does."""
    action = get_action(identity, ref)
    file = _file_of(action.name)

    def edit(folder: Path, version: "PackVersion") -> None:
        _refuse_gone(folder, file, ref)
        before = _said(folder, file)
        _write(folder, ActionWish(action.name, change(dict(before)), code))
        _drop_unused(folder, before)

    edit_pack(identity, ref=action.pack.ref, edit=edit, file=file)
    return get_action(identity, ref)


def remove_action(identity: "Identity", *, ref: str, force: bool = False) -> None:
    """Executions that were accepted go on to their ends. Raises `InUse` with the list unless `force` is set, and what
    `edit_pack` does."""
    action = get_action(identity, ref)
    ad_hoc_version(action.pack)
    file = _file_of(action.name)

    def edit(folder: Path, version: "PackVersion") -> None:
        _refuse_gone(folder, file, ref)
        if not force:
            uses.refuse_used(f"The action {ref}", uses.uses_of(action.pack.ref, action_ref=ref), forced=uses.REMOVED)
        before = _said(folder, file)
        (folder / file).unlink()
        _drop_unused(folder, before)

    edit_pack(identity, ref=action.pack.ref, edit=edit, file=file)


def _file_of(name: str) -> str:
    return f"actions/{name}.yaml"


def _refuse_gone(folder: Path, file: str, ref: str) -> None:
    """Somebody else may have removed it, before this was alone with the pack."""
    if not (folder / file).is_file():
        raise UnknownAction(f"There is no action {ref}.", action=ref)


def _refuse_bad_name(name: str) -> None:
    if not refs.is_name(name):
        detail = "letters, digits, `_` and `-`, joined by dots"
        raise Invalid(errors=[FieldError("/name", "invalid", detail)])


def _write(folder: Path, wish: ActionWish) -> None:
    entry_point = str(wish.body.get("entry_point") or _entry_point_of(wish))
    body = {"name": wish.name, **wish.body, "entry_point": entry_point}
    file = folder / _file_of(wish.name)
    file.parent.mkdir(exist_ok=True)
    path = split_entry_point(entry_point)[0]
    if wish.code is not None:
        _write_code(folder, path, wish)
    elif _is_native(wish) and _PATH.match(path) and (folder / "actions" / path).is_file():
        (folder / "actions" / path).chmod(0o755)  # who changes the runtime only has no other way to say it
    write_yaml(file, body)


def _entry_point_of(wish: ActionWish) -> str:
    """The action's name, with the ending of its runtime."""
    runtime = Runtime.objects.named(str(wish.body.get("runtime", ""))).first()
    extensions = runtime.parsed.extensions if runtime else ()
    return f"{wish.name}{extensions[0] if extensions else ''}"


def _write_code(folder: Path, path: str, wish: ActionWish) -> None:
    assert wish.code is not None
    if not _PATH.match(path) or path.endswith((".yaml", ".yml")):
        detail = f"{path} cannot be written: plain names in folders below actions/, and no YAML"
        raise Invalid(errors=[FieldError("/entry_point", "invalid", detail)])
    others = {_program(folder, name) for name in content_files(folder, "actions") if name != f"{wish.name}.yaml"}
    if path in others:
        detail = f"another action starts {path}; give this one a program of its own"
        raise Invalid(errors=[FieldError("/entry_point", "taken", detail)])
    target = folder / "actions" / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(wish.code)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        detail = f"{path} is a folder here, or lies below a file"
        raise Invalid(errors=[FieldError("/entry_point", "taken", detail)]) from error
    is_program = _is_native(wish) or wish.code.startswith(_EXECUTABLE_STARTS)
    target.chmod(0o755 if is_program else 0o644)


def _is_native(wish: ActionWish) -> bool:
    return wish.body.get("runtime") == "native"


def _drop_unused(folder: Path, before: JsonObject) -> None:
    """The program that an action had, if none starts it any more. The file of an action may have been named as one."""
    path, files = _program_of(before), content_files(folder, "actions")
    if path and path not in {*files, *(_program(folder, name) for name in files)}:
        (folder / "actions" / path).unlink(missing_ok=True)


def _program(folder: Path, name: str) -> str:
    return _program_of(_said(folder, f"actions/{name}"))


def _program_of(body: JsonObject) -> str:
    """The same text for the same file: `./x.py` is `x.py`. Empty where nothing is said."""
    path = split_entry_point(str(body.get("entry_point", "")))[0]
    return os.path.normpath(path) if path else ""


def _said(folder: Path, file: str) -> JsonObject:
    """What a file that was written here says."""
    found = PackFile.open(folder, file, errors := ErrorCollector())
    body = found.read(SCHEMA, errors) if found else None
    return body or {}
