"""How keys are named: `name`, `pack:<ref>:name`, `action:<ref>:name`, `sensor:<ref>:name`, or the id of one."""

import re
from dataclasses import dataclass

from apps.core.errors import FieldError, Invalid
from apps.keys.models import Key

#: As in the `secrets` of an action's file.
NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_.-]*\Z")
MAX_NAME = 150
_REF = re.compile(r"^(pack|action|sensor):([^:]{1,255}):([^:]+)\Z")


@dataclass(frozen=True)
class KeyRef:
    """A ref taken apart; the owner is not looked up yet."""

    owner_type: Key.OwnerType
    owner_ref: str
    name: str


def parse(text: str) -> KeyRef | int | None:
    """What `text` names: a key by its ref or by its id; None where no key can have this ref."""
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    found = _REF.match(text)
    kind, owner_ref, name = found.groups() if found else (Key.OwnerType.SYSTEM.value, "", text)
    return KeyRef(Key.OwnerType(kind), owner_ref, name) if is_name(name) and "\0" not in owner_ref else None


def is_name(text: str) -> bool:
    return len(text) <= MAX_NAME and NAME.match(text) is not None


def check_name(text: str) -> None:
    """Raises `Invalid`; the name is not repeated, as it may be a value that went to the wrong place."""
    if not is_name(text):
        detail = f"letters, digits, `_`, `.` and `-`, not beginning with a digit; at most {MAX_NAME} characters"
        raise Invalid("This cannot be the name of a key.", errors=[FieldError("/name", "wrong_format", detail)])
