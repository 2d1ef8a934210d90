"""Where a thing is that somebody names: `pack:aws`, `action:aws.resize`, `execution:17`."""

from typing import TYPE_CHECKING

from apps.accounts.grants import Place
from apps.actions.services.lookup import get_action
from apps.core.errors import FieldError, Invalid
from apps.executions.services.cancel import get_execution
from apps.packs.services.manage import get_pack

if TYPE_CHECKING:
    from apps.accounts.models import Identity


def place_of(identity: "Identity", text: str) -> Place:
    """Raises `Invalid`, and `NotFound` for what `identity` may not see."""
    kind, _, name = text.partition(":")
    if kind == "pack" and name:
        return get_pack(identity, name).where
    if kind == "action" and name:
        return get_action(identity, name).where
    if kind == "execution" and name.isascii() and name.isdigit() and len(name) < 19:
        return get_execution(identity, int(name)).where
    detail = "`pack:<ref>`, `action:<ref>` or `execution:<id>`"
    raise Invalid("It is not clear on what.", errors=[FieldError("/on", "invalid", detail)])
