"""Finds the action somebody wants to run."""

from typing import TYPE_CHECKING

from django.db.models.functions import Now

from apps.accounts.permissions import Verb, may, require
from apps.actions.models import Action
from apps.core.errors import Conflict, NotFound
from apps.core.fixed_query import FixedQuery
from apps.core.single import single
from apps.packs.services.manage import PackDisabled

if TYPE_CHECKING:
    from apps.accounts.models import Identity


_BY_REF = FixedQuery(
    lambda ref: Action.objects.select_related("pack", "version", "definition").filter(ref=ref).order_by(), ref="text"
)


class UnknownAction(NotFound):
    """There is no such action."""

    code = "unknown_action"


class ActionDisabled(Conflict):
    """The action is disabled."""

    code = "action_disabled"


def get_action(identity: "Identity", ref: str) -> Action:
    """The action with this ref, whether or not it is enabled. Raises `UnknownAction`."""
    found = Action.objects.visible_to(identity).select_related("pack", "version", "definition").filter(ref=ref)
    action = single(found)
    if action is None:
        raise UnknownAction(f"There is no action {ref}.", action=ref)
    return action


def get_runnable_action(identity: "Identity", ref: str) -> Action:
    """One that `identity` may run. Raises `UnknownAction`, `Forbidden`, `ActionDisabled` or `PackDisabled`."""
    action = _BY_REF.single(ref=ref)
    if action is None or not may(identity, Verb.EXECUTION_RUN, on=action):
        # Told apart only to who may see it: else its name would be given away.
        require(identity, Verb.EXECUTION_RUN, on=get_action(identity, ref))
        raise UnknownAction(f"There is no action {ref}.", action=ref)
    if not action.pack.is_enabled:
        raise PackDisabled(f"The pack {action.pack.ref} is disabled, so {ref} cannot run.", action=ref)
    if not action.is_enabled:
        raise ActionDisabled(f"The action {ref} is disabled.", action=ref)
    return action


def set_action_enabled(identity: "Identity", *, ref: str, enabled: bool | None) -> Action:
    """The operator's word against the file's; None lets the pack's file decide again."""
    action = get_action(identity, ref)
    require(identity, Verb.ACTION_MANAGE, on=action)
    Action.objects.filter(pk=action.pk).update(enabled_override=enabled, updated_at=Now())
    action.enabled_override = enabled
    return action
