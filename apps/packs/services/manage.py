"""Switches packs on and off."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.permissions import Verb, require
from apps.core.errors import Conflict, NotFound
from apps.packs import content
from apps.packs.models import Pack

if TYPE_CHECKING:
    from apps.accounts.models import Identity


class UnknownPack(NotFound):
    """There is no such pack."""

    code = "unknown_pack"


class PackDisabled(Conflict):
    """The pack is disabled."""

    code = "pack_disabled"


def get_pack(identity: "Identity", ref: str) -> Pack:
    pack = Pack.objects.visible_to(identity).select_related("current").filter(ref=ref).first()
    if pack is None:
        raise UnknownPack(f"There is no pack {ref}.")
    return pack


def set_pack_enabled(identity: "Identity", *, ref: str, enabled: bool) -> Pack:
    """A disabled pack accepts no new executions, and its rules and sensors do nothing; what was accepted before still
    runs."""
    pack = get_pack(identity, ref)
    require(identity, Verb.PACK_MANAGE, on=pack)
    with transaction.atomic():
        # Of a pack that is gone by now, or another one of its ref, nothing is told.
        if not Pack.objects.installed().filter(pk=pack.pk).update(is_enabled=enabled, updated_at=Now()):
            raise UnknownPack(f"There is no pack {ref}.")
        pack.is_enabled = enabled
        for told in content.switch_followers():
            told(pack)
    return pack
